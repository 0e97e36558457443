"""What likes have in common and what sets them apart: the papers near them, and the tastes among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.learn.layout import normalised, spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.learn.corpus import Corpus

NEAR = 10
"""The papers of the background that stand for what is near."""
TASTES = 4
"""The most tastes that a head tells apart."""
FEWEST = 6
"""Likes from which on tastes are looked for."""
SAME = 0.3
"""The cosine of two groups' means from which on they are one taste. Halves of one curated list are mostly above it, two
lists below."""
_ROUNDS = 6


class Nearby(NamedTuple):
    """The mean of the papers of the background that are nearest: ``vector`` float32 (d,), ``terms`` and ``values``."""

    vector: NDArray[np.float32]
    terms: NDArray[np.uint32]
    values: NDArray[np.float32]


def nearby_of(corpus: Corpus, direction: NDArray[np.float32]) -> Nearby:
    """Return the mean of the ``NEAR`` papers of the background that are nearest; of none where there are too few."""
    vectors = corpus.background.vectors
    if len(vectors) <= NEAR or not direction.any():
        return Nearby(np.zeros_like(direction), np.zeros(0, np.uint32), np.zeros(0, np.float32))
    nearest = np.argpartition(vectors @ direction, -NEAR)[-NEAR:]
    entries, _ = spans(corpus.near_starts, nearest)
    terms, values = corpus.near_terms[entries], corpus.near_values[entries] / np.float32(NEAR)
    return Nearby(vectors[nearest].mean(axis=0), terms, values)


def split(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return which taste each like belongs to, 0 and up: k-means from likes far apart, groups alike made one.

    One prototype a taste, of which the best counts: Hou et al., Subclass-balancing Contrastive Learning for Long-tailed
    Recognition, 2023. Fewer than ``FEWEST`` likes are one taste.
    """
    if len(vectors) < FEWEST:
        return np.zeros(len(vectors), np.int64)
    means = _far_apart(vectors)
    groups = np.argmax(vectors @ means.T, axis=1)
    for _ in range(_ROUNDS - 1):
        before, means = groups, _means(vectors, groups, len(means))
        groups = np.argmax(vectors @ means.T, axis=1)
        if (groups == before).all():
            break
    return _merged(vectors, np.unique(groups, return_inverse=True)[1])


def _far_apart(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the newest like, and then always the one farthest from those chosen."""
    chosen = [len(vectors) - 1]
    nearest = vectors @ vectors[-1]
    for _ in range(TASTES - 1):
        chosen.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    return vectors[chosen]


def _merged(vectors: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join the two groups most alike until no two are alike."""
    while (count := int(groups.max()) + 1) > 1:
        means = _means(vectors, groups, count)
        alike = np.triu(means @ means.T, 1) - np.tril(np.full((count, count), 2.0))
        one, other = np.unravel_index(int(alike.argmax()), alike.shape)
        if alike[one, other] < SAME:
            break
        groups = np.unique(np.where(groups == other, one, groups), return_inverse=True)[1]
    return groups


def _means(vectors: NDArray[np.float32], groups: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Return the mean of each group, of length 1; of an empty one, 0."""
    return normalised((groups == np.arange(count)[:, None]).astype(np.float32) @ vectors)
