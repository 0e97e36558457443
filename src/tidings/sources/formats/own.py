"""Tidings' own files: the sample archive, and records as an archive is moved from place to place."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec

from tidings import identifiers
from tidings.errors import SourceError
from tidings.plain import collapse
from tidings.sources.formats.common import (
    abstract_of,
    fingerprint,
    ids_of,
    in_utc,
    note_of,
    people,
    possible,
    texts,
    title_of,
    web_links,
    year_of,
)
from tidings.sources.formats.proceedings import venue_and_year, venue_of
from tidings.types import Count, Record

_SOURCE_LENGTH = 64
_KEY_LENGTH = 500
_KINDS = frozenset(("upvotes", "comments", "stars", "citations"))


class Sample(msgspec.Struct, gc=False):
    """A line of the sample archive; ``summary`` is in our own words, and is what is indexed."""

    title: str
    summary: str
    area: str
    kind: str
    authors: list[str] = []
    arxiv_id: str | None = None
    venue: str | None = None
    categories: list[str] = []


def from_sample(line: Sample) -> Record:
    """Return the record of a paper of the sample archive."""
    title = title_of(line.title)
    return Record(
        source="sample",
        key=fingerprint(title),
        title=title,
        abstract=abstract_of(line.summary),
        authors=people(line.authors),
        ids=ids_of(f"arxiv:{line.arxiv_id}" if line.arxiv_id else None),
        categories=tuple(filter(identifiers.is_arxiv_category, line.categories)),
        keywords=texts((line.area, line.kind)),
        venue=venue_of(line.venue) if line.venue else None,
        year=venue_and_year(line.venue)[1] if line.venue else None,
    )


def from_record(record: Record) -> Record:
    """Return the record as this version would have read it: cleaned, and without ids that are none."""
    source, key = collapse(record.source), collapse(record.key)
    if not source or not key or len(source) > _SOURCE_LENGTH or len(key) > _KEY_LENGTH:
        raise SourceError("a record without a usable source and key")
    return dataclasses.replace(
        record,
        source=source,
        key=key,
        title=title_of(record.title),
        abstract=abstract_of(record.abstract),
        authors=people(record.authors),
        ids=ids_of(*record.ids),
        categories=tuple(filter(identifiers.is_arxiv_category, record.categories)),
        keywords=texts(record.keywords),
        venue=note_of(record.venue),
        year=year_of(record.year),
        comment=note_of(record.comment),
        journal=note_of(record.journal),
        submitted=possible(record.submitted),
        updated=possible(record.updated),
        announced=possible(record.announced),
        links=web_links(record.links),
        versions=tuple(version for version in record.versions if 1 <= version.number < 1_000),
        counts=tuple(map(_cleaned, filter(_is_possible, record.counts))),
    )


def _is_possible(count: Count) -> bool:
    return count.kind in _KINDS and 0 <= count.value < 1 << 53


def _cleaned(count: Count) -> Count:
    return dataclasses.replace(count, at=in_utc(count.at) if count.at else None)


def dump(record: Record) -> bytes:
    """Return the record as one line of JSON that ``read`` understands; what has its default is left out."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if value or field.default is dataclasses.MISSING:
            values[field.name] = value
    return msgspec.json.encode(values) + b"\n"
