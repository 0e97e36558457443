"""What every request passes before it is answered: proof that does not hold, and too much writing, end here.

And what every answer says of itself: whose it is, so that no cache gives one reader's page to another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidings.errors import ForbiddenError, InputError, TidingsError, TooManyError
from tidings.web import failures
from tidings.web.networks import peer_of
from tidings.web.readers import is_stale, reader_of, set_cookie, token_of
from tidings.web.security import SAFE_METHODS
from tidings.web.site import Site, of

WRITES = 120
"""How many requests that may change something are answered in a minute, for an account or else a network."""
_MINUTE = 60.0
LARGEST_BODY = 2_000_000
"""Bytes of what a request brings: twice the longest text that may be pasted into the search."""
_MOST_KEPT = 10_000

_ALONE = "private, no-store"
_ASK_AGAIN = "private, no-cache"
IN_SECRET = {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}
"""What an answer carries whose address lets in whoever has it: nobody shall find it, or be told by a link from it."""
# A GET that has the identity provider asked; it is counted like what changes something.
_COSTLY = frozenset({"/sign-in/provider/back"})


@dataclass(slots=True)
class Buckets:
    """Counts what each one does: ``most`` at once, and as many again in ``seconds``. Each process has its own.

    ``clock`` counts seconds. Whoever was still for so long is forgotten, and the longest still when there are too many.
    """

    most: int = WRITES
    seconds: float = _MINUTE
    clock: Callable[[], float] = time.monotonic
    _left: dict[Hashable, tuple[float, float]] = field(default_factory=dict)

    def take(self, who: Hashable) -> float:
        """Count one more; return 0, or how many seconds to wait before it may be."""
        now = self.clock()
        left, since = self._left.pop(who, (float(self.most), now))
        left = min(self.most, left + (now - since) * self.most / self.seconds)
        wait = max(0.0, 1.0 - left) * self.seconds / self.most
        self._left[who] = (left if wait else left - 1.0), now
        self._forget(now)
        return wait

    def _forget(self, now: float) -> None:
        while self._left:
            stillest = next(iter(self._left))
            if len(self._left) <= _MOST_KEPT and now - self._left[stillest][1] < self.seconds:
                return
            del self._left[stillest]


class Door:
    """The one way in; it counts in the application's ``state.buckets``. Static files are everybody's and pass it by."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                _mark(request, MutableHeaders(scope=message))
            await send(message)

        refused = await _refused(request)
        await (refused or self.app)(scope, _bounded(receive), send_marked)


async def _refused(request: Request) -> Response | None:
    """Return the answer to a request that is not to be worked on."""
    try:
        _check_length(request)
        _check_header(request)
        counted = request.method not in SAFE_METHODS or request.url.path in _COSTLY
        if counted or token_of(request) is not None:
            await run_in_threadpool(reader_of, request)
        if counted:
            _count(request)
    except TidingsError as error:
        return await failures.answer(request, error)
    return None


def _count(request: Request) -> None:
    reader, buckets = reader_of(request), request.app.state.buckets
    who = ("account", reader.account.id) if reader else ("network", of(request).networks.asker(request))
    if wait := buckets.take(who):
        raise TooManyError("too many changes in a short time; wait a moment", int(wait) + 1)


def _check_length(request: Request) -> None:
    """Refuse what says of itself that it is too long, before any of it is read."""
    declared = request.headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit() and len(declared) < 10 and int(declared) <= LARGEST_BODY):
        raise _too_long()


def _bounded(receive: Receive) -> Receive:
    """Return what reads a body and stops where it becomes too long, whatever it said of itself."""
    taken = 0

    async def read() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:
            raise _too_long()
        return message

    return read


def _too_long() -> InputError:
    return InputError(f"a request brings at most {LARGEST_BODY:,} bytes")


def _check_header(request: Request) -> None:
    """Refuse a word about who asks that is not a trusted proxy's, or not clear.

    A proxy that adds its header to one that the request had already would let anybody be anybody.
    """
    networks = of(request).networks
    said = request.headers.getlist(networks.header) if networks.header else []
    if said and not networks.trust(peer_of(request)):
        raise ForbiddenError(f"the header {networks.header} is believed only from a trusted proxy, and this is none")
    if len(said) > 1:
        raise ForbiddenError(f"the header {networks.header} came {len(said)} times; the proxy must replace it")


def _mark(request: Request, headers: MutableHeaders) -> None:
    """Say whose an answer is. What was made for somebody is kept by nobody."""
    site = of(request)
    for name in ("Cookie", "Authorization", *filter(None, (site.networks.header,))):
        headers.add_vary_header(name)
    if "token" in request.query_params:
        headers.update(IN_SECRET)
    if is_stale(request) and "set-cookie" not in headers:
        _take_cookie(site, headers)
    if getattr(request.state, "reader", None) is not None or "set-cookie" in headers:
        headers["Cache-Control"] = _ALONE
        del headers["ETag"]
    else:
        headers.setdefault("Cache-Control", _ASK_AGAIN)


def _take_cookie(site: Site, headers: MutableHeaders) -> None:
    emptied = Response()
    set_cookie(emptied, site.settings, "", 0)
    headers.append("set-cookie", emptied.headers["set-cookie"])
