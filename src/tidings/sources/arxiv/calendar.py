"""When arXiv announces what: its schedule in New York's time, and its holidays as data.

A day of announcements is named as its feed and its listing are: submissions close at 14:00 on a workday, are made
public at 20:00 of that evening (what closed on Friday, on Sunday evening), and the day after is theirs. So there are
announcements of Monday to Friday, and none of Saturday and Sunday. On a holiday nothing closes and nothing is made
public, so the day after it has no announcements; after a holiday on Friday, it is the Monday that has none.

The rules are those of https://info.arxiv.org/help/availability.html, to the letter of arXiv's own code
(arxiv/schedule in github.com/arXiv/arxiv-base). The calendar explains and estimates; it never keeps anybody from
asking: a day that it does not expect is taken all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec

NEW_YORK = ZoneInfo("America/New_York")

# Before that day submissions closed at 16:00, and older holidays are not in the table.
SCHEDULE_SINCE = date(2017, 1, 2)

_CLOSES = time(14)
_DAY = timedelta(days=1)
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


class _Table(msgspec.Struct):
    years: dict[int, frozenset[date]]


@cache
def _holidays() -> Mapping[int, frozenset[date]]:
    data = files("tidings.sources.arxiv").joinpath("holidays.json").read_bytes()
    return msgspec.json.decode(data, type=_Table, strict=False).years


def holidays_known(year: int) -> bool:
    """Tell whether the holidays of a year are known; of another, only its weekends are."""
    return year in _holidays()


def is_announcement_day(day: date) -> bool:
    """Tell whether a day has announcements: the feed of that day has papers."""
    return _is_made_public(day - _DAY)


def announcement_days(after: date, through: date) -> list[date]:
    """Return the days of announcements after one day up to another, that one included."""
    days = (after + number * _DAY for number in range(1, (through - after).days + 1))
    return [day for day in days if is_announcement_day(day)]


def newest_out(now: datetime) -> date:
    """Return the newest day of announcements that has begun in New York."""
    day = today(now)
    while not is_announcement_day(day):
        day -= _DAY
    return day


def next_announcement(now: datetime) -> date:
    """Return the next day of announcements that has not begun in New York."""
    day = today(now) + _DAY
    while not is_announcement_day(day):
        day += _DAY
    return day


def today(now: datetime) -> date:
    """Return which day it is in New York."""
    return now.astimezone(NEW_YORK).date()


def midnight(day: date) -> datetime:
    """Return when a day begins in New York."""
    return datetime.combine(day, time(), NEW_YORK)


def announcement_of(submitted: datetime) -> date:
    """Return the day of announcements that the schedule has for a paper submitted then, if nobody holds it up."""
    local = submitted.astimezone(NEW_YORK)
    return _announcement_of(local.date() + _DAY if local.time() >= _CLOSES else local.date())


@lru_cache(maxsize=1024)
def announcements_of_month(year: int, month: int) -> tuple[date, date]:
    """Return the first and the last day on which papers are announced whose ids begin with that month.

    An id is given out at the announcement, by the month of the deadline before it: what closed on 30 January and is
    announced on 2 February is 2601.
    """
    first = date(year, month, 1)
    last = date(year + month // 12, month % 12 + 1, 1) - _DAY
    while not _is_workday(last):
        last -= _DAY
    return _announcement_of(first), _announcement_of(last)


@lru_cache(maxsize=1024)
def _announcement_of(day: date) -> date:
    """Return the announcement of what is submitted before the deadline of a day, should the day have one."""
    while not _is_workday(day):
        day += _DAY
    while not _is_made_public(day):
        day += _DAY
    return day + _DAY


def _is_made_public(evening: date) -> bool:
    """Tell whether something is announced on an evening. What closed on a Friday is announced on Sunday."""
    if evening.weekday() in (_FRIDAY, _SATURDAY) or _is_holiday(evening):
        return False
    return evening.weekday() != _SUNDAY or not _is_holiday(evening - 2 * _DAY)


def _is_workday(day: date) -> bool:
    return day.weekday() < _SATURDAY and not _is_holiday(day)


def _is_holiday(day: date) -> bool:
    return day in _holidays().get(day.year, ())
