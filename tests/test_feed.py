"""The order of a feed: what must hold for any papers, and what each number is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.errors import InputError
from tidings.rank.feed import OUTSIDE_PLACE, Candidates, Listed, Taste, feed

DAY = 739_000
PLAIN = Taste(breadth=0.0)  # lines two octaves up, no diversity, no agreement


def candidates(spoken: Any, line: float = 0.0, **columns: Any) -> Candidates:
    """Papers with ids from 1 that are unlike each other, unless said otherwise."""
    heights = np.atleast_2d(np.array(spoken, np.float64))
    count = heights.shape[1]
    nothing = np.zeros(count, np.bool_)
    made = Candidates(
        ids=np.arange(1, count + 1),
        days=np.full(count, DAY, np.int32),
        vectors=np.eye(count, dtype=np.float32),
        heights=heights,
        lines=np.full(len(heights), line),
        lifts=np.zeros_like(heights),
        trending=np.zeros(count),
        gone=nothing,
        muted=nothing,
        followed=nothing,
    )
    return made._replace(**{name: np.array(value, getattr(made, name).dtype) for name, value in columns.items()})


def ids(papers: Candidates, listed: Listed) -> list[int]:
    found: list[int] = papers.ids[listed.rows].tolist()
    return found


def shown(papers: Candidates, taste: Taste = PLAIN, seed: int | None = None) -> list[int]:
    return ids(papers, feed(papers, taste, seed=seed))


# --- what each number is worth ---


def test_one_interest_alone_is_read_from_the_top() -> None:
    assert shown(candidates([3.0, 9.0, 5.0])) == [2, 3, 1]


def test_a_paper_is_explained_by_the_interest_above_whose_line_it_stands_most() -> None:
    papers = candidates([[9.0, 4.0], [8.0, 7.0]])._replace(lines=np.array([5.0, 3.0]))
    listed = feed(papers, Taste(breadth=0.5))
    assert ids(papers, listed) == [1, 2]
    assert listed.interests.tolist() == [1, 1]
    assert listed.standings.tolist() == [5.0, 4.0]


def test_breadth_moves_the_line_two_octaves_either_way() -> None:
    papers = candidates([7.0, 5.0, 3.0, 1.0], line=4.0)
    strong = {breadth: feed(papers, Taste(breadth)).strong.tolist() for breadth in (0.0, 0.5, 1.0)}
    assert strong == {
        0.0: [True, False, False, False],
        0.5: [True, True, False, False],
        1.0: [True, True, True, False],
    }


def test_nothing_strong_is_said_and_the_best_of_the_others_still_stand_there() -> None:
    papers = candidates([3.0, 1.0], line=4.0)
    listed = feed(papers, Taste())
    assert listed.is_nothing_strong
    assert ids(papers, listed) == [1, 2]
    assert not feed(candidates([4.0]), Taste()).is_nothing_strong


def test_interests_take_turns_and_the_likelier_paper_opens_the_round() -> None:
    low = -np.inf
    papers = candidates([[9.0, 8.0, 7.0, low, low], [low, low, low, 3.0, 2.5]])
    assert shown(papers) == [1, 4, 2, 5, 3]


def test_a_day_is_worth_an_octave_half_way_between_relevance_and_freshness() -> None:
    heights, days = [9.0, 8.0, 7.0, 6.0], [DAY - 3, DAY - 1, DAY, DAY]
    papers = candidates(heights, days=days)
    # turns 0, 1, 2, 3 are worth 0, -1, -1.58, -2 octaves
    assert shown(papers, Taste(0.0, 0.0)) == [1, 2, 3, 4]
    assert shown(papers, Taste(0.0, 0.5)) == [3, 2, 4, 1]
    assert shown(papers, Taste(0.0, 0.25)) == [1, 2, 3, 4]
    assert shown(papers, Taste(0.0, 0.75)) == [3, 4, 2, 1]


def test_what_trends_gains_at_most_an_octave_and_passes_no_line_by_it() -> None:
    papers = candidates([5.0, 4.5, 3.5], line=1.9, trending=[0.0, 4.0, 400.0])
    assert shown(papers) == [2, 1, 3]
    assert feed(papers, PLAIN).strong.tolist() == [True, True, False]
    assert shown(papers._replace(trending=np.array([0.0, -9.0, 0.0]))) == [1, 2, 3]


def test_agreement_of_two_interests_counts_the_more_the_broader_a_feed_is() -> None:
    papers = candidates([[6.0, 6.5], [6.0, -np.inf]])
    assert shown(papers, Taste(0.0)) == [2, 1]
    assert shown(papers, Taste(1.0)) == [1, 2]


def test_a_broad_feed_puts_a_different_paper_before_one_more_of_the_same() -> None:
    near = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], np.float32)
    papers = candidates([9.0, 8.0, 7.0], vectors=near)
    assert shown(papers, Taste(0.0)) == [1, 2, 3]
    assert shown(papers, Taste(1.0)) == [1, 3, 2]


def test_diversity_lifts_no_weak_paper_over_a_strong_one() -> None:
    near = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
    papers = candidates([9.0, 8.0, 1.0], line=4.0, vectors=near)
    assert shown(papers, Taste(1.0)) == [1, 2, 3]


def test_near_duplicates_are_folded_into_the_first() -> None:
    near = np.array([[1, 0], [0, 1], [0.99, 0.1411], [0.95, 0.3122]], np.float32)
    papers = candidates([9.0, 8.0, 7.0, 6.0], vectors=near)
    listed = feed(papers, Taste())
    assert ids(papers, listed) == [1, 2]
    assert listed.alike == ((2, 3), ())


def test_when_the_first_of_some_alike_is_muted_the_next_stands_for_them() -> None:
    near = np.array([[1, 0], [0, 1], [0.99, 0.1411]], np.float32)
    papers = candidates([9.0, 8.0, 7.0], vectors=near, muted=[True, False, False])
    assert shown(papers) == [2, 3]


def test_papers_without_a_vector_are_like_none() -> None:
    assert shown(candidates([2.0, 1.0], vectors=np.zeros((2, 2)))) == [1, 2]


def test_a_followed_author_stands_with_the_strong_also_where_no_interest_speaks() -> None:
    papers = candidates([9.0, 1.0, -np.inf], line=4.0, followed=[False, False, True])
    listed = feed(papers, Taste())
    assert ids(papers, listed) == [1, 3, 2]
    assert listed.strong.tolist() == [True, True, False]
    assert listed.interests.tolist() == [0, -1, 0]
    alone = papers._replace(heights=np.zeros((0, 3)), lines=np.zeros(0), lifts=np.zeros((0, 3)))
    assert shown(alone) == [3]


def test_what_no_interest_wants_is_not_listed() -> None:
    assert shown(candidates([-np.inf, 1.0])) == [2]


def test_a_feed_ends_after_so_many() -> None:
    papers = candidates(np.arange(20.0))
    assert len(feed(papers, Taste(), most=5).rows) == 5


def test_no_paper_makes_an_empty_feed() -> None:
    listed = feed(candidates(np.zeros((2, 0))), Taste(), seed=1)
    assert (len(listed.rows), listed.outside, listed.is_nothing_strong) == (0, None, True)


# --- the paper from outside ---


def test_the_paper_from_outside_is_below_every_line_and_stands_fifth() -> None:
    papers = candidates([[8.0] * 9 + [1.0, 2.0], [1.0] * 11], line=4.0)
    listed = feed(papers, Taste(), seed=7)
    assert listed.outside == OUTSIDE_PLACE
    assert ids(papers, listed)[OUTSIDE_PLACE] in (10, 11)
    assert listed.chance == 0.5
    assert not listed.strong[OUTSIDE_PLACE]


def test_where_nothing_lies_outside_nothing_is_drawn() -> None:
    listed = feed(candidates([8.0, 9.0], line=4.0), Taste(), seed=7)
    assert listed.outside is None
    assert listed.chance == 1.0


def test_the_draw_is_as_likely_as_it_says() -> None:
    papers = candidates([1.0, 1.0, 1.0, 1.0], line=4.0, trending=[1.0, 0.0, 0.0, -3.0])
    drawn = [feed(papers, Taste(), seed=seed) for seed in range(2_000)]
    first = [listed for listed in drawn if papers.ids[listed.rows[listed.outside or 0]] == 1]
    assert {listed.chance for listed in first} == {0.4}
    assert len(first) / len(drawn) == pytest.approx(0.4, abs=0.04)


def test_a_paper_that_comes_later_changes_the_draw_only_by_being_drawn() -> None:
    papers = candidates(np.ones(40), line=4.0)
    fewer = papers._replace(gone=papers.ids > 35)
    for seed in range(50):
        before, after = feed(fewer, Taste(), seed=seed), feed(papers, Taste(), seed=seed)
        drawn = ids(papers, after)[after.outside or 0]
        assert drawn > 35 or drawn == ids(fewer, before)[before.outside or 0]


def test_a_lift_changes_the_order_within_an_interest_and_nothing_above_the_line() -> None:
    papers = candidates([[9.0, 8.0, 3.0, 2.0]], line=5.0, lifts=[[-2.0, 2.0, -1.0, 9.0]])
    listed = feed(papers, Taste(breadth=0.5))
    assert ids(papers, listed) == [2, 1, 4, 3]
    assert listed.strong.tolist() == [True, True, False, False]
    assert listed.standings.tolist() == [3.0, 4.0, -3.0, -2.0]


# --- what holds for any papers ---

heights = st.one_of(st.just(-np.inf), st.integers(-4, 16).map(float), st.floats(-4, 16))


@st.composite
def any_candidates(draw: st.DrawFn) -> Candidates:
    count, interests = draw(st.integers(0, 12)), draw(st.integers(0, 3))

    def column(values: st.SearchStrategy[Any], size: int = count) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))

    angles = np.array(column(st.sampled_from([0.0, 0.1, 0.7, 1.5, 3.0])))
    return Candidates(
        ids=np.array(draw(st.permutations(range(1, count + 1))), np.int64),
        days=np.array(column(st.one_of(st.just(0), st.integers(DAY - 9, DAY))), np.int32),
        vectors=np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32),
        heights=np.array([column(heights) for _ in range(interests)]).reshape(interests, count),
        lines=np.array(column(st.floats(0, 8), interests)),
        lifts=np.array([column(st.floats(-4, 4)) for _ in range(interests)]).reshape(interests, count),
        trending=np.array(column(st.floats(-5, 9)), np.float64),
        gone=np.array(column(st.booleans()), np.bool_),
        muted=np.array(column(st.booleans()), np.bool_),
        followed=np.array(column(st.booleans()), np.bool_),
    )


tastes = st.builds(Taste, st.floats(0, 1), st.floats(0, 1))
seeds = st.one_of(st.none(), st.integers(-(2**70), 2**70))


def everything(listed: Listed) -> list[int]:
    return [*listed.rows.tolist(), *(row for rows in listed.alike for row in rows)]


@settings(deadline=None)
@given(any_candidates(), tastes, seeds)
def test_nothing_is_listed_twice_and_nothing_that_is_gone_or_muted(
    papers: Candidates, taste: Taste, seed: int | None
) -> None:
    listed = feed(papers, taste, seed=seed)
    rows = everything(listed)
    assert len(rows) == len(set(rows))
    wanted = ~papers.gone & ~papers.muted & (np.isfinite(papers.heights).any(axis=0) | papers.followed)
    drawn = {int(listed.rows[listed.outside])} if listed.outside is not None else set()
    assert set(rows) == set(np.flatnonzero(wanted).tolist()) | drawn
    assert 0 < listed.chance <= 1


@settings(deadline=None)
@given(any_candidates(), tastes, seeds, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_papers_are_given(
    papers: Candidates, taste: Taste, seed: int | None, random: Any
) -> None:
    order = np.array(random.sample(range(len(papers.ids)), len(papers.ids)), np.int64)
    turned = _reordered(papers, order)
    one, other = feed(papers, taste, seed=seed), feed(turned, taste, seed=seed)
    assert ids(papers, one) == ids(turned, other)
    assert [papers.ids[list(rows)].tolist() for rows in one.alike] == [
        turned.ids[list(rows)].tolist() for rows in other.alike
    ]
    assert (one.outside, one.chance) == (other.outside, other.chance)


def _reordered(papers: Candidates, order: Any) -> Candidates:
    columns: dict[str, Any] = {
        name: column[..., order] for name, column in papers._asdict().items() if name not in ("lines", "vectors")
    }
    return Candidates(**columns | {"vectors": papers.vectors[order], "lines": papers.lines})


@settings(deadline=None)
@given(any_candidates(), tastes, st.data())
def test_muting_removes_and_only_removes(papers: Candidates, taste: Taste, data: st.DataObject) -> None:
    more = papers.muted | np.array([data.draw(st.booleans()) for _ in papers.ids], np.bool_)
    before, after = feed(papers, taste), feed(papers._replace(muted=more), taste)
    assert set(everything(after)) == set(everything(before)) - set(np.flatnonzero(more).tolist())
    stayed = [row for row in before.rows.tolist() if not more[row]]
    assert [row for row in after.rows.tolist() if row in stayed] == stayed


@settings(deadline=None)
@given(any_candidates(), st.floats(0, 1))
def test_freshness_alone_sorts_by_day_the_strong_before_the_others(papers: Candidates, breadth: float) -> None:
    listed = feed(papers, Taste(breadth, 1.0))
    order = [(not strong, -int(papers.days[row])) for strong, row in zip(listed.strong, listed.rows, strict=True)]
    assert order == sorted(order)


@settings(deadline=None)
@given(any_candidates(), tastes)
def test_strong_papers_stand_first_and_are_those_above_a_line_or_of_a_followed_author(
    papers: Candidates, taste: Taste
) -> None:
    listed = feed(papers, taste)
    assert listed.strong.tolist() == sorted(listed.strong.tolist(), reverse=True)
    for row, interest, standing, strong in zip(*listed[:4], strict=True):
        assert strong == (standing >= 0 or papers.followed[row])
        assert (interest < 0) == np.isneginf(standing)


@settings(deadline=None)
@given(any_candidates(), st.floats(0, 1), st.floats(0, 1))
def test_a_broader_feed_has_all_that_is_strong_in_a_narrower_one(papers: Candidates, one: float, other: float) -> None:
    def strong(breadth: float) -> set[int]:
        listed = feed(papers._replace(vectors=np.zeros_like(papers.vectors)), Taste(breadth))
        return set(listed.rows[listed.strong].tolist())

    assert strong(min(one, other)) <= strong(max(one, other))


# --- what is refused ---


@pytest.mark.parametrize("taste", [{"breadth": -0.1}, {"breadth": 1.1}, {"freshness": 2.0}, {"freshness": np.nan}])
def test_a_slider_that_stands_nowhere_is_refused(taste: dict[str, float]) -> None:
    with pytest.raises(InputError, match="0 to 1"):
        replace(Taste(), **taste)


@pytest.mark.parametrize(
    "columns",
    [
        {"ids": [1, 1]},
        {"days": [DAY]},
        {"heights": [[1.0]]},
        {"heights": [[1.0, np.nan]]},
        {"heights": [[1.0, np.inf]]},
        {"lines": [np.nan]},
        {"lifts": [[np.inf, 0.0]]},
        {"trending": [0.0, np.inf]},
        {"gone": [True]},
    ],
)
def test_arrays_that_make_no_sense_are_refused(columns: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        feed(candidates([1.0, 2.0], **columns), Taste())
