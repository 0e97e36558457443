"""Heads in a file: what comes back is what was kept, or nothing; never a torn, stale or foreign one."""

from __future__ import annotations

import multiprocessing
import os
import stat
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.errors import InputError
from tidings.learn import Head
from tidings.learn.pool import ROW, HeadPool, stamp_of


def head_of(seed: int, tastes: int = 2, words: int = 160, dimensions: int = 384) -> Head:
    random = np.random.default_rng(seed)
    return Head(
        random.standard_normal((tastes, dimensions)).astype(np.float32),
        random.standard_normal(tastes).astype(np.float32),
        np.sort(random.choice(2**22, words, replace=False)).astype(np.uint32),
        random.standard_normal(words).astype(np.float32),
        float(random.standard_normal()),
    )


def same(one: Head | None, other: Head | None) -> bool:
    if one is None or other is None:
        return one is other
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(Head)]
    return all(np.array_equal(a, b) and np.asarray(a).dtype == np.asarray(b).dtype for a, b in pairs)


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[HeadPool]:
    with HeadPool(tmp_path / "learnt" / "heads") as pool:
        yield pool


def _row(tmp_path: Path, interest_id: int) -> tuple[Path, int]:
    return tmp_path / "learnt" / "heads", interest_id * ROW


@settings(deadline=None)
@given(
    st.integers(0, 4), st.integers(0, 160), st.integers(0, 99), st.integers(1, 10**5), st.integers(-(2**63), 2**63 - 1)
)
def test_what_is_kept_comes_back_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory, tastes: int, words: int, seed: int, interest_id: int, stamp: int
) -> None:
    head = head_of(seed, tastes, words)
    with HeadPool(tmp_path_factory.mktemp("pool") / "heads") as pool:
        assert pool.put(interest_id, stamp, head)
        assert same(pool.get(interest_id, stamp), head)
        assert pool.get(interest_id + 1, stamp) is None


def test_another_process_reads_what_one_has_learnt(tmp_path: Path, pool: HeadPool) -> None:
    pool.put(7, 1, head_of(7))
    with HeadPool(tmp_path / "learnt" / "heads") as other:
        assert same(other.get(7, 1), head_of(7))
        other.put(7, 2, head_of(8))
    assert pool.get(7, 1) is None
    assert same(pool.get(7, 2), head_of(8))


def test_a_smaller_head_replaces_a_larger_one(pool: HeadPool) -> None:
    pool.put(3, 1, head_of(1, tastes=4))
    pool.put(3, 2, head_of(2, tastes=1, words=3))
    assert same(pool.get(3, 2), head_of(2, tastes=1, words=3))


def test_a_head_of_before_a_change_is_learnt_anew(pool: HeadPool) -> None:
    pool.put(5, stamp_of("2026-11-21T08:00:00Z", "corpus one"), head_of(5))
    assert pool.get(5, stamp_of("2026-11-21T08:00:01Z", "corpus one")) is None
    assert pool.get(5, stamp_of("2026-11-21T08:00:00Z", "corpus two")) is None
    assert pool.get(5, stamp_of("2026-11-21T08:00:00Z", "corpus one")) is not None


def test_an_interest_that_nobody_learnt_has_no_head(pool: HeadPool) -> None:
    assert pool.get(1, 0) is None
    pool.put(9, 4, head_of(9))
    assert pool.get_many([8, 9, 10], [4, 4, 4])[::2] == [None, None]
    assert same(pool.get_many([9], [4])[0], head_of(9))


@pytest.mark.parametrize("place", [0, 8, 16, 20, 100, 4095, 4096])
def test_a_torn_row_is_learnt_anew(tmp_path: Path, pool: HeadPool, place: int) -> None:
    pool.put(2, 1, head_of(2))
    path, start = _row(tmp_path, 2)
    with path.open("r+b") as file:
        file.seek(start + place)
        byte = file.read(1)
        file.seek(start + place)
        file.write(bytes([byte[0] ^ 1]))
    assert pool.get(2, 1) is None
    pool.put(2, 1, head_of(2))
    assert same(pool.get(2, 1), head_of(2))


@pytest.mark.parametrize("size", [0, 10, 20, 300, 4096])
def test_a_file_that_was_cut_is_learnt_anew(tmp_path: Path, pool: HeadPool, size: int) -> None:
    pool.put(2, 1, head_of(2))
    path, start = _row(tmp_path, 2)
    os.truncate(path, start + size)
    assert pool.get(2, 1) is None


def test_a_row_that_stands_in_the_wrong_place_is_not_taken_for_another_reader(tmp_path: Path, pool: HeadPool) -> None:
    pool.put(2, 1, head_of(2))
    path, start = _row(tmp_path, 2)
    with path.open("r+b") as file:
        file.seek(start)
        row = file.read(ROW)
        file.seek(_row(tmp_path, 3)[1])
        file.write(row)
    assert pool.get(3, 1) is None


def test_a_head_that_fits_no_row_is_not_kept(pool: HeadPool) -> None:
    assert not pool.put(2, 1, head_of(2, tastes=6))
    assert pool.get(2, 1) is None


def test_nothing_is_left_of_an_interest_that_was_dropped(tmp_path: Path, pool: HeadPool) -> None:
    for number in (1, 2, 3):
        pool.put(number, 1, head_of(number))
    for number in (2, 3, 50):
        pool.drop(number)
    path, start = _row(tmp_path, 2)
    assert not any(path.read_bytes()[start:])
    assert pool.get_many([2, 3], [1, 1]) == [None, None]
    assert same(pool.get(1, 1), head_of(1))


def test_nobody_else_on_the_machine_may_read_it(tmp_path: Path, pool: HeadPool) -> None:
    pool.put(1, 1, head_of(1))
    assert stat.S_IMODE(_row(tmp_path, 1)[0].stat().st_mode) == 0o600


def test_a_few_heads_with_large_numbers_take_little_room(tmp_path: Path, pool: HeadPool) -> None:
    pool.put(100_000, 1, head_of(1))
    assert _row(tmp_path, 1)[0].stat().st_blocks * 512 <= 64 * 1024


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_that_no_interest_has_is_refused(pool: HeadPool, number: int) -> None:
    with pytest.raises(InputError):
        pool.get(number, 1)


def _write_for_ever(path: Path, first: int) -> None:
    with HeadPool(path) as pool:
        heads = [head_of(seed) for seed in range(4)]
        while True:
            for seed in range(first, 4, 2):
                pool.put(1, 1, heads[seed])


def test_while_two_processes_write_a_row_a_third_reads_one_head_or_none(tmp_path: Path) -> None:
    path, context = tmp_path / "heads", multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_for_ever, args=(path, first)) for first in (0, 1)]
    for writer in writers:
        writer.start()
    try:
        with HeadPool(path) as pool:
            heads = [head_of(seed) for seed in range(4)]
            seen: set[int] = set()
            while len(seen) < 4:
                assert any(writer.is_alive() for writer in writers)
                found = pool.get(1, 1)
                if found is not None:
                    matching = [seed for seed, head in enumerate(heads) if same(found, head)]
                    assert len(matching) == 1
                    seen.update(matching)
    finally:
        for writer in writers:
            writer.kill()
            writer.join()
