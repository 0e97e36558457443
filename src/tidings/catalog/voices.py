"""How a feed is asked for, and what interests say of the candidates, laid out for ``rank.feed``. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.catalog.learning import FARTHEST_DAYS, Learnt, Pool
from tidings.errors import InputError
from tidings.learn.line import heights
from tidings.rank import search as ranking
from tidings.rank.feed import LINE_OCTAVES, Candidates, Taste
from tidings.types import Interest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]

DAYS = 7
BREADTH, FRESHNESS = 0.5, 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """How a feed is asked for: see ``Feeds.feed``. One from ``outside`` is for that of all of one's own interests."""

    days: int = DAYS
    limit: int = 30
    cursor: str | None = None
    breadth: float = BREADTH
    freshness: float = FRESHNESS
    unseen: bool = True
    outside: bool = False

    @property
    def taste(self) -> Taste:
        return Taste(self.breadth, self.freshness)

    def check(self) -> None:
        """Refuse what makes no sense (InputError)."""
        ranking.check("relevance", self.limit)
        if not 1 <= self.days <= FARTHEST_DAYS:
            raise InputError(f"a feed looks back 1 to {FARTHEST_DAYS} days, not {self.days}")
        _ = self.taste


class Voice(NamedTuple):
    """An interest as it speaks of all candidates: scores float32 (n,), heights float64 (n,) and its line.

    The height is minus infinity where a paper does not pass its query.
    """

    interest: Interest
    learnt: Learnt
    scores: NDArray[np.float32]
    heights: Floats
    line: float


class Aside(NamedTuple):
    """What counts beside interests: candidates that a reader's feeds leave out, those of followed authors, votes.

    ``trending`` float64 (n,), doublings of votes above the usual.
    """

    muted: Mask
    dismissed: Mask
    seen: Mask
    followed: Mask
    trending: Floats


def voice_of(interest: Interest, learnt: Learnt, scores: NDArray[np.float32], passing: Mask) -> Voice:
    """Return how an interest speaks; of one that is a query alone, all that passes is above the line."""
    line = learnt.strong_from
    standing = np.full(len(scores), line + LINE_OCTAVES) if learnt.is_blank else heights(scores, scores)
    return Voice(interest, learnt, scores, np.where(passing, standing, -np.inf), line)


def window(pool: Pool, days: int) -> tuple[date, date, Mask]:
    """Return the first and the last day of a feed, and which candidates are of them; the last is the newest held."""
    newest = int(pool.days.max(initial=0))
    end = min(date.fromordinal(newest), pool.today) if newest else pool.today
    start = end - timedelta(days=days - 1)
    in_time: Mask = pool.days >= start.toordinal()
    return start, end, in_time


def seed_of(account_id: int, day: date) -> int:
    """Return what draws the paper from outside: the same for one reader all day long."""
    return (account_id << 24) + day.toordinal()


def laid_out(voices: Sequence[Voice], aside: Aside, pool: Pool, rows: Rows, lifts: Floats | None = None) -> Candidates:
    """Return the candidates of some rows as ``rank.feed`` takes them; ``lifts`` are of these rows, if any."""
    return Candidates(
        ids=pool.ids[rows],
        days=pool.days[rows],
        vectors=pool.vectors[rows],
        heights=np.stack([voice.heights[rows] for voice in voices]) if voices else np.zeros((0, len(rows))),
        lines=np.array([voice.line for voice in voices], np.float64),
        lifts=np.zeros((len(voices), len(rows))) if lifts is None else lifts,
        trending=aside.trending[rows],
        gone=(aside.dismissed | aside.seen)[rows],
        muted=aside.muted[rows],
        followed=aside.followed[rows],
    )


def counted(candidates: Candidates, aside: Aside, rows: Rows, taste: Taste) -> dict[str, int]:
    """Return how many papers of each kind a feed has in its days, each counted once."""
    lines = candidates.lines + LINE_OCTAVES * (1 - 2 * taste.breadth)
    strong = (candidates.heights >= lines[:, None]).any(axis=0) | candidates.followed
    passing = ~np.isneginf(candidates.heights).all(axis=0) | candidates.followed
    left, kinds = np.ones(len(rows), np.bool_), {"looked_at": len(rows)}
    dismissed, seen = aside.dismissed[rows], aside.seen[rows]
    outs = ("filtered", ~passing), ("muted", candidates.muted), ("dismissed", dismissed), ("seen", seen)
    for name, out in (*outs, ("strong", strong)):
        kinds[name] = int(np.count_nonzero(left & out))
        left &= ~out
    return kinds | {"below": int(np.count_nonzero(left))}


def page_from(ids: Rows, cursor: str | None, limit: int, binding: str) -> tuple[slice, str | None]:
    """Return which of the papers of an order a page shows, and the cursor of what stands behind it.

    A cursor names the last paper shown, and where it stood, should it be gone meanwhile.
    """
    start = 0
    if cursor is not None:
        place, last = ranking.decode_cursor(cursor, binding, "feed")
        found = np.flatnonzero(ids == last)
        start = int(found[0]) + 1 if len(found) else max(0, int(place))
    end = start + limit
    following = ranking.encode_cursor(float(end), int(ids[end - 1]), binding, "feed") if end < len(ids) else None
    return slice(start, end), following
