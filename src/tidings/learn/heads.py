"""An interest as a linear scorer over vectors and words: made from its text and its likes in microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.learn.corpus import Corpus, centred, take, worth
from tidings.learn.layout import owners_of
from tidings.learn.scoring import meaning_of, words_of
from tidings.types import Terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.learn.papers import Papers

WORDS = 160
"""The strongest words that a head keeps."""
MOST = 1000
"""Likes, and dismissals, that are learnt from: the newest. 50,000 cost no more."""
TEXT = 1.0
"""How many likes the interest's own words count as."""
DISLIKE = 0.3
"""What all dismissals together weigh, where all likes together weigh 1."""
MEANING_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Head:
    """What scores papers for one interest.

    A paper scores the best of ``directions`` (float32 (tastes, d), on centred vectors), plus the ``weights`` (float32)
    of those of its ``terms`` (uint32, ascending) that it has, plus ``base``. Points are standard deviations over the
    archive. A head without directions and words scores everything 0.
    """

    directions: NDArray[np.float32]
    terms: NDArray[np.uint32]
    weights: NDArray[np.float32]
    base: float


class Examples(NamedTuple):
    """What a head is learnt from: the text (if any), likes and dismissals in one, and how much each pulls.

    ``pulls`` float64 (n,), positive towards, negative away; ``vectors`` centred; ``likes`` how many of them are likes.
    """

    vectors: NDArray[np.float32]
    terms: Terms
    values: NDArray[np.float32]
    pulls: NDArray[np.float64]
    likes: int


class Fitted(NamedTuple):
    """A head, and by how much the parts of its examples were multiplied to come on the scale of the archive."""

    head: Head
    meaning: float
    words: float


def learn(corpus: Corpus, text: Papers | None, liked: Papers, dismissed: Papers) -> Head:
    """Return the head of an interest: ``text`` is one row, its words as if they were a paper; likes oldest first.

    Likes without vector or words count by what they have. A paper both liked and dismissed pulls both ways, the like
    more. Only dismissals push away from what was dismissed, at ``DISLIKE`` of their weight. Of more than ``MOST``
    likes the newest are learnt from.
    """
    return fit(corpus, examples_of(corpus, text, liked, dismissed)).head


def examples_of(corpus: Corpus, text: Papers | None, liked: Papers, dismissed: Papers) -> Examples:
    """Return the newest likes and dismissals and the text with their pulls."""
    groups = [newest(group) for group in ((text,) if text is not None else ()) + (liked, dismissed)]
    likes, dislikes = len(groups[-2].vectors), len(groups[-1].vectors)
    texts = 0 if text is None else 1
    towards = max(TEXT * texts + likes, 1.0)
    pulls = np.concatenate(
        [np.full(texts, TEXT / towards), np.full(likes, 1 / towards), np.full(dislikes, -DISLIKE / max(1, dislikes))]
    )
    terms = joined([group.terms for group in groups])
    vectors = centred(corpus, np.concatenate([group.vectors for group in groups]))
    return Examples(vectors, terms, worth(corpus, terms), pulls, likes)


def fit(corpus: Corpus, examples: Examples) -> Fitted:
    """Return the whitened mean difference (Wang et al., A Hard-to-Beat Baseline for Training-free CLIP-based
    Adaptation, 2024) and Rocchio's mean of words, each on the scale of the archive, added.
    """
    direction = (examples.pulls @ examples.vectors @ corpus.precision).astype(np.float32)
    terms, weights = strongest(examples)
    background = corpus.background
    meaning = meaning_of(direction[None], background.vectors)
    words = words_of(terms, weights, background)
    by_meaning, by_words = MEANING_SHARE * _scale(meaning), (1 - MEANING_SHARE) * _scale(words)
    middle = by_meaning * _mean(meaning) + by_words * _mean(words)
    head = Head(direction[None] * np.float32(by_meaning), terms, weights * np.float32(by_words), -float(middle))
    return Fitted(head, by_meaning, by_words)


def strongest(examples: Examples) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    """Return the ``WORDS`` terms with the largest summed weights, ascending, and those."""
    pulled = examples.pulls[owners_of(examples.terms)] * examples.values
    terms, place = np.unique(examples.terms.terms, return_inverse=True)
    weights = np.bincount(place, pulled, len(terms))
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


def _scale(scores: NDArray[np.float32]) -> float:
    deviation = float(scores.std()) if len(scores) else 0.0
    return 1 / deviation if deviation > 0 else 0.0


def _mean(scores: NDArray[np.float32]) -> float:
    return float(scores.mean()) if len(scores) else 0.0
