"""Groups of groups: the two that lie nearest become one, until there are as few as are wanted.

Ward: Hierarchical Grouping to Optimize an Objective Function (1963), with the update of Lance and Williams (1967).
Groups made so may be of very different size, as fields of research are; those of k-means alone are too even.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tidings.rank.topics.groups import Rows
from tidings.rank.topics.space import Array


def merged(centres: Array, weights: NDArray[np.float64], count: int) -> Rows:
    """Return the group of each centre, 0 to ``count`` - 1 at most, shape (k,).

    ``centres`` (k, d) are of length 1, ``weights`` (k,) above 0.
    """
    if len(centres) <= count:
        return np.arange(len(centres))
    weights = weights.copy()
    costs = _costs(centres, weights)
    owners = np.arange(len(centres))
    partners, least = costs.argmin(axis=1), costs.min(axis=1)
    for _ in range(len(centres) - count):
        one = int(least.argmin())
        other = int(partners[one])
        costs[one] = costs[:, one] = _joined(costs, weights, one, other)
        costs[other] = costs[:, other] = least[other] = np.inf
        weights[one] += weights[other]
        owners[owners == other] = one
        _look_again(costs, partners, least, one, other)
    return np.unique(owners, return_inverse=True)[1].astype(np.int64)


def _costs(centres: Array, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much each pair would scatter more as one, shape (k, k); infinite with itself."""
    found: NDArray[np.float64] = np.maximum(2 - 2 * (centres @ centres.T), 0).astype(np.float64)
    found *= weights[:, None] * weights / (weights[:, None] + weights)
    np.fill_diagonal(found, np.inf)
    return found


def _joined(costs: NDArray[np.float64], weights: NDArray[np.float64], one: int, other: int) -> NDArray[np.float64]:
    both = weights[one] + weights[other]
    found: NDArray[np.float64] = (
        (weights[one] + weights) * costs[one] + (weights[other] + weights) * costs[other] - weights * costs[one, other]
    ) / (both + weights)
    found[[one, other]] = np.inf
    return found


def _look_again(costs: NDArray[np.float64], partners: Rows, least: NDArray[np.float64], one: int, other: int) -> None:
    """Find the partners of those whose partner is one of the two that were joined, and of the joined one."""
    for row in np.flatnonzero(np.isin(partners, (one, other)) & np.isfinite(least)).tolist():
        partners[row] = costs[row].argmin()
        least[row] = costs[row, partners[row]]
    partners[one] = costs[one].argmin()
    least[one] = costs[one, partners[one]]
    nearer = costs[one] < least
    partners[nearer], least[nearer] = one, costs[one][nearer]
