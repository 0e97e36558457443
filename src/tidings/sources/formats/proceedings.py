"""Conference papers as JSON lines, one conference and year per ``src`` ("iclr/iclr2024.json")."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from tidings.errors import SourceError
from tidings.plain import collapse
from tidings.sources.formats.common import (
    abstract_of,
    counts_of,
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

# Names that are not simply capitals; NIPS renamed itself, and one name finds all its years.
_NAMES = {
    "nips": "NeurIPS", "neurips": "NeurIPS", "corl": "CoRL", "automl": "AutoML", "siggraphasia": "SIGGRAPH Asia",
    "acmmm": "ACM MM", "interspeech": "Interspeech", "colm": "COLM",
}  # fmt: skip
_STEM = re.compile(r"(?P<name>.*?)(?P<year>\d{4})?")
_SUFFIX = re.compile(r",\s*(?=(?:Jr|Sr|II|III|IV)\b\.?)")
_NOT_ACCEPTED = frozenset(("reject", "withdraw", "desk reject"))
_TELLING = frozenset(("oral", "spotlight", "demo", "short", "tog paper", "industry", "system demonstrations"))


class Line(msgspec.Struct, gc=False):
    """A line of the collected proceedings; every field but ``src`` may be absent."""

    src: str
    id: str | int | None = None
    title: str | None = None
    abstract: str | None = None
    author: str | None = None
    keywords: str | None = None
    primary_area: str | None = None
    track: str | None = None
    status: str | None = None
    site: str | None = None
    pdf: str | None = None
    project: str | None = None
    github: str | None = None
    openreview: str | None = None
    arxiv: str | None = None
    doi: str | None = None
    gs_citation: int | float | str | None = None


def from_line(line: Line) -> Record:
    """Return the record of a line. A paper not accepted keeps no venue; one withdrawn says so."""
    if not line.src.endswith(".json"):
        raise SourceError(f"not a file of proceedings: {line.src[:80]!r}")
    stem = collapse(line.src.rpartition("/")[2].removesuffix(".json"))[:100]
    title = title_of(line.title)
    authors = people(_split_names(line.author or ""))
    status = (line.status or "").lower()
    return Record(
        source="proceedings",
        key=f"{stem}/{collapse(str(line.id or ''))[:200] or fingerprint(title)}",
        title=title,
        abstract=abstract_of(line.abstract),
        authors=authors,
        ids=_ids(line),
        keywords=texts(re.split("[;\n]", f"{line.keywords or ''};{line.primary_area or ''}")),
        venue=None if status in _NOT_ACCEPTED else venue_of(stem, status),
        year=venue_and_year(stem)[1],
        comment=_comment(line, stem, status),
        links=links_of(page=line.site, pdf=line.pdf, code=line.github, project=line.project),
        counts=counts_of(citations=_number(line.gs_citation)),
        withdrawn=status == "withdraw",
    )


@cache
def venue_and_year(stem: str) -> tuple[str, int | None]:
    """Return ("ICLR", 2024) for "iclr2024"."""
    found = _STEM.fullmatch(stem)
    name = found["name"] if found else stem
    return _NAMES.get(name, name.upper()), year_of(found["year"] if found else None)


@cache
def venue_of(stem: str, status: str = "") -> str:
    """Return "ICLR 2024" for "iclr2024"; workshops and findings are named as such."""
    name, year = venue_and_year(stem)
    venue = f"{name} {year}" if year else name
    if status == "findings":
        return f"Findings of {venue}"
    return f"{venue} Workshop" if "workshop" in status else venue


def _ids(line: Line) -> tuple[str, ...]:
    """The site is an id where it is the page of OpenReview or the Anthology."""
    if not (line.arxiv or line.doi or line.openreview or line.site):
        return ()
    site = line.site if line.site and ("openreview.net" in line.site or "aclanthology.org" in line.site) else None
    arxiv = f"arxiv:{line.arxiv.lower().removeprefix('arxiv:')}" if line.arxiv else None
    return ids_of(line.openreview, site, arxiv, line.doi)


def _split_names(text: str) -> list[str]:
    """Names are joined by semicolons; some files have commas instead, and there a suffix belongs to its name."""
    if ";" in text or "," not in text:
        return text.split(";")
    return _SUFFIX.sub(" ", text).split(",")


def _comment(line: Line, stem: str, status: str) -> str | None:
    if status in _NOT_ACCEPTED:
        return f"Submitted to {venue_of(stem)}"
    notes = [
        line.track if line.track and line.track.lower() != "main" else "",
        line.status if status in _TELLING else "",
    ]
    return note_of(", ".join(filter(None, notes)))


def _number(value: int | float | str | None) -> int | None:
    try:
        return int(value) if value is not None else None
    except (ValueError, OverflowError):
        return None
