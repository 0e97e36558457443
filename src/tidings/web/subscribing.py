"""Subscribing on any page, and looking after the digests one gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.errors import InputError
from tidings.people import Role
from tidings.web.forms import Fields, posted
from tidings.web.mailed import PAUSES, pause_as_asked
from tidings.web.paces import form_of, in_words, kind_in_words, pace_of
from tidings.web.readers import reader_of
from tidings.web.site import of

if TYPE_CHECKING:
    from tidings.people import Reader
    from tidings.types import Subscription

_HERE = "/subscriptions"
_EDITIONS = 10
_ENDED = ("left", "stopped")


# --- subscribing ---


def ask(request: Request) -> Response:
    """Answer ``/subscribe?kind=search&subject=…``: the whole form."""
    asked = request.query_params
    return of(request).html(
        "subscribe.html",
        kind=asked.get("kind", "trending"),
        subject=asked.get("subject", ""),
        form=form_of(),
        lacks=of(request).post.lacks,
    )


@posted
def subscribe(request: Request, fields: Fields) -> Response:
    """Subscribe oneself at once, or ask an address whether it wants a digest.

    Whoever asks for an address that is not their own is told the same whatever comes of it, before any mail leaves.
    """
    site, reader = of(request), reader_of(request)
    if fields.get("website"):  # nobody sees that field: a program filled it in
        return _sent(request, fields)
    kind, subject, pace = fields.get("kind", ""), fields.get("subject", ""), pace_of(fields)
    if reader is not None and _is_own(reader, fields):
        channel = fields.get("channel") or "mail"
        address = fields.get("address", "").strip() or None
        site.catalog.subscribe(reader, kind, subject, pace, address=address, channel=channel)
        return RedirectResponse(_HERE, 303)
    if site.post.lacks:
        raise InputError(site.post.lacks)
    address, network = fields.get("address", ""), site.networks.asker(request)
    subscription = site.catalog.ask_subscription(address, kind, subject, pace, network=network)
    response = _sent(request, fields)
    if subscription is not None:
        response.background = site.post.confirmation(subscription)
    return response


def _is_own(reader: Reader, fields: Fields) -> bool:
    """Tell whether no address has to be asked first: one's own, a hook's, or any that an administrator names."""
    address = fields.get("address", "").strip().lower()
    is_hook = fields.get("channel") == "webhook"
    return not address or is_hook or address == reader.account.email or reader.account.role >= Role.ADMIN


def _sent(request: Request, fields: Fields) -> Response:
    response = of(request).html("subscribe_sent.html", address=fields.get("address", "").strip()[:254])
    response.headers["Cache-Control"] = "private, no-store"
    return response


# --- one's own ---


def page(request: Request) -> Response:
    """Answer ``/subscriptions``."""
    site, reader = of(request), reader_of(request)
    own = site.catalog.subscriptions(reader)
    return site.html(
        "subscriptions.html",
        running=[each for each in own if each.state not in _ENDED],
        ended=[each for each in own if each.state in _ENDED],
        last={each.id: next(iter(site.catalog.own_editions(each, limit=1)), None) for each in own},
        in_words=in_words,
        kind_in_words=kind_in_words,
        lacks=site.post.lacks,
        now=site.catalog.now(),
    )


def one(request: Request) -> Response:
    """Answer ``/subscriptions/12``: when and how much, pausing, leaving."""
    site, subscription = of(request), _own(request)
    is_hook = subscription.channel == "webhook"
    return site.html(
        "subscription.html",
        subscription=subscription,
        kind=kind_in_words(subscription),
        pace=in_words(subscription.pace),
        form=form_of(subscription.pace),
        pauses=PAUSES,
        editions=site.catalog.own_editions(subscription, limit=_EDITIONS),
        secret=site.catalog.hook_secret(reader_of(request), subscription.id) if is_hook else None,
        now=site.catalog.now(),
    )


@posted
def change(request: Request, fields: Fields) -> Response:
    """Change how often, when and how much."""
    subscription = _own(request)
    of(request).catalog.change_subscription(subscription, pace_of(fields, subscription.pace))
    return RedirectResponse(f"{_HERE}/{subscription.id}", 303)


@posted
def pause(request: Request, fields: Fields) -> Response:
    """Pause one, or take it up again."""
    subscription = _own(request)
    pause_as_asked(of(request).catalog, subscription, fields)
    return RedirectResponse(f"{_HERE}/{subscription.id}", 303)


def leave(request: Request) -> Response:
    """End one."""
    of(request).catalog.leave(_own(request).id)
    return RedirectResponse(_HERE, 303)


ROUTES = [
    Route("/subscribe", ask),
    Route("/subscribe", subscribe, methods=["POST"]),
    Route(_HERE, page),
    Route(f"{_HERE}/{{number:int}}", one),
    Route(f"{_HERE}/{{number:int}}", change, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/pause", pause, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/leave", leave, methods=["POST"]),
]


def _own(request: Request) -> Subscription:
    return of(request).catalog.own_subscription(reader_of(request), request.path_params["number"])
