"""What a vote weighs, from the history of the account that cast it.

Three rules, each of which bounds what an account can do:

- **Budget.** The votes of one account on one day (UTC) weigh ``daily`` together at most: who votes for everything says
  nothing about anything.
- **Maturity.** The votes of a new account weigh ``newcomer`` at first, more from day to day, whole after ``ramp_days``.
- **Crowd.** What newcomers add to one paper can never be more than what established accounts gave it, plus one vote:
  a thousand accounts made this morning are worth less than one vote for a paper that nobody else voted for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.rank.trending.arrays import DAY

if TYPE_CHECKING:
    from tidings.rank.trending.arrays import Floats, Rows


@dataclass(frozen=True, slots=True)
class Trust:
    """How far accounts are trusted; ``daily`` in votes, ``newcomer`` as a share of a vote."""

    daily: float = 20.0
    ramp_days: float = 5.0
    newcomer: float = 0.1


class Weighed(NamedTuple):
    """What each vote weighs and why, each shape (m,): weight = budget × (maturity + crowd × newcomer share)."""

    weight: Floats
    budget: Floats
    maturity: Floats
    crowd: Floats


def weigh(paper: Rows, account: Rows, moment: Floats, created: Floats, trust: Trust | None = None) -> Weighed:
    """Return the weights of m votes that stand, at most one per account and paper.

    ``created`` is when each account was made, shape (accounts,), and ``account`` a row of it; minus infinity for
    accounts trusted from the first day, as members whom an administrator invited. Pure: the same votes in any order
    weigh the same.
    """
    trust = trust or Trust()
    budget = _budget(account, moment, trust.daily)
    maturity = np.clip((moment - created[account]) / (trust.ramp_days * DAY), 0.0, 1.0)
    established = budget * maturity
    newcomers = budget * (1 - maturity) * trust.newcomer
    crowd = _crowd(paper, established, newcomers)
    return Weighed(established + crowd * newcomers, budget, maturity, crowd)


def _budget(account: Rows, moment: Floats, daily: float) -> Floats:
    """Return the share of a vote that is left when an account's votes of one day share its budget."""
    if len(moment) == 0:
        return np.zeros(0)
    days = np.floor(moment / DAY).astype(np.int64)
    days -= days.min()
    _, places, counts = np.unique(account * (days.max() + 1) + days, return_inverse=True, return_counts=True)
    shares: Floats = np.minimum(1.0, daily / counts)[places]
    return shares


def _crowd(paper: Rows, established: Floats, newcomers: Floats) -> Floats:
    """Return what newcomers' votes are scaled by: their sum x becomes x / (1 + x / cap), which more still raise."""
    if len(paper) == 0:
        return np.zeros(0)
    cap = 1.0 + np.bincount(paper, established)
    together = np.bincount(paper, newcomers)
    scale: Floats = (1.0 / (1.0 + together / cap))[paper]
    return scale
