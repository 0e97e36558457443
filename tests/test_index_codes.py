"""Codes: the scan and the selection find what the slow way finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.index.codes import BLOCK, FAR, encode_codes, nearest, rotation, smallest, widen, write_codes


def test_every_finite_half_is_widened_exactly() -> None:
    halves = np.arange(65_536, dtype=np.uint32).astype(np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    assert np.array_equal(widen(halves), halves.astype(np.float32))


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 200_000), k=st.integers(1, 3_000), spread=st.integers(1, 400), seed=st.integers(0, 99))
def test_the_smallest_are_the_smallest(count: int, k: int, spread: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.integers(0, spread, count).astype(np.uint16)
    values[random.random(count) < seed / 100] = FAR
    chosen = smallest(values, k)
    allowed = np.sort(values[values != FAR])
    assert len(set(chosen.tolist())) == len(chosen) == min(k, len(allowed))
    assert np.array_equal(np.sort(values[chosen]), allowed[:k])


@pytest.mark.parametrize(
    ("rows", "share"), [(500, 1.0), (100_000, 1.0), (100_000, 0.5), (100_000, 0.01), (700_000, 0.9)]
)
def test_the_scan_finds_what_counting_bits_one_by_one_finds(rows: int, share: float) -> None:
    random = np.random.default_rng(1)
    codes = random.integers(0, 2**63, (rows, 2), np.uint64)
    blocks = np.zeros((-(-rows // BLOCK), 2, BLOCK), np.uint64)
    write_codes(blocks, np.arange(rows), codes)
    allowed = random.random(rows) < share
    found, distances = nearest(blocks, codes[7], allowed, 100)
    expected = np.bitwise_count(codes ^ codes[7]).sum(axis=1)
    assert allowed[found].all()
    assert np.array_equal(distances, expected[found])
    assert np.array_equal(np.sort(distances), np.sort(expected[allowed])[:100])


def test_the_rotation_keeps_angles() -> None:
    turn = rotation(100)
    vectors = np.random.default_rng(0).standard_normal((5, 100)).astype(np.float32)
    assert (vectors @ turn) @ (vectors @ turn).T == pytest.approx(vectors @ vectors.T, abs=1e-3)
    assert encode_codes(vectors, turn).shape == (5, 2)
