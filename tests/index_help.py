"""What the index tests share: an encoder that needs no training, and papers made by hand or by hypothesis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidings.index.follow import follow
from tidings.index.local import LocalIndex
from tidings.types import And, Between, Change, Filter, Has, Link, Not, Or, Paper, Term


class WordEncoder:
    """A text is the normalised sum of its words' random vectors: shared words make texts near."""

    def __init__(self, dimensions: int = 96, name: str = "test words/96") -> None:
        self.name = name
        self.dimensions = dimensions
        self.encoded = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += len(texts)
        found = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                found[row] += word_vector(word, self.dimensions)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        found /= np.where(lengths > 0, lengths, 1)
        return found


@lru_cache(100_000)
def word_vector(word: str, dimensions: int) -> NDArray[np.float32]:
    seed = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")
    return np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)


def make_paper(number: int, title: str = "", **fields: Any) -> Paper:
    return Paper(id=number, key=fields.pop("key", f"test:{number}"), title=title or f"Paper {number}", **fields)


WORDS = ["attention", "graph", "networks", "learning", "Bayesian", "proofs", "of", "the", "深度学习", "Café", "cells"]
NAMES = ["Ada Lovelace", "Émilie du Châtelet", "Kaiming He", "王小明", "Lovelace Ada"]
CATEGORIES = ["cs.CL", "cs.CV", "math.AP", "cs", "stat.ML"]
SOURCES = ["arxiv", "acl", "Daily"]
VENUES = ["NeurIPS 2024", "Proc. ACL", "ACL Findings", "Journal of Cells"]

texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
days = st.one_of(st.none(), st.dates(date(2019, 12, 25), date(2020, 1, 10)))


def papers(number: int) -> st.SearchStrategy[Paper]:
    links = st.lists(st.sampled_from(["code", "pdf", "page"]), max_size=2).map(
        lambda kinds: tuple(Link(kind, f"https://example.org/{kind}") for kind in kinds)
    )
    return st.builds(
        Paper,
        id=st.just(number),
        key=st.just(f"test:{number}"),
        title=texts,
        abstract=texts,
        authors=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
        ids=st.sampled_from([(), (f"doi:10.1/{number}",), (f"test:{number}", "arxiv:2001.00001")]),
        categories=st.lists(st.sampled_from(CATEGORIES), max_size=2, unique=True).map(tuple),
        venue=st.one_of(st.none(), st.sampled_from(VENUES)),
        year=st.one_of(st.none(), st.sampled_from([0, 2019, 2020, 2999, 99999])),
        submitted=days,
        announced=days,
        links=links,
        sources=st.lists(st.sampled_from(SOURCES), max_size=2, unique=True).map(tuple),
    )


def _atoms() -> st.SearchStrategy[Filter]:
    words = st.lists(st.sampled_from([*WORDS, "ada", "he", "acl", "!"]), min_size=1, max_size=2).map(" ".join)
    bounds = st.one_of(st.none(), st.integers(2018, 3000))
    moments = st.one_of(st.none(), st.dates(date(2019, 12, 25), date(2020, 1, 10)).map(date.toordinal))
    return st.one_of(
        st.builds(Term, words, st.sampled_from([None, "title", "abstract", "author", "venue"]), st.booleans()),
        st.builds(Term, st.sampled_from([*CATEGORIES, "math", "CS.cl", "q-bio"]), st.just("category")),
        st.builds(Term, st.sampled_from([*SOURCES, "ARXIV", "none"]), st.just("source")),
        st.builds(Term, st.sampled_from(["test:3", "doi:10.1/2", "2001.00001", "arxiv:2001.00001"]), st.just("id")),
        st.builds(Between, st.just("year"), bounds, bounds),
        st.builds(Between, st.just("date"), moments, moments),
        st.builds(Has, st.sampled_from(["abstract", "code", "pdf", "doi", "venue"])),
    )


def required() -> st.SearchStrategy[Filter]:
    def larger(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(parts, max_size=3).map(tuple)
        return st.one_of(st.builds(Not, parts), st.builds(And, several), st.builds(Or, several))

    return st.recursive(_atoms(), larger, max_leaves=6)


Contents = dict[int, tuple[object, ...]]


def contents(index: LocalIndex) -> Contents:
    """Everything a search can see of every paper, by id."""
    snapshot = index._current()
    alive = np.flatnonzero(snapshot.alive)
    vectors, words = index.vectors(alive), words_of(index, alive.tolist())
    found: Contents = {}
    for row, vector, has in zip(alive.tolist(), vectors, words, strict=True):
        columns = tuple(int(snapshot.columns[name][row]) for name in ("day", "year", "flags"))
        values = tuple(
            vocabulary.values[snapshot.columns[name][row]] for name, vocabulary in snapshot.columns.vocabularies.items()
        )
        found[row] = (columns, values, vector.tobytes(), has)
    by_words = {word: sorted(index.newest(Term(word), 1_000).tolist()) for word in WORDS}
    found[-1] = (sorted(by_words.items()), snapshot.searcher.num_docs, snapshot.manifest.papers)
    return found


def words_of(index: LocalIndex, ids: list[int]) -> list[list[tuple[int, int]]]:
    """The terms of each paper with their counts."""
    starts, terms, counts = index.terms(np.array(ids, np.int64))
    pairs = list(zip(terms.tolist(), counts.tolist(), strict=True))
    return [pairs[start:end] for start, end in pairwise(starts.tolist())]


class Log:
    """A store in memory: papers as they are now, and the log of what changed."""

    def __init__(self) -> None:
        self.papers: dict[int, Paper] = {}
        self.lines: list[Change] = []

    def put(self, paper: Paper) -> None:
        self.papers[paper.id] = paper
        self.lines.append(Change(len(self.lines) + 1, paper.id, removed=False))

    def remove(self, paper_id: int) -> None:
        if self.papers.pop(paper_id, None):
            self.lines.append(Change(len(self.lines) + 1, paper_id, removed=True))

    def changes(self, after: int, limit: int) -> list[Change]:
        return self.lines[after : after + limit]

    def read(self, ids: list[int]) -> list[Paper]:
        return [self.papers[paper_id] for paper_id in ids if paper_id in self.papers]

    def follow(self, index: LocalIndex) -> int:
        return follow(index, self.changes, self.read)


def log_of(count: int) -> Log:
    log = Log()
    for number in range(1, count + 1):
        log.put(make_paper(number, f"{WORDS[number % 5]} {WORDS[number % 3]} {number}"))
    return log
