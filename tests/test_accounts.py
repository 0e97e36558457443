"""Accounts in the store, on both databases: who there is, who may do what to whom, and who is always left."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from tests.people_help import account, at_once, everything, rows_of
from tests.scripted import START
from tidings.errors import ConflictError, ForbiddenError, NotFoundError, SignInError
from tidings.people import Account, Role
from tidings.store import Store

SOON = START + timedelta(minutes=20)


# --- accounts ---


def test_an_account_is_found_by_what_it_has(store: Store) -> None:
    ada = account(store, "Ada", Role.ADMIN)
    eve = store.accounts.join("Eve", None, "https://id.example 42", START)
    assert store.accounts.get(ada.id) == store.accounts.by_email("ada@lab.example") == ada
    assert store.accounts.by_subject("https://id.example 42") == eve
    assert (ada.name, ada.role, ada.created, ada.disabled, ada.has_password) == ("Ada", Role.ADMIN, START, False, False)
    assert (eve.email, eve.role) == (None, Role.READER)
    assert store.accounts.all() == [ada, eve]
    assert store.accounts.by_email("eve@lab.example") is store.accounts.by_subject("42") is None


@pytest.mark.parametrize("number", [0, -1, 99, 2**31, 2**63, 10**30])
def test_a_number_that_nobody_has_finds_nobody(store: Store, number: int) -> None:
    ada = account(store, "Ada", Role.ADMIN)
    for asked in (
        lambda: store.accounts.get(number),
        lambda: store.accounts.remove(number, "leave", START),
        lambda: store.accounts.set_role(number, Role.READER, ada.id, START),
        lambda: store.accounts.set_disabled(number, True, ada.id, START),
        lambda: store.journal.act(number),
    ):
        with pytest.raises(NotFoundError):
            asked()
    assert not store.proofs.remove_token(ada.id, number)
    assert not store.proofs.withdraw_invitation(number, ada.id, START)
    assert len(store.journal.acts(10)) == 1


def test_an_address_has_one_account_and_so_has_a_subject(store: Store) -> None:
    ada = account(store, "Ada")
    with pytest.raises(ConflictError, match=r"ada@lab\.example has an account already"):
        account(store, "Ada", Role.ADMIN)
    assert store.accounts.join("Impostor", "ada@lab.example", None, START) == ada
    eve = store.accounts.join("Eve", None, "https://id.example 42", START)
    assert store.accounts.join("Other", "other@lab.example", "https://id.example 42", START) == eve
    assert len(store.accounts.all()) == 2


def test_of_many_who_join_at_once_by_one_address_all_get_the_one_account(store: Store) -> None:
    answers = at_once([lambda: store.accounts.join("Ada", "ada@lab.example", None, START)] * 6)
    assert answers == [store.accounts.all()[0]] * 6


def test_a_number_is_never_given_to_a_second_account(store: Store) -> None:
    account(store, "Ada", Role.ADMIN)
    bob = account(store, "Bob")
    store.accounts.remove(bob.id, "leave", START)
    assert account(store, "Bob").id > bob.id


# --- the owner of a personal installation ---


def test_the_owner_is_made_once_and_found_ever_after(store: Store) -> None:
    made = at_once([lambda: store.accounts.owner("Owner", START)] * 6)
    assert made == [store.accounts.all()[0]] * 6
    assert isinstance(made[0], Account)
    assert (made[0].name, made[0].email, made[0].role) == ("Owner", None, Role.ADMIN)


def test_there_is_no_owner_beside_others(store: Store) -> None:
    owner = store.accounts.owner("Owner", START)
    assert owner is not None
    ada = account(store, "Ada")
    assert store.accounts.owner("Owner", START) is None
    store.accounts.remove(ada.id, "leave", START)
    assert store.accounts.owner("Owner", START) == owner


def test_nobody_whom_others_vouch_for_is_the_owner(store: Store) -> None:
    eve = store.accounts.join("Eve", None, "https://id.example 42", START)
    assert store.accounts.owner("Owner", START) is None
    ada = account(store, "Ada", Role.ADMIN)
    store.accounts.set_role(eve.id, Role.ADMIN, ada.id, START)
    store.accounts.remove(ada.id, "leave", START)
    assert store.accounts.all() == [store.accounts.get(eve.id)]
    assert store.accounts.owner("Owner", START) is None


# --- an administrator is always left ---


def test_the_last_administrator_stays_one(store: Store) -> None:
    ada, bob, eve = account(store, "Ada", Role.ADMIN), account(store, "Bob", Role.CURATOR), account(store, "Eve")
    for lost in (
        lambda: store.accounts.set_role(ada.id, Role.CURATOR, ada.id, START),
        lambda: store.accounts.set_disabled(ada.id, True, ada.id, START),
        lambda: store.accounts.remove(ada.id, "leave", START),
    ):
        with pytest.raises(ConflictError, match="needs an administrator"):
            lost()
    assert store.accounts.get(ada.id) == ada
    store.accounts.remove(eve.id, "leave", START)
    store.accounts.set_role(bob.id, Role.ADMIN, ada.id, START)
    store.accounts.remove(ada.id, "leave", START)
    with pytest.raises(ConflictError, match="needs an administrator"):
        store.accounts.set_role(bob.id, Role.READER, bob.id, START)
    store.accounts.remove(bob.id, "leave", START)
    assert store.accounts.all() == []


def test_one_that_is_disabled_or_cannot_come_in_is_no_administrator_that_is_left(store: Store) -> None:
    owner = store.accounts.owner("Owner", START)
    ada, bob = account(store, "Ada", Role.ADMIN), account(store, "Bob", Role.ADMIN)
    assert owner is not None
    store.accounts.set_disabled(bob.id, True, ada.id, START)
    with pytest.raises(ConflictError, match="needs an administrator"):
        store.accounts.set_role(ada.id, Role.READER, ada.id, START)
    with pytest.raises(ConflictError, match="needs an administrator"):
        store.accounts.remove(ada.id, "leave", START)


def test_the_owner_alone_cannot_become_less(store: Store) -> None:
    owner = store.accounts.owner("Owner", START)
    assert owner is not None
    with pytest.raises(ConflictError, match="needs an administrator"):
        store.accounts.set_role(owner.id, Role.READER, owner.id, START)
    assert store.accounts.owner("Owner", START) == owner


def test_a_reader_may_go_where_there_never_was_an_administrator(store: Store) -> None:
    readers = [store.accounts.join(name, f"{name}@lab.example", None, START) for name in ("ada", "bob")]
    store.accounts.remove(readers[0].id, "leave", START)
    assert store.accounts.all() == [readers[1]]


def test_two_administrators_who_remove_each_other_at_once_leave_one(store: Store) -> None:
    ada, bob = account(store, "Ada", Role.ADMIN), account(store, "Bob", Role.ADMIN)
    answers = at_once(
        [
            lambda: store.accounts.set_role(bob.id, Role.READER, ada.id, START),
            lambda: store.accounts.set_role(ada.id, Role.READER, bob.id, START),
        ]
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Account", "ForbiddenError"]
    assert sum(each.role is Role.ADMIN for each in store.accounts.all()) == 1


def test_two_administrators_who_go_at_once_leave_one(store: Store) -> None:
    going = [account(store, name, Role.ADMIN) for name in ("Ada", "Bob")]
    account(store, "Eve")
    answers = at_once([partial(store.accounts.remove, who.id, "leave", START) for who in going])
    assert sorted(type(answer).__name__ for answer in answers) == ["ConflictError", "NoneType"]


def test_who_was_an_administrator_when_the_page_was_opened_may_be_none_any_more(store: Store) -> None:
    ada, bob = account(store, "Ada", Role.ADMIN), account(store, "Bob", Role.ADMIN)
    store.accounts.set_role(bob.id, Role.CURATOR, ada.id, START)
    for late in (
        lambda: store.accounts.set_role(bob.id, Role.ADMIN, bob.id, START),
        lambda: store.accounts.set_disabled(ada.id, True, bob.id, START),
        lambda: store.proofs.invite(bob.id, "i", "mallory@evil.example", Role.ADMIN, now=START, expires=SOON),
        lambda: store.proofs.withdraw_invitation(1, bob.id, START),
    ):
        with pytest.raises(ForbiddenError):
            late()
    store.accounts.set_disabled(bob.id, True, ada.id, START)
    with pytest.raises(SignInError):
        store.accounts.set_role(bob.id, Role.ADMIN, bob.id, START)
    assert [each.verb for each in store.journal.acts(9)] == ["disable", "role", "add account", "add account"]


# --- an identity provider ---


def test_an_account_is_one_person_at_its_provider_and_may_move_to_another_provider(store: Store) -> None:
    ada = account(store, "Ada")
    assert store.accounts.bind(ada.id, "https://id.example 1") == ada
    assert store.accounts.bind(ada.id, "https://id.example 1") == ada
    with pytest.raises(SignInError, match="somebody else"):
        store.accounts.bind(ada.id, "https://id.example 2")
    assert store.accounts.bind(ada.id, "https://new.example 2") == ada
    assert store.accounts.by_subject("https://id.example 1") is None


# --- removing ---


def test_removing_takes_the_account_only(store: Store) -> None:
    ada, bob = account(store, "Ada", Role.ADMIN), account(store, "Bob")
    for who in (ada, bob):
        store.proofs.open_session(who.id, who.name, "Firefox", now=START, expires=SOON)
        store.shelves.add(who.id, f"{who.name}'s", "private", None, START)
    before = rows_of(store, ada.id)
    store.accounts.remove(bob.id, "leave", START)
    assert set(rows_of(store, bob.id).values()) == {0}
    assert rows_of(store, ada.id) == before
    assert "Bob" not in everything(store)
    with pytest.raises(NotFoundError):
        store.accounts.remove(bob.id, "leave", START)
