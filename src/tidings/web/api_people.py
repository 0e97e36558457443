"""The JSON API of what people say: trending, votes, submissions, shelves, curation."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Security
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from tidings.catalog.periods import Period
from tidings.errors import InputError
from tidings.export import to_json
from tidings.people import Standing
from tidings.web.accounts import bearer
from tidings.web.api import Cursor, Limit, json
from tidings.web.bodies import (
    ErrorBody,
    LineBody,
    QueueBody,
    ShelfBody,
    ShelvesBody,
    SubmittedBody,
    TrendBody,
    VoteBody,
    WholeShelfBody,
)
from tidings.web.readers import reader_of
from tidings.web.showing import current, said_of
from tidings.web.site import of
from tidings.web.submitting import AT_ONCE

if TYPE_CHECKING:
    from tidings.people import Reader, Shelf, Wish
    from tidings.types import Trend
    from tidings.web.entries import Said

_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "The error, and what to do about it"}
}
router = APIRouter(prefix="/api", responses=_RESPONSES)
signed = APIRouter(prefix="/api", responses=_RESPONSES, dependencies=[Security(bearer)])
"""What takes a token, or a browser that is signed in."""

PaperId = Annotated[str, Path(description="Any id or address of the paper")]
Number = Annotated[int, Path(ge=1, lt=2**31, description="The number of the shelf")]
Offset = Annotated[int, Query(ge=0, lt=2**31, description="Papers to pass over")]
Visibility = Literal["private", "lab", "link"]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SubmitAsked(_Asked):
    paper: str = Field(min_length=1, max_length=2_000, description="Its id or address")


class PickAsked(_Asked):
    day: date | None = Field(None, description="Today where none is said")


class HideAsked(_Asked):
    reason: str = Field(min_length=1, max_length=500)


class ShelfAsked(_Asked):
    name: str = Field(min_length=1, max_length=80)
    visibility: Visibility = "private"


class ShelfChange(_Asked):
    name: str | None = Field(None, min_length=1, max_length=80)
    visibility: Visibility | None = None


class EntryAsked(_Asked):
    note: str | None = Field(None, max_length=500, description="Null leaves the note that there is")


# --- trending ---


@router.get("/trending", response_model=TrendBody)
def trending(
    request: Request,
    *,
    window: Annotated[Literal["day", "3d", "week", "month"] | None, Query(description="What ends now")] = None,
    day: Annotated[str | None, Query(max_length=10, description="As 2025-03-20")] = None,
    week: Annotated[str | None, Query(max_length=8, description="As 2025-W12")] = None,
    month: Annotated[str | None, Query(max_length=7, description="As 2025-03")] = None,
    category: Annotated[str | None, Query(max_length=60, description="As cs.CL; cs is the whole archive")] = None,
    by: Annotated[Literal["both", "here", "world"], Query(description="Whose votes count")] = "both",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Return papers by votes, best first, with what each score is made of: of the last three days, unless a window, a
    day, a week or a month is asked for.
    """
    catalog = of(request).catalog
    ways = {
        "window": lambda: Period.last(window or "3d", catalog.now()),
        "day": lambda: Period.day(_date(day or "")),
        "week": lambda: Period.week(week or ""),
        "month": lambda: Period.month(month or ""),
    }
    chosen = [name for name, value in (("window", window), ("day", day), ("week", week), ("month", month)) if value]
    if len(chosen) > 1:
        raise InputError(f"ask for one of {' and '.join(chosen)}")
    period = ways[chosen[0] if chosen else "window"]()
    trend = catalog.trending(period, by=by, category=category, limit=limit, cursor=cursor)
    said = said_of(request, [hit.paper for hit in trend.page.hits], why=trend.why)
    rests_on = [(hit.paper.id, hit.score) for hit in trend.page.hits], trend.page.total
    return current(request, said, lambda _: json(_trend(trend, said)), rests_on)


# --- votes, submissions, curation ---


@signed.post("/papers/{id:path}/vote", response_model=VoteBody)
def vote(request: Request, id: PaperId) -> Response:  # noqa: A002
    """Vote for a paper; twice is once. Takes the scope ``vote``."""
    return json({"votes": of(request).catalog.vote(reader_of(request), id), "voted": True})


@signed.delete("/papers/{id:path}/vote", response_model=VoteBody)
def unvote(request: Request, id: PaperId) -> Response:  # noqa: A002
    """Take a vote back. Takes the scope ``vote``."""
    return json({"votes": of(request).catalog.unvote(reader_of(request), id), "voted": False})


@signed.post("/submit", response_model=SubmittedBody)
async def submit(request: Request, asked: SubmitAsked) -> Response:
    """Put a paper forward. One that is not held is asked of its publisher, which takes seconds. Takes the scope
    ``submit``.
    """
    made = await anyio.to_thread.run_sync(of(request).catalog.submit, reader_of(request), asked.paper, limiter=AT_ONCE)
    return json({"paper": to_json(made.paper), "was_held": made.was_held, "is_first": made.is_first})


@signed.put("/papers/{id:path}/pick", response_model=LineBody)
def pick(request: Request, id: PaperId, asked: PickAsked) -> Response:  # noqa: A002
    """Make a paper the pick of a day. Takes the scope ``curate``."""
    return json({"line": of(request).catalog.pick(reader_of(request), id, asked.day)})


@signed.delete("/papers/{id:path}/pick", response_model=LineBody)
def unpick(request: Request, id: PaperId) -> Response:  # noqa: A002
    """Take a pick back. Takes the scope ``curate``."""
    return json({"line": of(request).catalog.unpick(reader_of(request), id)})


@signed.put("/papers/{id:path}/hidden", response_model=LineBody)
def hide(request: Request, id: PaperId, asked: HideAsked) -> Response:  # noqa: A002
    """Keep a paper off the lists. Takes the scope ``curate``."""
    return json({"line": of(request).catalog.hide(reader_of(request), id, asked.reason)})


@signed.delete("/papers/{id:path}/hidden", response_model=LineBody)
def unhide(request: Request, id: PaperId) -> Response:  # noqa: A002
    """List a paper again. Takes the scope ``curate``."""
    return json({"line": of(request).catalog.unhide(reader_of(request), id)})


# --- shelves ---


@signed.get("/shelves", response_model=ShelvesBody)
def shelves(request: Request) -> Response:
    """Return one's own shelves, and those of others that every member sees. Takes the scope ``shelves``, as all that
    has to do with shelves but for reading one by its link.
    """
    reader = reader_of(request)
    own, others = of(request).catalog.shelves(reader)
    return json({"own": [_shelf(each, reader) for each in own], "others": [_shelf(each, reader) for each in others]})


@signed.post("/shelves", response_model=ShelfBody, status_code=201)
def make_shelf(request: Request, asked: ShelfAsked) -> Response:
    """Make a shelf."""
    reader = reader_of(request)
    return json(_shelf(of(request).catalog.make_shelf(reader, asked.name, asked.visibility), reader), 201)


@signed.get("/shelves/{number}", response_model=WholeShelfBody)
def shelf(request: Request, number: Number, limit: Limit = 50, offset: Offset = 0) -> Response:
    """Return a shelf of one's own or of the lab, and what stands on it."""
    reader = reader_of(request)
    return json(_whole(request, of(request).catalog.shelf(reader, number), limit, offset))


@signed.patch("/shelves/{number}", response_model=ShelfBody)
def change_shelf(request: Request, number: Number, asked: ShelfChange) -> Response:
    """Rename a shelf of one's own, or show it to others."""
    reader = reader_of(request)
    changed = of(request).catalog.change_shelf(reader, number, name=asked.name, visibility=asked.visibility)
    return json(_shelf(changed, reader))


@signed.delete("/shelves/{number}", status_code=204)
def remove_shelf(request: Request, number: Number) -> Response:
    """Remove a shelf of one's own; its papers stay in the archive."""
    of(request).catalog.remove_shelf(reader_of(request), number)
    return Response(status_code=204)


@signed.put("/shelves/{number}/papers/{id:path}", status_code=204)
def put(request: Request, number: Number, id: PaperId, asked: EntryAsked) -> Response:  # noqa: A002
    """Put a paper on a shelf of one's own, or change its note."""
    of(request).catalog.put(reader_of(request), number, id, asked.note)
    return Response(status_code=204)


@signed.delete("/shelves/{number}/papers/{id:path}", status_code=204)
def take(request: Request, number: Number, id: PaperId) -> Response:  # noqa: A002
    """Take a paper off a shelf of one's own."""
    of(request).catalog.take(reader_of(request), number, id)
    return Response(status_code=204)


@signed.get("/lab", response_model=QueueBody)
def lab(request: Request, limit: Limit = 50, offset: Offset = 0) -> Response:
    """Return what the lab wants to read, and who wants what: all that stands on shelves that every member sees."""
    page, wishes = of(request).catalog.lab_queue(reader_of(request), limit=limit, offset=offset)
    wanted = [
        {"paper": to_json(hit.paper), "wishes": [_wish(wish) for wish in wishes.get(hit.paper.id, ())]}
        for hit in page.hits
    ]
    return json({"wanted": wanted, "total": page.total})


@router.get("/shelf/{key}", response_model=WholeShelfBody)
def shared_shelf(
    request: Request,
    key: Annotated[str, Path(description="The last part of its address")],
    limit: Limit = 50,
    offset: Offset = 0,
) -> Response:
    """Return a shelf that is shown to whoever has its link."""
    return json(_whole(request, of(request).catalog.shelf_by_key(key), limit, offset))


# --- shapes ---


def _trend(trend: Trend, said: Said) -> dict[str, Any]:
    body = to_json(trend)
    for hit, listed in zip(trend.page.hits, body["hits"], strict=True):
        listed["standing"] = dataclasses.asdict(said.standings.get(hit.paper.id, Standing()))
    return body


def _wish(wish: Wish) -> dict[str, Any]:
    shelf = {"shelf": wish.shelf_id, "shelf_name": wish.shelf}
    return {"member": wish.member, **shelf, "note": wish.note, "at": wish.at}


def _shelf(shelf: Shelf, reader: Reader | None) -> dict[str, Any]:
    is_own = reader is not None and shelf.account_id == reader.account.id
    return {
        "number": shelf.id,
        "name": shelf.name,
        "visibility": shelf.visibility,
        "owner": shelf.owner if is_own or shelf.is_named else None,
        "link": f"/shelf/{shelf.key}" if shelf.key and shelf.visibility == "link" else None,
        "count": shelf.count,
        "created": shelf.created,
    }


def _whole(request: Request, shelf: Shelf, limit: int, offset: int) -> dict[str, Any]:
    page, entries = of(request).catalog.on_shelf(shelf, limit=limit, offset=offset)
    listed = [
        {"paper": to_json(hit.paper), "note": entries[hit.paper.id].note, "at": entries[hit.paper.id].at}
        for hit in page.hits
    ]
    return {**_shelf(shelf, reader_of(request)), "entries": listed}


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a day; days are written as in 2025-03-20") from error
