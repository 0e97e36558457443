"""Putting a paper forward on a page: one field, and an answer in words."""

from __future__ import annotations

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.errors import ForbiddenError, SignInError, TidingsError
from tidings.people import require
from tidings.web import addresses
from tidings.web.forms import Fields, read_form
from tidings.web.readers import reader_of
from tidings.web.site import of

_HERE = "/submit"
AT_ONCE = anyio.CapacityLimiter(2)
"""A host that is slow must not hold the threads that answer requests."""


def page(request: Request) -> Response:
    """Answer ``/submit``: the form; with ``?paper=`` filled in, for a bookmark in the browser."""
    return _page(request, request.query_params.get("paper", "")[:2_000])


async def submit(request: Request) -> Response:
    """Put a paper forward; lead to its page."""
    fields = await read_form(request)
    return await anyio.to_thread.run_sync(_submitted, request, fields, limiter=AT_ONCE)


ROUTES = [Route(_HERE, page), Route(_HERE, submit, methods=["POST"])]


def _submitted(request: Request, fields: Fields) -> Response:
    pasted = fields.get("paper", "").strip()
    if not pasted:
        return _page(request, "", "Paste an id or an address first.", 400)
    try:
        made = of(request).catalog.submit(reader_of(request), pasted)
    except (SignInError, ForbiddenError):
        raise
    except TidingsError as error:
        return _page(request, pasted, str(error), error.http_status)
    said = "first" if made.is_first else "again"
    return RedirectResponse(f"{addresses.of_paper(made.paper.key)}?submitted={said}", 303)


def _page(request: Request, pasted: str, problem: str | None = None, status: int = 200) -> Response:
    account = require(reader_of(request), "submit")
    return of(request).html("submit.html", status, pasted=pasted, problem=problem, account=account)
