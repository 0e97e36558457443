"""Old likes count less once the taste has changed, and hardly less while it has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.learn.ageing import like_pulls, unlikeness

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _likes(*axes: int, seed: int = 0) -> NDArray[np.float32]:
    """Return directions near these axes."""
    vectors = np.eye(16)[list(axes)] + np.random.default_rng(seed).normal(0, 0.15, (len(axes), 16))
    found: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return found


@given(st.lists(st.integers(0, 3), max_size=40))
def test_pulls_are_positive_and_one_on_average_and_newer_likes_never_weigh_less(axes: list[int]) -> None:
    pulls = like_pulls(_likes(*axes) if axes else np.zeros((0, 16), np.float32))
    assert len(pulls) == len(axes)
    assert (pulls > 0).all()
    assert (np.diff(pulls) >= 0).all()
    if axes:
        assert pulls.mean() == pytest.approx(1.0)


def test_after_a_change_ten_new_likes_outweigh_twenty_old_ones_by_far() -> None:
    pulls = like_pulls(_likes(*[0] * 20, *[1] * 10))
    assert pulls[20:].sum() > 4 * pulls[:20].sum()


def test_while_nothing_changes_old_likes_keep_most_of_their_weight() -> None:
    pulls = like_pulls(_likes(*[0] * 30))
    assert pulls[:20].sum() > 10


def test_two_tastes_side_by_side_are_no_change() -> None:
    assert unlikeness(_likes(*[0, 1] * 15)) < 0.7
    assert unlikeness(_likes(*[0] * 20, *[1] * 6)) > 0.95


def test_a_single_odd_like_is_no_change() -> None:
    assert like_pulls(_likes(*[0] * 29, 1))[:20].sum() > 6


def test_a_few_likes_cannot_tell_of_a_change() -> None:
    assert unlikeness(_likes(*[0] * 5, *[1] * 4)) == 0


def test_likes_without_a_vector_tell_nothing_of_a_change() -> None:
    vectors = np.concatenate((_likes(*[0] * 20), np.zeros((10, 16), np.float32)))
    assert unlikeness(vectors) == unlikeness(_likes(*[0] * 20))
    assert unlikeness(np.zeros((30, 16), np.float32)) == 0
