"""BM25 over every paper of a set, as plain arrays: the baseline each encoder is measured against.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond.
"""

import re
from collections import Counter
from functools import cache

import numpy as np
from numpy.typing import NDArray

try:
    import Stemmer
except ImportError:  # the bench extra is not installed: words are compared as they are written
    Stemmer = None

_WORD = re.compile(r"[^\W_]+")
_COMMONEST = """a an and are as at be but by for if in into is it no not of on or such that the their then there
these they this to was will with we our which can has have been from were also its"""
STOP_WORDS = frozenset(_COMMONEST.split())


@cache
def _stem(word: str) -> str:
    return _stemmer().stemWord(word) if Stemmer else word


@cache
def _stemmer() -> "Stemmer.Stemmer":
    return Stemmer.Stemmer("english")


def terms(text: str) -> list[str]:
    """Return the stemmed words of a text without the commonest."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


class PlainWords:
    """BM25 scores of all papers for one query at a time; a title's words may count more than once."""

    def __init__(
        self, papers: list[tuple[str, str]], *, k1: float = 0.9, b: float = 0.4, title_weight: float = 1.0
    ) -> None:
        self.size = len(papers)
        self._numbers: dict[str, int] = {}
        owners, tokens, counts, lengths = self._count(papers, title_weight)
        order = np.argsort(tokens, kind="stable")
        self._owners, tokens, counts = owners[order], tokens[order], counts[order]
        self._starts = np.searchsorted(tokens, np.arange(len(self._numbers) + 1))
        frequency = np.diff(self._starts)
        self.idf = np.log(1 + (self.size - frequency + 0.5) / (frequency + 0.5))
        norm = k1 * (1 - b + b * lengths / lengths.mean())
        self._weights = (counts * (k1 + 1) / (counts + norm[self._owners])).astype(np.float32)
        self.most = k1 + 1

    def _count(
        self, papers: list[tuple[str, str]], title_weight: float
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
        owners, tokens, counts = [], [], []
        lengths = np.zeros(len(papers), dtype=np.float32)
        for place, (title, abstract) in enumerate(papers):
            found: Counter[str] = Counter(terms(abstract))
            for term in terms(title):
                found[term] += title_weight  # type: ignore[assignment]
            numbers = [self._numbers.setdefault(term, len(self._numbers)) for term in found]
            owners.append(np.full(len(found), place, dtype=np.int32))
            tokens.append(np.array(numbers, dtype=np.int32))
            counts.append(np.fromiter(found.values(), dtype=np.float32, count=len(found)))
            lengths[place] = counts[-1].sum()
        return np.concatenate(owners), np.concatenate(tokens), np.concatenate(counts), lengths

    def scores(self, query: str, boosts: dict[str, float] | None = None) -> NDArray[np.float32]:
        """Return the score of every paper, (papers,); a term counts as often as the query has it."""
        scores = np.zeros(self.size, dtype=np.float32)
        for term, times in (boosts or Counter(terms(query))).items():
            number = self._numbers.get(term)
            if number is not None:
                part = slice(self._starts[number], self._starts[number + 1])
                scores[self._owners[part]] += np.float32(times * self.idf[number]) * self._weights[part]
        return scores

    def ideal(self, query: str) -> float:
        """Return the score no paper can pass for this query: every known term, saturated."""
        known = ((self._numbers.get(term), times) for term, times in Counter(terms(query)).items())
        return float(sum(times * self.idf[number] for number, times in known if number is not None) * self.most)
