"""Many editions are decided by processes of their own, and it makes no difference to anybody."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.people_help import member
from tests.post_help import ADA, BOB, EVE, Post, post, record
from tidings.catalog import Catalog
from tidings.digest import makers
from tidings.digest.choosing import Editor
from tidings.digest.making import Found, decided
from tidings.errors import StoreError
from tidings.store import Store
from tidings.types import Pace, Subscription


@pytest.fixture
def office(opened: Store, tmp_path: Path) -> Iterator[Post]:
    with post(opened, tmp_path) as made:
        made.papers(*(record(number) for number in range(1, 13)))
        ada = member(made.catalog, "Ada")
        made.catalog.make_interest(ada, "Mine", query="category:cs.CL")
        made.catalog.subscribe(ada, "feed", "", Pace(most=3))
        made.subscribe(BOB, "search", "kernel", most=2)
        made.subscribe(EVE, most=3)
        yield made


def told(office: Post) -> dict[str, list[str]]:
    return {address: office.told(address) for address in (ADA, BOB, EVE)}


def test_what_makers_decide_is_what_would_be_decided_here(office: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    here = makers.decided_of_all(office.catalog, iter([[]]))
    assert list(here) == [[]]
    office.clock.at = office.clock.at.replace(hour=8)
    due = office.catalog.due_subscriptions(100)
    [expected] = makers.decided_of_all(office.catalog, iter([due]))
    monkeypatch.setattr(makers, "ALONE", 0)
    found = list(makers.decided_of_all(office.catalog, iter([[each] for each in due])))
    assert [one for batch in found for one in batch] == expected
    assert office.run().sent == 3
    assert all(told(office).values())


def test_a_maker_that_dies_takes_nobodys_edition_along(office: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(makers, "ALONE", 0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert office.morning(0).sent == 3


def test_what_keeps_a_maker_from_its_work_is_said(office: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(makers, "ALONE", 0)
    monkeypatch.setattr(makers._Maker, "ask", lost)
    with pytest.raises(StoreError, match="the disk is gone"):
        office.morning(0)


def test_two_editions_to_one_address_tell_nothing_twice_though_decided_at_once(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.subscribe(EVE, "search", "category:cs.CL", most=3)
    monkeypatch.setattr("tidings.digest.sending.TOGETHER", 1)
    monkeypatch.setattr("tidings.digest.sending.decided_of_all", all_at_once)
    assert office.morning(0).sent == 4
    titles = office.told(EVE)
    assert len(titles) == len(set(titles)) >= 5


def all_at_once(catalog: Catalog, batches: Iterator[list[Subscription]]) -> list[list[Found]]:
    """Decide every batch before anything is written, as makers may."""
    return [list(decided(catalog, Editor(catalog), batch)) for batch in batches]
