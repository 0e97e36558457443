"""What flows through Tidings: plain frozen data, and the protocols with two implementations.

Ids are ``int`` inside (``Paper.id``) and ``str`` outside (``"arxiv:2106.09685"``). Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # numpy costs a tenth of a second, and many commands never need it
    import numpy as np
    from numpy.typing import NDArray

# --- what a source says ------------------------------------------------------------------------


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


# --- what the archive holds --------------------------------------------------------------------


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


# --- what is asked -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase that must occur. ``field`` None means title or abstract.

    Other fields: title, abstract, author, venue (words of the field); category, source, id (exact values;
    a category also matches as an archive: ``cs`` matches ``cs.CL``).
    """

    text: str
    field: str | None = None
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """A closed range; ``field`` is year (ints) or date (days since 0001-01-01, ``date.toordinal``)."""

    field: str
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Has:
    """That a paper has something; ``what`` is abstract, code, pdf, doi or venue."""

    what: str


@dataclass(frozen=True, slots=True)
class Not:
    of: Filter


@dataclass(frozen=True, slots=True)
class And:
    of: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    of: tuple[Filter, ...]


Filter = Term | Between | Has | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: ``words`` rank, ``required`` decides what may appear at all."""

    text: str
    words: str = ""
    required: Filter | None = None

    @property
    def is_empty(self) -> bool:
        return not self.words and self.required is None


# --- what is answered --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parts:
    """What a score is made of. ``words`` and ``meaning`` are normalised and weighted: they add up to the score."""

    words: float = 0.0
    meaning: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    paper: Paper
    score: float
    parts: Parts = field(default_factory=Parts)
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """A value one can narrow by, and how many of the hits have it. ``query`` is the term to add, as ``year:2024``."""

    value: str
    count: int
    query: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of hits. ``total`` counts all hits that paging can reach; ``cursor`` asks for the next page.

    ``stems`` are the stemmed words to mark; ``note`` says in words when the question was answered otherwise
    than asked (a misspelt word, an index that lags).
    """

    hits: tuple[Hit, ...]
    total: int
    cursor: str | None = None
    facets: Mapping[str, tuple[Facet, ...]] = field(default_factory=dict)
    stems: frozenset[str] = frozenset()
    note: str | None = None
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """The papers of one day; ``previous`` and ``next`` are the nearest days that have any."""

    page: Page
    previous: date | None
    next: date | None
    date: date  # last, because its name hides its type from what follows


@dataclass(frozen=True, slots=True)
class AddReport:
    """What an add did. read = new + updated + merged + unchanged + quarantined."""

    read: int = 0
    new: int = 0
    updated: int = 0
    merged: int = 0
    unchanged: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[str, ...] = ()  # files that could not be read at all, each with its reason
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did with one source. read = new + updated + merged + unchanged + quarantined, but of a private source,
    whose records never enter the archive, only ``read`` is counted.
    """

    name: str
    read: int = 0
    new: int = 0
    updated: int = 0
    merged: int = 0
    unchanged: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    note: str | None = None  # what the source has to say: "no announcement on Saturdays"
    error: str | None = None  # why it failed; what came before stands
    busy: bool = False  # another process is at it


@dataclass(frozen=True, slots=True)
class Limit:
    """How often a host, or a family of hosts, may be asked by all our processes together.

    One request at a time, ``interval`` seconds between the end of one and the start of the next, and at most ``most``
    in ``window`` seconds where a number is given. ``gate`` names the family: all of arXiv is one.
    """

    gate: str
    interval: float
    most: int | None = None
    window: float = 86_400.0


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source does: what it holds, when it may be asked again, what went wrong last, in words."""

    name: str
    enabled: bool
    succeeded: datetime | None = None
    newest: date | None = None  # the newest announcement held
    behind: int = 0  # announcements that are out and not held
    next_run: datetime | None = None
    next_call: datetime | None = None  # when its gate lets the next request through
    started: datetime | None = None  # the last run
    running: bool = False
    used: int = 0  # requests in the present window of its limit
    limit: Limit | None = None
    lacks: str | None = None  # the setting without which it cannot work, in words
    error: str | None = None  # of the last run, if it failed
    note: str | None = None  # what the last run has to say: "no announcement on Saturdays"
    read: int = 0  # records in the last run
    new: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    papers: int
    records: int
    quarantined: int
    by_source: Mapping[str, int]
    by_year: Mapping[int, int]
    first_day: date | None
    last_day: date | None
    bytes_store: int
    bytes_index: int


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``doctor``: a question, whether all is well, and what was found or should be done."""

    name: str
    ok: bool
    message: str


# --- protocols ---------------------------------------------------------------------------------


class Encoder(Protocol):
    """Text to vectors. ``name`` changes whenever a vector would."""

    name: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one L2-normalised row per text, shape (n, dimensions); a zero row for a text without a known token."""
