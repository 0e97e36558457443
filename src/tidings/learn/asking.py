"""Which papers to ask about when an interest is young, and what to show somebody who has said nothing yet.

Every choice is a draw with known chances: what was likely to be shown can be discounted when it is learnt from
(``learn``'s propensities), and two readers of the same words are not asked about the same ten papers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

UNSURE = 12.0
"""The height (``learn.line.heights``) where a like is about as likely as not: one recent paper in 4,000. Measured."""
_ANCHORS = 5
_NEIGHBOURS = 100
_ROUNDS = 8
"""Steps of k-means: the screen needs clusters that differ, not the best ones."""


class Drawn(NamedTuple):
    """Papers drawn: their places among the candidates, best first, and each one's chance to be drawn, 0 to 1."""

    places: Places
    chances: Floats


def draw(random: np.random.Generator, values: Floats, count: int, noise: float) -> Drawn:
    """Draw ``count`` of n papers, those of high value rather: values, in units of ``noise``, plus Gumbel noise, top k.

    With noise 0 the highest values are taken, each with chance 1. The chances are those given the first value that
    was left out, as importance weights without bias need them (Kirsch, Farquhar, Atighehchian, Jesson,
    Branchaud-Charron and Gal, Stochastic Batch Acquisition, https://arxiv.org/abs/2106.12059; Kool, van Hoof and
    Welling, Stochastic Beams and Where to Find Them, https://arxiv.org/abs/1903.06059). A value of minus infinity is
    never drawn. InputError for a negative count or noise, and for values that are not numbers.
    """
    if count < 0 or noise < 0 or np.isnan(values).any():
        raise InputError("a draw needs values that are numbers, and neither count nor noise below 0")
    scaled = values / noise if noise else values
    keys = scaled + random.gumbel(size=len(values)) if noise else scaled
    order = np.argsort(-keys, kind="stable")[: np.count_nonzero(keys > -np.inf)]
    places = order[:count]
    if not noise or len(order) <= count:
        return Drawn(places, np.ones(len(places)))
    return Drawn(places, -np.expm1(-np.exp(scaled[places] - keys[order[count]])))


def ask(
    random: np.random.Generator,
    vectors: Vectors,
    standing: Floats,
    known: Vectors,
    *,
    count: int = 10,
    unsure: float = UNSURE,
    noise: float = 0.2,
    seen: NDArray[np.bool_] | None = None,
) -> Drawn:
    """Draw papers to ask about: near what is known to be liked, and hardest to tell.

    ``vectors`` (n, d) and ``standing`` (n,), their heights, are of the candidates; ``unsure`` is the height where a
    like is as likely as not; ``known`` (m, d) are the vectors of the likes, or of the interest's words while there is
    none. Each round a few other anchors are drawn among the known, far from each other, and only their neighbours are
    asked about: where likes are rare, most of what is uncertain in a whole corpus is simply far away (Lesci and
    Vlachos, AnchorAL: Computationally Efficient Active Learning for Large and Imbalanced Datasets,
    https://arxiv.org/abs/2404.05623). ``seen`` papers are not asked about. Fewer come back where there are fewer; none
    without anything known. InputError where heights and papers differ in number.
    """
    if len(vectors) != len(standing):
        raise InputError(f"{len(vectors)} papers have {len(standing)} heights")
    if not len(known) or not len(vectors):
        return Drawn(np.zeros(0, np.int64), np.zeros(0))
    free = np.ones(len(vectors), np.bool_) if seen is None else ~seen
    pool = _neighbours(vectors, known[_apart(random, known, _ANCHORS)], free)
    if not len(pool):
        return Drawn(pool, np.zeros(0))
    distances = np.abs(standing[pool] - unsure)
    spread = float(distances.std()) or 1.0
    drawn = draw(random, -distances / spread, count, noise)
    return Drawn(pool[drawn.places], drawn.chances)


def first_screen(
    random: np.random.Generator, vectors: Vectors, worth: Floats, count: int = 20, noise: float = 1.0
) -> Drawn:
    """Draw a screen that shows what there is: papers of ``count`` clusters or so, the better ones of each rather.

    ``vectors`` (n, d), ``worth`` (n,) in any unit, as votes or the score of trending. One place is for each cluster,
    in the order of their sizes, so that a small field is there as well (Yu, Chen, Ahmadian and Fadaee, Diversify and
    Conquer, https://arxiv.org/abs/2409.11378; Axiotis et al., Data-Efficient Learning via Clustering-Based Sensitivity
    Sampling, https://arxiv.org/abs/2402.17327). A chance is that within the cluster.
    """
    if len(vectors) != len(worth):
        raise InputError(f"{len(vectors)} papers have {len(worth)} worths")
    if not len(vectors) or count < 1:
        return Drawn(np.zeros(0, np.int64), np.zeros(0))
    cluster = clusters(random, vectors, count)
    spread = float(worth.std()) or 1.0
    places, chances = [], []
    sizes = np.bincount(cluster)
    for number in np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]:
        members = np.flatnonzero(cluster == number)
        drawn = draw(random, worth[members] / spread, 1, noise)
        places.append(members[drawn.places])
        chances.append(drawn.chances)
    return Drawn(np.concatenate(places), np.concatenate(chances))


def clusters(random: np.random.Generator, vectors: Vectors, count: int) -> Places:
    """Return the cluster of each paper, shape (n,), below ``count``: k-means on directions, begun far apart."""
    centres = vectors[_apart(random, vectors, count)]
    for _ in range(_ROUNDS):
        nearest: Places = (vectors @ centres.T).argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres)
    final: Places = (vectors @ centres.T).argmax(axis=1)
    return final


def _apart(random: np.random.Generator, vectors: Vectors, count: int) -> Places:
    """Return up to ``count`` different rows, far from each other rather than not (k-means++)."""
    chosen = [int(random.integers(len(vectors)))]
    far = np.ones(len(vectors), np.float64)
    while len(chosen) < min(count, len(vectors)):
        far = np.minimum(far, 1.0 - vectors @ vectors[chosen[-1]])
        far[chosen] = 0.0
        weights = np.maximum(far, 0.0) ** 2
        if weights.sum() <= 1e-9:
            break  # what is left repeats what was chosen
        chosen.append(int(random.choice(len(vectors), p=weights / weights.sum())))
    return np.array(chosen, dtype=np.int64)


def _neighbours(vectors: Vectors, anchors: Vectors, free: NDArray[np.bool_]) -> Places:
    """Return the nearest free papers of every anchor, each once, ascending."""
    wanted = min(_NEIGHBOURS, int(free.sum()))
    if not wanted:
        return np.zeros(0, np.int64)
    near = np.where(free, anchors @ vectors.T, -np.inf)
    return np.unique(np.argpartition(-near, wanted - 1, axis=1)[:, :wanted])
