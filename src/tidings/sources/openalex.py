"""OpenAlex: citations, venues, topics and open copies of the papers we hold.

API: https://developers.openalex.org/api-reference/works. Since 13 February 2026 a key is required; a free one allows
$1 a day, which is 10,000 requests of this kind: https://developers.openalex.org/api-reference/authentication. The day
begins at midnight UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

import msgspec

from tidings.errors import FetchError, SourceError
from tidings.sources.client import Answer
from tidings.sources.enrichment import Asked, Enrichment, described, journal_of, required_key
from tidings.sources.formats.common import Outcome, ids_of, refusal, year_of
from tidings.sources.registry import Means
from tidings.types import Limit, Paper, Record

_SITE = "https://openalex.org/"
_ARXIV_DOI = "10.48550/arxiv."
_SELECT = "id,doi,title,publication_year,cited_by_count,primary_location,best_oa_location,locations,topics,biblio"
_BETWEEN = frozenset(",|")  # part the conditions and values of a filter, and cannot be escaped
_REFUSED = frozenset((403, 429))  # https://developers.openalex.org/api-reference/errors


class _Venue(msgspec.Struct, frozen=True):
    display_name: str | None = None
    type: str | None = None


class _Location(msgspec.Struct, frozen=True):
    landing_page_url: str | None = None
    pdf_url: str | None = None
    source: _Venue | None = None


class _Topic(msgspec.Struct, frozen=True):
    display_name: str


class _Print(msgspec.Struct, frozen=True):
    volume: str | None = None
    issue: str | None = None
    first_page: str | None = None
    last_page: str | None = None


class _Work(msgspec.Struct, frozen=True):
    id: str
    doi: str | None = None
    title: str | None = None
    publication_year: int | None = None
    cited_by_count: int | None = None
    primary_location: _Location | None = None
    best_oa_location: _Location | None = None
    locations: list[_Location] | None = None
    topics: list[_Topic] | None = None
    biblio: _Print | None = None


class _Works(msgspec.Struct, frozen=True):
    results: list[msgspec.Raw]


class Openalex(Enrichment):
    """What OpenAlex knows, 100 papers at a time: as many values as a filter may have, and works a page."""

    name = "openalex"
    limit = Limit("openalex.org", 0.2, most=10_000)
    size = 100

    def __init__(self, means: Means) -> None:
        settings = means.settings.openalex
        super().__init__(means, every=settings.every, again=settings.again)
        self._key = required_key(settings.key, "OpenAlex", "TIDINGS_OPENALEX_KEY_FILE")
        self._url = f"{settings.url.rstrip('/')}/works"

    def _identifier(self, paper: Paper) -> str | None:
        """Return a publisher's DOI, else the arXiv id: arXiv gives every paper a DOI made of it."""
        known = (value for kind in ("doi:", "arxiv:") for value in paper.ids if value.startswith(kind))
        return next((value for value in known if not _BETWEEN & set(value)), None)

    def _ask(self, asked: Sequence[Asked]) -> list[Outcome]:
        wanted = {one.identifier: one for one in asked}
        works = self._works([_doi(identifier) for identifier in wanted]).json(_Works).results
        found: dict[str, Record] = {}
        refused: list[Outcome] = []
        for raw in works:
            try:
                self._keep(msgspec.json.decode(raw, type=_Work), wanted, found)
            except (msgspec.MsgspecError, UnicodeDecodeError, SourceError) as error:
                refused.append(refusal(self.name, _where(raw), error, bytes(raw)))
        return [*found.values(), *refused]

    def _works(self, dois: Sequence[str]) -> Answer:
        parameters: dict[str, str | int | list[str]] = {
            "filter": f"doi:{'|'.join(dois)}",
            "select": _SELECT,
            "per_page": self.size,
            "api_key": self._key,
        }
        try:
            return self._client.get(self._url, self.limit, params=parameters)
        except FetchError as error:
            if error.status in _REFUSED:
                raise self._refused_for_today(error) from error
            raise

    def _refused_for_today(self, error: FetchError) -> FetchError:
        midnight = datetime.combine(self._now().astimezone(UTC).date() + timedelta(days=1), time(), UTC)
        said = f"OpenAlex answers no more today; the next allowance begins at midnight UTC ({error})"
        return FetchError(said, status=error.status, retry_at=max(midnight, error.retry_at or midnight))

    def _keep(self, work: _Work, wanted: dict[str, Asked], found: dict[str, Record]) -> None:
        """Note what a work says; of several works of one paper the one that is cited most is meant."""
        said = tuple(_ids(work))
        asked = next((wanted[value] for value in said if value in wanted), None)
        record = self._record(asked, said, work) if asked else None
        if asked and record and _citations(record) >= _citations(found.get(asked.identifier)):
            found[asked.identifier] = record

    def _record(self, asked: Asked, said: Sequence[str], work: _Work) -> Record | None:
        venue, printed = _venue(work), work.biblio or _Print()
        pages = "-".join(dict.fromkeys(filter(None, (printed.first_page, printed.last_page))))
        return described(
            asked,
            said,
            source=self.name,
            key=work.id.removeprefix(_SITE),
            title=work.title,
            at=self._now(),
            citations=work.cited_by_count,
            venue=venue,
            year=year_of(work.publication_year),
            keywords=(topic.display_name for topic in work.topics or ()),
            journal=journal_of(venue, printed.volume, printed.issue, pages),
            pdf=work.best_oa_location.pdf_url if work.best_oa_location else None,
        )


def _doi(identifier: str) -> str:
    kind, _, value = identifier.partition(":")
    return _ARXIV_DOI + value if kind == "arxiv" else value


def _ids(work: _Work) -> Iterator[str]:
    """Yield the work's DOI, and the arXiv paper among its copies; of several nobody knows which one it is."""
    own = ids_of(work.doi)
    yield from own
    copies = dict.fromkeys(value for copy in work.locations or () for value in ids_of(copy.landing_page_url))
    arxiv = [value for value in copies if value.startswith("arxiv:") and value not in own]
    if len(arxiv) == 1:
        yield arxiv[0]


def _venue(work: _Work) -> str | None:
    """Return where a work was published; an archive that keeps copies published nothing."""
    source = work.primary_location.source if work.primary_location else None
    return source.display_name if source and source.type != "repository" else None


def _citations(record: Record | None) -> int:
    return max((count.value for count in record.counts), default=0) if record else -1


def _where(raw: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(raw, type=_Named).id
    except msgspec.MsgspecError:
        return "a work"


class _Named(msgspec.Struct, frozen=True):
    id: str
