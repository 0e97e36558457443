"""Scores of many papers for one interest or many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tidings.learn.layout import Recent, found_in, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tidings.learn.heads import Head

_FEW = 30_000
"""Occurrences of words that are summed at once; more are summed word by word, which needs no copy of them."""
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
    scores = _meaning_of_many(heads, recent.vectors.T)
    scores += _words_of_many(heads, recent)
    scores += np.array([head.base for head in heads], np.float32)[:, None]
    return scores


def meaning_of(head: Head, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the best taste gives each vector, float32 (n,).

    Taste by taste: for the few that there are, a product of matrices takes longer.
    """
    best: NDArray[np.float32] = vectors @ head.directions[0] + head.offsets[0]
    for direction, offset in zip(head.directions[1:], head.offsets[1:], strict=True):
        np.maximum(best, vectors @ direction + offset, out=best)
    return best


def _meaning_of_many(heads: Sequence[Head], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``meaning_of`` for each head, float32 (m, n); vectors by column. All heads' first tastes, then seconds."""
    best = np.zeros((len(heads), columns.shape[1]), np.float32)
    for taste in range(max(len(head.directions) for head in heads)):
        having = [place for place, head in enumerate(heads) if len(head.directions) > taste]
        found = np.stack([heads[place].directions[taste] for place in having]) @ columns
        found += np.array([heads[place].offsets[taste] for place in having], np.float32)[:, None]
        best[having] = np.maximum(best[having], found) if taste else found
    return best


def words_of(terms: NDArray[np.uint32], weights: NDArray[np.float32], recent: Recent) -> NDArray[np.float32]:
    """Return the summed weights of the words that each paper has, float32 (n,)."""
    places, there = found_in(recent.terms, terms)
    places, weights = places[there], weights[there]
    firsts, ends = recent.starts[places], recent.starts[places + 1]
    if (ends - firsts).sum() < _FEW:
        positions, lengths = spans(recent.starts, places)
        shares = np.repeat(weights, lengths) * recent.values[positions]
        return np.bincount(recent.rows[positions], shares, len(recent.vectors)).astype(np.float32)
    scores = np.zeros(len(recent.vectors), np.float32)
    for first, end, weight in zip(firsts.tolist(), ends.tolist(), weights, strict=True):
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
