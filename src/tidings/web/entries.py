"""A paper as the templates show it: texts marked and set, dates in words, links that are safe to follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from markupsafe import Markup

from tidings.people import ShelfEntry, Standing
from tidings.rank.marks import marks
from tidings.types import Breakdown, Hit, Page, Paper, PaperTag, PaperTopic
from tidings.web import addresses, reasons
from tidings.web.because import Because
from tidings.web.math import render
from tidings.web.reasons import Reasons

_LONG_ABSTRACT = 660
"""Characters that fill more than eight lines of the column; a shorter abstract is never closed."""
_AUTHORS_FIRST = 3
_AUTHORS_IN_PLACE = 60
"""Up to so many authors open in the list; a collaboration of thousands has its paper's page."""

_EVERYWHERE = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "for"),
        *("from", "how", "in", "into", "is", "it", "its", "of", "on", "or", "our"),
        *("that", "the", "their", "these", "this", "to", "under", "via", "was", "we", "what"),
        *("when", "which", "with"),
    )
)

Stem = Callable[[str], str]

_NOTHING = Standing()


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of the papers of a page beside what they are, by internal id.

    ``standings`` are what people here said, ``saved`` the shelves of the reader's own on which a paper stands,
    ``verdicts`` what the reader said of it in an interest, ``why`` what its rank among the trending is made of,
    ``because`` why it stands in the reader's feed, ``notes`` its entry on the shelf that is shown, ``topics``
    and ``tags`` what it is about.
    """

    standings: Mapping[int, Standing] = field(default_factory=dict)
    saved: Mapping[int, set[int]] = field(default_factory=dict)
    verdicts: Mapping[int, int] = field(default_factory=dict)
    why: Mapping[int, Breakdown] | None = None
    because: Mapping[int, Because] = field(default_factory=dict)
    notes: Mapping[int, ShelfEntry] = field(default_factory=dict)
    topics: Mapping[int, PaperTopic] = field(default_factory=dict)
    tags: Mapping[int, tuple[PaperTag, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What readers elsewhere said of a paper, as "128 on Hugging Face" and "5 comments", and where they discuss it."""

    votes: str | None
    comments: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a list. ``number`` names it within the page."""

    number: int
    place: int
    key: str
    href: str
    title: Markup
    abstract: Markup
    is_long: bool
    authors: str
    more_authors: tuple[str, ...]
    authors_elsewhere: int
    day: date | None
    year: int | None  # None also where the venue says it
    category: str | None
    venue: str | None
    standing: Standing
    saved: bool
    verdict: int
    because: Because | None
    elsewhere: Elsewhere
    citations: int | None
    code: tuple[str, str] | None
    links: tuple[tuple[str, str], ...]
    similar: str
    is_new: bool
    is_rising: bool
    withdrawn: bool
    reasons: Reasons | None
    note: str | None
    topic: tuple[str, str] | None
    tags: tuple[PaperTag, ...]


def entries(page: Page, stem: Stem, first: int = 1, said: Said | None = None) -> tuple[Entry, ...]:
    """Return the hits of a page, counted from ``first``. Words that stand everywhere are marked only when alone."""
    stems = page.stems - _EVERYWHERE or page.stems
    said = said or Said()
    return tuple(_entry(hit, stems, stem, place, said) for place, hit in enumerate(page.hits, first))


def _entry(hit: Hit, stems: frozenset[str], stem: Stem, place: int, said: Said) -> Entry:
    paper = hit.paper
    links = addresses.outside(paper)
    elsewhere = said_elsewhere(paper)
    dropped = {"code", "discussion"} if elsewhere.comments else {"code"}
    return Entry(
        number=paper.id,
        place=place,
        key=paper.key,
        href=addresses.of_paper(paper.key),
        title=_set(paper.title, stems, stem),
        abstract=_set(paper.abstract, stems, stem),
        is_long=len(paper.abstract) > _LONG_ABSTRACT,
        authors=", ".join(paper.authors[:_AUTHORS_FIRST]),
        more_authors=_more_authors(paper),
        authors_elsewhere=_authors_elsewhere(paper),
        day=paper.date,
        year=paper.year if str(paper.year) not in (paper.venue or "") else None,
        category=paper.categories[0] if paper.categories else None,
        venue=paper.venue,
        standing=said.standings.get(paper.id, _NOTHING),
        saved=bool(said.saved.get(paper.id)),
        verdict=said.verdicts.get(paper.id, 0),
        because=said.because.get(paper.id),
        elsewhere=elsewhere,
        citations=paper.count("citations"),
        code=_code(paper, links),
        links=tuple(link for link in links if link[0] not in dropped),
        similar=addresses.of_similar((paper.key,)),
        is_new=hit.is_new,
        is_rising=said.why is not None and paper.id in said.why and said.why[paper.id].is_rising,
        withdrawn=paper.withdrawn,
        reasons=_reasons(hit, said),
        note=said.notes[paper.id].note if paper.id in said.notes else None,
        topic=_topic(said.topics.get(paper.id)),
        tags=said.tags.get(paper.id, ()),
    )


def set_text(text: str) -> Markup:
    """Return a title or an abstract without marks, its formulas set."""
    return _set(text, frozenset(), str)


@lru_cache(maxsize=8192)
def _set(text: str, stems: frozenset[str], stem: Stem) -> Markup:
    """Set a text; cached because the same papers are looked at again and again, and formulas are slow."""
    return render(text, marks(text, stems, stem) if stems else ())


def _reasons(hit: Hit, said: Said) -> Reasons | None:
    """Return why a paper stands where it stands; None in a list that goes by date."""
    if hit.paper.id in said.because:
        return said.because[hit.paper.id].parts
    if said.why is not None and hit.paper.id in said.why:
        return reasons.of_trend(hit.score, said.why[hit.paper.id], next(iter(hit.paper.categories), None))
    return reasons.of_search(hit.score, hit.parts) if hit.score else None


def said_elsewhere(paper: Paper) -> Elsewhere:
    """Return what readers elsewhere said of a paper; where, only if we know their discussion."""
    urls = (link.url for link in paper.links if link.kind == "discussion" and addresses.is_linkable(link.url))
    url = next(urls, None)
    votes, comments = paper.count("upvotes"), paper.count("comments")
    place = f"on {addresses.site_of(url)}" if url else "elsewhere"
    return Elsewhere(
        f"{shortened(votes)} {place}" if votes else None,
        f"{shortened(comments)} comment{'' if comments == 1 else 's'}" if comments else None,
        url,
    )


def _topic(topic: PaperTopic | None) -> tuple[str, str] | None:
    return (topic.topic.name, addresses.of_topic(topic.topic)) if topic else None


def _more_authors(paper: Paper) -> tuple[str, ...]:
    return paper.authors[_AUTHORS_FIRST:] if len(paper.authors) <= _AUTHORS_IN_PLACE else ()


def _authors_elsewhere(paper: Paper) -> int:
    return len(paper.authors) - _AUTHORS_FIRST if len(paper.authors) > _AUTHORS_IN_PLACE else 0


def _code(paper: Paper, links: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    """Return the address of the code with its stars in words, as "code ★ 10k"."""
    url = next((url for name, url in links if name == "code"), None)
    if url is None:
        return None
    stars = paper.count("stars")
    return url, f" ★ {shortened(stars)}" if stars else ""


def shortened(count: int) -> str:
    """Return a count as it is read in passing: 987, 1.2k, 10k, 3.4M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            value = count / size
            return f"{value:.1f}".removesuffix(".0") + letter if value < 10 else f"{value:.0f}{letter}"
    return str(count)
