"""Scores of many papers for one interest or many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tidings.learn.layout import Recent, found_in, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tidings.learn.heads import Head


def score(head: Head, recent: Recent) -> NDArray[np.float32]:
    """Return the score of each paper, float32 (n,): 0 is usual in the archive, a point is a standard deviation."""
    meaning = meaning_of(head, recent.vectors)
    return meaning + words_of(head.terms, head.weights, recent) + np.float32(head.base)


def score_many(heads: Sequence[Head], recent: Recent) -> NDArray[np.float32]:
    """Return the score of each paper for each head, float32 (m, n)."""
    return (
        np.stack([score(head, recent) for head in heads]) if heads else np.zeros((0, len(recent.vectors)), np.float32)
    )


def meaning_of(head: Head, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the best taste gives each vector, float32 (n,)."""
    if len(head.directions) == 1:
        only: NDArray[np.float32] = vectors @ head.directions[0] + head.offsets[0]
        return only
    best: NDArray[np.float32] = (vectors @ head.directions.T + head.offsets).max(axis=1)
    return best


def words_of(terms: NDArray[np.uint32], weights: NDArray[np.float32], recent: Recent) -> NDArray[np.float32]:
    """Return the summed weights of the words that each paper has, float32 (n,)."""
    places, there = found_in(recent.terms, terms)
    positions, lengths = spans(recent.starts, places[there])
    shares = np.repeat(weights[there], lengths) * recent.values[positions]
    return np.bincount(recent.rows[positions], shares, len(recent.vectors)).astype(np.float32)
