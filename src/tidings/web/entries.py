"""A paper as the templates show it: texts marked and set, dates in words, links that are safe to follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from markupsafe import Markup

from tidings.rank.marks import marks
from tidings.types import Hit, Page, Paper
from tidings.web import addresses
from tidings.web.math import render

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


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a list."""

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
    upvotes: int | None
    citations: int | None
    code: tuple[str, str] | None
    links: tuple[tuple[str, str], ...]
    similar: str
    is_new: bool
    withdrawn: bool
    explanation: str


def entries(page: Page, stem: Stem, first: int = 1) -> tuple[Entry, ...]:
    """Return the hits of a page, counted from ``first``. Words that stand everywhere are marked only when alone."""
    stems = page.stems - _EVERYWHERE or page.stems
    return tuple(entry(hit, stems, stem, place) for place, hit in enumerate(page.hits, first))


def entry(hit: Hit, stems: frozenset[str], stem: Stem, place: int) -> Entry:
    """Return one hit; ``place`` is its number in the list."""
    paper = hit.paper
    links = addresses.outside(paper)
    return Entry(
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
        upvotes=paper.count("upvotes"),
        citations=paper.count("citations"),
        code=_code(paper, links),
        links=tuple(link for link in links if link[0] != "code"),
        similar=addresses.of_similar((paper.key,)),
        is_new=hit.is_new,
        withdrawn=paper.withdrawn,
        explanation=_explanation(hit),
    )


def set_text(text: str) -> Markup:
    """Return a title or an abstract without marks, its formulas set."""
    return _set(text, frozenset(), str)


@lru_cache(maxsize=8192)
def _set(text: str, stems: frozenset[str], stem: Stem) -> Markup:
    """Set a text; cached because the same papers are looked at again and again, and formulas are slow."""
    return render(text, marks(text, stems, stem) if stems else ())


def _explanation(hit: Hit) -> str:
    return f"score {hit.score:.3f} = words {hit.parts.words:.3f} + meaning {hit.parts.meaning:.3f}"


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
