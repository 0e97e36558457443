"""The JSON API of topics. Anybody may ask; following takes the scope ``interests``, changing them ``curate``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Security
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from tidings.catalog.topics import EMERGING_DAYS
from tidings.errors import InputError
from tidings.export import to_json
from tidings.web.accounts import bearer
from tidings.web.api import Cursor, Limit, json
from tidings.web.bodies import ErrorBody, LineBody, PaperBody
from tidings.web.readers import reader_of
from tidings.web.site import of
from tidings.web.topics import which_of

if TYPE_CHECKING:
    from tidings.errors import InputError
from tidings.types import Birth, Topic, TopicLine

_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "The error, and what to do about it"}
}
router = APIRouter(prefix="/api", responses=_RESPONSES)
signed = APIRouter(prefix="/api", responses=_RESPONSES, dependencies=[Security(bearer)])
"""What takes a token, or a browser that is signed in."""

Which = Annotated[str, Path(max_length=100, description="The number of the topic, or its name")]
Number = Annotated[int, Path(ge=1, lt=2**31, description="The number of the topic")]


class TopicBody(BaseModel):
    number: int
    name: str
    level: Literal["area", "topic"]
    area: int | None = Field(description="The number of the area that a topic is in")
    words: list[str]
    size: int = Field(description="How many papers it has")
    weeks: list[int] = Field(description="Papers of each of the last 26 weeks, the oldest first")
    growth: float = Field(description="Its share of the last 8 weeks over its share of the year before")
    half_life: int | None = Field(description="The age in days that half of its papers have at most")
    born: dt.datetime
    pinned: bool
    papers: list[PaperBody] = Field(description="Papers that stand for it")


class AreaBody(TopicBody):
    topics: list[TopicBody]


class TreeBody(BaseModel):
    areas: list[AreaBody]
    fitted: dt.datetime | None = Field(description="When topics were fitted last; null where they never were")


class NamedBody(BaseModel):
    number: int
    name: str


class CountedBody(BaseModel):
    name: str
    papers: int


class WholeTopicBody(TopicBody):
    topics: list[TopicBody] = Field(description="Those of an area")
    neighbours: list[NamedBody]
    first: PaperBody | None
    authors: list[CountedBody]
    venues: list[CountedBody]
    years: dict[str, int]


class BirthBody(BaseModel):
    topic: TopicBody
    between: list[NamedBody]
    first: list[PaperBody]
    sure: float
    at: dt.datetime


class BirthsBody(BaseModel):
    births: list[BirthBody]


class TopicPapersBody(BaseModel):
    papers: list[PaperBody]
    total: int
    cursor: str | None


class FollowedBody(BaseModel):
    interest: int = Field(description="The number of the interest that was made")
    name: str


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TopicChange(_Asked):
    name: str | None = Field(None, min_length=1, max_length=80)
    pinned: bool | None = None


class MergeAsked(_Asked):
    into: int = Field(ge=1, lt=2**31, description="The number of the topic that takes it in")


class SplitAsked(_Asked):
    parts: int = Field(2, ge=2, le=8)


class LinesBody(BaseModel):
    lines: list[int] = Field(description="Of the audit log")


# --- asking ---


@router.get("/topics", response_model=TreeBody)
def topics(request: Request) -> Response:
    """Return areas with their topics, the largest first."""
    catalog = of(request).catalog
    areas = [{**_line(area.line), "topics": [_line(leaf) for leaf in area.leaves]} for area in catalog.topics()]
    return json({"areas": areas, "fitted": catalog.topics_state().fitted})


@router.get("/topics/emerging", response_model=BirthsBody)
def emerging(
    request: Request,
    days: Annotated[int, Query(ge=1, le=3_660, description="How far back")] = EMERGING_DAYS,
) -> Response:
    """Return the topics that were born lately, the newest first."""
    return json({"births": [_birth(birth) for birth in of(request).catalog.emerging(days=days)]})


@router.get("/topics/{which}", response_model=WholeTopicBody)
def topic(request: Request, which: Which) -> Response:
    """Return all about a topic; one that was merged is what took it in."""
    found = of(request).catalog.topic(which_of(which))
    return json(
        {
            **_line(found.line),
            "topics": [_line(leaf) for leaf in found.leaves],
            "neighbours": [_named(each) for each in found.neighbours],
            "first": to_json(found.first) if found.first else None,
            "authors": [{"name": name, "papers": count} for name, count in found.authors],
            "venues": [{"name": name, "papers": count} for name, count in found.venues],
            "years": {str(year): count for year, count in found.years.items()},
        }
    )


@router.get("/topics/{which}/papers", response_model=TopicPapersBody)
def topic_papers(
    request: Request,
    which: Which,
    *,
    by: Annotated[Literal["newest", "voted", "central"], Query(description="In which order")] = "newest",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Return the papers of a topic."""
    page = of(request).catalog.topic_papers(which_of(which), sort=by, limit=limit, cursor=cursor)
    return json({"papers": [to_json(hit.paper) for hit in page.hits], "total": page.total, "cursor": page.cursor})


# --- doing ---


@signed.post("/topics/{number}/follow", response_model=FollowedBody, status_code=201)
def follow_topic(request: Request, number: Number) -> Response:
    """Make an interest of a topic. Takes the scope ``interests``."""
    made = of(request).catalog.follow_topic(reader_of(request), number)
    return json({"interest": made.id, "name": made.name}, 201)


@signed.patch("/topics/{number}", response_model=LinesBody)
def change_topic(request: Request, number: Number, asked: TopicChange) -> Response:
    """Rename a topic, or pin it. Takes the scope ``curate``."""
    if asked.name is None and asked.pinned is None:
        raise InputError("say what is to be changed: the name, or whether it is pinned")
    catalog, reader, lines = of(request).catalog, reader_of(request), list[int]()
    if asked.name is not None:
        lines.append(catalog.rename_topic(reader, number, asked.name))
    if asked.pinned is not None:
        lines.append(catalog.pin_topic(reader, number, asked.pinned))
    return json({"lines": lines})


@signed.post("/topics/{number}/merge", response_model=LineBody)
def merge_topics(request: Request, number: Number, asked: MergeAsked) -> Response:
    """Let a topic take in another one. Takes the scope ``curate``."""
    return json({"line": of(request).catalog.merge_topics(reader_of(request), number, asked.into)})


@signed.post("/topics/{number}/split", response_model=LineBody)
def split_topic(request: Request, number: Number, asked: SplitAsked) -> Response:
    """Make several topics of one. Takes the scope ``curate``."""
    return json({"line": of(request).catalog.split_topic(reader_of(request), number, asked.parts)})


# --- shapes ---


def _line(line: TopicLine) -> dict[str, Any]:
    kept = line.topic
    return {
        "number": kept.id,
        "name": kept.name,
        "level": "topic" if kept.level else "area",
        "area": kept.parent_id,
        "words": kept.words,
        "size": line.size,
        "weeks": line.weeks,
        "growth": round(line.growth, 3),
        "half_life": line.half_life,
        "born": kept.born,
        "pinned": kept.pinned,
        "papers": [to_json(paper) for paper in line.papers],
    }


def _named(topic: Topic) -> dict[str, Any]:
    return {"number": topic.id, "name": topic.name}


def _birth(birth: Birth) -> dict[str, Any]:
    return {
        "topic": _line(birth.line),
        "between": [_named(each) for each in birth.between],
        "first": [to_json(paper) for paper in birth.first],
        "sure": round(birth.sure, 4),
        "at": birth.at,
    }
