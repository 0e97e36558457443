"""arXiv metadata: what all forms share, and those in JSON: collected listings and the snapshot that arXiv publishes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from tidings import identifiers
from tidings.sources.formats.common import abstract_of, day_of, ids_of, note_of, people, title_of
from tidings.types import Link, Record, Version

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

_MONTH_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
MONTHS = {name: f"{number:02d}" for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_VERSION = re.compile(r"v?[1-9][0-9]{0,2}")
_WITHDRAWN = re.compile(
    r"(?:has been|have been|is|was|been) withdrawn|withdrawn (?:by|due|because)|^withdrawn\b", re.IGNORECASE
)
_PARENTHESES = re.compile(r"\s*\([^()]*\)")
_SEPARATOR = re.compile(r"[,;]\s*(?:(?:and|&)\s+)?|:\s+|\s(?:and|&)\s+|^(?:and|&)\s+")
# UTF-8 that was taken for Latin-1 on its way into arXiv's database: "Ï\x84" for τ, "â\x80\x93" for a dash.
_SCRAMBLED = re.compile("[ÂÃÎÏ][\x80-\xbf]|â[\x80-\xbf]{2}")
_NOBODY = frozenset(("et al.", "et al", "others"))
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv)\.?", re.IGNORECASE)


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
        categories=categories_of(line.categories or ()),
        submitted=day_of(line.date),
        announced=day_of(line.listed_first),
        comment=comment,
        links=(Link("pdf", f"https://arxiv.org/pdf/{paper_id}"),),
        withdrawn=is_withdrawn(comment, abstract),
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
        categories=categories_of(line.categories.split()),
        submitted=versions[0].submitted if versions else None,
        updated=versions[-1].submitted if versions else day_of(line.update_date),
        comment=comment,
        journal=note_of(line.journal),
        links=(Link("pdf", f"https://arxiv.org/pdf/{paper_id}"),),
        versions=versions,
        withdrawn=is_withdrawn(comment, abstract),
    )


def categories_of(terms: Iterable[str]) -> tuple[str, ...]:
    """Return the categories among the terms, primary first; codes of ACM and MSC stand among them and are none."""
    return tuple(dict.fromkeys(filter(identifiers.is_arxiv_category, map(str.strip, terms))))


def is_withdrawn(comment: str | None, abstract: str) -> bool:
    """Tell whether a paper was withdrawn: an ordinary record whose comment or first words of the abstract say so."""
    if comment and "ithdrawn" in comment and _WITHDRAWN.search(comment):
        return True
    return "withdrawn" in abstract[:200] and abstract[:5].lower() == "this " and bool(_WITHDRAWN.search(abstract[:200]))


def _versions(versions: list[SnapshotVersion]) -> list[Version]:
    numbered = [
        Version(int(version.version.removeprefix("v")), mail_date(version.created))
        for version in versions
        if _VERSION.fullmatch(version.version)
    ]
    return sorted(numbered, key=lambda version: version.number)


def mail_date(text: str | None) -> date | None:
    """Return the day of "Mon, 2 Apr 2007 19:18:42 GMT", ten times as fast as the parser of mail does."""
    parts = (text or "").split()
    if len(parts) >= 4 and parts[2] in MONTHS:
        return day_of(f"{parts[3]}-{MONTHS[parts[2]]}-{parts[1]:0>2}")
    return day_of(text)


def unscrambled(text: str) -> str:
    """Return the text with its letters as they were meant: some of arXiv's titles and abstracts are encoded twice."""
    return text if text.isascii() else _SCRAMBLED.sub(_decoded_again, text)


def _decoded_again(match: re.Match[str]) -> str:
    return match[0].encode("latin-1").decode("utf-8", "ignore") or match[0]


def names_of(text: str) -> list[str]:
    """Return the names in a line of authors: "A. Author (MIT, USA), B. Author, Jr. and C. Author".

    Affiliations in parentheses are left out, and a collaboration before a colon is one of the authors.
    https://info.arxiv.org/help/prep.html#author
    """
    return _joined(_SEPARATOR.split(_without_parentheses(" ".join(text.split()))))


def announced_names(text: str) -> list[str]:
    """Return the names in a line of a feed: only commas part them, and affiliations hold commas, too."""
    return _joined(_without_parentheses(text).split(","))


def _without_parentheses(text: str) -> str:
    while "(" in text and (shorter := _PARENTHESES.sub("", text)) != text:
        text = shorter
    return text.replace("(", " ").replace(")", " ") if "(" in text or ")" in text else text


def _joined(names: list[str]) -> list[str]:
    """Return the names that are some, "Jr." with the name that it follows."""
    found: list[str] = []
    for name in map(str.strip, names):
        if found and _SUFFIX.fullmatch(name):
            found[-1] += f" {name}"
        elif name and name not in _NOBODY:
            found.append(name)
    return found


def _names(line: Snapshot) -> list[str]:
    if line.authors_parsed:
        return [" ".join((*name[1:2], *name[:1], *name[2:3])) for name in line.authors_parsed]
    return names_of(line.authors)
