"""The JSON API of tags. Anybody may ask; making, changing and teaching them takes the scope ``curate``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Security
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from tidings.catalog.words import LONGEST_NAME, LONGEST_NOTE
from tidings.errors import InputError
from tidings.export import to_json
from tidings.types import Tag
from tidings.web.accounts import bearer
from tidings.web.api import Limit, json
from tidings.web.bodies import ErrorBody, PaperBody
from tidings.web.readers import reader_of
from tidings.web.site import of

_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "The error, and what to do about it"}
}
router = APIRouter(prefix="/api", responses=_RESPONSES)
signed = APIRouter(prefix="/api", responses=_RESPONSES, dependencies=[Security(bearer)])
"""What takes a token, or a browser that is signed in."""

Which = Annotated[str, Path(max_length=LONGEST_NAME, description="The number of the tag, or its name")]
PaperId = Annotated[str, Path(description="Any id of the paper")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="How many to leave out")]


class TagBody(BaseModel):
    number: int
    name: str
    description: str
    created: dt.datetime
    changed: dt.datetime
    fits: int = Field(description="How many papers curators said it fits")
    misfits: int = Field(description="How many papers curators said it does not fit")


class TagsBody(BaseModel):
    tags: list[TagBody]


class TaggedBody(BaseModel):
    paper: PaperBody
    confidence: float = Field(description="How sure it is, 0 to 1; 1 is what a curator said")


class TagPapersBody(BaseModel):
    papers: list[TaggedBody]
    total: int


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TagAsked(_Asked):
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    description: str = Field("", max_length=LONGEST_NOTE, description="What it means, in a line")


class TagChange(_Asked):
    name: str | None = Field(None, min_length=1, max_length=LONGEST_NAME)
    description: str | None = Field(None, max_length=LONGEST_NOTE)


class ExampleAsked(_Asked):
    fits: bool


@router.get("/tags", response_model=TagsBody)
def tags(request: Request) -> Response:
    """Return all tags, by name."""
    return json({"tags": [_tag(each) for each in of(request).catalog.tags()]})


@router.get("/tags/{which}", response_model=TagBody)
def tag(request: Request, which: Which) -> Response:
    """Return a tag."""
    return json(_tag(of(request).catalog.tag(which)))


@router.get("/tags/{which}/papers", response_model=TagPapersBody)
def tag_papers(request: Request, which: Which, limit: Limit = 20, offset: Offset = 0) -> Response:
    """Return the papers of a tag among the newest 30,000, the surest first."""
    page, sure = of(request).catalog.tagged(which, limit=limit, offset=offset)
    listed = [{"paper": to_json(hit.paper), "confidence": round(sure[hit.paper.id], 4)} for hit in page.hits]
    return json({"papers": listed, "total": page.total})


@signed.post("/tags", response_model=TagBody, status_code=201)
def add_tag(request: Request, asked: TagAsked) -> Response:
    """Make a tag by a line of description; it works at once. Takes the scope ``curate``."""
    return json(_tag(of(request).catalog.add_tag(reader_of(request), asked.name, asked.description)), 201)


@signed.patch("/tags/{which}", response_model=TagBody)
def change_tag(request: Request, which: Which, asked: TagChange) -> Response:
    """Change the name or the description of a tag. Takes the scope ``curate``."""
    if asked.name is None and asked.description is None:
        raise InputError("say what is to be changed: the name, or the description")
    catalog, reader = of(request).catalog, reader_of(request)
    return json(_tag(catalog.change_tag(reader, which, name=asked.name, description=asked.description)))


@signed.delete("/tags/{which}", status_code=204)
def remove_tag(request: Request, which: Which) -> Response:
    """Remove a tag with its examples. Takes the scope ``curate``."""
    of(request).catalog.remove_tag(reader_of(request), which)
    return Response(status_code=204)


@signed.put("/tags/{which}/papers/{id:path}", response_model=TagBody)
def teach_tag(request: Request, which: Which, id: PaperId, asked: ExampleAsked) -> Response:  # noqa: A002
    """Say that a tag fits a paper, or that it does not. Takes the scope ``curate``."""
    return json(_tag(of(request).catalog.teach_tag(reader_of(request), which, id, asked.fits)))


@signed.delete("/tags/{which}/papers/{id:path}", response_model=TagBody)
def untell_tag(request: Request, which: Which, id: PaperId) -> Response:  # noqa: A002
    """Take back what was said of a paper. Takes the scope ``curate``."""
    return json(_tag(of(request).catalog.teach_tag(reader_of(request), which, id, None)))


def _tag(tag: Tag) -> dict[str, Any]:
    return {
        "number": tag.id,
        "name": tag.name,
        "description": tag.description,
        "created": tag.created,
        "changed": tag.changed,
        "fits": tag.fits,
        "misfits": tag.misfits,
    }
