"""Days and times in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tidings.moments import at, away, in_words, short, weekday

NOW = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)


def test_days_are_written_as_people_write_them() -> None:
    assert in_words(date(2021, 6, 17)) == "17 Jun 2021"
    assert weekday(date(2025, 3, 20)) == "Thursday, 20 March 2025"


def test_a_time_is_one_of_utc_and_says_its_year_only_from_afar() -> None:
    new_york = timezone(-timedelta(hours=5))
    assert at(datetime(2026, 11, 22, 0, 10, tzinfo=new_york), NOW) == "Sun 22 Nov 05:10 UTC"
    assert short(datetime(2026, 11, 22, 0, 10, tzinfo=new_york), NOW) == "22 Nov 05:10"
    assert at(datetime(2025, 1, 1, 12, tzinfo=UTC), NOW) == "Wed 1 Jan 2025 12:00 UTC"


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "in 1 min"),
        (timedelta(minutes=59, seconds=59), "in 59 min"),
        (timedelta(hours=3, minutes=59), "in 3 h"),
        (timedelta(days=2, hours=23), "in 2 d"),
        (-timedelta(seconds=59), "now"),
        (-timedelta(minutes=61), "1 h ago"),
        (-timedelta(days=400), "400 d ago"),
    ],
)
def test_how_far_a_time_is(distance: timedelta, said: str) -> None:
    assert away(NOW + distance, NOW) == said
