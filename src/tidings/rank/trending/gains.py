"""Counts that sources saw from time to time, as votes that came at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tidings.rank.trending.arrays import HOUR, same_length, sorted_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.rank.trending.arrays import Floats, Rows

KINDS = ("upvotes", "comments", "stars", "citations")
"""What is counted outside. Upvotes and comments begin at nothing when a paper is listed; stars and citations may be
years old when they are first seen, so only what they gain from then on says something about now."""
_BEGIN_AT_LISTING = np.array([True, True, False, False])


@dataclass(frozen=True, slots=True)
class Observations:
    """Counts that sources saw, one entry per look, sorted by paper, kind, source and moment.

    ``kind`` is a place in KINDS. ``source`` tells two counts of one kind apart (stars of two repositories); any number
    will do. Raises ValueError for arrays of different lengths, an unknown kind, or entries out of order:
    ``Observations.of`` sorts.
    """

    paper: Rows
    kind: Rows
    source: Rows
    moment: Floats
    value: Floats

    def __post_init__(self) -> None:
        """Refuse what the arithmetic would silently get wrong."""
        same_length("observations", self.paper, self.kind, self.source, self.moment, self.value)
        if len(self.paper) and not (self.kind.min() >= 0 and self.kind.max() < len(KINDS)):
            raise ValueError(f"kinds of observations are 0 to {len(KINDS) - 1}: {', '.join(KINDS)}")
        if not sorted_by(self.paper, self.kind, self.source, self.moment):
            raise ValueError("observations must be sorted by paper, kind, source and moment; Observations.of does it")

    def __len__(self) -> int:
        return len(self.paper)

    @classmethod
    def of(cls, paper: Rows, kind: Rows, moment: Floats, value: Floats, source: Rows | None = None) -> Observations:
        """Return the observations sorted; ``source`` is 0 throughout where it is not given."""
        source = np.zeros(len(paper), np.int64) if source is None else source
        order = np.lexsort((moment, source, kind, paper))
        return cls(paper[order], kind[order], source[order], moment[order], value[order])

    @classmethod
    def none(cls) -> Observations:
        """Return no observations: an archive without outside signals."""
        rows = np.zeros(0, np.int64)
        return cls(rows, rows, rows, np.zeros(0), np.zeros(0))

    def until(self, moment: float) -> Observations:
        """Return what was known at a moment."""
        return self._only(self.moment <= moment)

    def of_kind(self, kind: int) -> Observations:
        """Return the counts of one kind."""
        return self._only(self.kind == kind)

    def _only(self, kept: NDArray[np.bool_]) -> Observations:
        if kept.all():
            return self
        rows = (self.paper[kept], self.kind[kept], self.source[kept])
        return Observations(*rows, self.moment[kept], self.value[kept])


@dataclass(frozen=True, slots=True)
class Gains:
    """What each look found new, each shape (m,): of which paper and kind, how much, and from when to when.

    Between two looks, votes are taken to have come evenly.
    """

    paper: Rows
    kind: Rows
    votes: Floats
    since: Floats
    until: Floats

    def __len__(self) -> int:
        return len(self.paper)

    def left(self, moment: float, half_life: float) -> Floats:
        """Return the share of each gain that is left at a moment when votes are halved every ``half_life`` hours.

        Votes came evenly between two looks, so this is the mean of the decay over that time.
        """
        if np.isinf(half_life):
            return np.ones(len(self))
        rate = np.log(2) / (half_life * HOUR)
        passed = self.until - self.since
        np.maximum(passed, 1.0, out=passed)  # a second: the mean of no time at all is the moment's
        passed *= -rate
        share: Floats = (self.until - moment) * rate
        np.exp(share, out=share)
        share *= np.expm1(passed)
        share /= passed
        return share

    def in_last(self, hours: float, looked: Floats) -> tuple[Rows, Floats]:
        """Return the gains of the last hours before papers were ``looked`` at (n,), and the share of each in them."""
        start = looked[self.paper] - hours * HOUR
        rows = np.flatnonzero(self.until > start)
        since, until = self.since[rows], self.until[rows]
        length = np.maximum(until - since, 1.0)
        return rows, np.minimum((until - start[rows]) / length, 1.0)


def gains(seen: Observations, listed: Floats) -> Gains:
    """Return what each look found new since the one before; the first look finds what came since the listing.

    A count that falls means votes taken back: they are taken from the gains before, which so add up to the last value.
    """
    if len(seen) == 0:
        return Gains(seen.paper, seen.kind, np.zeros(0), np.zeros(0), np.zeros(0))
    first = np.ones(len(seen), bool)
    first[1:] = (np.diff(seen.paper) != 0) | (np.diff(seen.kind) != 0) | (np.diff(seen.source) != 0)
    value = _never_falling(seen.value, np.cumsum(first))
    before, since = np.empty(len(seen)), np.empty(len(seen))
    before[1:], since[1:] = value[:-1], seen.moment[:-1]
    starts = np.flatnonzero(first)
    before[starts] = np.where(_BEGIN_AT_LISTING[seen.kind[starts]], 0.0, value[starts])
    since[starts] = np.minimum(listed[seen.paper[starts]], seen.moment[starts])
    rows = np.flatnonzero(value > before)
    return Gains(seen.paper[rows], seen.kind[rows], (value - before)[rows], since[rows], seen.moment[rows])


def last_looks(seen: Observations, size: int) -> Floats:
    """Return when each paper was last looked at, shape (size,); minus infinity where it never was."""
    looked = np.full(size, -np.inf)
    if len(seen):
        starts = np.flatnonzero(np.diff(seen.paper, prepend=-1))
        looked[seen.paper[starts]] = np.maximum.reduceat(seen.moment, starts)
    return looked


def _never_falling(value: Floats, series: Rows) -> Floats:
    """Return for each look the least of its value and all later ones of its series, which are runs 1, 2, 3, …

    One pass from the end: lifting every series above the one before it keeps them apart.
    """
    lift = series * (value.max() - min(value.min(), 0.0) + 1.0)
    least: Floats = np.minimum.accumulate((value + lift)[::-1])[::-1] - lift
    return least
