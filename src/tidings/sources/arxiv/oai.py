"""The history, page by page: arXiv's OAI-PMH interface, https://info.arxiv.org/help/oa/index.html.

A record's datestamp is the day of its last change of any kind, and records come ordered by it: whoever asks ``from``
the day of the last answer misses nothing and sees that day's records again. What the documentation leaves open is
read from arXiv's code (github.com/arXiv/oaipmh).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lxml import etree

from tidings.errors import InputError, SourceError
from tidings.sources.formats.arxiv_oai import Described, describe, is_deleted, name_of
from tidings.sources.formats.arxiv_xml import refused
from tidings.sources.formats.common import Outcome, day_of, moment_of
from tidings.sources.formats.trees import local_name, tree_of

FORMAT = "arXivRaw"

# Nothing changed before, and to ask for it is an error.
EARLIEST = date(2005, 9, 16)

_PHYSICS_NAMES = "astro-ph cond-mat gr-qc hep-ex hep-lat hep-ph hep-th math-ph nlin nucl-ex nucl-th physics quant-ph"
_PHYSICS = frozenset(_PHYSICS_NAMES.split())
_ARCHIVES = _PHYSICS | {"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"}
_LOWER = frozenset(("cond-mat", "physics"))  # whose classes are words: cond-mat.str-el, physics.optics
_CLASS = re.compile("[A-Za-z]{2}|[A-Za-z]+(?:-[A-Za-z]+)?")


_MOST_KNOWN = 200_000


Head = tuple[tuple[str, str], ...]


class ExpiredTokenError(SourceError):
    """The token of a page is no longer known: they end with the day, in UTC."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of the history. ``stamps`` are the days of last change in the order of the records, ``answered`` is when
    arXiv says that it answered, ``token`` asks for the next page, ``deleted`` counts records that are no more.
    """

    items: tuple[Described | Outcome, ...]
    stamps: tuple[date, ...]
    token: str | None
    answered: datetime
    deleted: int = 0


class Known:
    """The records that a run has read: one that is listed in several categories comes with the history of each."""

    def __init__(self) -> None:
        self._read: set[int] = set()

    def is_news(self, head: Head) -> bool:
        """Tell whether a record with this header was not read before; it is known from then on."""
        mark = hash(head)
        if mark in self._read:
            return False
        if len(self._read) >= _MOST_KNOWN:
            self._read.clear()  # a long way back: what comes twice is found to be unchanged
        self._read.add(mark)
        return True


def category_of(text: str) -> str:
    """Return a category, or a whole archive, in arXiv's spelling: ``CS.lg`` is ``cs.LG``.

    Raises:
        InputError: arXiv has no such archive, or no class is written so.
    """
    archive, dot, kind = text.strip().partition(".")
    archive = archive.lower()
    kind = kind.lower() if archive in _LOWER else kind.upper()
    right = kind and _CLASS.fullmatch(kind) and (archive in _LOWER or len(kind) == 2)
    if archive not in _ARCHIVES or (dot and not right):
        raise InputError(
            f"{text!r} is no category of arXiv; one is written like cs.LG, hep-th or cond-mat.soft: "
            "https://arxiv.org/category_taxonomy"
        )
    return f"{archive}.{kind}" if dot else archive


def set_of(category: str) -> str:
    """Return the set of a category, group:archive:CATEGORY: cs:cs:LG, physics:hep-th, physics:cond-mat:soft."""
    archive, dot, kind = category.partition(".")
    named = f"{'physics' if archive in _PHYSICS else archive}:{archive}"
    return f"{named}:{kind}" if dot else named


def read_page(body: bytes, now: datetime, known: Known | None = None) -> HistoryPage:
    """Return what an answer to ListRecords holds; nothing where no record matches.

    Records that are ``known`` are left out, and those that are read become known.

    Raises:
        ExpiredTokenError: the token that was sent is no longer known.
        SourceError: it is another error, or no such answer at all.
    """
    root = tree_of(body)
    if local_name(root) != "OAI-PMH":
        raise SourceError(f"a page named {local_name(root)!r} in place of records")
    parts = {local_name(child): child for child in root.iterchildren("*")}
    answered = min(moment_of(_text(parts.get("responseDate"))) or now, now).astimezone(UTC)
    if "error" in parts:
        _raise_unless_empty(parts["error"])
        return HistoryPage((), (), None, answered)
    if "ListRecords" not in parts:
        raise SourceError("an answer with neither records nor an error")
    return _page(parts["ListRecords"], answered, Known() if known is None else known)


def _page(records: etree._Element, answered: datetime, known: Known) -> HistoryPage:
    items: list[Described | Outcome] = []
    stamps: list[date] = []
    deleted = 0
    for number, element in enumerate(records.iterchildren("{*}record"), start=1):
        if is_deleted(element):
            deleted += 1
            continue
        head = tuple(_head(element))
        if stamp := day_of(dict(head).get("datestamp")):
            stamps.append(stamp)
        if known.is_news(head):
            items.append(_item(element, number))
    token = _text(next(records.iterchildren("{*}resumptionToken"), None)) or None
    return HistoryPage(tuple(items), tuple(stamps), token, answered, deleted)


def _item(element: etree._Element, number: int) -> Described | Outcome:
    try:
        return describe(element)
    except SourceError as error:
        return refused(element, f"oai {name_of(element) or f'record {number}'}", error)


def _head(element: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of a record's header: its identifier, its datestamp, its sets."""
    for header in element.iterchildren("{*}header"):
        for child in header.iterchildren("*"):
            yield local_name(child), child.text or ""


def _raise_unless_empty(error: etree._Element) -> None:
    code, said = error.get("code", ""), " ".join((error.text or "").split())
    if code == "badResumptionToken":
        raise ExpiredTokenError(f"arXiv no longer knows the token of the page (badResumptionToken: {said})")
    if code != "noRecordsMatch":
        raise SourceError(f"arXiv says {code or 'error'}: {said or 'no more than that'}")


def _text(element: etree._Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""
