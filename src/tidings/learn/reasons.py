"""Why a paper scores what it does: exact shares of each like and each word, and which sentence decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.learn.corpus import Corpus, prepare, whitened, worth
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
    said = _said(examples, fitted)
    vectors, values, starts = whitened(corpus, papers.vectors), worth(corpus, papers.terms), papers.terms.starts
    words = np.split(papers.terms.terms, starts[1:-1]), np.split(values, starts[1:-1])
    return [_one(said, counts, *paper) for paper in zip(vectors, *words, strict=True)] if len(vectors) else []


def sentences(corpus: Corpus, head: Head, whole: Papers, without: Papers) -> NDArray[np.float32]:
    """Return how much the score of a paper (one row) falls when each sentence is left out, float32 (n,).

    ``without`` has a row for each sentence: the paper's vector and words made again without it (Covert et al., Feature
    Removal Is a Unifying Principle for Model Explanation Methods, 2020).
    """
    found: NDArray[np.float32] = score(head, prepare(corpus, whole))[0] - score(head, prepare(corpus, without))
    return found


class _Said(NamedTuple):
    """What a head was learnt from, of which papers have shares: the words that it kept, and whose they are."""

    examples: Examples
    fitted: Fitted
    drawn: NDArray[np.float64]
    terms: NDArray[np.uint32]
    values: NDArray[np.float32]
    owners: NDArray[np.int64]


def _said(examples: Examples, fitted: Fitted) -> _Said:
    _, kept = found_in(fitted.head.terms, examples.terms.terms)
    terms, values, owners = examples.terms.terms[kept], examples.values[kept], owners_of(examples.terms)[kept]
    return _Said(examples, fitted, _drawn_by(examples), terms, values, owners)


def _one(
    said: _Said,
    counts: tuple[int, int, int],
    vector: NDArray[np.float32],
    terms: NDArray[np.uint32],
    values: NDArray[np.float32],
) -> Contributions:
    """Return the parts of one paper's score: its whitened vector, its words and what they weigh in it."""
    head = said.fitted.head
    taste = int(np.argmax(head.directions @ vector + head.offsets))
    places, kept = found_in(head.terms, terms)
    shares = np.zeros(len(terms))
    shares[kept] = head.weights[places[kept]].astype(np.float64) * values[kept]
    pulls = _meaning_pulls(said, taste, vector) + _word_pulls(said, terms[kept], values[kept])
    text, likes, dismissals = _divided(pulls, said.examples, counts)
    order = np.argsort(-np.abs(shares), kind="stable")
    order = order[shares[order] != 0]
    meaning, base = float(head.directions[taste] @ vector), head.base + float(head.offsets[taste])
    return Contributions(float(text.sum()), likes, dismissals, base, meaning, terms[order], shares[order])


def _meaning_pulls(said: _Said, taste: int, vector: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each example's share of the part of the vectors."""
    fitted = said.fitted
    own = fitted.tastes[taste] * (said.examples.vectors @ vector)
    near = fitted.near * float(fitted.nearby.vector @ vector)
    pulls: NDArray[np.float64] = float(fitted.meaning[taste]) * (own + near * said.drawn)
    return pulls


def _word_pulls(said: _Said, terms: NDArray[np.uint32], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each example's share of the part of the words; these are the paper's that the head kept."""
    examples, fitted = said.examples, said.fitted
    places, there = found_in(terms, said.terms)
    each = said.values[there] * values[places[there]]
    own = examples.pulls * np.bincount(said.owners[there], each, len(examples.pulls))
    places, there = found_in(terms, fitted.nearby.terms)
    near = fitted.near * float(fitted.nearby.values[there] @ values[places[there]])
    return fitted.words * (own + near * said.drawn)


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
