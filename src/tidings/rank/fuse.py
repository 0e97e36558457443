"""Words and meaning as one score: the one place that says what each is worth.

A convex combination of two numbers of about 0 to 1 (Bruch, Gai, Ingber: An Analysis of Fusion Functions for Hybrid
Retrieval, 2023). Both depend on the question and the whole index only, never on which candidates stand beside a
paper, so a filter or a deeper page changes no score:

- words: BM25 as a share of ``EXCELLENT`` of the bound that no paper can reach for these words;
- meaning: how many standard deviations the cosine lies above the mean over all papers, as a share of ``STRONG``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MEANING = 0.35
"""The share of meaning in the score, words have the rest. Chosen by benchmarks/quality.py: shares of .3 to .5 hardly
differ on questions; above .35 the collections whose field the encoder knows least lose."""
EXCELLENT = 0.5
"""The share of the BM25 bound that counts as 1: the bound takes every word to occur for ever in a text of no length,
a paper that has all words once in a text of average length reaches 1 / (K1 + 1) = 0.45 of it."""
STRONG = 6.0
"""The standard deviations above the mean that count as 1: about where the nearest of 100,000 papers lies."""


class Fused(NamedTuple):
    """Scores and the parts that they are the sum of, each shape (n,)."""

    score: Array
    words: Array
    meaning: Array


def fuse(
    bm25: NDArray[np.float32],
    bm25_bound: float,
    cosine: NDArray[np.float32],
    cosine_mean: float,
    cosine_deviation: float,
    *,
    weight: float = MEANING,
) -> Fused:
    """Return scores and weighted parts, each shape (n,); ``weight`` is the share of meaning, 0 to 1.

    A question without words that any paper has (bound 0) is scored by meaning alone, one without a vector
    (deviation 0) by words alone, each at full weight. A paper without a cosine (NaN) counts as average: its part is 0.
    """
    if bm25_bound <= 0:
        weight = 1.0
    elif cosine_deviation <= 0:
        weight = 0.0
    words = (1 - weight) * of_words(bm25, bm25_bound)
    meaning = weight * of_meaning(cosine, cosine_mean, cosine_deviation)
    return Fused(words + meaning, words, meaning)


def of_words(bm25: NDArray[np.float32], bound: float) -> Array:
    """Return BM25 on a scale where 1 is excellent; zeros where the bound is 0. It may pass 1."""
    if bound <= 0:
        return np.zeros(len(bm25))
    return bm25.astype(np.float64) / (EXCELLENT * bound)


def of_meaning(cosine: NDArray[np.float32], mean: float, deviation: float) -> Array:
    """Return cosines on a scale where 0 is average or below and 1 is strong; zeros where the deviation is 0."""
    if deviation <= 0:
        return np.zeros(len(cosine))
    above = (cosine.astype(np.float64) - mean) / (STRONG * deviation)
    return np.maximum(np.nan_to_num(above, nan=0.0), 0.0)
