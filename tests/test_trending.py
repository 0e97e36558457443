"""The ranking of trending papers: what a vote, an hour and a field are worth."""

from __future__ import annotations

import csv
import lzma
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.rank.trending import KINDS, Observations, Signals, Votes, Weights, total_votes, trending, usual_levels
from tidings.rank.trending.arrays import DAY, HOUR, Floats
from tidings.rank.trending.gains import gains, last_looks

NOW = datetime(2026, 3, 12, 18, tzinfo=UTC)
AT = NOW.timestamp()
PLAIN = Weights(fresh=0.0, velocity=0.0, field=0.0)
"""Votes and their age alone."""

Look = tuple[int, float, float] | tuple[int, float, float, str]


def looks(*seen: Look) -> Observations:
    """Counts as (paper, hours ago, value, kind), upvotes where no kind is named."""
    kinds = np.array([KINDS.index(look[3]) if len(look) == 4 else 0 for look in seen], np.int64)
    paper = np.array([look[0] for look in seen], np.int64)
    moments = AT - HOUR * np.array([look[1] for look in seen], float)
    return Observations.of(paper, kinds, moments, np.array([look[2] for look in seen], float))


def votes(*cast: tuple[int, float]) -> Votes:
    """Whole votes as (paper, hours ago)."""
    paper = np.array([paper for paper, _ in cast], np.int64)
    return Votes(paper, AT - HOUR * np.array([hours for _, hours in cast], float), np.ones(len(cast)))


def signals(
    hours_ago: list[float],
    observations: Observations | None = None,
    own: Votes | None = None,
    usual: tuple[float, ...] = (0.0,),
    category: list[int] | None = None,
    promise: list[float] | None = None,
) -> Signals:
    return Signals(
        AT - HOUR * np.array(hours_ago, float),
        np.array(category or [0] * len(hours_ago), np.int64),
        np.array(usual),
        observations or Observations.none(),
        own or Votes.none(),
        None if promise is None else np.array(promise),
    )


def order(of: Signals, weights: Weights | None = None, **options: timedelta) -> list[int]:
    return [int(row) for row in trending(of, NOW, weights, **options).order]


# --- age -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("half_life", [12.0, 36.0, 84.0])
def test_a_day_without_new_votes_costs_24_over_the_half_life_doublings(half_life: float) -> None:
    weights = Weights(half_life=half_life, fresh=0.0, velocity=0.0, doubt=1e-9)
    of = signals([30.0], own=votes(*[(0, 1.0)] * 50))
    today, tomorrow = (trending(of, NOW + timedelta(days=days), weights).scores[0] for days in (0, 1))
    assert today - tomorrow == pytest.approx(24 / half_life)


def test_at_36_hours_a_paper_needs_1_59_times_the_votes_of_one_a_day_younger() -> None:
    ratio = 2 ** (24 / Weights().half_life)
    assert ratio == pytest.approx(1.59, abs=0.005)
    of = signals([50.0, 50.0], own=Votes(np.array([0, 1]), AT - HOUR * np.array([25.0, 1.0]), np.array([ratio, 1.0])))
    older, younger = trending(of, NOW, PLAIN).scores
    assert older == pytest.approx(younger, abs=0.4)  # votes so few are doubted
    older, younger = trending(of, NOW, Weights(fresh=0, velocity=0, doubt=1e-9)).scores
    assert older == pytest.approx(younger)


def test_counts_seen_outside_age_from_when_they_came() -> None:
    of = signals([60.0, 60.0], looks((0, 50.0, 40.0), (0, 1.0, 40.0), (1, 50.0, 0.0), (1, 1.0, 40.0)))
    assert order(of, PLAIN) == [1, 0]
    assert total_votes(of, NOW).tolist() == [40.0, 40.0]


def test_votes_between_two_looks_age_as_if_they_had_come_evenly() -> None:
    found = gains(looks((0, 30.0, 5.0), (0, 4.0, 25.0)), np.array([AT - 70 * HOUR]))
    moments = [np.linspace(since, until, 20_001) for since, until in zip(found.since, found.until, strict=True)]
    exact = [np.exp2((moment - AT) / (36 * HOUR)).mean() for moment in moments]
    assert found.left(AT, 36.0) == pytest.approx(exact, rel=1e-4)


def test_a_longer_window_stretches_the_half_life() -> None:
    assert Weights().over(timedelta(days=3)).half_life == 36
    assert Weights().over(timedelta(days=7)).half_life == 84


# --- smoothing, velocity, novelty ----------------------------------------------------------------


def test_three_votes_in_a_small_field_beat_thirty_in_a_large_one() -> None:
    seen = looks((0, 1.0, 3.0), (1, 1.0, 30.0))
    of = signals([10.0, 10.0], seen, usual=(0.1, 20.0), category=[0, 1])
    assert order(of) == [0, 1]
    assert order(of, Weights(field=0.0)) == [1, 0]


def test_one_vote_in_a_small_field_does_not_beat_fifty_in_a_large_one() -> None:
    seen = looks((0, 1.0, 1.0), (1, 1.0, 50.0))
    assert order(signals([10.0, 10.0], seen, usual=(0.1, 20.0), category=[0, 1])) == [1, 0]


def test_of_two_papers_with_as_many_votes_the_one_that_gains_now_comes_first() -> None:
    weights = Weights(half_life=np.inf)
    seen = looks((0, 60.0, 40.0), (0, 1.0, 50.0), (1, 60.0, 10.0), (1, 1.0, 50.0))
    found = trending(signals([72.0, 72.0], seen), NOW, weights)
    assert found.order.tolist() == [1, 0]
    # 40 and 10 votes in 59 hours, of which 24 count
    assert found.parts.velocity == pytest.approx(0.5 * np.log2(1 + np.array([10, 40]) * 24 / 59 / 3 * 2 ** (-1 / 24)))


def test_velocity_is_what_was_seen_last_and_fades_when_nobody_looks() -> None:
    of = signals([72.0], looks((0, 48.0, 0.0), (0, 24.0, 24.0)))
    fresh, stale = (trending(of, NOW - timedelta(hours=hours), Weights()).parts.velocity[0] for hours in (24, 0))
    assert fresh == pytest.approx(0.5 * np.log2(1 + 24 / 3))
    assert stale == pytest.approx(0.5 * np.log2(1 + 12 / 3))


def test_a_large_total_of_long_ago_is_no_velocity() -> None:
    of = signals([2400.0, 20.0], looks((0, 30.0, 4000.0), (0, 1.0, 4000.0), (1, 1.0, 12.0)))
    found = trending(of, NOW)
    assert found.parts.velocity[0] < found.parts.velocity[1] / 2


def test_stars_from_before_the_first_look_are_no_news() -> None:
    of = signals([10.0, 10.0], looks((0, 5.0, 30_000.0, "stars"), (1, 5.0, 100.0, "stars"), (1, 1.0, 200.0, "stars")))
    assert total_votes(of, NOW).tolist() == [0.0, 5.0]


def test_with_neither_users_nor_sources_the_newest_come_first() -> None:
    assert order(signals([30.0, 2.0, 10.0])) == [1, 2, 0]


def test_with_neither_users_nor_sources_the_text_decides_among_papers_as_new() -> None:
    assert order(signals([5.0, 5.0, 5.0], promise=[0.5, 9.0, 3.0])) == [1, 2, 0]
    assert order(signals([5.0, 5.0, 5.0], promise=[0.5, 9.0, 3.0]), Weights(promise=0.0)) == [0, 1, 2]


def test_a_promise_matters_less_the_more_votes_there_are() -> None:
    seen = looks((0, 1.0, 60.0), (1, 1.0, 1.0))
    found = trending(signals([5.0, 5.0], seen, promise=[6.0, 6.0]), NOW)
    assert found.parts.novelty[0] < found.parts.novelty[1] / 5
    assert order(signals([5.0, 5.0], seen, promise=[-9.0, 9.0])) == [0, 1]


def test_without_sources_own_votes_rank() -> None:
    assert order(signals([5.0, 5.0, 5.0], own=votes((1, 1.0), (1, 2.0), (2, 1.0)))) == [1, 2, 0]


def test_without_users_counts_from_outside_rank() -> None:
    assert order(signals([5.0, 5.0, 5.0], looks((0, 1.0, 2.0), (1, 1.0, 9.0)))) == [1, 0, 2]


def test_what_is_not_a_kind_of_vote_for_us_counts_nothing() -> None:
    weights = Weights(outside=(1.0, 0.0, 0.0, 0.0))
    of = signals([5.0, 5.0], looks((0, 1.0, 90.0, "comments"), (1, 1.0, 1.0)))
    assert order(of, weights) == [1, 0]


# --- the parts -----------------------------------------------------------------------------------


@st.composite
def situations(draw: st.DrawFn) -> tuple[Signals, Weights]:
    papers = draw(st.integers(1, 6))
    hours = st.floats(0, 900)
    row = st.integers(0, papers - 1)
    seen = draw(st.lists(st.tuples(row, hours, st.floats(0, 1e6), st.sampled_from(KINDS)), max_size=20))
    cast = draw(st.lists(st.tuples(row, hours), max_size=20))
    listed = draw(st.lists(st.floats(-50, 900), min_size=papers, max_size=papers))
    promise = draw(st.none() | st.lists(st.floats(-20, 20), min_size=papers, max_size=papers))
    category = draw(st.lists(st.integers(0, 1), min_size=papers, max_size=papers))
    weights = Weights(half_life=draw(st.sampled_from([6.0, 36.0, np.inf])), field=draw(st.floats(0, 1)))
    return signals(listed, looks(*seen), votes(*cast), (0.3, 40.0), category, promise), weights


@given(situations())
@settings(max_examples=150, deadline=None)
def test_the_parts_add_up_to_the_score(situation: tuple[Signals, Weights]) -> None:
    found = trending(situation[0], NOW, situation[1])
    assert np.isfinite(found.scores).all()
    assert np.sum(found.parts, axis=0) == pytest.approx(found.scores)
    assert (found.parts.age <= 1e-9).all()
    assert (found.parts.field <= 0).all()
    assert min(part.min() for part in (found.parts.own, found.parts.outside, found.parts.velocity)) >= -1e-9


@given(situations(), st.floats(0, 1000))
@settings(max_examples=100, deadline=None)
def test_what_was_not_known_yet_changes_nothing(situation: tuple[Signals, Weights], hours: float) -> None:
    of, weights = situation
    then = NOW - timedelta(hours=hours)
    moment = then.timestamp()
    known = Signals(of.listed, of.category, of.usual, of.observations.until(moment), of.votes.until(moment), of.promise)
    now, later = trending(known, then, weights), trending(of, then, weights)
    assert now.scores == pytest.approx(later.scores)
    assert now.order.tolist() == later.order.tolist()
    assert (of.listed[now.order] <= moment).all()


@given(situations())
@settings(max_examples=100, deadline=None)
def test_a_score_does_not_depend_on_the_papers_beside_it(situation: tuple[Signals, Weights]) -> None:
    of, weights = situation
    seen, cast = of.observations, of.votes
    rows = np.flatnonzero(seen.paper == 0)
    mine = Observations(*(getattr(seen, name)[rows] for name in ("paper", "kind", "source", "moment", "value")))
    own = Votes(*(getattr(cast, name)[cast.paper == 0] for name in ("paper", "moment", "weight")))
    promise = None if of.promise is None else of.promise[:1]
    alone = Signals(of.listed[:1], of.category[:1], of.usual, mine, own, promise)
    assert trending(alone, NOW, weights).scores[0] == pytest.approx(trending(of, NOW, weights).scores[0])


def test_equal_papers_keep_the_order_of_their_rows() -> None:
    assert order(signals([5.0] * 40)) == list(range(40))


def test_no_papers_rank_nothing() -> None:
    assert order(signals([])) == []


# --- votes taken back ----------------------------------------------------------------------------


def test_a_count_that_falls_takes_votes_back() -> None:
    of = signals([60.0], looks((0, 50.0, 10.0), (0, 30.0, 25.0), (0, 5.0, 20.0)))
    assert total_votes(of, NOW).tolist() == [20.0]
    found = gains(of.observations, of.listed)
    assert found.votes.tolist() == [10.0, 10.0]


def test_a_vote_taken_back_leaves_no_trace() -> None:
    before, without = votes((0, 3.0), (1, 2.0)), votes((1, 2.0))
    of = signals([9.0, 9.0], own=before)
    never = signals([9.0, 9.0], own=without)
    assert trending(of.with_votes(without), NOW).scores.tolist() == trending(never, NOW).scores.tolist()
    assert of.votes is before


def test_what_real_counts_gained_adds_up_to_the_last_count(shared_data: Path) -> None:
    papers: dict[str, int] = {}
    rows = []
    with lzma.open(shared_data / "votes" / "votes.csv.xz", "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            moment = datetime.fromisoformat(row["observed_at"]).timestamp()
            rows.append((papers.setdefault(row["arxiv_id"], len(papers)), moment, float(row["upvotes"])))
    paper = np.array([row[0] for row in rows])
    times, value = (np.array([row[column] for row in rows]) for column in (1, 2))
    seen = Observations.of(paper, np.zeros(len(paper), np.int64), times, value)
    assert np.count_nonzero((np.diff(seen.value) < 0) & (np.diff(seen.paper) == 0)) > 10
    last = seen.value[np.append(np.flatnonzero(np.diff(seen.paper)), len(seen) - 1)]
    first = seen.moment[np.flatnonzero(np.diff(seen.paper, prepend=-1))]
    found = gains(seen, first)
    assert (found.votes > 0).all()
    assert np.bincount(found.paper, found.votes, len(papers)).tolist() == last.tolist()
    assert (last_looks(seen, len(papers)) >= first).all()


# --- pages ---------------------------------------------------------------------------------------


def test_a_past_day_is_in_its_final_order() -> None:
    random = np.random.default_rng(5)
    final = random.permutation(40).astype(float)
    early, late = random.random(40) * final, 300 - random.random(40) * 100
    seen = looks(*((row, 310.0, early[row]) for row in range(40)), *((row, late[row], final[row]) for row in range(40)))
    of = signals([320.0] * 40, seen)
    assert order(of, Weights().of_one_day()) == np.argsort(-final).tolist()


def test_an_old_paper_is_in_the_window_only_with_a_new_vote() -> None:
    of = signals([200.0, 200.0, 200.0, 10.0], looks((0, 90.0, 80.0), (1, 90.0, 5.0), (1, 3.0, 9.0)), votes((2, 80.0)))
    assert sorted(order(of, window=timedelta(days=3))) == [1, 3]
    assert sorted(order(of, window=timedelta(days=4))) == [0, 1, 2, 3]


def test_a_paper_listed_later_is_not_known_yet() -> None:
    assert order(signals([5.0, -5.0])) == [0]


# --- what is refused -----------------------------------------------------------------------------


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    rows, some = np.zeros(2, np.int64), np.zeros(2)
    with pytest.raises(ValueError, match="different lengths"):
        Observations(rows, rows, rows, some, np.zeros(3))
    with pytest.raises(ValueError, match="different lengths"):
        Votes(rows, np.zeros(1), some)
    with pytest.raises(ValueError, match="different lengths"):
        signals([1.0, 2.0], category=[0])
    with pytest.raises(ValueError, match="different lengths"):
        signals([1.0, 2.0], promise=[0.0])
    with pytest.raises(ValueError, match="rows must be 0 to 0"):
        signals([1.0], own=votes((1, 1.0)))
    with pytest.raises(ValueError, match="rows must be 0 to 0"):
        signals([1.0], looks((1, 1.0, 1.0)))
    with pytest.raises(ValueError, match="rows must be 0 to 0"):
        signals([1.0], category=[1])
    with pytest.raises(ValueError, match="rows must be 0 to 0"):
        signals([1.0]).with_votes(votes((1, 1.0)))


def test_looks_out_of_order_and_unknown_kinds_are_refused() -> None:
    seen = looks((0, 5.0, 1.0), (0, 4.0, 2.0))
    with pytest.raises(ValueError, match="must be sorted"):
        Observations(seen.paper, seen.kind, seen.source, seen.moment[::-1], seen.value)
    with pytest.raises(ValueError, match="kinds of observations"):
        Observations(seen.paper, seen.kind + len(KINDS), seen.source, seen.moment, seen.value)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        trending(signals([1.0]), NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    "refused", [{"half_life": 0.0}, {"fresh_half_life": -1.0}, {"velocity_hours": 0.0}, {"doubt": 0.0}]
)
def test_weights_that_no_score_can_be_made_of_are_refused(refused: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        replace(Weights(), **refused)  # type: ignore[arg-type] # one of the others is no float


# --- what is usual -------------------------------------------------------------------------------


def test_a_category_with_many_papers_has_its_own_level_and_one_with_few_that_of_all() -> None:
    random = np.random.default_rng(1)
    category = np.repeat([0, 1, 2], [2000, 2000, 2])
    found: Floats = usual_levels(category, random.poisson(np.array([1, 20, 300])[category]).astype(float), 4)
    assert found[0] == pytest.approx(0.83, abs=0.1)  # typical, not mean: one hit does not make a field loud
    assert found[1] == pytest.approx(19.5, abs=1)
    assert 19.5 < found[2] < 300
    overall = np.expm1(np.log1p(random.poisson(np.array([1, 20, 300])[category])).mean())
    assert found[3] == pytest.approx(overall, rel=0.1)


def test_levels_that_chance_explains_are_one_level() -> None:
    category = np.arange(4000) % 40
    found = usual_levels(category, np.random.default_rng(2).poisson(5, 4000).astype(float), 40)
    assert np.ptp(found) < 0.5


@pytest.mark.parametrize("count", [0, 1, 3])
def test_levels_of_hardly_any_papers_are_numbers(count: int) -> None:
    found = usual_levels(np.zeros(count, np.int64), np.full(count, 7.0), 2)
    assert found == pytest.approx([7.0, 7.0] if count else [0.0, 0.0])


def test_a_moment_of_many_days_keeps_its_hours() -> None:
    """Float64 seconds since 1970 resolve far less than a second; the day of a moment is exact."""
    assert np.floor(AT / DAY) * DAY + 18 * HOUR == AT
