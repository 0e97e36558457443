"""What people paste is not the query language: telling the two apart.

Text of more than 30 words, or with a line break, is read as plain words unless it uses a field or an OR, parses
without a mistake, and has no more than 30 words outside quotation marks, parentheses and fields. Field terms at its
very beginning or end count in any case, so that a pasted abstract can be narrowed: ``… year:2024 -source:acl``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from tidings.errors import QueryError
from tidings.rank.query.parser import Node, Parsed, field_filter_of, parse_terms
from tidings.rank.query.tokens import FIELDS
from tidings.types import Filter

MAX_WORDS = 30

_TERM = re.compile(rf"[-−]?(?:{'|'.join(sorted(FIELDS))}):\S", re.IGNORECASE)
_LINE_BREAK = re.compile(r"[\n\r\v\f\x85\u2028\u2029]")
_OPERATOR = re.compile(rf"\bOR\b|(?:{'|'.join(sorted(FIELDS))}):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Edge:
    """A field term at the beginning or end of a text, with its place."""

    node: Node
    filter: Filter
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Split:
    """A text as its field terms at both ends, and the core between them."""

    core: str
    edges: tuple[Edge, ...]


def split_edges(text: str, sources: Collection[str] | None) -> Split:
    """Return the text's core, and the field terms before and after it in their order."""
    start, end = _leading_blanks(text, 0), len(text.rstrip())
    leading: list[Edge] = []
    while (edge := _first(text, start, end, sources)) is not None:
        leading.append(edge)
        start = _leading_blanks(text, edge.end)
    trailing: list[Edge] = []
    while (edge := _last(text, start, end, sources)) is not None:
        trailing.append(edge)
        end = start + len(text[start : edge.start].rstrip())
    return Split(text[start:end], (*leading, *reversed(trailing)))


def is_pasted(core: str) -> bool:
    """Return whether a text without its edges is to be read as plain words."""
    if len(core.split()) <= MAX_WORDS and not _LINE_BREAK.search(core):
        return False
    if not _OPERATOR.search(core):  # the common case, and the quick one
        return True
    try:
        parsed = parse_terms(core)
    except QueryError:
        return True
    return not _is_deliberate(parsed)


def _is_deliberate(parsed: Parsed) -> bool:
    return parsed.has_operators and parsed.bare_words <= MAX_WORDS


def _leading_blanks(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def _first(text: str, start: int, end: int, sources: Collection[str] | None) -> Edge | None:
    match = _TERM.match(text, start, end)
    if match is None:
        return None
    if text[match.end() - 1] == '"':
        stop = text.find('"', match.end(), end) + 1
    else:
        stop = match.end()
        while stop < end and not text[stop].isspace():
            stop += 1
    following = text[stop : stop + 4].split()[:1]
    return None if stop == 0 or following == ["OR"] else _edge(text, start, stop, sources)


def _last(text: str, start: int, end: int, sources: Collection[str] | None) -> Edge | None:
    at = end
    if text[start:end].endswith(':"'):
        return None
    if end > start and text[end - 1] == '"':
        at = text.rfind('"', start, end - 1)
    while at > start and not text[at - 1].isspace():
        at -= 1
    if at < start or not _TERM.match(text, at, end):
        return None
    before = text[max(start, at - 20) : at].split()[-1:]
    return None if before and before[0] == "OR" else _edge(text, at, end, sources)


def _edge(text: str, start: int, end: int, sources: Collection[str] | None) -> Edge | None:
    """Return the one field term from ``start`` to ``end``; None where there is another thing, or a mistake."""
    try:
        pieces = parse_terms(text[start:end], sources).pieces
    except QueryError:
        return None
    found = field_filter_of(pieces[0].node) if len(pieces) == 1 else None
    return None if found is None else Edge(pieces[0].node, found, start, end)
