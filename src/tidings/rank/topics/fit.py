"""A whole fit: leaves and areas from nothing, or from the centres that were known."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidings.rank.topics.groups import Rows, grouped, means, nearest, neighbours, seeds, smoothed
from tidings.rank.topics.matching import matched, overlap
from tidings.rank.topics.merging import merged
from tidings.rank.topics.space import Array

FEWEST = 5
"""Papers of a topic that is worth having."""
_NEIGHBOURS = 25
_LEARNT_FROM = 40_000  # points that a first start is looked for among
_FINE, _MOST_FINE = 20, 2_000  # groups, for each that is wanted and in all, that are merged to those that are wanted
_FINE_SIZE = 4  # points of such a group, on the average, at least
_TEMPERATURE = 0.05


class Leaves(NamedTuple):
    """``group`` (n,) is the leaf of each point, -1 for points of length 0; ``centres`` (k, d) of length 1."""

    group: Rows
    centres: Array


def leaf_count(papers: int) -> int:
    """Return how many leaves an archive should have: one of a few papers, 8 of 400, 100 of 65,000, 240 of 350,000.

    More have no name that finds them again (`benchmarks/results/topics.md`).
    """
    return max(1, round(0.4 * math.sqrt(papers)) if papers >= 400 else papers // 50)


def area_count(leaves: int) -> int:
    """Return how many areas should hold so many leaves."""
    return max(1, round(math.sqrt(leaves)))


def fit(points: Array, count: int, random: np.random.Generator, known: Array | None = None) -> Leaves:
    """Group points (n, d) of length 1 or 0; those of the ``known`` centres (m, d) come first, in their order.

    Identical points make one group, whatever is asked.
    """
    group = np.full(len(points), -1, np.int64)
    rows = np.flatnonzero(points.any(axis=1))
    if not len(rows):
        return Leaves(group, points[:0])
    there = points[rows]
    found, _ = grouped(there, _start(there, count, random, known))
    group[rows], centres = _without_tiny(there, found, 0 if known is None else len(known))
    if known is not None and len(known):
        empty = np.flatnonzero(~np.any(centres[: len(known)], axis=1))
        centres[empty] = known[empty]
    return Leaves(group, centres)


def _start(points: Array, count: int, random: np.random.Generator, known: Array | None) -> Array:
    """Return where groups begin: at what was known, and at new places as far as there are to be more."""
    sample = points[:: max(1, len(points) // _LEARNT_FROM)]
    if known is None or not len(known):
        return _merged_start(sample, count, random)
    more = seeds(sample, max(0, count - len(known)), random, known)
    return np.concatenate([known, more]) if len(more) else known


def _merged_start(sample: Array, count: int, random: np.random.Generator) -> Array:
    """Return the centres of many small groups that were merged to ``count``.

    They are looked for among points that are drawn towards their neighbours, so that what stands together is seen so.
    """
    near, _ = neighbours(sample, min(_NEIGHBOURS, len(sample) - 1), random)
    drawn = smoothed(sample, near)
    fine = max(count, min(_FINE * count, max(_MOST_FINE, 3 * count), len(sample) // _FINE_SIZE))
    group, centres = grouped(drawn, seeds(drawn, fine, random))
    sizes = np.bincount(group, minlength=len(centres))
    filled = np.flatnonzero(sizes)
    owners = np.full(len(centres), -1, np.int64)
    owners[filled] = merged(centres[filled], sizes[filled].astype(np.float64), count)
    return means(sample, owners[group], int(owners.max()) + 1)


def _without_tiny(points: Array, group: Rows, known: int) -> tuple[Rows, Array]:
    """Return groups and centres without groups that are too small to be worth having; those that were known stay."""
    sizes = np.bincount(group, minlength=known)
    kept = np.flatnonzero((sizes >= FEWEST) | (np.arange(len(sizes)) < known))
    kept = kept if len(kept) else np.array([sizes.argmax()])
    places = np.full(len(sizes), -1, np.int64)
    places[kept] = np.arange(len(kept))
    packed = places[group]
    centres = means(points[packed >= 0], packed[packed >= 0], len(kept))
    lost = np.flatnonzero(packed < 0)
    if len(lost):
        packed[lost], _ = nearest(points[lost], centres)
        centres = means(points, packed, len(kept))
    return packed, centres


def areas(centres: Array, sizes: Rows, count: int) -> Rows:
    """Return the area of each leaf, 0 to ``count`` - 1 at most, shape (k,).

    A leaf weighs by the root of its papers: by all of them, areas agree less with those of conferences.
    """
    return merged(centres, np.sqrt(np.maximum(sizes, 1)), count)


def kept_numbers(old: Rows, new: Rows, count: int, first: Rows, next_number: int) -> tuple[Rows, int]:
    """Return the number of each of ``count`` new groups, and the next one that is free.

    ``old`` (n,) are the numbers that papers had, 0 for none, ``new`` (n,) their groups, -1 for none. The first groups
    have the numbers ``first``; another one takes the number of the old group that it shares most with, each once.
    """
    left = np.setdiff1d(old[old > 0], first)
    places = np.searchsorted(left, old) if len(left) else np.zeros(len(old), np.int64)
    there = np.isin(old, left)
    others = np.where(new >= len(first), new - len(first), -1)
    pairs = matched(overlap(np.where(there, places, -1), others, len(left), count - len(first)))
    found = np.concatenate([first, np.zeros(count - len(first), np.int64)])
    found[len(first) + pairs[pairs >= 0]] = left[pairs >= 0]
    fresh = np.flatnonzero(found == 0)
    found[fresh] = next_number + np.arange(len(fresh))
    return found, next_number + len(fresh)


def certainty(points: Array, centres: Array, group: Rows) -> NDArray[np.float32]:
    """Return for each point how sure its group is among all, 0 to 1, and its cosine with the centre, shape (n, 2)."""
    found = np.zeros((len(points), 2), np.float32)
    for start in range(0, len(points), 8_192):
        rows = slice(start, start + 8_192)
        products = points[rows] @ centres.T
        own = np.take_along_axis(products, np.maximum(group[rows], 0)[:, None], axis=1)
        others = np.exp((products - own) / _TEMPERATURE).sum(axis=1)
        found[rows] = np.column_stack([1 / others, own[:, 0]])
    found[group < 0] = 0
    return found
