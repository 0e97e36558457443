"""Tags on the pages: all of them, one with its papers, and what curators say of them."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.errors import InputError
from tidings.web.forms import Fields, back, posted
from tidings.web.lists import asked
from tidings.web.papers import paper_of
from tidings.web.readers import reader_of
from tidings.web.showing import acting, listed
from tidings.web.site import of

_HERE = "/tags"


def page(request: Request) -> Response:
    """Answer ``/tags``."""
    return of(request).html("tags.html", tags=of(request).catalog.tags(), acting=acting(request))


def one(request: Request) -> Response:
    """Answer ``/tags/12``, or with the name of the tag."""
    catalog, wanted = of(request).catalog, asked(request)
    tag = catalog.tag(request.path_params["which"])
    papers, sure = catalog.tagged(tag.id, limit=wanted.limit, offset=(wanted.number - 1) * wanted.limit)
    is_last = wanted.number * wanted.limit >= papers.total
    values = {
        **listed(request, papers, wanted),
        "following": None if is_last else replace(wanted, number=wanted.number + 1),
        "preceding": replace(wanted, number=wanted.number - 1) if wanted.number > 1 else None,
        "follow": None,
    }
    return of(request).html("tag.html", tag=tag, sure=sure, **values)


@posted
def make(request: Request, fields: Fields) -> Response:
    """Make a tag; lead to what has it already."""
    made = of(request).catalog.add_tag(reader_of(request), fields.get("name", ""), fields.get("description", ""))
    return RedirectResponse(f"{_HERE}/{made.id}", 303)


@posted
def change(request: Request, fields: Fields) -> Response:
    """Change the name or the description of a tag."""
    changed = of(request).catalog.change_tag(
        reader_of(request),
        request.path_params["which"],
        name=fields.get("name"),
        description=fields.get("description"),
    )
    return RedirectResponse(f"{_HERE}/{changed.id}", 303)


def remove(request: Request) -> Response:
    """Remove a tag."""
    of(request).catalog.remove_tag(reader_of(request), request.path_params["which"])
    return RedirectResponse(_HERE, 303)


@posted
def teach(request: Request, fields: Fields) -> Response:
    """Say that a paper fits a tag (``fits`` is 1), does not (0), or take that back ("")."""
    found, fits = paper_of(request), fields.get("fits", "")
    if fits not in ("1", "0", ""):
        raise InputError("fits is 1, 0 or empty")
    said = {"1": True, "0": False}.get(fits)
    of(request).catalog.teach_tag(reader_of(request), fields.get("tag", ""), found.key, said)
    return back(fields, f"/paper/{found.key}")


ROUTES = [
    Route(_HERE, page),
    Route(_HERE, make, methods=["POST"]),
    Route(f"{_HERE}/{{which}}", one),
    Route(f"{_HERE}/{{which}}", change, methods=["POST"]),
    Route(f"{_HERE}/{{which}}/remove", remove, methods=["POST"]),
    Route("/paper/{id:path}/tag", teach, methods=["POST"]),
]
