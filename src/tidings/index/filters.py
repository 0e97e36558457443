"""What may appear at all, said twice: to tantivy as a query, and to the columns as a mask over rows.

Both sides agree (a property test proves it); the columns cannot see words, so there a filter has two masks,
the rows that surely pass and the rows that may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tantivy

from tidings.errors import QueryError
from tidings.index.columns import ALIVE, HAS, VOCABULARIES, encodable
from tidings.index.words import SCHEMA, STEMMED_FIELDS, archive_and_category, tokens
from tidings.types import And, Between, Filter, Has, Not, Or, Term

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tidings.index.columns import Columns

_OCCUR = tantivy.Occur
_WORD_FIELDS = ("title", "abstract", "author", "venue")
_EXACT_FIELDS = {"category": "category", "source": "source", "id": "external"}
_RANGES = {"year": "year", "date": "day"}
_LARGEST = {"year": 9999, "date": 9999 * 366}


def check(required: Filter) -> None:
    """Refuse a filter that names an unknown field or thing."""
    match required:
        case And(of=parts) | Or(of=parts):
            for part in parts:
                check(part)
        case Not(of=part):
            check(part)
        case Term(field=field) if field is not None and field not in (*_WORD_FIELDS, *_EXACT_FIELDS):
            raise QueryError(f"unknown field: {field}")
        case Between(field=field) if field not in _RANGES:
            raise QueryError(f"unknown range: {field}")
        case Has(what=what) if what not in HAS:
            raise QueryError(f"unknown thing to have: {what}")


# --- tantivy -----------------------------------------------------------------------------------


def tantivy_query(required: Filter) -> tantivy.Query:
    """Return the query that finds exactly the papers that pass; scores mean nothing."""
    match required:
        case And(of=parts):
            return every([tantivy_query(part) for part in parts])
        case Or(of=parts):
            return some([tantivy_query(part) for part in parts])
        case Not(of=part):
            everything = tantivy.Query.all_query()
            return tantivy.Query.boolean_query([(_OCCUR.Must, everything), (_OCCUR.MustNot, tantivy_query(part))])
        case Between(field=field, low=low, high=high):
            low, high = _bounds(field, low, high)
            kind = tantivy.FieldType.Integer
            return tantivy.Query.range_query(SCHEMA, _RANGES[field], kind, low, high) if low <= high else nothing()
        case Has(what=what):
            return exact("has", what)
        case Term():
            return _term_query(required)


def _term_query(term: Term) -> tantivy.Query:
    if term.field == "category":
        return exact("category", encodable(term.text).lower())
    if term.field in _EXACT_FIELDS:
        return exact(_EXACT_FIELDS[term.field], encodable(term.text).lower())
    if term.field is None:
        return some([_words_query("title", term.text), _words_query("abstract", term.text)])
    return _words_query(term.field, term.text)


def _words_query(field: str, text: str) -> tantivy.Query:
    words: list[Any] = list(tokens(text, stemmed=field in STEMMED_FIELDS))
    if not words:
        return nothing()
    if len(words) == 1:
        return exact(field, words[0])
    return tantivy.Query.phrase_query(SCHEMA, field, words)


def exact(field: str, value: str | int) -> tantivy.Query:
    """Return the query for one indexed value."""
    return tantivy.Query.term_query(SCHEMA, field, value, "basic")


def every(queries: list[tantivy.Query]) -> tantivy.Query:
    """Return the query for papers that pass all; nothing when there are none."""
    return tantivy.Query.boolean_query([(_OCCUR.Must, query) for query in queries]) if queries else nothing()


def some(queries: list[tantivy.Query]) -> tantivy.Query:
    """Return the query for papers that pass one at least; nothing when there are none."""
    return tantivy.Query.boolean_query([(_OCCUR.Should, query) for query in queries]) if queries else nothing()


def nothing() -> tantivy.Query:
    """Return the query that finds nothing."""
    return tantivy.Query.empty_query()


def any_of(rows: NDArray[np.int64]) -> tantivy.Query:
    """Return the query for some papers by id; up to a few hundred, a union is several times quicker than a term set."""
    return some([exact("paper", row) for row in rows.tolist()])


# --- columns -----------------------------------------------------------------------------------


def needs_words(required: Filter) -> bool:
    """Say whether the columns alone cannot decide the filter."""
    match required:
        case And(of=parts) | Or(of=parts):
            return any(needs_words(part) for part in parts)
        case Not(of=part):
            return needs_words(part)
        case Term(field=field):
            return field not in VOCABULARIES
        case _:
            return False


def surely_and_maybe(required: Filter, columns: Columns, rows: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the rows that pass whatever their words are, and the rows that may pass. Equal when no words decide."""
    alive = (columns["flags"][:rows] & ALIVE) != 0
    surely, maybe = _masks(required, columns, rows)
    return surely & alive, maybe & alive


def _masks(required: Filter, columns: Columns, rows: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    match required:
        case And(of=parts):
            return _combine(np.logical_and, parts, columns, rows)
        case Or(of=parts):
            return _combine(np.logical_or, parts, columns, rows)
        case Not(of=part):
            surely, maybe = _masks(part, columns, rows)
            return ~maybe, ~surely
        case Term() if needs_words(required):
            return np.zeros(rows, np.bool_), np.ones(rows, np.bool_)
        case _:
            mask = _atom_mask(required, columns, rows)
            return mask, mask


def _combine(
    join: np.ufunc, parts: tuple[Filter, ...], columns: Columns, rows: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if not parts:
        return np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    masks = [_masks(part, columns, rows) for part in parts]
    return join.reduce([surely for surely, _ in masks]), join.reduce([maybe for _, maybe in masks])


def _atom_mask(atom: Filter, columns: Columns, rows: int) -> NDArray[np.bool_]:
    match atom:
        case Between(field=field, low=low, high=high):
            values = columns[_RANGES[field]][:rows]
            low, high = _bounds(field, low, high)
            return (values >= low) & (values <= high)
        case Has(what=what):
            mask: NDArray[np.bool_] = (columns["flags"][:rows] & HAS[what]) != 0
            return mask
        case Term(text=text, field=str(field)):
            return _vocabulary_mask(field, _MATCHES[field](text), columns, rows)
        case _:
            raise AssertionError(f"not an atom of columns: {atom}")


def _vocabulary_mask(
    name: str, passes: Callable[[tuple[str, ...]], bool], columns: Columns, rows: int
) -> NDArray[np.bool_]:
    """Decide each distinct value once and look the rows up."""
    passing = np.array([passes(value) for value in columns.vocabularies[name].values])
    numbers = columns[name][:rows]
    mask: NDArray[np.bool_] = passing[np.minimum(numbers, len(passing) - 1)]
    return mask


def _category_passes(text: str) -> Callable[[tuple[str, ...]], bool]:
    wanted = text.lower()
    return lambda categories: any(wanted in archive_and_category(category) for category in categories)


def _source_passes(text: str) -> Callable[[tuple[str, ...]], bool]:
    wanted = text.lower()
    return lambda sources: any(wanted == source.lower() for source in sources)


def _venue_passes(text: str) -> Callable[[tuple[str, ...]], bool]:
    wanted = tokens(text, stemmed=False)
    return lambda venues: bool(wanted) and any(_contains(tokens(venue, stemmed=False), wanted) for venue in venues)


_MATCHES = {"category": _category_passes, "source": _source_passes, "venue": _venue_passes}


def _contains(words: list[str], wanted: list[str]) -> bool:
    """Say whether the wanted words stand in a row somewhere."""
    length = len(wanted)
    return any(words[start : start + length] == wanted for start in range(len(words) - length + 1))


def _bounds(field: str, low: int | None, high: int | None) -> tuple[int, int]:
    """Return a closed range; 0 stands for unknown and is in no range."""
    largest = _LARGEST[field]
    return max(low if low is not None else 1, 1), min(high if high is not None else largest, largest)
