"""Crossref: venues, years and citations of the papers we hold that have a publisher's DOI.

API: https://www.crossref.org/documentation/retrieve-metadata/rest-api/. No key; who says in the User-Agent how to be
reached (TIDINGS_CONTACT) is in the polite pool. The DOIs of arXiv's preprints are DataCite's, and unknown here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from tidings.errors import SourceError
from tidings.sources.enrichment import Asked, Enrichment, described, journal_of
from tidings.sources.formats.common import Outcome, ids_of, refusal, year_of
from tidings.sources.registry import Means
from tidings.types import Limit, Paper, Record

_SELECT = "DOI,title,container-title,issued,volume,issue,page,is-referenced-by-count"
_BETWEEN = ","  # parts the conditions of a filter, and cannot be escaped

# Titles hold the markup of the publisher's page: HTML, JATS, MathML (https://www.crossref.org/documentation/schema-library)
_ATTRIBUTES = r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*\s*"
_FORMULA = re.compile(rf"</?(?:mml:)?math{_ATTRIBUTES}>")
_TAG = re.compile(rf"</?[a-z][a-z0-9]*(?:[:-][a-z0-9-]+)?{_ATTRIBUTES}/?>", re.IGNORECASE)
_PERIOD = re.compile(r"(\d{1,6})\s*s?")


class _Day(msgspec.Struct, frozen=True, rename={"parts": "date-parts"}):
    parts: list[list[int | None]] | None = None


class _Work(msgspec.Struct, frozen=True, rename="kebab"):
    doi: str = msgspec.field(name="DOI")
    title: list[str] | None = None
    container_title: list[str] | None = None
    issued: _Day | None = None
    volume: str | None = None
    issue: str | None = None
    page: str | None = None
    is_referenced_by_count: int | None = None


class _List(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]


class _Answer(msgspec.Struct, frozen=True):
    message: _List


class Crossref(Enrichment):
    """What Crossref knows, 50 papers at a time: longer addresses are not answered everywhere."""

    name = "crossref"
    # Lists: three a second in the polite pool, one in the public one, since December 2025
    # (https://doi.org/10.64000/wadve-3tj60).
    limit = Limit("crossref.org", 1.0)
    size = 50

    def __init__(self, means: Means) -> None:
        settings = means.settings.crossref
        super().__init__(means, every=settings.every, again=settings.again)
        self._url = f"{settings.url.rstrip('/')}/works"

    def _identifier(self, paper: Paper) -> str | None:
        return next((value for value in paper.ids if value.startswith("doi:") and _BETWEEN not in value), None)

    def _ask(self, asked: Sequence[Asked]) -> list[Outcome]:
        wanted = {one.identifier: one for one in asked}
        condition = ",".join(wanted)  # "doi:10.1038/…" is our normal form and their filter
        parameters: dict[str, str | int | list[str]] = {"filter": condition, "rows": self.size, "select": _SELECT}
        answer = self._client.get(self._url, self.limit, params=parameters)
        self._obey(answer.headers)
        outcomes = (self._outcome(raw, wanted) for raw in answer.json(_Answer).message.items)
        return [outcome for outcome in outcomes if outcome is not None]

    def _obey(self, headers: Mapping[str, str]) -> None:
        """Ask no more often from now on than Crossref says that it answers."""
        times = _PERIOD.fullmatch(headers.get("x-rate-limit-limit", ""))
        period = _PERIOD.fullmatch(headers.get("x-rate-limit-interval", ""))
        if times and period and int(times[1]):
            interval = int(period[1]) / int(times[1])
            self.limit = replace(self.limit, interval=max(type(self).limit.interval, interval))

    def _outcome(self, raw: msgspec.Raw, wanted: Mapping[str, Asked]) -> Outcome | None:
        try:
            work = msgspec.json.decode(raw, type=_Work)
            said = ids_of(f"doi:{work.doi}")
            asked = wanted.get(said[0]) if said else None
            return self._record(asked, said, work) if asked else None
        except (msgspec.MsgspecError, UnicodeDecodeError, SourceError) as error:
            return refusal(self.name, _where(raw), error, bytes(raw))

    def _record(self, asked: Asked, said: Sequence[str], work: _Work) -> Record | None:
        # A series stands before the volume in it.
        names: list[str | None] = [plain_title(name) for name in work.container_title or ()] or [None]
        return described(
            asked,
            said,
            source=self.name,
            key=work.doi.lower(),
            title=plain_title(work.title[0]) if work.title else None,
            at=self._now(),
            citations=work.is_referenced_by_count,
            venue=names[-1],
            year=_year(work.issued),
            journal=journal_of(names[0], work.volume, work.issue, work.page),
        )


def plain_title(text: str) -> str:
    """Return a title without the markup of a publisher's page; TeX stays as it is."""
    return _TAG.sub("", _FORMULA.sub(" ", html.unescape(text)))


def _year(day: _Day | None) -> int | None:
    """Return the year of a date whose month and day may be missing, and the year itself null."""
    parts = day.parts[0] if day and day.parts else []
    return year_of(parts[0]) if parts else None


def _where(raw: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(raw, type=_Named).doi
    except msgspec.MsgspecError:
        return "a work"


class _Named(msgspec.Struct, frozen=True):
    doi: str = msgspec.field(name="DOI")
