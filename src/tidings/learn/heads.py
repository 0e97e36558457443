"""An interest as a linear scorer over vectors and words: made from its text and its likes in microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.learn.ageing import like_pulls
from tidings.learn.corpus import Corpus, asked, take, whitened, worth
from tidings.learn.layout import owners_of
from tidings.learn.scoring import words_of
from tidings.learn.tastes import Nearby, nearby_of, split
from tidings.types import Terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.learn.papers import Papers

WORDS = 160
"""The strongest words that a head keeps."""
MOST = 500
"""Likes, and dismissals, that are learnt from: the newest. 50,000 cost no more."""
TEXT = 1.0
"""How many likes the interest's own words count as."""
NEAR_LIKES = 0.7
"""How many likes the papers nearest to an interest make together."""
DISLIKE = 0.3
"""What all dismissals together weigh, where all likes together weigh 1."""
OTHER_TASTES = 0.15
"""What a like of another taste weighs in the direction of a taste."""
WORDS_SHARE = 0.2
"""What words weigh in the score where there is a vector too."""


@dataclass(frozen=True, slots=True)
class Head:
    """What scores papers for one interest.

    A paper scores the best of its products with ``directions`` (float32 (tastes, d), on whitened vectors) plus their
    ``offsets`` (float32 (tastes,)), plus the ``weights`` (float32) of those of its ``terms`` (uint32, ascending) that
    it has, plus ``base``. About 0 is usual in the archive, and a point about a standard deviation. A head of nothing
    scores everything 0.
    """

    directions: NDArray[np.float32]
    offsets: NDArray[np.float32]
    terms: NDArray[np.uint32]
    weights: NDArray[np.float32]
    base: float


class Examples(NamedTuple):
    """What a head is learnt from: the text (if any), likes and dismissals in one, and how much each pulls.

    ``pulls`` float64 (n,), positive towards, negative away; ``vectors`` whitened; ``values`` what the words weigh;
    ``likes`` how many are likes.
    """

    vectors: NDArray[np.float32]
    terms: Terms
    values: NDArray[np.float32]
    pulls: NDArray[np.float64]
    likes: int


class Fitted(NamedTuple):
    """A head and how it came about.

    ``tastes`` float64 (tastes, n) are the pulls of the examples in each direction; ``nearby`` pulled with ``near``;
    ``meaning`` (tastes,) and ``words`` are what the parts were multiplied by to come on the scale of the archive.
    """

    head: Head
    tastes: NDArray[np.float64]
    nearby: Nearby
    near: float
    meaning: NDArray[np.float32]
    words: float


def learn(corpus: Corpus, text: Papers | None, liked: Papers, dismissed: Papers) -> Head:
    """Return the head of an interest: ``text`` is one row, its words as if they were a paper; likes oldest first.

    Likes without vector or words count by what they have. A paper both liked and dismissed pulls both ways, the like
    more. Dismissals push away, all together at ``DISLIKE`` of the weight of all likes. Of more than ``MOST`` likes
    the newest are learnt from.
    """
    return fit(corpus, examples_of(corpus, text, liked, dismissed)).head


def examples_of(corpus: Corpus, text: Papers | None, liked: Papers, dismissed: Papers) -> Examples:
    """Return the text, the newest likes and the newest dismissals with their pulls."""
    groups = [*([] if text is None else [text]), newest(liked), newest(dismissed)]
    likes, dislikes = len(groups[-2].vectors), len(groups[-1].vectors)
    texts = len(groups) - 2
    towards = max(TEXT * texts + likes, 1.0)
    away = np.full(dislikes, -DISLIKE / max(1, dislikes))
    vectors = [asked(corpus, group.vectors) for group in groups[:texts]]
    vectors += [whitened(corpus, group.vectors) for group in groups[texts:]]
    pulls = np.concatenate([np.full(texts, TEXT / towards), like_pulls(vectors[texts]) / towards, away])
    terms = joined([group.terms for group in groups])
    return Examples(np.concatenate(vectors), terms, worth(corpus, terms), pulls, likes)


def fit(corpus: Corpus, examples: Examples) -> Fitted:
    """Return means of the examples' whitened vectors, one for each taste, and of their words, with what is near.

    The Gaussian head of Wang et al. (A Hard-to-Beat Baseline for Training-free CLIP-based Adaptation, 2024) with a
    covariance that is only partly divided out, and Rocchio's mean of words, each on the scale of the archive, added.
    """
    tastes = pulls_of_tastes(examples)
    directions = (tastes @ examples.vectors).astype(np.float32)
    nearby, near = nearby_of(corpus, directions[0]), near_pull(examples, tastes)
    directions += np.float32(near) * nearby.vector
    terms, weights = strongest(examples, nearby, near)
    words = words_of(terms, weights, corpus.background)
    variances = ((directions @ corpus.spread) * directions).sum(axis=1)
    by_meaning, by_words = _scales(variances, float(words.var()) if len(words) else 0.0)
    directions *= by_meaning[:, None]
    middle = by_words * float(words.mean()) if len(words) else 0.0
    head = Head(directions, -(directions @ corpus.usual), terms, weights * np.float32(by_words), -middle)
    return Fitted(head, tastes, nearby, near, by_meaning, by_words)


def pulls_of_tastes(examples: Examples) -> NDArray[np.float64]:
    """Return the pulls of all examples in each taste's direction, float64 (tastes, n)."""
    end = len(examples.pulls) - np.count_nonzero(examples.pulls < 0)
    tastes = split(examples.vectors[end - examples.likes : end])
    pulls = np.tile(examples.pulls, (max(1, tastes.max(initial=0) + 1), 1))
    for taste, row in enumerate(pulls):
        row[end - examples.likes : end][tastes != taste] *= OTHER_TASTES
    return pulls


def near_pull(examples: Examples, tastes: NDArray[np.float64]) -> float:
    """Return what the papers near an interest pull: like ``NEAR_LIKES`` likes, nothing where tastes differ.

    With a few words or one like this finds a tenth more, and it fades as likes come. Pseudo-relevance feedback
    (Rocchio, 1971), a prototype pulled to established ones (Wang et al., Few-Shot Class-Incremental Learning via
    Training-Free Prototype Calibration, 2023).
    """
    towards = examples.pulls[examples.pulls > 0]
    return NEAR_LIKES * float(towards.mean()) if len(towards) and len(tastes) == 1 else 0.0


def strongest(examples: Examples, nearby: Nearby, near: float) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    """Return the ``WORDS`` terms with the largest summed weights, ascending, and those."""
    pulled = examples.pulls[owners_of(examples.terms)] * examples.values
    terms, place = np.unique(np.concatenate([examples.terms.terms, nearby.terms]), return_inverse=True)
    weights = np.bincount(place, np.concatenate([pulled, near * nearby.values]), len(terms))
    kept = np.sort(np.argsort(-np.abs(weights), kind="stable")[:WORDS])
    return terms[kept], weights[kept].astype(np.float32)


def newest(papers: Papers) -> Papers:
    """Return the last ``MOST`` papers."""
    count = len(papers.vectors)
    return papers if count <= MOST else take(papers, np.arange(count - MOST, count))


def joined(parts: list[Terms]) -> Terms:
    """Return the words of several groups of papers as one."""
    lengths = np.concatenate([np.diff(part.starts) for part in parts])
    starts = np.append(0, np.cumsum(lengths)).astype(np.int64)
    return Terms(starts, np.concatenate([p.terms for p in parts]), np.concatenate([p.counts for p in parts]))


def _scales(meaning: NDArray[np.float32], words: float) -> tuple[NDArray[np.float32], float]:
    """Return what brings parts of these variances to their shares of the score; one that is alone has it all."""
    share = WORDS_SHARE if meaning.max(initial=0) > _NO_VARIANCE else 1.0
    rest = 1 - WORDS_SHARE if words > _NO_VARIANCE else 1.0
    found = np.sqrt(np.maximum(meaning, 0))
    by_meaning = np.divide(rest, found, out=np.zeros_like(found), where=meaning > _NO_VARIANCE)
    return by_meaning, share / float(np.sqrt(words)) if words > _NO_VARIANCE else 0.0


_NO_VARIANCE = 1e-12
