"""How much more is said of the candidates of feeds than is usual: the same for all readers, looked up by the minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from tidings.catalog.learning import Learning, Pool
from tidings.catalog.trending import Trending

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]
    Floats = NDArray[np.float64]

_TALK = timedelta(days=30)
"""What nothing was counted of for so long trends no more."""
_KEPT = timedelta(minutes=5)


@dataclass(slots=True)
class _Kept:
    """What was looked up lately: when, of which papers, ascending, and by how many doublings each is above."""

    lock: Lock = field(default_factory=Lock)
    found: tuple[datetime, Ids, Floats] | None = None


class Popular(Learning, Trending):
    """Votes as feeds weigh them."""

    @cached_property
    def _popular(self) -> _Kept:
        return _Kept()

    def _doublings(self, pool: Pool) -> Floats:
        """Return by how many doublings the votes of each candidate are above the usual of its category, shape (n,).

        0 where nothing is known, where they are not above it, and of what a curator keeps off the trending lists.
        """
        ids, above = self._above()
        places = np.searchsorted(pool.ids, ids, sorter=(order := np.argsort(pool.ids)))
        inside = places < len(pool.ids)
        rows = order[places[inside]]
        there = pool.ids[rows] == ids[inside]
        doublings = np.zeros(len(pool.ids))
        doublings[rows[there]] = above[inside][there]
        return doublings

    def _above(self) -> tuple[Ids, Floats]:
        """Return the papers whose votes are above the usual, ascending, and by how many doublings.

        What is too old serves while another request looks it up anew.
        """
        now, kept = self._clock(), self._popular
        found = kept.found
        if (found is not None and now - found[0] < _KEPT) or not kept.lock.acquire(blocking=found is None):
            assert found is not None
            return found[1:]
        try:
            found = kept.found = self._look_up(now)
            return found[1:]
        finally:
            kept.lock.release()

    def _look_up(self, now: datetime) -> tuple[datetime, Ids, Floats]:
        hidden = self._store.trends.hidden()
        papers = [paper for paper in self._store.trends.talked_of(now - _TALK) if paper.id not in hidden]
        above = self._above_usual(papers, now)
        chosen = above > 0
        return now, np.array([paper.id for paper in papers], np.int64)[chosen], above[chosen]
