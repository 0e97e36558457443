"""What a source says of a paper, and what the archive holds of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

# --- what a source says ---


@dataclass(frozen=True, slots=True)
class Link:
    """An address that belongs to a paper; ``kind`` is page, pdf, code, project or discussion."""

    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a paper at its source, counted from 1."""

    number: int
    submitted: date | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many of something a source saw; ``kind`` is upvotes, comments, stars or citations."""

    kind: str
    value: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What one source says of one paper. Text is as the source wrote it, blanks collapsed.

    ``source`` and ``key`` together name the record for ever: the same pair seen again is the same record,
    perhaps changed. ``ids`` hold normal forms (see ``identifiers``), the record's own first.
    """

    source: str
    key: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # primary first
    keywords: tuple[str, ...] = ()
    venue: str | None = None
    year: int | None = None
    submitted: date | None = None
    updated: date | None = None
    announced: date | None = None  # first listed, not submitted
    listed: date | None = None  # first put forward by readers, as on Daily Papers
    comment: str | None = None
    journal: str | None = None
    links: tuple[Link, ...] = ()
    versions: tuple[Version, ...] = ()
    counts: tuple[Count, ...] = ()
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that could not be understood: where it stood, why, and its text (at most 64 KB)."""

    source: str
    where: str
    reason: str
    raw: bytes = b""


# --- what the archive holds ---


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper, merged from all records of it. ``key`` is its best external id."""

    id: int
    key: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    venue: str | None = None
    year: int | None = None
    submitted: date | None = None
    updated: date | None = None
    announced: date | None = None
    listed: date | None = None
    comment: str | None = None
    journal: str | None = None
    links: tuple[Link, ...] = ()
    versions: tuple[Version, ...] = ()
    counts: tuple[Count, ...] = ()
    withdrawn: bool = False
    sources: tuple[str, ...] = ()

    @property
    def date(self) -> date | None:
        """The day a reader could first know of it: announced, else submitted."""
        return self.announced or self.submitted

    def link(self, kind: str) -> str | None:
        """Return the first address of that kind."""
        return next((link.url for link in self.links if link.kind == kind), None)

    def count(self, kind: str) -> int | None:
        """Return the largest count of that kind that any source saw."""
        return max((count.value for count in self.counts if count.kind == kind), default=None)


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record as the store holds it, with the reason why it belongs to its paper."""

    id: int
    paper_id: int
    record: Record
    reason: str  # "new", "id arxiv:…", "title and authors", …
    seen: datetime


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What a source changed in one field; lists are joined with "; "."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Revision:
    """What a source changed in its record of a paper; ``version`` is the number that brought it, where one is known."""

    source: str
    seen: datetime
    version: int | None
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log: that paper was written or removed."""

    position: int
    paper_id: int
    removed: bool


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A refusal as the store keeps it."""

    id: int
    source: str
    where: str
    reason: str
    raw: bytes
    seen: datetime
