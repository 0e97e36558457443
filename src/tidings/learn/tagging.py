"""A tag as one direction among vectors: from a line of description at once, from examples as they come.

With a description alone the cosine to it finds more than a head with words does, and with examples the direction that
tells them from everything else (Fisher's, one shared covariance) joins it (benchmarks/results/tags.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

NEAR = 25
"""Papers nearest to a description that speak for it while there are no examples (Rocchio, 1971) ..."""
NEAR_SHARE = 0.2
"""... and what they weigh beside it."""
HALF = 6.0
"""So many examples weigh half of what endless ones do; those weigh as much as the description."""
MISFITS = 0.3
"""What all misfits together weigh, where all that fits weighs 1."""
SLOPE, MIDDLE = 0.6, 6.1
"""How a score becomes the chance that the authors say the same of their paper: they leave out much that is true, so
that even the clearest are agreed with in four of ten (benchmarks/results/tags.md)."""
LINE = 0.25
"""The confidence from which a paper gets a tag; in doubt it stays without."""


class Common(NamedTuple):
    """What vectors in general are like, from a sample: ``mean`` float32 (D,), ``sample`` float32 (n, D) less the mean,
    ``inverse`` float32 (D, D) of their evened covariance.
    """

    mean: Floats
    sample: Floats
    inverse: Floats


@dataclass(frozen=True, slots=True)
class TagHead:
    """What scores papers for a tag: the product with ``direction`` float32 (D,) less ``base``, in deviations over the
    archive. A tag that nothing is known of scores everything 0.
    """

    direction: Floats
    base: float


def common_of(vectors: Floats) -> Common:
    """Return what is common among vectors, shape (n, D), of length 1 or 0; the latter are left out."""
    known = vectors[vectors.any(axis=1)]
    dimensions = vectors.shape[1]
    if not len(known):
        return Common(np.zeros(dimensions, np.float32), known, np.eye(dimensions, dtype=np.float32))
    mean = known.mean(axis=0)
    less = known - mean
    covariance = (less.T @ less / len(less)).astype(np.float64)
    evened = covariance + max(np.trace(covariance) / dimensions, 1e-9) * (1 + dimensions / len(less)) * np.eye(
        dimensions
    )
    return Common(mean, less, np.linalg.inv(evened).astype(np.float32))


def tag_head(common: Common, text: Floats, fits: Floats, misfits: Floats) -> TagHead:
    """Return the head of a tag: ``text`` (D,) is its description's vector, ``fits`` (k, D) and ``misfits`` (m, D)."""
    share = len(fits) / (len(fits) + HALF)
    direction = _scaled(common, text)
    if len(common.sample) and text.any():
        nearest = np.argsort(-(common.sample @ text), kind="stable")[:NEAR]
        direction = direction + (1 - share) * NEAR_SHARE * _scaled(common, common.sample[nearest].mean(axis=0))
    taught = np.zeros_like(text)
    if len(fits):
        taught = taught + fits.mean(axis=0) - common.mean
    if len(misfits):
        taught = taught - MISFITS * (misfits.mean(axis=0) - common.mean)
    share = max(share, MISFITS * len(misfits) / (len(misfits) + HALF))
    direction = _scaled(common, direction + share * _scaled(common, common.inverse @ taught))
    return TagHead(direction.astype(np.float32), float(common.mean @ direction))


def tag_scores(heads: Sequence[TagHead], vectors: Floats) -> Floats:
    """Return the score of each paper for each tag, float32 (tags, n); of a paper without a vector 0."""
    if not heads:
        return np.zeros((0, len(vectors)), np.float32)
    directions = np.stack([head.direction for head in heads])
    scores: Floats = directions @ vectors.T - np.array([head.base for head in heads], np.float32)[:, None]
    return np.where(vectors.any(axis=1), scores, np.float32(0))


def confidence(scores: Floats) -> Floats:
    """Return how sure tags are of papers, 0 to 1: a logistic of the score, fitted where authors say what papers are."""
    found: Floats = 1 / (1 + np.exp(-SLOPE * (scores - MIDDLE)))
    return found


def _scaled(common: Common, direction: Floats) -> Floats:
    """Return a direction so that the sample's products with it have a deviation of 1; nothing where they have none."""
    deviation = float((common.sample @ direction).std()) if len(common.sample) else 0.0
    return direction / np.float32(deviation) if deviation > _ROUNDING else np.zeros_like(direction)


_ROUNDING = 1e-6
