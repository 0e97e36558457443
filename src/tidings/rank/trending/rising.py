"""Which papers are rising: the votes still to come, as far as they can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tidings.rank.trending.arrays import DAY, Floats, moment_of
from tidings.rank.trending.known import early

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from tidings.rank.trending.forecast import Forecaster
    from tidings.rank.trending.signals import Signals

SURE = 0.8
"""How sure it has to be that the votes come; and the share of final counts that an interval holds."""
MORE, FACTOR = 10.0, 1.25
"""At least so many upvotes more, and so many times those that there are."""
_FOLLOWED = 7.0
"""Days from listing on: later hardly any votes come, and counts are not followed any more."""
_LOOKED = 2.0
"""Days since the last count: an older one tells of a sync that stands still, not of a paper."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to become of n papers: the ``low`` and ``high`` end of final upvotes, NaN where nothing can be told, and
    which of them are ``rising``; each (n,).
    """

    low: Floats
    high: Floats
    rising: NDArray[np.bool_]

    @classmethod
    def none(cls, count: int) -> Outlook:
        """Return that nothing can be told of so many papers."""
        return cls(np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, bool))


def outlook(
    signals: Signals, now: datetime, forecaster: Forecaster, vectors: NDArray[np.float32] | None, authors: Floats
) -> Outlook:
    """Return what is to become of papers that were counted lately elsewhere and are still voted for there.

    The votes end between ``low`` and ``high`` with the probability SURE. A paper is rising where, as surely, it will
    have at least MORE upvotes more and FACTOR times those it has; how often that held is in
    ``benchmarks/results/trending.md``. ``vectors`` and ``authors`` are as in ``Forecaster.forecast`` and ``early``.

    Raises ValueError as ``early``.
    """
    known, moment = early(signals, now, authors), moment_of(now)
    is_open = known.seen & (moment - known.listed < _FOLLOWED * DAY) & (moment - known.looked < _LOOKED * DAY)
    rows = np.flatnonzero(is_open)
    found = forecaster.forecast(known.take(rows), None if vectors is None else vectors[rows])
    low, high = found.interval(SURE)
    told = Outlook.none(len(known))
    told.low[rows], told.high[rows], told.rising[rows] = low, high, rises(found.upvotes, found.quantile(1 - SURE))
    return told


def rises(upvotes: Floats, later: Floats) -> NDArray[np.bool_]:
    """Return whether upvotes that become so many later have risen, shape (n,)."""
    return (later - upvotes >= MORE) & (later >= FACTOR * upvotes)
