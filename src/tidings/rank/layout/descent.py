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
_PLACES = 20_000  # across the whole; two points at one of them are the same to whoever looks


def lay_out(start: Points, near: Near, *, rounds: int = ROUNDS, settled: bool = False) -> Points:
    """Return where points stand, shape (n, 2), the middle of all at 0.

    ``near`` (n, k) are the nearest others of each, -1 for none. ``start`` (n, 2) is where they begin: places of the
    whole that are right already, or, where it is ``settled``, those of a layout before, to which little was added.
    """
    points = start.astype(np.float32)
    if len(points) < 2:
        return np.zeros_like(points)
    speed, columns = np.zeros_like(points), _columns(near)
    early = 0 if settled else int(_EARLY * rounds)
    # where all draw all, all would fall together
    first = max(_LAST, min(_FIRST, len(points) / (4 * max(1, near.shape[1]))))
    for turn in range(rounds):
        strength = first if turn < early else _LAST
        force = strength * _drawn(points, columns) + repulsion(points)
        speed = (0.5 if turn < early else 0.8) * speed + (4 / strength) * _cooled(turn, rounds) * force
        length = np.sqrt((speed**2).sum(axis=1, keepdims=True))
        points += speed * np.minimum(1, _LONGEST_STEP / np.maximum(length, 1e-9))
    return _parted(points - points.mean(axis=0))


def attraction(points: Points, near: Near) -> Points:
    """Return how each point is drawn by its neighbours, and by those whose neighbour it is, shape (n, 2)."""
    return _drawn(points, _columns(near))


def _columns(near: Near) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Return for each rank the neighbours of that rank and whether there is one, laid out to be read fast."""
    return [(np.maximum(column, 0).astype(np.int64), (column >= 0).astype(np.float32)) for column in near.T]


def _drawn(points: Points, columns: list[tuple[NDArray[np.int64], NDArray[np.float32]]]) -> Points:
    x, y = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
    across, down = np.zeros(len(points)), np.zeros(len(points))
    for other, there in columns:
        right, up = x[other] - x, y[other] - y
        pull = there / (1 + right * right + up * up)
        right *= pull
        up *= pull
        across += right
        across -= np.bincount(other, right, len(points))
        down += up
        down -= np.bincount(other, up, len(points))
    found: Points = (np.stack([across, down], axis=1) / (2 * max(1, len(columns)))).astype(np.float32)
    return found


def _cooled(turn: int, rounds: int) -> float:
    """Return how far a step goes: all the way, and less in the last fifth, so that nothing trembles."""
    return min(1.0, 5 * (rounds - turn) / rounds)


def _parted(points: Points) -> Points:
    """Return points of which no two stand at one place: identical ones fell together, and each must be seen."""
    width = max(float(np.ptp(points, axis=0).max()), 1e-3)
    cells = np.rint(points * (_PLACES / width)).astype(np.int64)
    _, place = np.unique(cells[:, 0] * 4 * _PLACES + cells[:, 1], return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(place))[:-1]])
    rank = np.empty(len(points), np.int64)
    rank[order] = np.arange(len(points)) - starts[place[order]]
    angle, far = rank * 2.39996, np.sqrt(rank) * width / 300
    found: Points = points + np.stack([np.cos(angle) * far, np.sin(angle) * far], axis=1).astype(np.float32)
    return found
