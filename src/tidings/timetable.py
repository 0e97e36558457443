"""When something is to happen every day or every week at an hour of some place's clocks: pure arithmetic of time zones.

Where clocks are put forward over the hour, it happens when they have been (the next moment that exists); where they
are put back and show the hour twice, at the first. A day that a place never had (Samoa left one out) has no moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from tidings.errors import InputError

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment of a timetable and the local day that it belongs to: clocks put forward may make it the day after."""

    day: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Timetable:
    """Every day at an hour, or every week where a ``weekday`` is said (Monday 0), by the clocks of a zone."""

    zone: str
    hour: int
    weekday: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.hour <= 23:
            raise InputError(f"{self.hour} is no hour; the day has those from 0 to 23")
        if self.weekday is not None and not 0 <= self.weekday <= 6:
            raise InputError(f"{self.weekday} is no day of the week; they are counted from 0, Monday, to 6, Sunday")
        zone_of(self.zone)

    def following(self, after: datetime, not_until: date | None = None) -> Slot:
        """Return the first slot later than a moment; with ``not_until``, the first of a later day than that."""
        day = after.astimezone(zone_of(self.zone)).date() - _DAY
        if not_until is not None:
            day = max(day, not_until + _DAY)
        return next(slot for slot in self._from(day) if slot.at > after)

    def latest(self, until: datetime) -> Slot:
        """Return the last slot that is not later than a moment."""
        day = until.astimezone(zone_of(self.zone)).date()
        step = 8 if self.weekday is not None else 2  # a day that a place left out may have been the one
        found = [slot for slot in self._between(day - step * _DAY, day) if slot.at <= until]
        return found[-1] if found else self._between(day - 2 * step * _DAY, day - step * _DAY)[-1]

    def count(self, start: datetime, end: datetime) -> int:
        """Return how many slots lie from start on and before end."""
        zone = zone_of(self.zone)
        first, last = start.astimezone(zone).date() - _DAY, end.astimezone(zone).date()
        return sum(start <= slot.at < end for slot in self._between(first, last))

    def _between(self, first: date, last: date) -> list[Slot]:
        days = (first + number * _DAY for number in range((last - first).days + 1))
        return [Slot(day, self._moment(day)) for day in days if self._has(day)]

    def _from(self, day: date) -> Iterator[Slot]:
        while True:
            if self._has(day):
                yield Slot(day, self._moment(day))
            day += _DAY

    def _has(self, day: date) -> bool:
        if self.weekday is not None and day.weekday() != self.weekday:
            return False
        return _exists(self.zone, day)

    def _moment(self, day: date) -> datetime:
        return first_moment(self.zone, datetime.combine(day, time(self.hour)))


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name in the IANA database, as Europe/Paris.

    Raises:
        InputError: there is none of that name.
    """
    if name not in _zones():
        raise InputError(f"{name[:40]!r} is not a time zone; they are written as Europe/Paris")
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "posixrules"}  # the machine's own, whatever that is


@lru_cache(maxsize=4096)
def first_moment(zone: str, wall: datetime) -> datetime:
    """Return the first moment, in UTC, at which the clocks of a zone show a time or have passed it."""
    place = zone_of(zone)
    late = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if late.astimezone(place).replace(tzinfo=None) == wall:
        return late
    early = wall.replace(tzinfo=place, fold=1).astimezone(UTC)  # in a gap, the two readings lie around its moment
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        if middle.astimezone(place).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


@lru_cache(maxsize=4096)
def _exists(zone: str, day: date) -> bool:
    return first_moment(zone, datetime.combine(day, time())) < first_moment(zone, datetime.combine(day + _DAY, time()))
