"""Scores of many papers for one interest or many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tidings.learn.layout import Recent, found_in, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tidings.learn.heads import Head

_DENSE = 768
"""Words that many heads share or many papers have are multiplied densely: a product is faster than scattered sums."""


def score(head: Head, recent: Recent) -> NDArray[np.float32]:
    """Return the score of each paper, float32 (n,): 0 is usual in the archive, a point is a standard deviation."""
    meaning = meaning_of(head, recent.vectors)
    return meaning + words_of(head.terms, head.weights, recent) + np.float32(head.base)


def score_many(heads: Sequence[Head], recent: Recent) -> NDArray[np.float32]:
    """Return the score of each paper for each head, float32 (m, n), in one product for all heads at once."""
    if not heads or not len(recent.vectors):
        return np.zeros((len(heads), len(recent.vectors)), np.float32)
    scores = _words_of_many(heads, recent)
    first = np.cumsum([0, *(len(head.directions) for head in heads)])
    directions = np.concatenate([head.directions for head in heads])
    offsets = np.concatenate([head.offsets + np.float32(head.base) for head in heads])
    meaning = directions @ recent.vectors.T + offsets[:, None]
    scores += meaning if len(meaning) == len(heads) else np.maximum.reduceat(meaning, first[:-1])
    return scores


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
    firsts, ends = recent.starts[places[there]].tolist(), recent.starts[places[there] + 1].tolist()
    scores = np.zeros(len(recent.vectors), np.float32)
    for first, end, weight in zip(firsts, ends, weights[there], strict=True):
        scores[recent.rows[first:end]] += weight * recent.values[first:end]  # no row twice in a column
    return scores


def _words_of_many(heads: Sequence[Head], recent: Recent) -> NDArray[np.float32]:
    """Return ``words_of`` for each head, float32 (m, n): frequent words by a dense product, the rest one by one."""
    owners = np.repeat(np.arange(len(heads)), [len(head.terms) for head in heads])
    places, there = found_in(recent.terms, np.concatenate([head.terms for head in heads]))
    owners, places, weights = owners[there], places[there], np.concatenate([head.weights for head in heads])[there]
    costs = np.bincount(places, minlength=len(recent.terms)) * np.diff(recent.starts)
    slots = np.full(len(recent.terms), -1)
    frequent = np.argsort(-costs, kind="stable")[:_DENSE]
    slots[frequent] = np.arange(len(frequent))
    is_dense = slots[places] >= 0
    wanted = np.zeros((len(heads), len(frequent)), np.float32)
    wanted[owners[is_dense], slots[places[is_dense]]] = weights[is_dense]
    scores = wanted @ _columns(recent, frequent)
    rest = ~is_dense
    positions, lengths = spans(recent.starts, places[rest])
    cells = np.repeat(owners[rest] * len(recent.vectors), lengths) + recent.rows[positions]
    shares = np.repeat(weights[rest], lengths) * recent.values[positions]
    scores += np.bincount(cells, shares, scores.size).reshape(scores.shape).astype(np.float32)
    return scores


def _columns(recent: Recent, places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the words at those places as a dense matrix, float32 (words, n)."""
    found = np.zeros((len(places), len(recent.vectors)), np.float32)
    positions, lengths = spans(recent.starts, places)
    found[np.repeat(np.arange(len(places)), lengths), recent.rows[positions]] = recent.values[positions]
    return found
