"""Forms: what a POST brings, and where it leads back to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tidings.errors import InputError

Fields = dict[str, str]

_LONGEST = 100_000
_MOST_FIELDS = 1_000


def posted(work: Callable[[Request, Fields], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers a POST: it reads the form, then does the work in a thread."""

    @wraps(work)
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(work, request, await read_form(request))

    return answer


async def read_form(request: Request) -> Fields:
    """Return the fields of a form, the last value of each.

    Raises:
        InputError: it is something else than an ordinary form, or too long.
    """
    kind = request.headers.get("content-type", "")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            raise InputError(f"a form may have {_LONGEST:,} bytes; this one has more")
    if body and not kind.startswith("application/x-www-form-urlencoded"):
        raise InputError("send an ordinary form (application/x-www-form-urlencoded)")
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise InputError(f"a form may have {_MOST_FIELDS:,} fields; this one has more") from error
    return {name: values[-1] for name, values in fields.items()}


def back(fields: Fields, otherwise: str = "/") -> RedirectResponse:
    """Return the way back to the page that a form was on, which its field ``next`` names."""
    return RedirectResponse(own_path(fields.get("next", "")) or otherwise, 303)


def own_path(text: str) -> str | None:
    """Return an address within this site as it is, or None: whoever follows a form must not land elsewhere."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    is_own = not parts.scheme and not parts.netloc and text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if is_own and text.isprintable() and "\\" not in text else None
