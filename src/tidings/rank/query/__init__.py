"""The search language: text to a Query and back. ``docs/search.md`` is its description for readers."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from tidings import identifiers
from tidings.errors import QueryError, TidingsError
from tidings.rank.query.parser import (
    MAX_DEPTH,
    MAX_TERMS,
    Group,
    Piece,
    field_filter_of,
    parse_terms,
    required_of,
    words_of,
)
from tidings.rank.query.pasted import MAX_WORDS, Split, is_pasted, split_edges
from tidings.rank.query.render import field_term, render
from tidings.rank.query.tokens import FIELDS, RANGE_FIELDS, has_letters
from tidings.rank.query.values import HAS, SOURCES
from tidings.types import Filter, Query, Term

__all__ = [
    "FIELDS",
    "HAS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_TERMS",
    "MAX_WORDS",
    "SOURCES",
    "field_term",
    "has_term",
    "lone_terms",
    "parse",
    "render",
    "with_term",
    "without_term",
]

MAX_LENGTH = 100_000

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″＂", '"') | {"\0": " "})
_ADDRESS = re.compile(r"https?://\S+|10\.\d{4,9}/\S+|\d{4}\.\d{4,5}(v\d+)?|[a-z-]+(\.[A-Z]{2})?/\d{7}(v\d+)?", re.ASCII)
_MENDINGS = 8


@dataclass(frozen=True, slots=True)
class _Term:
    """A field term that stands alone in the text, with its place."""

    filter: Filter
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Reading:
    words: str
    required: Filter | None
    terms: tuple[_Term, ...] = ()


def parse(text: str, sources: Collection[str] = SOURCES) -> Query:
    """Return what ``text`` asks for; an empty query for blank text. ``sources`` are those that ``source:`` may name.

    Raises QueryError for a mistake. Its suggestion, where there is one, is a query that parses.
    """
    try:
        reading = _read(text, sources)
    except QueryError as error:
        error.suggestion = _mended(error.suggestion, sources)
        raise
    return Query(text, reading.words, reading.required)


def with_term(text: str, term: str) -> str:
    """Return the query narrowed by a term such as ``year:2024``; a range takes the place of one of its field."""
    added = _single(term)
    terms = _read(text).terms
    if any(one.filter == added for one in terms):
        return text
    field = _field(added)
    replaced = [one for one in terms if field in RANGE_FIELDS and _field(one.filter) == field]
    rest = _without(text, replaced)
    candidates = (f"{rest} {term}".strip(), f"{term} {rest}".strip())  # behind a text that ends in OR, it is text
    found = next((one for one in candidates if has_term(one, term)), None)
    if found is None:
        raise QueryError(f"{term} cannot be added to this query", len(text) - 1)
    return found


def without_term(text: str, term: str) -> str:
    """Return the query without that term, wherever it stands alone."""
    removed = _single(term)
    return _without(text, [one for one in _read(text).terms if one.filter == removed])


def lone_terms(text: str) -> tuple[str, ...]:
    """Return the field terms that stand alone in the query, as they are written, in their order."""
    return tuple(text[one.start : one.end] for one in _read(text).terms)


def has_term(text: str, term: str) -> bool:
    """Return whether that term stands alone in the query."""
    wanted = _single(term)
    return any(one.filter == wanted for one in _read(text).terms)


def _single(term: str) -> Filter:
    terms = _read(term).terms
    if len(terms) != 1:
        raise QueryError(f"not one field and its value: {term!r}")
    return terms[0].filter


def _field(required: Filter) -> str | None:
    return getattr(required, "field", None)


def _without(text: str, terms: list[_Term]) -> str:
    for one in reversed(terms):
        text = f"{text[: one.start].rstrip(' ')} {text[one.end :].lstrip(' ')}".strip(" ")
    return text


def _mended(suggestion: str | None, sources: Collection[str]) -> str | None:
    """Follow suggestions until one parses; a text with more mistakes than that gets none."""
    for _ in range(_MENDINGS):
        if suggestion is None:
            return None
        try:
            _read(suggestion, sources)
        except QueryError as error:
            suggestion = error.suggestion
        else:
            return suggestion
    return None


def _read(text: str, sources: Collection[str] | None = None) -> _Reading:
    if len(text) > MAX_LENGTH:
        raise QueryError(f"a query may have {MAX_LENGTH:,} characters, this one has {len(text):,}", MAX_LENGTH)
    text = text.translate(_QUOTES)
    address = _address(text.strip())
    if address is not None:
        return _Reading("", address)
    split = split_edges(text, sources)
    if is_pasted(split.core):
        return _pasted(text, split)
    parsed = parse_terms(text, sources)
    return _Reading(_if_lettered(parsed.words), parsed.required, _terms(parsed.pieces))


def _address(text: str) -> Term | None:
    """Return the id of a query that is nothing but the id or address of a paper."""
    if not _ADDRESS.fullmatch(text):
        return None
    try:
        return Term(identifiers.parse(text), "id")
    except TidingsError:
        return None


def _pasted(text: str, split: Split) -> _Reading:
    root = Group(tuple(edge.node for edge in split.edges))
    terms = tuple(_Term(edge.filter, edge.start, edge.end) for edge in split.edges)
    words = " ".join([*split.core.split(), *words_of(root).split()])
    return _Reading(_if_lettered(words), required_of(text, root), terms)


def _terms(pieces: tuple[Piece, ...]) -> tuple[_Term, ...]:
    found = ((field_filter_of(piece.node), piece) for piece in pieces)
    return tuple(_Term(required, piece.start, piece.end) for required, piece in found if required is not None)


def _if_lettered(words: str) -> str:
    return words if has_letters(words) else ""
