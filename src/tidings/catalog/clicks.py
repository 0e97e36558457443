"""What is known of papers when feeds show them, and what can be learnt from what became of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tidings.catalog.learning import Pool
from tidings.catalog.voices import Aside, Voice
from tidings.learn.scoring import meaning_of
from tidings.learn.second import FEATURES, Clicks, stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.store.lessons import Lesson

    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Features = NDArray[np.float32]

OPENED, LIKED = 1, 2
"""Grades of what was shown; 0 is neither."""

_YOUNG = (10, 30, 100)
"""Likes up to which interests are of a group: what stands at a height is liked less often where little is known."""
_MOST_WEIGHT = 4.0


def features_of(voice: Voice, rows: Rows, pool: Pool, aside: Aside, categories: Rows) -> Features:
    """Return ``FEATURES`` of candidates as an interest sees them, float32 (k, 8); ``categories`` are of those rows."""
    by_meaning = meaning_of(voice.learnt.head, pool.recent.vectors[rows]) + np.float32(voice.learnt.head.base)
    columns = (
        by_meaning,
        voice.scores[rows] - by_meaning,
        voice.heights[rows],
        np.full(len(rows), len(voice.learnt.liked_ids)),
        pool.today.toordinal() - pool.days[rows],
        aside.trending[rows],
        aside.followed[rows],
        categories,
    )
    return stacked([np.asarray(column) for column in columns])


def heads_of(features: Features) -> Floats:
    """Return the scores of the heads that features tell of, shape (n,)."""
    found: Floats = features[:, :2].astype(np.float64).sum(axis=1)  # by meaning and by words
    return found


def lifts_of(heights: Floats, scores: Floats) -> Floats:
    """Return what is to be added to heights so that their order is that of scores, shape (k,).

    The heights stay the same ones, given to other papers: what the second stage says of one interest weighs no more
    than another interest's papers do.
    """
    lifts = np.empty(len(heights))
    order = np.lexsort((-heights, -scores))
    lifts[order] = np.sort(heights)[::-1] - heights[order]
    return lifts


# --- what became of it ---


def read(lessons: Sequence[Lesson]) -> tuple[list[Lesson], Features]:
    """Return the lessons whose features are those of today, and these, shape (n, 8)."""
    kept = [lesson for lesson in lessons if len(lesson.features) == 4 * len(FEATURES)]
    found = np.frombuffer(b"".join(lesson.features for lesson in kept), np.float32)
    return kept, found.reshape(len(kept), len(FEATURES))


def clicks_of(lessons: Sequence[Lesson], features: Features) -> Clicks:
    """Return pages as the second stage reads them: what an interest's reader saw of it in a day, the first page first.

    What was drawn is left out: no interest put it there, and the second stage puts it nowhere.
    """
    keys = [(lesson.at.date(), lesson.account_id, lesson.interest_id) for lesson in lessons]
    order = sorted(range(len(lessons)), key=lambda number: (keys[number], lessons[number].place))
    order = [number for number in order if lessons[number].chance is None]
    pages = {key: page for page, key in enumerate(dict.fromkeys(keys[number] for number in order))}
    chosen = [lessons[number] for number in order]
    return Clicks(
        features[np.array(order, np.int64)],
        np.array([pages[keys[number]] for number in order], np.int64),
        np.array([lesson.place - 1 for lesson in chosen], np.int64),
        np.array([LIKED if lesson.liked else OPENED * lesson.opened for lesson in chosen], np.int64),
        heads_of(features[np.array(order, np.int64)]),
    )


def groups_of(likes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which group interests of so many likes are of, shape (n, 4)."""
    groups: NDArray[np.bool_] = np.searchsorted(_YOUNG, likes, side="left")[:, None] == np.arange(len(_YOUNG) + 1)
    return groups


def weights_of(lessons: Sequence[Lesson]) -> Floats:
    """Return what each lesson counts for: what was drawn by how unlikely that was, among the draws; all others 1.

    Inverse propensity scores that are normalised and clipped (Swaminathan and Joachims, The Self-Normalized Estimator
    for Counterfactual Learning, NIPS 2015): whatever the chances are, the draws count for about as many as they are.
    """
    chances = np.array([lesson.chance or 0.0 for lesson in lessons])
    drawn = chances > 0
    weights = np.ones(len(lessons))
    if drawn.any():
        unlikely = 1 / chances[drawn]
        weights[drawn] = np.clip(unlikely / unlikely.mean(), 1 / _MOST_WEIGHT, _MOST_WEIGHT)
    return weights
