"""The map: every paper with a topic at a place of its own, like beside like."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from tidings.catalog.map_sheet import inside, sheet_of
from tidings.catalog.topic_care import TopicCare
from tidings.errors import BusyError, InputError, NotFoundError
from tidings.index.maps import map_stamp, read_map, write_map
from tidings.index.topics import topics_lock
from tidings.rank import layout
from tidings.rank import search as ranking
from tidings.rank.query import SOURCES, parse
from tidings.rank.topics.groups import means, neighbours
from tidings.rank.topics.space import points, space_of
from tidings.types import MapReport, Paper, Selection, Sheet

MapProgress = Callable[[str], None]
"""Told what is being done now, in a few words."""

CENTRAL = 30
MOST_TITLES = 200
_MARKED = 2_000
_LOOKED_AT = 5_000  # papers within a line whose middle is looked for
_NEIGHBOURS = 15
_SETTLING = 60  # rounds after which a layout that little was added to rests
_MANY = 0.2  # the share of new papers from which placing them one by one is no map of them any more
_READ = 16_384
_SEED = 7

Rows = NDArray[np.int64]


@dataclass(slots=True)
class _Drawn:
    """The sheet that was made last."""

    lock: Lock
    key: object = None
    sheet: Sheet | None = None


class MapMaking(TopicCare):
    """Drawing the map and asking it; anybody may ask. Before the first fit of topics there is none."""

    @cached_property
    def _drawn(self) -> _Drawn:
        return _Drawn(Lock())

    # --- making ---

    def draw_map_due(self) -> MapReport | None:
        """Bring the map up to date as ``draw_map``; None where there are no topics, or another process is at it."""
        try:
            return self.draw_map()
        except (NotFoundError, BusyError):
            return None

    def draw_map(self, *, anew: bool = False, progress: MapProgress | None = None) -> MapReport:
        """Bring the map up to date; return what was done.

        Papers that are on it stay where they are; new ones are placed amid their neighbours. All are laid out where
        there is no map yet, where much is new, or ``anew``; that begins with where papers were.

        Raises:
            NotFoundError: there are no topics yet, which say where a map begins.
            BusyError: another process is working on topics or the map.
            StoreError: the disk is full, or refuses.
        """
        started, say = perf_counter(), progress or (lambda _: None)
        with topics_lock(self._topics_home):
            folder = self.topics_folder()
            if folder is None:
                raise NotFoundError("a map needs topics, and there are none yet: `tidings topics refit` finds them")
            ids, before = self._alive(), read_map(folder)
            places = _padded(before, int(ids.max(initial=-1)) + 1)
            new = ids[np.isnan(places[ids, 0])]
            all_anew = anew or before is None or len(new) > _MANY * len(ids)
            if all_anew:
                places[ids] = self._laid_out(ids, places[ids], say)
            elif len(new):
                say(f"placing {len(new):,} papers")
                places[new] = self._placed(new, places)
            if all_anew or len(new):
                write_map(folder, places)
        placed = int(np.count_nonzero(~np.isnan(places[new, 0])))
        return MapReport(int(np.count_nonzero(~np.isnan(places[ids, 0]))), placed, all_anew, perf_counter() - started)

    # --- asking ---

    def map_sheet(self) -> Sheet | None:
        """Return the whole map as arrays, made once for each state of it; None where none is drawn yet."""
        folder = self.topics_folder()
        if folder is None:
            return None
        living = self._living_topics()
        key = (str(folder), map_stamp(folder), self.version, tuple(sorted((t.id, t.name) for t in living.values())))
        with self._drawn.lock:
            if self._drawn.key != key:
                places = read_map(folder)
                self._drawn.sheet = None if places is None else self._make_sheet(places, _short(key))
                self._drawn.key = key
            return self._drawn.sheet

    def map_papers(self, ids: Sequence[int]) -> list[Paper]:
        """Return papers of the map by their internal ids; those that are gone or not on it are left out.

        Raises:
            InputError: those are more than anybody points at.
        """
        if len(ids) > MOST_TITLES:
            raise InputError(f"ask for {MOST_TITLES} papers at most; these are {len(ids):,}")
        sheet = self.map_sheet()
        shown = [number for number in sorted(set(ids)) if sheet is not None and sheet.holds(number)]
        return self._store.papers(shown)

    def map_found(self, query: str) -> tuple[list[int], int]:
        """Return the internal ids of what a search finds, the best first, and how many it finds in all.

        Raises:
            QueryError: the query cannot be read.
        """
        parsed = parse(query, sources=SOURCES | self._index.sources())
        if parsed.is_empty:
            return [], 0
        if not parsed.words:
            return self._index.newest(parsed.required, _MARKED).tolist(), self._index.count(parsed.required)
        depth = self.settings.depth
        found = self._index.candidates(parsed.words, self._encode(parsed.words), parsed.required, depth=depth)
        ids = ranking.by_relevance(ranking.related(found)).ids
        return ids[:_MARKED].tolist(), len(ids)

    def map_inside(
        self, ring: Sequence[tuple[int, int]], *, years: tuple[int, int] | None = None, sources: Collection[str] = ()
    ) -> Selection:
        """Return what stands within a line through those places, back to its beginning.

        ``years`` are the first and the last year that count; ``sources`` those that count, none named for all.

        Raises:
            InputError: the line encloses nothing, or a source is unknown.
            NotFoundError: there is no map.
        """
        sheet = self.map_sheet()
        if sheet is None:
            raise NotFoundError("there is no map yet")
        ids = inside(sheet, ring, years, sources)
        return Selection(len(ids), tuple(self._most_central_of(ids)))

    # --- inside ---

    def _alive(self) -> Rows:
        return np.sort(self._index.newest(None, max(1, self._index.count(None))))

    def _make_sheet(self, places: NDArray[np.float32], key: str) -> Sheet:
        ids = self._alive()
        ids = ids[~np.isnan(_padded(places, int(ids.max(initial=-1)) + 1)[ids, 0])]
        return sheet_of(
            key,
            ids,
            places[ids],
            topic_by_row=self.topic_by_row(),
            years=self._index.years_of(ids),
            sources=self._index.sources_of(ids),
            areas=self.topics(),
        )

    def _laid_out(self, ids: Rows, before: NDArray[np.float32], say: MapProgress) -> NDArray[np.float32]:
        """Return where all stand, shape (n, 2); NaN for those without a known word."""
        say(f"reading {len(ids):,} papers")
        where = self._directions(ids)
        rows = np.flatnonzero(where.any(axis=1))
        found = np.full((len(ids), 2), np.nan, np.float32)
        if len(rows):
            say("looking for neighbours")
            count = min(_NEIGHBOURS, max(1, len(rows) // 4))  # if all were neighbours, none would be
            near, cosines = neighbours(where[rows], count, np.random.default_rng(_SEED))
            say("laying out")
            found[rows] = self._settled(ids[rows], where[rows], near, cosines, before[rows])
        return found

    def _settled(
        self,
        ids: Rows,
        where: NDArray[np.float32],
        near: NDArray[np.int32],
        cosines: NDArray[np.float32],
        before: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        old = ~np.isnan(before[:, 0])
        if np.count_nonzero(old) < len(ids) / 2:
            topics = _of_rows(self.topic_by_row(), ids)
            present, group = np.unique(topics, return_inverse=True)
            start = layout.beginning(where, group.astype(np.int64), means(where, group, len(present)))
            return layout.lay_out(start, near)
        start = before.copy()
        around = np.where((near >= 0)[..., None], before[np.maximum(near, 0)], np.nan)
        start[~old] = np.nan_to_num(layout.placed(around, cosines)[~old])
        return layout.lay_out(start, near, rounds=_SETTLING, settled=True)

    def _directions(self, ids: Rows) -> NDArray[np.float32]:
        """Return papers in the space of topics, shape (n, DIMENSIONS), a block at a time."""
        space = space_of(self._index.vectors(ids[:: max(1, len(ids) // 50_000)]))
        blocks = [points(space, self._index.vectors(ids[start : start + _READ])) for start in range(0, len(ids), _READ)]
        return np.concatenate(blocks) if blocks else np.zeros((0, space.axes.shape[1]), np.float32)

    def _placed(self, new: Rows, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return where new papers stand, shape (n, 2): amid those most like them in their topic, else anywhere.

        Looking through the topic alone takes a fifteenth of the time, and hits the place that a layout of all would
        give as well.
        """
        around = np.full((len(new), _NEIGHBOURS, 2), np.nan, np.float32)
        cosines = np.zeros((len(new), _NEIGHBOURS), np.float32)
        there = np.flatnonzero(~np.isnan(places[:, 0]))
        own, others = (_of_rows(self.topic_by_row(), ids) for ids in (new, there))
        for topic in np.unique(own[own > 0]):
            rows, beside = np.flatnonzero(own == topic), there[others == topic]
            if len(beside):
                near, values = _nearest(self._index.vectors(new[rows]), self._index.vectors(beside))
                around[rows, : near.shape[1]], cosines[rows, : near.shape[1]] = places[beside[near]], values
        for row in np.flatnonzero(np.isnan(around[:, 0, 0])).tolist():
            around[row], cosines[row] = self._around(self._index.vectors(new[row : row + 1])[0], places)
        return layout.placed(around, cosines)

    def _around(
        self, vector: NDArray[np.float32], places: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the places of the papers most like a vector, and how near they are."""
        found = np.full((_NEIGHBOURS, 2), np.nan, np.float32), np.zeros(_NEIGHBOURS, np.float32)
        if vector.any():
            near, values = self._index.neighbours(vector, 4 * _NEIGHBOURS)
            known = near < len(places)
            near, values = near[known], values[known]
            there = np.flatnonzero(~np.isnan(places[near, 0]))[:_NEIGHBOURS]
            found[0][: len(there)], found[1][: len(there)] = places[near[there]], values[there]
        return found

    def _most_central_of(self, ids: Rows) -> list[Paper]:
        sample = ids[:: max(1, len(ids) // _LOOKED_AT)]
        vectors = self._index.vectors(sample)
        best = np.argsort(-(vectors @ vectors.sum(axis=0)), kind="stable")[:CENTRAL]
        return self._store.papers(sample[best].tolist())


def _short(key: object) -> str:
    return hashlib.blake2b(repr(key).encode(), digest_size=8).hexdigest()


def _padded(places: NDArray[np.float32] | None, rows: int) -> NDArray[np.float32]:
    """Return a copy with at least so many rows, NaN where there was none."""
    known = np.zeros((0, 2), np.float32) if places is None else places
    more = np.full((max(0, rows - len(known)), 2), np.nan, np.float32)
    return np.concatenate([known, more])


def _nearest(
    vectors: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the rows of the others that are nearest to each vector, the nearest first, and their cosines."""
    cosines = vectors @ others.T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :_NEIGHBOURS]
    return order, np.take_along_axis(cosines, order, axis=1)


def _of_rows(topics: NDArray[np.int32], ids: Rows) -> NDArray[np.int32]:
    """Return the topics of papers, 0 for those that are newer than the list."""
    padded = np.concatenate([topics, np.zeros(1, np.int32)])
    return padded[np.minimum(ids, len(topics))]
