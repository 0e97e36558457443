"""Every method of the façade that somebody asks for: who may, by role and scope, and who must be there in person.

A method that takes a reader and has no line in RIGHTS fails here: nobody forgets to say who may.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.people_help import account, everything, member, open_catalog, paper_id, papers, program
from tests.scripted import Clock
from tidings.catalog import Catalog
from tidings.errors import ForbiddenError, NotFoundError, SignInError, TidingsError
from tidings.people import SCOPES, Reader, Role, role_for
from tidings.store import Store
from tidings.types import Pace, Record
from tidings.web.app import create_app

PAPER = paper_id(0)
INTEREST = {"form": "tidings interest 1", "name": "Imported"}


@dataclass(frozen=True, slots=True)
class World:
    """An archive with people in it, and the numbers of what is the reader's own and what is not."""

    catalog: Catalog
    own_shelf: int
    own_interest: int
    own_hook: int  # a subscription
    other: int  # an account
    pick: int  # a line of the log
    invitation: int
    topics: list[int]  # two of them


@dataclass(frozen=True, slots=True)
class Right:
    """What a call takes: a scope (and the role that belongs to it), and whether a program may do it."""

    scope: str
    call: Callable[[World, Reader | None], object]
    in_person: bool = False


RIGHTS = {
    "vote": Right("vote", lambda w, r: w.catalog.vote(r, PAPER)),
    "unvote": Right("vote", lambda w, r: w.catalog.unvote(r, PAPER)),
    "submit": Right("submit", lambda w, r: w.catalog.submit(r, PAPER)),
    "shelves": Right("shelves", lambda w, r: w.catalog.shelves(r)),
    "shelf": Right("shelves", lambda w, r: w.catalog.shelf(r, w.own_shelf)),
    "lab_queue": Right("shelves", lambda w, r: w.catalog.lab_queue(r)),
    "make_shelf": Right("shelves", lambda w, r: w.catalog.make_shelf(r, "New")),
    "change_shelf": Right("shelves", lambda w, r: w.catalog.change_shelf(r, w.own_shelf, name="Renamed")),
    "remove_shelf": Right("shelves", lambda w, r: w.catalog.remove_shelf(r, w.own_shelf)),
    "put": Right("shelves", lambda w, r: w.catalog.put(r, w.own_shelf, PAPER)),
    "take": Right("shelves", lambda w, r: w.catalog.take(r, w.own_shelf, PAPER)),
    "save": Right("shelves", lambda w, r: w.catalog.save(r, PAPER)),
    "shelf_to_follow": Right("feeds", lambda w, r: w.catalog.shelf_to_follow(r, w.own_shelf)),
    "feed_to_follow": Right("feeds", lambda w, r: w.catalog.feed_to_follow(r, [], limit=5)),
    "interests_to_follow": Right("feeds", lambda w, r: w.catalog.interests_to_follow(r)),
    "shelves_to_follow": Right("feeds", lambda w, r: w.catalog.shelves_to_follow(r)),
    "interests": Right("interests", lambda w, r: w.catalog.interests(r)),
    "interest": Right("interests", lambda w, r: w.catalog.interest(r, w.own_interest)),
    "examples": Right("interests", lambda w, r: w.catalog.examples(r, w.own_interest)),
    "make_interest": Right("interests", lambda w, r: w.catalog.make_interest(r, "New", words="zebras")),
    "change_interest": Right("interests", lambda w, r: w.catalog.change_interest(r, w.own_interest, words="comets")),
    "remove_interest": Right("interests", lambda w, r: w.catalog.remove_interest(r, w.own_interest)),
    "like": Right("interests", lambda w, r: w.catalog.like(r, PAPER)),
    "dismiss": Right("interests", lambda w, r: w.catalog.dismiss(r, PAPER)),
    "like_all": Right("interests", lambda w, r: w.catalog.like_all(r, [PAPER], w.own_interest)),
    "take_back": Right("interests", lambda w, r: w.catalog.take_back(r, paper_id(1))),
    "undo_last": Right("interests", lambda w, r: w.catalog.undo_last(r, w.own_interest)),
    "reset_interest": Right("interests", lambda w, r: w.catalog.reset_interest(r, w.own_interest, date.min)),
    "export_interest": Right("interests", lambda w, r: w.catalog.export_interest(r, w.own_interest)),
    "import_interest": Right("interests", lambda w, r: w.catalog.import_interest(r, INTEREST)),
    "look_again": Right("interests", lambda w, r: w.catalog.look_again(r, w.own_interest)),
    "papers_in": Right("interests", lambda w, r: w.catalog.papers_in(r, BytesIO(b"@misc{a, title={Zebras}}"))),
    "papers_by": Right("interests", lambda w, r: w.catalog.papers_by(r, "Ada Lovelace")),
    "papers_of_library": Right("admin", lambda w, r: w.catalog.papers_of_library(r)),
    "rules": Right("interests", lambda w, r: w.catalog.rules(r)),
    "mute": Right("interests", lambda w, r: w.catalog.mute(r, "word", "comet")),
    "unmute": Right("interests", lambda w, r: w.catalog.unmute(r, "word", "glaciers")),
    "follow": Right("interests", lambda w, r: w.catalog.follow(r, "Kaiming He")),
    "unfollow": Right("interests", lambda w, r: w.catalog.unfollow(r, "Ada Lovelace")),
    "mark_shown": Right("interests", lambda w, r: w.catalog.mark_shown(r, [PAPER])),
    "mark_opened": Right("interests", lambda w, r: w.catalog.mark_opened(r, PAPER)),
    "lessons": Right("admin", lambda w, r: w.catalog.lessons(r)),
    "feed": Right("interests", lambda w, r: w.catalog.feed(r)),
    "lab_feed": Right("interests", lambda w, r: w.catalog.lab_feed(r)),
    "shelf_feed": Right("interests", lambda w, r: w.catalog.shelf_feed(r, w.own_shelf)),
    "why_not": Right("interests", lambda w, r: w.catalog.why_not(r, PAPER)),
    "teach": Right("interests", lambda w, r: w.catalog.teach(r, w.own_interest)),
    "pick": Right("curate", lambda w, r: w.catalog.pick(r, paper_id(1))),
    "unpick": Right("curate", lambda w, r: w.catalog.unpick(r, PAPER)),
    "hide": Right("curate", lambda w, r: w.catalog.hide(r, PAPER, "spam")),
    "unhide": Right("curate", lambda w, r: w.catalog.unhide(r, paper_id(2))),
    "follow_topic": Right("interests", lambda w, r: w.catalog.follow_topic(r, w.topics[0])),
    "rename_topic": Right("curate", lambda w, r: w.catalog.rename_topic(r, w.topics[0], "Renamed")),
    "merge_topics": Right("curate", lambda w, r: w.catalog.merge_topics(r, w.topics[0], w.topics[1])),
    "split_topic": Right("curate", lambda w, r: w.catalog.split_topic(r, w.topics[0])),
    "offer_names": Right("curate", lambda w, r: w.catalog.offer_names(r)),
    "pin_topic": Right("curate", lambda w, r: w.catalog.pin_topic(r, w.topics[0])),
    "add_tag": Right("curate", lambda w, r: w.catalog.add_tag(r, "New")),
    "change_tag": Right("curate", lambda w, r: w.catalog.change_tag(r, "striped", description="zebras")),
    "remove_tag": Right("curate", lambda w, r: w.catalog.remove_tag(r, "striped")),
    "teach_tag": Right("curate", lambda w, r: w.catalog.teach_tag(r, "striped", PAPER, True)),
    "acts": Right("curate", lambda w, r: w.catalog.acts(r)),
    "undo": Right("curate", lambda w, r: w.catalog.undo(r, w.pick)),
    "subscribe": Right("digests", lambda w, r: w.catalog.subscribe(r, "trending", "", Pace())),
    "subscriptions": Right("digests", lambda w, r: w.catalog.subscriptions(r)),
    "own_subscription": Right("digests", lambda w, r: w.catalog.own_subscription(r, w.own_hook)),
    "hook_secret": Right("digests", lambda w, r: w.catalog.hook_secret(r, w.own_hook)),
    "suppressed": Right("admin", lambda w, r: w.catalog.suppressed(r)),
    "suppress": Right("admin", lambda w, r: w.catalog.suppress(r, "gone@lab.example", "gone")),
    "unsuppress": Right("admin", lambda w, r: w.catalog.unsuppress(r, "back@lab.example")),
    "returned": Right("admin", lambda w, r: w.catalog.returned(r)),
    "editions": Right("admin", lambda w, r: w.catalog.editions(r)),
    "last_editions": Right("admin", lambda w, r: w.catalog.last_editions(r)),
    "take_return": Right("admin", lambda w, r: w.catalog.take_return(r, "gone@lab.example", "hard", "no such user")),
    "accounts": Right("admin", lambda w, r: w.catalog.accounts(r)),
    "invite": Right("admin", lambda w, r: w.catalog.invite(r, "new@lab.example", Role.ADMIN), in_person=True),
    "withdraw_invitation": Right("admin", lambda w, r: w.catalog.withdraw_invitation(r, w.invitation), in_person=True),
    "set_role": Right("admin", lambda w, r: w.catalog.set_role(r, w.other, Role.CURATOR), in_person=True),
    "set_disabled": Right("admin", lambda w, r: w.catalog.set_disabled(r, w.other, True), in_person=True),
    "change_account": Right("read", lambda w, r: w.catalog.change_account(r, name="Renamed"), in_person=True),
    "delete_account": Right("read", lambda w, r: w.catalog.delete_account(r), in_person=True),
    "export_account": Right("read", lambda w, r: w.catalog.export_account(r), in_person=True),
    "set_password": Right("read", lambda w, r: w.catalog.set_password(r, "correct horse battery"), in_person=True),
    "sessions": Right("read", lambda w, r: w.catalog.sessions(r), in_person=True),
    "end_sessions": Right("read", lambda w, r: w.catalog.end_sessions(r), in_person=True),
    "tokens": Right("read", lambda w, r: w.catalog.tokens(r), in_person=True),
    "make_token": Right("read", lambda w, r: w.catalog.make_token(r, "script", ["read"]), in_person=True),
    "make_address_token": Right("feeds", lambda w, r: w.catalog.make_address_token(r, "reader"), in_person=True),
    "remove_token": Right("read", lambda w, r: w.catalog.remove_token(r, 1), in_person=True),
}
# Anybody may ask these: what they say of a reader they say only to that reader.
ANYBODY = {"standings", "saved", "verdicts", "sign_out"}
# What asks nobody who they are: whoever runs the command line has the whole archive in their hands anyway.
COMMAND_LINE = {"members", "add_account", "appoint", "bar", "expel", "adopt", "has_owner", "sign_in_letter"}


@pytest.fixture
def catalog(opened: Store, tmp_path: Path) -> Catalog:
    return open_catalog(opened, tmp_path, Clock(), names={"url": "http://127.0.0.1:9", "model": "none"})


def two_topics(catalog: Catalog, curator: Reader) -> list[int]:
    catalog.refit()
    catalog.split_topic(curator, catalog.topics()[0].leaves[0].topic.id)
    return [leaf.topic.id for leaf in catalog.topics()[0].leaves]


def world(catalog: Catalog, store: Store, who: Reader, *, topical: bool) -> World:
    """Make what calls are about, and give the reader a shelf and a token."""
    papers(store, 0, 1, 2)
    catalog.catch_up()
    root = member(catalog, "Root", Role.ADMIN)
    picked = catalog.pick(root, PAPER)
    catalog.add_tag(root, "striped", "zebras")
    catalog.hide(root, paper_id(2), "spam")
    catalog.invite(root, "invited@lab.example", Role.READER)
    other = account(store, "Other")
    shelf = store.shelves.add(who.account.id, "Mine", "private", None, catalog.now())
    hook = catalog.subscribe(who, "trending", "cs", Pace(), address="https://chat.example/hook", channel="webhook")
    store.subscriptions.suppress("back@lab.example", "it was full", catalog.now())
    store.proofs.add_token(who.account.id, "digest", "script", ["read"], now=catalog.now(), expires=None)
    interest = catalog.make_interest(who, "Mine", words="zebras", likes=[paper_id(1)])
    catalog.mute(who, "word", "glaciers")
    catalog.follow(who, "Ada Lovelace")
    with store.writer(catalog.now()) as writer:
        writer.write_holdings([Record("zotero", "A", "Zebras")])
    topics = two_topics(catalog, root) if topical else []
    return World(catalog, shelf.id, interest.id, hook.id, other.id, picked, catalog.accounts(root)[1][0].id, topics)


def test_every_method_that_takes_a_reader_says_here_who_may() -> None:
    methods = inspect.getmembers(Catalog, inspect.isfunction)
    taking = {name for name, method in methods if "reader" in inspect.signature(method).parameters}
    assert {name for name in taking if not name.startswith("_")} == RIGHTS.keys() | ANYBODY


def test_what_is_the_command_lines_alone_is_asked_by_no_page() -> None:
    """These ask nobody who they are, so nothing that is served may call them."""
    pages = Path(inspect.getfile(create_app)).parent
    source = "".join(file.read_text() for file in [*pages.rglob("*.py"), *pages.rglob("*.html")])
    for name in COMMAND_LINE:
        assert callable(getattr(Catalog, name))
        assert f"catalog.{name}(" not in source, name


@pytest.mark.parametrize("name", RIGHTS)
def test_who_has_the_role_and_the_scope_may_and_nobody_else(catalog: Catalog, opened: Store, name: str) -> None:
    right, least = RIGHTS[name], role_for(RIGHTS[name].scope)
    readers = {role: member(catalog, f"{role}", role) for role in Role}
    able = readers[least]
    here = world(catalog, opened, able, topical="topic" in name)
    scopes = [scope for scope in SCOPES if role_for(scope) <= least]
    fitting, every = program(catalog, able, right.scope), program(catalog, able, *scopes)
    refused = [readers[role] for role in Role if role < least]
    refused.append(program(catalog, able, *[scope for scope in scopes if scope != right.scope]))
    refused.append(replace(able, account=replace(able.account, disabled=True)))
    refused += [fitting, every] if right.in_person else []
    before = everything(opened)
    with pytest.raises(SignInError):
        right.call(here, None)
    for reader in refused:
        with pytest.raises(ForbiddenError):
            right.call(here, reader)
    assert everything(opened) == before
    right.call(here, able if right.in_person else fitting)


@pytest.mark.parametrize("number", [0, -1, 10_000, 2**31, 2**63, 10**30])
def test_a_number_that_nothing_has_is_not_found_whoever_asks(store: Store, tmp_path: Path, number: int) -> None:
    catalog = open_catalog(store, tmp_path, Clock())
    admin = member(catalog, "Ada", Role.ADMIN)
    papers(store, 0)
    calls: list[Callable[[], Any]] = [
        lambda: catalog.shelf(admin, number),
        lambda: catalog.change_shelf(admin, number, name="x"),
        lambda: catalog.remove_shelf(admin, number),
        lambda: catalog.put(admin, number, PAPER),
        lambda: catalog.take(admin, number, PAPER),
        lambda: catalog.undo(admin, number),
        lambda: catalog.interest(admin, number),
        lambda: catalog.interest(admin, str(number)),
        lambda: catalog.change_interest(admin, number, name="x"),
        lambda: catalog.like(admin, PAPER, number),
        lambda: catalog.feed(admin, [number]),
        lambda: catalog.shelf_feed(admin, number),
        lambda: catalog.like(admin, f"paper:{number}"),
        lambda: catalog.set_role(admin, number, Role.READER),
        lambda: catalog.set_disabled(admin, number, True),
        lambda: catalog.withdraw_invitation(admin, number),
        lambda: catalog.remove_token(admin, number),
        lambda: catalog.vote(admin, f"paper:{number}"),
        lambda: catalog.pick(admin, f"paper:{number}"),
        lambda: catalog.topic(number),
        lambda: catalog.topic_papers(str(number)),
        lambda: catalog.rename_topic(admin, number, "x"),
    ]
    before = everything(store)
    for call in calls:
        with pytest.raises(NotFoundError):
            call()
    assert everything(store) == before


def test_nobody_becomes_more_by_what_they_may_do_themselves(catalog: Catalog, opened: Store) -> None:
    curator = member(catalog, "Bob", Role.CURATOR)
    here = world(catalog, opened, curator, topical=True)
    script = program(catalog, curator, "read", "vote", "shelves", "submit", "curate")
    for name, right in RIGHTS.items():
        for reader in (script, curator) if name != "delete_account" else (script,):
            with suppress(TidingsError):
                right.call(here, reader)
    roles = {each.name: each.role for each in opened.accounts.all()}
    assert roles == {"Renamed": Role.CURATOR, "Root": Role.ADMIN, "Other": Role.READER}
