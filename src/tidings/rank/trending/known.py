"""What is known of papers when their votes are forecast, and the numbers that the forecast is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tidings.rank.trending.arrays import DAY, HOUR, Floats, Rows, moment_of, same_length, summed
from tidings.rank.trending.gains import KINDS, last_looks

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from tidings.rank.trending.signals import Signals

_UPVOTES, _COMMENTS = KINDS.index("upvotes"), KINDS.index("comments")
_EARLIEST = 0.5
"""Hours: a look at a paper just listed says little of how fast its votes come."""


@dataclass(frozen=True, slots=True)
class Early:
    """What is known of n papers, each shape (n,); NaN where something is not known.

    ``looked`` is when upvotes were last counted and ``seen`` whether they ever were. ``authors`` is their number,
    ``waited`` the days from submission to listing. ``beside`` (n, 5) is how each stands among the papers of its day.
    """

    listed: Floats
    looked: Floats
    seen: NDArray[np.bool_]
    upvotes: Floats
    comments: Floats
    authors: Floats
    waited: Floats
    beside: Floats

    def __len__(self) -> int:
        return len(self.listed)

    def take(self, rows: Rows) -> Early:
        """Return what is known of some of the papers; how they stand beside others stays."""
        return Early(*(getattr(self, name)[rows] for name in Early.__slots__))


def early(signals: Signals, now: datetime, authors: Floats | None = None, submitted: Floats | None = None) -> Early:
    """Return what is known of the papers at ``now``; numbers of authors and moments of submission may be unknown.

    Raises ValueError for arrays that do not fit the papers, and for a ``now`` without a zone.
    """
    moment = moment_of(now)
    unknown = np.full(len(signals), np.nan)
    upvotes, looked, seen = _counted(signals, moment, _UPVOTES)
    comments, _, commented = _counted(signals, moment, _COMMENTS)
    authors = unknown if authors is None else authors
    waited = unknown if submitted is None else (signals.listed - submitted) / DAY
    same_length("papers, authors and submissions", unknown, authors, waited)
    return Early(
        signals.listed,
        looked=np.where(seen, looked, signals.listed),
        seen=seen,
        upvotes=upvotes,
        comments=np.where(commented, comments, np.nan),
        authors=authors,
        waited=waited,
        beside=_beside_others(np.log1p(upvotes), np.floor(signals.listed / DAY), seen),
    )


def _counted(signals: Signals, moment: float, kind: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the last count of a kind, when it was seen, and whether it ever was."""
    gains, _ = signals.outside(moment)
    of_kind = gains.kind == kind
    counts = summed(gains.paper[of_kind], gains.votes[of_kind], len(signals))
    looked = last_looks(signals.observations.until(moment).of_kind(kind), len(signals))
    return counts, looked, np.isfinite(looked)


def features(known: Early) -> Floats:
    """Return what the net reads of each paper besides its text, shape (n, FEATURES).

    What is not known is 0, with a column that says so.
    """
    votes = np.log1p(known.upvotes)
    day = np.floor(known.listed / DAY)
    into_the_day = np.log1p(np.maximum(known.looked - day * DAY, 0.0) / HOUR)
    exact = known.seen & (known.listed > day * DAY)
    since = np.where(exact, np.log(np.maximum((known.looked - known.listed) / HOUR, _EARLIEST)), 0.0)
    weekday = (day + 3) % 7  # 1970 began on a Thursday
    return np.column_stack(
        (
            votes,
            known.seen,
            np.where(known.seen, into_the_day, 0.0),
            exact,
            since,
            np.where(exact, votes - since, 0.0),
            known.beside,
            *_or_zero(np.log1p(known.comments)),
            *_or_zero(np.log1p(known.authors)),
            *_or_zero(np.log1p(np.maximum(known.waited, 0.0))),
            *(weekday == number for number in range(7)),
        )
    ).astype(np.float64)


FEATURES = 24


def _or_zero(values: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    unknown = np.isnan(values)
    return np.where(unknown, 0.0, values), unknown


def _beside_others(votes: Floats, day: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Return how a paper stands among the seen ones of its day (all, where none is seen), shape (n, 5).

    The logarithm of their number, their mean, how far above it and above the best the paper is, and the share
    that is before it, half of those that are level with it included.
    """
    days, groups = np.unique(day, return_inverse=True)
    among = seen | ~(np.bincount(groups, seen, len(days)) > 0)[groups]
    number = np.maximum(np.bincount(groups, among, len(days)), 1)[groups]
    mean = np.bincount(groups, votes * among, len(days))[groups] / number
    best = np.zeros(len(days))
    np.maximum.at(best, groups, votes)
    before = _before(votes, groups, among) / number
    return np.column_stack((np.log(number), mean, votes - mean, votes - best[groups], before))


def _before(votes: Floats, groups: Rows, among: NDArray[np.bool_]) -> Floats:
    """Return how many papers of its group are before each: those with more votes, and half of those with as many."""
    counted: Floats = np.zeros(len(votes))
    order = np.lexsort((-votes, groups))
    new_group = np.diff(groups[order], prepend=-1) != 0
    new_level = new_group | (np.diff(votes[order], prepend=np.nan) != 0)
    passed: Rows = np.cumsum(among[order]) - among[order]
    level = np.cumsum(new_level) - 1
    level_size = np.bincount(level, among[order])[level]
    at_group: Rows = passed[np.flatnonzero(new_group)][np.cumsum(new_group) - 1]
    at_level: Rows = passed[np.flatnonzero(new_level)][level]
    counted[order] = at_level - at_group + level_size / 2
    return counted
