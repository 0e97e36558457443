"""When a paper was first listed, if no feed said so."""

from __future__ import annotations

from datetime import date

import pytest

from tidings.sources.arxiv.listing import first_listing
from tidings.sources.formats.arxiv_oai import Described
from tidings.types import Record, Version


def listing(key: str, submitted: str, stamp: date | None, versions: int = 1) -> date | None:
    record = Record("arxiv", key, "A title", versions=tuple(Version(number) for number in range(1, versions + 1)))
    return first_listing(Described(record, stamp, submitted))


TUESDAY = "Tue, 03 Mar 2026 12:00:00 GMT"  # in time for Wednesday, 4 March


def test_a_paper_is_listed_by_the_schedule_of_its_submission() -> None:
    assert listing("2603.00001", TUESDAY, date(2026, 3, 4)) == date(2026, 3, 4)
    assert listing("2603.00001", TUESDAY, None) == date(2026, 3, 4)
    assert listing("2603.00001", "Tue, 03 Mar 2026 19:00:00 GMT", date(2026, 3, 5)) == date(2026, 3, 5)


def test_none_is_listed_before_the_month_of_its_id() -> None:
    """Submitted in February and held until March, then replaced, so that no datestamp tells."""
    assert listing("2603.00001", "Tue, 10 Feb 2026 12:00:00 GMT", date(2026, 3, 20), versions=2) == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("stamp", "versions", "listed"),
    [
        (date(2026, 3, 12), 1, date(2026, 3, 12)),  # held until then
        (date(2026, 4, 1), 1, date(2026, 4, 1)),  # the last announcement that gives out ids of March
        (date(2026, 4, 2), 1, date(2026, 3, 4)),  # ids are of April by then: its metadata was changed
        (date(2026, 3, 14), 1, date(2026, 3, 4)),  # a Saturday: nothing is announced
        (date(2026, 3, 12), 2, date(2026, 3, 4)),  # the stamp is that of its second version
        (date(2026, 3, 3), 1, date(2026, 3, 4)),
    ],
)
def test_a_later_change_tells_that_it_was_held_only_where_it_can(stamp: date, versions: int, listed: date) -> None:
    assert listing("2603.00001", TUESDAY, stamp, versions) == listed


@pytest.mark.parametrize("submitted", ["", "soon", "3 Mar 2026", "Fri, 30 Dec 2016 12:00:00 GMT"])
def test_nobody_can_tell_without_the_time_of_submission_or_before_the_present_schedule(submitted: str) -> None:
    assert listing("1701.00001", submitted, date(2026, 3, 4)) is None
