"""Feeds on the pages: what is new by what a reader likes, each paper with its reason; liking, and what was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidings import moments
from tidings.catalog.voices import BREADTH, DAYS, FRESHNESS, Asked
from tidings.errors import InputError
from tidings.types import DISMISSED, LIKED, TAKEN_BACK, Feed, Hit, Interest, Page
from tidings.web import addresses
from tidings.web.asking import Asking, number
from tidings.web.because import because
from tidings.web.forms import Fields, back, posted
from tidings.web.lists import asked
from tidings.web.papers import paper_of
from tidings.web.readers import reader_of
from tidings.web.showing import listed, said_of
from tidings.web.site import of
from tidings.web.trending import Choice
from tidings.web.voting import done

if TYPE_CHECKING:
    from tidings.people import Shelf

_HERE = "/feed"
_TUNED = ("days", "breadth", "freshness", "all", "outside")
_SPANS = (1, 7, 30, 90)
_VERDICTS = {"like": LIKED, "dismiss": DISMISSED, "back": TAKEN_BACK}
_MOST_NOTED = 200
_MINE, _OTHERS = "mine", "others"
"""What a page says of the feed that it showed; the feed of one interest says its number."""


@dataclass(frozen=True, slots=True)
class Turned:
    """What a feed can be turned to: how far back, with what was seen or without, and the two numbers."""

    spans: tuple[Choice, ...]
    seen: Choice
    outside: Choice | None
    breadth: float
    freshness: float
    hidden: tuple[tuple[str, str], ...]  # what the form of the two numbers takes along


def page(request: Request) -> Response:
    """Answer ``/feed``: all of one's interests in one list."""
    wanted, how = _asked(request)
    catalog, reader = of(request).catalog, reader_of(request)
    feed = catalog.feed(reader, **_arguments(how))
    return _answer(request, wanted, how, feed, title="Feed", chosen=None)


def one(request: Request) -> Response:
    """Answer ``/feed/12``, or with the name of an interest of one's own."""
    wanted, how = _asked(request)
    catalog, reader = of(request).catalog, reader_of(request)
    interest = catalog.interest(reader, request.path_params["name"])
    feed = catalog.feed(reader, [interest.id], **_arguments(how))
    return _answer(request, wanted, how, feed, title=interest.name, chosen=interest)


def of_lab(request: Request) -> Response:
    """Answer ``/feed/of/lab``: every interest that members share, and who likes what."""
    wanted, how = _asked(request)
    feed = of(request).catalog.lab_feed(reader_of(request), asked=how)
    return _answer(request, wanted, how, feed, title="The lab's feed", chosen=None)


def of_shelf(request: Request) -> Response:
    """Answer ``/shelves/12/feed``: papers like those on a shelf."""
    wanted, how = _asked(request)
    catalog, reader = of(request).catalog, reader_of(request)
    feed = catalog.shelf_feed(reader, request.path_params["number"], asked=how)
    shelf = catalog.shelf(reader, request.path_params["number"])
    return _answer(request, wanted, how, feed, title=f"Like the papers on {shelf.name}", chosen=None, shelf=shelf)


@posted
def say(request: Request, fields: Fields) -> Response:
    """Like a paper, dismiss it, or take back what was said: the form says which, so sending it twice is once."""
    catalog, reader, wish = of(request).catalog, reader_of(request), fields.get("verdict", "")
    if wish not in _VERDICTS:
        raise InputError("a verdict is like, dismiss, or back to take it back")
    found, chosen = paper_of(request), _interest_of(fields)
    if wish == "back":
        taken = catalog.take_back(reader, found.key, chosen)
    else:
        taken = [(catalog.like if wish == "like" else catalog.dismiss)(reader, found.key, chosen)]
    told = [{"name": each.name, "href": addresses.of_feed(each.id)} for each in taken]
    return done(request, fields, found, {"verdict": _VERDICTS[wish], "interests": told})


@posted
def seen(request: Request, fields: Fields) -> Response:
    """Note which papers a feed showed, from a place on: the next visit has what is new."""
    ids = fields.get("papers", "").split()
    if len(ids) > _MOST_NOTED:
        raise InputError(f"at most {_MOST_NOTED} papers are noted at once")
    place = number(fields.get("place", "1"), "place", 100_000)
    of(request).catalog.mark_shown(reader_of(request), ids, place=place, drawn=_drawn(fields), of=_of(fields))
    return _noted(request, fields)


@posted
def opened(request: Request, fields: Fields) -> Response:
    """Note that a paper was opened: it fades in the feed."""
    of(request).catalog.mark_opened(reader_of(request), paper_of(request).key)
    return _noted(request, fields)


ROUTES = [
    Route(_HERE, page),
    Route(f"{_HERE}/of/lab", of_lab),
    Route(f"{_HERE}/seen", seen, methods=["POST"]),
    Route(f"{_HERE}/{{name}}", one),
    Route("/shelves/{number:int}/feed", of_shelf),
    Route("/paper/{id:path}/say", say, methods=["POST"]),
    Route("/paper/{id:path}/opened", opened, methods=["POST"]),
]


def _noted(request: Request, fields: Fields) -> Response:
    if "application/json" in request.headers.get("accept", ""):
        return Response(msgspec.json.encode({}), media_type="application/json")
    return back(fields, _HERE)


def _of(fields: Fields) -> tuple[int, ...] | None:
    """Return the interests whose feed it was, none for that of all of one's own; None of the lab's and shelves'."""
    text = fields.get("feed", _MINE)
    if text == _OTHERS:
        return None
    return () if text == _MINE else (number(text, "feed", 9_999_999),)


def _drawn(fields: Fields) -> tuple[str, float] | None:
    """Return the paper from outside among those that were seen, and its chance."""
    paper = fields.get("outside", "")
    try:
        return (paper, float(fields.get("chance", ""))) if paper else None
    except ValueError as error:
        raise InputError("a chance is a number.") from error


def _interest_of(fields: Fields) -> int | None:
    text = fields.get("interest", "")
    return number(text, "interest", 9_999_999) if text else None


# --- how it is asked for ---


def _asked(request: Request) -> tuple[Asking, Asked]:
    """Return the page that an address asks for, and how the feed is. InputError on a number that makes no sense."""
    wanted = asked(request, _TUNED)
    more = dict(wanted.more)
    days = number(more.get("days", str(DAYS)), "days", 100_000)
    how = Asked(
        days,
        wanted.limit,
        wanted.cursor,
        _share(more, "breadth", BREADTH),
        _share(more, "freshness", FRESHNESS),
        unseen=more.get("all") != "1",
        outside=more.get("outside") != "0",
    )
    return wanted, how


def _share(more: dict[str, str], name: str, usual: float) -> float:
    text = more.get(name, "")
    try:
        value = float(text) if text else usual
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise InputError(f"{name} is a number from 0 to 1, not {text[:20]!r}.")
    return value


def _arguments(how: Asked) -> dict[str, Any]:
    names = ("days", "limit", "cursor", "breadth", "freshness", "unseen", "outside")
    return {name: getattr(how, name) for name in names}


def _turned(wanted: Asking, how: Asked, *, of_all: bool) -> Turned:
    def href(**changed: str) -> str:
        more = tuple((dict(wanted.more) | changed).items())
        return replace(wanted, more=more, cursor=None, back=(), number=1).href

    spans = (
        Choice("a day" if days == 1 else f"{days} days", None if days == how.days else href(days=str(days)))
        for days in _SPANS
    )
    toggled = Choice("also what you saw", href(all="1")) if how.unseen else Choice("only what is new", href(all=""))
    kept = tuple((name, value) for name, value in wanted.more if name in {"days", "all", "outside"})
    return Turned(tuple(spans), toggled, _outside(how, href) if of_all else None, how.breadth, how.freshness, kept)


def _outside(how: Asked, href: Callable[..., str]) -> Choice:
    """Return the choice to do without the paper from outside, or to have it again."""
    if how.outside:
        return Choice("nothing from outside", href(outside="0"))
    return Choice("one from outside", href(outside=""))


# --- how it is answered ---


def _answer(
    request: Request,
    wanted: Asking,
    how: Asked,
    feed: Feed,
    *,
    title: str,
    chosen: Interest | None,
    shelf: Shelf | None = None,
) -> Response:
    site, reader = of(request), reader_of(request)
    papers = [hit.paper for hit in feed.hits]
    why = {hit.paper.id: because(hit, of_several=chosen is None and shelf is None) for hit in feed.hits}
    listing = Page(tuple(Hit(hit.paper, hit.score) for hit in feed.hits), feed.total, feed.cursor)
    values = listed(request, listing, wanted, said_of(request, papers, because=why))
    strong = _above(feed)
    own, shared = site.catalog.interests(reader)
    is_own = chosen is not None and reader is not None and chosen.account_id == reader.account.id
    values["acting"] = replace(values["acting"], interest=chosen.id if chosen and is_own else None)
    return site.html(
        "feed.html",
        title=title,
        feed=feed,
        account=_account(feed),
        noted=str(chosen.id) if chosen else _MINE if wanted.path == _HERE else _OTHERS,
        drawn=next(((hit.paper.key, hit.chance) for hit in feed.hits if hit.chance), None),
        strong=[entry for entry in values["entries"] if entry.number in strong],
        rest=[entry for entry in values["entries"] if entry.number not in strong],
        own=own,
        shared=shared,
        chosen=chosen,
        is_own=is_own,
        shelf=shelf,
        turned=_turned(wanted, how, of_all=wanted.path == _HERE),
        **values,
    )


def _above(feed: Feed) -> set[int]:
    """Return the papers of the first part of the page: what is above the line, and the one from outside among it."""
    last = max((place for place, hit in enumerate(feed.hits) if hit.is_strong), default=-1)
    return {hit.paper.id for hit in feed.hits[: last + 1]}


def _account(feed: Feed) -> str:
    """Return what the feed looked at and left out, in a sentence."""
    if not feed.looked_at:
        return ""
    span = moments.in_words(feed.end)
    if feed.start != feed.end:
        span = f"{moments.in_words(feed.start)} to {span}"
    left = ((feed.seen, "you saw"), (feed.muted, "muted"), (feed.dismissed, "dismissed"))
    outside = "".join(f", {count:,} {words}" for count, words in left if count)
    papers = "paper" if feed.looked_at == 1 else "papers"
    return f"{feed.looked_at:,} {papers} of {span}: {feed.strong:,} above your line{outside}."
