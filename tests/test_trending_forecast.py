"""The forecast of final votes: what it reads, and what it promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from tidings.embed import load_default, paper_text
from tidings.rank.trending import Early, Forecast, Forecaster, Observations, Signals, early, load_forecaster
from tidings.rank.trending.arrays import DAY, HOUR, Floats
from tidings.rank.trending.forecast import DATA, STAGES, STEPS, stages
from tidings.rank.trending.known import FEATURES, features

MORNING = datetime(2026, 3, 11, tzinfo=UTC).timestamp()
TEXTS = [
    paper_text("A large open language model", "We release a large language model with reasoning, trained on web text."),
    paper_text("Sediment in small rivers", "We measure the sediment of three small rivers over a winter."),
]


@pytest.fixture(scope="module")
def model() -> Forecaster:
    return load_forecaster(load_default().name)


def seen(upvotes: list[float], hours: float = 8.0, listed: float = 2.0) -> Early:
    """Papers listed at an hour of one day and looked at so many hours into it."""
    rows = np.arange(len(upvotes))
    looks = Observations.of(rows, rows * 0, np.full(len(rows), MORNING + hours * HOUR), np.array(upvotes, float))
    of = Signals(np.full(len(rows), MORNING + listed * HOUR), rows * 0, np.zeros(1), looks)
    return early(of, datetime.fromtimestamp(MORNING + hours * HOUR, UTC))


def unseen(count: int) -> Early:
    rows = np.zeros(count, np.int64)
    return early(Signals(np.full(count, MORNING), rows, np.zeros(1)), datetime.fromtimestamp(MORNING, UTC))


# --- what is known -------------------------------------------------------------------------------


def test_what_is_known_is_what_had_been_seen_by_then() -> None:
    rows = np.array([0, 0, 0, 0, 1])
    kind = np.array([0, 0, 1, 0, 0])
    moments = MORNING + HOUR * np.array([5.0, 9.0, 9.0, 20.0, 20.0])
    looks = Observations.of(rows, kind, moments, np.array([4.0, 7.0, 2.0, 50.0, 9.0]))
    of = Signals(np.full(2, MORNING), np.zeros(2, np.int64), np.zeros(1), looks)
    known = early(of, datetime.fromtimestamp(MORNING + 10 * HOUR, UTC), np.array([3.0, np.nan]))
    assert known.upvotes.tolist() == [7.0, 0.0]
    assert known.seen.tolist() == [True, False]
    assert known.looked.tolist() == [MORNING + 9 * HOUR, MORNING]
    assert known.comments[0] == 2
    assert np.isnan([known.comments[1], known.authors[1], *known.waited]).all()


def test_features_are_numbers_even_where_nothing_is_known() -> None:
    for known in (unseen(3), seen([0, 5, 900]), seen([])):
        found = features(known)
        assert found.shape == (len(known), FEATURES)
        assert np.isfinite(found).all()


def test_a_paper_is_compared_with_those_of_its_day() -> None:
    random = np.random.default_rng(4)
    day = random.integers(0, 3, 40).astype(np.float64)
    upvotes = random.integers(0, 6, 40).astype(float)
    looks = Observations.of(np.arange(40), np.zeros(40, np.int64), MORNING + day * DAY + 9 * HOUR, upvotes)
    of = Signals(MORNING + day * DAY, np.zeros(40, np.int64), np.zeros(1), looks)
    found = early(of, datetime.fromtimestamp(MORNING + 4 * DAY, UTC)).beside
    for row in range(40):
        others = np.log1p(upvotes[day == day[row]])
        own = np.log1p(upvotes[row])
        before = (others > own).sum() + (others == own).sum() / 2
        expected = [np.log(len(others)), others.mean(), own - others.mean(), own - others.max(), before / len(others)]
        assert found[row] == pytest.approx(expected)


def test_arrays_that_do_not_fit_the_papers_are_refused() -> None:
    of = Signals(np.full(2, MORNING), np.zeros(2, np.int64), np.zeros(1))
    with pytest.raises(ValueError, match="different lengths"):
        early(of, datetime.fromtimestamp(MORNING, UTC), np.zeros(3))


def test_stages_go_by_the_hours_into_the_day_of_listing() -> None:
    assert [int(stages(seen([1.0], hours))[0]) for hours in (8, 15, 48, 300)] == [1, 2, 3, 4]
    assert stages(unseen(1)).tolist() == [0]


# --- the distribution ----------------------------------------------------------------------------


def test_quantiles_rise_and_never_fall_below_the_votes_there_are(model: Forecaster) -> None:
    known = seen([0.0, 1.0, 4.0, 30.0, 400.0])
    found = model.forecast(known)
    quantiles = np.array([found.quantile(share) for share in np.linspace(0, 1, 33)])
    assert (np.diff(quantiles, axis=0) >= 0).all()
    assert (quantiles >= known.upvotes).all()
    assert (found.rising(0.9) >= found.rising(0.5)).all()


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_quantile_outside_0_to_1_is_refused(model: Forecaster, share: float) -> None:
    with pytest.raises(ValueError, match="share of 0 to 1"):
        model.forecast(unseen(1)).quantile(share)


def test_a_wider_interval_holds_the_narrower_and_has_whole_ends(model: Forecaster) -> None:
    found = model.forecast(seen([2.0, 20.0, 90.0]))
    (low, high), (lower, higher) = found.interval(0.5), found.interval(0.9)
    assert (lower <= low).all()
    assert (low < high).all()
    assert (high <= higher).all()
    assert (lower % 1 == 0).all()


def test_more_votes_at_the_same_hour_promise_more(model: Forecaster) -> None:
    median = model.forecast(seen([0.0, 2.0, 8.0, 32.0, 128.0])).quantile(0.5)
    assert (np.diff(median) > 0).all()


def test_the_later_the_look_the_surer_the_forecast(model: Forecaster) -> None:
    early_low, early_high = model.forecast(seen([20.0] * 5, hours=8)).interval()
    late_low, late_high = model.forecast(seen([20.0] * 5, hours=60)).interval()
    assert (late_high - late_low < early_high - early_low).all()


# --- the text ------------------------------------------------------------------------------------


def test_a_text_like_those_that_were_voted_for_promises_more(model: Forecaster) -> None:
    vectors = load_default().encode(TEXTS)
    first, second = model.promise(vectors)
    assert first > second + 2
    found = model.forecast(unseen(2), vectors).quantile(0.5)
    assert found[0] > found[1]


def test_unknown_authors_promise_the_usual_number(model: Forecaster) -> None:
    vectors = load_default().encode(TEXTS[:1])
    few, unknown, many = (model.promise(vectors, np.array([count]))[0] for count in (1.0, np.nan, 60.0))
    assert few < unknown < many
    assert unknown == model.promise(vectors)[0]


def test_a_paper_without_text_promises_the_usual(model: Forecaster) -> None:
    nothing = np.zeros((1, load_default().dimensions), np.float32)
    assert model.promise(nothing, np.array([9.0])).tolist() == [0.0]
    with_none, with_nothing = model.forecast(seen([3.0])), model.forecast(seen([3.0]), nothing)
    assert with_none.centre == pytest.approx(with_nothing.centre)


def test_another_encoder_reads_no_text(model: Forecaster) -> None:
    other = load_forecaster("another-encoder:1")
    vectors = np.ones((2, 512), np.float32)
    assert other.promise(vectors).tolist() == [0.0, 0.0]
    known = seen([3.0, 9.0])
    assert other.forecast(known, vectors).centre == pytest.approx(model.forecast(known).centre)


def test_the_packaged_model_is_small_and_of_the_bundled_encoder(model: Forecaster) -> None:
    assert DATA.stat().st_size < 500_000
    assert model.encoder == load_default().name
    assert len(model.heads) == load_default().dimensions
    assert model.shapes.shape == (STAGES, len(STEPS))


# --- shapes --------------------------------------------------------------------------------------


def _drawn(centre: Floats, random: np.random.Generator) -> Floats:
    return np.floor(np.expm1(centre + np.abs(random.standard_t(4, len(centre)))))


def test_shapes_from_finished_papers_make_the_interval_hold(model: Forecaster) -> None:
    """Even where votes come by another law than the one learnt: heavy tails, and all whole numbers."""
    random = np.random.default_rng(9)
    known = seen(list(random.integers(0, 9, 6000).astype(float)))
    final = _drawn(np.log1p(known.upvotes), random)
    finished, fresh = np.arange(6000) < 3000, np.arange(6000) >= 3000
    renewed = model.recalibrated(_at(known, finished), final[finished])
    for share in (0.8, 0.9):
        low, high = renewed.forecast(_at(known, fresh)).interval(share)
        held = ((final[fresh] >= low) & (final[fresh] <= high)).mean()
        assert held == pytest.approx(share, abs=0.04)


def test_too_few_finished_papers_leave_the_shapes_as_they_are(model: Forecaster) -> None:
    known = seen([1.0] * 20)
    assert model.recalibrated(known, np.full(20, 500.0)).shapes.tolist() == model.shapes.tolist()


def test_a_forecast_is_as_long_as_its_papers(model: Forecaster) -> None:
    assert len(model.forecast(seen([1.0, 2.0]))) == 2
    assert isinstance(model.forecast(seen([])), Forecast)


def _at(known: Early, rows: NDArray[np.bool_]) -> Early:
    return replace(known, **{name: getattr(known, name)[rows] for name in Early.__slots__})
