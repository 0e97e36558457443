"""The ways in, in the store, on both databases: links, invitations, sessions, tokens; and how often somebody tried."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.people_help import account, at_once, everything
from tests.scripted import START
from tidings.errors import ConflictError, SignInError
from tidings.people import Account, Role
from tidings.store import Store
from tidings.store.tables import attempt, link, session

SOON, LATER = START + timedelta(minutes=20), START + timedelta(days=90)
MINUTE = timedelta(minutes=1)


def send_link(store: Store, digest: str, email: str = "ada@lab.example", kind: str = "sign-in") -> None:
    store.proofs.add_link(kind, digest, email, now=START, expires=SOON)


def invite(store: Store, by: Account, digest: str, email: str = "bob@lab.example", role: Role = Role.CURATOR) -> None:
    store.proofs.invite(by.id, digest, email, role, now=START, expires=SOON)


def enter(store: Store, digest: str, *, strangers: bool = False, minutes: int = 0) -> Account | None:
    return store.accounts.enter(digest, "Somebody", START + minutes * MINUTE, strangers=strangers)


def open_session(store: Store, who: Account, digest: str) -> None:
    store.proofs.open_session(who.id, digest, "Firefox", now=START, expires=LATER)


# --- links ---


def test_a_link_is_used_once(store: Store) -> None:
    ada = account(store, "Ada")
    send_link(store, "d")
    assert store.proofs.link("d", START) == "ada@lab.example"
    assert enter(store, "d") == ada
    assert store.proofs.link("d", START) is None
    assert enter(store, "d") is None


def test_of_those_who_use_one_link_at_once_one_is_let_in(store: Store) -> None:
    send_link(store, "d", "new@lab.example")
    answers = at_once([lambda: enter(store, "d", strangers=True)] * 8)
    assert [answer for answer in answers if answer is not None] == store.accounts.all()
    assert len(store.accounts.all()) == 1


def test_a_link_ends(store: Store) -> None:
    account(store, "Ada")
    send_link(store, "d")
    assert store.proofs.link("d", SOON) is None
    assert enter(store, "d", minutes=20) is None
    assert enter(store, "d", minutes=19) is not None


def test_using_a_link_ends_the_others_to_that_address(store: Store) -> None:
    account(store, "Ada"), account(store, "Bob")
    for digest, email in (("one", "ada@lab.example"), ("two", "ada@lab.example"), ("bobs", "bob@lab.example")):
        send_link(store, digest, email)
    assert enter(store, "one") is not None
    assert enter(store, "two") is None
    assert enter(store, "bobs") is not None


def test_a_link_for_nobody_lets_nobody_in(store: Store) -> None:
    account(store, "Ada")
    send_link(store, "d", kind="nobody")
    assert store.proofs.link("d", START) is None
    assert enter(store, "d", strangers=True) is None


def test_a_stranger_comes_only_where_strangers_may(store: Store) -> None:
    send_link(store, "d", "new@lab.example")
    assert enter(store, "d", strangers=False) is None
    assert store.accounts.all() == []
    send_link(store, "e", "new@lab.example")
    made = enter(store, "e", strangers=True)
    assert made is not None
    assert (made.name, made.email, made.role) == ("Somebody", "new@lab.example", Role.READER)


def test_old_links_are_forgotten(store: Store) -> None:
    send_link(store, "d")
    store.proofs.add_link("sign-in", "e", "ada@lab.example", now=SOON, expires=SOON + MINUTE)
    with store.engine.connect() as connection:
        assert list(connection.scalars(sa.select(link.c.digest))) == ["e"]


# --- invitations ---


def test_an_invitation_gives_the_role_that_it_says_and_the_log_has_it(store: Store) -> None:
    ada = account(store, "Ada", Role.ADMIN)
    invite(store, ada, "i")
    [waiting] = store.proofs.invitations(START)
    assert (waiting.email, waiting.role, waiting.by) == ("bob@lab.example", Role.CURATOR, "Ada")
    bob = enter(store, "i")
    assert bob is not None
    assert bob.role is Role.CURATOR
    assert store.proofs.invitations(START) == []
    lines = [(a.actor, a.verb, a.subject, a.detail, a.was) for a in store.journal.acts(2)]
    invited = f"invitation:{waiting.id}"
    assert lines == [
        ("Somebody", "join", f"account:{bob.id}", "curator", invited),
        ("Ada", "invite", invited, "curator", ""),
    ]


def test_who_was_invited_and_comes_by_another_link_has_the_role_all_the_same(store: Store) -> None:
    invite(store, account(store, "Ada", Role.ADMIN), "i")
    send_link(store, "d", "bob@lab.example")
    bob = enter(store, "d", strangers=False)
    assert bob is not None
    assert bob.role is Role.CURATOR
    assert enter(store, "i") is None


def test_an_invitation_changes_no_role_of_an_account_that_is_there(store: Store) -> None:
    invite(store, account(store, "Ada", Role.ADMIN), "i", role=Role.ADMIN)
    bob = store.accounts.join("Bob", "bob@lab.example", None, START)
    assert enter(store, "i") == bob
    assert store.accounts.get(bob.id).role is Role.READER


def test_a_second_invitation_replaces_the_first(store: Store) -> None:
    ada = account(store, "Ada", Role.ADMIN)
    invite(store, ada, "one", role=Role.ADMIN)
    invite(store, ada, "two", role=Role.READER)
    assert enter(store, "one") is None
    bob = enter(store, "two")
    assert bob is not None
    assert bob.role is Role.READER
    with pytest.raises(ConflictError, match=r"bob@lab\.example has an account already"):
        invite(store, ada, "three")


def test_an_invitation_is_withdrawn_once(store: Store) -> None:
    ada = account(store, "Ada", Role.ADMIN)
    invite(store, ada, "i")
    [waiting] = store.proofs.invitations(START)
    assert store.proofs.withdraw_invitation(waiting.id, ada.id, START)
    assert not store.proofs.withdraw_invitation(waiting.id, ada.id, START)
    assert enter(store, "i") is None
    assert [a.verb for a in store.journal.acts(9)] == ["withdraw invitation", "invite", "add account"]


def test_a_link_to_sign_in_cannot_be_withdrawn_as_an_invitation(store: Store) -> None:
    ada = account(store, "Ada", Role.ADMIN)
    send_link(store, "d")
    assert not store.proofs.withdraw_invitation(1, ada.id, START)
    assert enter(store, "d") == ada


def test_the_invitations_of_who_is_an_administrator_no_more_end(store: Store) -> None:
    ada = account(store, "Ada", Role.ADMIN)
    for number, ended in enumerate(("role", "disabled", "removed")):
        bob = account(store, f"Bob{number}", Role.ADMIN)
        invite(store, bob, ended, f"second{number}@evil.example", Role.ADMIN)
        if ended == "role":
            store.accounts.set_role(bob.id, Role.READER, ada.id, START)
        elif ended == "disabled":
            store.accounts.set_disabled(bob.id, True, ada.id, START)
        else:
            store.accounts.remove(bob.id, "leave", START)
        assert enter(store, ended) is None
    assert store.proofs.invitations(START) == []


# --- sessions and tokens ---


def test_a_session_lets_in_until_it_ends(store: Store) -> None:
    ada = account(store, "Ada")
    open_session(store, ada, "s")
    found = store.proofs.by_session("s", START)
    assert found is not None
    assert (found[0].id, found[0].seen, found[1]) == (ada.id, START, START)
    assert store.proofs.by_session("s", LATER - MINUTE) is not None
    assert store.proofs.by_session("s", LATER) is None
    assert store.proofs.by_session("t", START) is None
    assert store.proofs.sessions(ada.id, LATER) == []


def test_that_a_session_is_used_is_noted_every_ten_minutes_at_most(store: Store) -> None:
    ada = account(store, "Ada")
    open_session(store, ada, "s")
    for minutes, noted in ((9, 0), (10, 0), (11, 11), (20, 11), (22, 22)):
        store.proofs.by_session("s", START + minutes * MINUTE)
        [session] = store.proofs.sessions(ada.id, START)
        assert session.seen == START + noted * MINUTE
        assert store.accounts.get(ada.id).seen == START + noted * MINUTE


def test_sessions_end_one_by_one_or_all_and_only_ones_own(store: Store) -> None:
    ada, bob = account(store, "Ada"), account(store, "Bob")
    for digest in "abc":
        open_session(store, ada, digest)
    open_session(store, bob, "bobs")
    store.proofs.end_sessions(ada.id, ["a", "bobs"])
    assert [s.id for s in store.proofs.sessions(ada.id, START)] == ["b", "c"]
    store.proofs.end_sessions(ada.id, [])
    assert len(store.proofs.sessions(ada.id, START)) == 2
    store.proofs.end_sessions(ada.id)
    assert store.proofs.sessions(ada.id, START) == []
    assert [s.id for s in store.proofs.sessions(bob.id, START)] == ["bobs"]


def test_a_new_password_ends_all_sessions_and_links(store: Store) -> None:
    ada, bob = account(store, "Ada"), account(store, "Bob")
    open_session(store, ada, "s")
    open_session(store, bob, "bobs")
    send_link(store, "d")
    store.accounts.set_password(ada.id, "hash")
    assert store.proofs.by_session("s", START) is None
    assert enter(store, "d") is None
    assert store.proofs.by_session("bobs", START) is not None
    assert store.accounts.get(ada.id).has_password
    assert store.accounts.with_password("ada@lab.example") == (store.accounts.get(ada.id), "hash")


def test_disabling_ends_every_way_in_for_good(store: Store) -> None:
    ada, bob = account(store, "Ada", Role.ADMIN), account(store, "Bob")
    open_session(store, bob, "s")
    store.proofs.add_token(bob.id, "t", "script", ["read"], now=START, expires=None)
    send_link(store, "d", "bob@lab.example")
    assert store.accounts.set_disabled(bob.id, True, ada.id, START).disabled
    for late in (
        lambda: open_session(store, bob, "s2"),
        lambda: store.proofs.add_token(bob.id, "t2", "script", ["read"], now=START, expires=None),
    ):
        with pytest.raises(SignInError):
            late()
    assert not store.accounts.set_disabled(bob.id, False, ada.id, START).disabled
    assert store.proofs.by_session("s", START) is None
    assert store.proofs.by_token("t", START) is None
    assert enter(store, "d") is None
    assert [a.verb for a in store.journal.acts(2)] == ["enable", "disable"]


def test_a_token_lets_in_until_it_ends(store: Store) -> None:
    ada, bob = account(store, "Ada"), account(store, "Bob")
    number = store.proofs.add_token(ada.id, "t", "script", ["read", "vote"], now=START, expires=SOON)
    store.proofs.add_token(ada.id, "u", "for ever", ["read"], now=START, expires=None)
    found = store.proofs.by_token("t", START)
    assert found is not None
    assert (found[0].id, found[1]) == (ada.id, frozenset(("read", "vote")))
    assert [(t.label, t.scopes, t.used, t.expires) for t in store.proofs.tokens(ada.id)] == [
        ("script", ("read", "vote"), START, SOON),
        ("for ever", ("read",), None, None),
    ]
    assert store.proofs.by_token("t", SOON) is None
    assert store.proofs.by_token("u", LATER + timedelta(days=9999)) is not None
    assert not store.proofs.remove_token(bob.id, number)
    assert store.proofs.remove_token(ada.id, number)
    assert not store.proofs.remove_token(ada.id, number)
    assert store.proofs.by_token("t", START) is None


# --- attempts ---


def tried(store: Store, minutes: float, **limits: int) -> float | None:
    """Return how many minutes to wait."""
    wait = store.proofs.attempt(limits, timedelta(minutes=15), START + minutes * MINUTE)
    return wait / MINUTE if wait is not None else None


def test_after_so_many_attempts_there_is_a_wait_that_is_not_prolonged_by_trying(store: Store) -> None:
    assert [tried(store, minute, ada=3) for minute in (0, 1, 2, 3, 3, 14)] == [None, None, None, 12, 12, 1]
    assert [tried(store, minute, ada=3) for minute in (15, 15, 15, 16)] == [None, None, None, 14]


def test_names_are_counted_apart_and_a_refused_attempt_counts_for_none(store: Store) -> None:
    assert tried(store, 0, ada=1, network=5) is None
    assert [tried(store, 1, ada=1, network=5) for _ in range(9)] == [14] * 9
    assert [tried(store, 2, network=5) for _ in range(5)] == [None] * 4 + [13]
    assert tried(store, 3, bob=9, network=5) == 12
    assert tried(store, 3, bob=1) is None


def test_of_many_attempts_at_once_so_many_are_counted(store: Store) -> None:
    answers = at_once([lambda: tried(store, 0, ada=3)] * 8)
    assert sorted(answers, key=lambda answer: answer is not None) == [None] * 3 + [15] * 5


def test_a_clock_that_was_put_back_locks_nobody_out(store: Store) -> None:
    assert tried(store, 60 * 24 * 365, ada=1) is None
    assert tried(store, 0, ada=1) is None


def test_attempts_are_forgotten_after_a_day(store: Store) -> None:
    tried(store, 0, ada=1)
    tried(store, 60 * 24, bob=1)
    with store.engine.connect() as connection:
        assert list(connection.scalars(sa.select(attempt.c.name))) == ["bob"]


def test_what_is_over_is_forgotten_though_nobody_comes(store: Store) -> None:
    ada = account(store, "Ada")
    open_session(store, ada, "s")
    store.proofs.add_link("sign-in", "l", "ada@lab.example", now=START, expires=START + MINUTE)
    tried(store, 0, network=5)
    store.proofs.forget(START + timedelta(hours=23))
    assert "network" in everything(store)
    store.proofs.forget(LATER + timedelta(days=1))
    assert "network" not in everything(store)
    with store.engine.connect() as connection:
        for table in (session, link):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0
