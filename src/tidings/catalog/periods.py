"""The times that trending is worked out for: a day, a week, a month, or the last days."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tidings.errors import InputError

WINDOWS = {"day": 1, "3d": 3, "week": 7, "month": 30}
"""The windows that end now, shortest first, and their days."""

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from start to end, both included; or a window that ends now, when ``window`` says how long."""

    start: date
    end: date
    window: timedelta | None = None

    @classmethod
    def day(cls, day: date) -> Period:
        """Return one day."""
        return cls(day, day)

    @classmethod
    def week(cls, text: str) -> Period:
        """Return an ISO week, as 2025-W12.

        Raises:
            InputError: there is no such week.
        """
        match = _WEEK.fullmatch(text)
        try:
            start = date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else None
            end = start + timedelta(days=6) if start else None
        except (ValueError, OverflowError):
            start = end = None
        if start is None or end is None:
            raise InputError(f"{text[:20]!r} is not a week; weeks are written as in 2025-W12")
        return cls(start, end)

    @classmethod
    def month(cls, text: str) -> Period:
        """Return a month, as 2025-03.

        Raises:
            InputError: there is no such month.
        """
        match = _MONTH.fullmatch(text)
        if match is None or not (1 <= int(match[2]) <= 12 and int(match[1]) >= 1):
            raise InputError(f"{text[:20]!r} is not a month; months are written as in 2025-03")
        year, month = int(match[1]), int(match[2])
        return cls(date(year, month, 1), date(year, month, monthrange(year, month)[1]))

    @classmethod
    def last(cls, name: str, now: datetime) -> Period:
        """Return the window of that name (day, 3d, week, month) that ends now.

        Raises:
            InputError: there is no such window.
        """
        if name not in WINDOWS:
            raise InputError(f"there is no window {name[:20]!r}; there are {', '.join(WINDOWS)}")
        window = timedelta(days=WINDOWS[name])
        return cls((now - window).date(), now.date(), window)

    @property
    def days(self) -> int:
        """How many days it has; a window touches a day more than it is long, which does not count."""
        return self.window.days if self.window else (self.end - self.start).days + 1

    def __contains__(self, day: date | None) -> bool:
        return day is not None and self.start <= day <= self.end


def week_of(day: date) -> str:
    """Return the ISO week of a day, as 2025-W12."""
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


def month_of(day: date) -> str:
    """Return the month of a day, as 2025-03."""
    return f"{day.year:04}-{day.month:02}"
