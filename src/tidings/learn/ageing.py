"""What each like weighs by its age: an old taste stays while it is still liked, and goes when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALVES = 3.0
"""The likes after which one counts half in the fast head."""
STEADY, CHANGED = 0.3, 0.9
"""The share of the fast head while the taste is what it was, and when it has surely changed."""
LATEST = 5
"""Likes that tell whether the taste has changed, held against as many or more before them."""
_SUSPECTED, _SURE = 0.5, 0.8
"""Of readers of one list, half have less than 0.53 (``unlikeness``) and 95 % less than 0.76; of readers who turned to
another list 5 to 10 likes ago, half have more than 0.89: benchmarks/feeds_promises.py."""


def like_pulls(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the weight of each like, oldest first, 1 on average; ``vectors`` (n, d), of length 1 or 0.

    The sum of a slow head, the mean of all likes, and a fast one, in which the latest count most (Gao et al., A
    Unified Continual Learning Framework with General Parameter-Efficient Tuning, https://arxiv.org/abs/2303.10070).
    How much is the fast one's depends on how unlike the latest likes are to those before: a reader who has turned to
    something else is followed within ten likes, and one who has not keeps what was learnt.
    """
    count = len(vectors)
    fast: NDArray[np.float64] = 0.5 ** (np.arange(count)[::-1] / HALVES)
    sure = np.clip((unlikeness(vectors) - _SUSPECTED) / (_SURE - _SUSPECTED), 0.0, 1.0)
    share = STEADY + (CHANGED - STEADY) * float(sure)
    return (1 - share) + share * fast * (count / max(float(fast.sum()), 1.0))


def unlikeness(vectors: NDArray[np.float32]) -> float:
    """Return how often one of the latest likes is less like the older ones than these are like each other, 0 to 1.

    A half is what chance gives; 0 while there are too few likes to say. Likes without a vector are not counted.
    """
    known = vectors[vectors.any(axis=1)].astype(np.float64)
    if len(known) < 2 * LATEST:
        return 0.0
    older, latest = known[:-LATEST], known[-LATEST:]
    total = older.sum(axis=0)
    usual = (older @ total - (older**2).sum(axis=1)) / (len(older) - 1)
    return float((latest @ total / len(older) < usual[:, None]).mean())
