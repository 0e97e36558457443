"""The space in which topics are: vectors without what all papers share, on their main axes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

DIMENSIONS = 64
"""Of 20, 50 and 100 main axes, 50 agreed best with the areas of conferences, by a hair; all hardly differ from the
whole vector, and a sixth of its width is a sixth of the work."""
_SAMPLE = 50_000
_BLOCK = 16_384
_ALIKE = 1e-3  # what float16 can differ by


class Space(NamedTuple):
    """``mean`` (dimensions,) of all papers; ``axes`` (dimensions, DIMENSIONS), the main ones first. float32."""

    mean: Array
    axes: Array


def space_of(vectors: NDArray[np.floating]) -> Space:
    """Return the space of an archive from a sample of its vectors, shape (n, dimensions), drawn evenly.

    Zero rows, papers without a known word, are left out; of fewer papers than axes the rest of the axes is 0.
    """
    rows = np.asarray(vectors[:: max(1, len(vectors) // _SAMPLE)], np.float32)
    rows = rows[rows.any(axis=1)]
    mean = rows.mean(axis=0) if len(rows) else np.zeros(vectors.shape[1], np.float32)
    if not len(rows) or float(np.abs(rows - mean).max()) < _ALIKE:
        mean = np.zeros_like(mean)  # identical papers: without the mean there would be nothing left of them
    centred = rows - mean
    values, axes = np.linalg.eigh(centred.T @ centred)
    main = np.argsort(-values)[:DIMENSIONS]
    kept = axes[:, main] * (values[main] > 1e-6 * max(1.0, float(values.max(initial=0.0))))
    signs = np.where(kept.sum(axis=0) < 0, -1.0, 1.0)  # the library is free to choose; a day's refit must not be
    return Space(mean.astype(np.float32), (kept * signs).astype(np.float32))


def points(space: Space, vectors: NDArray[np.floating]) -> Array:
    """Return where papers are, shape (n, DIMENSIONS), of length 1; zero rows stay zero."""
    found = np.zeros((len(vectors), space.axes.shape[1]), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        rows = np.asarray(vectors[start : start + _BLOCK], np.float32)
        known = rows.any(axis=1)
        found[start : start + _BLOCK][known] = normalised(
            ((rows[known] - space.mean) @ space.axes).astype(np.float32, copy=False)
        )
    return found


def normalised(rows: Array) -> Array:
    """Return the rows with length 1; zero rows stay zero."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    found: Array = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return found
