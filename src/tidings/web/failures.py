"""Errors become answers here and nowhere else: JSON under ``/api/``, a calm page elsewhere."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlsplit

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tidings.errors import QueryError, SignInAgainError, SignInError, TidingsError, TooManyError
from tidings.web import addresses
from tidings.web.readers import token_of
from tidings.web.security import SAFE_METHODS
from tidings.web.site import SIGN_IN, here_again, of, sentence

_log = logging.getLogger(__name__)

_SECRET = re.compile(r"^(/mail/[a-z]+/|/sign-in/link/|/shelf/|/api/shelf/).*", re.DOTALL)
"""Addresses that let in whoever has them: the log must not."""
_TOKEN = re.compile(r"tidings_[\w-]+")
"""A token, wherever in an address it was put."""
_TITLES = {
    400: "That cannot be answered as it was asked",
    401: "Nobody is signed in",
    403: "Refused",
    404: "Nothing is here",
    405: "Not that way",
    409: "Something stands against it",
    413: "That is too long",
    429: "Too much at once",
    502: "A source could not be understood",
    503: "Not available at the moment",
}


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(TidingsError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, TidingsError)
    return await answer(request, error)


async def answer(request: Request, error: TidingsError) -> Response:
    """Return what is said of an error of ours. Who has to sign in first is led there, and back."""
    if isinstance(error, SignInError) and not _is_program(request):
        again = [("again", "1")] if isinstance(error, SignInAgainError) else []
        return RedirectResponse(addresses.with_parameters(SIGN_IN, [*again, ("next", _wanted(request))]), 303)
    details = _details(error) if isinstance(error, QueryError) else {}
    response = await _answer(request, error.http_status, error.code, str(error), **details)
    if isinstance(error, SignInError):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _is_program(request: Request) -> bool:
    is_followed = getattr(request.state, "is_followed", False)
    return is_followed or request.url.path.startswith("/api/") or token_of(request) is not None


def _wanted(request: Request) -> str:
    """Return where to go on after signing in: the page itself, or the one with the button that was pressed."""
    if request.method in SAFE_METHODS:
        return here_again(request)
    page = urlsplit(request.headers.get("referer", ""))
    return f"{page.path}?{page.query}".rstrip("?") if page.netloc == request.headers.get("host") else ""


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = "input", str(error.detail)
    if error.status_code == 404:
        code, message = "not_found", "No page has this address."
    elif error.status_code == 405:
        message = "This address does not answer to that method."
    response = await _answer(request, error.status_code, code, message)
    response.headers.update(error.headers or {})
    return response


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:])
    return await _answer(request, 400, "input", f"{name}: {first['msg']}.")


async def _unforeseen(request: Request, error: Exception) -> Response:
    place = _TOKEN.sub("tidings_…", _SECRET.sub(r"\1…", request.url.path))
    _log.error("unforeseen error at %r", place, exc_info=error)
    message = "Something failed that nobody foresaw. Nothing was lost; the details are in the server's log."
    return await _answer(request, 500, "error", message)


def _details(error: QueryError) -> dict[str, object]:
    return {"position": error.position, "suggestion": error.suggestion}


async def _answer(request: Request, status: int, code: str, message: str, **details: object) -> Response:
    if request.url.path.startswith("/api/"):
        given = {name: value for name, value in details.items() if value is not None}
        body = msgspec.json.encode({"error": {"code": code, "message": message, **given}})
        response = Response(body, status, media_type="application/json")
    else:
        response = await run_in_threadpool(_page, request, status, code, message, details)
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(request: Request, status: int, code: str, message: str, details: dict[str, object]) -> Response:
    wanted = getattr(request.state, "asking", None)
    template = "query_error.html" if code == QueryError.code and wanted is not None else "failure.html"
    title = _TITLES.get(status, "That did not work")
    usual = {"title": title, "message": sentence(message), "asking": wanted, "position": 0, "suggestion": None}
    return of(request).html(template, status, **{**usual, **details})
