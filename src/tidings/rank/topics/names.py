"""Names of topics from the titles of their papers: phrases that find the topic's papers again.

Candidates are phrases of one to three words that are frequent in the topic and rare elsewhere (the divergence of the
topic from the background, as B-PROP weighs words). Of these a name takes one after the other the phrase that, searched
with those before it by words and meaning as every search is, brings most of the topic's own papers to the top; it ends
when none brings more. What would bring a little more is told beside it. No language model is asked.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidings.hashing import bucket
from tidings.index.words import tokens
from tidings.plain import SMALL_WORDS
from tidings.rank.fuse import fuse
from tidings.rank.topics.groups import Rows
from tidings.types import TERM_BITS, Terms

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

PHRASES = 3
"""The most phrases of a name."""
_LONGEST = 3  # words of a phrase
_CANDIDATES = 48
_WORDS = 8
_WORTH = 0.01  # what a further phrase of a name must bring: one more of a hundred papers found
_WORD_WORTH = 0.002  # and one that is told beside it
_PHRASE_BONUS = 0.01  # what a phrase of several words may find less than a single word, and yet be taken: it says more
_K1, _B = 1.2, 0.75
_WORD = re.compile(r"[^\W_][\w'’+-]*[\w+]|[^\W_]")
_DASHES = re.compile(r"(?<=\w)(?:[‐‑–]|--)(?=\w)")
_ARTICLES = """
    le la les un une des du de dans pour par sur au aux en est der die das und von im zur
"""  # of titles that are not English; they stand in names, but do not begin them
_WEAK_WORDS = """
    new novel approach approaches method methods framework model models modeling modelling study paper learning system
    systems analysis improving improved efficient effective enhancing leveraging evaluation evaluating exploring
    understanding case problem problems results application applications some one two first large small high low multi
    self robust fast simple better unified general adaptive task tasks data deep neural network networks end-to-end
"""
_COMMON_WORDS = """
    generation detection recognition classification estimation segmentation prediction optimization reasoning training
    language image images video text visual information knowledge benchmark dataset datasets performance design
"""
_WEAK = SMALL_WORDS | frozenset(_WEAK_WORDS.split()) | frozenset(_ARTICLES.split())
_NOT_ALONE = frozenset(_COMMON_WORDS.split())


class Corpus(NamedTuple):
    """What names are judged on, a sample of n papers: ``titles``, ``vectors`` (n, d) and ``terms`` as in the index."""

    titles: Sequence[str]
    vectors: NDArray[np.float32]
    terms: Terms


class Name(NamedTuple):
    """A name's phrases, the most telling first, and the share of the topic's papers among as many best hits.

    ``words`` are those phrases and others that tell of the topic, eight at most.
    """

    phrases: tuple[str, ...]
    precision: float
    words: tuple[str, ...] = ()


class Namer:
    """Gives names to groups of one corpus."""

    def __init__(self, corpus: Corpus, encode: Encode) -> None:
        self._corpus, self._encode = corpus, encode
        self._search = _Search(corpus)
        self._phrases = [phrases_of(title) for title in corpus.titles]
        self._everywhere = Counter(key for phrases in self._phrases for key in phrases)

    def name(self, rows: Rows) -> Name:
        """Return the name of the group of papers in those rows of the corpus; without any phrase it is empty."""
        candidates = self._candidates(rows)
        steps = self._steps(candidates, rows)
        words = [phrase for phrase, _ in steps]
        others = [phrase for phrase in candidates if not any(_overlap(phrase, one) for one in words)]
        short = _worthwhile(steps)
        return Name(tuple(words[:short]), steps[short - 1][1] if short else 0.0, (*words, *others)[:_WORDS])

    def _steps(self, candidates: list[str], rows: Rows) -> list[tuple[str, float]]:
        """Return phrases, each with the precision of it and those before it, as long as that grows."""
        steps: list[tuple[str, float]] = []
        while candidates and len(steps) < _WORDS:
            tried = [", ".join([*(phrase for phrase, _ in steps), one]) for one in candidates]
            found = self._search.precisions(tried, self._encode(tried), rows)
            at = int((found + _PHRASE_BONUS * np.array([" " in phrase for phrase in candidates])).argmax())
            if steps and found[at] < steps[-1][1] + _WORD_WORTH:
                break
            steps.append((candidates[at], float(found[at])))
            candidates = [phrase for phrase in candidates if not _overlap(phrase, candidates[at])]
        return steps

    def precision(self, phrases: Sequence[str], rows: Rows) -> float:
        """Return the share of a group's papers among as many best hits for a name."""
        text = ", ".join(phrases)
        return float(self._search.precisions([text], self._encode([text]), rows)[0])

    def _candidates(self, rows: Rows) -> list[str]:
        own: Counter[tuple[str, ...]] = Counter(key for row in rows.tolist() for key in self._phrases[row])
        surfaces: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for row in rows.tolist():
            for key, surface in self._phrases[row].items():
                surfaces[key][surface] += 1
        total, least = len(self._phrases), 1 if len(rows) < 20 else 2
        worth = {
            key: count
            / len(rows)
            * np.log(_odds(count, len(rows)) / _odds(self._everywhere[key] - count, total - len(rows)))
            for key, count in own.items()
            if count >= least
        }
        ordered = sorted(worth, key=lambda key: (-worth[key], key))[: 2 * _CANDIDATES]
        shown = [surfaces[key].most_common(1)[0][0] for key in ordered]
        return list(dict.fromkeys(shown))[:_CANDIDATES]


def _worthwhile(steps: Sequence[tuple[str, float]]) -> int:
    """Return how many of the first steps bring enough to be in a name."""
    gains = [after - before for (_, before), (_, after) in pairwise(steps[:PHRASES])]
    return next((at for at, gain in enumerate(gains, 1) if gain < _WORTH), len(steps[:PHRASES]))


def phrases_of(title: str) -> dict[tuple[str, ...], str]:
    """Return the phrases of a title by their stems, each as it stands there; none begins or ends with a weak word."""
    found = _pieces(title, _WEAK)
    return {key: text for key, text in found.items() if len(key) > 1 or text.casefold() not in _NOT_ALONE}


def compounds_of(title: str) -> dict[tuple[str, ...], str]:
    """Return what of a title can be a term of art: several words, or one with a hyphen, whatever words they are."""
    return {key: text for key, text in _pieces(title, SMALL_WORDS).items() if len(key) > 1 or "-" in text}


def _pieces(title: str, barred: frozenset[str]) -> dict[tuple[str, ...], str]:
    """Return the runs of one to three words by their stems; none begins or ends with a barred word, or has a comma."""
    title = _DASHES.sub("-", title)  # Cahn–Hilliard and Cahn--Hilliard are Cahn-Hilliard
    matches = list(_WORD.finditer(title))
    words = [match.group() for match in matches]
    stems = [" ".join(tokens(word)) for word in words]
    weak = [word.casefold() in barred or word.isdecimal() for word in words]
    found: dict[tuple[str, ...], str] = {}
    for start in range(len(words)):
        for end in range(start, min(start + _LONGEST, len(words))):
            if end > start and title[matches[end - 1].end() : matches[end].start()].strip():
                break
            if not (weak[start] or weak[end]):
                found.setdefault(tuple(stems[start : end + 1]), " ".join(map(_cased, words[start : end + 1])))
    return {key: surface for key, surface in found.items() if all(key) and len(surface) > 1}


def _cased(word: str) -> str:
    """Return a word without the capitals that titles give: parts made of capitals or digits stay."""
    return "-".join(part if sum(map(_is_sign, part)) > 1 else part.lower() for part in word.split("-"))


def _is_sign(character: str) -> bool:
    return character.isupper() or character.isdigit()


def title_of(phrases: Sequence[str]) -> str:
    """Return phrases as the name of a topic is shown."""
    text = ", ".join(phrases)
    return text[:1].upper() + text[1:]


def _odds(count: int, total: int) -> float:
    return (count + 0.5) / (total + 1)


def _overlap(one: str, other: str) -> bool:
    first, second = set(tokens(one)), set(tokens(other))
    return first <= second or second <= first


class _Search:
    """The fused search of ``rank.search`` over a sample: BM25 as the index scores it, and the cosine."""

    def __init__(self, corpus: Corpus) -> None:
        starts, terms, counts = corpus.terms
        lengths = np.add.reduceat(np.append(counts, 0).astype(np.float64), starts[:-1]) * (np.diff(starts) > 0)
        owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        norm = _K1 * (1 - _B + _B * lengths / max(1.0, float(lengths.mean()) if len(lengths) else 1.0))
        weights = counts * (_K1 + 1) / (counts + norm[owners]) if len(counts) else counts.astype(np.float64)
        order = np.argsort(terms, kind="stable")
        self._terms, self._rows, self._weights = terms[order], owners[order], weights[order].astype(np.float32)
        self._vectors, self._size = corpus.vectors, len(starts) - 1

    def precisions(self, texts: Sequence[str], vectors: NDArray[np.float32], rows: Rows) -> NDArray[np.float64]:
        """Return for each text the share of ``rows`` among as many best hits."""
        own = np.zeros(self._size, np.bool_)
        own[rows] = True
        cosines = vectors @ self._vectors.T
        return np.array([self._precision(text, cosine, own) for text, cosine in zip(texts, cosines, strict=True)])

    def _precision(self, text: str, cosine: NDArray[np.float32], own: NDArray[np.bool_]) -> float:
        bm25, bound = self._bm25(text)
        score = fuse(bm25, bound, cosine, float(cosine.mean()), float(cosine.std())).score
        count = int(np.count_nonzero(own))
        best = np.argpartition(-score, count - 1)[:count] if count < self._size else np.arange(self._size)
        return float(np.count_nonzero(own[best]) / count) if count else 0.0

    def _bm25(self, text: str) -> tuple[NDArray[np.float32], float]:
        found, bound = np.zeros(self._size, np.float32), 0.0
        for word in dict.fromkeys(tokens(text)):
            term = self._terms.dtype.type(bucket(word, TERM_BITS))  # of another kind, all terms would be copied to it
            start, end = (int(self._terms.searchsorted(term, side)) for side in ("left", "right"))
            if end > start:
                rarity = float(np.log(1 + (self._size - (end - start) + 0.5) / (end - start + 0.5)))
                found[self._rows[start:end]] += rarity * self._weights[start:end]
                bound += rarity * (_K1 + 1)
        return found, bound
