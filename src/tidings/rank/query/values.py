"""What stands after a field's colon, as a filter."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Collection, Iterable
from datetime import date
from difflib import get_close_matches

from tidings import identifiers
from tidings.errors import TidingsError
from tidings.rank.query.tokens import TEXT_FIELDS, has_letters
from tidings.types import Between, Filter, Has, Term

# What the readers of tidings.sources name; an archive may hold others, from files in our own form.
_SYNCED = ("acl", "arxiv", "biorxiv", "crossref", "huggingface", "openalex", "openreview", "semanticscholar")
_IN_FILES = ("bibtex", "listing", "proceedings", "ris", "sample", "zotero")
SOURCES = frozenset((*_SYNCED, *_IN_FILES))
HAS = ("abstract", "code", "doi", "pdf", "venue")

_ONE_WORD = re.compile(r"[\w+#]+")
_EDGES = ".,;:!?"
_YEAR = re.compile(r"\d{4}", re.ASCII)
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", re.ASCII)
_ARXIV_CATEGORY = re.compile(r"([a-z-]+)(?:\.([a-z-]+))?", re.IGNORECASE)
_LOWER_CLASSES = frozenset({"cond-mat", "physics"})  # physics.optics, but cs.CL


class ValueProblemError(Exception):
    """A value that cannot be read, and the value to suggest for it, if there is one."""

    def __init__(self, message: str, instead: str | None = None) -> None:
        super().__init__(message)
        self.instead = instead


def field_filter(field: str, text: str, quoted: bool, sources: Collection[str] | None) -> Filter:
    """Return the filter of ``field:text``; any source will do where ``sources`` is None.

    Raises ValueProblemError where the value makes no sense.
    """
    text = " ".join(text.replace('"', "").split())
    if field in TEXT_FIELDS:
        return word(text, field, quoted)
    if not has_letters(text):
        raise ValueProblemError(f"{text!r} is no value for {field}:")
    return source(text, sources) if field == "source" else _READERS[field](text)


def word(text: str, field: str | None, quoted: bool) -> Term:
    """Return the term of a word; one that an index would cut (``low-rank``) is a phrase."""
    text = text if quoted else text.replace('"', "").strip(_EDGES)
    if not has_letters(text):
        raise ValueProblemError(f"{text!r} holds no letter and no digit")
    return Term(text, field, quoted or not _ONE_WORD.fullmatch(text))


def category(text: str) -> Term:
    """Return a category term, arXiv's in arXiv's spelling whatever its case: ``CS.cl`` is ``cs.CL``."""
    text = text.removesuffix(".*")
    match = _ARXIV_CATEGORY.fullmatch(text)
    if match is None or not identifiers.is_arxiv_category(match[1].lower()):
        return Term(text, "category")
    archive, group = match[1].lower(), match[2]
    if group is None:
        return Term(archive, "category")
    return Term(f"{archive}.{group.lower() if archive in _LOWER_CLASSES else group.upper()}", "category")


def source(text: str, sources: Collection[str] | None) -> Term:
    """Return a source term; a source that is not among ``sources`` is refused."""
    name = text.lower()
    if sources is not None and name not in sources:
        raise ValueProblemError(f"unknown source {text!r} ({_listed(sources)})", _nearest(name, sources))
    return Term(name, "source")


def identifier(text: str) -> Term:
    """Return an id term with the normal form of the id or address."""
    try:
        return Term(identifiers.parse(text), "id")
    except TidingsError as error:
        raise ValueProblemError(f"{text!r} is no id of a paper (arxiv:2106.09685 and doi:10.1000/xyz are)") from error


def has(text: str) -> Has:
    """Return the filter of what a paper has; an unknown thing is refused."""
    name = text.lower()
    if name not in HAS:
        raise ValueProblemError(f"unknown has:{text} ({_listed(HAS)})", _nearest(name, HAS))
    return Has(name)


def years(text: str) -> Between:
    """Return a closed range of years: ``2024``, ``2023..2025``, ``2023..`` or ``..2020``."""
    low, high = _range(text)
    return _between("year", _year(low), _year(high), text)


def dates(text: str) -> Between:
    """Return a closed range of days; a month or a year stands for all its days."""
    low, high = _range(text)
    first, last = _days(low), _days(high)
    return _between("date", first and first[0].toordinal(), last and last[1].toordinal(), text)


def _range(text: str) -> tuple[str, str]:
    low, dots, high = text.partition("..")
    if not dots:
        return text, text
    if not low and not high:
        raise ValueProblemError("a range needs at least one end")
    return low, high


def _between(field: str, low: int | None, high: int | None, text: str) -> Between:
    if low is not None and high is not None and low > high:
        first, _, last = text.partition("..")
        raise ValueProblemError(f"the range {text} ends before it begins", f"{last}..{first}")
    return Between(field, low, high)


def _year(text: str) -> int | None:
    if not text:
        return None
    if not _YEAR.fullmatch(text):
        raise ValueProblemError(f"{text!r} is no year (2024, 2023..2025, 2023.. or ..2020)", _dotted(text))
    return int(text)


def _dotted(text: str) -> str | None:
    """Return ``2023..2025`` for ``2023-2025``."""
    match = re.fullmatch(r"(\d{4})[-–—](\d{4})", text, re.ASCII)
    return f"{min(match.groups())}..{max(match.groups())}" if match else None


def _days(text: str) -> tuple[date, date] | None:
    """Return the first and last day of ``2025-03-20``, ``2025-03`` or ``2025``; None for an open end."""
    if not text:
        return None
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueProblemError(f"{text!r} is no date (2025-03-20, 2025-03 or 2025)")
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
        last_month = month or 12
        return first, date(first.year, last_month, day or calendar.monthrange(first.year, last_month)[1])
    except ValueError as error:
        raise ValueProblemError(f"there is no day {text}") from error


def _nearest(name: str, names: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(name, sorted(names), 1, 0.5)), None)


def _listed(names: Iterable[str]) -> str:
    return "there are " + ", ".join(sorted(names))


_READERS: dict[str, Callable[[str], Filter]] = {
    "category": category,
    "id": identifier,
    "has": has,
    "year": years,
    "date": dates,
}
