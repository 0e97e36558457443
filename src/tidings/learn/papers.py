"""Papers as learning sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tidings.types import Terms


class Papers(NamedTuple):
    """Some papers and their words. ``vectors`` float32 (n, dimensions), of length 1 or, without a known word, 0."""

    vectors: NDArray[np.float32]
    terms: Terms
