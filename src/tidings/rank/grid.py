"""A few papers as a grid without gaps, like beside like. Pure functions of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

_ROUNDS = 200
_WIDEST = 3  # cells around one that it is compared with at first; 1 in the end
_SEED = 5


def arranged(places: Floats, directions: Floats, columns: int) -> Numbers:
    """Return which point stands in each cell of a grid, shape (n,), row by row; only the last row may be short.

    ``places`` (n, 2) are where points stand on a plane, x to the right and y upwards; ``directions`` (n, d) of length 1
    say how alike they are. Points and cells are halved together, along the longer side, until each has one (Hilasaca
    et al.: A Grid-based Method for Removing Overlaps of Dimensionality Reduction Scatterplot Layouts, 2019). Then cells
    swap wherever both fit better among those around them (Strong, Gong: Self-Sorting Map, 2014), which takes back what
    the plane had to leave out.
    """
    cells = np.stack(np.divmod(np.arange(len(places)), max(1, columns))[::-1], axis=1)
    at = np.zeros(len(places), np.int64)
    if len(places):
        _halve(places * np.array([1, -1], np.float32), cells, np.arange(len(places)), np.arange(len(places)), at)
    return _settled(at, cells, directions) if len(places) > 1 else at


def _halve(places: Floats, cells: Numbers, points: Numbers, free: Numbers, at: Numbers) -> None:
    """Fill ``at`` for the cells that are free with the points given, as many."""
    if len(points) == 1:
        at[free[0]] = points[0]
        return
    axis = int(np.ptp(cells[free], axis=0).argmax())
    free = free[np.argsort(cells[free, axis], kind="stable")]
    steps = np.flatnonzero(np.diff(cells[free, axis])) + 1
    cut = int(steps[np.abs(steps - len(free) / 2).argmin()])
    points = points[np.argsort(places[points, axis], kind="stable")]
    _halve(places, cells, points[:cut], free[:cut], at)
    _halve(places, cells, points[cut:], free[cut:], at)


def _settled(at: Numbers, cells: Numbers, directions: Floats) -> Numbers:
    random = np.random.default_rng(_SEED)
    for turn in range(_ROUNDS):
        radius = max(1, round(_WIDEST * (1 - turn / _ROUNDS)))
        right, down = random.integers(-2 * radius, 2 * radius + 1, 2).tolist()
        one, other = _pairs(cells, right, down)
        own = directions[at]
        around = _around(own, cells, radius)
        better = ((own[one] - own[other]) * (around[other] - around[one])).sum(axis=1) > 0
        one, other = one[better], other[better]
        at[one], at[other] = at[other], at[one]
    return at


def _pairs(cells: Numbers, right: int, down: int) -> tuple[Numbers, Numbers]:
    """Return cells and those that lie so far from them; no cell is in two pairs."""
    columns = int(cells[:, 0].max()) + 1
    across, along = (0, right) if right else (1, down)
    first = (cells[:, across] // max(1, abs(along))) % 2 == 0
    moved = cells + np.array([right, down])
    number = moved[:, 1] * columns + moved[:, 0]
    inside = (moved >= 0).all(axis=1) & (moved[:, 0] < columns) & (number < len(cells))
    one = np.flatnonzero(first & inside & bool(along))
    return one, number[one]


def _around(own: Floats, cells: Numbers, radius: int) -> Floats:
    """Return the mean of what stands within a square around each cell, itself included, shape as ``own``."""
    columns, rows = (cells.max(axis=0) + 1).tolist()
    grid = np.zeros((rows, columns, own.shape[1] + 1), np.float32)
    grid[cells[:, 1], cells[:, 0], :-1] = own
    grid[cells[:, 1], cells[:, 0], -1] = 1
    for axis, length in ((0, rows), (1, columns)):
        summed: Floats = np.concatenate([np.zeros_like(grid.take([0], axis)), grid.cumsum(axis)], axis)
        first, last = np.arange(length) - radius, np.arange(length) + radius
        grid = summed.take(np.minimum(last + 1, length), axis) - summed.take(np.maximum(first, 0), axis)
    found: Floats = grid[cells[:, 1], cells[:, 0]]
    mean: Floats = np.divide(found[:, :-1], found[:, -1:], dtype=np.float32)
    return mean
