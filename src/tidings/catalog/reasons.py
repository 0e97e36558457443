"""Why papers stand where they do, in what a reader knows: their own likes, words of the paper, a sentence of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tidings import learn
from tidings.catalog.learning import Learning, Learnt
from tidings.hashing import bucket
from tidings.index.words import stem
from tidings.learn.corpus import take
from tidings.plain import SMALL_WORDS, plain
from tidings.types import TERM_BITS, Influence, Paper, Reason, Telling

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LIKES = 3
MOST_WORDS = 5
_TELLING = 0.1
"""A like or word is named where it gave so much of what the strongest gave."""
_RARE = 1.0
"""A word that more than a third of all papers have names nothing."""
_MOST_SENTENCES = 20
_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“\"(])")


class Reasons(Learning):
    """Saying why."""

    def _reasons(self, learnt: Learnt, papers: Sequence[Paper], *, sentences: int = 0) -> dict[int, Reason]:
        """Return why papers score what they do, by internal id; the first ``sentences`` of them with their sentence."""
        if learnt.is_blank:
            return {}
        wanted = {paper.id: (paper.id, place < sentences) for place, paper in enumerate(papers)}
        fresh = [paper for paper in papers if wanted[paper.id] not in learnt.reasons]
        if fresh:
            told = {paper.id for paper in papers[:sentences]}
            learnt.reasons.update({wanted[n]: why for n, why in self._explain(learnt, fresh, told).items()})
        return {number: learnt.reasons[key] for number, key in wanted.items()}

    def _explain(self, learnt: Learnt, papers: Sequence[Paper], told: Set[int]) -> dict[int, Reason]:
        corpus = self._corpus()
        whole = self._papers_of(np.array([paper.id for paper in papers], np.int64))
        found = learn.contributions(corpus, learnt.text, learnt.liked, learnt.dismissed, whole)
        strongest = [_strongest(each.likes, MOST_LIKES) for each in found]
        wanted = {int(learnt.liked_ids[place]) for places in strongest for place in places}
        liked = {paper.id: paper for paper in self._store.papers(sorted(wanted))}
        return {
            paper.id: Reason(
                likes=_influences(each.likes, places, learnt.liked_ids, liked),
                words=_tellings(paper, each, corpus),
                sentence=self._telling_sentence(corpus, learnt.head, paper) if paper.id in told else None,
                by_likes=float(each.likes.sum()),
                by_text=each.text,
                by_dismissals=float(each.dismissals.sum()),
            )
            for paper, each, places in zip(papers, found, strongest, strict=True)
        }

    def _telling_sentence(self, corpus: learn.Corpus, head: learn.Head, paper: Paper) -> str | None:
        """Return the sentence of an abstract without which the score would fall most; None where there is no choice."""
        parts = sentences_of(paper.abstract)
        if len(parts) < 2:
            return None
        without = [(paper.title, " ".join(parts[:place] + parts[place + 1 :])) for place in range(len(parts))]
        texts = self._as_papers([(paper.title, paper.abstract), *without])
        whole, rest = (take(texts, places) for places in np.split(np.arange(len(parts) + 1), [1]))
        falls = learn.sentences(corpus, head, whole, rest)
        return parts[int(falls.argmax())]


def sentences_of(abstract: str) -> list[str]:
    """Return the sentences of an abstract, TeX and markup made plain; what follows the twentieth is left out."""
    return [part for part in _SENTENCE.split(plain(abstract)) if part][:_MOST_SENTENCES]


@lru_cache(65_536)
def term_of(word: str) -> int:
    """Return the term of a word as it stands in a text."""
    return bucket(stem(word), TERM_BITS)


@lru_cache(2_048)
def _written(text: str) -> Mapping[int, str]:
    """Return how a text first writes each of its terms; one paper is often explained to many readers."""
    words = reversed(_WORD.findall(plain(text)))
    return {term_of(word): word for word in words if word.lower() not in SMALL_WORDS}


def _strongest(shares: NDArray[np.float64], most: int) -> list[int]:
    """Return the places of the largest shares that count, the largest first."""
    order = np.argsort(-shares, kind="stable")[:most]
    least = _TELLING * float(shares.max(initial=0.0))
    return [place for place in order.tolist() if shares[place] > max(least, 0.0)]


def _influences(
    shares: NDArray[np.float64], places: Sequence[int], ids: NDArray[np.int64], liked: Mapping[int, Paper]
) -> tuple[Influence, ...]:
    known = [(liked.get(int(ids[place])), float(shares[place])) for place in places]
    return tuple(Influence(paper, share) for paper, share in known if paper is not None)


def _tellings(paper: Paper, found: learn.Contributions, corpus: learn.Corpus) -> tuple[Telling, ...]:
    """Return the words that gave most, as the paper writes them; words like "of" tell nothing."""
    written = _written(f"{paper.title} {paper.abstract}")
    least = _TELLING * float(found.shares.max(initial=0.0))
    telling = [
        (written[term], share)
        for term, share in zip(found.terms.tolist(), found.shares.tolist(), strict=True)
        if term in written and share > max(least, 0.0) and corpus.rarity[term] >= _RARE
    ]
    return tuple(Telling(word, share) for word, share in telling[:MOST_WORDS])
