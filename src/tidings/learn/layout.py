"""Papers laid out for scoring: vectors by row, words by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.types import Terms


class Recent(NamedTuple):
    """Candidates laid out for scoring: n papers, whose words are found by term.

    ``vectors`` float32 (n, dimensions), of length 1 or 0, by column in memory: a product with one interest then takes a
    third less. The papers that have ``terms[j]`` (uint32, ascending) are
    ``rows[starts[j]:starts[j + 1]]`` (int64), and ``values`` (float32, like ``rows``) is what the word weighs in each.
    """

    vectors: NDArray[np.float32]
    terms: NDArray[np.uint32]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    values: NDArray[np.float32]


def owners_of(terms: Terms) -> NDArray[np.int64]:
    """Return the paper of each entry of ``terms.terms``."""
    return np.repeat(np.arange(len(terms.starts) - 1, dtype=np.int64), np.diff(terms.starts))


def by_column(vectors: NDArray[np.float32], terms: Terms, values: NDArray[np.float32]) -> Recent:
    """Return the papers with their words sorted by term; ``values`` belongs to ``terms.terms``, and 0 is left out."""
    weighty = np.flatnonzero(values)
    order = weighty[np.argsort(terms.terms[weighty], kind="stable")]
    distinct, first = np.unique(terms.terms[order], return_index=True)
    starts = np.append(first, len(order)).astype(np.int64)
    return Recent(np.asfortranarray(vectors), distinct, starts, owners_of(terms)[order], values[order])


def spans(starts: NDArray[np.int64], places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of ``starts[p]:starts[p + 1]`` for each place p, one after another, and their lengths."""
    lengths = starts[places + 1] - starts[places]
    shifts = np.repeat(starts[places] - (np.cumsum(lengths) - lengths), lengths)
    return shifts + np.arange(lengths.sum()), lengths


def found_in(
    sorted_terms: NDArray[np.uint32], wanted: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return where each wanted term stands among ascending ones, and whether it is there at all."""
    if not len(sorted_terms):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(sorted_terms, wanted), len(sorted_terms) - 1)
    return places, sorted_terms[places] == wanted


def normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors of length 1; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > _ROUNDING)
    return found


_ROUNDING = 1e-6  # what is shorter is 0 but for rounding
