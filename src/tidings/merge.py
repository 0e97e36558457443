"""When are two records the same paper, and which field wins. Pure functions; sync does the reading and writing.

Identity is decided by ids first, then by what several sources agree on: title with authors and year, or authors with
the abstract where a title was changed between preprint and proceedings. The thresholds are measured in
benchmarks/merge.py on records whose ids are hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from tidings.hashing import digest
from tidings.plain import plain, surname, title_key
from tidings.types import Count, Link, Paper, Record

Described = Record | Paper
Value = TypeVar("Value")

# A title this short ("Preface", "Reply") says nothing about identity without an abstract that agrees.
_TELLING_TITLE = 20
_ABSTRACT_WORDS = 12
# A preprint precedes its proceedings by months, rarely by years.
_YEARS_APART = 4
_SAME_TITLE_OVERLAP = 0.2  # of the abstracts' words: rewritten, yet about the same thing
_OTHER_TITLE_OVERLAP = 0.8  # nearly the same abstract under another title

# A paper has one id of these kinds; two different ones are two papers.
_ONE_PER_PAPER = ("arxiv:", "acl:")
_ID_ORDER = ("arxiv:", "acl:", "openreview:", "doi:")

# Sources that number their papers themselves and so list each once: two records of one of these are two papers.
_NUMBERED = frozenset({"arxiv", "acl", "openreview", "huggingface", "biorxiv"})

# Whose text wins: what the authors maintain, then what publishers print, then what others copied.
_TEXT_ORDER = ("arxiv", "openreview", "acl", "proceedings", "biorxiv", "huggingface")
# Whose venue and year win: whoever published it.
_VENUE_ORDER = ("acl", "proceedings", "openreview", "biorxiv", "arxiv", "huggingface")
_LAST = ("zotero", "bibtex", "ris", "listing", "sample")


# --- proposing ---------------------------------------------------------------------------------


def fingerprints(described: Described) -> tuple[int, ...]:
    """Return signed 64-bit hashes; records of the same paper nearly always share one.

    One of the title's normal form, one each of the first and the last words of the abstract.
    """
    parts = [f"t{title_key(described.title)}"]
    words = described.abstract.split()
    if len(words) >= 3 * _ABSTRACT_WORDS:
        parts.append("f" + _skeleton(words[:_ABSTRACT_WORDS]))
        parts.append("l" + _skeleton(words[-_ABSTRACT_WORDS:]))
    return tuple(digest(part.encode()) for part in parts if len(part) > 1)


def _skeleton(words: Sequence[str]) -> str:
    return "".join(filter(str.isalnum, plain(" ".join(words)).casefold()))


# --- deciding ----------------------------------------------------------------------------------


def same(one: Described, other: Described) -> str | None:
    """Return why the two are the same paper, in words, or None when they are not or nobody can tell."""
    if _sources(one) & _sources(other) & _NUMBERED or conflicting(one.ids, other.ids):
        return None
    if _years_apart(one, other) > _YEARS_APART:
        return None
    if title_key(one.title) == title_key(other.title) != "":
        return _same_by_title(one, other)
    if _authors_agree(one, other) and not _are_a_series(one.title, other.title):
        overlap = _abstract_overlap(one, other)
        return "authors and abstract" if overlap is not None and overlap >= _OTHER_TITLE_OVERLAP else None
    return None


def _same_by_title(one: Described, other: Described) -> str | None:
    overlap = _abstract_overlap(one, other)
    if overlap is not None and overlap < _SAME_TITLE_OVERLAP:
        return None
    if one.authors and other.authors:
        if not _authors_agree(one, other):
            return None
        settled = overlap is not None or (len(one.title) >= _TELLING_TITLE and _years_apart(one, other) <= 1)
        return "title and authors" if settled else None
    if overlap is not None and overlap >= _OTHER_TITLE_OVERLAP:
        return "title and abstract"
    return "title" if len(one.title) >= _TELLING_TITLE and overlap is None else None


def conflicting(ids: Iterable[str], others: Iterable[str]) -> bool:
    """Whether the ids say that these are two papers: another arXiv or ACL id, or another DOI of the same publisher."""
    mine, theirs = _by_kind(ids), _by_kind(others)
    return any(not mine[kind] & theirs[kind] for kind in mine.keys() & theirs.keys())


def _sources(described: Described) -> set[str]:
    return {described.source} if isinstance(described, Record) else set(described.sources)


def _by_kind(ids: Iterable[str]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for value in ids:
        kind = value.split("/", 1)[0] if value.startswith("doi:") else value.split(":", 1)[0] + ":"
        if kind.startswith("doi:") or kind in _ONE_PER_PAPER:
            kinds.setdefault(kind, set()).add(value)
    return kinds


def _years_apart(one: Described, other: Described) -> int:
    years = _years(one), _years(other)
    if not all(years):
        return 0
    return min(abs(a - b) for a in years[0] for b in years[1])


def _years(described: Described) -> set[int]:
    days = (described.submitted, described.announced)
    return {year for year in (described.year, *(day.year for day in days if day)) if year}


def _authors_agree(one: Described, other: Described) -> bool:
    mine, theirs = ({surname(name) for name in side.authors} - {""} for side in (one, other))
    smaller = min(len(mine), len(theirs))
    return smaller > 0 and 2 * len(mine & theirs) >= smaller


def _abstract_overlap(one: Described, other: Described) -> float | None:
    """Return the Jaccard overlap of the abstracts' words; None when one has too few to tell."""
    mine, theirs = (set(plain(side.abstract).casefold().split()) for side in (one, other))
    if min(len(mine), len(theirs)) < 2 * _ABSTRACT_WORDS:
        return None
    return len(mine & theirs) / len(mine | theirs)


def _are_a_series(title: str, other: str) -> bool:
    """Whether the titles differ in a number: "… Part I" and "… Part II" share authors and much of the abstract."""
    return _numbers(title) != _numbers(other)


def _numbers(title: str) -> set[str]:
    words = ("".join(filter(str.isalnum, word)) for word in plain(title).casefold().split())
    return {word for word in words if word.isdigit() or (word and set(word) <= set("ivx"))}


# --- folding -----------------------------------------------------------------------------------


def fold(paper_id: int, records: Sequence[Record]) -> Paper:
    """Return the one paper that these records describe; the order of the records does not matter."""
    if len(records) == 1:
        return _as_paper(paper_id, records[0])
    by_text = _ranked(records, _TEXT_ORDER)
    by_venue = _ranked(records, _VENUE_ORDER)
    ids = _ordered_ids(by_text)
    submitted = min((r.submitted for r in records if r.submitted), default=None)
    announced = min((r.announced for r in records if r.announced), default=None)
    return Paper(
        id=paper_id,
        key=ids[0] if ids else f"paper:{paper_id}",
        title=by_text[0].title,
        abstract=next((r.abstract for r in by_text if r.abstract), ""),
        authors=next((r.authors for r in by_text if r.authors), ()),
        ids=ids,
        categories=_union(r.categories for r in by_text),
        keywords=_union(r.keywords for r in by_text),
        venue=next((r.venue for r in by_venue if r.venue), None),
        year=next((r.year for r in by_venue if r.year), None) or _year_of(submitted, announced),
        submitted=submitted,
        updated=max((r.updated for r in records if r.updated), default=None),
        announced=announced,
        listed=min((r.listed for r in records if r.listed), default=None),
        comment=next((r.comment for r in by_text if r.comment), None),
        journal=next((r.journal for r in by_text if r.journal), None),
        links=_links(by_text),
        versions=max((r.versions for r in by_text), key=len),
        counts=_counts(by_text),
        withdrawn=any(r.withdrawn for r in records),
        sources=tuple(dict.fromkeys(r.source for r in by_text)),
    )


def _as_paper(paper_id: int, record: Record) -> Paper:
    """Return the fold of one record: most papers have no more, and an archive is filled at the speed of this."""
    ids = _ordered_ids([record])
    return Paper(
        id=paper_id,
        key=ids[0] if ids else f"paper:{paper_id}",
        title=record.title,
        abstract=record.abstract,
        authors=record.authors,
        ids=ids,
        categories=_unique(record.categories),
        keywords=_unique(record.keywords),
        venue=record.venue,
        year=record.year or _year_of(record.submitted, record.announced),
        submitted=record.submitted,
        updated=record.updated,
        announced=record.announced,
        listed=record.listed,
        comment=record.comment,
        journal=record.journal,
        links=_unique(record.links),
        versions=record.versions,
        counts=_unique(record.counts),
        withdrawn=record.withdrawn,
        sources=(record.source,),
    )


def _ranked(records: Sequence[Record], order: tuple[str, ...]) -> list[Record]:
    def rank(record: Record) -> tuple[int, str, str]:
        if record.source in order:
            return order.index(record.source), record.source, record.key
        place = _LAST.index(record.source) if record.source in _LAST else -1
        return len(order) + 1 + place, record.source, record.key

    return sorted(records, key=rank) if len(records) > 1 else list(records)


def _ordered_ids(records: Sequence[Record]) -> tuple[str, ...]:
    ids = _union(r.ids for r in records)
    return tuple(sorted(ids, key=_id_rank)) if len(ids) > 1 else ids


def _id_rank(value: str) -> int:
    return next((rank for rank, kind in enumerate(_ID_ORDER) if value.startswith(kind)), len(_ID_ORDER))


def _union(lists: Iterable[tuple[Value, ...]]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys(value for values in lists for value in values))


def _unique(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys(values)) if len(values) > 1 else values


def _year_of(*days: date | None) -> int | None:
    return next((day.year for day in days if day), None)


def _links(records: Sequence[Record]) -> tuple[Link, ...]:
    return _union(r.links for r in records)


def _counts(records: Sequence[Record]) -> tuple[Count, ...]:
    return _union(r.counts for r in records)
