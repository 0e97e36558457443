"""The 1-bit form of vectors, and the scan that finds the nearest of millions of them in milliseconds.

A vector is turned by a random rotation and each coordinate keeps its sign. The share of differing signs
estimates the angle (Charikar, 2002, https://doi.org/10.1145/509907.509965); the rotation spreads what a few strong
coordinates know over all bits (as in RaBitQ, https://arxiv.org/abs/2405.12497). Codes stand in blocks of 32,768 rows,
word by word inside a block, so that the scan reads memory in order and counts bits with vector instructions.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 32_768
FAR = np.uint16(0xFFFF)  # the distance of a row that may not be found
_SIGN_EXPONENT_FRACTION = np.int32(0x8FFFE000 - 2**32)
_PARALLEL_ROWS = 500_000
_SAMPLE = 16_384
_pool = ThreadPoolExecutor(2, thread_name_prefix="scan")


def code_words(dimensions: int) -> int:
    """Return how many 64-bit words a code has."""
    return -(-dimensions // 64)


def rotation(dimensions: int, seed: int = 20_250_320) -> NDArray[np.float32]:
    """Return an orthonormal map to as many coordinates as a code has bits, shape (dimensions, bits)."""
    bits = code_words(dimensions) * 64
    gauss = np.random.default_rng(seed).standard_normal((bits, bits))
    return np.ascontiguousarray(np.linalg.qr(gauss)[0][:dimensions], np.float32)


def products(rows: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the product of every row with a vector, shape (n,).

    Not ``rows @ vector``: BLAS wakes its threads for a product this small, and on a busy machine waits 20 ms for them.
    """
    found: NDArray[np.float32] = np.einsum("ij,j->i", rows, vector)
    return found


def widen(halves: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return finite float16 numbers as float32, the same shape; five times quicker than ``astype``.

    Sign, exponent and fraction move to where float32 has them, and one product corrects the exponent's offset,
    for subnormal numbers too.
    """
    bits = halves.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= _SIGN_EXPONENT_FRACTION
    wide = bits.view(np.float32)
    wide *= np.float32(2.0**112)
    return wide


def encode_codes(vectors: NDArray[np.float32], turn: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return the codes of vectors of shape (n, dimensions), shape (n, words)."""
    signs = (vectors @ turn) > 0
    return np.packbits(signs, axis=1, bitorder="little").view(np.uint64)


def read_codes(blocks: NDArray[np.uint64], rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the codes of some rows, shape (n, words)."""
    return blocks[rows // BLOCK, :, rows % BLOCK]


def write_codes(blocks: NDArray[np.uint64], rows: NDArray[np.int64], codes: NDArray[np.uint64]) -> None:
    """Put codes of shape (n, words) where their rows belong."""
    blocks[rows // BLOCK, :, rows % BLOCK] = codes


def nearest(
    blocks: NDArray[np.uint64], code: NDArray[np.uint64], allowed: NDArray[np.bool_], k: int
) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Return at most k allowed rows with the smallest Hamming distance, and the distances; in no order.

    ``allowed`` has one entry per row. Fewer than k only when fewer are allowed.
    """
    chosen = np.flatnonzero(allowed) if len(allowed) <= BLOCK or np.count_nonzero(allowed) <= BLOCK // 4 else None
    if chosen is not None:
        distances = np.bitwise_count(read_codes(blocks, chosen) ^ code).sum(axis=1, dtype=np.uint16)
        best = smallest(distances, k)
        return chosen[best], distances[best]
    distances = scan(blocks, code, allowed)
    best = smallest(distances, k)
    return best, distances[best]


def scan(blocks: NDArray[np.uint64], code: NDArray[np.uint64], allowed: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Return the Hamming distance of every row to the code; FAR where a row is not allowed."""
    rows = len(allowed)
    found = np.empty(rows, np.uint16)
    count = -(-rows // BLOCK)
    if rows < _PARALLEL_ROWS:
        _scan_blocks(blocks, code, allowed, found, range(count))
        return found
    other = _pool.submit(_scan_blocks, blocks, code, allowed, found, range(count // 2))
    _scan_blocks(blocks, code, allowed, found, range(count // 2, count))
    other.result()
    return found


def _scan_blocks(
    blocks: NDArray[np.uint64],
    code: NDArray[np.uint64],
    allowed: NDArray[np.bool_],
    found: NDArray[np.uint16],
    numbers: range,
) -> None:
    different = np.empty(BLOCK, np.uint64)
    counted = np.empty(BLOCK, np.uint8)
    for number in numbers:
        low = number * BLOCK
        total = found[low : low + BLOCK]
        size = len(total)
        total[:] = 0
        for column, word in zip(blocks[number], code, strict=True):
            np.bitwise_xor(column[:size], word, out=different[:size])
            np.bitwise_count(different[:size], out=counted[:size])
            np.add(total, counted[:size], out=total)
        np.copyto(total, FAR, where=~allowed[low : low + size])


def smallest(values: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Return the positions of the k smallest values that are not FAR; fewer only when there are fewer. In no order.

    A threshold is guessed from a sample and raised until it lets k pass: partitioning millions costs fifty times more.
    """
    if len(values) > 4 * _SAMPLE:
        sample = np.sort(values[:: len(values) // _SAMPLE])
        share = 1.3 * k / len(values) * len(sample) + 4
        while share < len(sample):
            passing = np.flatnonzero(values <= sample[int(share)])
            if sample[int(share)] != FAR and len(passing) >= k:
                return passing[_partition(values[passing], k)]
            share *= 4
    passing = np.flatnonzero(values != FAR)
    return passing[_partition(values[passing], k)]


def _partition(values: NDArray[Any], k: int) -> NDArray[np.int64]:
    if len(values) <= k:
        return np.arange(len(values))
    return np.argpartition(values, k)[:k]
