"""Placing what is new without moving what is there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tidings.rank.layout.field import Points

_SHARPNESS = 20.0
_WITHIN = 0.15
"""A new point stands in the midst of its neighbours, a little towards the nearest: so much of the way."""


def placed(places: NDArray[np.float32], cosines: NDArray[np.float32]) -> Points:
    """Return where new points stand, shape (n, 2): at the weighted mean of their neighbours' places.

    ``places`` (n, k, 2) are where their neighbours stand, the nearest first, NaN where one has no place; ``cosines``
    (n, k) how near those are. Neighbours that stand far from the others' median count little, since the mean of two
    groups would lie between them, where neither is. NaN where no neighbour has a place.
    """
    there: NDArray[np.bool_] = ~np.isnan(places[..., 0])
    filled = np.where(there[..., None], places, 0)
    found = np.full((len(places), 2), np.nan, np.float32)
    some = there.any(axis=1)
    if not some.any():
        return found
    middle = np.nanmedian(np.where(there[..., None], places, np.nan)[some], axis=1)
    away = np.sqrt(((filled[some] - middle[:, None]) ** 2).sum(axis=2))
    usual = np.median(np.where(there[some], away, 0), axis=1)[:, None] + 1e-6
    best = np.where(there, cosines, -1).max(axis=1)[some]
    weight = there[some] * np.exp(_SHARPNESS * (cosines[some] - best[:, None])) / (1 + (away / usual) ** 2)
    weight += 1e-12 * there[some]
    mean = (filled[some] * weight[..., None]).sum(axis=1) / weight.sum(axis=1, keepdims=True)
    first = filled[some, there[some].argmax(axis=1)]
    found[some] = mean + _WITHIN * (first - mean)
    return found
