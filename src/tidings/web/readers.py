"""Who asks. The proof is looked at once for each request, and only where an answer depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection
from starlette.responses import Response

from tidings.catalog.keys import SESSION_LIFE
from tidings.errors import InputError, SignInError
from tidings.people import Reader
from tidings.web.networks import is_at_home, peer_of

if TYPE_CHECKING:
    from tidings.settings import Settings
    from tidings.web.site import Site


def reader_of(request: HTTPConnection) -> Reader | None:
    """Return who asks, or None for anybody: by a token, a trusted proxy's word, a cookie, or as this machine's owner.

    Raises:
        SignInError: a token is shown that nobody has.
    """
    state = request.state
    if not hasattr(state, "reader"):
        state.reader = None  # so that the page about an error does not meet the error again
        state.reader = _look(request, request.app.state.site)
    found: Reader | None = state.reader
    return found


def token_of(request: HTTPConnection) -> str | None:
    """Return the token that a program shows."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def refusal_of(request: HTTPConnection) -> str | None:
    """Return why the person whom a trusted proxy vouches for is not let in; raises as ``reader_of``."""
    reader_of(request)
    return getattr(request.state, "refusal", None)


def is_stale(request: HTTPConnection) -> bool:
    """Tell whether the cookie that came is that of a session that ended."""
    return bool(getattr(request.state, "is_stale", False))


def _look(request: HTTPConnection, site: Site) -> Reader | None:
    token = token_of(request)
    if token is not None:
        return site.catalog.reader_of_token(token)
    if site.networks.header and request.headers.get(site.networks.header):
        return _vouched_for(request, site)
    return _by_cookie(request, site) or _owner(request, site)


def _vouched_for(request: HTTPConnection, site: Site) -> Reader | None:
    header, name_header = site.networks.header or "", site.networks.name_header or ""
    if not site.networks.trust(peer_of(request)):  # such a request is refused before; this holds even if it were not
        return None
    try:
        return site.catalog.vouched_for(request.headers[header], request.headers.get(name_header, ""))
    except (SignInError, InputError) as error:
        request.state.refusal = str(error)
        return None


def _by_cookie(request: HTTPConnection, site: Site) -> Reader | None:
    secret = request.cookies.get(cookie_name(site.settings))
    if not secret:
        return None
    reader = site.catalog.reader_of_session(secret)
    request.state.is_stale = reader is None
    return reader


def _owner(request: HTTPConnection, site: Site) -> Reader | None:
    if not is_at_home(request, site.settings.host):
        return None
    try:
        return site.catalog.owner()
    except SignInError:  # this installation is for several people
        return None


# --- cookies ---


def is_encrypted(settings: Settings) -> bool:
    """Tell whether readers come by https: a cookie is then for encrypted connections only."""
    return (settings.public_url or "").lower().startswith("https://")


def cookie_name(settings: Settings, purpose: str = "") -> str:
    """Return the name of a cookie of ours.

    Where connections are encrypted it begins so that no other host, a neighbour in the same domain either, can set it:
    https://www.rfc-editor.org/rfc/rfc6265bis, section 4.1.3.2.
    """
    return ("__Host-" if is_encrypted(settings) else "") + "tidings" + (f"-{purpose}" if purpose else "")


def keep_signed_in(response: Response, settings: Settings, secret: str) -> None:
    """Give a browser the secret of a session to keep."""
    set_cookie(response, settings, secret, int(SESSION_LIFE.total_seconds()))


def set_cookie(response: Response, settings: Settings, value: str, seconds: int, purpose: str = "") -> None:
    """Give a browser a cookie that no script can read and no other site can use for changing anything; 0 takes it."""
    response.set_cookie(
        cookie_name(settings, purpose),
        value,
        max_age=seconds,
        path="/",
        secure=is_encrypted(settings),
        httponly=True,
        samesite="lax",
    )
