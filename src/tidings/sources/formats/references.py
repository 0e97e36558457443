"""What reference managers say of a paper, whatever file they write it to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tidings.sources.formats.common import (
    abstract_of,
    fingerprint,
    ids_of,
    links_of,
    note_of,
    people,
    texts,
    title_of,
    year_of,
)
from tidings.types import Record

_ARXIV_MENTION = re.compile(
    r"arxiv[:.\s]*(?:preprint\s*)?(?:arxiv[:\s]*)?(?P<id>[0-9]{4}\.[0-9]{4,5}|[a-z-]{2,10}(?:\.[a-z]{2})?/[0-9]{7})",
    re.IGNORECASE,
)
_PREPRINT_SERVER = re.compile(r"arxiv|corr\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """The fields of a reference as texts, empty where the file has none. ``mentions`` may name an arXiv id."""

    source: str
    title: str
    authors: tuple[str, ...] = ()
    abstract: str = ""
    venue: str = ""
    year: str = ""
    keywords: tuple[str, ...] = ()
    doi: str = ""
    arxiv: str = ""
    url: str = ""
    mentions: tuple[str, ...] = ()


def from_reference(reference: Reference) -> Record:
    """Return the record. Its key is its first id, else made of title, author and year.

    The keys of the files are not used: two people's files give one key to different papers.
    """
    title = title_of(reference.title)
    authors = people(reference.authors)
    year = year_of(reference.year)
    mentioned = next(
        filter(None, (_ARXIV_MENTION.search(text[:1_000]) for text in (reference.venue, *reference.mentions))), None
    )
    ids = ids_of(
        reference.doi
        and (reference.doi if reference.doi.lower().startswith(("http", "doi")) else f"doi:{reference.doi.strip()}"),
        reference.arxiv and f"arxiv:{re.sub('^arxiv:', '', reference.arxiv.strip(), flags=re.IGNORECASE)}",
        reference.url,
        f"arxiv:{mentioned['id']}" if mentioned else None,
    )
    venue = note_of(reference.venue)
    return Record(
        source=reference.source,
        key=ids[0] if ids else fingerprint(title, authors, year),
        title=title,
        abstract=abstract_of(reference.abstract),
        authors=authors,
        ids=ids,
        keywords=texts(reference.keywords),
        venue=None if venue and _PREPRINT_SERVER.match(venue) else venue,
        year=year,
        links=links_of(page=reference.url.strip()),
    )
