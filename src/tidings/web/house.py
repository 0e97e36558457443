"""The pages about Tidings itself: help, status, about, and the list of the API's addresses."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from tidings.people import Role
from tidings.types import LessonReport
from tidings.web.previews import mail_status
from tidings.web.readers import reader_of
from tidings.web.site import FOLDER, of, stable


def about(request: Request) -> Response:
    """Answer ``/about``."""
    return stable(request, lambda site: site.html("about.html"))


def guide(request: Request) -> Response:
    """Answer ``/help``: the search language and the keys."""
    return stable(request, lambda site: site.html("help.html"))


def status(request: Request) -> Response:
    """Answer ``/status``: what is held, how the sources do, and whether all is well. Never from a cache."""
    catalog = of(request).catalog
    stats, checks, sources = catalog.state()
    response = of(request).html(
        "status.html",
        stats=stats,
        checks={check.name: check for check in checks},
        sources=sources,
        mail=mail_status(request),
        lessons=_lessons(request),
        now=catalog.now(),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _lessons(request: Request) -> dict[str, LessonReport]:
    """Return what was learnt of what feeds showed, for administrators: how much others like is not everybody's."""
    catalog, reader = of(request).catalog, reader_of(request)
    is_admin = reader is not None and reader.account.role >= Role.ADMIN and "admin" in reader.scopes
    return catalog.lessons(reader) if is_admin else {}


def interfaces(request: Request) -> Response:
    """Answer ``/api``: every address of the API with its parameters, from the OpenAPI document itself."""
    return stable(request, lambda site: site.html("api.html", document=request.app.openapi()))


def icon(_: Request) -> Response:
    """Answer ``/favicon.ico``, which browsers ask for by themselves."""
    return FileResponse(FOLDER / "static" / "icon.svg", media_type="image/svg+xml")


ROUTES = [
    Route("/about", about),
    Route("/help", guide),
    Route("/status", status),
    Route("/api", interfaces),
    Route("/favicon.ico", icon),
]
