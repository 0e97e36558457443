"""How all points of a plane push each other away, in a time that grows with their number only.

The push of each on each is a convolution, so points are spread over a grid, convolved there by FFT and read off again:
Linderman et al., Fast Interpolation-based t-SNE (Nature Methods 16, 2019), here between the four nearest nodes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

_FINEST, _MOST_CELLS, _FEWEST_CELLS = 0.35, 768, 48
"""The width of a cell where the kernel's is 1: of 60,000 papers' pushes a twentieth is lost; at 0.6 an eighth."""
_STEP = 1.08  # cells grow by so much at once, so that their kernel serves for many rounds


class _Kernel(NamedTuple):
    near: NDArray[np.complex64]
    across: NDArray[np.complex64]
    down: NDArray[np.complex64]


def repulsion(points: Points) -> Points:
    """Return how each point, shape (n, 2), is pushed away by all others, by t-SNE's kernel, times n.

    That is n / Z times the sum over j of (p - q) / (1 + |p - q|^2)^2, where Z is the sum of 1 / (1 + |p - q|^2) over
    all pairs.
    """
    low = points.min(axis=0)
    span = float((points - low).max())
    cells = min(_MOST_CELLS, max(_FEWEST_CELLS, 32 * int(np.ceil(span / _FINEST / 32))))
    size = max(span, 1e-3) * 1.001 / (cells - 1)
    size = float(_STEP ** np.ceil(np.log(size) / np.log(_STEP)))
    corners, shares = _spread((points - low) / np.float32(size), cells)
    grid = np.zeros(cells * cells)
    for corner, share in zip(corners, shares, strict=True):
        grid += np.bincount(corner, share, cells * cells)
    charge = np.fft.rfft2(grid.reshape(cells, cells).astype(np.float32), (2 * cells, 2 * cells))
    kernel = _kernel(cells, size)
    near, across, down = (_read(np.fft.irfft2(charge * part), corners, shares, cells) for part in kernel)
    total = max(float(near.sum()) - len(points), 1e-6)
    return np.stack([across, down], axis=1) * np.float32(len(points) / total)


def _spread(places: Points, cells: int) -> tuple[list[NDArray[np.int64]], list[NDArray[np.float32]]]:
    """Return the four nodes around each point, and its share in each."""
    node = np.minimum(places.astype(np.int64), cells - 2)
    right, below = (places - node).T
    first = node[:, 1] * cells + node[:, 0]
    shares = [(1 - right) * (1 - below), right * (1 - below), (1 - right) * below, right * below]
    return [first, first + 1, first + cells, first + cells + 1], shares


def _read(
    whole: NDArray[np.floating], corners: list[NDArray[np.int64]], shares: list[NDArray[np.float32]], cells: int
) -> NDArray[np.float32]:
    field = np.ascontiguousarray(whole[:cells, :cells], np.float32).ravel()
    found: NDArray[np.float32] = np.zeros(len(shares[0]), np.float32)
    for corner, share in zip(corners, shares, strict=True):
        found += field[corner] * share
    return found


@lru_cache(maxsize=2)
def _kernel(cells: int, size: float) -> _Kernel:
    steps = np.fft.fftfreq(2 * cells, 1 / (2 * cells)).astype(np.float32) * np.float32(size)
    across, down = steps[None, :], steps[:, None]
    near = 1 / (1 + across**2 + down**2)
    return _Kernel(*(np.fft.rfft2(part).astype(np.complex64) for part in (near, across * near**2, down * near**2)))
