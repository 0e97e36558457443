"""Digests looked at before, and after, they leave: the next one as its reader would get it; how mail goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidings.digest import hooks
from tidings.digest.compose import compose, text_of
from tidings.digest.making import preview
from tidings.people import Role
from tidings.web.readers import reader_of
from tidings.web.security import CONTENT_SECURITY_POLICY
from tidings.web.site import Site, of

if TYPE_CHECKING:
    from tidings.types import Digest, Edition, Subscription

POLICY = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""A mail has its styles in it. It stands in a frame without scripts, forms and an origin, which inherits this."""

_UNSETTLED = ("sending", "failed", "unknown")
_MOST = 200


@dataclass(frozen=True, slots=True)
class Previewed:
    """A mail as it would be: ``html`` opens links beside the page that shows it; or the ``call`` of a hook."""

    headers: tuple[tuple[str, str], ...] = ()
    html: str = ""
    text: str = ""
    call: str = ""


def page(request: Request) -> Response:
    """Answer ``/subscriptions/12/preview``: what its reader would be told now. Nothing is sent or noted."""
    site, number = of(request), request.path_params["number"]
    subscription = site.catalog.own_subscription(reader_of(request), number)
    shown = _previewed(site, preview(site.catalog, subscription))
    response = site.html("preview.html", subscription=subscription, shown=shown)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _previewed(site: Site, digest: Digest) -> Previewed:
    subscription, now = digest.subscription, site.catalog.now()
    linker = site.post.linker
    if subscription.channel == "webhook":
        call = json.loads(hooks.body_of(digest, 0, linker.site))
        return Previewed(call=json.dumps(call, ensure_ascii=False, indent=2))
    message = compose(digest, site.settings, linker.edition(subscription.id, 0, now.date()), now)
    html = text_of(message, "html").replace("<head>", '<head><base target="_blank">', 1)
    headers = tuple((name, str(message[name])) for name in ("From", "To", "Subject"))
    return Previewed(headers, html, text_of(message, "plain"))


ROUTES = [Route("/subscriptions/{number:int}/preview", page)]


# --- for the page of the status ---


@dataclass(frozen=True, slots=True)
class MailStatus:
    """How mail goes. ``unsettled`` editions failed for good, are on their way, or are such that nobody knows.

    ``problem`` is why none leaves, or why sending pauses; ``last`` are the subscriptions with their last editions, of
    which there are ``more``.
    """

    problem: str | None
    unsettled: list[tuple[Subscription, Edition]]
    last: list[tuple[Subscription, Edition | None]]
    more: int


def mail_status(request: Request) -> MailStatus | None:
    """Return how mail goes, for administrators; addresses are nobody else's business."""
    site, reader = of(request), reader_of(request)
    if reader is None or reader.account.role < Role.ADMIN or "admin" not in reader.scopes:
        return None
    last = site.catalog.last_editions(reader)
    return MailStatus(
        site.post.lacks or site.catalog.digest_progress().error,
        site.catalog.editions(reader, states=_UNSETTLED),
        last[:_MOST],
        max(0, len(last) - _MOST),
    )
