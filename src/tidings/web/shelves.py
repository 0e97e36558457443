"""Shelves on the pages: one's own and the lab's, one of them, one by its link; and putting a paper on one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.catalog.community import QUEUE
from tidings.errors import InputError
from tidings.people import VISIBILITIES
from tidings.web import addresses
from tidings.web.entries import set_text
from tidings.web.forms import Fields, posted
from tidings.web.lists import asked
from tidings.web.papers import paper_of
from tidings.web.readers import reader_of
from tidings.web.showing import current, listed, said_of
from tidings.web.site import Site, of
from tidings.web.voting import done

if TYPE_CHECKING:
    from tidings.people import Shelf
    from tidings.types import Page
    from tidings.web.asking import Asking
    from tidings.web.entries import Said

_HERE = "/shelves"
_NEW = "new"
_WORDS = {"private": "only you", "lab": "every member", "link": "whoever has its link"}


def page(request: Request) -> Response:
    """Answer ``/shelves``: one's own, and those of others that every member sees."""
    own, others = of(request).catalog.shelves(reader_of(request))
    return of(request).html("shelves.html", own=own, others=others, words=_WORDS)


@posted
def make(request: Request, fields: Fields) -> Response:
    """Make a shelf; lead to it."""
    made = of(request).catalog.make_shelf(reader_of(request), fields.get("name", ""), fields.get("visibility", ""))
    return RedirectResponse(addresses.of_shelf(made), 303)


def one(request: Request) -> Response:
    """Answer ``/shelves/12``."""
    reader = reader_of(request)
    shelf = of(request).catalog.shelf(reader, request.path_params["number"])
    is_own = reader is not None and shelf.account_id == reader.account.id
    return _shelf(request, shelf, is_own=is_own)


def lab(request: Request) -> Response:
    """Answer ``/lab``: what its members want to read, and who wants what."""
    reader, catalog, wanted = reader_of(request), of(request).catalog, asked(request)
    page, wishes = catalog.lab_queue(reader, limit=wanted.limit, offset=(wanted.number - 1) * wanted.limit)
    own, others = catalog.shelves(reader)
    seen = [shelf for shelf in [*own, *others] if shelf.visibility == "lab"]
    return of(request).html("lab.html", wishes=wishes, shelves=seen, **_listed(request, page, wanted))


def by_key(request: Request) -> Response:
    """Answer ``/shelf/…``: a shelf for whoever has its link. It is to be found by nobody else."""
    response = _shelf(request, of(request).catalog.shelf_by_key(request.path_params["key"]), is_own=False)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@posted
def change(request: Request, fields: Fields) -> Response:
    """Rename a shelf, or show it to others."""
    number = request.path_params["number"]
    changed = of(request).catalog.change_shelf(
        reader_of(request), number, name=fields.get("name"), visibility=fields.get("visibility")
    )
    return RedirectResponse(addresses.of_shelf(changed), 303)


def remove(request: Request) -> Response:
    """Remove a shelf; its papers stay in the archive."""
    of(request).catalog.remove_shelf(reader_of(request), request.path_params["number"])
    return RedirectResponse(_HERE, 303)


# --- a paper and shelves ---


def choose(request: Request) -> Response:
    """Answer ``/paper/…/save``: on which shelf, and with which note."""
    found, catalog, reader = paper_of(request), of(request).catalog, reader_of(request)
    own, _ = catalog.shelves(reader)
    return of(request).html(
        "save.html",
        paper=found,
        title=set_text(found.title),
        own=own,
        on=catalog.saved(reader, [found]).get(found.id, set()),
        queue=QUEUE,
        new=_NEW,
    )


@posted
def save(request: Request, fields: Fields) -> Response:
    """Put a paper on a shelf, perhaps a new one, with a note; without a shelf it goes to those to be read.

    Without a note, the one that is there already stays.
    """
    found, catalog, reader = paper_of(request), of(request).catalog, reader_of(request)
    wish, note = fields.get("shelf", ""), fields.get("note", "").strip() or None
    if wish == _NEW:
        shelf = catalog.make_shelf(reader, fields.get("name", ""))
    else:
        shelf = catalog.shelf(reader, _number(wish)) if wish else catalog.save(reader, found.key)
    if wish or note:
        catalog.put(reader, shelf.id, found.key, note)
    return done(request, fields, found, {"saved": True, "shelf": shelf.name})


@posted
def annotate(request: Request, fields: Fields) -> Response:
    """Change the note of a paper on a shelf; an empty one takes it away."""
    found = paper_of(request)
    of(request).catalog.put(reader_of(request), _number(fields.get("shelf", "")), found.key, fields.get("note", ""))
    return done(request, fields, found, {"saved": True})


@posted
def take(request: Request, fields: Fields) -> Response:
    """Take a paper off a shelf."""
    found = paper_of(request)
    of(request).catalog.take(reader_of(request), _number(fields.get("shelf", "")), found.key)
    return done(request, fields, found, {"saved": False})


ROUTES = [
    Route(_HERE, page),
    Route(_HERE, make, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}", one),
    Route(f"{_HERE}/{{number:int}}", change, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/remove", remove, methods=["POST"]),
    Route("/lab", lab),
    Route("/shelf/{key}", by_key),
    Route("/paper/{id:path}/save", choose),
    Route("/paper/{id:path}/save", save, methods=["POST"]),
    Route("/paper/{id:path}/note", annotate, methods=["POST"]),
    Route("/paper/{id:path}/take", take, methods=["POST"]),
]


def _shelf(request: Request, shelf: Shelf, *, is_own: bool) -> Response:
    wanted = asked(request)
    offset = (wanted.number - 1) * wanted.limit
    page, notes = of(request).catalog.on_shelf(shelf, limit=wanted.limit, offset=offset)
    said = said_of(request, [hit.paper for hit in page.hits], notes=notes)

    def produce(site: Site) -> Response:
        return site.html(
            "shelf.html",
            shelf=shelf,
            is_own=is_own,
            words=_WORDS,
            kinds=VISIBILITIES,
            **_listed(request, page, wanted, said),
        )

    return current(request, said, produce, (shelf, sorted(notes.items())))


def _listed(request: Request, page: Page, wanted: Asking, said: Said | None = None) -> dict[str, Any]:
    """Return what a list needs; a shelf is turned by numbers of pages."""
    is_last = wanted.number * wanted.limit >= page.total
    return {
        **listed(request, page, wanted, said),
        "following": None if is_last else replace(wanted, number=wanted.number + 1),
        "preceding": replace(wanted, number=wanted.number - 1) if wanted.number > 1 else None,
    }


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f"{text[:20]!r} is not the number of a shelf")
    return int(text)
