"""The pages that list papers: search, similar, newest, a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.errors import InputError, NotFoundError
from tidings.types import Page
from tidings.web import addresses, asking, narrowing
from tidings.web.asking import Asking
from tidings.web.entries import Entry, entries
from tidings.web.site import Site, of, stable

_BODY_LIMIT = 1_000_000
"""Bytes of a posted form: the longest query in four-byte characters, percent-encoded, and some more."""
_PAPERS_OF_A_DAY = 100


def search(request: Request) -> Response:
    """Answer ``/search?q=``; without words it is the newest papers."""
    wanted = _asked(request)
    return stable(request, lambda site: _found(site, wanted))


async def search_pasted(request: Request) -> Response:
    """Answer a text too long for an address. Nothing changes; it is a POST for its length alone."""
    body = await _body(request)
    wanted = asking.from_form("/search", body, of(request).settings.page_size)
    request.state.asking = wanted
    return await run_in_threadpool(_found, of(request), wanted)


def similar(request: Request) -> Response:
    """Answer ``/similar?id=…&id=…``."""
    wanted = _asked(request)
    return stable(request, lambda site: _similar(site, wanted))


def newest(request: Request) -> Response:
    """Answer ``/`` and ``/new``."""
    wanted = _asked(request)
    return stable(request, lambda site: _newest(site, wanted))


def day(request: Request) -> Response:
    """Answer ``/papers/date/2025-03-20``."""
    when = _date(request.path_params["day"])
    wanted = _asked(request)
    return stable(request, lambda site: _day(site, when, wanted))


def any_day(request: Request) -> Response:
    """Send ``/papers/date`` on to the day that was asked for in the form, else to the newest day."""
    text = request.query_params.get("day", "")
    if text:
        return RedirectResponse(addresses.of_day(_date(text)), 303)
    latest = next((hit.paper.date for hit in of(request).catalog.newest(limit=1).hits), None)
    return RedirectResponse(addresses.of_day(latest) if latest else "/new", 303)


ROUTES = [
    Route("/", newest, name="home"),
    Route("/new", newest),
    Route("/search", search),
    Route("/search", search_pasted, methods=["POST"]),
    Route("/similar", similar),
    Route("/papers/date", any_day),
    Route("/papers/date/{day}", day),
]


def _asked(request: Request) -> Asking:
    """Read the address, and keep what was asked where an error page finds it."""
    wanted = asking.from_address(request.url.path, request.query_params, of(request).settings.page_size)
    request.state.asking = wanted
    return wanted


def _found(site: Site, wanted: Asking) -> Response:
    if not wanted.query:
        return RedirectResponse("/new", 303)
    page = site.catalog.search(wanted.query, limit=wanted.limit, cursor=wanted.cursor, sort=wanted.sort)
    return site.html(
        "search.html",
        groups=narrowing.groups(page, wanted),
        active=narrowing.active_terms(wanted),
        **_listed(site, page, wanted),
    )


def _similar(site: Site, wanted: Asking) -> Response:
    if not wanted.ids:
        raise InputError("Name at least one paper, as in /similar?id=arxiv:2106.09685.")
    papers = [site.catalog.paper(name) for name in wanted.ids]
    page = site.catalog.similar(wanted.ids, limit=wanted.limit)
    return site.html("similar.html", papers=papers, **_listed(site, page, wanted))


def _newest(site: Site, wanted: Asking) -> Response:
    page = site.catalog.newest(limit=wanted.limit, cursor=wanted.cursor)
    listed = _listed(site, page, wanted)
    return site.html("newest.html", days=_by_day(entries(page, site.stem, wanted.first)), **listed)


def _day(site: Site, when: date, wanted: Asking) -> Response:
    limit = wanted.limit if wanted.limit != wanted.usual else _PAPERS_OF_A_DAY
    found = site.catalog.day(when, limit=limit, cursor=wanted.cursor)
    return site.html("day.html", day=found, **_listed(site, found.page, wanted))


def _listed(site: Site, page: Page, wanted: Asking) -> dict[str, Any]:
    """Return what the list template needs of a page of hits."""
    return {
        "page": page,
        "asking": wanted,
        "entries": entries(page, site.stem, wanted.first),
        "following": wanted.following(page.cursor) if page.cursor else None,
        "preceding": wanted.preceding(),
    }


def _by_day(listed: Iterable[Entry]) -> Sequence[tuple[date | None, list[Entry]]]:
    return [(when, list(group)) for when, group in groupby(listed, key=lambda entry: entry.day)]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotFoundError(f"{text[:40]!r} is not a day; days are written as in 2025-03-20.") from error


async def _body(request: Request) -> bytes:
    """Read a posted form. InputError where it is longer than any query may be, or is something else."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise InputError("Send the text as an ordinary form (application/x-www-form-urlencoded).")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT:
            raise InputError(f"A query may have {asking.LONGEST_QUERY:,} characters; this one has more.")
    return bytes(body)
