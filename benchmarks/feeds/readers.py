"""Readers whose taste is known: curated lists, libraries of citeulike, and people's own .bib files."""

from __future__ import annotations

import csv
import re
import tarfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import json_lines, plain, shared, title_key
from benchmarks.feeds.papers import papers_of, terms_of
from tidings.learn import Papers

FEWEST = 8  # papers of a list in the pool, below which it is left out


@dataclass(frozen=True, slots=True)
class Pool:
    """All papers that readers chose from. ``days`` int32 (n,), ``date.toordinal`` of the listing, 0 where unknown."""

    texts: list[tuple[str, str]]
    papers: Papers
    days: NDArray[np.int32]
    authors: list[str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who likes what. ``words`` is what the interest is called; ``likes`` places in the pool, earliest paper first.

    ``added`` is the day on which each was added, 0 where unknown.
    """

    name: str
    words: str
    likes: NDArray[np.int64]
    added: NDArray[np.int32]


@cache
def curated() -> tuple[Pool, list[Reader]]:
    """Return arXiv's cs listing of a year, and the lists that chose enough papers of it."""
    rows = _arxiv_rows()
    texts = [row[1] for row in rows.values()]
    days = np.array([row[2] for row in rows.values()], np.int32)
    place = {key: number for number, key in enumerate(rows)}
    liked: dict[str, dict[int, int]] = defaultdict(dict)
    with shared("lists", "list_adds.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["arxiv_id"] in place:
                added = date.fromisoformat(row["added_at"][:10]).toordinal()
                liked[row["list"]].setdefault(place[row["arxiv_id"]], added)
    readers = [_reader(name, chosen, days) for name, chosen in sorted(liked.items()) if len(chosen) >= FEWEST]
    return Pool(texts, papers_of(texts), days, [row[3] for row in rows.values()]), readers


def _reader(name: str, chosen: dict[int, int], days: NDArray[np.int32]) -> Reader:
    ordered = sorted(chosen, key=lambda place: (days[place], place))
    return Reader(name, list_words(name), np.array(ordered), np.array([chosen[place] for place in ordered], np.int32))


def list_words(name: str) -> str:
    """Return what the name of a list says: ``o/Awesome-LLM-Compression`` is "LLM Compression"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[-_/]", " ", name.partition("/")[2])
    return " ".join(word for word in words.split() if word.lower() not in {"awesome", "papers", "paper", "list"})


def _arxiv_rows() -> dict[str, tuple[str, tuple[str, str], int, str]]:
    rows: dict[str, tuple[str, tuple[str, str], int, str]] = {}
    for row in json_lines(shared("papers", "arxiv_cs.jsonl.xz")):
        day = date.fromisoformat(row["listed_first"]).toordinal()
        rows[row["id"]] = (row["id"], (plain(row["title"]), plain(row["abstract"])), day, " ".join(row["authors"]))
    return rows


@cache
def citeulike() -> tuple[Pool, list[Reader]]:
    """Return 25,975 papers as bags of words without order or vectors, and the readers of citeulike-t."""
    with tarfile.open(shared("feeds", "citeulike_t.tar.xz"), "r:xz") as files:
        bags = [_bag(line) for line in _lines(files, "mult.dat")]
        users = [line.split()[1:] for line in _lines(files, "users.dat")]
    papers = Papers(np.zeros((len(bags), 1), np.float32), terms_of(bags))
    nowhere = np.zeros(len(bags), np.int32)
    readers = [
        Reader(f"reader {number}", "", np.unique(np.array(liked, np.int64)), np.zeros(len(set(liked)), np.int32))
        for number, liked in enumerate(users)
    ]
    return Pool([], papers, nowhere, []), readers


def _bag(line: str) -> dict[int, int]:
    return {int(term): int(count) for term, _, count in (pair.partition(":") for pair in line.split()[1:])}


def _lines(files: tarfile.TarFile, name: str) -> list[str]:
    content = files.extractfile(f"citeulike_t/{name}")
    if content is None:
        raise FileNotFoundError(name)
    return content.read().decode().splitlines()


@cache
def archive_titles() -> dict[str, int]:
    """Return the place in the whole archive by the letters of a title."""
    from benchmarks.datasets import archive

    return {title_key(title): place for place, (title, _) in enumerate(archive().papers)}
