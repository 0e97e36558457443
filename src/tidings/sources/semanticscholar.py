"""Semantic Scholar: citations, venues, fields of study and further ids of the papers we hold.

API: https://api.semanticscholar.org/api-docs/graph. Without a key all the world shares one allowance, and most requests
are refused, so a key is required; it grants one request a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tidings.errors import FetchError, SourceError
from tidings.sources.enrichment import Asked, Enrichment, described, journal_of, required_key
from tidings.sources.formats.common import Outcome, ids_of, refusal, year_of
from tidings.sources.registry import Means
from tidings.types import Limit, Paper, Record

# Abstracts are not asked for: some publishers' are withheld, and a paper's text comes from who publishes it.
_FIELDS = "externalIds,title,venue,year,citationCount,fieldsOfStudy,openAccessPdf,journal"
_KINDS = {"arxiv": "ARXIV", "doi": "DOI", "acl": "ACL"}  # the one asked by first
_NONE_KNOWN = "No valid paper ids given"


class _Pdf(msgspec.Struct, frozen=True):
    url: str | None = None


class _Journal(msgspec.Struct, frozen=True):
    name: str | None = None
    volume: str | None = None
    pages: str | None = None


class _Paper(msgspec.Struct, frozen=True, rename="camel"):
    paper_id: str
    title: str | None = None
    external_ids: dict[str, str | int | None] | None = None
    venue: str | None = None
    year: int | None = None
    citation_count: int | None = None
    fields_of_study: list[str] | None = None
    open_access_pdf: _Pdf | None = None
    journal: _Journal | None = None


class Semanticscholar(Enrichment):
    """What Semantic Scholar knows, 500 papers at a time."""

    name = "semanticscholar"
    limit = Limit("semanticscholar.org", 1.1)
    size = 500

    def __init__(self, means: Means) -> None:
        settings = means.settings.semanticscholar
        super().__init__(means, every=settings.every, again=settings.again)
        key = required_key(settings.key, "Semantic Scholar", "TIDINGS_SEMANTICSCHOLAR_KEY_FILE")
        self._url = f"{settings.url.rstrip('/')}/graph/v1/paper/batch"
        self._headers = {"x-api-key": key}

    def _identifier(self, paper: Paper) -> str | None:
        return next((value for kind in _KINDS for value in paper.ids if value.startswith(f"{kind}:")), None)

    def _ask(self, asked: Sequence[Asked]) -> list[Outcome]:
        answers = self._answers([_named(one.identifier) for one in asked])
        outcomes = (self._outcome(one, raw) for one, raw in zip(asked, answers, strict=True))
        return [outcome for outcome in outcomes if outcome is not None]

    def _answers(self, names: list[str]) -> list[msgspec.Raw]:
        """Return an answer for each name; ``null`` stands for a paper that is not known."""
        body = {"ids": names}
        try:
            answer = self._client.post(
                self._url, self.limit, json=body, params={"fields": _FIELDS}, headers=self._headers
            )
        except FetchError as error:
            if error.status == 400 and _NONE_KNOWN in str(error):  # so it says that it knows none of them
                return [msgspec.Raw(b"null")] * len(names)
            raise
        answers: list[msgspec.Raw] = answer.json(list[msgspec.Raw])
        if len(answers) != len(names):
            raise SourceError(f"Semantic Scholar was asked for {len(names)} papers and answered {len(answers)}")
        return answers

    def _outcome(self, asked: Asked, raw: msgspec.Raw) -> Outcome | None:
        try:
            paper = msgspec.json.decode(raw, type=_Paper | None)
            return self._record(asked, paper) if paper else None
        except (msgspec.MsgspecError, UnicodeDecodeError, SourceError) as error:
            return refusal(self.name, asked.identifier, error, bytes(raw))

    def _record(self, asked: Asked, paper: _Paper) -> Record | None:
        journal = paper.journal or _Journal()
        return described(
            asked,
            _ids(paper.external_ids or {}),
            source=self.name,
            key=paper.paper_id,
            title=paper.title,
            at=self._now(),
            citations=paper.citation_count,
            venue=paper.venue or journal.name,
            year=year_of(paper.year),
            keywords=paper.fields_of_study or (),
            journal=journal_of(journal.name, journal.volume, pages=journal.pages),
            pdf=paper.open_access_pdf.url if paper.open_access_pdf else None,
        )


def _named(identifier: str) -> str:
    kind, _, value = identifier.partition(":")
    return f"{_KINDS[kind]}:{value}"


def _ids(external: dict[str, str | int | None]) -> tuple[str, ...]:
    named = {name.lower(): value for name, value in external.items()}
    return ids_of(*(f"{kind}:{named[kind]}" for kind in _KINDS if named.get(kind)))
