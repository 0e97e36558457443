"""Protocols with more than one implementation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # numpy costs a tenth of a second, and many commands never need it
    import numpy as np
    from numpy.typing import NDArray


class Encoder(Protocol):
    """Text to vectors. ``name`` changes whenever a vector would."""

    name: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one L2-normalised row per text, shape (n, dimensions); a zero row for a text without a known token."""
