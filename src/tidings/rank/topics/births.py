"""What is new in the archive: places where papers of late stand far closer than those before them would let expect.

Around each new paper the balls that hold its 6, 10, 16 and 24 nearest recent papers are compared with what was there
before: with as many old papers in such a ball, that many recent ones would come by chance with the probability of a
Poisson tail. Large balls find what is new and wide, small ones what is new and narrow. That is the likelihood ratio of
recent against background of "What's New in My Data?", on vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidings.rank.topics.groups import Rows, means, nearest
from tidings.rank.topics.space import Array

RECENT_DAYS = 60
SURE = 7.0
"""The decimal digits of the chance below which a place is called new. Of a few thousand balls that are looked at in a
month none would be so full by chance; what announces itself falsely is a fashion that is none of the labels."""
_BALLS = (6, 10, 16, 24)
_MOST_LOOKED_AT = 2_000
_MOST_BORN = 5  # in one night
_FEWEST_OLD = 200  # papers before, below which nothing can be called new
_BLOCK = 256


class Born(NamedTuple):
    """A new topic: its ``rows`` among the points, the places of the two leaves it lies between, how sure (0 to 1)."""

    rows: Rows
    between: tuple[int, ...]
    sure: float


def births(
    points: Array, days: Rows, new: Rows, centres: Array, group: Rows, *, young: Sequence[int] = ()
) -> list[Born]:
    """Return what is new among points (n, d), the surest first; no point is in two.

    ``days`` (n,) are ordinals, 0 where unknown: such papers are recent if they are among ``new``, the rows that came
    last and around which one looks. ``centres`` (k, d) and ``group`` (n,) are the leaves and where points are; what is
    in
    a leaf that was born lately itself, one of ``young``, is explained by it and no news any more.
    """
    known = group >= 0
    last = int(days[new].max(initial=0))
    recent = known & (days > last - RECENT_DAYS) & (days > 0)
    recent[new[days[new] == 0]] = True
    recent &= ~np.isin(group, young)
    old = np.flatnonzero(known & (days <= last - RECENT_DAYS))
    looked_at = new[recent[new]][-_MOST_LOOKED_AT:]
    found: list[Born] = []
    if len(old) < _FEWEST_OLD:
        return found
    while len(found) < _MOST_BORN and len(looked_at):
        rows, digits = _densest(points, looked_at, np.flatnonzero(recent), points[old])
        if digits < SURE:
            break
        middle = means(points[rows], np.zeros(len(rows), np.int64), 1)
        found.append(Born(rows, _between(middle, centres), round(float(1 - 10 ** (SURE - 1 - digits)), 3)))
        recent[rows] = False
        looked_at = looked_at[recent[looked_at]]
    return found


def _densest(points: Array, around: Rows, recent: Rows, old: Array) -> tuple[Rows, float]:
    """Return the recent rows in the ball that chance explains least, and the digits of that chance."""
    best, digits = recent[:0], 0.0
    share = len(recent) / len(old)
    for start in range(0, len(around), _BLOCK):
        rows = around[start : start + _BLOCK]
        near = points[rows] @ points[recent].T
        background = points[rows] @ old.T
        for size in _BALLS:
            if size > len(recent):
                continue
            edges = -np.partition(-near, size - 1, axis=1)[:, size - 1]
            expected = (1 + np.count_nonzero(background >= edges[:, None], axis=1)) * share
            chances = improbability(size, expected)
            at = int(chances.argmax())
            if chances[at] > digits:
                best, digits = recent[near[at] >= edges[at]], float(chances[at])
    return best, digits


def improbability(count: int, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the decimal digits of the chance that ``count`` or more come where so many are ``expected``, (n,)."""
    terms = count + np.arange(60)
    logs = terms * np.log(expected)[:, None] - expected[:, None] - np.array([lgamma(term + 1) for term in terms])
    most = logs.max(axis=1)
    tail = most + np.log(np.exp(logs - most[:, None]).sum(axis=1))
    digits: NDArray[np.float64] = np.where(expected < count, -tail / np.log(10), 0.0)
    return digits


def _between(middle: Array, centres: Array) -> tuple[int, ...]:
    """Return the places of the two leaves that a new one lies between: the nearest, then what adds most to it."""
    if len(centres) < 2:
        return tuple(range(len(centres)))
    first = int(nearest(middle, centres)[0][0])
    rest = middle[0] - (middle[0] @ centres[first]) * centres[first]
    products = centres @ rest
    products[first] = -np.inf
    return first, int(products.argmax())
