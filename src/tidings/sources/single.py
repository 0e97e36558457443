"""One paper by its id, from whoever publishes it: arXiv, OpenReview, and Crossref for what has a publisher's DOI."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from tidings.errors import FetchError, NotFoundError, SourceError
from tidings.sources.arxiv.api import Query
from tidings.sources.crossref import Crossref, plain_title
from tidings.sources.enrichment import journal_of, venue_of
from tidings.sources.formats import notes
from tidings.sources.formats.common import (
    abstract_of,
    counts_of,
    ids_of,
    people,
    possible,
    texts,
    title_of,
    year_of,
)
from tidings.sources.openreview_access import Access
from tidings.types import Limit, Record, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tidings.sources.registry import Means

# https://www.crossref.org/documentation/schema-library: what else has a DOI is a journal, a review, a data set …
_PAPERS = frozenset(
    ("journal-article", "proceedings-article", "posted-content", "book-chapter", "report", "dissertation", "monograph")
)
_HEADING = re.compile(r"<jats:title[^<>]{0,200}>\s*(?:abstract|summary)\s*</jats:title>", re.IGNORECASE)
_BREAK = re.compile(r"</jats:(?:p|title|sec)>", re.IGNORECASE)


def paper(identifier: str, means: Means) -> Record:
    """Return what its publisher says of a paper that an external id in normal form names.

    Raises:
        NotFoundError: whoever would publish it knows no such paper.
        FetchError: who was asked did not answer, or refused.
        SourceError: the answer cannot be understood, or is about something else than a paper.
    """
    scheme, _, value = identifier.partition(":")
    if scheme == "arxiv":
        return _from_arxiv(value, means)
    if scheme == "openreview":
        return _from_openreview(value, means)
    if scheme == "acl":  # the Anthology has no API, and gives each paper a DOI that is made from its id
        return _from_crossref(f"10.18653/v1/{value}".lower(), means, identifier)
    if scheme == "doi":
        return _from_crossref(value, means)
    raise SourceError(f"nobody can be asked for {identifier}")


def _from_arxiv(value: str, means: Means) -> Record:
    settings = means.settings.arxiv
    query = Query(means.client, settings.api_url, Limit("arxiv.org", settings.interval))
    (outcome,) = query.papers([value])
    return _record(outcome)


def _from_openreview(value: str, means: Means) -> Record:
    found = Access(means).get("notes", {"id": value}).json(_Notes).notes
    for outcome in notes.outcomes(found, "a submitted paper"):
        return _record(outcome)
    raise NotFoundError(f"OpenReview shows no paper with the id {value}")


def _record(outcome: Record | Refusal) -> Record:
    if isinstance(outcome, Record):
        return outcome
    if outcome.raw:
        raise SourceError(f"what {outcome.source} says of it cannot be understood: {outcome.reason}")
    raise NotFoundError(outcome.reason)


class _Notes(msgspec.Struct, frozen=True):
    notes: list[msgspec.Raw] = []


# --- Crossref: https://api.crossref.org/swagger-ui/index.html, /works/{doi} ---


class _Day(msgspec.Struct, frozen=True, rename={"parts": "date-parts"}):
    parts: list[list[int | None]] | None = None


class _Person(msgspec.Struct, frozen=True):
    given: str | None = None
    family: str | None = None
    name: str | None = None  # of a group


class _Work(msgspec.Struct, frozen=True, rename="kebab"):
    doi: str = msgspec.field(name="DOI")
    type: str | None = None
    title: list[str] | None = None
    abstract: str | None = None
    author: list[_Person] | None = None
    container_title: list[str] | None = None
    subject: list[str] | None = None
    published: _Day | None = None
    posted: _Day | None = None
    issued: _Day | None = None
    volume: str | None = None
    issue: str | None = None
    page: str | None = None
    is_referenced_by_count: int | None = None


class _Answer(msgspec.Struct, frozen=True):
    message: _Work


def _from_crossref(doi: str, means: Means, *also: str) -> Record:
    url = f"{means.settings.crossref.url.rstrip('/')}/works/{quote(doi, safe='')}"
    try:
        answer = means.client.get(url, Crossref.limit)
    except FetchError as error:
        if error.status != 404:
            raise
        raise NotFoundError(f"Crossref knows no paper with the DOI {doi}") from error
    work = answer.json(_Answer).message
    if work.type not in _PAPERS:
        raise SourceError(f"{doi} is no paper but a {(work.type or 'thing without a type').replace('-', ' ')}")
    # A series stands before the volume in it.
    names: list[str | None] = [plain_title(name) for name in work.container_title or ()] or [None]
    day = _day(work.posted) or _day(work.published)
    return Record(
        source=Crossref.name,
        key=work.doi.lower(),
        title=title_of(plain_title(work.title[0]) if work.title else None),
        abstract=abstract_of(_abstract(work.abstract)),
        authors=people(_names(work.author or ())),
        ids=ids_of(f"doi:{doi}", f"doi:{work.doi}", *also),
        keywords=texts(work.subject or ()),
        venue=venue_of(names[-1]),
        year=_year(work.published) or _year(work.posted) or _year(work.issued),
        announced=day,
        journal=journal_of(names[0], work.volume, work.issue, work.page),
        counts=counts_of(means.now(), citations=work.is_referenced_by_count),
    )


def _abstract(text: str | None) -> str | None:
    """Return an abstract without the markup of JATS and without a heading that says that it is one."""
    return plain_title(_BREAK.sub(" ", _HEADING.sub(" ", text))) if text else None


def _names(authors: Iterable[_Person]) -> list[str]:
    return [author.name or " ".join(filter(None, (author.given, author.family))) for author in authors]


def _day(said: _Day | None) -> date | None:
    """Return a day that is said whole."""
    parts = said.parts[0] if said and said.parts else []
    try:
        return possible(date(*(part or 0 for part in parts))) if len(parts) == 3 else None
    except ValueError:
        return None


def _year(said: _Day | None) -> int | None:
    parts = said.parts[0] if said and said.parts else []
    return year_of(parts[0]) if parts else None
