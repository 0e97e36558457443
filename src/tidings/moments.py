"""Days and times as a person says them. Names of months and weekdays must not follow the machine's locale."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

_LONG_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTHS = [name[:3] for name in _LONG_MONTHS]
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))
_WITHIN_A_YEAR = timedelta(days=300)


def in_words(day: date) -> str:
    """Return a date as a person writes it: 17 Jun 2021."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def weekday(day: date) -> str:
    """Return the day with its weekday: Thursday, 20 March 2025."""
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_LONG_MONTHS[day.month - 1]} {day.year}"


def month(day: date) -> str:
    """Return the month of a day: March 2025."""
    return f"{_LONG_MONTHS[day.month - 1]} {day.year}"


def at(moment: datetime, now: datetime) -> str:
    """Return a time to the minute: Sun 22 Nov 05:10 UTC. The year is said only of what is far away."""
    return f"{_WEEKDAYS[moment.astimezone(UTC).weekday()][:3]} {short(moment, now)} UTC"


def short(moment: datetime, now: datetime) -> str:
    """Return a time of UTC where little room is: 22 Nov 05:10."""
    moment = moment.astimezone(UTC)
    year = f" {moment.year}" if abs(moment - now) > _WITHIN_A_YEAR else ""
    return f"{moment.day} {_MONTHS[moment.month - 1]}{year} {moment:%H:%M}"


def away(moment: datetime, now: datetime) -> str:
    """Return how far a time is: "in 3 h", "2 d ago"; "now" within a minute."""
    distance = abs(moment - now)
    for unit, name in _UNITS:
        if distance >= unit:
            length = f"{distance // unit} {name}"
            return f"in {length}" if moment > now else f"{length} ago"
    return "now"
