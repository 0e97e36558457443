"""Whether an edition is due, which, and when the next one is: pure, from a subscription and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tidings.timetable import Timetable
from tidings.types import Subscription

_RUNS = ("active", "paused")


@dataclass(frozen=True, slots=True)
class Due:
    """What is due. ``name`` is of the edition, its local day as 2025-03-20; None where that day has had one already.

    ``at`` is when it was due. ``missed`` counts the editions before it that nobody made: this one catches up on them.
    ``was_away`` says that its reader had paused. ``next`` is when the next one is due.
    """

    name: str | None
    at: datetime
    missed: int
    was_away: bool
    next: datetime


def timetable(subscription: Subscription) -> Timetable:
    """Return when editions of a subscription are due."""
    return Timetable(subscription.zone, subscription.hour, subscription.weekday)


def decide(subscription: Subscription, now: datetime, last: date | None = None) -> Due | None:
    """Return what is due, or None where nothing is. ``last`` is the day of the last edition there was.

    After days on which nothing ran, one edition is due, the latest, and it covers all of them. A day has one edition,
    however its hour or zone was changed. Whoever pauses is told nothing until the pause ends, and then at the next
    usual hour.
    """
    if subscription.state not in _RUNS or subscription.due is None or now < subscription.due:
        return None
    table = timetable(subscription)
    slot = table.latest(now)
    has_had_it = slot.at < subscription.due or (last is not None and slot.day <= last)
    return Due(
        None if has_had_it else slot.day.isoformat(),
        slot.at,
        0 if has_had_it else table.count(subscription.due, slot.at),
        subscription.state == "paused",
        table.following(now, max(filter(None, (last, slot.day)))).at,
    )
