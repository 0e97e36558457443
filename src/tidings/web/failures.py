"""Errors become answers here and nowhere else: JSON under ``/api/``, a calm page elsewhere."""

from __future__ import annotations

import logging

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tidings.errors import QueryError, TidingsError
from tidings.web.site import of

_log = logging.getLogger(__name__)

_TITLES = {
    400: "That cannot be answered as it was asked",
    403: "Refused",
    404: "Nothing is here",
    405: "Not that way",
    413: "That is too long",
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
    details = _details(error) if isinstance(error, QueryError) else {}
    return _answer(request, error.http_status, error.code, str(error), **details)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = "input", str(error.detail)
    if error.status_code == 404:
        code, message = "not_found", "No page has this address."
    elif error.status_code == 405:
        message = "This address does not answer to that method."
    response = _answer(request, error.status_code, code, message)
    response.headers.update(error.headers or {})
    return response


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:])
    return _answer(request, 400, "input", f"{name}: {first['msg']}.")


async def _unforeseen(request: Request, error: Exception) -> Response:
    _log.error("unforeseen error at %s", request.url.path, exc_info=error)
    message = "Something failed that nobody foresaw. Nothing was lost; the details are in the server's log."
    return _answer(request, 500, "error", message)


def _details(error: QueryError) -> dict[str, object]:
    return {"position": error.position, "suggestion": error.suggestion}


def _sentence(message: str) -> str:
    """Return a message as a page says it: with a capital and an end. The API leaves it as it is, for programs."""
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!", "…")) else ".")


def _answer(request: Request, status: int, code: str, message: str, **details: object) -> Response:
    if request.url.path.startswith("/api/"):
        body = {
            "code": code,
            "message": message,
            **{name: value for name, value in details.items() if value is not None},
        }
        return Response(msgspec.json.encode({"error": body}), status, media_type="application/json")
    wanted = getattr(request.state, "asking", None)
    template = "query_error.html" if code == QueryError.code and wanted is not None else "failure.html"
    title = _TITLES.get(status, "That did not work")
    values = {
        "title": title,
        "message": _sentence(message),
        "asking": wanted,
        "position": 0,
        "suggestion": None,
        **details,
    }
    return of(request).html(template, status, **values)
