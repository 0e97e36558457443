"""Where a layout begins: topics by how near they are to each other, and papers around their topic.

What a layout begins with decides what its large distances mean (Kobak, Linderman: Initialization is critical for
preserving global data structure in both t-SNE and UMAP, Nature Biotechnology 39, 2021).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tidings.rank.layout.field import Points

_ROUNDS = 100
_WIDTH = 10.0
_APART = 1.0


def beginning(points: Points, group: NDArray[np.int64], centres: Points) -> Points:
    """Return a first place of each point, shape (n, 2).

    ``points`` (n, d) and ``centres`` (k, d) have length 1; ``group`` (n,) says which centre a point belongs to, -1 for
    none. Centres are placed by classical scaling (Torgerson, 1952) and moved apart where they overlap; a point stands
    around its centre, towards what else it resembles.
    """
    if not len(centres):
        return _plane(points)
    middle = _apart(_plane(centres))
    found = np.zeros((len(points), 2), np.float32)
    known = group >= 0
    found[known] = middle[group[known]]
    room = _APART / 2
    return found + room * _plane(points) / _WIDTH * 4


def _plane(points: Points) -> Points:
    """Return points on the two main axes of all, scaled to a width of ten; identical ones a little apart."""
    centred = points - points.mean(axis=0)
    values, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    main = axes[:, np.argsort(-values)[:2]]
    main = main * np.where(main.sum(axis=0) < 0, -1.0, 1.0)  # the library is free to choose
    flat = np.zeros((len(points), 2))
    flat[:, : main.shape[1]] = centred @ main
    deviation = float(flat.std())
    spiral = _spiral(len(points)) * 0.02
    return ((flat * (_WIDTH / 4 / deviation) if deviation > 1e-9 else flat) + spiral).astype(np.float32)


def _spiral(count: int) -> NDArray[np.float64]:
    """Return points that fill a disc of radius 1 evenly, in an order of their own: the golden angle (Vogel, 1979)."""
    number = np.arange(count)
    angle, radius = number * np.pi * (3 - np.sqrt(5)), np.sqrt((number + 0.5) / max(1, count))
    return np.stack([np.cos(angle) * radius, np.sin(angle) * radius], axis=1)


def _apart(points: Points) -> Points:
    """Return points moved away from those that are nearer than the room that each has."""
    room = _APART * 2 * _WIDTH / np.sqrt(max(1, len(points))) / 2
    moved = points.astype(np.float64)
    for _ in range(_ROUNDS):
        way = moved[:, None] - moved[None]
        length = np.sqrt((way**2).sum(axis=-1)) + 1e-9
        push = np.clip(room - length, 0, None) * (length > 1e-8)
        moved += 0.25 * (way * (push / length)[..., None]).sum(axis=1)
    return moved.astype(np.float32)
