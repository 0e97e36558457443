"""The JSON API of interests and feeds. All of it takes the scope ``interests``, and says only what is one's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Security
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from tidings.catalog.interests import LONGEST_QUERY, LONGEST_WORDS
from tidings.catalog.learning import FARTHEST_DAYS
from tidings.catalog.voices import BREADTH, DAYS, FRESHNESS, Asked
from tidings.export import to_json
from tidings.types import DISMISSED, LIKED, TAKEN_BACK
from tidings.web.accounts import bearer
from tidings.web.api import Cursor, Limit, json
from tidings.web.bodies import ErrorBody, PaperBody
from tidings.web.bodies_feeds import (
    ExportBody,
    FeedBody,
    InterestBody,
    InterestsBody,
    MadeBody,
    RuleBody,
    SaidBody,
    WholeInterestBody,
    WhyNotBody,
)
from tidings.web.readers import reader_of
from tidings.web.site import of

if TYPE_CHECKING:
    from tidings.types import Feed, Paper, Rule

signed = APIRouter(
    prefix="/api",
    responses={"4XX": {"model": ErrorBody, "description": "The error, and what to do about it"}},
    dependencies=[Security(bearer)],
)

Number = Annotated[int, Path(ge=1, lt=2**31, description="The number of the interest")]
PaperId = Annotated[str, Path(description="Any id or address of the paper")]
Days = Annotated[int, Query(ge=1, le=FARTHEST_DAYS, description="How far back, from the newest day held")]
Breadth = Annotated[float, Query(ge=0, le=1, description="From narrow 0 to broad 1")]
Freshness = Annotated[float, Query(ge=0, le=1, description="From by score 0 to by day 1")]
Outside = Annotated[bool, Query(description="With one paper from outside, where no interest is named")]
Unseen = Annotated[bool, Query(description="Without what was shown in an earlier visit")]
Offset = Annotated[int, Query(ge=0, lt=2**31, description="Examples to pass over")]
Chosen = Annotated[int | None, Query(ge=1, lt=2**31, description="The number of an interest; else the nearest one")]
Visibility = Literal["private", "lab"]

_WORDS = {LIKED: "liked", DISMISSED: "dismissed", TAKEN_BACK: "taken back"}


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InterestAsked(_Asked):
    name: str = Field(min_length=1, max_length=80)
    words: str = Field("", max_length=LONGEST_WORDS)
    query: str = Field("", max_length=LONGEST_QUERY, description="In the search language")
    likes: list[str] = Field([], max_length=1_000, description="Ids or addresses of papers")
    author: str | None = Field(None, max_length=80, description="Somebody whose papers are liked")
    visibility: Visibility = "private"


class InterestChange(_Asked):
    name: str | None = Field(None, min_length=1, max_length=80)
    words: str | None = Field(None, max_length=LONGEST_WORDS)
    query: str | None = Field(None, max_length=LONGEST_QUERY)
    visibility: Visibility | None = None


class ImportAsked(_Asked):
    interest: dict[str, Any] = Field(description="What an export gave")
    name: str | None = Field(None, min_length=1, max_length=80, description="Another name than the exported one")


class ResetAsked(_Asked):
    to: date = Field(description="How it was when this day (UTC) ended")


class VerdictAsked(_Asked):
    verdict: Literal["like", "dismiss"]
    interest: int | None = Field(None, ge=1, lt=2**31, description="Its number; else the one nearest to the paper")


class ShownAsked(_Asked):
    papers: list[str] = Field(max_length=1_000, description="Ids of papers in the order in which they stood")
    place: int = Field(1, ge=1, le=1_000_000, description="Of the first one")
    outside: str | None = Field(None, description="The id of the one from outside, where it is among them")
    chance: float = Field(1.0, gt=0, le=1, description="With which that was drawn")
    interest: int | None = Field(None, ge=1, lt=2**31, description="Whose feed it was; else that of all of one's own")


class RuleAsked(_Asked):
    kind: Literal["mute-word", "mute-author", "follow-author"]
    value: str = Field(min_length=1, max_length=80)


# --- interests ---


@signed.get("/interests", response_model=InterestsBody)
def interests(request: Request) -> Response:
    """Return one's own interests, and those of others that they share with the lab."""
    own, others = of(request).catalog.interests(reader_of(request))
    return json({"own": [to_json(each) for each in own], "others": [to_json(each) for each in others]})


@signed.post("/interests", response_model=InterestBody, status_code=201)
def make_interest(request: Request, asked: InterestAsked) -> Response:
    """Make an interest of words, a query, papers, an author's papers, or all of these."""
    catalog, reader = of(request).catalog, reader_of(request)
    theirs = catalog.papers_by(reader, asked.author).papers if asked.author is not None else ()
    likes = [*asked.likes, *(paper.key for paper in theirs)]
    made = catalog.make_interest(
        reader, asked.name, words=asked.words, query=asked.query, likes=likes, visibility=asked.visibility
    )
    return json(to_json(made), 201)


@signed.post("/interests/import", response_model=MadeBody, status_code=201)
def import_interest(request: Request, asked: ImportAsked) -> Response:
    """Make a private interest of an export."""
    made, missing = of(request).catalog.import_interest(reader_of(request), asked.interest, name=asked.name)
    return json({"interest": to_json(made), "missing": missing}, 201)


@signed.get("/interests/{number}", response_model=WholeInterestBody)
def interest(request: Request, number: Number, limit: Limit = 50, offset: Offset = 0) -> Response:
    """Return an interest of one's own or of the lab, and what was said in it."""
    catalog, reader = of(request).catalog, reader_of(request)
    found = catalog.interest(reader, number)
    examples, total = catalog.examples(reader, number, limit=limit, offset=offset)
    said = [{"paper": to_json(paper), "verdict": _WORDS[e.verdict], "at": e.at} for paper, e in examples]
    return json({**to_json(found), "examples": said, "total": total})


@signed.patch("/interests/{number}", response_model=InterestBody)
def change_interest(request: Request, number: Number, asked: InterestChange) -> Response:
    """Change an interest of one's own."""
    return json(to_json(of(request).catalog.change_interest(reader_of(request), number, **asked.model_dump())))


@signed.delete("/interests/{number}", status_code=204)
def remove_interest(request: Request, number: Number) -> Response:
    """Remove an interest of one's own with all that was said in it."""
    of(request).catalog.remove_interest(reader_of(request), number)
    return Response(status_code=204)


@signed.get("/interests/{number}/export", response_model=ExportBody)
def export_interest(request: Request, number: Number) -> Response:
    """Return an interest of one's own as a file for another installation."""
    return json(of(request).catalog.export_interest(reader_of(request), number))


@signed.post("/interests/{number}/look-again", response_model=MadeBody)
def look_again(request: Request, number: Number) -> Response:
    """Take in the papers that waited in an imported interest and came since."""
    found, missing = of(request).catalog.look_again(reader_of(request), number)
    return json({"interest": to_json(found), "missing": missing})


@signed.post("/interests/{number}/undo", response_model=list[SaidBody])
def undo_last(request: Request, number: Number) -> Response:
    """Undo the last step; return what had been said in it."""
    return json(_said(of(request).catalog.undo_last(reader_of(request), number)))


@signed.post("/interests/{number}/reset", response_model=list[SaidBody])
def reset_interest(request: Request, number: Number, asked: ResetAsked) -> Response:
    """Bring back what had been said by the end of a day, as one step; return what changed."""
    return json(_said(of(request).catalog.reset_interest(reader_of(request), number, asked.to)))


@signed.get("/interests/{number}/teach", response_model=list[PaperBody])
def teach(
    request: Request, number: Number, n: Annotated[int, Query(ge=1, le=50, description="How many papers")] = 10
) -> Response:
    """Return papers to ask about: those whose answers would teach the interest most."""
    return json([to_json(paper) for paper in of(request).catalog.teach(reader_of(request), number, n)])


# --- saying ---


@signed.put("/papers/{id:path}/verdict", response_model=InterestBody)
def say(request: Request, id: PaperId, asked: VerdictAsked) -> Response:  # noqa: A002
    """Like or dismiss a paper; return the interest that took it. Where there is none, "My papers" is made."""
    catalog, reader = of(request).catalog, reader_of(request)
    verdict = catalog.like if asked.verdict == "like" else catalog.dismiss
    return json(to_json(verdict(reader, id, asked.interest)))


@signed.delete("/papers/{id:path}/verdict", response_model=list[InterestBody])
def take_back(request: Request, id: PaperId, interest: Chosen = None) -> Response:  # noqa: A002
    """Take back what was said of a paper, in one interest or in all; return those where something was."""
    return json([to_json(each) for each in of(request).catalog.take_back(reader_of(request), id, interest)])


@signed.put("/papers/{id:path}/opened", status_code=204)
def mark_opened(request: Request, id: PaperId) -> Response:  # noqa: A002
    """Note that a paper was opened."""
    of(request).catalog.mark_opened(reader_of(request), id)
    return Response(status_code=204)


# --- feeds ---


@signed.get("/feed", response_model=FeedBody)
def feed(
    request: Request,
    *,
    interest: Annotated[
        list[Annotated[int, Field(ge=1, lt=2**31)]], Query(description="Numbers; else all of one's own", max_length=100)
    ] = [],  # noqa: B006 - FastAPI copies the default
    days: Days = DAYS,
    limit: Limit = 30,
    cursor: Cursor = None,
    breadth: Breadth = BREADTH,
    freshness: Freshness = FRESHNESS,
    unseen: Unseen = True,
    outside: Outside = True,
) -> Response:
    """Return what is new for one's interests, best first, each paper with its reason."""
    catalog, reader = of(request).catalog, reader_of(request)
    found = catalog.feed(
        reader,
        interest,
        days=days,
        limit=limit,
        cursor=cursor,
        breadth=breadth,
        freshness=freshness,
        unseen=unseen,
        outside=outside,
    )
    return _feed(found)


@signed.get("/feed/lab", response_model=FeedBody)
def lab_feed(
    request: Request,
    *,
    days: Days = DAYS,
    limit: Limit = 30,
    cursor: Cursor = None,
    breadth: Breadth = BREADTH,
    freshness: Freshness = FRESHNESS,
    unseen: Unseen = True,
) -> Response:
    """Return one feed of all interests that members share, each paper with the members who like it."""
    asked = Asked(days, limit, cursor, breadth, freshness, unseen)
    return _feed(of(request).catalog.lab_feed(reader_of(request), asked=asked))


@signed.get("/shelves/{number}/feed", response_model=FeedBody)
def shelf_feed(
    request: Request,
    number: Annotated[int, Path(ge=1, lt=2**31, description="The number of the shelf")],
    *,
    days: Days = DAYS,
    limit: Limit = 30,
    cursor: Cursor = None,
    breadth: Breadth = BREADTH,
    freshness: Freshness = FRESHNESS,
    unseen: Unseen = True,
) -> Response:
    """Return the feed of a shelf that one sees: papers like those on it."""
    asked = Asked(days, limit, cursor, breadth, freshness, unseen)
    return _feed(of(request).catalog.shelf_feed(reader_of(request), number, asked=asked))


@signed.post("/feed/shown", status_code=204)
def mark_shown(request: Request, asked: ShownAsked) -> Response:
    """Note that a feed showed papers; the first time counts, and ids that nothing has are left out."""
    drawn = (asked.outside, asked.chance) if asked.outside else None
    of_some = (asked.interest,) if asked.interest else ()
    of(request).catalog.mark_shown(reader_of(request), asked.papers, place=asked.place, drawn=drawn, of=of_some)
    return Response(status_code=204)


@signed.get("/papers/{id:path}/why-not", response_model=WhyNotBody)
def why_not(request: Request, id: PaperId, interest: Chosen = None, days: Days = DAYS) -> Response:  # noqa: A002
    """Return why a feed does not list a paper, or that it does."""
    return json(to_json(of(request).catalog.why_not(reader_of(request), id, interest, days=days)))


# --- rules ---


@signed.get("/rules", response_model=list[RuleBody])
def rules(request: Request) -> Response:
    """Return what one mutes and follows."""
    return json(of(request).catalog.rules(reader_of(request)))


@signed.put("/rules", response_model=RuleBody)
def add_rule(request: Request, asked: RuleAsked) -> Response:
    """Mute a word or an author in all one's feeds, or follow an author."""
    catalog, reader = of(request).catalog, reader_of(request)
    verb, _, what = asked.kind.partition("-")
    made: Rule = catalog.mute(reader, what, asked.value) if verb == "mute" else catalog.follow(reader, asked.value)
    return json(made)


@signed.delete("/rules", status_code=204)
def remove_rule(
    request: Request,
    kind: Annotated[Literal["mute-word", "mute-author", "follow-author"], Query(description="What it does")],
    value: Annotated[str, Query(min_length=1, max_length=80, description="The word or author")],
) -> Response:
    """Take a rule back."""
    catalog, reader = of(request).catalog, reader_of(request)
    verb, _, what = kind.partition("-")
    if verb == "mute":
        catalog.unmute(reader, what, value)
    else:
        catalog.unfollow(reader, value)
    return Response(status_code=204)


# --- shapes ---


def _feed(found: Feed) -> Response:
    return json(to_json(found))


def _said(said: Sequence[tuple[Paper, int]]) -> list[dict[str, str]]:
    return [{"paper": paper.key, "verdict": _WORDS[verdict]} for paper, verdict in said]
