"""What work did, and how things stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class AddReport:
    """What an add did. read = new + updated + merged + unchanged + quarantined."""

    read: int = 0
    new: int = 0
    updated: int = 0
    merged: int = 0
    unchanged: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[str, ...] = ()  # files that could not be read at all, each with its reason
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LessonReport:
    """What a night ``made`` of what feeds showed, in a sentence; ``promoted`` is since when it is served, if it is."""

    made: datetime
    note: str
    promoted: datetime | None = None


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did with one source. read = new + updated + merged + unchanged + quarantined, but of a private
    source, whose records never enter the archive, only ``read`` is counted.
    """

    name: str
    read: int = 0
    new: int = 0
    updated: int = 0
    merged: int = 0
    unchanged: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    note: str | None = None  # what the source has to say: "no announcement on Saturdays"
    error: str | None = None  # why it failed; what came before stands
    busy: bool = False  # another process is at it


@dataclass(frozen=True, slots=True)
class Limit:
    """How often a host, or a family of hosts, may be asked by all our processes together.

    One request at a time, ``interval`` seconds between the end of one and the start of the next, and at most ``most``
    in ``window`` seconds where a number is given. ``gate`` names the family: all of arXiv is one.
    """

    gate: str
    interval: float
    most: int | None = None
    window: float = 86_400.0


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source does: what it holds, when it may be asked again, what went wrong last, in words."""

    name: str
    enabled: bool
    succeeded: datetime | None = None
    newest: date | None = None  # the newest announcement held
    behind: int = 0  # announcements that are out and not held
    next_run: datetime | None = None
    next_call: datetime | None = None  # when its gate lets the next request through
    started: datetime | None = None  # the last run
    running: bool = False
    used: int = 0  # requests in the present window of its limit
    limit: Limit | None = None
    lacks: str | None = None  # the setting without which it cannot work, in words
    error: str | None = None  # of the last run, if it failed
    note: str | None = None  # what the last run has to say: "no announcement on Saturdays"
    read: int = 0  # records in the last run
    new: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    papers: int
    records: int
    quarantined: int
    by_source: Mapping[str, int]
    by_year: Mapping[int, int]
    first_day: date | None
    last_day: date | None
    bytes_store: int
    bytes_index: int


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``doctor``: a question, whether all is well, and what was found or should be done."""

    name: str
    ok: bool
    message: str
