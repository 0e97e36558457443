"""Words: a tantivy index of titles, abstracts, names and exact values, one document per paper."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import tantivy

from tidings.index.columns import day_of, encodable, has_of, year_of
from tidings.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tidings.types import Paper

HEAP_BYTES = 160_000_000
_LONGEST = 60  # bytes of a token; what is longer is an address or noise
# Scripts that write without blanks: every character is a word of its own, so that a few of them find a title.
_UNSPACED = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0e7f])")


def _analyzer(*, stem: bool) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.remove_long(_LONGEST))
    builder = builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold())
    return (builder.filter(tantivy.Filter.stemmer("english")) if stem else builder).build()


_STEMMED = _analyzer(stem=True)
_FOLDED = _analyzer(stem=False)
STEMMED_FIELDS = frozenset({"text", "title", "abstract"})


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name="stemmed", index_option="freq")
    for name in ("title", "abstract"):
        builder.add_text_field(name, tokenizer_name="stemmed", index_option="position")
    for name in ("author", "venue"):
        builder.add_text_field(name, tokenizer_name="folded", index_option="position")
    builder.add_text_field("spelling", tokenizer_name="folded", index_option="basic")
    for name in ("category", "source", "external", "has"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("year", "day"):
        builder.add_integer_field(name, indexed=True, fast=True)
    builder.add_unsigned_field("paper", indexed=True, fast=True)
    builder.add_unsigned_field("recency", fast=True)
    return builder.build()


SCHEMA = _schema()


def spaced(text: str) -> str:
    """Return the text with blanks around the characters of scripts that have none."""
    return text if text.isascii() else _UNSPACED.sub(r" \1 ", encodable(text))


def tokens(text: str, *, stemmed: bool = True) -> list[str]:
    """Return the words of a text as the index keeps them."""
    found: list[str] = (_STEMMED if stemmed else _FOLDED).analyze(spaced(text))
    return found


@lru_cache(65_536)
def stem(word: str) -> str:
    """Return the form under which a word is found; empty for what is no word."""
    return "".join(tokens(word))


def archive_and_category(category: str) -> tuple[str, ...]:
    """Return the exact values under which a category is found: ``cs.CL`` also as ``cs``."""
    folded = encodable(category).lower()
    return tuple(dict.fromkeys((folded, folded.partition(".")[0])))


def external_values(paper: Paper) -> list[str]:
    """Return the ids under which a paper is found, with and without the name of who gave them."""
    named = [encodable(value).lower() for value in (paper.key, *paper.ids)]
    return list(dict.fromkeys(named + [value.partition(":")[2] for value in named if ":" in value]))


def paper_text(title: str, abstract: str) -> str:
    """Return what an encoder reads of a paper."""
    return f"{title}\n{abstract}"


def document(paper: Paper, title: str, abstract: str) -> tantivy.Document:
    """Return what tantivy keeps of a paper whose title and abstract were made plain."""
    title, abstract = spaced(title), spaced(abstract)
    made = tantivy.Document(
        text=f"{title} {title} {abstract}",
        title=title,
        abstract=abstract,
        spelling=title,
        author=[spaced(name) for name in paper.authors],
        category=list(dict.fromkeys(value for name in paper.categories for value in archive_and_category(name))),
        source=[encodable(name).lower() for name in paper.sources],
        external=external_values(paper),
        has=has_of(paper),
    )
    if paper.venue:
        made.add_text("venue", spaced(paper.venue))
    if day := day_of(paper):
        made.add_integer("day", day)
    if year := year_of(paper):
        made.add_integer("year", year)
    made.add_unsigned("paper", paper.id)
    made.add_unsigned("recency", recency(day, paper.id))
    return made


def recency(day: int, paper_id: int) -> int:
    """Return one number that sorts by day and then by id."""
    return (day << 32) | paper_id


def plain_texts(papers: Sequence[Paper]) -> list[tuple[str, str]]:
    """Return title and abstract of each paper without markup."""
    return [(plain(paper.title), plain(paper.abstract)) for paper in papers]


def open_words(folder: Path, *, create: bool = False) -> tantivy.Index:
    """Return the words of a folder; raise ValueError or OSError when they cannot be read."""
    if create:
        folder.mkdir(parents=True, exist_ok=True)
    if create and not tantivy.Index.exists(str(folder)):
        index = tantivy.Index(SCHEMA, path=str(folder))
    else:
        index = tantivy.Index.open(str(folder))
    index.config_reader(reload_policy="manual")
    index.register_tokenizer("stemmed", _STEMMED)
    index.register_tokenizer("folded", _FOLDED)
    return index


def count_of(searcher: tantivy.Searcher, query: tantivy.Query) -> int:
    """Return how many papers the query finds."""
    return int(searcher.search(query, 1, count=True).count or 0)  # type: ignore[attr-defined]  # the stub forgot it


def rows_of(searcher: tantivy.Searcher, hits: Sequence[tuple[Any, tantivy.DocAddress]]) -> NDArray[np.int64]:
    """Return the paper ids of hits."""
    return np.array(searcher.fast_field_values("paper", [address for _, address in hits]), np.int64)
