"""What the arrays of this package have in common: moments, rows, and what is refused.

Moments are seconds since 1970 (UTC) as float64; rows are int64.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

HOUR = 3600.0
DAY = 24 * HOUR


def moment_of(now: datetime) -> float:
    """Return the moment of a time; one without a zone is refused, for it would be read in the machine's."""
    if now.tzinfo is None:
        raise ValueError(f"{now} has no zone")
    return now.timestamp()


def same_length(what: str, *columns: NDArray[np.generic]) -> None:
    """Refuse arrays of different lengths."""
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise ValueError(f"{what}: arrays of different lengths, {sorted(lengths)}")


def within(what: str, rows: Rows, size: int) -> None:
    """Refuse rows that are not among the first ``size``."""
    if len(rows) and not (rows.min() >= 0 and rows.max() < size):
        raise ValueError(f"{what}: rows must be 0 to {size - 1}")


def sorted_by(*columns: Rows | Floats) -> bool:
    """Return whether the entries are in the order of the first column, ties in that of the second, and so on."""
    undecided = np.ones(max(len(columns[0]) - 1, 0), bool)
    for column in columns:
        before, after = column[:-1], column[1:]
        if np.any(undecided & (after < before)):
            return False
        undecided &= after == before
    return True


def summed(paper: Rows, votes: Floats, size: int) -> Floats:
    """Return the sum of votes of each paper, shape (size,)."""
    return np.bincount(paper, votes, minlength=size).astype(np.float64)
