"""Laying papers out on a plane: neighbours stay neighbours, and what stands stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tidings.rank.layout import beginning, lay_out, placed
from tidings.rank.layout.descent import attraction
from tidings.rank.layout.field import repulsion
from tidings.rank.topics.groups import means, neighbours
from tidings.rank.topics.space import normalised

GROUPS, MEMBERS = 8, 60


@pytest.fixture(scope="module")
def cloud() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points of several groups in many dimensions, of length 1, and their groups."""
    random = np.random.default_rng(3)
    group = np.repeat(np.arange(GROUPS), MEMBERS)
    centres = random.normal(size=(GROUPS, 32))
    return normalised((centres[group] + 0.35 * random.normal(size=(len(group), 32))).astype(np.float32)), group


@pytest.fixture(scope="module")
def laid(cloud: tuple[NDArray[np.float32], NDArray[np.int64]]) -> NDArray[np.float32]:
    points, group = cloud
    near, _ = neighbours(points, 10, np.random.default_rng(0))
    return lay_out(beginning(points, group, means(points, group, GROUPS)), near, rounds=150)


def nearest(places: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    distance = ((places[:, None] - places[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    return np.argsort(distance, axis=1)[:, :count]


def exact_repulsion(places: NDArray[np.float32]) -> NDArray[np.float64]:
    way = places[:, None].astype(np.float64) - places[None]
    kernel = 1 / (1 + (way**2).sum(axis=-1))
    total = kernel.sum() - len(places)
    found: NDArray[np.float64] = len(places) * (way * (kernel**2)[..., None]).sum(axis=1) / total
    return found


@pytest.mark.parametrize("width", [0.5, 5.0, 12.0])
def test_all_push_each_other_away_as_if_each_pair_were_counted(width: float) -> None:
    places = (np.random.default_rng(1).normal(size=(1500, 2)) * width).astype(np.float32)
    exact = exact_repulsion(places)
    error = np.linalg.norm(repulsion(places) - exact) / np.linalg.norm(exact)
    assert error < 0.12


def test_neighbours_draw_each_other_equally() -> None:
    places = np.array([[0, 0], [1, 0], [0, 2]], np.float32)
    near = np.array([[1], [0], [-1]], np.int32)
    force = attraction(places, near)
    assert np.allclose(force[0], -force[1])
    assert force[0, 0] > 0
    assert not force[2].any(), "a point without neighbours is drawn by nobody"


def test_points_of_a_group_stand_together(
    laid: NDArray[np.float32], cloud: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    _, group = cloud
    assert (group[nearest(laid, 10)] == group[:, None]).mean() > 0.97


def test_many_of_the_nearest_stay_the_nearest(
    laid: NDArray[np.float32], cloud: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    near, _ = neighbours(cloud[0], 10, np.random.default_rng(0))
    kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(near.tolist(), nearest(laid, 10).tolist(), strict=True)])
    assert kept > 0.4, "of 479 others ten at random would share .02"


def test_the_same_points_are_laid_out_the_same(cloud: tuple[NDArray[np.float32], NDArray[np.int64]]) -> None:
    points, group = cloud
    near, _ = neighbours(points, 5, np.random.default_rng(0))
    start = beginning(points, group, means(points, group, GROUPS))
    assert np.array_equal(lay_out(start, near, rounds=20), lay_out(start, near, rounds=20))


def test_a_settled_layout_hardly_moves(
    laid: NDArray[np.float32], cloud: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> None:
    near, _ = neighbours(cloud[0], 10, np.random.default_rng(0))
    again = lay_out(laid, near, rounds=60, settled=True)
    moved = np.linalg.norm(again - laid, axis=1)
    assert np.median(moved) < 0.1 * np.linalg.norm(laid, axis=1).max()


def test_identical_points_get_places_of_their_own() -> None:
    points = np.tile(np.array([1, 0, 0], np.float32), (30, 1))
    near, _ = neighbours(points, 5, np.random.default_rng(0))
    places = lay_out(beginning(points, np.zeros(30, np.int64), points[:1]), near, rounds=50)
    assert np.isfinite(places).all()
    assert len(np.unique(places.round(3), axis=0)) == 30


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_a_few_points_have_a_layout(count: int) -> None:
    points = normalised(np.random.default_rng(count).normal(size=(count, 8)).astype(np.float32))
    near, _ = neighbours(points, max(1, min(15, count - 1)), np.random.default_rng(0))
    places = lay_out(beginning(points, np.zeros(count, np.int64), points[:1]), near, rounds=50)
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()


def test_a_new_point_stands_amid_its_neighbours_and_not_between_two_groups() -> None:
    here, there = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [[50.0, 50.0]]
    [place] = placed(np.array([here + there], np.float32), np.full((1, 5), 0.8, np.float32))
    assert np.linalg.norm(place - [0.5, 0.5]) < 1.5


def test_a_new_point_whose_neighbours_have_no_place_has_none() -> None:
    places = np.full((2, 3, 2), np.nan, np.float32)
    places[1, 2] = [4, 5]
    found = placed(places, np.full((2, 3), 0.5, np.float32))
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [4, 5]
