"""Accounts by the façade: one's own face, leaving with and without one's things, and looking after the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.people_help import (
    at_once,
    everything,
    member,
    merge,
    open_catalog,
    paper_id,
    papers,
    rows_of,
    session_of,
    standing,
    tables_naming_accounts,
)
from tests.scripted import START, Clock
from tidings.catalog import Catalog
from tidings.errors import ConflictError, ForbiddenError, InputError, NotFoundError, SignInError
from tidings.people import Reader, Role
from tidings.store import Store, open_store
from tidings.store.accounts import NOBODY
from tidings.store.tables import hidden, metadata, pick
from tidings.types import Pace

# Where the export has what each table that names an account holds of it. A table that is not here fails a test.
EXPORTED = {
    "session": "sessions",
    "token": "tokens",
    "link": "invitations",
    "vote": "votes",
    "submission": "submissions",
    "pick": "picks",
    "hidden": "hidden",
    "shelf": "shelves",
    "act": "acts",
    "subscription": "subscriptions",
    "interest": "interests",
    "shown": "shown",
    "rule": "rules",
}
# What stands though its account is gone, with what in the place of the account.
KEPT = {"pick": NOBODY, "hidden": NOBODY, "act": None}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def catalog(opened: Store, tmp_path: Path, clock: Clock) -> Catalog:
    return open_catalog(opened, tmp_path, clock)


def live_fully(catalog: Catalog, store: Store, name: str) -> Reader:
    """Do everything that leaves something of an account somewhere, as an administrator."""
    found = papers(store, 0, 1, 2, 3)
    reader = member(catalog, name, Role.ADMIN)
    catalog.change_account(reader, name=f"{name} the Great")
    catalog.make_token(reader, f"{name}'s script", ["read"])
    catalog.invite(reader, f"friend-of-{name.lower()}@lab.example", Role.READER)
    catalog.sign_in_letter(f"{name.lower()}@lab.example")
    for kind in range(2):
        catalog.vote(reader, paper_id(kind))
    store.voting.submit(reader.account.id, found[0], START)
    catalog.pick(reader, paper_id(0), date(2026, 3, 2))
    catalog.hide(reader, paper_id(1), "advertisement")
    shelf = catalog.make_shelf(reader, f"{name}'s shelf", "link")
    catalog.put(reader, shelf.id, paper_id(2), f"{name}'s note")
    catalog.subscribe(reader, "trending", "", Pace())
    catalog.make_interest(reader, f"{name}'s interest", words="zebras", likes=[paper_id(0)])
    catalog.mark_shown(reader, [paper_id(1)])
    catalog.mute(reader, "word", "comets")
    return reader


# --- one's own face ---


def test_the_name_that_others_see_is_ones_own_to_choose(catalog: Catalog) -> None:
    ada = member(catalog, "Ada")
    changed = catalog.change_account(ada, name="  Ada \x00\u202e Lovelace ", is_named=False)
    assert (changed.name, changed.is_named) == ("Ada Lovelace", False)
    assert catalog.change_account(ada) == changed
    assert catalog.change_account(ada, is_named=True).name == "Ada Lovelace"
    assert catalog.change_account(ada, name="ada@lab.example").name == "ada"
    assert len(catalog.change_account(ada, name="x" * 10_000).name) == 80
    assert catalog.change_account(ada, name="\u202e\x00").name == "Reader"


# --- taking everything along ---


def test_the_export_holds_everything_that_names_the_account(catalog: Catalog, opened: Store) -> None:
    ada = live_fully(catalog, opened, "Ada")
    assert {table.name for table in tables_naming_accounts()} == EXPORTED.keys()
    exported = catalog.export_account(ada)
    assert {name: len(exported[EXPORTED[name]]) for name in EXPORTED} == rows_of(opened, ada.account.id)
    assert all(exported[key] for key in EXPORTED.values())


def test_the_export_says_what_each_thing_is(catalog: Catalog, opened: Store) -> None:
    exported = catalog.export_account(live_fully(catalog, opened, "Ada"))
    account = exported["account"]
    assert (account["name"], account["email"], account["role"]) == ("Ada the Great", "ada@lab.example", "admin")
    assert (account["created"], account["password"]) == (START, False)
    assert account.keys() == set(metadata.tables["account"].c.keys())
    assert [session["label"] for session in exported["sessions"]] == ["Firefox"]
    assert [(token["label"], token["scopes"]) for token in exported["tokens"]] == [("Ada's script", ("read",))]
    assert [(i["email"], i["role"]) for i in exported["invitations"]] == [("friend-of-ada@lab.example", "reader")]
    assert {vote["paper"] for vote in exported["votes"]} == {paper_id(0), paper_id(1)}
    assert exported["submissions"] == [{"paper": paper_id(0), "at": START}]
    assert exported["picks"] == [{"paper": paper_id(0), "day": date(2026, 3, 2)}]
    assert exported["hidden"] == [{"paper": paper_id(1), "reason": "advertisement"}]
    [shelf] = exported["shelves"]
    assert (shelf["name"], shelf["visibility"]) == ("Ada's shelf", "link")
    assert shelf["papers"] == [{"paper": paper_id(2), "note": "Ada's note", "at": START}]
    assert [(act["verb"], act["detail"]) for act in exported["acts"]] == [
        ("hide", "advertisement"),
        ("pick", "2026-03-02"),
        ("invite", "reader"),
    ]
    assert "Ada's note" in json.dumps(exported, default=str)


def test_the_export_holds_nothing_of_others_and_no_secret(catalog: Catalog, opened: Store) -> None:
    eve = live_fully(catalog, opened, "Eve")
    with pytest.raises(ConflictError):
        live_fully(catalog, opened, "Ada")  # what Eve picked is picked
    catalog.unpick(eve, paper_id(0)), catalog.unhide(eve, paper_id(1))
    ada = catalog.reader_of_session(session_of(catalog, "Ada"))
    assert ada is not None
    text = json.dumps(catalog.export_account(ada), default=str)
    assert "Eve" not in text
    assert "eve" not in text
    with opened.engine.connect() as connection:
        for table in ("session", "token", "link"):
            for digest in connection.scalars(sa.text(f"select digest from {table}")):
                assert digest not in text


def test_the_export_of_a_new_account_is_whole_though_empty(catalog: Catalog) -> None:
    exported = catalog.export_account(member(catalog, "Ada"))
    assert {key: len(exported[key]) for key in EXPORTED.values() if key != "sessions"} == dict.fromkeys(
        (key for key in EXPORTED.values() if key != "sessions"), 0
    )


def test_the_export_names_the_paper_that_lives_on(catalog: Catalog, opened: Store) -> None:
    ada = live_fully(catalog, opened, "Ada")
    merge(opened, 0, 1, 2)
    exported = catalog.export_account(ada)
    assert [vote["paper"] for vote in exported["votes"]] == [paper_id(0)]
    assert exported["shelves"][0]["papers"][0]["paper"] == paper_id(0)


# --- leaving ---


def test_leaving_takes_everything_along_that_names_the_account(store: Store, tmp_path: Path, clock: Clock) -> None:
    catalog = open_catalog(store, tmp_path, clock)
    ada = live_fully(catalog, store, "Ada")
    root = member(catalog, "Root", Role.ADMIN)
    assert all(rows_of(store, ada.account.id).values()), "a table names accounts and live_fully leaves nothing in it"
    assert "Ada" in everything(store)
    before = rows_of(store, root.account.id)
    catalog.delete_account(ada)
    assert set(rows_of(store, ada.account.id).values()) == {0}
    assert rows_of(store, root.account.id) == before
    left = everything(store)
    for word in ("Ada", "ada@", "-ada@"):
        assert word not in left
    assert catalog.reader_of_session(session_of(catalog, "Root")) is not None


def test_what_a_curator_did_stands_without_the_name(store: Store, tmp_path: Path, clock: Clock) -> None:
    catalog = open_catalog(store, tmp_path, clock)
    ada = live_fully(catalog, store, "Ada")
    root, found = member(catalog, "Root", Role.ADMIN), papers(store, 0, 1)
    catalog.delete_account(ada)
    assert [(act.actor, act.verb, act.subject) for act in catalog.acts(root, limit=1)] == [
        (None, "leave", f"account:{ada.account.id}")
    ]
    told = catalog.standings([catalog.paper(paper_id(kind)) for kind in range(2)], root)
    assert (told[found[0]].picked, told[found[0]].votes, told[found[0]].submitter) == (date(2026, 3, 2), 0, None)
    assert told[found[1]].hidden == "advertisement"
    with store.engine.connect() as connection:
        for table in (pick, hidden):
            assert set(connection.scalars(sa.select(table.c.account_id))) == {KEPT[table.name]}
    done = {act.verb: act for act in catalog.acts(root)}
    assert {done[verb].actor for verb in ("pick", "hide", "invite")} == {None}
    for verb in ("pick", "hide"):
        catalog.undo(root, done[verb].id)
    assert standing(store, found[0]).picked is None
    assert standing(store, found[1]).hidden is None


def test_what_was_open_when_the_account_went_opens_nothing(catalog: Catalog, opened: Store) -> None:
    root, ada = member(catalog, "Root", Role.ADMIN), live_fully(catalog, opened, "Ada")
    secret, token = session_of(catalog, "Ada"), catalog.make_token(ada, "script", ["read"])
    letter, key = catalog.sign_in_letter("ada@lab.example"), catalog.shelves(ada)[0][0].key
    catalog.delete_account(ada)
    before = everything(opened)
    assert catalog.reader_of_session(secret) is None
    for late in (
        lambda: catalog.reader_of_token(token),
        lambda: catalog.sign_in(letter.secret, "Firefox"),
        lambda: catalog.vote(ada, paper_id(0)),
        lambda: catalog.make_shelf(ada, "New"),
        lambda: catalog.save(ada, paper_id(0)),
        lambda: catalog.hide(ada, paper_id(3), "spam"),
        lambda: catalog.invite(ada, "mallory@evil.example", Role.ADMIN),
        lambda: catalog.set_role(ada, root.account.id, Role.READER),
        lambda: catalog.make_token(ada, "script", ["read"]),
    ):
        with pytest.raises(SignInError):
            late()
    for gone in (
        lambda: catalog.delete_account(ada),
        lambda: catalog.change_account(ada, name="x"),
        lambda: catalog.shelf_by_key(key or ""),
    ):
        with pytest.raises(NotFoundError):
            gone()
    assert everything(opened) == before


def test_who_votes_while_leaving_leaves_no_vote_behind(catalog: Catalog, opened: Store) -> None:
    [paper], ada = papers(opened, 0), member(catalog, "Ada")
    member(catalog, "Root", Role.ADMIN)
    at_once([lambda: catalog.delete_account(ada), *[lambda: catalog.vote(ada, paper_id(0))] * 4])
    assert standing(opened, paper).votes == 0


def test_an_address_that_left_may_come_again_as_somebody_new(catalog: Catalog, opened: Store) -> None:
    member(catalog, "Root", Role.ADMIN)
    ada = live_fully(catalog, opened, "Ada")
    catalog.delete_account(ada)
    again = member(catalog, "Ada")
    assert again.account.id > ada.account.id
    assert again.account.role is Role.READER
    assert catalog.shelves(again) == ([], [])
    assert not opened.voting.votes_of(again.account.id)


def test_the_last_administrator_leaves_last(catalog: Catalog, opened: Store) -> None:
    root, ada = member(catalog, "Root", Role.ADMIN), member(catalog, "Ada")
    with pytest.raises(ConflictError, match="needs an administrator"):
        catalog.delete_account(root)
    with pytest.raises(ConflictError, match="needs an administrator"):
        catalog.set_role(root, root.account.id, Role.READER)
    with pytest.raises(ForbiddenError, match="your own"):
        catalog.set_disabled(root, root.account.id, True)
    catalog.delete_account(ada)
    catalog.delete_account(root)
    assert opened.accounts.all() == []


# --- looking after the others ---


def test_roles_are_given_and_taken_and_the_log_says_by_whom(catalog: Catalog) -> None:
    root, ada = member(catalog, "Root", Role.ADMIN), member(catalog, "Ada")
    assert catalog.set_role(root, ada.account.id, Role.CURATOR).role is Role.CURATOR
    assert catalog.set_role(root, ada.account.id, Role.CURATOR).role is Role.CURATOR  # so already: no act
    catalog.set_disabled(root, ada.account.id, True)
    catalog.set_disabled(root, ada.account.id, True)
    lines = [(act.actor, act.verb, act.subject, act.was, act.detail) for act in catalog.acts(root)]
    subject = f"account:{ada.account.id}"
    assert lines == [
        ("Root", "disable", subject, "", ""),
        ("Root", "role", subject, "reader", "curator"),
        (None, "add account", subject, "", "reader"),
        (None, "add account", f"account:{root.account.id}", "", "admin"),
    ]


def test_administrators_see_who_there_is_and_who_was_invited(catalog: Catalog, clock: Clock) -> None:
    root, ada = member(catalog, "Root", Role.ADMIN), member(catalog, "Ada")
    catalog.invite(root, "bob@lab.example", Role.CURATOR)
    accounts, [invitation] = catalog.accounts(root)
    assert [each.id for each in accounts] == [root.account.id, ada.account.id]
    assert (invitation.email, invitation.role, invitation.by) == ("bob@lab.example", Role.CURATOR, "Root")
    catalog.withdraw_invitation(root, invitation.id)
    with pytest.raises(NotFoundError):
        catalog.withdraw_invitation(root, invitation.id)
    catalog.invite(root, "bob@lab.example", Role.CURATOR)
    clock.at += timedelta(days=14)
    assert catalog.accounts(root)[1] == []


def test_the_log_that_curators_read_holds_no_addresses(catalog: Catalog, opened: Store) -> None:
    root = live_fully(catalog, opened, "Ada")
    catalog.withdraw_invitation(root, catalog.accounts(root)[1][0].id)
    curator = member(catalog, "Bob", Role.CURATOR)
    assert "@" not in repr(catalog.acts(curator))


def test_an_account_from_the_command_line_needs_an_address_that_has_none(catalog: Catalog) -> None:
    made = catalog.add_account(" Ada@Lab.Example ", "", Role.ADMIN)
    assert (made.name, made.email, made.role) == ("ada", "ada@lab.example", Role.ADMIN)
    with pytest.raises(ConflictError, match="has an account already"):
        catalog.add_account("ADA@lab.example", "Ada", Role.READER)
    with pytest.raises(InputError):
        catalog.add_account("ada", "Ada", Role.READER)


def test_the_command_line_does_what_an_administrator_does_and_leaves_one_too(catalog: Catalog) -> None:
    root = member(catalog, "Root", Role.ADMIN)
    catalog.add_account("ada@lab.example", "Ada", Role.READER)
    secret = session_of(catalog, "Ada")
    assert catalog.appoint(" ADA@lab.example", Role.CURATOR).role is Role.CURATOR
    assert catalog.bar("ada@lab.example", True).disabled
    assert catalog.reader_of_session(secret) is None
    assert not catalog.bar("ada@lab.example", False).disabled
    lines = [(act.actor, act.verb, act.was, act.detail) for act in catalog.acts(root, limit=3)]
    assert lines == [(None, "enable", "", ""), (None, "disable", "", ""), (None, "role", "reader", "curator")]
    for lost in (
        lambda: catalog.appoint("root@lab.example", Role.READER),
        lambda: catalog.bar("root@lab.example", True),
        lambda: catalog.expel("root@lab.example"),
    ):
        with pytest.raises(ConflictError, match="needs an administrator"):
            lost()
    catalog.expel("ada@lab.example")
    [gone] = catalog.acts(root, limit=1)
    assert (gone.actor, gone.verb, gone.was) == (None, "delete account", "curator")
    assert [each.id for each in catalog.members()[0]] == [root.account.id]
    with pytest.raises(NotFoundError, match=r"ada@lab\.example has no account"):
        catalog.expel("ada@lab.example")
