"""Nobody is told a paper twice, whatever becomes of it; and readers who are looked up together stay apart."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.people_help import member, signed_in
from tests.post_help import ADA, BOB, DAY, EVE, TODAY, Post, post, record, text, titles
from tests.test_sync import take
from tidings.people import Role
from tidings.store import Store
from tidings.store.tables import interest, subscription
from tidings.sync import Tally, take_batch
from tidings.types import Pace, Record, Version


@pytest.fixture
def office(opened: Store, tmp_path: Path) -> Iterator[Post]:
    with post(opened, tmp_path) as made:
        made.papers(*(record(number) for number in range(1, 7)))
        yield made


def of_one(change: str) -> Record:
    """Return paper 1 as it comes again the next day."""
    first = record(1)
    again = {
        "a new version": record(1, announced=TODAY + DAY, versions=(Version(1, TODAY), Version(2, TODAY + DAY))),
        "a cross-list": record(1, announced=TODAY + DAY, categories=("cs.CL", "stat.ML")),
        "another name": record(
            90, TODAY + DAY, title=first.title, abstract=first.abstract, ids=("doi:10.1000/one", *first.ids)
        ),
    }
    return again[change]


@pytest.mark.parametrize("change", ["a new version", "a cross-list", "another name"])
def test_what_was_told_is_not_told_again_for(office: Post, change: str) -> None:
    office.subscribe(kind="search", subject="category:cs.CL", most=20)
    office.morning(0)
    assert set(office.told()) == titles(range(1, 7))
    office.papers(of_one(change), record(50, TODAY + DAY))
    office.morning()
    assert office.told().count(record(1).title) == 1
    assert record(50).title in office.told()


def test_two_that_were_told_and_are_one_are_told_by_neither_name(office: Post, opened: Store) -> None:
    office.subscribe(kind="search", subject="category:cs.CL", most=20)
    office.morning(0)
    office.papers(record(1, TODAY + DAY, ids=("arxiv:2603.00001", "arxiv:2603.00002")), record(50, TODAY + DAY))
    assert opened.find("arxiv:2603.00001") == opened.find("arxiv:2603.00002")
    office.morning()
    new = [title for title in office.told() if title not in titles(range(1, 7))]
    assert new == [record(50).title]
    assert all(office.told().count(title) <= 1 for title in titles([1, 2]))


def test_two_that_become_one_between_making_and_sending_are_told_once(office: Post, opened: Store) -> None:
    office.subscribe(kind="search", subject="category:cs.CL", most=20)
    office.inbox.manners[ADA] = ["RCPT 451 later"]
    office.morning(0)
    office.papers(record(1, ids=("arxiv:2603.00001", "arxiv:2603.00002")))
    office.clock.at += timedelta(hours=1)
    assert office.run().sent == 1
    told = office.told()
    assert len(told) == len(set(told)) == 5
    office.morning()
    assert len(office.inbox.raw) == 1, "nothing of it is news again"


# --- many at once ---


@pytest.fixture
def lab(office: Post) -> Post:
    """Ada and Bob, each with all of cs.CL; both are told by mail."""
    for name, muted in (("Ada", None), ("Bob", record(2).title.split()[0])):
        reader = member(office.catalog, name)
        office.catalog.make_interest(reader, "Mine", query="category:cs.CL")
        office.catalog.make_interest(reader, "Other", words="volcanoes")
        office.catalog.subscribe(reader, "feed", "", Pace(most=12))
        if muted:
            office.catalog.mute(reader, "word", muted)
    return office


def test_what_one_mutes_or_likes_is_told_to_the_others(lab: Post) -> None:
    ada = signed_in(lab.catalog, "Ada")
    lab.catalog.like(ada, "arxiv:2603.00003", "Other")
    assert lab.morning(0).sent == 2
    assert record(2).title in lab.told(ADA) and record(3).title not in lab.told(ADA)
    assert record(2).title not in lab.told(BOB) and record(3).title in lab.told(BOB)


def test_a_new_version_is_told_to_those_who_like_the_paper_and_once(lab: Post, opened: Store) -> None:
    take(opened, record(1, versions=(Version(1, TODAY),)))
    bob = signed_in(lab.catalog, "Bob")
    lab.catalog.like(bob, "arxiv:2603.00001", "Other")
    lab.morning(0)
    lab.clock.at += timedelta(hours=1)
    changed = record(1, title="A Better Title", versions=(Version(1, TODAY), Version(2, TODAY + DAY)))
    take_batch(opened, [changed], lab.clock.at, Tally())
    lab.papers(record(50, TODAY + DAY))
    lab.morning()
    by_reader = {message["To"]: " ".join(text(message).split()) for message in lab.inbox.messages[2:]}
    assert "A Better Title (was: " in by_reader[BOB]
    assert "A Better Title" not in by_reader[ADA]
    lab.papers(record(51, TODAY + 2 * DAY))
    lab.morning()
    assert all("A Better Title" not in text(message) for message in lab.inbox.messages[4:])


def test_one_whose_query_cannot_be_read_any_more_ends_alone(lab: Post, opened: Store) -> None:
    with opened.engine.begin() as connection:
        first = connection.scalar(sa.select(sa.func.min(interest.c.id)))
        connection.execute(sa.update(interest).where(interest.c.id == first).values(query="nowhere:(("))
    report = lab.morning(0)
    assert (report.sent, report.stopped) == (1, 1)
    assert lab.inbox.readers == [BOB]


def test_who_may_not_come_in_is_told_nothing_and_the_others_are(lab: Post) -> None:
    member(lab.catalog, "Root", Role.ADMIN)
    lab.catalog.bar(ADA, True)
    assert lab.morning(0).sent == 1
    assert lab.inbox.readers == [BOB]


def test_the_secret_of_a_hook_and_its_address_stand_in_no_log(
    office: Post, opened: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = "https://127.0.0.1:1/hooks/nobody-may-know-this"
    made = office.catalog.add_subscription(url, "trending", "", Pace(), channel="webhook")
    office.subscribe(EVE)
    office.morning(0)
    with opened.engine.connect() as connection:
        secret = connection.scalar(sa.select(subscription.c.secret).where(subscription.c.id == made.id))
    assert secret
    said = caplog.text + repr(office.catalog.link_subscription(made.id)) + repr(office.catalog.unsettled_editions())
    assert secret not in said
    assert "nobody-may-know-this" not in caplog.text
