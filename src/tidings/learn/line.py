"""The line between what is worth showing and what is not, which keeps its promise while tastes and papers drift.

"Nine of ten papers that you would like are above the line", hence "nothing strong today". A head's scores change with
every like, so papers stand at a *height*: how rare it is among recent papers to score so well under the head as it is
now. The line moves with each like by strongly adaptive online conformal prediction (Bhatnagar, Wang, Xiong and Bai,
Improved Online Conformal Prediction via Strongly Adaptive Online Learning, https://arxiv.org/abs/2302.07869): learners
that began at different times vote, those that did well lately count, so an abrupt change is followed as fast as a slow
one. What is kept of an interest are some dozens of numbers.

One reader's likes are too few to notice at once that all papers have changed. So an instance keeps a second line, in
common: it begins at 0 and is told of every like by how far it stood from its own interest's line. What is strong is
above the sum of both (``Line.strong``). It holds nothing of anybody but that sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite, sqrt
from typing import TYPE_CHECKING

import numpy as np

from tidings.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PROMISE = 0.9
"""The share of the papers one would like that are above the line."""
START = 4.0
"""Where the line of an interest without any like is: one recent paper in 16 is above it. Measured, see the results."""
WIDTH = 4.0
"""How far apart in height likes of one interest usually are; the size of the line's steps follows from it."""
COMMON_WIDTH = 6.0
"""The same of the line in common, which can afford larger steps: it sees everybody's likes."""
_MARGIN = 0.01
"""What the line in common is taught above the promise: lines trail papers that sink, by so much, measured."""
_LIFE = 8
"""A learner that begins at like i lives for so many likes, times the largest power of two in i."""
_HELD = 16.0
"""The start is worth so many likes, so that the first like does not move the line across the whole range."""


def heights(scores: NDArray[np.float32], recent: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how rare such scores are, shape (n,): -log2 of the share of ``recent`` scores, shape (m,), as high.

    Both are of one head. 10 is one paper in a thousand; the highest that m papers can tell is log2(m + 1), and
    without any recent paper all stand at 0. Scores that are no number are refused (InputError).
    """
    if not (np.isfinite(scores).all() and np.isfinite(recent).all()):
        raise InputError("a score is not a number")
    as_high = len(recent) - np.searchsorted(np.sort(recent), scores, side="left")
    shares: NDArray[np.float64] = (1 + as_high) / (1 + len(recent))
    return -np.log2(shares)


@dataclass(frozen=True, slots=True)
class _Learner:
    """One that follows the tenth percentile of likes since it began, and what it won and staked against the line."""

    since: int
    height: float
    squares: float  # of its gradients: scale-free steps shrink with them
    won: float = 0.0
    staked: float = 0.0
    weight: float = 0.0

    def gradient(self, liked: float, promise: float) -> float:
        return promise if liked < self.height else promise - 1

    def numbers(self) -> tuple[float, ...]:
        return self.height, self.squares, self.won, self.staked, self.weight


@dataclass(frozen=True, slots=True)
class Line:
    """The line of one interest: never changed, ``after`` a like there is another.

    ``likes`` is how many it has seen. Made by ``new_line``, ``new_common_line`` or ``line_from``.
    """

    promise: float
    width: float
    likes: int
    learners: tuple[_Learner, ...]

    @property
    def height(self) -> float:
        """Return the height that a strong paper reaches."""
        return sum(share * learner.height for share, learner in zip(self._shares(), self.learners, strict=True))

    def strong(self, heights: NDArray[np.float64], common: float = 0.0) -> NDArray[np.bool_]:
        """Return which papers are above this line and ``common``, the height of the one in common, together.

        None of them means "nothing strong today".
        """
        return heights >= self.height + common

    def after(self, height: float) -> Line:
        """Return the line after a like of a paper that stood at a height *before* it was liked.

        A like of a paper that the head had learnt already tells nothing and must not be given. InputError where the
        height is no number.
        """
        if not isfinite(height):
            raise InputError("a height is a number")
        line, moment = self.height, self.likes + 1
        learners = [self._taught(learner, height, line, moment) for learner in self.learners]
        kept = [learner for learner in learners if moment + 1 < learner.since + _life(learner.since)]
        moved = Line(self.promise, self.width, moment, tuple(kept))
        # who begins does so where the line is: the others' knowledge is not thrown away
        newest = _Learner(moment + 1, moved.height if kept else line, self._held())
        return replace(moved, learners=(*kept, newest))

    def _taught(self, learner: _Learner, liked: float, line: float, moment: int) -> _Learner:
        """Scale-free gradient descent on the pinball loss, then the bet of coin betting (algorithms 1 and 2)."""
        gain = (self._loss(line, liked) - self._loss(learner.height, liked)) / self.width
        gain = gain if learner.weight > 0 else max(gain, 0.0)
        won, staked = learner.won + gain, learner.staked + learner.weight * gain
        gradient = learner.gradient(liked, self.promise)
        squares = learner.squares + gradient * gradient
        return replace(
            learner,
            height=learner.height - self.width / sqrt(3) * gradient / sqrt(squares),
            squares=squares,
            won=won,
            staked=staked,
            weight=won * (1 + staked) / (moment - learner.since + 1),
        )

    def _loss(self, line: float, liked: float) -> float:
        return self.promise * max(line - liked, 0.0) + (1 - self.promise) * max(liked - line, 0.0)

    def _shares(self) -> list[float]:
        priors = [1 / (learner.since**2 * learner.since.bit_length()) for learner in self.learners]
        shares = [prior * max(learner.weight, 0.0) for prior, learner in zip(priors, self.learners, strict=True)]
        if not any(shares):
            shares = priors
        total = sum(shares)
        return [share / total for share in shares]

    def _held(self) -> float:
        return _HELD * self.promise * (1 - self.promise)

    def state(self) -> dict[str, object]:
        """Return all of it as JSON has it."""
        rows = [[one.since, *(float(f"{number:.7g}") for number in one.numbers())] for one in self.learners]
        return {"promise": self.promise, "width": self.width, "likes": self.likes, "learners": rows}


def new_line(start: float = START, promise: float = PROMISE, width: float = WIDTH) -> Line:
    """Return the line of a new interest at a height, to keep a promise between 0 and 1; else InputError."""
    if not (0 < promise < 1 and isfinite(start) and 0 < width < inf):
        raise InputError(f"no line promises {promise} from height {start} with width {width}")
    return Line(promise, width, 0, (_Learner(1, start, _HELD * promise * (1 - promise)),))


def new_common_line(promise: float = PROMISE) -> Line:
    """Return the line in common of a new instance."""
    return new_line(0.0, promise + _MARGIN, COMMON_WIDTH)


def line_from(state: object) -> Line:
    """Return the line of a state as ``Line.state`` gave it; InputError for anything else."""
    try:
        promise, width, likes, rows = (state[name] for name in ("promise", "width", "likes", "learners"))  # type: ignore[index]
        learners = tuple(_learner_from(row) for row in rows)
        line = Line(float(promise), float(width), int(likes), learners)
    except (TypeError, KeyError, ValueError) as error:
        raise InputError("that is not the state of a line") from error
    if not (learners and line.likes >= 0 and 0 < line.promise < 1 and 0 < line.width < inf):
        raise InputError("that is not the state of a line")
    return line


def _learner_from(row: Sequence[float]) -> _Learner:
    since, height, squares, won, staked, weight = (float(number) for number in row)
    if not (all(map(isfinite, (height, squares, won, staked, weight))) and since >= 1 and squares > 0):
        raise ValueError(f"no learner is {row}")
    return _Learner(int(since), height, squares, won, staked, weight)


def _life(since: int) -> int:
    """Return for how many likes a learner lives: geometric covering intervals."""
    return _LIFE * (since & -since)
