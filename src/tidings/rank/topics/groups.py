"""Grouping points on a sphere: k-means that starts from what was known, and the neighbours of each point.

Spherical k-means: Dhillon, Modha: Concept Decompositions for Large Sparse Text Data (2001), seeded by k-means++
(Arthur, Vassilvitskii, 2007). Written here because groups must start from known centres, some of which stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tidings.rank.topics.space import Array, normalised

Rows = NDArray[np.int64]

_BLOCK = 8_192
_ROUNDS = 25
_STILL = 0.001  # the share of points that changed their group, below which another round is not worth it
_CELL = 600  # points that are looked at together for neighbours
_NEAR_CELLS = 8


def nearest(points: Array, centres: Array) -> tuple[Rows, Array]:
    """Return the nearest centre of each point and its cosine, each shape (n,)."""
    group, cosine = np.zeros(len(points), np.int64), np.zeros(len(points), np.float32)
    for start in range(0, len(points), _BLOCK):
        products = points[start : start + _BLOCK] @ centres.T
        best = products.argmax(axis=1)
        group[start : start + _BLOCK] = best
        cosine[start : start + _BLOCK] = products[np.arange(len(best)), best]
    return group, cosine


def means(points: Array, group: Rows, count: int) -> Array:
    """Return the mean direction of each group, shape (count, d); of an empty one a zero row."""
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=count)
    filled = np.flatnonzero(sizes)
    sums = np.zeros((count, points.shape[1]), np.float32)
    if len(points):
        starts = np.concatenate([[0], np.cumsum(sizes[filled])[:-1]])
        sums[filled] = np.add.reduceat(points[order], starts, axis=0)
    return normalised(sums)


def seeds(points: Array, count: int, random: np.random.Generator, known: Array | None = None) -> Array:
    """Return ``count`` points far from each other, and from the ``known`` centres: k-means++ by cosine distance."""
    chosen: list[int] = []
    best = np.full(len(points), -1.0, np.float32) if known is None or not len(known) else nearest(points, known)[1]
    for _ in range(min(count, len(points))):
        distance = np.maximum(1.0 - best, 0.0).astype(np.float64)
        total = distance.sum()
        if total <= 1e-9 * len(points):  # what is left lies where something was chosen
            break
        row = int(random.choice(len(points), p=distance / total))
        chosen.append(row)
        best = np.maximum(best, points @ points[row])
    return points[chosen]


def grouped(points: Array, centres: Array, rounds: int = _ROUNDS) -> tuple[Rows, Array]:
    """Return the group of each point and the centres, after they moved to the middle of what they attract.

    ``centres`` (k, d) is where they start. A group that loses all its points keeps its centre.
    """
    group, _ = nearest(points, centres)
    for _ in range(rounds):
        moved = means(points, group, len(centres))
        centres = np.where(moved.any(axis=1, keepdims=True), moved, centres)
        before, (group, _) = group, nearest(points, centres)
        if np.count_nonzero(group != before) <= _STILL * len(points):
            break
    return group, centres


def neighbours(points: Array, count: int, random: np.random.Generator) -> tuple[NDArray[np.int32], Array]:
    """Return the ``count`` nearest others of each point and their cosines, each shape (n, count), nearest first.

    Searched in the cell of a point and those next to it: of the true ten nearest about nine are found. Where there
    are fewer others, the rest is -1 with a cosine of 0.
    """
    found = np.full((len(points), count), -1, np.int32)
    cosines = np.zeros((len(points), count), np.float32)
    if len(points) < 2:
        return found, cosines
    cells = max(1, len(points) // _CELL)
    sample = points[:: max(1, len(points) // (cells * 50))]
    _, centres = grouped(sample, seeds(sample, cells, random) if cells < 400 else sample[:cells], 8)
    cell, _ = nearest(points, centres)
    members = np.split(np.argsort(cell, kind="stable"), np.cumsum(np.bincount(cell, minlength=len(centres)))[:-1])
    near = np.argsort(-(centres @ centres.T), axis=1)[:, :_NEAR_CELLS]
    for number, own in enumerate(members):
        if len(own):
            others = np.concatenate([members[place] for place in near[number]])
            _search(points, own, others, found, cosines)
    return found, cosines


def _search(points: Array, own: Rows, others: Rows, found: NDArray[np.int32], cosines: Array) -> None:
    count = min(found.shape[1], len(others) - 1)
    if count < 1:
        return
    products = points[own] @ points[others].T
    products[own[:, None] == others[None, :]] = -np.inf
    best = np.argpartition(-products, count - 1, axis=1)[:, :count]
    values = np.take_along_axis(products, best, axis=1)
    order = np.argsort(-values, axis=1)
    best, values = np.take_along_axis(best, order, axis=1), np.take_along_axis(values, order, axis=1)
    found[own, :count], cosines[own, :count] = others[best], values


def smoothed(points: Array, near: NDArray[np.int32], steps: int = 2) -> Array:
    """Return points drawn towards their neighbours, so that what stands together is seen together.

    Each step adds the mean of the neighbours' last step (Boudiaf et al., Transductive Few-Shot Learning: Clustering
    is All You Need?, 2021, judge a batch by its neighbour graph too). Where groups begin among smoothed points, they
    agree better with areas of conferences; where papers belong to them by smoothed points, names find them worse.
    """
    total, last = points.copy(), points
    for _ in range(steps):
        last = _means_of(last, near)
        total += last
    return normalised(total)


def _means_of(points: Array, near: NDArray[np.int32]) -> Array:
    found = np.zeros_like(points)
    for column in near.T:
        found += np.where(column[:, None] >= 0, points[column], 0)
    counts = np.maximum((near >= 0).sum(axis=1, keepdims=True), 1)
    mean: Array = (found / counts).astype(np.float32)
    return mean
