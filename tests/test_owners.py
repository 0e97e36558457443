"""Who looks after an installation first: by a setting, by the command line, and as the heir of the owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.people_help import account, everything, member, open_catalog, paper_id, papers, session_of
from tests.scripted import START, Clock
from tests.web_people import PASSWORD
from tidings.catalog import Catalog
from tidings.errors import ConflictError, InputError, NotFoundError, SignInError
from tidings.people import Account, Reader, Role
from tidings.settings import Settings
from tidings.store import Store

ROOT, BOB = "root@lab.example", "bob@lab.example"


@dataclass(frozen=True)
class Awaiting:
    """An installation whose settings name its first administrator."""

    catalog: Catalog
    store: Store

    def by_link(self, email: str = ROOT) -> Account:
        letter = self.catalog.ask_sign_in(email, "192.0.2.1")
        assert letter is not None
        return self._of(self.catalog.sign_in(letter.secret, "Firefox"))

    def by_provider(self, email: str | None = ROOT) -> Account:
        return self._of(self.catalog.sign_in_as("root-1", email, "Root", "Firefox"))

    def by_proxy(self, email: str = ROOT) -> Account:
        return self.catalog.vouched_for(email, "Root").account

    def _of(self, secret: str) -> Account:
        reader = self.catalog.reader_of_session(secret)
        assert reader is not None
        return reader.account


@pytest.fixture
def awaiting(opened: Store, tmp_path: Path) -> Awaiting:
    settings = {"admin": " Root@Lab.example", "oidc": {"issuer": "https://id.example"}}
    return Awaiting(open_catalog(opened, tmp_path, Clock(), **settings), opened)


# --- the first administrator by a setting ---

WAYS: list[Callable[[Awaiting], Account]] = [Awaiting.by_link, Awaiting.by_provider, Awaiting.by_proxy]


@pytest.mark.parametrize("came", WAYS)
def test_whoever_proves_the_address_of_the_setting_is_the_first_administrator(
    awaiting: Awaiting, came: Callable[[Awaiting], Account]
) -> None:
    root = came(awaiting)
    assert (root.email, root.role) == (ROOT, Role.ADMIN)
    [act] = awaiting.store.journal.acts(10)
    assert (act.actor, act.verb, act.subject, act.was) == (root.name, "first administrator", "account:1", "reader")
    assert came(awaiting).id == root.id
    assert len(awaiting.store.journal.acts(10)) == 1


@pytest.mark.parametrize("came", WAYS)
def test_nobody_else_gets_in_by_that_setting(awaiting: Awaiting, came: Callable[..., Account]) -> None:
    for address in (BOB, "root@lab.example.evil.example", "xroot@lab.example"):
        if came is Awaiting.by_link:
            assert awaiting.catalog.ask_sign_in(address, "192.0.2.1") is None
        else:
            with pytest.raises(SignInError):
                came(awaiting, address)
    assert awaiting.store.accounts.all() == []


def test_an_address_that_the_provider_did_not_verify_proves_nothing(awaiting: Awaiting) -> None:
    with pytest.raises(SignInError):
        awaiting.by_provider(None)


def test_an_account_that_was_there_already_becomes_administrator_when_it_signs_in(awaiting: Awaiting) -> None:
    account(awaiting.store, "Root")
    assert awaiting.by_link().role is Role.ADMIN
    account(awaiting.store, "Bob")
    assert awaiting.by_link(BOB).role is Role.READER


@pytest.mark.parametrize("came", WAYS)
def test_where_there_is_an_administrator_the_setting_promotes_nobody(
    awaiting: Awaiting, came: Callable[[Awaiting], Account]
) -> None:
    account(awaiting.store, "Cora", Role.ADMIN)
    assert awaiting.catalog.ask_sign_in(ROOT, "192.0.2.1") is None
    for refused in (awaiting.by_provider, awaiting.by_proxy):
        with pytest.raises(SignInError):
            refused()
    account(awaiting.store, "Root")
    assert came(awaiting).role is Role.READER


def test_who_lost_the_role_does_not_get_it_back_by_the_setting(awaiting: Awaiting) -> None:
    root = awaiting.by_link()
    cora = account(awaiting.store, "Cora", Role.ADMIN)
    awaiting.store.accounts.set_role(root.id, Role.READER, cora.id, START)
    assert awaiting.by_link().role is Role.READER


def test_a_password_counts_as_proof_where_the_account_had_one(awaiting: Awaiting) -> None:
    account(awaiting.store, "Root")
    reader = awaiting.catalog.reader_of_session(session_of(awaiting.catalog, "Root"))
    assert reader is not None
    assert reader.account.role is Role.ADMIN
    awaiting.catalog.set_password(reader, PASSWORD)
    assert awaiting.catalog.sign_in_with_password(ROOT, PASSWORD, "192.0.2.1", "Firefox")


def test_an_installation_that_awaits_an_administrator_has_no_owner(awaiting: Awaiting) -> None:
    with pytest.raises(SignInError):
        awaiting.catalog.owner()


def test_the_setting_is_an_address_or_nothing(tmp_path: Path) -> None:
    assert Settings(home=tmp_path, admin=" ").admin is None
    for wrong in ("root", "rööt@lab.example"):
        with pytest.raises(InputError, match=r"TIDINGS_ADMIN.*not an e-mail address"):
            Settings(home=tmp_path, admin=wrong)


# --- the heir of the owner ---


def lived(catalog: Catalog, store: Store) -> Reader:
    """Return the owner of a personal installation, who voted, saved, and minted a token."""
    papers(store, 0, 1, 2)
    owner = catalog.owner()
    catalog.vote(owner, paper_id(0))
    catalog.vote(owner, paper_id(1))
    catalog.save(owner, paper_id(0))
    catalog.pick(owner, paper_id(2))
    catalog.make_token(owner, "script", ["read"])
    return owner


@pytest.fixture
def catalog(opened: Store, tmp_path: Path) -> Catalog:
    return open_catalog(opened, tmp_path, Clock())


def test_the_owner_gets_an_address_and_keeps_everything(catalog: Catalog, opened: Store) -> None:
    owner = lived(catalog, opened)
    assert catalog.has_owner()
    made = catalog.adopt(" Ada@lab.example", "Ada")
    assert (made.id, made.email, made.name, made.role) == (owner.account.id, "ada@lab.example", "Ada", Role.ADMIN)
    assert not catalog.has_owner()
    ada = catalog.reader_of_session(session_of(catalog, "Ada"))
    assert {vote["paper"] for vote in catalog.export_account(ada)["votes"]} == {paper_id(0), paper_id(1)}
    with pytest.raises(SignInError):
        catalog.owner()
    assert [(act.verb, act.subject) for act in catalog.acts(ada, limit=1)] == [("adopt", f"account:{made.id}")]


def test_an_account_that_is_there_gets_everything_of_the_owners(store: Store, tmp_path: Path) -> None:
    catalog = open_catalog(store, tmp_path, Clock())
    owner = lived(catalog, store)
    ada = member(catalog, "Ada")
    catalog.vote(ada, paper_id(1))
    catalog.save(ada, paper_id(2))
    made = catalog.adopt("ada@lab.example")
    assert (made.id, made.name, made.role) == (ada.account.id, "Ada", Role.ADMIN)
    ada = catalog.reader_of_session(session_of(catalog, "Ada")) or ada
    exported = catalog.export_account(ada)
    assert sorted(vote["paper"] for vote in exported["votes"]) == sorted([paper_id(0), paper_id(1)])
    assert [(s["name"], s["papers"][0]["paper"]) for s in exported["shelves"]] == [
        ("To read", paper_id(2)),
        ("To read (owner)", paper_id(0)),
    ]
    assert [token["label"] for token in exported["tokens"]] == ["script"]
    assert [pick["paper"] for pick in exported["picks"]] == [paper_id(2)]
    assert [each.id for each in store.accounts.all()] == [ada.account.id]
    assert f"account_id={owner.account.id}" not in everything(store)


def test_nothing_is_given_where_there_is_no_owner_or_to_somebody_who_is_kept_out(
    catalog: Catalog, opened: Store
) -> None:
    with pytest.raises(NotFoundError, match="no owner"):
        catalog.adopt("ada@lab.example")
    with pytest.raises(InputError):
        catalog.adopt("ada")
    lived(catalog, opened)
    member(catalog, "Root", Role.ADMIN)
    member(catalog, "Ada")
    catalog.bar("ada@lab.example", True)
    before = everything(opened)
    with pytest.raises(ConflictError, match="kept out"):
        catalog.adopt("ada@lab.example")
    assert everything(opened) == before
