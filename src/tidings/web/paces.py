"""How often, when and how much: as a form asks for it, and as a page says it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from tidings.errors import InputError
from tidings.types import Pace, Subscription
from tidings.web.forms import Fields

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAILY = "daily"

_USUAL = Pace()
_NOT_PLACES = ("Etc/", "SystemV/", "US/", "Factory", "localtime")


@dataclass(frozen=True, slots=True)
class PaceForm:
    """The choices of a form, and what is chosen."""

    pace: Pace
    every: tuple[tuple[str, str], ...]
    hours: tuple[int, ...]
    zones: tuple[str, ...]

    @property
    def chosen(self) -> str:
        """What the form calls how often it comes."""
        return DAILY if self.pace.weekday is None else str(self.pace.weekday)


def form_of(pace: Pace = _USUAL) -> PaceForm:
    """Return the form that changes a pace."""
    every = ((DAILY, "every day"), *((str(day), f"every {name}") for day, name in enumerate(WEEKDAYS)))
    known = zones()
    return PaceForm(pace, every, tuple(range(24)), known if pace.zone in known else (pace.zone, *known))


@cache
def zones() -> tuple[str, ...]:
    """Return the time zones that a form offers: places, and UTC."""
    places = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(_NOT_PLACES))
    return ("UTC", *places)


def pace_of(fields: Fields, usual: Pace = _USUAL) -> Pace:
    """Return what a form chose; what it does not say stays as usual.

    Raises:
        InputError: a number is none. Whether the pace makes sense is for the catalog to say.
    """
    every = fields.get("every", DAILY if usual.weekday is None else str(usual.weekday))
    weekday = None if every == DAILY else _number(every, "that is no day of the week")
    minutes = fields.get("minutes", "" if usual.minutes is None else str(usual.minutes)).strip()
    return Pace(
        cadence=DAILY if weekday is None else "weekly",
        hour=_number(fields.get("hour", str(usual.hour)), "an hour is a number from 0 to 23"),
        zone=fields.get("zone", "").strip() or usual.zone,
        weekday=weekday,
        most=_number(fields.get("most", str(usual.most)), "say as a number how many papers at most"),
        minutes=_number(minutes, "say the minutes as a number, or nothing") if minutes else None,
        when_empty=fields.get("when_empty", usual.when_empty),
    )


def _number(text: str, otherwise: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InputError(otherwise)
    return int(text)


def in_words(pace: Pace) -> str:
    """Return a pace in words: every Monday at 7:00 (Europe/Paris), at most 10 papers."""
    every = "every day" if pace.weekday is None else f"every {WEEKDAYS[pace.weekday]}"
    budget = f" or {pace.minutes} minutes" if pace.minutes else ""
    papers = f"{pace.most} paper{'' if pace.most == 1 else 's'}"
    return f"{every} at {pace.hour}:00 ({pace.zone.replace('_', ' ')}), at most {papers}{budget}"


_KINDS = {"search": "a search", "interest": "an interest", "shelf": "a shelf", "topic": "a topic"}
"""What does not stand in the name already, as it does for what trends and for one's feed."""


def kind_in_words(subscription: Subscription) -> str:
    """Return what kind of thing a subscription follows; "" where its name says so."""
    return _KINDS.get(subscription.kind, "")
