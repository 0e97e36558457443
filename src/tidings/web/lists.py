"""The pages that list papers as they are asked for: search, similar, newest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.errors import InputError
from tidings.types import Page
from tidings.web import asking, narrowing
from tidings.web.asking import Asking
from tidings.web.entries import Entry, Said
from tidings.web.showing import current, listed, said_of
from tidings.web.site import of

_BODY_LIMIT = 1_000_000
"""Bytes of a posted form: the longest query in four-byte characters, percent-encoded, and some more."""


def search(request: Request) -> Response:
    """Answer ``/search?q=``; without words it is the newest papers."""
    wanted = asked(request)
    if not wanted.query:
        return RedirectResponse("/new", 303)
    page = _found(request, wanted)
    said = _said(request, page)
    return current(request, said, lambda _: _search_page(request, page, wanted, said))


async def search_pasted(request: Request) -> Response:
    """Answer a text too long for an address. Nothing changes; it is a POST for its length alone."""
    body = await _body(request)
    wanted = asking.from_form("/search", body, of(request).settings.page_size)
    request.state.asking = wanted
    return await run_in_threadpool(_pasted, request, wanted)


def similar(request: Request) -> Response:
    """Answer ``/similar?id=…&id=…``."""
    wanted = asked(request)
    if not wanted.ids:
        raise InputError("Name at least one paper, as in /similar?id=arxiv:2106.09685.")
    catalog = of(request).catalog
    papers = [catalog.paper(name) for name in wanted.ids]
    page = catalog.similar(wanted.ids, limit=wanted.limit)
    said = _said(request, page)
    return current(
        request,
        said,
        lambda site: site.html("similar.html", papers=papers, **listed(request, page, wanted, said)),
    )


def newest(request: Request) -> Response:
    """Answer ``/new``."""
    wanted = asked(request)
    page = of(request).catalog.newest(limit=wanted.limit, cursor=wanted.cursor)
    said = _said(request, page)
    return current(request, said, lambda _: newest_page(request, page, wanted, said))


def newest_page(request: Request, page: Page, wanted: Asking, said: Said, *, is_front: bool = False) -> Response:
    """Return the page of the newest papers, day by day; at the front it says why nothing trends."""
    values = listed(request, page, wanted, said)
    return of(request).html("newest.html", days=_by_day(values["entries"]), is_front=is_front, **values)


ROUTES = [
    Route("/new", newest),
    Route("/search", search),
    Route("/search", search_pasted, methods=["POST"]),
    Route("/similar", similar),
]


def asked(request: Request, more: Sequence[str] = (), page_size: int | None = None) -> Asking:
    """Read the address, and keep what was asked where an error page finds it.

    ``more`` are the parameters of this list only, ``page_size`` how many papers it usually shows.
    """
    size = page_size or of(request).settings.page_size
    wanted = asking.from_address(request.url.path, request.query_params, size, more)
    request.state.asking = wanted
    return wanted


def _pasted(request: Request, wanted: Asking) -> Response:
    if not wanted.query:
        return RedirectResponse("/new", 303)
    page = _found(request, wanted)
    return _search_page(request, page, wanted, _said(request, page))


def _found(request: Request, wanted: Asking) -> Page:
    return of(request).catalog.search(wanted.query, limit=wanted.limit, cursor=wanted.cursor, sort=wanted.sort)


def _search_page(request: Request, page: Page, wanted: Asking, said: Said) -> Response:
    return of(request).html(
        "search.html",
        groups=narrowing.groups(page, wanted),
        active=narrowing.active_terms(wanted),
        **listed(request, page, wanted, said),
    )


def _said(request: Request, page: Page) -> Said:
    return said_of(request, [hit.paper for hit in page.hits])


def _by_day(entries: Iterable[Entry]) -> Sequence[tuple[date | None, list[Entry]]]:
    return [(when, list(group)) for when, group in groupby(entries, key=lambda entry: entry.day)]


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
