"""Which new group is which old one: the pairing that keeps most papers where they were."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def overlap(old: Rows, new: Rows, old_count: int, new_count: int) -> NDArray[np.float64]:
    """Return how many papers each pair of groups shares, shape (old, new); a group below 0 is none."""
    both = (old >= 0) & (new >= 0)
    pairs = np.bincount(old[both] * new_count + new[both], minlength=old_count * new_count)
    return pairs.reshape(old_count, new_count).astype(np.float64)


def matched(shared: NDArray[np.float64]) -> Rows:
    """Return the new group of each old one, -1 for none, so that most is shared in all; pairs without any are none.

    The Hungarian method with potentials (Kuhn 1955; Jonker and Volgenant, A Shortest Augmenting Path Algorithm, 1987).
    """
    if not shared.size:
        return np.full(len(shared), -1, np.int64)
    if shared.shape[0] > shared.shape[1]:
        inverse = matched(shared.T)
        found = np.full(len(shared), -1, np.int64)
        found[inverse[inverse >= 0]] = np.flatnonzero(inverse >= 0)
        return found
    owners = _assigned(-shared)
    found = np.full(len(shared), -1, np.int64)
    for column, row in enumerate(owners):
        if row >= 0 and shared[row, column] > 0:
            found[row] = column
    return found


def _assigned(costs: NDArray[np.float64]) -> Rows:
    """Return the row of each column, -1 for none, at the least cost; there are no more rows than columns."""
    rows, columns = costs.shape
    prices, gains = np.zeros(columns + 1), np.zeros(rows)
    owners = np.full(columns + 1, -1, np.int64)  # the last column stands for "not assigned yet"
    for row in range(rows):
        owners[columns] = row
        least, before = np.full(columns, np.inf), np.full(columns, columns, np.int64)
        used = np.zeros(columns + 1, np.bool_)
        at = columns
        while owners[at] >= 0:
            used[at] = True
            free = ~used[:-1]
            reduced = costs[owners[at]] - gains[owners[at]] - prices[:-1]
            better = free & (reduced < least)
            least[better], before[better] = reduced[better], at
            following = int(np.where(free, least, np.inf).argmin())
            step = least[following]
            gains[owners[used]] += step
            prices[used] -= step
            least[free] -= step
            at = following
        while at != columns:
            owners[at] = owners[before[at]]
            at = int(before[at])
    return owners[:-1]
