"""arXiv metadata as JSON: listings as they are collected, and the snapshot that arXiv publishes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from tidings import identifiers
from tidings.sources.formats.common import abstract_of, day_of, ids_of, note_of, people, title_of
from tidings.types import Link, Record, Version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

_MONTH_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_MONTHS = {name: f"{number:02d}" for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_VERSION = re.compile(r"v?[1-9][0-9]{0,2}")
_WITHDRAWN = re.compile(
    r"(?:has been|have been|is|was|been) withdrawn|withdrawn (?:by|due|because)|^withdrawn\b", re.IGNORECASE
)


class Listed(msgspec.Struct, gc=False):
    """A line of a collected listing; ``listed_first`` is when arXiv announced it, ``date`` when it was submitted."""

    id: str
    title: str
    authors: list[str]
    categories: list[str] | None
    abstract: str | None = None
    comment: str | None = None
    date: str | None = None
    listed_first: str | None = None


class SnapshotVersion(msgspec.Struct, gc=False):
    version: str
    created: str | None = None


class Snapshot(msgspec.Struct, gc=False):
    """A line of the public snapshot: categories in one text, names also taken apart, versions with times."""

    id: str
    title: str
    categories: str
    versions: list[SnapshotVersion] = []
    authors: str = ""
    authors_parsed: list[list[str]] = []
    abstract: str | None = None
    comments: str | None = None
    doi: str | None = None
    journal: str | None = msgspec.field(name="journal-ref", default=None)
    update_date: str | None = None


def from_listed(line: Listed) -> Record:
    """Return the record of a listing's line."""
    paper_id, _ = identifiers.parse_arxiv_id(line.id)
    comment = note_of(line.comment)
    abstract = abstract_of(line.abstract)
    return Record(
        source="arxiv",
        key=paper_id,
        title=title_of(line.title),
        abstract=abstract,
        authors=people(line.authors),
        ids=(f"arxiv:{paper_id}",),
        categories=_categories(line.categories or ()),
        submitted=day_of(line.date),
        announced=day_of(line.listed_first),
        comment=comment,
        links=(Link("pdf", f"https://arxiv.org/pdf/{paper_id}"),),
        withdrawn=_is_withdrawn(comment, abstract),
    )


def from_snapshot(line: Snapshot) -> Record:
    """Return the record of a snapshot's line. ``update_date`` is a date of metadata: used only without versions."""
    paper_id, _ = identifiers.parse_arxiv_id(line.id)
    comment = note_of(line.comments)
    abstract = abstract_of(line.abstract)
    versions = tuple(_versions(line.versions))
    return Record(
        source="arxiv",
        key=paper_id,
        title=title_of(line.title),
        abstract=abstract,
        authors=people(_names(line)),
        ids=(
            f"arxiv:{paper_id}",
            *ids_of(line.doi and f"doi:{line.doi.split()[0]}" if (line.doi or "").strip() else None),
        ),
        categories=_categories(line.categories.split()),
        submitted=versions[0].submitted if versions else None,
        updated=versions[-1].submitted if versions else day_of(line.update_date),
        comment=comment,
        journal=note_of(line.journal),
        links=(Link("pdf", f"https://arxiv.org/pdf/{paper_id}"),),
        versions=versions,
        withdrawn=_is_withdrawn(comment, abstract),
    )


def _categories(terms: Sequence[str]) -> tuple[str, ...]:
    """Codes of ACM and MSC stand among the categories; they are none."""
    return tuple(dict.fromkeys(filter(identifiers.is_arxiv_category, map(str.strip, terms))))


def _is_withdrawn(comment: str | None, abstract: str) -> bool:
    """A withdrawn paper is an ordinary record: only its comment or the first words of its abstract say so."""
    if comment and "ithdrawn" in comment and _WITHDRAWN.search(comment):
        return True
    return "withdrawn" in abstract[:200] and abstract[:5].lower() == "this " and bool(_WITHDRAWN.search(abstract[:200]))


def _versions(versions: list[SnapshotVersion]) -> list[Version]:
    numbered = [
        Version(int(version.version.removeprefix("v")), _mail_date(version.created))
        for version in versions
        if _VERSION.fullmatch(version.version)
    ]
    return sorted(numbered, key=lambda version: version.number)


def _mail_date(text: str | None) -> date | None:
    """Return the day of "Mon, 2 Apr 2007 19:18:42 GMT", ten times as fast as the parser of mail does."""
    parts = (text or "").split()
    if len(parts) >= 4 and parts[2] in _MONTHS:
        return day_of(f"{parts[3]}-{_MONTHS[parts[2]]}-{parts[1]:0>2}")
    return day_of(text)


def _names(line: Snapshot) -> list[str]:
    if line.authors_parsed:
        return [" ".join((*name[1:2], *name[:1], *name[2:3])) for name in line.authors_parsed]
    return re.split(", and |, | and ", " ".join(line.authors.split()))
