"""The shapes of the API's answers, as the OpenAPI document states them.

They are never filled in: answers are written straight from our own types by ``export.to_json``, which a test holds
against these shapes.
"""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """A part of an answer; it has these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class LinkBody(Body):
    kind: str = Field(description="page, pdf, code, project or discussion")
    url: str


class VersionBody(Body):
    number: int
    submitted: dt.date | None
    note: str | None


class CountBody(Body):
    kind: str = Field(description="upvotes, comments, stars or citations")
    value: int
    at: dt.datetime | None


class PaperBody(Body):
    id: str = Field(description="Its best external id, as arxiv:2106.09685")
    title: str
    abstract: str
    authors: list[str]
    ids: list[str]
    categories: list[str] = Field(description="Primary first")
    keywords: list[str]
    venue: str | None
    year: int | None
    submitted: dt.date | None
    updated: dt.date | None
    announced: dt.date | None
    listed: dt.date | None = Field(description="When readers first put it forward, as on Daily Papers")
    comment: str | None
    journal: str | None
    links: list[LinkBody]
    versions: list[VersionBody]
    counts: list[CountBody]
    withdrawn: bool
    sources: list[str]


class FieldChangeBody(Body):
    field: str
    before: str = Field(description='Lists are joined with "; "')
    after: str


class RevisionBody(Body):
    source: str
    seen: dt.datetime
    version: int | None = Field(description="The number that brought it, where one is known")
    changes: list[FieldChangeBody]


class WholePaperBody(PaperBody):
    revisions: list[RevisionBody] = Field(description="What its sources changed, newest first")


class PartsBody(Body):
    words: float
    meaning: float


class HitBody(Body):
    paper: PaperBody
    score: float
    parts: PartsBody = Field(description="They add up to the score")
    is_new: bool


class FacetBody(Body):
    value: str
    count: int
    query: str = Field(description="The term to add to the query, as year:2024")


class PageBody(Body):
    hits: list[HitBody]
    total: int = Field(description="All hits that paging can reach")
    cursor: str | None = Field(description="Asks for the next page; null on the last")
    facets: dict[str, list[FacetBody]]
    note: str | None = Field(description="Says in words when the question was answered otherwise than asked")
    milliseconds: float


class DayBody(Body):
    date: dt.date
    previous: dt.date | None = Field(description="The nearest earlier day that has papers")
    next: dt.date | None
    page: PageBody


class StatsBody(Body):
    papers: int
    records: int
    quarantined: int
    by_source: dict[str, int]
    by_year: dict[str, int]
    first_day: dt.date | None
    last_day: dt.date | None
    bytes_store: int
    bytes_index: int


class LimitBody(Body):
    gate: str = Field(description="The hosts that share it")
    interval: float = Field(description="Seconds between two requests")
    most: int | None = Field(description="Requests in a window; null where no number is given")
    window: float = Field(description="Seconds")


class SourceBody(Body):
    name: str
    enabled: bool
    succeeded: dt.datetime | None = Field(description="When its last run ended well")
    newest: dt.date | None = Field(description="The newest announcement that is held")
    behind: int = Field(description="Announcements that are out and not held")
    next_run: dt.datetime | None
    next_call: dt.datetime | None = Field(description="When its host may be asked again")
    started: dt.datetime | None = Field(description="The last run")
    running: bool
    used: int = Field(description="Requests in the present window of its limit")
    limit: LimitBody | None
    lacks: str | None = Field(description="The setting without which it cannot work, in words")
    error: str | None = Field(description="Of the last run, if it failed")
    note: str | None = Field(description="What the last run has to say")
    read: int = Field(description="Records in the last run")
    new: int
    quarantined: int


class ProblemBody(Body):
    code: str
    message: str
    position: int | None = Field(None, description="Where in the query, counted from 0")
    suggestion: str | None = Field(None, description="A query that would work")


class ErrorBody(Body):
    error: ProblemBody
