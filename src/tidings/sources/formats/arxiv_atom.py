"""Entries of arXiv's daily feeds (Atom and RSS 2.0) and of its query API (Atom).

https://info.arxiv.org/help/rss_specifications.html, https://info.arxiv.org/help/atom_specifications.html and
https://info.arxiv.org/help/api/user-manual.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from lxml import etree

from tidings import identifiers
from tidings.errors import SourceError
from tidings.sources.formats.arxiv import announced_names, categories_of, is_withdrawn, mail_date, unscrambled
from tidings.sources.formats.common import abstract_of, day_of, ids_of, note_of, people, title_of
from tidings.sources.formats.trees import local_name
from tidings.types import Link, Record, Version

FIRST_LISTED = frozenset(("new", "cross"))
REPLACED = frozenset(("replace", "replace-cross"))

_FEED_ID = "oai:arXiv.org:"
_PREAMBLE = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*(?P<kind>[a-z-]+)\s*(?:Abstract:\s*)?")

Texts = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Announced:
    """What a feed says of a paper: the record, how it is announced (new, cross, replace, replace-cross), and when."""

    record: Record
    kind: str
    day: date


def is_error(element: etree._Element) -> bool:
    """Tell whether an entry of the query API is no paper but an error that looks like one."""
    texts = _texts(element)
    return "/api/errors" in _first(texts, "id") or (_first(texts, "title") == "Error" and "published" not in texts)


def announced(element: etree._Element) -> Announced:
    """Return what an entry (Atom) or item (RSS) of a feed says.

    A paper counts as first listed on the day on which it is new or cross-listed in the categories that were asked for.
    Its version is known by number only: the day is that of the announcement.

    Raises:
        SourceError: it lacks an id, a title or a day, or is announced in a way that we do not know.
    """
    texts = _texts(element)
    paper_id, version = identifiers.parse_arxiv_id(_first(texts, "id", "guid").removeprefix(_FEED_ID))
    summary = _first(texts, "summary", "description")
    preamble = _PREAMBLE.match(summary)
    kind = _first(texts, "announce_type") or (preamble["kind"] if preamble else "")
    if kind not in FIRST_LISTED | REPLACED:
        raise SourceError(f"announced as {kind!r}, which we do not know")
    day = day_of(_first(texts, "published")) or mail_date(_first(texts, "pubDate"))
    if day is None:
        raise SourceError("no day of announcement")
    abstract = abstract_of(summary[preamble.end() :] if preamble else summary)
    doi = _first(texts, "DOI")
    record = Record(
        source="arxiv",
        key=paper_id,
        title=title_of(_first(texts, "title")),
        abstract=abstract,
        authors=people(name for text in texts.get("creator", []) for name in announced_names(text)),
        ids=(f"arxiv:{paper_id}", *_dois(doi)),
        categories=categories_of(_terms(element)),
        announced=day if kind in FIRST_LISTED else None,
        updated=day if kind in REPLACED else None,
        journal=note_of(_first(texts, "journal_reference")),
        links=(Link("pdf", f"https://arxiv.org/pdf/{paper_id}"),),
        versions=(Version(version),) if version else (),
        withdrawn=is_withdrawn(None, abstract),
    )
    return Announced(record, kind, day)


def queried(element: etree._Element) -> Record:
    """Return the record of an entry of the query API. Of the versions it names the first and the latest.

    Raises:
        SourceError: it lacks an id or a title, or is an error, whose words are then the message.
    """
    texts = _texts(element)
    if is_error(element):
        raise SourceError(f"arXiv says: {_first(texts, 'summary')}")
    paper_id, latest = identifiers.parse_arxiv_id(_first(texts, "id"))
    published, updated = day_of(_first(texts, "published")), day_of(_first(texts, "updated"))
    first = (Version(1, published),)
    comment, abstract = note_of(_first(texts, "comment")), abstract_of(_first(texts, "summary"))
    return Record(
        source="arxiv",
        key=paper_id,
        title=title_of(_first(texts, "title")),
        abstract=abstract,
        authors=people(_first(_texts(author), "name") for author in element.iterchildren("{*}author")),
        ids=(f"arxiv:{paper_id}", *_dois(_first(texts, "doi"))),
        categories=categories_of(_terms(element)),
        submitted=published,
        updated=updated if latest and latest > 1 else None,
        comment=comment,
        journal=note_of(_first(texts, "journal_ref")),
        links=(Link("pdf", f"https://arxiv.org/pdf/{paper_id}"),),
        versions=(*first, Version(latest, updated)) if latest and latest > 1 else first,
        withdrawn=is_withdrawn(comment, abstract),
    )


def is_announcement(element: etree._Element) -> bool:
    """Tell an entry of a feed from one of the query API."""
    return _first(_texts(element), "id", "guid").startswith(_FEED_ID)


def name_of(element: etree._Element) -> str | None:
    """Return the id that an entry names, be it one or not; None where it names none."""
    text = _first(_texts(element), "id", "guid").removeprefix(_FEED_ID)
    return text.rpartition("/abs/")[2] or None


def _terms(element: etree._Element) -> list[str]:
    """Return the primary category, where one is named, and the others."""
    primary = [child.get("term", "") for child in element.iterchildren("{*}primary_category")]
    return primary + [child.get("term") or child.text or "" for child in element.iterchildren("{*}category")]


def _dois(text: str) -> tuple[str, ...]:
    return ids_of(f"doi:{text.split(maxsplit=1)[0]}") if text else ()


def _texts(element: etree._Element) -> Texts:
    texts: Texts = {}
    for child in element.iterchildren("*"):
        if child.text:
            texts.setdefault(local_name(child), []).append(unscrambled(child.text.strip()))
    return texts


def _first(texts: Texts, *names: str) -> str:
    return next((texts[name][0] for name in names if name in texts), "")
