"""Moving points on a plane until neighbours stand together and all others apart.

t-SNE (van der Maaten, Hinton, 2008) with the same weight for each of a point's nearest neighbours, which does as well
as weights by distance (Böhm, Berens, Kobak: Attraction-Repulsion Spectrum in Neighbor Embeddings, JMLR 23, 2022); they
show as well that UMAP's negative samples are the same forces with more attraction. The forces are summed exactly here,
so that nothing depends on a draw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tidings.rank.layout.field import Points, repulsion

Near = NDArray[np.int32]

ROUNDS = 400
_EARLY = 0.3  # the share of rounds in which neighbours find each other, before all take their room
_FIRST, _LAST = 12.0, 1.3
"""How much stronger neighbours draw than in t-SNE: early, as usual, and at the end. A little more than 1 leaves roads
between the groups, for few neighbours lost."""
_LONGEST_STEP = 4.0


def lay_out(start: Points, near: Near, *, rounds: int = ROUNDS, settled: bool = False) -> Points:
    """Return where points stand, shape (n, 2), the middle of all at 0.

    ``near`` (n, k) are the nearest others of each, -1 for none. ``start`` (n, 2) is where they begin: places of the
    whole that are right already, or, where it is ``settled``, those of a layout before, to which little was added.
    """
    points = start.astype(np.float32)
    if len(points) < 2:
        return np.zeros_like(points)
    speed = np.zeros_like(points)
    early = 0 if settled else int(_EARLY * rounds)
    for turn in range(rounds):
        strength = _FIRST if turn < early else _LAST
        force = strength * attraction(points, near) + repulsion(points)
        speed = (0.5 if turn < early else 0.8) * speed + (4 / strength) * _cooled(turn, rounds) * force
        length = np.sqrt((speed**2).sum(axis=1, keepdims=True))
        points += speed * np.minimum(1, _LONGEST_STEP / np.maximum(length, 1e-9))
    found: Points = points - points.mean(axis=0)
    return found


def attraction(points: Points, near: Near) -> Points:
    """Return how each point is drawn by its neighbours, and by those whose neighbour it is, shape (n, 2)."""
    count = len(points)
    total = np.zeros((count, 2))
    for column in near.T:
        there = column >= 0
        other = np.where(there, column, 0)
        way = points[other] - points
        pull = way * (there / (1 + (way**2).sum(axis=1))).astype(np.float32)[:, None]
        total += pull
        for axis in (0, 1):
            total[:, axis] -= np.bincount(other, pull[:, axis], count)
    found: Points = (total / (2 * max(1, near.shape[1]))).astype(np.float32)
    return found


def _cooled(turn: int, rounds: int) -> float:
    """Return how far a step goes: all the way, and less in the last fifth, so that nothing trembles."""
    return min(1.0, 5 * (rounds - turn) / rounds)
