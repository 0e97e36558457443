"""What is known of the papers that may trend: plain arrays, checked once, when they are made."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field

import numpy as np

from tidings.rank.trending.arrays import Floats, Rows, same_length, within
from tidings.rank.trending.gains import Gains, Observations, gains, last_looks


@dataclass(frozen=True, slots=True)
class Votes:
    """Votes of our own people that stand (what was un-voted is absent), with the weights of ``voters.weigh``.

    Raises ValueError for arrays of different lengths.
    """

    paper: Rows
    moment: Floats
    weight: Floats

    def __post_init__(self) -> None:
        """Refuse arrays of different lengths."""
        same_length("votes", self.paper, self.moment, self.weight)

    def __len__(self) -> int:
        return len(self.paper)

    @classmethod
    def none(cls) -> Votes:
        """Return no votes: an archive without users."""
        return cls(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))

    def until(self, moment: float) -> Votes:
        """Return the votes cast up to a moment."""
        known = self.moment <= moment
        return self if known.all() else Votes(self.paper[known], self.moment[known], self.weight[known])


@dataclass(frozen=True, slots=True)
class Signals:
    """All that the ranking of n papers rests on; ``paper`` in observations and votes is a row, 0 to n - 1.

    ``listed`` is when a paper was listed or first seen, shape (n,); midnight (UTC) where only the day is known.
    ``category`` is a row of ``usual``, which holds how many votes papers of a category usually get
    (``levels.usual_levels``). ``promise`` is how many doublings above the usual the text promises
    (``forecast.Forecaster.promise``); none where nothing reads the text.
    Raises ValueError for lengths that do not fit and for rows that do not exist.
    """

    listed: Floats
    category: Rows
    usual: Floats
    observations: Observations = field(default_factory=Observations.none)
    votes: Votes = field(default_factory=Votes.none)
    promise: Floats | None = None
    _gains: Gains = field(init=False, repr=False, compare=False)
    _looked: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together; work out what the counts gained, once for many rankings."""
        same_length("listed and category", self.listed, self.category)
        if self.promise is not None:
            same_length("listed and promise", self.listed, self.promise)
        within("category", self.category, len(self.usual))
        within("observations of papers", self.observations.paper, len(self))
        within("votes for papers", self.votes.paper, len(self))
        object.__setattr__(self, "_gains", gains(self.observations, self.listed))
        object.__setattr__(self, "_looked", last_looks(self.observations, len(self)))

    def __len__(self) -> int:
        return len(self.listed)

    def with_votes(self, votes: Votes) -> Signals:
        """Return the same signals with other votes: what counts gained is not worked out again."""
        within("votes for papers", votes.paper, len(self))
        changed = copy(self)
        object.__setattr__(changed, "votes", votes)
        return changed

    def outside(self, moment: float) -> tuple[Gains, Floats]:
        """Return what counts had gained by a moment, as it was known then, and when each paper was last looked at."""
        if self._looked.max(initial=-np.inf) <= moment:
            return self._gains, self._looked
        known = self.observations.until(moment)
        return gains(known, self.listed), last_looks(known, len(self))
