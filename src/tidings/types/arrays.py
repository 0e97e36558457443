"""What flows as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # numpy costs a tenth of a second, and many commands never need it
    import numpy as np
    from numpy.typing import NDArray

TERM_BITS = 22
"""A term is a stemmed word by its number among so many (``hashing.bucket``): no dictionary has to be kept."""


class Terms(NamedTuple):
    """The words of n papers. Those of paper i are ``terms[starts[i]:starts[i + 1]]``, ascending, each once.

    ``starts`` int64 (n + 1,), ``terms`` uint32, below 2 ** TERM_BITS; ``counts`` uint8, how often each occurs, at
    most 255.
    """

    starts: NDArray[np.int64]
    terms: NDArray[np.uint32]
    counts: NDArray[np.uint8]
