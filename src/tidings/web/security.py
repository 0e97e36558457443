"""What every answer carries, and what no request may do. Pure ASGI: it costs microseconds and never buffers a body."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

ONE_CLICK = "/mail/leave/"
"""What follows is signed, and is all the proof there is: a reader's mail program may POST there from wherever it is, so
that one click is enough to leave (RFC 8058, section 3.2). What it does does not depend on who asks."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Security:
    """Adds the headers of ``HEADERS`` to every answer and refuses what another site makes a browser send.

    ``public_url`` is the address that readers know, where a proxy may ask for it by another name.
    """

    def __init__(self, app: ASGIApp, public_url: str | None = None) -> None:
        self.app = app
        self.public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)  # an answer of ours may be stricter, none is laxer
            await send(message)

        is_signed = scope["path"].startswith(ONE_CLICK)
        if not is_signed and is_cross_site(scope["method"], Headers(scope=scope), self.public_url):
            refusal = PlainTextResponse("This request came from another site, so nothing was done.\n", 403)
            await refusal(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)


def is_cross_site(method: str, headers: Headers, public_url: str | None = None) -> bool:
    """Tell whether a request that may change something was started by another site.

    Browsers say so in Sec-Fetch-Site, older ones in Origin; what sends neither is no browser and carries
    nobody's login along (https://words.filippo.io/csrf/).
    """
    if method in SAFE_METHODS:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and not _is_ours(origin, headers.get("host", ""), public_url)


def _is_ours(origin: str, host: str, public_url: str | None) -> bool:
    """Tell whether an origin is the one that readers know, or else the host that was asked."""
    try:
        said, public = urlsplit(origin), urlsplit(public_url or "")
    except ValueError:
        return False
    if public.netloc and said.netloc.lower() == public.netloc.lower():
        return said.scheme.lower() == public.scheme.lower()
    return bool(host) and said.netloc.lower() == host.lower()
