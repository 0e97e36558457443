"""Signing in and out: by a mailed link, a password, or an identity provider."""

from __future__ import annotations

import re

import anyio
import anyio.to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.catalog.signing import LINK_LIFE
from tidings.errors import InputError, NotFoundError, SignInError, SourceError, TidingsError
from tidings.web.forms import Fields, back, own_path, posted
from tidings.web.oidc import BACK, Journey, Person, Provider
from tidings.web.readers import cookie_name, keep_signed_in, reader_of, refusal_of, set_cookie
from tidings.web.site import SIGN_IN, of

_JOURNEY = "provider"
_JOURNEY_SECONDS = 600
_AT_ONCE = anyio.CapacityLimiter(2)
"""A provider that is slow must not hold the threads that answer requests."""

_BROWSERS = ("Edg", "OPR", "Firefox", "FxiOS", "CriOS", "Chrome", "Safari")
_BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera", "FxiOS": "Firefox", "CriOS": "Chrome"}
_SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac OS X", "CrOS", "Linux")
_SYSTEM_NAMES = {"Mac OS X": "Mac", "CrOS": "ChromeOS"}


def page(request: Request) -> Response:
    """Answer ``/sign-in``: every way in that there is; with ``again``, to whoever is in already too."""
    return _page(request, {name: request.query_params.get(name, "") for name in ("next", "again")})


@posted
def ask(request: Request, fields: Fields) -> Response:
    """Send a link to an address. What is answered does not depend on whether anybody has it."""
    site = of(request)
    if site.post.lacks is not None:
        return _page(request, fields, "No mail is set up here, so no link can be sent.", 400)
    try:
        letter = site.catalog.ask_sign_in(fields.get("email", ""), site.networks.asker(request))
    except InputError as error:
        return _page(request, fields, str(error), error.http_status)
    minutes = int(LINK_LIFE.total_seconds()) // 60
    response = site.html("sign_in_sent.html", email=fields["email"].strip(), minutes=minutes)
    if letter is not None:
        response.background = site.post.later(letter, _following(fields))
    return _kept_by_nobody(response)


@posted
def by_password(request: Request, fields: Fields) -> Response:
    """Sign in by a password."""
    site = of(request)
    email, password, network = fields.get("email", ""), fields.get("password", ""), site.networks.asker(request)
    try:
        secret = site.catalog.sign_in_with_password(email, password, network, browser_of(request))
    except (InputError, SignInError) as error:
        return _page(request, fields, str(error), error.http_status)
    return _signed_in(request, secret, fields)


def link(request: Request) -> Response:
    """Show the button of a link. Looking at it uses nothing up: mail scanners look at every link."""
    site, fields = of(request), {"next": request.query_params.get("next", "")}
    known = site.catalog.knows_link(request.path_params["secret"])
    response = site.html("sign_in_link.html", 200 if known else 404, known=known, next=_following(fields))
    return _kept_by_nobody(response)


@posted
def use_link(request: Request, fields: Fields) -> Response:
    """Use a link, once."""
    try:
        secret = of(request).catalog.sign_in(request.path_params["secret"], browser_of(request))
    except SignInError as error:
        return _page(request, fields, str(error), error.http_status)
    return _signed_in(request, secret, fields)


async def to_provider(request: Request) -> Response:
    """Send a reader to the identity provider. The browser keeps what shows that it was this one which asked."""
    following = _following({"next": request.query_params.get("next", "")})
    again = request.query_params.get("again") == "1"
    try:
        provider = _provider(request)
        place, journey = await anyio.to_thread.run_sync(provider.begin, following, again, limiter=_AT_ONCE)
    except SourceError as error:
        return await _refused(request, {"next": following}, error)
    response = RedirectResponse(place, 303)
    set_cookie(response, of(request).settings, journey.packed(), _JOURNEY_SECONDS, _JOURNEY)
    return _kept_by_nobody(response)


async def from_provider(request: Request) -> Response:
    """Take what the identity provider had the browser bring.

    The one GET that changes something: the protocol knows no other way. Without the cookie of the same browser, and an
    answer to its own question, it changes nothing.
    """
    journey = Journey.unpacked(request.cookies.get(cookie_name(of(request).settings, _JOURNEY), ""))
    fields = {"next": journey.following if journey else ""}
    try:
        if journey is None:
            raise SignInError("this browser did not ask to sign in here, or too long ago; begin again")
        answer = dict(request.query_params)
        person = await anyio.to_thread.run_sync(_provider(request).finish, journey, answer, limiter=_AT_ONCE)
        response = await run_in_threadpool(_welcomed, request, person, fields)
    except (SignInError, InputError, SourceError) as error:
        response = await _refused(request, fields, error)
    set_cookie(response, of(request).settings, "", 0, _JOURNEY)
    return response


def sign_out(request: Request) -> Response:
    """End the session that the browser came with."""
    site, reader = of(request), reader_of(request)
    if reader is not None:
        site.catalog.sign_out(reader)
    response = RedirectResponse("/", 303)
    set_cookie(response, site.settings, "", 0)
    return response


ROUTES = [
    Route(SIGN_IN, page),
    Route(SIGN_IN, ask, methods=["POST"]),
    Route(f"{SIGN_IN}/password", by_password, methods=["POST"]),
    Route(f"{SIGN_IN}/link/{{secret}}", link),
    Route(f"{SIGN_IN}/link/{{secret}}", use_link, methods=["POST"]),
    Route(f"{SIGN_IN}/provider", to_provider),
    Route(BACK, from_provider),
    Route("/sign-out", sign_out, methods=["POST"]),
]


def _page(request: Request, fields: Fields, problem: str | None = None, status: int = 200) -> Response:
    site, reader = of(request), reader_of(request)
    again = reader is not None and fields.get("again") == "1"
    known = reader.account.email or "" if reader and again else ""
    response = site.html(
        "sign_in.html",
        status,
        problem=problem or refusal_of(request),
        again=again,
        email=fields.get("email", known).strip(),
        next=_following(fields),
        provider=site.provider.name if site.provider else None,
        mails=site.post.lacks is None,
        sign_up=site.settings.sign_up,
    )
    return _kept_by_nobody(response)


async def _refused(request: Request, fields: Fields, error: TidingsError) -> Response:
    return await run_in_threadpool(_page, request, fields, str(error), error.http_status)


def _provider(request: Request) -> Provider:
    provider = of(request).provider
    if provider is None:
        raise NotFoundError("no identity provider is set up here")
    return provider


def _welcomed(request: Request, person: Person, fields: Fields) -> Response:
    secret = of(request).catalog.sign_in_as(person.subject, person.email, person.name, browser_of(request))
    return _signed_in(request, secret, fields)


def _signed_in(request: Request, secret: str, fields: Fields) -> Response:
    """Return the way on, with the new cookie; whoever was signed in here before is not any more."""
    site, before = of(request), reader_of(request)
    if before is not None:
        site.catalog.sign_out(before)
    response = back(fields)
    keep_signed_in(response, site.settings, secret)
    return response


def _following(fields: Fields) -> str:
    return own_path(fields.get("next", "")) or ""


def _kept_by_nobody(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    return response


def browser_of(request: Request) -> str:
    """Return what a browser is, in words that its reader knows: "Firefox on Linux"."""
    said = request.headers.get("user-agent", "")
    browser = next((name for name in _BROWSERS if f"{name}/" in said), None)
    system = next((name for name in _SYSTEMS if name in said), None)
    if browser is None:
        return re.split(r"[\s/(]", said, maxsplit=1)[0][:40] or "a program"
    shown = _BROWSER_NAMES.get(browser, browser)
    return f"{shown} on {_SYSTEM_NAMES.get(system, system)}" if system else shown
