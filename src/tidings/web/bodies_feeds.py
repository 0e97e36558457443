"""The shapes of the API's answers about interests and feeds, as the OpenAPI document states them (see ``bodies``)."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from tidings.web.bodies import Body, PaperBody


class InterestBody(Body):
    number: int
    owner: str | None = Field(description="Null where that person is not named")
    name: str
    words: str
    query: str = Field(description="In the search language")
    visibility: str = Field(description="private or lab (every member)")
    created: dt.datetime
    changed: dt.datetime = Field(description="When its words or examples last did")
    liked: int
    dismissed: int


class InterestsBody(Body):
    own: list[InterestBody]
    others: list[InterestBody] = Field(description="Those of others that they share with the lab")


class ExampleBody(Body):
    paper: PaperBody
    verdict: str = Field(description="liked or dismissed; of somebody else's only what is liked")
    at: dt.datetime


class WholeInterestBody(InterestBody):
    examples: list[ExampleBody] = Field(description="The latest first")
    total: int = Field(description="How many examples there are")


class MadeBody(Body):
    interest: InterestBody
    missing: list[str] = Field(description="Papers that the archive does not hold; those of an import wait in it")


class SaidBody(Body):
    paper: str
    verdict: str = Field(description="liked, dismissed or taken back")


class LineOfFileBody(Body):
    paper: str
    verdict: str = Field(description="like or dismiss")
    at: dt.datetime
    title: str


class ExportBody(Body):
    form: str
    name: str
    words: str
    query: str
    created: dt.datetime | None
    examples: list[LineOfFileBody]
    line: dict[str, object] | None = Field(description="What was learnt of where its line is")


class NamedBody(Body):
    id: str
    title: str


class InfluenceBody(NamedBody):
    share: float = Field(description="Points that this like gave")


class TellingBody(Body):
    word: str
    share: float


class ReasonBody(Body):
    likes: list[InfluenceBody] = Field(description="The likes that decided, the strongest first")
    words: list[TellingBody]
    sentence: str | None = Field(
        description="Of the abstract, the one that mattered most; of the first papers of a page"
    )
    author: str | None = Field(description="Whom one follows")
    by_likes: float = Field(description="Points of all likes together")
    by_text: float = Field(description="Points of the interest's own words")
    by_dismissals: float


class FeedHitBody(Body):
    paper: PaperBody
    is_strong: bool = Field(description="Above the line, or of a followed author")
    reason: ReasonBody
    score: float = Field(description="In standard deviations over the archive")
    height: float = Field(description="How rare such a score is: 10 is one recent paper in a thousand")
    interest_id: int = Field(description="The number of the interest that speaks for it; 0 where none does")
    interest: str
    verdict: int = Field(description="1 liked, -1 dismissed, 0 neither")
    opened: bool
    votes: int
    likers: list[str] = Field(description="Other members who like it in an interest that they share")
    alike: list[NamedBody] = Field(description="Papers that say nearly the same, not listed apart")
    chance: float | None = Field(
        description="How likely the one from outside one's interests was to be drawn; null of all others"
    )
    likely: float | None = Field(
        description="The share of papers shown here that stand like this one and are liked; null where unknown"
    )


class FeedBody(Body):
    hits: list[FeedHitBody]
    total: int
    start: dt.date
    end: dt.date = Field(description="The newest day that the archive holds")
    looked_at: int
    filtered: int = Field(description="Do not pass the query of any interest")
    muted: int
    dismissed: int
    seen: int
    strong: int
    below: int
    cursor: str | None
    note: str | None = Field(description="Why there is nothing, or nothing strong")
    milliseconds: float


class WhyNotBody(Body):
    paper: PaperBody
    interest: str
    causes: list[str] = Field(description="Sentences; none where the feed lists it above the line")
    is_listed: bool
    rank: int | None
    of: int
    height: float | None
    line: float | None
    short: float = Field(description="By how much its height misses the line")
    shown: dt.datetime | None
    reason: ReasonBody
    likely: float | None = Field(description="As of a paper in a feed")


class RuleBody(Body):
    kind: str = Field(description="mute-word, mute-author or follow-author")
    value: str
    at: dt.datetime
