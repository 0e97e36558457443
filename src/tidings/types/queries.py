"""What is asked, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from tidings.types.papers import Paper

# --- what is asked ---


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


# --- what is answered ---


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
class Breakdown:
    """What a rank among the trending is made of: parts in doublings that add up to the score, and what was counted.

    ``final`` is between how many upvotes elsewhere it will end with a probability of 80 %, where that can be told;
    ``is_rising`` that many more are likely.
    """

    parts: Mapping[str, float]
    counts: Mapping[str, int]
    final: tuple[int, int] | None = None
    is_rising: bool = False


@dataclass(frozen=True, slots=True)
class Trend:
    """Papers by what people say of them, and why, by internal id; the nearest days that have others."""

    page: Page
    why: Mapping[int, Breakdown]
    previous: date | None
    next: date | None
