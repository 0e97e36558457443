"""How likely a paper would be liked: scores made probabilities that hold overall and in each group of papers.

The overall map is isotonic regression by pool-adjacent-violators (Ayer, Brunk, Ewing, Reid and Silverman, An Empirical
Distribution Function for Sampling with Incomplete Information, 1955). What it gets wrong in a group (young interests,
papers of a source) is then patched, largest error first, among the papers of a group at a level of probability
(Globus-Harris, Harrison, Kearns, Roth and Sorrell, Multicalibration as Boosting for Regression,
https://arxiv.org/abs/2301.13767).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Truths = NDArray[np.bool_]

_KNOTS = 32
"""At most so many points describe the map: 256 bytes."""
_LEVELS = 10
_PATCHES = 40
_SURE = 3.0
"""A patch needs an error of so many standard errors: what chance alone explains is left."""
_PRIOR = 10.0
"""A patch is drawn towards none as if by so many papers that need none."""


class _Patch(NamedTuple):
    """Added to the probability of papers of a group that have reached ``low`` and are below ``high``."""

    group: int
    low: float
    high: float
    shift: float


@dataclass(frozen=True, slots=True)
class Likely:
    """A map from scores to probabilities; made by ``calibrated`` or ``likely_from``.

    Between ``scores``, ascending, it is a straight line between ``shares``, and level beyond them.
    """

    scores: tuple[float, ...]
    shares: tuple[float, ...]
    groups: int
    patches: tuple[_Patch, ...] = ()

    def probabilities(self, scores: Floats, groups: Truths | None = None) -> Floats:
        """Return the probability of each score, shape (n,).

        ``groups``, shape (n, number of groups), says which groups a paper is of, as when it was made; without it only
        the overall map is used. InputError for another number of groups.
        """
        found = np.interp(scores, self.scores, self.shares)
        if groups is None:
            return found
        if groups.shape != (len(scores), self.groups):
            raise InputError(
                f"{len(scores)} scores need groups of shape {(len(scores), self.groups)}, not {groups.shape}"
            )
        for patch in self.patches:
            found = _patched(found, groups, patch)
        return found

    def state(self) -> dict[str, object]:
        """Return all of it as JSON has it."""
        return {
            "scores": list(self.scores),
            "shares": list(self.shares),
            "groups": self.groups,
            "patches": [list(patch) for patch in self.patches],
        }


def isotonic(values: Floats, weights: Floats | None = None) -> Floats:
    """Return the never falling values closest to these in weighted squares, shape (n,), by pool-adjacent-violators."""
    means: list[float] = []
    sizes: list[float] = []
    counts: list[int] = []
    for value, size in zip(
        values.tolist(), (np.ones(len(values)) if weights is None else weights).tolist(), strict=True
    ):
        means.append(value)
        sizes.append(size)
        counts.append(1)
        while len(means) > 1 and means[-2] >= means[-1]:
            last, weight, count = means.pop(), sizes.pop(), counts.pop()
            means[-1] = (means[-1] * sizes[-1] + last * weight) / (sizes[-1] + weight)
            sizes[-1] += weight
            counts[-1] += count
    return np.repeat(np.array(means), counts)


def calibrated(scores: Floats, liked: Truths, groups: Truths | None = None, weights: Floats | None = None) -> Likely:
    """Learn the map from papers that were seen: their scores, and which were liked, shapes (n,).

    Both a like and none must be among them, and every score a number (InputError). ``groups``, shape (n, number of
    groups), may overlap; a group's map may fall where the group is unlike the others. ``weights`` (n,), above 0, are
    what each counts for, 1 where they are not given: a paper that was drawn stands for those that were not.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    if not (len(scores) == len(liked) == len(weights) and np.isfinite(scores).all()):
        raise InputError("each paper seen needs a score that is a number, and whether it was liked")
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise InputError("a paper seen counts for more than nothing")
    if not liked.any() or liked.all():
        raise InputError("probabilities need papers that were liked and papers that were not")
    knots, shares = _overall(scores, liked, weights)
    overall = Likely(tuple(knots.tolist()), tuple(shares.tolist()), 0 if groups is None else groups.shape[1])
    if groups is None:
        return overall
    found = overall.probabilities(scores)
    return Likely(overall.scores, overall.shares, overall.groups, tuple(_patches(found, liked, groups, weights)))


def likely_from(state: object) -> Likely:
    """Return the map of a state as ``Likely.state`` gave it; InputError for anything else."""
    try:
        scores, shares, groups, rows = (state[name] for name in ("scores", "shares", "groups", "patches"))  # type: ignore[index]
        patches = tuple(_Patch(int(group), float(low), float(high), float(shift)) for group, low, high, shift in rows)
        found = Likely(tuple(map(float, scores)), tuple(map(float, shares)), int(groups), patches)
    except (TypeError, KeyError, ValueError) as error:
        raise InputError("that is not the state of probabilities") from error
    if not _sound(found):
        raise InputError("that is not the state of probabilities")
    return found


def _sound(found: Likely) -> bool:
    numbers = [*found.scores, *found.shares, *(number for patch in found.patches for number in patch)]
    return (
        0 < len(found.scores) == len(found.shares)
        and all(isfinite(number) for number in numbers)
        and list(found.scores) == sorted(found.scores)
        and all(0 <= patch.group < found.groups for patch in found.patches)
    )


def _overall(scores: Floats, liked: Truths, weights: Floats) -> tuple[Floats, Floats]:
    """Return the points of the map: the middle of each part of equal share, fewer where few were liked.

    Parts before pooling keep the number of points bounded; half a paper liked and half not in each keep 0 and 1, of
    which nobody can be sure, out of reach.
    """
    order = np.argsort(scores, kind="stable")
    parts = max(1, min(_KNOTS, int(liked.sum()) // 2, len(scores)))
    starts = np.unique(np.searchsorted(scores[order], np.quantile(scores, np.arange(parts) / parts)))
    sizes = np.add.reduceat(weights[order], starts)
    middles = np.add.reduceat((weights * scores)[order], starts) / sizes
    share = float(np.average(liked, weights=weights))
    shares = (np.add.reduceat((weights * liked)[order], starts) + share) / (sizes + 1)
    return middles, isotonic(shares, sizes)


def _patches(found: Floats, liked: Truths, groups: Truths, weights: Floats) -> list[_Patch]:
    patches: list[_Patch] = []
    while len(patches) < _PATCHES:
        patch = _worst(found, liked, groups, weights)
        if patch is None:
            break
        patches.append(patch)
        found = _patched(found, groups, patch)
    return patches


def _worst(found: Floats, liked: Truths, groups: Truths, weights: Floats) -> _Patch | None:
    """Return the patch that takes away most squared error of what chance does not explain, if there is any."""
    bounds = np.unique(np.quantile(found, np.arange(1, _LEVELS) / _LEVELS))
    level = np.searchsorted(bounds, found, side="right")
    edges = np.concatenate(([-1.0], bounds, [2.0]))
    errors, chances = weights * (liked - found), weights**2 * found * (1 - found)
    best, most = None, 0.0
    for group in range(groups.shape[1]):
        member = groups[:, group]
        sizes = np.bincount(level[member], weights[member], len(edges) - 1)
        wrong = np.bincount(level[member], errors[member], len(edges) - 1)
        spread = np.bincount(level[member], chances[member], len(edges) - 1)
        gains = np.where(wrong**2 > _SURE**2 * spread, wrong**2 / (sizes + _PRIOR), 0.0)
        at = int(gains.argmax())
        if gains[at] > most:
            most = gains[at]
            best = _Patch(group, float(edges[at]), float(edges[at + 1]), float(wrong[at] / (sizes[at] + _PRIOR)))
    return best


def _patched(found: Floats, groups: Truths, patch: _Patch) -> Floats:
    meant = groups[:, patch.group] & (found >= patch.low) & (found < patch.high)
    return np.clip(np.where(meant, found + patch.shift, found), 0.0, 1.0)
