"""What is new in the archive: phrases that papers of late have far oftener than those before would let expect.

That is the likelihood ratio of recent against background of "What's New in My Data?", on phrases: a new topic has words
before it has a place. Balls of vectors around new papers were tried first and found a quarter of what phrases find, at
more false births (`benchmarks/results/topics.md`): what is new lies among what was there, only its words do not.
Vectors say whether the papers of a phrase belong together.
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
SURE = 6.0
"""The decimal digits of the chance below which a phrase is called new. Some ten thousand phrases are looked at in a
month, so one in a hundred months would be by chance; what is false in practice is a fashion of words."""
FEWEST = 4
"""Papers that something new has at least."""
_MOST_BORN = 5  # in one night
_TOGETHER = 0.45  # the length of the mean of points that belong together; of papers drawn by chance it is below .3
_SHARED = 0.3  # papers that are in another new topic, from which it is that topic


class Burst(NamedTuple):
    """A phrase that is oftener than it was, the ``rows`` of recent papers with it, the ``digits`` of that chance."""

    phrase: str
    rows: Rows
    digits: float


class Born(NamedTuple):
    """A new topic: its ``rows`` among the points, the places of the two leaves it lies between, how sure (0 to 1)."""

    rows: Rows
    between: tuple[int, ...]
    sure: float


def births(
    points: Array, group: Rows, centres: Array, bursts: Sequence[Burst], *, young: Sequence[int] = ()
) -> list[Born]:
    """Return what is new among points (n, d), the surest first; no point is in two.

    ``centres`` (k, d) and ``group`` (n,) are the leaves and where points are. A burst whose papers are in one of the
    leaves that were born lately themselves, ``young``, is no news any more.
    """
    taken = (group < 0) | np.isin(group, young)
    found: list[Born] = []
    for burst in sorted(bursts, key=lambda one: (-one.digits, one.phrase)):
        rows = burst.rows[~taken[burst.rows]]
        if len(found) == _MOST_BORN or burst.digits < SURE:
            break
        if len(rows) < FEWEST or len(rows) < (1 - _SHARED) * len(burst.rows):
            continue
        if float(np.linalg.norm(points[rows].mean(axis=0))) < _TOGETHER:
            continue
        middle = means(points[rows], np.zeros(len(rows), np.int64), 1)
        found.append(Born(rows, _between(middle, centres), round(float(1 - 10 ** (SURE - 1 - burst.digits)), 3)))
        taken[rows] = True
    return found


def improbability(count: int, expected: float) -> float:
    """Return the decimal digits of the chance that ``count`` or more come where so many are ``expected`` (above 0)."""
    if expected >= count:
        return 0.0
    terms = count + np.arange(60)
    logs = terms * np.log(expected) - expected - np.array([lgamma(term + 1) for term in terms])
    most = float(logs.max())
    return -(most + float(np.log(np.exp(logs - most).sum()))) / float(np.log(10))


def _between(middle: Array, centres: Array) -> tuple[int, ...]:
    """Return the places of the two leaves that a new one lies between: the nearest, then what adds most to it."""
    if len(centres) < 2:
        return tuple(range(len(centres)))
    first = int(nearest(middle, centres)[0][0])
    rest = middle[0] - (middle[0] @ centres[first]) * centres[first]
    products: NDArray[np.float32] = centres @ rest
    products[first] = -np.inf
    return first, int(products.argmax())
