"""The map on the pages: the page with its topics in words, the points in one piece, and what is asked while looking."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidings.catalog.map_picture import as_svg
from tidings.catalog.map_sheet import MOST_CORNERS
from tidings.errors import InputError, NotFoundError
from tidings.plain import plain
from tidings.types import EDGE, FIRST_YEAR
from tidings.web import addresses
from tidings.web.site import Site, of, stable
from tidings.web.unchanged import tag_of

if TYPE_CHECKING:
    from tidings.types import Landmark, Paper, Selection, Sheet

_QUICK = 4
"""How hard points are packed: more costs seconds for a hundredth of their size."""
_SHOWN = 6
_PICTURE = 1_200  # pixels a side
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Region:
    """An area on the map and its topics, the largest first."""

    top: Landmark
    leaves: tuple[Landmark, ...]


def page(request: Request) -> Response:
    """Answer ``/map``: the canvas, what can be chosen, and all topics as a list with links."""
    sheet = of(request).catalog.map_sheet()
    return stable(request, lambda site: _page(site, sheet), sheet.key if sheet else None)


def points(request: Request) -> Response:
    """Answer ``/map/points``: the whole map, 8 bytes a paper, as ``types.Sheet`` says."""
    site, sheet = of(request), _sheet(request)
    is_this = request.query_params.get("v") == sheet.key
    headers = {
        "ETag": f"W/{tag_of(sheet.key.encode())}",
        "Cache-Control": _FOR_EVER if is_this else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(sheet.body(), media_type="application/octet-stream", headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(_packed(site, sheet), media_type="application/octet-stream", headers=headers)


def picture(request: Request) -> Response:
    """Answer ``/map/picture.svg``, or with ``?dark=1``: the whole map for whoever runs no script."""
    site, sheet = of(request), _sheet(request)
    dark = request.query_params.get("dark", "")
    if dark not in ("", "1"):
        raise InputError("dark is 1, or is left out")
    name = f"picture {sheet.key} {dark}"
    if name not in site.pages:
        site.pages[name] = as_svg(sheet, _PICTURE, bool(dark))
    is_this = request.query_params.get("v") == sheet.key
    headers = {"Cache-Control": _FOR_EVER if is_this else "no-cache"}
    return Response(site.pages[name], media_type="image/svg+xml", headers=headers)


def titles(request: Request) -> Response:
    """Answer ``/map/titles?ids=12,13``: what those papers are called and where they are."""
    text = request.query_params.get("ids", "")
    papers = of(request).catalog.map_papers(_numbers(text)) if text else []
    return _json([_told(paper) for paper in papers])


def found(request: Request) -> Response:
    """Answer ``/map/found?q=``: the numbers of what a search finds, the best first."""
    ids, total = of(request).catalog.map_found(request.query_params.get("q", ""))
    return _json({"ids": ids, "total": total})


def enclosed(request: Request) -> Response:
    """Answer ``/map/inside?ring=0,0,9,0,9,9``: how much stands within a line, and where an interest is made of it.

    ``from`` and ``to`` are years, ``source`` a name.
    """
    asked = request.query_params
    corners = _numbers(asked.get("ring", ""), most=2 * MOST_CORNERS)
    if len(corners) % 2:
        raise InputError("a corner has an x and a y")
    years = None
    if asked.get("from") or asked.get("to"):
        years = _year(asked.get("from"), FIRST_YEAR + 1), _year(asked.get("to"), 9999)
    ring = list(zip(corners[::2], corners[1::2], strict=True))
    sources = [name for name in asked.getlist("source") if name]
    return _json(_answer(of(request).catalog.map_inside(ring, years=years, sources=sources)))


def _page(site: Site, sheet: Sheet | None) -> Response:
    state = site.catalog.topics_state()
    if sheet is None:
        return site.html("map.html", sheet=None, state=state, regions=(), years=(), edge=EDGE, first_year=FIRST_YEAR)
    years = sorted({int(year) + FIRST_YEAR for year in _present(sheet)}, reverse=True)
    regions = [
        Region(top, tuple(mark for mark in sheet.landmarks if mark.area == number and mark.size))
        for number, top in enumerate(sheet.areas)
    ]
    shown = [region for region in regions if region.top.size]
    return site.html("map.html", sheet=sheet, state=state, regions=shown, years=years, edge=EDGE, first_year=FIRST_YEAR)


def _present(sheet: Sheet) -> Sequence[int]:
    """Return the years, as the sheet tells them, that a paper of the map has."""
    return [number for number in set(sheet.year.tolist()) if number]


def _sheet(request: Request) -> Sheet:
    sheet = of(request).catalog.map_sheet()
    if sheet is None:
        raise NotFoundError("there is no map yet: `tidings map` draws it")
    return sheet


def _packed(site: Site, sheet: Sheet) -> bytes:
    """Return the points as gzip, made once for each state of the map."""
    name = f"map {sheet.key}"
    if name not in site.pages:
        site.pages[name] = gzip.compress(sheet.body(), _QUICK, mtime=0)
    return site.pages[name]


def _told(paper: Paper) -> dict[str, Any]:
    said = [str(paper.year) if paper.year else (paper.date.strftime("%Y") if paper.date else "")]
    said.extend(paper.categories[:1])
    return {
        "id": paper.id,
        "title": plain(paper.title),
        "href": addresses.of_paper(paper.key),
        "said": " · ".join(filter(None, said)),
    }


def _answer(selection: Selection) -> dict[str, Any]:
    likes = [paper.key for paper in selection.central]
    return {
        "count": selection.count,
        "papers": [_told(paper) for paper in selection.central[:_SHOWN]],
        "interest": addresses.of_new_interest(likes=likes) + "#new" if likes else None,
    }


def _numbers(text: str, most: int = 1_000) -> list[int]:
    parts = text.split(",", most)
    if len(parts) > most or not all(part.removeprefix("-").isdecimal() and len(part) < 10 for part in parts):
        raise InputError(f"that is no list of up to {most} whole numbers with commas between them")
    return [int(part) for part in parts]


def _year(text: str | None, otherwise: int) -> int:
    if not text:
        return otherwise
    if not (text.isdecimal() and len(text) == 4):
        raise InputError(f"{text[:20]!r} is no year")
    return int(text)


def _json(value: object) -> Response:
    return Response(
        msgspec.json.encode(value), media_type="application/json", headers={"Cache-Control": "private, no-cache"}
    )


ROUTES = [
    Route("/map", page),
    Route("/map/points", points),
    Route("/map/picture.svg", picture),
    Route("/map/titles", titles),
    Route("/map/found", found),
    Route("/map/inside", enclosed),
]
