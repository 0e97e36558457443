"""What curators do on the pages: pick a paper of the day, keep one off the lists. The log is at ``/audit``."""

from __future__ import annotations

from datetime import date

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidings.errors import InputError
from tidings.web.forms import Fields, posted
from tidings.web.papers import paper_of
from tidings.web.readers import reader_of
from tidings.web.site import of
from tidings.web.voting import done


@posted
def pick(request: Request, fields: Fields) -> Response:
    """Mark a paper as the pick of a day: the one that the form names, else today."""
    found = paper_of(request)
    of(request).catalog.pick(reader_of(request), found.key, _day(fields.get("day", "")))
    return done(request, fields, found, {"picked": True})


@posted
def unpick(request: Request, fields: Fields) -> Response:
    """Take a pick back."""
    found = paper_of(request)
    of(request).catalog.unpick(reader_of(request), found.key)
    return done(request, fields, found, {"picked": False})


@posted
def hide(request: Request, fields: Fields) -> Response:
    """Keep a paper off the lists, for a reason."""
    found = paper_of(request)
    of(request).catalog.hide(reader_of(request), found.key, fields.get("reason", ""))
    return done(request, fields, found, {"hidden": True})


@posted
def unhide(request: Request, fields: Fields) -> Response:
    """List a paper again."""
    found = paper_of(request)
    of(request).catalog.unhide(reader_of(request), found.key)
    return done(request, fields, found, {"hidden": False})


ROUTES = [
    Route("/paper/{id:path}/pick", pick, methods=["POST"]),
    Route("/paper/{id:path}/unpick", unpick, methods=["POST"]),
    Route("/paper/{id:path}/hide", hide, methods=["POST"]),
    Route("/paper/{id:path}/unhide", unhide, methods=["POST"]),
]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputError(f"{text[:40]!r} is not a day; days are written as in 2025-03-20") from error
