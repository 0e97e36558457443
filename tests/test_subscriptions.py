"""Subscribing: who may, what waits for whose word, what can be changed, and that leaving is for ever and at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.people_help import account, everything, member
from tests.scripted import START, Clock
from tidings.catalog import Catalog
from tidings.catalog.subscribing import MOST_SUBSCRIPTIONS
from tidings.errors import (
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    QueryError,
    TooManyError,
)
from tidings.people import Role
from tidings.store import Store
from tidings.types import Pace

ADA, BOB, STRANGER = "ada@lab.example", "bob@lab.example", "eve@elsewhere.example"
DAY = timedelta(days=1)
NETWORK = "192.0.2.7"


def ask(catalog: Catalog, address: str = STRANGER, kind: str = "trending", subject: str = "", **pace: Any) -> Any:
    return catalog.ask_subscription(address, kind, subject, Pace(**pace), network=NETWORK)


# --- members ---


def test_a_member_is_subscribed_at_once_at_the_hour_of_ones_own_clocks(catalog: Catalog) -> None:
    ada = member(catalog, "Ada")
    made = catalog.subscribe(ada, "trending", "cs.CL", Pace(zone="Asia/Tokyo", hour=8))
    assert (made.state, made.address, made.name) == ("active", ADA, "Trending in cs.CL")
    assert made.due == datetime(2026, 3, 2, 23, tzinfo=UTC), "eight o'clock in Tokyo"
    assert made.covered == datetime(2026, 3, 1, 23, tzinfo=UTC), "the first edition covers a day, as the others do"
    assert catalog.subscriptions(ada) == [made]


def test_a_member_cannot_subscribe_somebody_else_but_an_administrator_can(catalog: Catalog) -> None:
    ada, root = member(catalog, "Ada"), member(catalog, "Root", Role.ADMIN)
    bob = member(catalog, "Bob")
    with pytest.raises(ForbiddenError):
        catalog.subscribe(ada, "trending", "", Pace(), address=BOB)
    made = catalog.subscribe(root, "trending", "", Pace(), address=BOB)
    assert (made.state, made.account_id) == ("active", bob.account.id)
    assert catalog.subscribe(root, "trending", "", Pace(), address=STRANGER).account_id is None


def test_subscribing_to_the_same_again_changes_how_it_comes(catalog: Catalog) -> None:
    ada = member(catalog, "Ada")
    first = catalog.subscribe(ada, "trending", "", Pace(hour=8))
    second = catalog.subscribe(ada, "trending", "", Pace(hour=9, most=3))
    assert (second.id, second.hour, second.most) == (first.id, 9, 3)
    assert catalog.subscribe(ada, "trending", "cs", Pace()).id != first.id


def test_nobody_sees_or_holds_what_is_anothers(catalog: Catalog) -> None:
    ada, bob, root = member(catalog, "Ada"), member(catalog, "Bob"), member(catalog, "Root", Role.ADMIN)
    made = catalog.subscribe(ada, "trending", "", Pace())
    with pytest.raises(NotFoundError):
        catalog.own_subscription(bob, made.id)
    assert catalog.own_subscription(root, made.id) == made
    assert catalog.subscriptions(bob) == []


def test_what_a_member_alone_has_is_told_to_that_member_alone(catalog: Catalog, opened: Store) -> None:
    ada, bob = member(catalog, "Ada"), member(catalog, "Bob")
    mine = catalog.make_shelf(ada, "Mine")
    shown = catalog.make_shelf(ada, "Ours", "lab")
    assert catalog.subscribe(ada, "shelf", str(mine.id), Pace()).name == "Mine"
    with pytest.raises(NotFoundError):
        catalog.subscribe(bob, "shelf", str(mine.id), Pace())
    assert catalog.subscribe(bob, "shelf", str(shown.id), Pace()).subject == str(shown.id)
    with pytest.raises(NotFoundError):
        catalog.subscribe(bob, "interest", "1", Pace())
    assert catalog.subscribe(bob, "feed", "", Pace()).name == "Your feed"


def test_a_shelf_that_is_shown_by_a_link_is_told_to_whoever_has_the_link(catalog: Catalog) -> None:
    ada = member(catalog, "Ada")
    shelf = catalog.make_shelf(ada, "Open", "link")
    assert shelf.key is not None
    assert ask(catalog, kind="shelf", subject=shelf.key).subject == str(shelf.id)
    with pytest.raises(NotFoundError):
        ask(catalog, kind="shelf", subject=str(shelf.id))


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("trending", "no category!"),
        ("search", ""),
        ("search", "x" * 600),
        ("everything", ""),
        ("interest", "mine"),
    ],
)
def test_what_is_nothing_cannot_be_followed(catalog: Catalog, kind: str, subject: str) -> None:
    with pytest.raises(InputError):
        catalog.subscribe(member(catalog, "Ada"), kind, subject, Pace())


def test_a_query_that_cannot_be_read_is_refused_as_in_a_search(catalog: Catalog) -> None:
    with pytest.raises(QueryError):
        catalog.subscribe(member(catalog, "Ada"), "search", "colour:blue", Pace())


@pytest.mark.parametrize(
    "pace",
    [
        {"cadence": "hourly"},
        {"cadence": "weekly"},
        {"weekday": 3},
        {"cadence": "weekly", "weekday": 7},
        {"hour": 24},
        {"hour": -1},
        {"zone": "Mars/Olympus"},
        {"zone": "../../etc/passwd"},
        {"most": 0},
        {"most": 1000},
        {"minutes": 0},
        {"when_empty": "shout"},
    ],
)
def test_a_pace_that_makes_no_sense_is_refused_and_nothing_is_kept(
    catalog: Catalog, opened: Store, pace: dict[str, Any]
) -> None:
    ada = member(catalog, "Ada")
    before = everything(opened)
    with pytest.raises(InputError):
        catalog.subscribe(ada, "trending", "", Pace(**pace))
    with pytest.raises(InputError):
        ask(catalog, **pace)
    assert everything(opened) == before


def test_one_account_has_so_many_subscriptions_and_no_more(catalog: Catalog) -> None:
    ada = member(catalog, "Ada")
    for number in range(MOST_SUBSCRIPTIONS):
        catalog.subscribe(ada, "search", f"kernel {number}", Pace())
    with pytest.raises(ConflictError):
        catalog.subscribe(ada, "trending", "", Pace())
    catalog.leave(catalog.subscriptions(ada)[0].id)
    catalog.subscribe(ada, "trending", "", Pace())


def test_a_hook_has_a_secret_and_a_mail_has_none(catalog: Catalog) -> None:
    ada = member(catalog, "Ada")
    hook = catalog.subscribe(ada, "trending", "", Pace(), address="https://chat.example/h/1", channel="webhook")
    assert len(catalog.hook_secret(ada, hook.id)) > 20
    mail = catalog.subscribe(ada, "trending", "", Pace())
    with pytest.raises(InputError):
        catalog.hook_secret(ada, mail.id)


@pytest.mark.parametrize(
    "url",
    ["chat.example", "ftp://chat.example/x", "https://", "https://user@chat.example/", "https://a b", "javascript:1"],
)
def test_what_is_no_address_of_a_hook_is_refused(catalog: Catalog, url: str) -> None:
    with pytest.raises(InputError):
        catalog.subscribe(member(catalog, "Ada"), "trending", "", Pace(), address=url, channel="webhook")


# --- strangers ---


def test_a_stranger_waits_until_the_address_is_confirmed(catalog: Catalog, clock: Clock) -> None:
    asked = ask(catalog, kind="search", subject="zebras", hour=9)
    assert (asked.state, asked.due, asked.account_id) == ("waiting", None, None)
    clock.at += timedelta(hours=4)  # ten o'clock
    made = catalog.confirm_subscription(catalog.link_subscription(asked.id))
    assert (made.state, made.confirmed) == ("active", clock.at)
    assert made.due == START.replace(hour=9) + DAY
    assert catalog.confirm_subscription(made) == made, "a button may be pressed twice"


def test_an_address_that_has_not_confirmed_gets_one_mail_a_day_whoever_asks(catalog: Catalog, clock: Clock) -> None:
    assert ask(catalog) is not None
    assert ask(catalog) is None
    assert ask(catalog, kind="search", subject="zebras") is None, "nor for anything else"
    assert catalog.ask_subscription(STRANGER, "trending", "", Pace(), network="198.51.100.9") is None
    clock.at += DAY
    again = ask(catalog, hour=12)
    assert (again.id, again.hour, again.state) == (1, 12, "waiting")


def test_who_has_it_already_gets_no_mail_and_whoever_asks_does_not_learn_that(catalog: Catalog, clock: Clock) -> None:
    member(catalog, "Ada")
    known = catalog.add_subscription(ADA, "trending", "", Pace())
    assert ask(catalog, ADA) is None
    assert catalog.link_subscription(known.id) == known, "a stranger changes nothing of it"


def test_asking_too_often_is_refused_the_same_for_every_address(catalog: Catalog) -> None:
    catalog.add_subscription(ADA, "trending", "", Pace())
    for address in (ADA, STRANGER):
        for _ in range(5):
            ask(catalog, address)
        with pytest.raises(TooManyError):
            ask(catalog, address)


def test_a_network_asks_for_so_many_addresses_and_no_more(catalog: Catalog) -> None:
    for number in range(50):
        ask(catalog, f"a{number}@elsewhere.example")
    with pytest.raises(TooManyError):
        ask(catalog, "another@elsewhere.example")
    assert catalog.ask_subscription("x@y.example", "trending", "", Pace(), network="198.51.100.9") is not None


@pytest.mark.parametrize("kind", ["interest", "feed"])
def test_a_stranger_has_no_feed(catalog: Catalog, kind: str) -> None:
    with pytest.raises(InputError):
        ask(catalog, kind=kind)


@pytest.mark.parametrize("address", ["nobody", "a@b", "a@b.example\r\nBcc: x@y.example", "a@b.example,x@y.example", ""])
def test_what_is_no_address_is_refused(catalog: Catalog, address: str) -> None:
    with pytest.raises(InputError):
        ask(catalog, address)


# --- changing, pausing, leaving ---


def test_a_change_of_hour_holds_from_the_next_edition(catalog: Catalog, clock: Clock) -> None:
    made = catalog.add_subscription(ADA, "trending", "", Pace(hour=7))
    changed = catalog.change_subscription(made, replace(made.pace, hour=20, zone="Europe/Paris"))
    assert changed.due == datetime(2026, 3, 2, 19, tzinfo=UTC)
    weekly = catalog.change_subscription(changed, replace(changed.pace, cadence="weekly", weekday=4))
    assert weekly.due == datetime(2026, 3, 6, 19, tzinfo=UTC)
    assert weekly.covered == made.covered


def test_who_pauses_without_an_end_is_due_nothing_until_it_is_taken_up_again(catalog: Catalog, clock: Clock) -> None:
    made = catalog.add_subscription(ADA, "trending", "", Pace())
    paused = catalog.pause_subscription(made)
    assert (paused.state, paused.due, paused.resumes) == ("paused", None, None)
    assert catalog.change_subscription(paused, replace(paused.pace, hour=9)).due is None
    clock.at += 30 * DAY
    resumed = catalog.resume_subscription(catalog.link_subscription(made.id))
    assert resumed.state == "active"
    assert resumed.due == START.replace(hour=9) + 30 * DAY
    assert resumed.covered == made.covered, "what came meanwhile is told in short"


def test_a_pause_with_an_end_is_due_at_the_first_hour_after_it(catalog: Catalog, clock: Clock) -> None:
    made = catalog.add_subscription(ADA, "trending", "", Pace())
    paused = catalog.pause_subscription(made, clock.at + 3 * DAY)
    assert paused.due == START.replace(hour=7) + 3 * DAY
    exactly = catalog.pause_subscription(made, START.replace(hour=7) + 5 * DAY)
    assert exactly.due == START.replace(hour=7) + 5 * DAY
    with pytest.raises(InputError):
        catalog.pause_subscription(made, clock.at)


def test_leaving_is_at_once_for_ever_and_as_often_as_one_likes(catalog: Catalog, clock: Clock) -> None:
    made = catalog.add_subscription(ADA, "trending", "", Pace())
    for _ in range(3):
        catalog.leave(made.id)
    assert catalog.link_subscription(made.id).state == "left"
    clock.at += 900 * DAY
    catalog.leave(made.id)
    catalog.leave(10_000)
    for act in (catalog.pause_subscription, catalog.resume_subscription, catalog.confirm_subscription):
        with pytest.raises(ConflictError):
            act(catalog.link_subscription(made.id))
    assert catalog.add_subscription(ADA, "trending", "", Pace()).id != made.id


def test_leaving_what_waits_for_a_word_ends_it_too(catalog: Catalog) -> None:
    asked = ask(catalog)
    catalog.leave(asked.id)
    with pytest.raises(ConflictError):
        catalog.confirm_subscription(catalog.link_subscription(asked.id))


def test_who_deletes_the_account_is_told_nothing_any_more_and_old_links_still_work(
    catalog: Catalog, opened: Store
) -> None:
    member(catalog, "Root", Role.ADMIN)
    made = catalog.subscribe(member(catalog, "Ada"), "trending", "", Pace())
    catalog.expel(ADA)
    with pytest.raises(NotFoundError):
        catalog.link_subscription(made.id)
    catalog.leave(made.id)
    assert ADA not in everything(opened)


def test_who_is_kept_out_gets_no_mail_meanwhile(catalog: Catalog, opened: Store) -> None:
    def may_be_told() -> bool:
        return catalog.may_be_told(made, catalog.look_up([made], catalog.now()))

    member(catalog, "Root", Role.ADMIN)
    ada = account(opened, "Ada")
    made = catalog.add_subscription(ADA, "trending", "", Pace())
    assert may_be_told()
    catalog.bar(ADA, True)
    assert not may_be_told()
    catalog.bar(ADA, False)
    assert may_be_told()
    assert made.account_id == ada.id


# --- addresses that get no mail ---


def test_one_hard_bounce_or_one_complaint_ends_everything_at_an_address(catalog: Catalog) -> None:
    for address, kind in ((ADA, "hard"), (BOB, "complaint")):
        made = [catalog.add_subscription(address, "trending", subject, Pace()) for subject in ("", "cs")]
        assert catalog.note_return(address, kind, "5.1.1") is not None
        assert [catalog.link_subscription(each.id).state for each in made] == ["stopped", "stopped"]


def test_soft_ones_end_it_when_there_are_many_in_some_days(catalog: Catalog, clock: Clock) -> None:
    catalog.add_subscription(ADA, "trending", "", Pace())
    for _ in range(10):
        assert catalog.note_return(ADA, "soft", "full") is None
        clock.at += 4 * DAY  # never five in fourteen days
    for _ in range(2):
        clock.at += timedelta(hours=1)
        ended = catalog.note_return(ADA, "soft", "full")
    assert ended is not None


def test_what_is_suppressed_stays_so_whoever_subscribes_it(catalog: Catalog) -> None:
    ada, root = member(catalog, "Ada"), member(catalog, "Root", Role.ADMIN)
    waiting = ask(catalog, BOB)
    catalog.note_return(ADA, "hard", "5.1.1")
    catalog.suppress(root, BOB, "asked by telephone")
    assert ask(catalog, BOB) is None
    with pytest.raises(ConflictError):
        catalog.subscribe(ada, "trending", "", Pace())
    with pytest.raises(ConflictError):
        catalog.add_subscription(ADA, "trending", "", Pace())
    with pytest.raises(ConflictError):
        catalog.confirm_subscription(catalog.link_subscription(waiting.id))
    assert {each.address for each in catalog.suppressed(root)} == {ADA, BOB}
    catalog.unsuppress(root, ADA)
    assert catalog.subscribe(ada, "trending", "", Pace()).state == "active"
    with pytest.raises(NotFoundError):
        catalog.unsuppress(root, ADA)


def test_a_service_tells_what_came_back_by_a_call(catalog: Catalog) -> None:
    root = member(catalog, "Root", Role.ADMIN)
    catalog.add_subscription(ADA, "trending", "", Pace())
    assert catalog.take_return(root, ADA, "hard", "no such user") is not None
    assert [(each.address, each.kind) for each in catalog.returned(root)] == [(ADA, "hard")]
    with pytest.raises(InputError):
        catalog.take_return(root, ADA, "strange", "")
