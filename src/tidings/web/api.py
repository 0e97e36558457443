"""The JSON API: the same questions as the pages, answered for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, FastAPI, Path, Query
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from tidings.errors import InputError
from tidings.export import to_json
from tidings.types import Day, Paper, PaperTag, PaperTopic
from tidings.web.asking import LARGEST_LIMIT, LONGEST_QUERY
from tidings.web.bodies import DayBody, ErrorBody, PageBody, SourceBody, StatsBody, WholePaperBody
from tidings.web.site import of, stable

if TYPE_CHECKING:
    from tidings.catalog import Catalog

router = APIRouter(
    prefix="/api", responses={"4XX": {"model": ErrorBody, "description": "The error, and what to do about it"}}
)

Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="Papers on a page")]
Cursor = Annotated[str | None, Query(max_length=4_000, description="The cursor of the page before")]
Text = Annotated[str, Query(min_length=1, max_length=LONGEST_QUERY, description="Words, or a whole abstract")]
Ids = Annotated[list[str], Query(description="Ids or addresses of papers", max_length=100)]
Sort = Annotated[Literal["relevance", "newest"], Query(description="The order of the hits")]
DayText = Annotated[str, Path(pattern=r"^\d{4}-\d{2}-\d{2}$", description="As 2025-03-20")]


@router.get("/search", response_model=PageBody)
def search(request: Request, q: Text, limit: Limit = 20, cursor: Cursor = None, sort: Sort = "relevance") -> Response:
    """Return the papers that answer a query, most related first."""
    return stable(request, lambda site: json(to_json(site.catalog.search(q, limit=limit, cursor=cursor, sort=sort))))


@router.get("/similar", response_model=PageBody)
def similar(
    request: Request,
    id: Ids = [],  # noqa: A002, B006 - the parameter's name is the address's; FastAPI copies the default
    text: Annotated[str | None, Query(max_length=LONGEST_QUERY, description="A text to resemble")] = None,
    limit: Limit = 20,
) -> Response:
    """Return the papers that resemble some papers, a text, or both."""
    if not id and not (text and text.strip()):
        raise InputError("Name at least one paper with id=, or give a text with text=.")
    return stable(request, lambda site: json(to_json(site.catalog.similar(id, text=text, limit=limit))))


@router.get("/papers/new", response_model=PageBody)
def newest(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Return the newest papers."""
    return stable(request, lambda site: json(to_json(site.catalog.newest(limit=limit, cursor=cursor))))


@router.get("/papers/date/{day}", response_model=DayBody)
def of_day(request: Request, day: DayText, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Return the papers of one day, and the nearest days that have any."""
    when = _date(day)
    return stable(request, lambda site: json(_of_day(site.catalog.day(when, limit=limit, cursor=cursor))))


@router.get("/papers/{id:path}", response_model=WholePaperBody)
def paper(request: Request, id: Annotated[str, Path(description="Any id or address of the paper")]) -> Response:  # noqa: A002
    """Return one paper, and what its sources changed. The old id of a merged paper gives the paper it became."""
    catalog = of(request).catalog
    found = catalog.paper(id)
    topic, tags = catalog.topics_of([found]).get(found.id), catalog.tags_of([found]).get(found.id, ())
    return stable(request, lambda site: json(_whole(site.catalog, found, topic, tags)), (topic, tags))


@router.get("/stats", response_model=StatsBody)
def stats(request: Request) -> Response:
    """Return how much the archive holds."""
    return stable(request, lambda site: json(dataclasses.asdict(site.catalog.stats())))


@router.get("/sources", response_model=list[SourceBody])
def sources(request: Request) -> Response:
    """Return how every source does: when it succeeded, what it holds, when it runs next, what went wrong."""
    response = json(of(request).catalog.sources())
    response.headers["Cache-Control"] = "no-store"
    return response


def describe(app: FastAPI) -> None:
    """Make the OpenAPI document say what the API does: a wrong parameter is a 400 of our shape, never FastAPI's 422."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _without_422(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend the document


def _without_422(document: dict[str, Any]) -> dict[str, Any]:
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document


def _whole(catalog: Catalog, paper: Paper, topic: PaperTopic | None, tags: Sequence[PaperTag]) -> dict[str, Any]:
    told = None
    if topic is not None:
        area = topic.area.name if topic.area else None
        told = {"number": topic.topic.id, "name": topic.topic.name, "area": area, "confidence": topic.confidence}
    sure = [{"number": each.tag.id, "name": each.tag.name, "confidence": each.confidence} for each in tags]
    return {**to_json(paper), "revisions": catalog.revisions(paper.key), "topic": told, "tags": sure}


def _of_day(day: Day) -> dict[str, Any]:
    return {"date": day.date, "previous": day.previous, "next": day.next, "page": to_json(day.page)}


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text} is not a day of the calendar.") from error


def json(body: object, status: int = 200) -> Response:
    """Return a value of ours as JSON."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")
