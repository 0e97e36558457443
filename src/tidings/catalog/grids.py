"""A day as a grid: its papers side by side without gaps, like beside like, as they stand on the map."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from tidings.catalog.mapping import MapMaking
from tidings.rank.grid import arranged
from tidings.types import AREA, DayGrid, Sheet

MOST_OF_A_DAY = 1_500
_WIDER = 1.3  # columns for each row
_KEPT = 16

Rows = NDArray[np.int64]


@dataclass(slots=True)
class _Arranged:
    """The grids that were asked for lately."""

    lock: Lock = field(default_factory=Lock)
    orders: OrderedDict[object, Rows] = field(default_factory=OrderedDict)


class Grids(MapMaking):
    """Asking for days as grids; anybody may. Neither topics nor a map need be there."""

    @cached_property
    def _grids(self) -> _Arranged:
        return _Arranged()

    def day_grid(self, day: date) -> DayGrid:
        """Return the papers of a day, 1,500 at most, as a grid; those that curators hid are left out."""
        found, hidden, sheet = self.day(day, limit=MOST_OF_A_DAY), self._store.trends.hidden(), self.map_sheet()
        hits = [hit for hit in found.page.hits if hit.paper.id not in hidden]
        columns = math.ceil(math.sqrt(_WIDER * len(hits)))
        order = self._in_grid(np.array([hit.paper.id for hit in hits], np.int64), columns, sheet)
        page = replace(found.page, hits=tuple(hits[place] for place in order.tolist()))
        topics = self.topics_of([hit.paper for hit in hits])
        return DayGrid(replace(found, page=page), columns, topics, self._places_of_areas(sheet))

    # --- inside ---

    def _places_of_areas(self, sheet: Sheet | None) -> dict[int, int]:
        if sheet is not None:
            return {mark.topic.id: mark.area for mark in sheet.areas}
        areas = sorted(topic.id for topic in self._living_topics().values() if topic.level == AREA)
        return {number: place for place, number in enumerate(areas)}

    def _in_grid(self, ids: Rows, columns: int, sheet: Sheet | None) -> Rows:
        """Return which of the papers stands in each cell; worked out once for each state of the archive and the map."""
        if not len(ids) or not self._index.is_ready():
            return np.arange(len(ids))
        key = ids.tobytes(), self.version, sheet.key if sheet else None
        kept = self._grids
        with kept.lock:
            if key in kept.orders:
                kept.orders.move_to_end(key)
                return kept.orders[key]
        directions = self._directions(ids)
        order = arranged(_places(ids, directions, sheet), directions, columns)
        with kept.lock:
            kept.orders[key] = order
            while len(kept.orders) > _KEPT:
                kept.orders.popitem(last=False)
        return order


def _places(ids: Rows, directions: NDArray[np.float32], sheet: Sheet | None) -> NDArray[np.float32]:
    """Return where papers stand, shape (n, 2): on the map, or where the one most like them does.

    Without a map, on the two main axes of these papers.
    """
    there = np.array([sheet is not None and sheet.holds(number) for number in ids.tolist()], bool)
    if sheet is None or not there.any():
        return directions[:, :2]
    found = np.zeros((len(ids), 2), np.float32)
    found[there] = np.stack([sheet.x[ids[there]], sheet.y[ids[there]]], axis=1)
    found[~there] = found[there][(directions[~there] @ directions[there].T).argmax(axis=1)]
    return found
