"""Ranking, paging and similarity as pure functions over arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidings.errors import InputError
from tidings.index.snapshot import Candidates
from tidings.rank import search
from tidings.rank.query import FIELDS, HAS, MAX_DEPTH, MAX_LENGTH, MAX_TERMS, MAX_WORDS, SOURCES
from tidings.rank.search import (
    by_date,
    by_relevance,
    centre,
    decode_cursor,
    encode_cursor,
    page,
    pooled,
    probes,
    related,
    resemblance,
)

REPOSITORY = Path(__file__).resolve().parent.parent


def candidates(ids: Sequence[int], bm25: Sequence[float], cosine: Sequence[float] | None = None) -> Candidates:
    cosines = np.full(len(ids), np.nan) if cosine is None else np.array(cosine)
    mean, deviation = (0.0, 0.0) if cosine is None else (0.1, 0.1)
    return Candidates(
        np.array(ids, np.int64),
        np.array(bm25, np.float32),
        cosines.astype(np.float32),
        20.0,
        mean,
        deviation,
        frozenset(),
        None,
    )


def unit(*values: float) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.array(values, np.float32) / np.float32(np.linalg.norm(values))
    return found


# --- order ---------------------------------------------------------------------------------------


def test_a_paper_without_any_word_answers_only_when_it_is_far_nearer_than_most() -> None:
    # mean 0.1, deviation 0.1: two deviations above the mean is 0.3
    found = related(candidates([1, 2, 3, 4], [0, 0, 0, 2], [0.29, 0.31, np.nan, -0.5]))
    assert found.ids.tolist() == [2, 4]


def test_without_a_vector_only_words_answer() -> None:
    assert related(candidates([1, 2], [0, 3])).ids.tolist() == [2]


def test_the_best_score_comes_first_and_of_equal_ones_the_later_paper() -> None:
    ranking = by_relevance(candidates([3, 9, 4, 7], [1, 5, 5, 9]))
    assert ranking.ids.tolist() == [7, 9, 4, 3]
    np.testing.assert_allclose(ranking.words + ranking.meaning, ranking.scores)


def test_the_order_of_the_candidates_does_not_matter() -> None:
    one = by_relevance(candidates([1, 2, 3], [5, 5, 5], [0.3, 0.2, 0.3]))
    other = by_relevance(candidates([3, 1, 2], [5, 5, 5], [0.3, 0.3, 0.2]))
    assert one.ids.tolist() == other.ids.tolist() == [3, 1, 2]


def test_newest_takes_the_relevant_papers_by_day_and_those_without_a_day_last() -> None:
    ranking = by_relevance(candidates([1, 2, 3, 4, 5], [10, 9, 8, 8, 1]))
    days = {1: 700, 2: 0, 3: 900, 4: 900, 5: 999}
    newest = by_date(ranking, np.array([days[paper] for paper in ranking.ids.tolist()], np.int32))
    assert newest.ids.tolist() == [4, 3, 1, 2]


def test_no_candidates_make_an_empty_page() -> None:
    ranking = by_relevance(candidates([], []))
    assert len(by_date(ranking, np.zeros(0, np.int32))) == 0
    assert page(ranking, 5, None, "q", "relevance").cursor is None


# --- pages ---------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([1.0, 2.0, 2.5, 7.0]), max_size=40), st.integers(1, 12), st.booleans())
def test_pages_together_are_the_whole_ranking(scores: list[float], limit: int, newest: bool) -> None:
    ranking, sort = by_relevance(candidates(range(1, len(scores) + 1), scores)), "relevance"
    if newest:
        ranking, sort = by_date(ranking, (ranking.ids % 3).astype(np.int32)), "newest"
    seen: list[int] = []
    cursor = None
    for _ in range(len(scores) + 1):
        found = page(ranking, limit, cursor, "q", sort)
        assert found.total == len(ranking)
        assert len(found.ranking) <= limit
        seen += found.ranking.ids.tolist()
        cursor = found.cursor
        if cursor is None:
            break
    assert seen == ranking.ids.tolist()


def test_a_paper_that_comes_between_two_pages_moves_nothing() -> None:
    first = page(by_relevance(candidates([1, 2, 3, 4], [9, 8, 7, 6])), 2, None, "q", "relevance")
    later = by_relevance(candidates([1, 2, 3, 4, 5], [9, 8, 7, 6, 8.5]))
    assert page(later, 2, first.cursor, "q", "relevance").ranking.ids.tolist() == [3, 4]


def test_the_last_page_has_no_cursor() -> None:
    assert page(by_relevance(candidates([1, 2], [2, 1])), 2, None, "q", "relevance").cursor is None


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63 - 1), st.text())
def test_a_cursor_is_safe_in_an_address_and_read_again(place: float, last: int, query: str) -> None:
    cursor = encode_cursor(place, last, query, "relevance")
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", cursor)
    assert decode_cursor(cursor, query, "relevance") == (place, last)


@given(st.text(max_size=60))
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        decode_cursor(text, "lora", "relevance")


def test_a_cursor_of_another_query_or_sort_is_refused() -> None:
    cursor = encode_cursor(0.5, 3, "lora", "relevance")
    for query, sort in (("lora rank", "relevance"), ("lora", "newest"), ("", "relevance")):
        with pytest.raises(InputError):
            decode_cursor(cursor, query, sort)


@pytest.mark.parametrize("place", [float("nan"), float("inf"), float("-inf")])
def test_a_cursor_whose_place_is_no_number_is_refused(place: float) -> None:
    with pytest.raises(InputError):
        decode_cursor(encode_cursor(place, 3, "lora", "relevance"), "lora", "relevance")


@pytest.mark.parametrize(("sort", "limit"), [("best", 5), ("relevance", 0), ("newest", -1)])
def test_an_unknown_sort_and_a_limit_of_nothing_are_refused(sort: str, limit: int) -> None:
    with pytest.raises(InputError):
        page(by_relevance(candidates([1], [1])), limit, None, "q", sort)


# --- similar -------------------------------------------------------------------------------------

EXAMPLES = np.stack([unit(1, 0, 0), unit(0, 1, 0)])


def test_the_centre_is_what_the_examples_share() -> None:
    found = centre(EXAMPLES)
    assert found is not None
    np.testing.assert_allclose(found, unit(1, 1, 0), atol=1e-6)


def test_a_text_counts_as_much_as_all_examples_together() -> None:
    found = centre(np.stack([unit(1, 0, 0)] * 5), unit(0, 0, 1))
    assert found is not None
    np.testing.assert_allclose(found, unit(1, 0, 1), atol=1e-6)


def test_examples_that_say_nothing_are_left_out() -> None:
    silent = np.zeros((2, 3), np.float32)
    assert centre(silent) is None
    assert centre(silent[:0]) is None
    assert len(probes(silent)) == 0
    assert np.isnan(resemblance(EXAMPLES, silent)).all()
    np.testing.assert_array_equal(probes(np.concatenate([EXAMPLES[:1], silent])), EXAMPLES[:1])


def test_every_example_is_searched_for_beside_their_centre() -> None:
    assert len(probes(EXAMPLES)) == 3
    assert len(probes(EXAMPLES, unit(0, 0, 1))) == 4
    assert len(probes(np.tile(EXAMPLES, (10, 1)))) == search.MOST_PROBES


def test_resemblance_to_one_example_is_its_cosine() -> None:
    vectors = np.stack([unit(1, 2, 3), unit(-1, 0, 1)])
    np.testing.assert_allclose(resemblance(vectors, EXAMPLES[:1]), vectors @ EXAMPLES[0], atol=1e-6)


def test_between_two_papers_equally_near_the_centre_the_one_near_an_example_wins() -> None:
    near_one, between = unit(1, 0.2, 0), unit(1, 1, 1.0)
    middle = unit(1, 1, 0)
    assert near_one @ middle == pytest.approx(between @ middle, abs=0.02)
    first, second = resemblance(np.stack([near_one, between]), EXAMPLES)
    assert first > second


def test_the_examples_are_never_among_the_hits() -> None:
    vectors = np.stack([unit(1, 0, 0), unit(1, 0.1, 0), unit(0, 1, 0), unit(0, 0.1, 1)])
    ranking = search.similar(candidates([1, 2, 3, 4], [0] * 4, [1, 1, 0, 0]), vectors, EXAMPLES, [1, 3])
    assert ranking.ids.tolist() == [2, 4]


def test_candidates_of_several_searches_become_one_without_doubles() -> None:
    found = pooled([candidates([1, 2], [3, 0], [0.5, 0.4]), candidates([2, 3], [4, 1], [0.9, 0.2])])
    assert found.ids.tolist() == [1, 2, 3]
    assert found.bm25.tolist() == [3, 4, 1]
    np.testing.assert_allclose(found.cosine, [0.5, 0.4, 0.2])
    assert found.bm25_bound == 20


# --- the description -----------------------------------------------------------------------------


def test_every_field_of_the_language_has_a_heading_in_its_description() -> None:
    headings = set(re.findall(r"^#+ `(\w+):`", (REPOSITORY / "docs" / "search.md").read_text(), re.MULTILINE))
    assert headings == FIELDS


def test_the_description_names_every_value_and_limit() -> None:
    text = (REPOSITORY / "docs" / "search.md").read_text()
    for value in HAS:
        assert f"`has:{value}`" in text
    for source in SOURCES:
        assert f"`{source}`" in text
    for limit in (
        f"{MAX_LENGTH:,} characters",
        f"{MAX_WORDS} words",
        f"{MAX_DEPTH} levels",
        f"{MAX_TERMS} words and terms",
    ):
        assert limit in text
