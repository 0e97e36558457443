"""What is asked about is near what is liked and hard to tell, and each choice has a chance that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tidings.errors import InputError
from tidings.learn.asking import ask, clusters, draw, first_screen

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _islands(sizes: tuple[int, ...], seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return directions around the axes, and which axis each is around."""
    owners = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.eye(16)[owners] + _random(seed).normal(0, 0.1, (len(owners), 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), owners


def test_without_noise_the_best_are_drawn_for_certain() -> None:
    drawn = draw(_random(), np.array([1.0, 3, 2]), 2, 0)
    assert drawn.places.tolist() == [1, 2]
    assert drawn.chances.tolist() == [1, 1]


def test_noise_makes_draws_differ_and_the_seed_makes_them_the_same() -> None:
    values = np.zeros(100)
    first, again, other = (draw(_random(seed), values, 10, 1).places.tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_no_paper_is_drawn_twice_and_none_of_minus_infinity() -> None:
    values = np.array([0.0, -np.inf, 1, -np.inf])
    drawn = draw(_random(), values, 4, 1)
    assert sorted(drawn.places.tolist()) == [0, 2]
    assert drawn.chances.tolist() == [1, 1]


def test_weighting_by_the_chances_gives_back_what_all_papers_sum_to() -> None:
    random = _random()
    values, worth = random.normal(size=30), random.random(30)
    sums = []
    for _ in range(4000):
        drawn = draw(random, values, 6, 1.0)
        sums.append((worth[drawn.places] / drawn.chances).sum())
    assert np.mean(sums) == pytest.approx(worth.sum(), abs=4 * np.std(sums) / np.sqrt(len(sums)))


def test_a_draw_refuses_what_makes_no_sense() -> None:
    for values, count, noise in ((np.array([np.nan]), 1, 1.0), (np.zeros(1), -1, 1.0), (np.zeros(1), 1, -1.0)):
        with pytest.raises(InputError):
            draw(_random(), values, count, noise)


def test_an_empty_draw_is_empty() -> None:
    assert not len(draw(_random(), np.zeros(0), 3, 1).places)
    assert not len(draw(_random(), np.zeros(5), 0, 1).places)


def test_only_neighbours_of_what_is_liked_are_asked_about() -> None:
    vectors, owners = _islands((150, 150, 150))
    scores = np.where(owners == 2, 0.0, 3.0)  # the third island is the most uncertain, and far
    drawn = ask(_random(), vectors, scores, vectors[:4], count=10, unsure=0.0)
    assert set(owners[drawn.places].tolist()) == {0}


def test_the_hardest_to_tell_of_the_neighbours_are_asked_about() -> None:
    vectors, _ = _islands((80,))
    scores = np.linspace(-1, 1, 80)
    drawn = ask(_random(), vectors, scores, vectors[:1], count=5, unsure=0.2, noise=0)
    assert np.abs(scores[drawn.places] - 0.2).max() < 0.1


def test_each_round_asks_around_other_likes() -> None:
    vectors, owners = _islands((120,) * 12)
    known = vectors[np.searchsorted(owners, np.arange(12))]
    rounds = [ask(_random(seed), vectors, np.zeros(len(vectors)), known).places for seed in range(12)]
    assert {owner for places in rounds for owner in owners[places].tolist()} == set(range(12))
    assert all(len(set(owners[places].tolist())) <= 5 for places in rounds)


def test_what_was_seen_is_not_asked_about_again() -> None:
    vectors, _ = _islands((30,))
    seen = np.arange(30) < 25
    drawn = ask(_random(), vectors, np.zeros(30), vectors[:2], seen=seen)
    assert sorted(drawn.places.tolist()) == [25, 26, 27, 28, 29]
    assert not len(ask(_random(), vectors, np.zeros(30), vectors[:2], seen=np.ones(30, np.bool_)).places)


def test_with_nothing_known_nothing_is_asked() -> None:
    vectors, _ = _islands((30,))
    assert not len(ask(_random(), vectors, np.zeros(30), vectors[:0]).places)


def test_scores_and_papers_must_agree() -> None:
    vectors, _ = _islands((30,))
    with pytest.raises(InputError):
        ask(_random(), vectors, np.zeros(29), vectors[:2])
    with pytest.raises(InputError):
        first_screen(_random(), vectors, np.zeros(29))


def test_clusters_are_what_lies_together() -> None:
    vectors, owners = _islands((60, 40, 20))
    found = clusters(_random(), vectors, 3)
    assert len(set(zip(owners.tolist(), found.tolist(), strict=True))) == 3


def test_the_first_screen_shows_a_small_field_beside_large_ones() -> None:
    vectors, owners = _islands((500, 300, 20, 10))
    shown = [first_screen(_random(seed), vectors, np.zeros(len(vectors)), 8).places for seed in range(10)]
    assert np.mean([len(set(owners[places].tolist())) for places in shown]) > 3.5


def test_the_first_screen_prefers_what_is_worth_more() -> None:
    vectors, _ = _islands((100, 100))
    worth = np.tile(np.arange(100.0), 2)
    screens = [first_screen(_random(seed), vectors, worth, 2) for seed in range(50)]
    assert np.mean([worth[screen.places].mean() for screen in screens]) > 60
    assert all(((screen.chances > 0) & (screen.chances <= 1)).all() for screen in screens)


def test_a_screen_of_few_or_equal_papers_repeats_none() -> None:
    vectors, _ = _islands((3,))
    assert sorted(first_screen(_random(), vectors, np.zeros(3), 20).places.tolist()) == [0, 1, 2]
    same = np.repeat(vectors[:1], 5, axis=0)
    assert len(first_screen(_random(), same, np.zeros(5), 20).places) == 1
    assert not len(first_screen(_random(), vectors[:0], np.zeros(0)).places)
