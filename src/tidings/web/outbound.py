"""Every view of papers in a format to follow or to cite: the address of its page with an ending behind the path.

``/search?q=zebras`` is followed at ``/search.atom?q=zebras``; ``.rss``, ``.json``, ``.bib`` and ``.ris`` do likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidings import export, moments, outbound
from tidings.catalog.periods import Period
from tidings.errors import InputError, NotFoundError, SignInError
from tidings.outbound import View, item_of
from tidings.people import Standing
from tidings.web import addresses, asking, topics
from tidings.web.asking import LARGEST_LIMIT, Asking
from tidings.web.door import IN_SECRET
from tidings.web.entries import said_elsewhere, shortened
from tidings.web.readers import reader_of
from tidings.web.site import base_of, of
from tidings.web.trending import day_of, title_of, week_words
from tidings.web.unchanged import Seen, has_it, tag_of, validators

if TYPE_CHECKING:
    from tidings.people import Reader, Shelf, ShelfEntry
    from tidings.types import Page, Paper, Reason

USUAL = 50
_FEEDS: Mapping[str, tuple[str, Callable[[View], bytes]]] = {
    "atom": ("application/atom+xml; charset=utf-8", outbound.atom),
    "rss": ("application/rss+xml; charset=utf-8", outbound.rss),
    "json": ("application/feed+json", outbound.json_feed),  # JSON is UTF-8 and has no parameter: RFC 8259, section 11
}
_CITATIONS: Mapping[str, Callable[[Sequence[Paper]], str]] = {"bib": export.bibtex, "ris": export.ris}
ENDINGS = (*_FEEDS, *_CITATIONS)
_KEPT = "private, max-age=600"
"""Programs that follow need not ask more often; what they get may be somebody's, so no proxy keeps it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is followed: its title, its papers; when each came to a shelf and with which note, why it is in a feed.

    Both by internal id. ``is_secret`` says that its address lets in whoever has it.
    """

    title: str
    papers: Sequence[Paper]
    entries: Mapping[int, ShelfEntry] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)
    is_secret: bool = False


def newest(request: Request) -> Response:
    """Answer ``/new.atom``."""
    return _answer(
        request, lambda wanted: Listed("Newest papers", _papers(of(request).catalog.newest(limit=wanted.limit)))
    )


def trending(request: Request) -> Response:
    """Answer ``/trending.atom?window=week&category=cs.CL&by=here``."""

    def listed(wanted: Asking) -> Listed:
        window = dict(wanted.more).get("window", "3d")
        return _ranked(request, wanted, Period.last(window, of(request).catalog.now()), window)

    return _answer(request, listed, ("window", "category", "by"))


def day(request: Request) -> Response:
    """Answer ``/papers/date/2025-03-20.atom``."""
    when = day_of(request.path_params["day"])
    return _dated(request, Period.day(when), moments.weekday(when))


def week(request: Request) -> Response:
    """Answer ``/papers/week/2025-W12.atom``."""
    text = request.path_params["week"]
    return _dated(request, Period.week(text), week_words(text))


def month(request: Request) -> Response:
    """Answer ``/papers/month/2025-03.atom``."""
    period = Period.month(request.path_params["month"])
    return _dated(request, period, moments.month(period.start))


def search(request: Request) -> Response:
    """Answer ``/search.atom?q=…&sort=newest``."""

    def listed(wanted: Asking) -> Listed:
        if not wanted.query:
            raise InputError("Say what to search for, as in /search.atom?q=zebras&sort=newest.")
        page = of(request).catalog.search(wanted.query, limit=wanted.limit, sort=wanted.sort)
        return Listed(f"Search: {wanted.query[:200]}", _papers(page))

    return _answer(request, listed)


def similar(request: Request) -> Response:
    """Answer ``/similar.atom?id=…&id=…``."""

    def listed(wanted: Asking) -> Listed:
        if not wanted.ids:
            raise InputError("Name at least one paper, as in /similar.atom?id=arxiv:2106.09685.")
        catalog = of(request).catalog
        titles = " and ".join(catalog.paper(name).title for name in wanted.ids)
        return Listed(f"Similar to {titles}", _papers(catalog.similar(wanted.ids, limit=wanted.limit)))

    return _answer(request, listed)


def shelf(request: Request) -> Response:
    """Answer ``/shelves/12.atom?token=…``; a browser that is signed in needs no token there."""

    def listed(wanted: Asking) -> Listed:
        found = of(request).catalog.shelf_to_follow(_follower(request), request.path_params["number"])
        return _on_shelf(request, found, wanted)

    return _answer(request, listed)


def shelf_by_key(request: Request) -> Response:
    """Answer ``/shelf/….atom``: a shelf for whoever has its link."""

    def listed(wanted: Asking) -> Listed:
        found = of(request).catalog.shelf_by_key(request.path_params["key"])
        return _on_shelf(request, found, wanted, is_secret=True)

    return _answer(request, listed)


def feed(request: Request) -> Response:
    """Answer ``/feed.atom?token=…``: what is new for all of one's interests."""
    return _answer(request, lambda wanted: _feed(request, wanted, "Feed"))


def feed_of_one(request: Request) -> Response:
    """Answer ``/feed/12.atom?token=…``, or with the name of an interest of one's own."""
    name = request.path_params["name"]
    return _answer(request, lambda wanted: _feed(request, wanted, f"Feed: {name}", name))


def topic(request: Request) -> Response:
    """Answer ``/topics/12.atom?by=voted``."""

    def listed(wanted: Asking) -> Listed:
        catalog, which = of(request).catalog, topics.which_of(request.path_params["which"])
        page = catalog.topic_papers(which, sort=topics.sort_of(wanted), limit=wanted.limit)
        return Listed(f"Topic: {catalog.topic(which).line.topic.name}", _papers(page))

    return _answer(request, listed, ("by",))


ROUTES = [
    Route("/new.{ending}", newest),
    Route("/topics/{which}.{ending}", topic),
    Route("/trending.{ending}", trending),
    Route("/papers/date/{day}.{ending}", day),
    Route("/papers/week/{week}.{ending}", week),
    Route("/papers/month/{month}.{ending}", month),
    Route("/search.{ending}", search),
    Route("/similar.{ending}", similar),
    Route("/shelves/{number:int}.{ending}", shelf),
    Route("/shelf/{key}.{ending}", shelf_by_key),
    Route("/feed.{ending}", feed),
    Route("/feed/{name}.{ending}", feed_of_one),
]


# --- what is listed ---


def _dated(request: Request, period: Period, title: str) -> Response:
    def listed(wanted: Asking) -> Listed:
        category = dict(wanted.more).get("category")
        found = _ranked(request, wanted, period)
        return replace(found, title=f"{title}, {category}" if category else title)

    return _answer(request, listed, ("category", "by"))


def _ranked(request: Request, wanted: Asking, period: Period, window: str = "") -> Listed:
    more = dict(wanted.more)
    category, by = more.get("category"), more.get("by", "both")
    trend = of(request).catalog.trending(period, by=by, category=category, limit=wanted.limit)
    return Listed(title_of(window, category or "", by) if window else "", _papers(trend.page))


def _on_shelf(request: Request, shelf: Shelf, wanted: Asking, *, is_secret: bool = False) -> Listed:
    page, entries = of(request).catalog.on_shelf(shelf, limit=wanted.limit)
    return Listed(shelf.name, _papers(page), entries, is_secret=is_secret)


def _feed(request: Request, wanted: Asking, title: str, *names: str) -> Listed:
    """Return what is above the line: whoever is told by a program wants no more than that."""
    found = of(request).catalog.feed_to_follow(_follower(request), names, limit=wanted.limit)
    strong = [hit for hit in found.hits if hit.is_strong]
    reasons = {hit.paper.id: _because(hit.reason) for hit in strong}
    return Listed(title, [hit.paper for hit in strong], reasons=reasons)


def _because(reason: Reason) -> str:
    """Return in a line why a paper is in a feed."""
    liked = " and ".join(f"“{each.paper.title}”" for each in reason.likes)
    words = ", ".join(each.word for each in reason.words)
    parts = (f"because you liked {liked}" if liked else "", f"words: {words}" if words else "")
    return "; ".join(filter(None, (f"by {reason.author}, whom you follow" if reason.author else "", *parts)))


def _papers(page: Page) -> list[Paper]:
    return [hit.paper for hit in page.hits]


def _follower(request: Request) -> Reader | None:
    """Return who follows: by the token in the address, else as anywhere.

    Raises:
        NotFoundError: the token in the address is none, or not any more.
    """
    token = request.query_params.get("token")
    if token is None:
        return reader_of(request)
    try:
        return of(request).catalog.reader_of_address(token)
    except SignInError as error:
        raise NotFoundError(f"nothing is followed at this address: {error}") from error


# --- how it is answered ---


def _answer(request: Request, listed: Callable[[Asking], Listed], more: Sequence[str] = ()) -> Response:
    """Return what is listed in the format that the ending names, or 304 where whoever asks holds it.

    Raises:
        NotFoundError: there is no such ending.
        InputError: n is no number from 1 to 100.
    """
    request.state.is_followed = True  # whoever is refused gets a status that programs understand, and no form
    ending = request.path_params["ending"]
    if ending not in ENDINGS:
        raise NotFoundError(f"nothing ends in .{ending[:20]} here; there are .{', .'.join(ENDINGS)}")
    wanted = _wanted(request, more)
    found = listed(wanted)
    if ending in _FEEDS:
        kind, write = _FEEDS[ending]
        body = write(_view(request, wanted, found))
    else:
        kind = "text/plain; charset=utf-8"  # as the citation of one paper: a browser shows it
        body = _CITATIONS[ending](found.papers).encode("utf-8", "replace")
    return _unless_held(request, body, kind, IN_SECRET if found.is_secret else {})


def _wanted(request: Request, more: Sequence[str]) -> Asking:
    """Return what is asked for, as the page itself is asked; ``n`` says how many papers."""
    path = request.url.path.rpartition(".")[0]
    wanted = asking.from_address(path, request.query_params, USUAL, more)
    number = asking.number(request.query_params.get("n") or str(USUAL), "n", LARGEST_LIMIT)
    return replace(wanted, limit=number, usual=number, cursor=None, back=(), number=1, explain=False)


def _unless_held(request: Request, body: bytes, kind: str, headers: Mapping[str, str]) -> Response:
    seen: Seen = request.app.state.seen
    tag, now = tag_of(body), of(request).catalog.now()
    since = seen.since(f"{base_of(request)}{request.url.path}?{request.url.query}", tag, now)
    headers = {**headers, **validators(tag, since), "Cache-Control": _KEPT}
    if has_it(request.headers, tag, since):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=kind, headers=headers)


def _view(request: Request, wanted: Asking, found: Listed) -> View:
    catalog, base = of(request).catalog, base_of(request)
    title = outbound.shown(found.title)
    standings = catalog.standings(found.papers)

    def item(paper: Paper) -> outbound.Item:
        entry = found.entries.get(paper.id)
        return item_of(
            paper,
            catalog.permanent_id(f"paper/{paper.id}"),
            base + addresses.of_paper(paper.key),
            links=addresses.outside(paper),
            said=(found.reasons.get(paper.id, ""), *_said(paper, standings.get(paper.id, Standing()))),
            note=entry.note if entry else "",
            came=_came(entry),
        )

    return View(
        id=catalog.permanent_id(wanted.href),
        title=f"{title} – Tidings",
        description=f"{title}, from Tidings at {base}",
        home=base + wanted.href,
        address=f"{base}{request.url.path}?{request.url.query}".rstrip("?"),
        items=tuple(map(item, found.papers)),
    )


def _came(entry: ShelfEntry | None) -> datetime | None:
    return entry.at.replace(microsecond=0) if entry else None


def _said(paper: Paper, standing: Standing) -> tuple[str, ...]:
    """Return what is said of a paper here and elsewhere, in few words each."""
    elsewhere, citations = said_elsewhere(paper), paper.count("citations")
    votes = f"{standing.votes} vote{'' if standing.votes == 1 else 's'} here" if standing.votes else None
    facts = (
        "withdrawn" if paper.withdrawn else None,
        votes,
        elsewhere.votes,
        elsewhere.comments,
        f"{shortened(citations)} citations" if citations else None,
        f"put forward by {standing.submitter}" if standing.submitter else None,
        f"pick of {moments.in_words(standing.picked)}" if standing.picked else None,
    )
    return tuple(filter(None, facts))
