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


class TopicOfPaperBody(Body):
    number: int
    name: str
    area: str | None
    confidence: float = Field(description="How sure it is, 0 to 1")


class TagOfPaperBody(Body):
    number: int
    name: str
    confidence: float = Field(description="How sure it is, 0 to 1; 1 is what a curator said")


class WholePaperBody(PaperBody):
    revisions: list[RevisionBody] = Field(description="What its sources changed, newest first")
    topic: TopicOfPaperBody | None
    tags: list[TagOfPaperBody] = Field(description="The surest first, three at most; none in doubt")


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


# --- what people say ---


class StandingBody(Body):
    votes: int = Field(description="Of this installation's people")
    voted: bool = Field(description="By whoever asks")
    submitter: str | None = Field(description="Who put it forward here, where that person is named")
    picked: dt.date | None = Field(description="The day whose pick a curator made it")
    hidden: str | None = Field(description="Why a curator keeps it off the lists")


class TrendPartsBody(Body):
    own: float = Field(description="Votes here")
    outside: float = Field(description="Votes elsewhere")
    age: float = Field(description="What time took; 0 or less")
    velocity: float = Field(description="Votes of the last day")
    novelty: float = Field(description="Being new, and what the text promises")
    field: float = Field(description="What is usual in its category; 0 or less")


class TrendCountsBody(Body):
    votes: int = Field(description="Votes here")
    upvotes: int = Field(description="Elsewhere, as everything that follows")
    comments: int
    stars: int
    citations: int


class TrendHitBody(Body):
    paper: PaperBody
    score: float = Field(description="In doublings: a point more is twice the votes")
    parts: TrendPartsBody = Field(description="They add up to the score")
    counts: TrendCountsBody
    final: tuple[int, int] | None = Field(
        description="Between how many upvotes elsewhere it ends with a probability of 80 %, where that can be told"
    )
    is_rising: bool = Field(description="Whether many more upvotes elsewhere are likely")
    standing: StandingBody
    is_new: bool


class TrendBody(Body):
    hits: list[TrendHitBody]
    total: int
    cursor: str | None = Field(description="Asks for the next page; null on the last")
    categories: list[FacetBody] = Field(description="How many papers of each category the whole list has")
    previous: dt.date | None = Field(description="The nearest day before that has papers")
    next: dt.date | None


class VoteBody(Body):
    votes: int = Field(description="How many the paper has now")
    voted: bool


class SubmittedBody(Body):
    paper: PaperBody
    was_held: bool = Field(description="Whether it was here before; else its publisher was asked")
    is_first: bool = Field(description="Whether nobody had put it forward yet")


class LineBody(Body):
    line: int = Field(description="Of the audit log")


class ShelfBody(Body):
    number: int
    name: str
    visibility: str = Field(description="private, lab (every member) or link (whoever has its address)")
    owner: str | None = Field(description="Null where that person is not named")
    link: str | None = Field(description="The address that a shelf with a link has")
    count: int
    created: dt.datetime


class ShelvesBody(Body):
    own: list[ShelfBody]
    others: list[ShelfBody] = Field(description="Those of others that every member sees")


class ShelfEntryBody(Body):
    paper: PaperBody
    note: str
    at: dt.datetime = Field(description="When it was put there")


class WishBody(Body):
    member: str | None = Field(description="Null where that person is not named")
    shelf: int = Field(description="The number of the shelf that it stands on")
    shelf_name: str
    note: str
    at: dt.datetime = Field(description="When it was put there")


class WantedBody(Body):
    paper: PaperBody
    wishes: list[WishBody] = Field(description="The first wish first")


class QueueBody(Body):
    wanted: list[WantedBody] = Field(description="What most members want first")
    total: int


class WholeShelfBody(ShelfBody):
    entries: list[ShelfEntryBody] = Field(description="The latest first")


# --- how things stand ---


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
