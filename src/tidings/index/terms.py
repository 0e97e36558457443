"""The words of a query: which of them to look for, what they are worth, and how they may have been meant."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import tantivy

from tidings.index.words import SCHEMA, tokens

MOST_TERMS = 40  # of a long text the most telling words decide: those that are rare elsewhere and frequent in it
# Words in more than this share of all papers, or in this many, are left out when ENOUGH rarer ones are there. Each
# counts little, and looking one up costs by the papers that have it: 12 ms against 1.5 at a million papers.
COMMON = 0.25
TOO_MANY = 100_000
ENOUGH = 3
K1 = 1.2  # tantivy's
_MISSPELT = 4  # shorter words have too many neighbours


@dataclass(frozen=True)
class QueryTerms:
    """Stemmed words with the number of papers that have each, of ``papers`` in all, and how often each is asked for.

    ``corrected`` is what was looked up instead of what was written, where no paper has any word of it.
    """

    frequencies: dict[str, int]
    papers: int
    times: dict[str, int]
    corrected: str | None = None

    @cached_property
    def known(self) -> bool:
        """Whether any paper has any of the words."""
        return any(self.frequencies.values())

    @cached_property
    def chosen(self) -> tuple[str, ...]:
        """The words to look for, the most telling first."""
        there = sorted((word for word, count in self.frequencies.items() if count), key=self.weight, reverse=True)
        most = min(COMMON * self.papers, TOO_MANY)
        rare = [word for word in there if self.frequencies[word] <= most]
        return tuple((rare if len(rare) >= ENOUGH else there)[:MOST_TERMS])

    @cached_property
    def bound(self) -> float:
        """More than any paper can score: each word as often as can be, in a text as short as can be."""
        return sum(self.weight(word) for word in self.chosen) * (K1 + 1)

    def weight(self, word: str) -> float:
        """Return what one occurrence of the word in a paper is worth: its rarity, as often as it is asked for."""
        return self.idf(word) * self.times[word]

    def idf(self, word: str) -> float:
        """Return tantivy's inverse document frequency of one of the words."""
        count = self.frequencies[word]
        return math.log(1 + (self.papers - count + 0.5) / (count + 0.5))

    def query(self) -> tantivy.Query:
        """Return the union of the chosen words, scored by BM25."""
        clauses = [(tantivy.Occur.Should, self._clause(word)) for word in self.chosen]
        return tantivy.Query.boolean_query(clauses) if clauses else tantivy.Query.empty_query()

    def _clause(self, word: str) -> tantivy.Query:
        term = tantivy.Query.term_query(SCHEMA, "text", word, "freq")
        return term if self.times[word] == 1 else tantivy.Query.boost_query(term, float(self.times[word]))


def query_terms(searcher: tantivy.Searcher, words: str) -> QueryTerms:
    """Look the words of a query up; where no paper has any, the words that may have been meant."""
    terms = _looked_up(searcher, words, None)
    if terms.known or not terms.frequencies:
        return terms
    instead = _corrected(searcher, words)
    return terms if instead is None else _looked_up(searcher, instead, instead)


def _looked_up(searcher: tantivy.Searcher, words: str, instead: str | None) -> QueryTerms:
    times = Counter(tokens(words))
    frequencies = {word: searcher.doc_freq("text", word) for word in times}
    return QueryTerms(frequencies, searcher.num_docs, times, instead)


def _corrected(searcher: tantivy.Searcher, words: str) -> str | None:
    """Return the words as they may have been meant, each at most two slips away; None when nothing is near."""
    written = tokens(words, stemmed=False)
    meant = [_nearest_word(searcher, word) or word for word in written]
    return " ".join(meant) if meant != written else None


def _nearest_word(searcher: tantivy.Searcher, word: str) -> str | None:
    """Return the word of a title that is nearest, the most frequent of equals. People get first letters right."""
    if len(word) < _MISSPELT:
        return None
    allowed = 1 if len(word) < 2 * _MISSPELT else 2
    near = [
        (slips, -count, candidate)
        for candidate, count in searcher.terms_with_prefix("spelling", word[0])
        if abs(len(candidate) - len(word)) <= allowed and (slips := distance(word, candidate)) <= allowed
    ]
    return min(near)[2] if near else None


def distance(one: str, other: str) -> int:
    """Return how many slips lie between two words: a letter wrong, missing, added, or two neighbours swapped."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
