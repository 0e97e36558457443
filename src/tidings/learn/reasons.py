"""Why a paper scores what it does: exact shares of each like and each word, and which sentence decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.learn.corpus import Corpus, centred, prepare, take, worth
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
    vector = centred(corpus, paper.vectors)[0]
    values = worth(corpus, paper.terms)
    shares = _by_word(fitted.head, paper.terms.terms, values)
    meaning = fitted.meaning * examples.pulls * (examples.vectors @ (corpus.precision @ vector))
    words = _word_pulls(fitted, examples, paper.terms.terms, values)
    text, likes, dismissals = _split(meaning + words, examples, counts)
    order = np.argsort(-np.abs(shares), kind="stable")
    order = order[shares[order] != 0]
    return Contributions(
        float(text.sum()),
        likes,
        dismissals,
        fitted.head.base,
        float(meaning.sum()),
        paper.terms.terms[order],
        shares[order],
    )


def _by_word(head: Head, terms: NDArray[np.uint32], values: NDArray[np.float32]) -> NDArray[np.float64]:
    places, there = found_in(head.terms, terms)
    shares = np.zeros(len(terms))
    shares[there] = head.weights[places[there]].astype(np.float64) * values[there]
    return shares


def _word_pulls(
    fitted: Fitted, examples: Examples, terms: NDArray[np.uint32], values: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return each example's share of the part of the words: what it gave to each word that the head kept."""
    places, there = found_in(terms, examples.terms.terms)
    kept = there & found_in(fitted.head.terms, examples.terms.terms)[1]
    owners = owners_of(examples.terms)[kept]
    each = examples.pulls[owners] * examples.values[kept] * values[places[kept]]
    return fitted.words * np.bincount(owners, each, len(examples.pulls)).astype(np.float64)


def _split(
    pulls: NDArray[np.float64], examples: Examples, counts: tuple[int, int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what belongs to the text, to all likes and to all dismissals; those too old to be learnt from have 0."""
    text, likes, dismissals = counts
    middle = text + examples.likes
    old_likes, old_dismissals = np.zeros(likes - examples.likes), np.zeros(dismissals - (len(pulls) - middle))
    liked, dismissed = pulls[text:middle], pulls[middle:]
    return pulls[:text], np.concatenate([old_likes, liked]), np.concatenate([old_dismissals, dismissed])
