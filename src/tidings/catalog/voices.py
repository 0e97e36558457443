"""How a feed is ordered: candidates and what interests say of them in, rows in their order out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.catalog.learning import FARTHEST_DAYS, Learnt, Pool
from tidings.errors import InputError
from tidings.rank import search as ranking
from tidings.types import Interest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Ids = NDArray[np.int64]
    Floats = NDArray[np.float64]

DAYS = 7
BREADTH, FRESHNESS = 0.5, 0.0
MOST_LISTED = 500
"""What paging can reach: nobody reads on, and those behind are far below the line."""

_STRONG = 1e6


@dataclass(frozen=True, slots=True)
class Asked:
    """How a feed is asked for: see ``Feeds.feed``."""

    days: int = DAYS
    limit: int = 30
    cursor: str | None = None
    breadth: float = BREADTH
    freshness: float = FRESHNESS
    unseen: bool = True

    def check(self) -> None:
        """Refuse what makes no sense (InputError)."""
        ranking.check("relevance", self.limit)
        if not 1 <= self.days <= FARTHEST_DAYS:
            raise InputError(f"a feed looks back 1 to {FARTHEST_DAYS} days, not {self.days}")
        if not (0 <= self.breadth <= 1 and 0 <= self.freshness <= 1):
            raise InputError("breadth and freshness are numbers from 0 to 1")


class Voice(NamedTuple):
    """An interest as it speaks of the candidates: their scores, its line as a score, and which pass its query."""

    interest: Interest
    learnt: Learnt
    scores: NDArray[np.float32]
    line: float
    passing: Mask

    @property
    def strong(self) -> Mask:
        """Which candidates are above the line; of an interest that is a query alone all that pass."""
        found: Mask = self.passing & (self.scores >= self.line)
        return found


class Aside(NamedTuple):
    """Candidates that a reader's feeds leave out, and those of followed authors."""

    muted: Mask
    dismissed: Mask
    seen: Mask
    followed: Mask


class Order(NamedTuple):
    """Candidates in the order of a feed: their rows, the voice that speaks for each, and what they are ordered by."""

    rows: Ids
    voices: Ids
    places: Floats
    strong: Mask

    def part(self, start: int, end: int) -> Order:
        """Return those from one place to another."""
        return Order(self.rows[start:end], self.voices[start:end], self.places[start:end], self.strong[start:end])


class Page(NamedTuple):
    """What is shown of an order, and the cursor of what stands behind it."""

    shown: Order
    cursor: str | None


def window(pool: Pool, days: int) -> tuple[date, date, Mask]:
    """Return the first and the last day of a feed, and which candidates are of them; the last is the newest held."""
    newest = int(pool.days.max(initial=0))
    end = min(date.fromordinal(newest), pool.today) if newest else pool.today
    start = end - timedelta(days=days - 1)
    window: Mask = pool.days >= start.toordinal()
    return start, end, window


def score_at(height: float, scores: NDArray[np.float32]) -> float:
    """Return the least score that stands at a height among scores; infinity where none can."""
    most = int((1 + len(scores)) * 2.0**-height - 1 + 1e-9)  # so many may be as high
    if most < 1:
        return np.inf
    if most >= len(scores):
        return -np.inf
    ranked = np.sort(scores)
    least = ranked[len(ranked) - most]
    as_high = len(ranked) - int(np.searchsorted(ranked, least, side="left"))
    return float(least if as_high <= most else np.nextafter(least, np.float32(np.inf)))


def ordered(
    voices: Sequence[Voice], aside: Aside, window: Mask, pool: Pool, asked: Asked
) -> tuple[Order, dict[str, int]]:
    """Return the candidates that a feed lists in their order, and how many there are of each kind in its days."""
    passing = np.logical_or.reduce([voice.passing for voice in voices] + [aside.followed])
    kinds, left = {"looked_at": window}, window
    for name, out in (
        ("filtered", ~passing),
        ("muted", aside.muted),
        ("dismissed", aside.dismissed),
        ("seen", aside.seen),
    ):
        kinds[name] = left & out
        left = left & ~out
    speaker, best, strong = _spoken(voices, aside.followed)
    kinds |= {"strong": left & strong, "below": left & ~strong}
    age = (int(pool.days.max(initial=0)) - pool.days).astype(np.float64)
    places = (1 - asked.freshness) * best - asked.freshness * age + _STRONG * strong
    rows = np.flatnonzero(left)
    rows = rows[np.lexsort((-pool.ids[rows], -places[rows]))][:MOST_LISTED]
    order = Order(rows, speaker[rows], places[rows], strong[rows])
    return order, {name: int(np.count_nonzero(mask)) for name, mask in kinds.items()}


def _spoken(voices: Sequence[Voice], followed: Mask) -> tuple[Ids, Floats, Mask]:
    """Return which voice speaks for each candidate (-1: none), its score there, and whether that is strong.

    One above the line goes before one that is not, then the higher score; one whose query a paper does not pass is
    silent, unless its author is followed.
    """
    if not voices:
        return np.full(len(followed), -1, np.int64), np.zeros(len(followed)), followed
    scores = np.stack([voice.scores for voice in voices]).astype(np.float64)
    passing, strong = np.stack([voice.passing for voice in voices]), np.stack([voice.strong for voice in voices])
    preferred = scores + _STRONG * strong + 2 * _STRONG * passing
    speaker = preferred.argmax(axis=0)
    at = speaker, np.arange(len(followed))
    return speaker, scores[at], strong[at] | followed


def page(order: Order, pool: Pool, asked: Asked, binding: str) -> Page:
    """Return what stands behind the cursor: a place, not a number, so that nothing is shown twice or left out."""
    ids, start = pool.ids[order.rows], 0
    if asked.cursor is not None:
        place, last = ranking.decode_cursor(asked.cursor, binding, "feed")
        start = int(np.count_nonzero((order.places > place) | ((order.places == place) & (ids >= last))))
    shown = order.part(start, start + asked.limit)
    following = None
    if start + asked.limit < len(order.rows):
        last_row = start + asked.limit - 1
        following = ranking.encode_cursor(float(order.places[last_row]), int(ids[last_row]), binding, "feed")
    return Page(shown, following)
