"""The second stage: boosted trees that put in order what the heads found, learnt from an instance's own clicks.

A listwise loss over pages (Burges, From RankNet to LambdaRank to LambdaMART, 2010; Lyzhin, Ustimenko, Gulin and
Prokhorenkova, Which Tricks are Important for Learning to Rank?, https://arxiv.org/abs/2204.01500), with the place at
which each paper was shown taken out of what its clicks are worth. The trees add to the score of the head, so few clicks
change little. A ranker is promoted only when it beats the one that is served on clicks held back, later than all it
learnt from (after Confidence Ranking for CTR Prediction, https://arxiv.org/abs/2307.01206). Needs the extra
``tidings[ranker]``; nothing else does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tidings.errors import InputError, TidingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEATURES = ("meaning", "words", "height", "likes", "age", "votes", "followed", "category")
"""Similarity by vectors and by words, height, likes of the interest, days, votes, whether an author is followed, and
the category as a number of 0 to 255 (``hashing.bucket(category, 8)``), of which a few share one."""
ENOUGH_PAGES = 200
ENOUGH_CLICKS = 300
HELD = 0.25
"""The share of pages, the latest, on which the decision is made."""
CUT = 10
_DRAWS = 1000
_FARTHEST = 30
"""Places from here on count as one: too few look there to tell them apart."""
_ROUNDS = 120
_TREES = {
    "objective": "lambdarank",
    "learning_rate": 0.03,
    "num_leaves": 7,
    "min_data_in_leaf": 100,
    "lambda_l2": 50.0,
    "lambdarank_truncation_level": 20,
    "label_gain": [0, 1, 3],
    "cat_smooth": 50.0,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


class Clicks(NamedTuple):
    """Papers shown on pages, shapes (n,), those of a page together and the pages in the order of time.

    ``features`` float32 (n, len(FEATURES)); ``pages`` int64, the same number for the papers of one page; ``places``
    int64, from 0, where each was shown; ``grades`` int64, 0 only shown, 1 opened, 2 liked; ``heads`` float64, the
    score of the interest's head.
    """

    features: NDArray[np.float32]
    pages: NDArray[np.int64]
    places: NDArray[np.int64]
    grades: NDArray[np.int64]
    heads: Floats


class Decision(NamedTuple):
    """Whether to serve a new ranker, and why: mean gains at ``CUT`` over ``pages`` held back, of which any was clicked.

    ``low`` and ``high`` bound the difference, new less served, with 95 % confidence by resampling pages. ``model`` is
    what was measured, to be kept if ``promoted``.
    """

    promoted: bool
    served: float
    new: float
    low: float
    high: float
    pages: int
    model: bytes


def enough(clicks: Clicks) -> bool:
    """Return whether there is enough to learn from and to decide on."""
    return len(np.unique(clicks.pages)) >= ENOUGH_PAGES and int((clicks.grades > 0).sum()) >= ENOUGH_CLICKS


def decide(clicks: Clicks, current: bytes | None = None) -> Decision:
    """Learn from the earlier pages and hold the ranker against the one that is served, on the latest pages.

    ``current`` is the model that is served now, None for the heads' own order. InputError where there is not enough,
    TidingsError where the extra is not installed.
    """
    _check(clicks)
    if not enough(clicks):
        raise InputError(f"a ranker needs {ENOUGH_PAGES} pages and {ENOUGH_CLICKS} clicks")
    starts = _starts(clicks.pages)
    border = int(starts[int(len(starts) * (1 - HELD))])
    model, held = train(_part(clicks, slice(border))), _part(clicks, slice(border, None))
    served = held.heads if current is None else scores(current, held.features, held.heads)
    before, after = page_gains(held, served), page_gains(held, scores(model, held.features, held.heads))
    low, high = _interval(after - before)
    return Decision(low > 0, float(before.mean()), float(after.mean()), low, high, len(before), model)


def train(clicks: Clicks) -> bytes:
    """Return a model, as text in UTF-8; the same clicks give the same. TidingsError without the extra."""
    library = _library()
    _check(clicks)
    starts = _starts(clicks.pages)
    data = library.Dataset(
        clicks.features,
        label=clicks.grades,
        group=np.diff(np.append(starts, len(clicks.pages))),
        position=np.minimum(clicks.places, _FARTHEST),
        init_score=clicks.heads,
        feature_name=list(FEATURES),
        categorical_feature=["category"],
    )
    text: str = library.train(_TREES, data, _ROUNDS).model_to_string()
    return text.encode()


def scores(model: bytes, features: NDArray[np.float32], heads: Floats) -> Floats:
    """Return the score of each paper, shape (n,): that of its head and what the trees add to it.

    InputError for bytes that are no model of these features, TidingsError without the extra.
    """
    booster = _booster(model)
    if not len(features):
        return np.zeros(0)
    return heads + np.asarray(booster.predict(features, num_threads=1), np.float64)


@lru_cache(2)  # the one that is served, and one that is held against it
def _booster(model: bytes) -> Any:
    library = _library()
    try:
        booster = library.Booster(model_str=model.decode())
    except (UnicodeDecodeError, library.basic.LightGBMError) as error:
        raise InputError("that is not a ranker's model") from error
    if booster.feature_name() != list(FEATURES):
        raise InputError("that ranker was made for other features")
    return booster


def page_gains(clicks: Clicks, order: Floats) -> Floats:
    """Return the normalised discounted gain at ``CUT`` of each page with a click, its papers ordered by ``order``.

    A click is worth the more the farther down it was made: few look there, and what was shown first would otherwise
    always seem best (Joachims, Swaminathan and Schnabel, Unbiased Learning-to-Rank with Biased Feedback,
    https://arxiv.org/abs/1608.04468). The chance to be looked at is taken to be the discount of the gain.
    """
    starts = _starts(clicks.pages)
    ends = np.append(starts[1:], len(clicks.pages))
    worth = (2.0**clicks.grades - 1) * np.log2(2 + np.minimum(clicks.places, _FARTHEST))
    pages = [(worth[a:b], order[a:b]) for a, b in zip(starts, ends, strict=True)]
    return np.array([_gain(part, found) for part, found in pages if part.any()])


def stacked(columns: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    """Return the columns of ``FEATURES``, in that order, as one array; InputError for another number of them."""
    if len(columns) != len(FEATURES):
        raise InputError(f"a ranker reads {', '.join(FEATURES)}")
    return np.column_stack(columns).astype(np.float32)


def _gain(worth: Floats, order: Floats) -> float:
    discounts = 1 / np.log2(np.arange(2, CUT + 2))
    found = worth[np.argsort(-order, kind="stable")][:CUT]
    best = -np.sort(-worth)[:CUT]
    return float((found * discounts[: len(found)]).sum() / (best * discounts[: len(best)]).sum())


def _interval(differences: Floats) -> tuple[float, float]:
    if not len(differences):
        return 0.0, 0.0
    picks = np.random.default_rng(0).integers(0, len(differences), (_DRAWS, len(differences)))
    low, high = np.percentile(differences[picks].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def _starts(pages: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each page begins."""
    return np.flatnonzero(np.append(True, np.diff(pages) != 0)[: len(pages)])


def _part(clicks: Clicks, of: slice) -> Clicks:
    features, pages, places, grades, heads = clicks
    return Clicks(features[of], pages[of], places[of], grades[of], heads[of])


def _check(clicks: Clicks) -> None:
    if len({len(column) for column in clicks}) > 1 or clicks.features.shape[1:] != (len(FEATURES),):
        raise InputError("every paper shown needs its features, page, place, grade and score")
    if len(_starts(clicks.pages)) != len(np.unique(clicks.pages)):
        raise InputError("the papers of a page must stand together")


def _library() -> Any:
    try:
        import lightgbm
    except ImportError as error:
        raise TidingsError("the second-stage ranker needs LightGBM: pip install 'tidings[ranker]'") from error
    return lightgbm
