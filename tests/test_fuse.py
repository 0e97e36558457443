"""What words and meaning are worth beside each other, said as assertions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidings.rank.fuse import EXCELLENT, MEANING, STRONG, fuse

BOUND, MEAN, DEVIATION = 20.0, 0.1, 0.08


def array(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def score(bm25: float, deviations: float) -> float:
    """Return the score of a paper with that BM25 and that many standard deviations above the mean."""
    found = fuse(array(bm25), BOUND, array(MEAN + deviations * DEVIATION), MEAN, DEVIATION)
    return float(found.score[0])


def test_all_the_words_without_meaning_are_worth_nearly_twice_as_much_as_strong_meaning_without_words() -> None:
    assert score(EXCELLENT * BOUND, 0) == pytest.approx(1 - MEANING, abs=1e-6)
    assert score(0, STRONG) == pytest.approx(MEANING, abs=1e-6)
    assert score(EXCELLENT * BOUND, 0) / score(0, STRONG) == pytest.approx(1.857, abs=0.001)


def test_one_standard_deviation_is_worth_a_ninth_of_all_the_words() -> None:
    assert score(5, 3) - score(5, 2) == pytest.approx(
        score(5 + EXCELLENT * BOUND * 0.35 / 0.65 / 6, 2) - score(5, 2), abs=1e-5
    )


def test_a_paper_that_is_excellent_both_ways_scores_one() -> None:
    assert score(EXCELLENT * BOUND, STRONG) == pytest.approx(1, abs=1e-6)


def test_meaning_below_the_average_is_worth_nothing() -> None:
    assert score(5, -3) == score(5, -1) == pytest.approx(score(5, 0))


def test_parts_add_up_to_the_score() -> None:
    found = fuse(array(0, 3, 12), BOUND, array(0.9, -0.2, 0.3), MEAN, DEVIATION)
    np.testing.assert_allclose(found.words + found.meaning, found.score)


def test_a_question_without_known_words_is_scored_by_meaning_at_full_weight() -> None:
    found = fuse(array(0), 0.0, array(MEAN + STRONG * DEVIATION), MEAN, DEVIATION)
    assert (found.words[0], found.meaning[0]) == (0, pytest.approx(1, abs=1e-6))


def test_a_question_without_a_vector_is_scored_by_words_at_full_weight() -> None:
    found = fuse(array(EXCELLENT * BOUND), BOUND, array(np.nan), 0.0, 0.0)
    assert (found.words[0], found.meaning[0]) == (pytest.approx(1), 0)


def test_a_paper_without_a_cosine_counts_as_average() -> None:
    found = fuse(array(4, 4), BOUND, array(np.nan, MEAN), MEAN, DEVIATION)
    assert found.score[0] == pytest.approx(found.score[1], abs=1e-6)


def test_a_question_that_says_nothing_scores_nothing() -> None:
    assert fuse(array(0, 0), 0.0, array(np.nan, np.nan), 0.0, 0.0).score.tolist() == [0, 0]


def test_no_candidates_give_no_scores() -> None:
    assert len(fuse(array(), BOUND, array(), MEAN, DEVIATION).score) == 0


@pytest.mark.parametrize(("weight", "first"), [(0.0, 0), (1.0, 1)])
def test_the_weight_is_the_share_of_meaning(weight: float, first: int) -> None:
    found = fuse(array(9, 1), BOUND, array(0.1, 0.5), MEAN, DEVIATION, weight=weight)
    assert int(np.argmax(found.score)) == first


numbers = st.tuples(st.floats(0, BOUND, width=32), st.floats(-1, 1, width=32))


@given(st.lists(numbers, min_size=1, max_size=8), numbers)
def test_a_score_does_not_depend_on_the_other_candidates(
    others: list[tuple[float, float]], one: tuple[float, float]
) -> None:
    alone = fuse(array(one[0]), BOUND, array(one[1]), MEAN, DEVIATION).score[0]
    everyone = [one, *others]
    beside = fuse(array(*(a for a, _ in everyone)), BOUND, array(*(b for _, b in everyone)), MEAN, DEVIATION).score[0]
    assert alone == beside


@given(numbers, st.floats(0, 5, width=32), st.floats(0, 1, width=32))
def test_more_of_either_is_never_worth_less(one: tuple[float, float], words: float, meaning: float) -> None:
    bm25, cosine = one
    found = fuse(array(bm25, bm25 + words, bm25), BOUND, array(cosine, cosine, cosine + meaning), MEAN, DEVIATION)
    assert found.score[1] >= found.score[0]
    assert found.score[2] >= found.score[0]
