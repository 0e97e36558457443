"""Who asks. The proof is looked at once for each request, and only where a page depends on it."""

from __future__ import annotations

from starlette.requests import Request

from tidings.people import Reader


def reader_of(request: Request) -> Reader | None:
    """Return who is signed in, or None for anybody."""
    return getattr(request.state, "reader", None)
