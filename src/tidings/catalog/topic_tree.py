"""The papers of topics as arrays: which paper is in which topic, and how many there were in each week.

Worked out from the files of topics and the index in a few hundredths of a second for a large archive, and kept until
one of them changes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tidings.types import AREA, Topic

WEEKS = 26
_RECENT, _BEFORE = 8, 52  # weeks whose shares growth compares
_CAUTION = 3.0  # papers that a topic has in both by assumption: one with two papers has not doubled

Numbers = NDArray[np.int64]
Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """What was worked out lately, by what it was made of; safe to share between threads."""

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._lock = Lock()
        self._things: OrderedDict[object, Thing] = OrderedDict()

    def get(self, key: object, make: Callable[[], Thing]) -> Thing:
        """Return what ``make`` made for a key; two threads may make it at once."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key]
        made = make()
        with self._lock:
            self._things[key] = made
            while len(self._things) > self._most:
                self._things.popitem(last=False)
        return made


@dataclass(frozen=True, slots=True)
class Known:
    """The rows of topics as they were at one moment: ``change`` tells it from others.

    ``every`` has those that are gone too, ``lookup`` is as ``resolved`` returns it.
    """

    change: object
    every: Mapping[int, Topic]
    living: Mapping[int, Topic]
    lookup: Numbers

    @classmethod
    def of(cls, change: object, topics: Sequence[Topic]) -> Known:
        """Return what topics are."""
        living = {topic.id: topic for topic in topics if topic.gone is None}
        return cls(change, {topic.id: topic for topic in topics}, living, resolved(topics))


@dataclass(frozen=True)
class Membership:
    """Papers sorted by topic: ``papers`` are ids, ``topics`` their leaves, ``days`` ordinals (0 none), all (n,).

    ``confidence`` and ``central`` (n,) float32: how sure the topic is, and the cosine with its centre. ``key`` tells
    one state of them from another.
    """

    papers: Numbers
    topics: Numbers
    days: Numbers
    confidence: NDArray[np.float32]
    central: NDArray[np.float32]
    today: int
    key: object = None

    def of(self, leaves: Sequence[int]) -> Numbers:
        """Return the places of the papers of leaves."""
        starts = np.searchsorted(self.topics, leaves, side="left")
        ends = np.searchsorted(self.topics, leaves, side="right")
        found = [np.arange(start, end) for start, end in zip(starts, ends, strict=True)]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    @cached_property
    def last_day(self) -> int:
        """The day that weeks are counted back from: the newest of any paper, but not one to come."""
        known = self.days[(self.days > 0) & (self.days <= self.today)]
        return int(known.max(initial=0))

    def weeks(self, places: Numbers) -> tuple[int, ...]:
        """Return how many papers each of the last 26 weeks has, the oldest first."""
        ago = (self.last_day - self.days[places]) // 7
        recent = ago[(self.days[places] > 0) & (ago >= 0) & (ago < WEEKS)]
        return tuple(int(count) for count in np.bincount(recent, minlength=WEEKS)[::-1])

    def growth(self, places: Numbers) -> float:
        """Return how the share of the archive in the last weeks compares to the share in the year before."""
        recent, before = self._split(self.days[places])
        all_recent, all_before = self._totals
        if not all_recent or not all_before:
            return 1.0
        expected = (before + _CAUTION) * all_recent / all_before
        return float((recent + _CAUTION * all_recent / all_before) / expected)

    @cached_property
    def _totals(self) -> tuple[int, int]:
        return self._split(self.days)

    def _split(self, days: Numbers) -> tuple[int, int]:
        ago = (self.last_day - days[days > 0]) // 7
        recent = int(np.count_nonzero((ago >= 0) & (ago < _RECENT)))
        return recent, int(np.count_nonzero((ago >= _RECENT) & (ago < _RECENT + _BEFORE)))

    def half_life(self, places: Numbers) -> int | None:
        """Return the age in days that half of the papers have at most; None where none has a day."""
        days = self.days[places]
        known = days[(days > 0) & (days <= self.last_day)]
        return int(self.last_day - np.median(known)) if len(known) else None


def resolved(topics: Sequence[Topic]) -> Numbers:
    """Return by a topic's number which topic has its papers now: itself, what took it in, or 0 for none."""
    size = max((topic.id for topic in topics), default=0) + 1
    found = np.zeros(size, np.int64)
    into = {topic.id: topic.merged_into for topic in topics}
    gone = {topic.id for topic in topics if topic.gone is not None and topic.merged_into is None}
    for topic in topics:
        number: int | None = topic.id
        seen: set[int] = set()
        while number is not None and into.get(number) is not None and number not in seen:
            seen.add(number)
            number = into[number]
        found[topic.id] = 0 if number is None or number in gone or number in seen else number
    return found


def leaves_of(topics: Mapping[int, Topic], number: int) -> list[int]:
    """Return the living leaves of an area, or the leaf itself."""
    if topics[number].level != AREA:
        return [number]
    return [topic.id for topic in topics.values() if topic.parent_id == number and topic.gone is None]
