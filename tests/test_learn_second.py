"""The second stage learns from clicks, and is promoted only for what it does on clicks held back."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tidings.errors import InputError, TidingsError
from tidings.learn import second
from tidings.learn.second import FEATURES, Clicks, decide, enough, page_gains, scores, stacked, train


def _played(pages: int, *, seed: int = 0, worth: float = 1.0) -> Clicks:
    """Return pages of ten, put in order by a similarity that is half the truth; votes are the other half."""
    random = np.random.default_rng(seed)
    columns = random.normal(size=(len(FEATURES), pages, 10))
    columns[FEATURES.index("category")] = random.integers(0, 256, (pages, 10))
    meaning, votes = columns[FEATURES.index("meaning")], columns[FEATURES.index("votes")]
    places = np.argsort(np.argsort(-meaning, axis=1), axis=1)
    looked = random.random((pages, 10)) < 1 / np.log2(2 + places)
    liked = looked & (random.random((pages, 10)) < 1 / (1 + np.exp(2 - meaning - worth * votes)))
    features = stacked([column.ravel() for column in columns])
    numbers = np.repeat(np.arange(pages), 10)
    return Clicks(features, numbers, places.ravel(), 2 * liked.ravel().astype(np.int64), meaning.ravel())


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "_ROUNDS", 30)


def test_a_ranker_that_knows_more_is_promoted() -> None:
    pytest.importorskip("lightgbm")
    decision = decide(_played(1500, worth=3.0))
    assert decision.promoted
    assert decision.low > 0
    assert decision.new > decision.served + 0.02
    assert 0 < decision.pages <= 375


def test_a_ranker_that_knows_nothing_more_is_not_promoted() -> None:
    pytest.importorskip("lightgbm")
    decision = decide(_played(400, worth=0.0))
    assert not decision.promoted
    assert decision.low <= 0


def test_the_next_ranker_has_to_beat_the_one_that_is_served() -> None:
    pytest.importorskip("lightgbm")
    clicks = _played(400, worth=2.0)
    first = decide(clicks)
    again = decide(clicks, first.model)
    assert not again.promoted
    assert again.served == again.new == first.new


def test_the_same_clicks_give_the_same_model() -> None:
    pytest.importorskip("lightgbm")
    assert train(_played(60)) == train(_played(60))


def test_a_model_survives_being_put_away() -> None:
    pytest.importorskip("lightgbm")
    clicks = _played(60)
    model = train(clicks)
    assert np.array_equal(
        scores(model, clicks.features, clicks.heads), scores(bytes(model), clicks.features, clicks.heads)
    )
    assert not len(scores(model, clicks.features[:0], clicks.heads[:0]))


def test_what_is_no_model_of_ours_is_refused() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    data = lightgbm.Dataset(np.random.default_rng(0).random((50, 2)), np.arange(50))
    foreign = lightgbm.train({"verbosity": -1}, data, 2).model_to_string().encode()
    for model in (b"", b"\xff", b"tree", foreign):
        with pytest.raises(InputError):
            scores(model, np.zeros((1, len(FEATURES)), np.float32), np.zeros(1))


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(TidingsError, match=r"tidings\[ranker\]"):
        decide(_played(400))
    with pytest.raises(TidingsError, match=r"tidings\[ranker\]"):
        scores(b"", np.zeros((1, len(FEATURES)), np.float32), np.zeros(1))


def test_few_clicks_are_not_enough() -> None:
    few = _played(199)
    assert not enough(few)
    assert enough(_played(400))
    with pytest.raises(InputError, match="200 pages"):
        decide(few)


def test_pages_without_a_click_say_nothing() -> None:
    clicks = _played(3)._replace(grades=np.array([0] * 10 + [2] + [0] * 19))
    assert len(page_gains(clicks, clicks.heads)) == 1


def test_a_page_in_the_best_order_gains_one_and_in_the_worst_less() -> None:
    clicks = _played(1)._replace(grades=np.array([0, 2, 1] + [0] * 7))
    assert page_gains(clicks, clicks.grades.astype(np.float64)).tolist() == [1.0]
    assert page_gains(clicks, -clicks.grades.astype(np.float64))[0] < 0.5


def test_a_click_far_down_is_worth_more_than_one_at_the_top() -> None:
    clicks = _played(1)._replace(places=np.arange(10), grades=np.array([2] + [0] * 8 + [2]))
    top_first, last_first = np.arange(10.0, 0, -1), np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 10])
    assert page_gains(clicks, last_first)[0] > page_gains(clicks, top_first)[0]


def test_trees_add_to_the_head_that_found_a_paper() -> None:
    pytest.importorskip("lightgbm")
    clicks = _played(60)
    added = scores(train(clicks), clicks.features, clicks.heads) - clicks.heads
    assert np.allclose(added, scores(train(clicks), clicks.features, np.zeros(len(clicks.heads))))


def test_clicks_that_do_not_fit_together_are_refused() -> None:
    clicks = _played(400)
    torn = clicks._replace(pages=clicks.pages[np.random.default_rng(0).permutation(len(clicks.pages))])
    for wrong in (torn, clicks._replace(places=clicks.places[1:]), clicks._replace(features=clicks.features[:, 1:])):
        with pytest.raises(InputError):
            decide(wrong)
    with pytest.raises(InputError, match="reads"):
        stacked([np.zeros(1)])
