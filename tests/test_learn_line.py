"""The line keeps its promise while things drift, and probabilities are what they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.errors import InputError
from tidings.learn.likely import calibrated, isotonic, likely_from
from tidings.learn.line import START, Line, heights, line_from, new_common_line, new_line

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _followed(stream: NDArray[np.float64], line: Line | None = None) -> tuple[NDArray[np.bool_], Line]:
    """Return which likes were above the line as it was before each."""
    line = line or new_line()
    above = []
    for height in stream.tolist():
        above.append(height >= line.height)
        line = line.after(height)
    return np.array(above), line


def test_a_height_counts_the_recent_papers_that_score_as_high() -> None:
    recent = np.array([3, 1, 2], np.float32)
    found = heights(np.array([4, 3, 2.5, 0], np.float32), recent)
    assert found.tolist() == [2.0, 1.0, 1.0, 0.0]


def test_a_height_does_not_depend_on_the_scale_of_scores() -> None:
    random = np.random.default_rng(0)
    scores, recent = random.normal(size=20).astype(np.float32), random.normal(size=500).astype(np.float32)
    assert np.array_equal(heights(scores, recent), heights(scores * 8 + 1, recent * 8 + 1))


def test_without_recent_papers_everything_stands_at_nothing() -> None:
    assert heights(np.ones(2, np.float32), np.zeros(0, np.float32)).tolist() == [0, 0]


@pytest.mark.parametrize("scores", [[np.nan], [np.inf]])
def test_scores_that_are_no_number_are_refused(scores: list[float]) -> None:
    with pytest.raises(InputError, match="number"):
        heights(np.array(scores, np.float32), np.ones(1, np.float32))


def test_nine_of_ten_likes_are_above_the_line() -> None:
    above, line = _followed(np.random.default_rng(1).normal(8, 2, 2000))
    assert 0.88 <= above.mean() <= 0.92
    assert line.height == pytest.approx(8 - 1.28 * 2, abs=1.2)


def test_the_promise_holds_in_every_quarter_of_a_stream_that_sinks() -> None:
    stream = np.random.default_rng(2).normal(0, 1.5, 1200) + np.linspace(9, 5, 1200)
    above, _ = _followed(stream)
    assert all(0.86 <= part.mean() <= 0.93 for part in np.split(above, 4))


def test_an_abrupt_fall_is_followed_within_ten_likes() -> None:
    random = np.random.default_rng(3)
    _, line = _followed(random.normal(10, 1, 400))
    above, _ = _followed(random.normal(4, 1, 60), line)
    assert above[:3].mean() < 0.5
    assert above[10:].mean() >= 0.8


def test_another_promise_is_kept_as_well() -> None:
    above, _ = _followed(np.random.default_rng(4).normal(8, 2, 2000), new_line(promise=0.7))
    assert 0.67 <= above.mean() <= 0.73


def test_nothing_is_strong_below_the_line() -> None:
    line = new_line()
    assert line.strong(np.array([START - 0.1, START, 9.0])).tolist() == [False, True, True]
    assert not line.strong(np.array([0.0, 2.0])).any()


def test_the_line_in_common_keeps_the_promise_when_all_papers_change_for_readers_of_few_likes() -> None:
    random = np.random.default_rng(6)
    level = np.repeat((8.0, 5.0), 300)
    readers = random.integers(0, 60, 600)  # ten likes each, five of them before the change
    lines, common = [new_line(6.0) for _ in range(60)], new_common_line()
    alone, together = np.zeros(600, np.bool_), np.zeros(600, np.bool_)
    for i, (reader, height) in enumerate(zip(readers.tolist(), random.normal(level, 1.5).tolist(), strict=True)):
        line = lines[reader]
        alone[i] = line.strong(np.array([height]))[0]
        together[i] = line.strong(np.array([height]), common.height)[0]
        common, lines[reader] = common.after(height - line.height), line.after(height)
    assert alone[300:].mean() < 0.8 < 0.86 < together[300:].mean() < 0.93


def test_a_like_moves_a_new_line_a_little_only() -> None:
    assert START < new_line().after(12.0).height < START + 1
    assert START - 2 < new_line().after(0.0).height < START


def test_a_line_is_never_changed() -> None:
    line = new_line()
    line.after(3.0)
    assert line == new_line()


def test_what_is_kept_of_a_line_stays_small() -> None:
    _, line = _followed(np.random.default_rng(5).normal(8, 2, 5000))
    assert len(json.dumps(line.state())) < 3000


@given(st.lists(st.floats(0, 16), max_size=60))
def test_a_line_goes_on_from_its_state_as_if_it_had_never_been_put_away(stream: list[float]) -> None:
    _, line = _followed(np.array(stream))
    again = line_from(json.loads(json.dumps(line.state())))
    assert again.height == pytest.approx(line.height, abs=1e-3)
    assert again.after(5.0).height == pytest.approx(line.after(5.0).height, abs=1e-2)


@given(st.lists(st.floats(-100, 100), max_size=40))
def test_a_line_is_always_a_number(stream: list[float]) -> None:
    _, line = _followed(np.array(stream))
    assert np.isfinite(line.height)


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {},
        {"promise": 0.9, "width": 4, "likes": 0, "learners": []},
        {"promise": 2, "width": 4, "likes": 0, "learners": [[1, 4, 1, 0, 0, 0]]},
        {"promise": 0.9, "width": 4, "likes": 0, "learners": [[1, 4, 1]]},
        {"promise": 0.9, "width": 4, "likes": 0, "learners": [[1, float("nan"), 1, 0, 0, 0]]},
        {"promise": 0.9, "width": 4, "likes": 0, "learners": [[0, 4, 1, 0, 0, 0]]},
        {"promise": "x", "width": 4, "likes": 0, "learners": [[1, 4, 1, 0, 0, 0]]},
    ],
)
def test_a_damaged_state_is_refused(state: object) -> None:
    with pytest.raises(InputError):
        line_from(state)


def test_a_line_needs_a_promise_and_a_height() -> None:
    for promise, start in ((0.0, 4.0), (1.0, 4.0), (0.9, float("nan"))):
        with pytest.raises(InputError):
            new_line(start, promise)
    with pytest.raises(InputError):
        new_line().after(float("nan"))


# --- probabilities ---


def test_neighbours_that_fall_are_pooled() -> None:
    assert isotonic(np.array([1.0, 3, 2, 2, 5])).tolist() == pytest.approx([1, 7 / 3, 7 / 3, 7 / 3, 5])


def test_pooling_minds_weights() -> None:
    assert isotonic(np.array([4.0, 1]), np.array([1.0, 3])).tolist() == [1.75, 1.75]


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30))
def test_isotonic_values_never_fall_and_keep_the_mean(values: list[float]) -> None:
    found = isotonic(np.array(values))
    assert (np.diff(found) >= -1e-9).all()
    assert found.mean() == pytest.approx(np.mean(values), abs=1e-9)


def _world(seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return scores, likes and groups; in the second group likes are half as frequent at the same score."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=20_000)
    groups = np.column_stack([np.ones(len(scores), np.bool_), random.random(len(scores)) < 0.2])
    chance = 1 / (1 + np.exp(1 - 2 * scores)) * np.where(groups[:, 1], 0.4, 1.0)
    return scores, random.random(len(scores)) < chance, groups


def _error(found: NDArray[np.float64], liked: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over ten parts of equal size."""
    parts = np.array_split(np.argsort(found, kind="stable"), 10)
    return float(np.mean([abs(found[part].mean() - liked[part].mean()) for part in parts]))


def test_probabilities_are_what_they_say_on_papers_not_learnt_from() -> None:
    scores, liked, _ = _world(0)
    later, liked_later, _ = _world(1)
    assert _error(calibrated(scores, liked).probabilities(later), liked_later) < 0.02


def test_a_group_unlike_the_others_gets_probabilities_of_its_own() -> None:
    scores, liked, groups = _world(0)
    later, liked_later, groups_later = _world(1)
    found = calibrated(scores, liked, groups)
    rare = groups_later[:, 1]
    assert _error(found.probabilities(later[rare]), liked_later[rare]) > 0.1
    assert _error(found.probabilities(later[rare], groups_later[rare]), liked_later[rare]) < 0.04
    assert _error(found.probabilities(later, groups_later), liked_later) < 0.02


def test_what_weighs_twice_counts_as_two() -> None:
    scores, liked, groups = _world(0)
    scores, liked, groups = scores[:3000], liked[:3000], groups[:3000]
    twice = np.arange(len(scores)) % 3 == 0
    weighed = calibrated(scores, liked, None, 1.0 + twice).probabilities(scores)
    order = np.repeat(np.arange(len(scores)), 1 + twice)
    doubled = calibrated(scores[order], liked[order]).probabilities(scores)
    assert np.abs(weighed - doubled).mean() < 0.02
    assert np.abs(weighed - calibrated(scores, liked).probabilities(scores)).max() > 0
    for wrong in (np.zeros(len(scores)), np.full(len(scores), np.inf), np.ones(3)):
        with pytest.raises(InputError):
            calibrated(scores, liked, groups, wrong)


def test_groups_like_the_others_need_no_patch() -> None:
    scores, liked, _ = _world(0)
    groups = np.random.default_rng(7).random((len(scores), 3)) < 0.3
    assert len(calibrated(scores, liked, groups).patches) <= 2


def test_a_higher_score_is_never_less_likely_and_nothing_is_certain() -> None:
    scores, liked, _ = _world(0)
    found = calibrated(scores[:50], liked[:50]).probabilities(np.linspace(-50, 50, 200))
    assert (np.diff(found) >= 0).all()
    assert 0 < found.min() <= found.max() < 1


def test_probabilities_survive_being_put_away() -> None:
    scores, liked, groups = _world(0)
    found = calibrated(scores, liked, groups)
    again = likely_from(json.loads(json.dumps(found.state())))
    assert again == found


def test_one_like_among_equal_scores_is_enough_to_learn_from() -> None:
    found = calibrated(np.zeros(4), np.array([True, False, False, False]))
    assert found.probabilities(np.zeros(1)).tolist() == pytest.approx([0.25])


def test_probabilities_need_likes_and_others() -> None:
    for liked in ([True, True], [False, False]):
        with pytest.raises(InputError, match="liked"):
            calibrated(np.zeros(2), np.array(liked))
    with pytest.raises(InputError, match="number"):
        calibrated(np.array([np.nan, 1]), np.array([True, False]))


def test_other_groups_than_learnt_are_refused() -> None:
    scores, liked, groups = _world(0)
    with pytest.raises(InputError, match="groups"):
        calibrated(scores, liked, groups).probabilities(scores, groups[:, :1])


@pytest.mark.parametrize(
    "state",
    [
        None,
        {"scores": [], "shares": [], "groups": 0, "patches": []},
        {"scores": [2, 1], "shares": [0, 1], "groups": 0, "patches": []},
        {"scores": [1], "shares": [0, 1], "groups": 0, "patches": []},
        {"scores": [1], "shares": [0.5], "groups": 1, "patches": [[1, 0, 1, 0.1]]},
        {"scores": [1], "shares": ["x"], "groups": 0, "patches": []},
    ],
)
def test_damaged_probabilities_are_refused(state: object) -> None:
    with pytest.raises(InputError):
        likely_from(state)
