"""The map as arrays: coordinates in whole numbers, topics as landmarks, and what a line encloses. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from tidings.errors import InputError
from tidings.types import EDGE, FIRST_YEAR, NOWHERE, Area, Landmark, Sheet, Topic

MOST_CORNERS = 400
_MOST_SOURCES, _MOST_TOPICS = 255, 65_535

Rows = NDArray[np.int64]


def sheet_of(
    key: str,
    ids: Rows,
    places: NDArray[np.float32],
    *,
    topic_by_row: NDArray[np.int32],
    years: NDArray[np.int64],
    sources: tuple[NDArray[np.int64], tuple[str, ...]],
    areas: Sequence[Area],
) -> Sheet:
    """Return the map of papers ``ids`` (n,), which stand at ``places`` (n, 2).

    ``years`` (n,); ``sources`` are a place for each paper among the names that follow.
    """
    numbers, names = sources
    rows = int(ids.max(initial=-1)) + 1
    x, y = np.full(rows, NOWHERE, np.int16), np.full(rows, NOWHERE, np.int16)
    x[ids], y[ids] = _whole(places).T
    leaves = sorted(
        ((number, line) for number, area in enumerate(areas) for line in area.leaves), key=lambda leaf: -leaf[1].size
    )[:_MOST_TOPICS]
    topic = _places_of(topic_by_row, [line.topic.id for _, line in leaves], rows)
    topic[x == NOWHERE] = 0
    year, source = np.zeros(rows, np.uint8), np.zeros(rows, np.uint8)
    year[ids] = np.where(years > 0, np.clip(years - FIRST_YEAR, 1, 255), 0)
    source[ids] = np.minimum(numbers, _MOST_SOURCES)
    area_of = np.array([-1, *(number for number, _ in leaves)], np.int64)[topic]
    return Sheet(
        key,
        x,
        y,
        topic,
        year,
        source,
        len(ids),
        tuple(_landmark(area.line.topic, n, x[area_of == n], y[area_of == n]) for n, area in enumerate(areas)),
        tuple(
            _landmark(line.topic, number, x[topic == place], y[topic == place])
            for place, (number, line) in enumerate(leaves, 1)
        ),
        names[: _MOST_SOURCES + 1],
    )


def _places_of(topic_by_row: NDArray[np.int32], leaves: Sequence[int], rows: int) -> NDArray[np.uint16]:
    """Return the place of each row's topic among the leaves, counted from 1; 0 for none."""
    order = np.zeros(max([int(topic_by_row.max(initial=0)), *leaves]) + 1, np.uint16)
    order[list(leaves)] = np.arange(1, len(leaves) + 1)
    found = np.zeros(rows, np.uint16)
    common = min(rows, len(topic_by_row))
    found[:common] = order[topic_by_row[:common]]
    return found


def _whole(places: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return places in whole numbers up to EDGE, both axes by the same measure; a few strays stand at the edge."""
    if not len(places):
        return np.zeros((0, 2), np.int16)
    low, high = np.quantile(places, [0.0005, 0.9995], axis=0)
    half = max(float((high - low).max()) / 2, 1e-6) * 1.04
    whole: NDArray[np.int16] = np.clip(np.rint((places - (low + high) / 2) * (EDGE / half)), -EDGE, EDGE).astype(
        np.int16
    )
    return whole


def _landmark(topic: Topic, area: int, x: NDArray[np.int16], y: NDArray[np.int16]) -> Landmark:
    """Return a topic at the papers that are in its midst: at the median, which strays do not move."""
    if not len(x):
        return Landmark(topic, area, 0, NOWHERE, NOWHERE)
    return Landmark(topic, area, len(x), int(np.median(x)), int(np.median(y)))


def inside(
    sheet: Sheet, ring: Sequence[tuple[int, int]], years: tuple[int, int] | None, sources: Collection[str]
) -> Rows:
    """Return the papers within a line, by the rule of even and odd crossings.

    Raises:
        InputError: the line has too few or too many corners, or a source is unknown.
    """
    if not 3 <= len(ring) <= MOST_CORNERS:
        raise InputError(f"a line around papers has 3 to {MOST_CORNERS} corners; this one has {len(ring)}")
    if unknown := sorted(set(sources) - set(sheet.sources)):
        raise InputError(f"no paper of the map is from {', '.join(unknown)[:200]}")
    corners = np.array(ring, np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = (sheet.x >= low[0]) & (sheet.x <= high[0]) & (sheet.y >= low[1]) & (sheet.y <= high[1])
    near &= sheet.x != NOWHERE
    if years is not None:
        near &= (sheet.year >= max(0, years[0] - FIRST_YEAR)) & (sheet.year <= max(0, years[1] - FIRST_YEAR))
    if sources:
        near &= np.isin(sheet.source, [sheet.sources.index(name) for name in sources])
    ids = np.flatnonzero(near)
    crossed = _crossings(sheet.x[ids].astype(np.float64), sheet.y[ids].astype(np.float64), corners)
    found: Rows = ids[crossed % 2 == 1]
    return found


def _crossings(x: NDArray[np.float64], y: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many sides of the line lie to the right of each point."""
    count = np.zeros(len(x), np.int64)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 != y2:
            count += ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return count
