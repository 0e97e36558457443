"""What a vote weighs, from the history of the account that cast it.

Three rules, each of which bounds what an account can do:

- **Budget.** The votes of one account on one day (UTC) weigh ``daily`` together at most: who votes for everything says
  nothing about anything.
- **Maturity.** The votes of a new account weigh ``newcomer`` at first, more from day to day, whole after ``ramp_days``.
- **Crowd.** All accounts younger than that together cannot add more to a paper than the established ones gave it, plus
  one vote: a thousand accounts made this week are worth less than one vote for a paper that nobody else voted for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.rank.trending.arrays import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.rank.trending.arrays import Floats, Rows


@dataclass(frozen=True, slots=True)
class Trust:
    """How far accounts are trusted; ``daily`` in votes, ``newcomer`` as a share of a vote."""

    daily: float = 20.0
    ramp_days: float = 5.0
    newcomer: float = 0.1


class Weighed(NamedTuple):
    """What each vote weighs and why, each shape (m,): the weight is the product of the other three."""

    weight: Floats
    budget: Floats
    maturity: Floats
    crowd: Floats


def weigh(paper: Rows, account: Rows, moment: Floats, created: Floats, trust: Trust | None = None) -> Weighed:
    """Return the weights of m votes that stand, at most one per account and paper.

    ``created`` is when each account was made, shape (accounts,), and ``account`` a row of it; minus infinity for
    accounts trusted from the first day, as members whom an administrator invited. How old an account is counts at the
    moment of its vote. Pure: the same votes in any order weigh the same.
    """
    trust = trust or Trust()
    budget = _budget(account, moment, trust.daily)
    grown = np.clip((moment - created[account]) / (trust.ramp_days * DAY), 0.0, 1.0)
    maturity = trust.newcomer + (1 - trust.newcomer) * grown
    crowd = _crowd(paper, budget * maturity, grown < 1)
    return Weighed(budget * maturity * crowd, budget, maturity, crowd)


def _budget(account: Rows, moment: Floats, daily: float) -> Floats:
    """Return the share of a vote that is left when an account's votes of one day share its budget."""
    if len(moment) == 0:
        return np.zeros(0)
    days = np.floor(moment / DAY).astype(np.int64)
    days -= days.min()
    _, places, counts = np.unique(account * (days.max() + 1) + days, return_inverse=True, return_counts=True)
    shares: Floats = np.minimum(1.0, daily / counts)[places]
    return shares


def _crowd(paper: Rows, weight: Floats, new: NDArray[np.bool_]) -> Floats:
    """Return what votes are scaled by: established ones by 1, so that the sum x of new ones is cap × tanh(x / cap)."""
    if len(paper) == 0:
        return np.zeros(0)
    cap = 1.0 + np.bincount(paper, weight * ~new)
    together = np.bincount(paper, weight * new)
    scale = np.divide(cap * np.tanh(together / cap), together, out=np.ones(len(cap)), where=together > 0)
    return np.where(new, scale[paper], 1.0)
