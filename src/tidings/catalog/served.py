"""What a night learnt of everybody's feeds, as it is served: how likely a paper would be liked, and the second stage.

Both are read again when there are newer ones. Whatever they lack, feeds are as if nothing had been learnt.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tidings.catalog.clicks import features_of, groups_of, heads_of, lifts_of
from tidings.catalog.learning import Pool
from tidings.catalog.popular import Popular
from tidings.catalog.voices import Aside, Voice
from tidings.errors import InputError, TidingsError
from tidings.hashing import bucket
from tidings.learn import second
from tidings.learn.likely import Likely, likely_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]

LIKELY, RANKER = "likely", "ranker"
"""The names under which both are kept."""

_LIFTED = 200
"""Papers of an interest that the second stage puts in order: more than anybody reads of one."""
_LOOK_EVERY = timedelta(minutes=1)
_MOST_CATEGORIES = 100_000
_CATEGORY_BITS = 8
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """What was read lately."""

    lock: Lock = field(default_factory=Lock)
    looked: datetime | None = None
    made: dict[str, datetime] = field(default_factory=dict)
    likely: Likely | None = None
    ranker: bytes | None = None
    categories: dict[int, int] = field(default_factory=dict)


class Served(Popular):
    """Reading what was learnt."""

    @cached_property
    def _served(self) -> _Kept:
        return _Kept()

    def _learnt_of_all(self) -> _Kept:
        """Return what is served now."""
        now, kept = self._clock(), self._served
        with kept.lock:
            if kept.looked is None or now - kept.looked >= _LOOK_EVERY:
                kept.looked = now
                if (made := self._store.lessons.made()) != kept.made:
                    models = self._store.lessons.models()
                    data = {name: model.data for name, model in models.items()}
                    kept.made, kept.likely, kept.ranker = made, _likely(data.get(LIKELY)), _ranker(data.get(RANKER))
        return kept

    def _shares_liked(self, heights: Sequence[float], likes: Sequence[int]) -> list[float | None]:
        """Return the share of papers so high, of interests with so many likes, that are liked; None: unknown."""
        likely = self._learnt_of_all().likely
        if likely is None or not len(heights):
            return [None] * len(heights)
        groups = groups_of(np.array(likes, np.float32))
        return list(likely.probabilities(np.array(heights, np.float64), groups).tolist())

    def _lifts(self, voices: Sequence[Voice], pool: Pool, aside: Aside, rows: Rows) -> Floats:
        """Return what the second stage adds to heights for the sake of the order, float64 (voices, rows)."""
        lifts = np.zeros((len(voices), len(rows)))
        ranker = self._learnt_of_all().ranker
        chosen = [_best(voice, rows) for voice in voices] if ranker is not None else []
        if ranker is None or not sum(map(len, chosen)):
            return lifts
        parts = [
            features_of(voice, rows[best], pool, aside, self._categories(pool.ids[rows[best]]))
            for voice, best in zip(voices, chosen, strict=True)
        ]
        features = np.concatenate(parts)
        scores = np.split(second.scores(ranker, features, heads_of(features)), np.cumsum([*map(len, chosen)])[:-1])
        for row, (voice, best, found) in enumerate(zip(voices, chosen, scores, strict=True)):
            lifts[row, best] = lifts_of(voice.heights[rows[best]], found)
        return lifts

    def _categories(self, ids: Rows) -> Rows:
        """Return the first category of each paper as the second stage has it."""
        known = self._served.categories
        missing = [number for number in ids.tolist() if number not in known]
        if missing:
            if len(known) > _MOST_CATEGORIES:
                known.clear()
                missing = ids.tolist()
            found = self._store.trends.categories(missing)
            known.update({number: bucket(found.get(number, ""), _CATEGORY_BITS) for number in missing})
        return np.array([known.get(number, 0) for number in ids.tolist()], np.int64)


def _best(voice: Voice, rows: Rows) -> Rows:
    """Return the places of the rows that an interest scores highest, of those that it wants at all."""
    if voice.learnt.is_blank:
        return rows[:0]
    standing = voice.heights[rows]
    first = np.argsort(-standing, kind="stable")[:_LIFTED]
    best: Rows = first[np.isfinite(standing[first])]
    return best


def _likely(data: bytes | None) -> Likely | None:
    if data is None:
        return None
    try:
        return likely_from(msgspec.json.decode(data))
    except (InputError, msgspec.DecodeError):  # another version's: it is learnt again tonight
        return None


def _ranker(data: bytes | None) -> bytes | None:
    """Return a model that can be used here."""
    if data is None:
        return None
    try:
        second.scores(data, np.zeros((0, len(second.FEATURES)), np.float32), np.zeros(0))
    except TidingsError as error:
        _log.warning("feeds go by the heads alone: %s", error)
        return None
    return data
