"""Why a paper scores what it does: exact shares of each like and each word, and which sentence decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.learn.corpus import Corpus, prepare, take, whitened, worth
from tidings.learn.heads import Examples, Fitted, Head, examples_of, fit
from tidings.learn.layout import found_in, owners_of
from tidings.learn.scoring import score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.learn.papers import Papers


class Contributions(NamedTuple):
    """The score of one paper in two exact ways: by example and by part.

    ``text + likes.sum() + dismissals.sum() + base`` is the score, and so is ``meaning + shares.sum() + base``.
    ``likes`` float64 (liked,), in the order given, 0 for those too old to be learnt from; ``dismissals`` likewise;
    ``terms`` uint32 and ``shares`` float64 are the words that count, the strongest first.
    """

    text: float
    likes: NDArray[np.float64]
    dismissals: NDArray[np.float64]
    base: float
    meaning: float
    terms: NDArray[np.uint32]
    shares: NDArray[np.float64]


def contributions(
    corpus: Corpus, text: Papers | None, liked: Papers, dismissed: Papers, papers: Papers
) -> list[Contributions]:
    """Return the parts of each paper's score, of the head that ``learn`` makes from the same arguments.

    A linear scorer is a sum over its examples (Tsai et al., Representer Point Selection for Explaining Regularized
    High-dimensional Models, 2023).
    """
    examples = examples_of(corpus, text, liked, dismissed)
    fitted = fit(corpus, examples)
    counts = (0 if text is None else 1, len(liked.vectors), len(dismissed.vectors))
    return [_one(corpus, examples, fitted, counts, take(papers, np.array([row]))) for row in range(len(papers.vectors))]


def sentences(corpus: Corpus, head: Head, whole: Papers, without: Papers) -> NDArray[np.float32]:
    """Return how much the score of a paper (one row) falls when each sentence is left out, float32 (n,).

    ``without`` has a row for each sentence: the paper's vector and words made again without it (Covert et al., Feature
    Removal Is a Unifying Principle for Model Explanation Methods, 2020).
    """
    found: NDArray[np.float32] = score(head, prepare(corpus, whole))[0] - score(head, prepare(corpus, without))
    return found


def _one(
    corpus: Corpus, examples: Examples, fitted: Fitted, counts: tuple[int, int, int], paper: Papers
) -> Contributions:
    head, vector, values = fitted.head, whitened(corpus, paper.vectors)[0], worth(corpus, paper.terms)
    taste = int(np.argmax(head.directions @ vector + head.offsets))
    shares = _by_word(head, paper.terms.terms, values)
    pulls = _meaning_pulls(examples, fitted, taste, vector) + _word_pulls(examples, fitted, paper.terms.terms, values)
    text, likes, dismissals = _divided(pulls, examples, counts)
    order = np.argsort(-np.abs(shares), kind="stable")
    order = order[shares[order] != 0]
    meaning, base = float(head.directions[taste] @ vector), head.base + float(head.offsets[taste])
    return Contributions(float(text.sum()), likes, dismissals, base, meaning, paper.terms.terms[order], shares[order])


def _by_word(head: Head, terms: NDArray[np.uint32], values: NDArray[np.float32]) -> NDArray[np.float64]:
    places, there = found_in(head.terms, terms)
    shares = np.zeros(len(terms))
    shares[there] = head.weights[places[there]].astype(np.float64) * values[there]
    return shares


def _meaning_pulls(examples: Examples, fitted: Fitted, taste: int, vector: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each example's share of the part of the vectors."""
    own = fitted.tastes[taste] * (examples.vectors @ vector)
    near = fitted.near * float(fitted.nearby.vector @ vector)
    pulls: NDArray[np.float64] = float(fitted.meaning[taste]) * (own + near * _drawn_by(examples))
    return pulls


def _word_pulls(
    examples: Examples, fitted: Fitted, terms: NDArray[np.uint32], values: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return each example's share of the part of the words: what it gave to each word that the head kept."""
    kept = np.isin(terms, fitted.head.terms)
    terms, values = terms[kept], values[kept]
    owners = owners_of(examples.terms)
    places, there = found_in(terms, examples.terms.terms)
    each = examples.values[there] * values[places[there]]
    own = examples.pulls * np.bincount(owners[there], each, len(examples.pulls))
    places, there = found_in(terms, fitted.nearby.terms)
    near = fitted.near * float(fitted.nearby.values[there] @ values[places[there]])
    return fitted.words * (own + near * _drawn_by(examples))


def _drawn_by(examples: Examples) -> NDArray[np.float64]:
    """Return how much each example had to do with which papers are near; their pull is counted as its own."""
    towards = np.maximum(examples.pulls, 0)
    return towards / max(float(towards.sum()), 1e-12)


def _divided(
    pulls: NDArray[np.float64], examples: Examples, counts: tuple[int, int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what belongs to the text, to all likes and to all dismissals; those too old to be learnt from have 0."""
    text, likes, dismissals = counts
    middle = text + examples.likes
    old_likes, old_dismissals = np.zeros(likes - examples.likes), np.zeros(dismissals - (len(pulls) - middle))
    liked, dismissed = pulls[text:middle], pulls[middle:]
    return pulls[:text], np.concatenate([old_likes, liked]), np.concatenate([old_dismissals, dismissed])
