"""When arXiv announces what: weekends, holidays, and both ends of daylight saving time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from tidings.sources.arxiv import calendar
from tidings.sources.arxiv.calendar import NEW_YORK


def new_york(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


# The table of https://info.arxiv.org/help/availability.html, in a week without holidays: 2 March 2026 is a Monday.
@pytest.mark.parametrize(
    ("submitted", "announced"),
    [
        (new_york(2026, 3, 2, 14), date(2026, 3, 4)),
        (new_york(2026, 3, 3, 13, 59), date(2026, 3, 4)),
        (new_york(2026, 3, 3, 14), date(2026, 3, 5)),
        (new_york(2026, 3, 4, 14), date(2026, 3, 6)),
        (new_york(2026, 3, 5, 13, 59), date(2026, 3, 6)),
        (new_york(2026, 3, 5, 14), date(2026, 3, 9)),  # announced on Sunday evening
        (new_york(2026, 3, 6, 13, 59), date(2026, 3, 9)),
        (new_york(2026, 3, 6, 14), date(2026, 3, 10)),  # on Monday evening
        (new_york(2026, 3, 7, 12), date(2026, 3, 10)),
        (new_york(2026, 3, 9, 13, 59), date(2026, 3, 10)),
    ],
)
def test_a_submission_is_announced_as_the_table_says(submitted: datetime, announced: date) -> None:
    assert calendar.announcement_of(submitted) == announced


def test_there_are_announcements_of_monday_to_friday() -> None:
    days = calendar.announcement_days(date(2026, 3, 1), date(2026, 3, 15))
    assert days == [date(2026, 3, day) for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13)]


@pytest.mark.parametrize(
    ("holiday", "without"),
    [
        (date(2025, 6, 19), date(2025, 6, 20)),  # Thursday: seen in the listings of 2025
        (date(2025, 9, 1), date(2025, 9, 2)),  # Monday: seen
        (date(2025, 7, 4), date(2025, 7, 7)),  # Friday: what would close then, closes on Monday: seen
        (date(2026, 6, 19), date(2026, 6, 22)),  # Friday
        (date(2026, 11, 26), date(2026, 11, 27)),  # Thanksgiving
    ],
)
def test_after_a_holiday_there_is_no_announcement(holiday: date, without: date) -> None:
    assert not calendar.is_announcement_day(without)
    on_the_morning = datetime.combine(holiday, time(9), NEW_YORK)
    assert calendar.announcement_of(on_the_morning) > without


def test_what_is_submitted_before_a_holiday_on_monday_is_announced_on_tuesday_evening() -> None:
    """As arXiv's blog said for Monday, 19 January 2026: from Friday 14:00 to Tuesday 14:00, announced on Tuesday."""
    assert calendar.announcement_of(new_york(2026, 1, 16, 14)) == date(2026, 1, 21)
    assert calendar.announcement_of(new_york(2026, 1, 20, 13, 59)) == date(2026, 1, 21)
    assert calendar.announcement_of(new_york(2026, 1, 16, 13, 59)) == date(2026, 1, 19)


def test_the_turn_of_the_year_has_its_holidays() -> None:
    days = calendar.announcement_days(date(2025, 12, 22), date(2026, 1, 5))
    assert [day.isoformat()[5:] for day in days] == ["12-23", "12-24", "12-25", "12-29", "12-30", "01-01", "01-05"]


def test_holidays_of_a_year_that_is_not_in_the_table_are_unknown_and_only_weekends_count() -> None:
    assert all(calendar.holidays_known(year) for year in range(2017, 2027))
    assert not calendar.holidays_known(2031)
    assert calendar.is_announcement_day(date(2031, 12, 26))  # a Friday
    assert not calendar.is_announcement_day(date(2031, 12, 27))


def test_every_holiday_stands_under_its_year() -> None:
    for year, days in calendar._holidays().items():
        assert days and {day.year for day in days} == {year}


@pytest.mark.parametrize("sunday", [date(2026, 3, 8), date(2026, 11, 1)])  # clocks go forward, and back
def test_a_day_begins_at_midnight_in_new_york_at_both_ends_of_daylight_saving_time(sunday: date) -> None:
    friday, monday = sunday - timedelta(days=2), sunday + timedelta(days=1)
    before, after = calendar.midnight(friday), calendar.midnight(monday)
    hours = {date(2026, 3, 8): 71, date(2026, 11, 1): 73}[sunday]
    assert (after.astimezone(UTC) - before.astimezone(UTC)) == timedelta(hours=hours)
    assert calendar.newest_out(after - timedelta(seconds=1)) == friday
    assert calendar.newest_out(after) == monday
    assert calendar.announcement_of(after + timedelta(hours=14, minutes=-1)) == sunday + timedelta(days=2)
    assert calendar.announcement_of(after + timedelta(hours=14)) == sunday + timedelta(days=3)


def test_the_next_announcement_is_never_the_present_one() -> None:
    assert calendar.next_announcement(new_york(2026, 11, 21, 5)) == date(2026, 11, 23)
    assert calendar.next_announcement(new_york(2026, 11, 23)) == date(2026, 11, 24)
    assert calendar.next_announcement(new_york(2026, 11, 26, 12)) == date(2026, 11, 30)


def test_an_evening_in_new_york_is_the_next_day_in_utc_and_still_the_same_day_there() -> None:
    assert calendar.today(datetime(2026, 3, 5, 3, tzinfo=UTC)) == date(2026, 3, 4)


# The ids of the first announcements of months, as listed: 2026-02-02 has 2601, 2025-08-04 has 2508.
@pytest.mark.parametrize(
    ("month", "first", "last"),
    [
        ((2026, 1), date(2026, 1, 5), date(2026, 2, 2)),
        ((2025, 8), date(2025, 8, 4), date(2025, 9, 1)),
        ((2025, 7), date(2025, 7, 2), date(2025, 8, 1)),
        ((2026, 2), date(2026, 2, 3), date(2026, 3, 2)),
        ((2025, 12), date(2025, 12, 2), date(2026, 1, 1)),
    ],
)
def test_ids_of_a_month_are_given_out_by_its_deadlines(month: tuple[int, int], first: date, last: date) -> None:
    assert calendar.announcements_of_month(*month) == (first, last)
