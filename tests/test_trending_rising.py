"""Which papers are rising: what is told of whom, and of whom nothing is."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from tidings.embed import load_default
from tidings.rank.trending import Forecaster, Observations, Outlook, Signals, load_forecaster, outlook
from tidings.rank.trending.arrays import DAY, HOUR
from tidings.rank.trending.rising import FACTOR, MORE

MORNING = datetime(2026, 3, 11, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def model() -> Forecaster:
    return load_forecaster(load_default().name)


def told(model: Forecaster, upvotes: list[float], *, looked: float = 8.0, now: float | None = None) -> Outlook:
    """Return what is told of papers of one day that were counted so many hours into it, at another hour or at once."""
    rows = np.arange(len(upvotes))
    looks = Observations.of(rows, rows * 0, np.full(len(rows), MORNING + looked * HOUR), np.array(upvotes, float))
    of = Signals(np.full(len(rows), MORNING), rows * 0, np.zeros(1), looks)
    moment = datetime.fromtimestamp(MORNING + (looked if now is None else now) * HOUR, UTC)
    return outlook(of, moment, model, None, np.full(len(rows), np.nan))


def is_open(found: Outlook) -> NDArray[np.bool_]:
    return ~np.isnan(found.low) & ~np.isnan(found.high)


def test_the_best_of_a_morning_rises_and_what_hardly_anybody_voted_for_does_not(model: Forecaster) -> None:
    found = told(model, [1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 60.0])
    assert found.rising.tolist() == [False] * 6 + [True]
    assert (found.low[found.rising] <= found.high[found.rising]).all()


def test_a_rising_paper_will_as_good_as_surely_have_many_more(model: Forecaster) -> None:
    upvotes = np.array([1.0, 4.0, 9.0, 16.0, 40.0, 80.0, 160.0])
    for looked in (3.0, 8.0, 30.0, 80.0):
        found = told(model, upvotes.tolist(), looked=looked)
        assert (found.high[found.rising] > upvotes[found.rising] + MORE).all()
        assert (found.high[found.rising] > upvotes[found.rising] * FACTOR).all()
        assert (found.low >= upvotes).all()


def test_nothing_is_told_of_what_was_never_counted(model: Forecaster) -> None:
    of = Signals(np.full(2, MORNING), np.zeros(2, np.int64), np.zeros(1))
    found = outlook(of, datetime.fromtimestamp(MORNING, UTC), model, None, np.full(2, np.nan))
    assert not is_open(found).any()
    assert not found.rising.any()


@pytest.mark.parametrize(
    ("looked", "now", "is_told"),
    [
        (8.0, 8.0 + 47, True),
        (8.0, 8.0 + 49, False),  # the count is old: whoever counts stands still
        (7 * 24 - 2.0, 7 * 24 - 1.0, True),
        (7 * 24 - 2.0, 7 * 24 + 1.0, False),  # a week after its listing a paper has what it gets
    ],
)
def test_nothing_is_told_from_old_counts_or_of_old_papers(
    model: Forecaster, looked: float, now: float, is_told: bool
) -> None:
    assert is_open(told(model, [40.0], looked=looked, now=now)).all() == is_told


def test_what_is_told_of_none_is_nothing(model: Forecaster) -> None:
    assert len(told(model, []).low) == 0
    found = Outlook.none(3)
    assert not is_open(found).any()
    assert found.rising.tolist() == [False] * 3


def test_texts_are_read_of_those_alone_that_are_told_of(model: Forecaster) -> None:
    looks = Observations.of(np.array([1]), np.array([0]), np.array([MORNING + 8 * HOUR]), np.array([12.0]))
    of = Signals(np.array([MORNING - 30 * DAY, MORNING]), np.zeros(2, np.int64), np.zeros(1), looks)
    vectors = load_default().encode(["Sediment in small rivers", "A large open language model"])
    now = datetime.fromtimestamp(MORNING + 8 * HOUR, UTC)
    found = outlook(of, now, model, vectors, np.full(2, np.nan))
    plain = outlook(of, now, model, None, np.full(2, np.nan))
    assert is_open(found).tolist() == [False, True]
    assert found.high[1] != plain.high[1]
