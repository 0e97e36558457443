"""What all formats share: the limits, the cleaning of fields, and the shape of a format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import IO

from tidings import identifiers
from tidings.errors import SourceError
from tidings.plain import collapse, plain, surname, title_key
from tidings.types import Count, Link, Record, Refusal

LONGEST_TITLE = 2_000  # a longer one is no title: refused
LONGEST_ABSTRACT = 100_000  # a longer one is cut: the paper is worth keeping
LONGEST_RAW = 64 * 1024
_FIRST_YEAR = 1500
_YEARS_AHEAD = 2
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_WEB = re.compile("https?://[!-~\u00a1-\u167f\u2030-\ud7ff\uf900-\ufdcf\U00010000-\U0010ffff]{1,1990}", re.IGNORECASE)
_LONGEST_WORDS = 500  # a name, a keyword
_LONGEST_NOTE = 5_000  # a comment, a venue
_LARGEST_COUNT = 1 << 53

Outcome = Record | Refusal


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: how it is known by its first bytes, and what reads it to the end."""

    name: str
    source: str
    matches: Callable[[bytes], bool]
    read: Callable[[IO[bytes], str], Iterator[Outcome]]


def refusal(source: str, where: str, reason: object, raw: bytes | str = b"") -> Refusal:
    """Return a refusal with as much of the raw text as is kept; bytes of a file's name that are no text by number."""
    if isinstance(raw, str):
        raw = raw[:LONGEST_RAW].encode("utf-8", "surrogatepass")
    where, reason = (text.encode("utf-8", "backslashreplace").decode() for text in (where, str(reason)))
    return Refusal(source, where, reason, raw[:LONGEST_RAW])


def title_of(text: object) -> str:
    """Return a title on one line. Refuse none, an empty one, and one of over 2,000 characters."""
    title = collapse(text) if isinstance(text, str) else ""
    if not title:
        raise SourceError("no title")
    if len(title) > LONGEST_TITLE:
        raise SourceError(f"a title of {len(title):,} characters; at most {LONGEST_TITLE:,} are a title")
    return title


def abstract_of(text: str | None) -> str:
    """Return an abstract on one line, cut after 100,000 characters."""
    return collapse(text)[:LONGEST_ABSTRACT].rstrip() if text else ""


def note_of(text: str | None) -> str | None:
    """Return a comment, venue or the like on one line, cut after 5,000 characters; None where there is none."""
    return (collapse(text)[:_LONGEST_NOTE].rstrip() or None) if text else None


def people(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names in order, blanks collapsed and TeX accents composed: a name is no mathematics."""
    cleaned = (collapse(plain(name) if "\\" in name or "{" in name else name) for name in names)
    return tuple(name[:_LONGEST_WORDS] for name in cleaned if name)


def first_last(name: str) -> str:
    """Return "Jane van der Berg" for "Berg, Jane van der"; "Berg, Jr., J." gives "J. Berg, Jr."."""
    family, comma, given = name.partition(",")
    if not comma or not given.strip():
        return family.strip()
    suffix, comma, rest = given.partition(",")
    return f"{rest.strip()} {family.strip()}, {suffix.strip()}" if comma else f"{given.strip()} {family.strip()}"


def texts(values: Iterable[str]) -> tuple[str, ...]:
    """Return what is not empty, cleaned, each once, in order."""
    return tuple(dict.fromkeys(text[:_LONGEST_WORDS] for text in map(collapse, values) if text))


def year_of(value: str | int | float | None) -> int | None:
    """Return the year that is named; None where none is or it cannot be one (0, 2999)."""
    if value is None:
        return None
    found = _YEAR.search(str(value))
    year = int(found[1]) if found else 0
    return year if _FIRST_YEAR <= year <= _latest_year() else None


def _latest_year() -> int:
    return datetime.now(UTC).year + _YEARS_AHEAD


def day_of(text: str | None) -> date | None:
    """Return the day of an ISO date or time, None where it is none or its year cannot be."""
    if not text:
        return None
    try:
        return possible(date.fromisoformat(text[:10]))
    except ValueError:
        return None


def possible(day: date | None) -> date | None:
    """Return the day if a paper can be of its year, else None."""
    return day if day and _FIRST_YEAR <= day.year <= _latest_year() else None


def counts_of(at: datetime | None = None, **values: int | None) -> tuple[Count, ...]:
    """Return a count per kind that has a possible value; -1 means unknown in some sources."""
    return tuple(
        Count(kind, value, at) for kind, value in values.items() if value is not None and 0 <= value < _LARGEST_COUNT
    )


def moment_of(text: str | None) -> datetime | None:
    """Return the time of an ISO text as UTC, None where it is none."""
    try:
        return in_utc(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None


def in_utc(moment: datetime) -> datetime | None:
    """Return the time as UTC, which it is taken for where it says nothing; None where it cannot be a paper's."""
    if not _FIRST_YEAR <= moment.year <= _latest_year():
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def links_of(**addresses: str | None) -> tuple[Link, ...]:
    """Return a link per kind that has an address of the web; anything else (file:, javascript:) is left out."""
    return tuple(Link(kind, url) for kind, url in addresses.items() if url and _WEB.fullmatch(url))


def web_links(links: Iterable[Link]) -> tuple[Link, ...]:
    """Return the links whose address is one of the web, each once."""
    return tuple(dict.fromkeys(link for link in links if _WEB.fullmatch(link.url)))


def ids_of(*candidates: str | None) -> tuple[str, ...]:
    """Return the normal forms of those candidates that are external ids, each once, in order."""
    found: dict[str, None] = {}
    for candidate in candidates:
        if not candidate:
            continue
        try:
            identifier = identifiers.parse(candidate)
        except SourceError:
            continue
        if not identifier.startswith("paper:"):
            found[identifier] = None
    return tuple(found)


def fingerprint(title: str, authors: tuple[str, ...] = (), year: int | None = None) -> str:
    """Return a key for a record whose source names none: the same paper gets the same key in any file."""
    words = (title_key(title) or title, surname(authors[0]) if authors else "", str(year or ""))
    return blake2b("\n".join(words).encode("utf-8", "replace"), digest_size=8).hexdigest()


def content_start(head: bytes) -> bytes:
    """Return the first bytes without byte order mark and blanks."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()
