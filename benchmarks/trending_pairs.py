"""Which of two papers comes first: agreement of an order with what came, and how sure that is over days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = list[tuple[float, float]]
_DRAWS = 2000


def agreeing(day: Floats, score: Floats, first: Floats, final: Floats) -> tuple[Counts, Counts]:
    """Return (agreeing, all) pairs of each day: those apart at the first look, and all with ties counted half."""
    apart, every = [], []
    for one in np.unique(day):
        rows = np.flatnonzero(day == one)
        left, right = (rows[side] for side in np.triu_indices(len(rows), 1))
        unequal = final[left] != final[right]
        left, right = left[unequal], right[unequal]
        signs = np.sign(score[left] - score[right]) * np.sign(final[left] - final[right])
        agree, tied = (1 + signs) / 2, first[left] == first[right]
        apart.append((agree[~tied].sum(), np.count_nonzero(~tied)))
        every.append((agree.sum(), len(agree)))
    return apart, every


def share_of(parts: Sequence[tuple[float, float]]) -> str:
    """Return the sum of the first numbers over that of the second, with its interval by resampling the pairs."""
    return "{:.3f} [{:.3f}, {:.3f}]".format(*interval(np.array(parts, dtype=float)))


def interval(parts: Floats) -> tuple[float, float, float]:
    """Return the sum of the first column over that of the second, and the ends of its 95 % interval."""
    draws = np.random.default_rng(0).integers(0, len(parts), (_DRAWS, len(parts)))
    sums = parts[draws].sum(axis=1)
    low, high = np.percentile(sums[:, 0] / sums[:, 1], (2.5, 97.5))
    return float(parts[:, 0].sum() / parts[:, 1].sum()), float(low), float(high)


def gain(ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]]) -> str:
    """Return how much more agrees than with the other, on the same days."""
    parts = np.array(ours, dtype=float)
    parts[:, 0] -= np.array(theirs, dtype=float)[:, 0]
    return "{:+.4f} [{:+.4f}, {:+.4f}]".format(*interval(parts))


def gravity(votes: Floats, hours: Floats) -> Floats:
    """Return the score of Hacker News' published formula (http://amix.dk/blog/post/19574)."""
    return (votes - 1) / (hours + 2) ** 1.8
