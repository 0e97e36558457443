"""Trending: votes of our own people and counts from outside as one score that says what it is made of.

Everything is measured in doublings: a point more is twice the votes. With the votes v of a paper (own ones by their
weight, outside ones by what their kind is worth), d what is left of them when each is halved every ``half_life`` hours,
and u what papers of its category usually get, the score is

    log2((d + fresh + doubt) / (u + doubt)) + a share of log2(1 + votes of the last day / (u + doubt))

that is, a Gamma-Poisson estimate of the paper's level over that of its field: ``doubt`` is the strength of the prior
in votes, and ``fresh`` the votes that a paper just listed is taken to have, more where its text promises more. With
no users the own votes are 0, with no sources the outside ones; with neither, the newest and most promising come first.

Nothing here reads a clock, and no score depends on which other papers are ranked beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.rank.trending.arrays import DAY, HOUR, moment_of, summed

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from numpy.typing import NDArray

    from tidings.rank.trending.arrays import Floats, Rows
    from tidings.rank.trending.gains import Gains
    from tidings.rank.trending.signals import Signals, Votes

WINDOW_DAYS = 3.0
"""The window that the half-life below belongs to; ``Weights.over`` stretches it for another."""
_STEPS = 1_000_000


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much.

    A day without new votes costs a paper 24 / ``half_life`` doublings (0.67 at 36 hours: a paper needs 1.59 times the
    votes of one that is a day younger), less where it has so few votes that ``doubt`` outweighs them.
    """

    half_life: float = 36.0
    """Hours after which a vote counts half; infinite for a page of one day, where age decides nothing."""
    own: float = 3.0
    """What a vote of our own people is worth in outside upvotes."""
    outside: tuple[float, float, float, float] = (1.0, 0.5, 0.05, 1.0)
    """What an upvote, a comment, a star and a citation outside are worth, the order of ``signals.KINDS``."""
    doubt: float = 3.0
    """The votes that the usual level of the category counts as: below, a paper is taken to be like its field."""
    field: float = 1.0
    """How far the field's level counts, 0 to 1: at 1, papers are measured by their field; at 0, by votes alone."""
    velocity: float = 0.5
    """What a doubling of the last day's votes adds to the score."""
    velocity_hours: float = 24.0
    """Hours that count as the last day: the last that sources saw, and half as much for each such time since."""
    fresh: float = 0.5
    """Votes that a paper just listed is taken to have."""
    fresh_half_life: float = 24.0
    """Hours after which they are half."""
    promise: float = 4.0
    """Doublings of the fresh votes that a text can promise or cost, approached but never reached; 0 reads no text."""

    def __post_init__(self) -> None:
        """Refuse weights that no score can be made of."""
        if min(self.half_life, self.fresh_half_life, self.velocity_hours, self.doubt) <= 0:
            raise ValueError("half-lives, hours and the doubt must be above 0")

    def over(self, window: timedelta) -> Weights:
        """Return the weights for a window: the half-life that is right for three days, stretched to its length."""
        return replace(self, half_life=self.half_life * window.total_seconds() / (WINDOW_DAYS * DAY))

    def of_one_day(self) -> Weights:
        """Return the weights for the papers of one day: votes do not age, so a past day has its final order."""
        return replace(self, half_life=np.inf)


class Parts(NamedTuple):
    """What the score of each paper is the sum of, each shape (n,), in doublings."""

    own: Floats
    outside: Floats
    age: Floats
    """What time took: 0 or less."""
    velocity: Floats
    novelty: Floats
    field: Floats
    """What is usual in the category: 0 or less."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows in their order (those of the window only), and the score and parts of all n papers."""

    order: Rows
    scores: Floats
    parts: Parts


class _Mass(NamedTuple):
    """Votes of each paper, shape (n,): all, what age leaves of them, and those of some last hours."""

    all: Floats
    left: Floats
    recent: Floats


def trending(
    signals: Signals, now: datetime, weights: Weights | None = None, window: timedelta | None = None
) -> Ranking:
    """Return the papers by what is known at ``now``, best first; of scores a millionth apart, the earlier row.

    With a window, papers listed before it come into the order only when they got a vote within it. Papers listed
    after ``now`` are not known yet. ``weights`` are taken as they are: ``Weights.over`` fits them to a window.
    Raises ValueError for a ``now`` without a zone.
    """
    weights = weights or Weights()
    moment = moment_of(now)
    votes, (gains, looked) = signals.votes.until(moment), signals.outside(moment)
    own, outside = _own(votes, len(signals), moment, weights), _outside(gains, looked, moment, weights)
    parts = _parts(signals, moment, weights, own, outside)
    scores: Floats = np.sum(parts, axis=0)
    shown = signals.listed <= moment
    if window is not None:
        start = moment - window.total_seconds()
        shown &= (signals.listed >= start) | _voted_since(start, votes, gains, len(signals), weights)
    return Ranking(_best_first(scores, np.flatnonzero(shown)), scores, parts)


def total_votes(signals: Signals, now: datetime, weights: Weights | None = None) -> Floats:
    """Return the votes of each paper up to ``now``, own and outside by their worth, whatever their age, shape (n,)."""
    weights = weights or Weights()
    moment = moment_of(now)
    votes, (gains, _) = signals.votes.until(moment), signals.outside(moment)
    own = summed(votes.paper, weights.own * votes.weight, len(signals))
    return own + summed(gains.paper, _worth(gains, weights), len(signals))


def _parts(signals: Signals, moment: float, weights: Weights, own: _Mass, outside: _Mass) -> Parts:
    doubt = weights.doubt
    field = weights.field * np.log2(1 + signals.usual / doubt)[signals.category]
    votes, left = own.all + outside.all, own.left + outside.left
    by_votes = np.log2(1 + votes / doubt)
    own_share = np.divide(own.all, votes, out=np.zeros(len(signals)), where=votes > 0)
    return Parts(
        own=own_share * by_votes,
        outside=(1 - own_share) * by_votes,
        age=np.log2((left + doubt) / (votes + doubt)),
        velocity=weights.velocity * np.log2(1 + (own.recent + outside.recent) / (doubt * np.exp2(field))),
        novelty=np.log2(1 + _fresh(signals, moment, weights) / (left + doubt)),
        field=-field,
    )


def _fresh(signals: Signals, moment: float, weights: Weights) -> Floats:
    age = np.maximum(moment - signals.listed, 0.0) / HOUR
    doublings = -age / weights.fresh_half_life
    if signals.promise is not None and weights.promise > 0:
        doublings += weights.promise * np.tanh(signals.promise / weights.promise)
    fresh: Floats = weights.fresh * np.exp2(doublings)
    return fresh


def _own(votes: Votes, size: int, moment: float, weights: Weights) -> _Mass:
    worth = weights.own * votes.weight
    age = (moment - votes.moment) / HOUR
    return _Mass(
        summed(votes.paper, worth, size),
        summed(votes.paper, worth * np.exp2(-age / weights.half_life), size),
        summed(votes.paper, worth * (age < weights.velocity_hours), size),
    )


def _outside(gains: Gains, looked: Floats, moment: float, weights: Weights) -> _Mass:
    worth, size = _worth(gains, weights), len(looked)
    rows, share = gains.in_last(weights.velocity_hours, looked)
    recent = summed(gains.paper[rows], worth[rows] * share, size)
    return _Mass(
        summed(gains.paper, worth, size),
        summed(gains.paper, worth * gains.left(moment, weights.half_life), size),
        recent * np.exp2((looked - moment) / (weights.velocity_hours * HOUR)),
    )


def _worth(gains: Gains, weights: Weights) -> Floats:
    worth: Floats = np.asarray(weights.outside)[gains.kind] * gains.votes
    return worth


def _voted_since(start: float, votes: Votes, gains: Gains, size: int, weights: Weights) -> NDArray[np.bool_]:
    """Return which papers got a vote after ``start``, from us or outside."""
    voted = np.zeros(size, bool)
    voted[votes.paper[(votes.moment >= start) & (votes.weight > 0)]] = True
    counted = np.asarray(weights.outside)[gains.kind] > 0
    voted[gains.paper[(gains.until >= start) & counted]] = True
    return voted


def _best_first(scores: Floats, rows: Rows) -> Rows:
    """Return the rows by score, descending, then by row.

    Score and row are sorted as one number: that takes a tenth of the time of a stable sort.
    """
    bits = max(len(scores), 2).bit_length()
    keys = (np.rint(scores[rows] * -_STEPS).astype(np.int64) << bits) | rows
    keys.sort()
    return keys & ((1 << bits) - 1)
