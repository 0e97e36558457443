"""One's own account: how others see it, where it is signed in, its tokens, all that is kept of it, its end."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer
from pydantic import Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.credentials import SHORTEST_PASSWORD, equal
from tidings.errors import InputError
from tidings.people import IN_ADDRESSES, SCOPES, Account, is_recent, require, require_person, role_for
from tidings.web import addresses
from tidings.web.bodies import Body, ErrorBody
from tidings.web.forms import Fields, posted
from tidings.web.readers import reader_of, set_cookie
from tidings.web.site import SIGN_IN, of

_HERE = "/account"
_LIVES = {"30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}

SCOPE_WORDS = {
    "read": "see your own account and votes",
    "vote": "vote",
    "shelves": "read and change your shelves",
    "submit": "put papers forward",
    "interests": "read and teach your interests",
    "digests": "see and change your subscriptions",
    "feeds": "follow what is yours in a feed reader; alone, it stands in an address and does nothing else",
    "curate": "pick and hide papers",
    "admin": "see members",
}

router = APIRouter(
    prefix="/api", responses={"4XX": {"model": ErrorBody, "description": "The error, and what to do about it"}}
)
bearer = HTTPBearer(auto_error=False, description="A token of yours; make one on the page of your account")


class MeBody(Body):
    name: str
    email: str | None
    role: str = Field(description="reader, curator or admin")
    is_named: bool = Field(description="Whether others see the name beside votes and submissions")
    scopes: list[str] = Field(description="What may be done with what was shown as proof")


@router.get("/me", response_model=MeBody, dependencies=[Security(bearer)])
def me(request: Request) -> Response:
    """Return who asks, and what they may do."""
    reader = reader_of(request)
    account = require(reader, "read")
    scopes = [scope for scope in SCOPES if reader and scope in reader.scopes and role_for(scope) <= account.role]
    body = {"name": account.name, "email": account.email, "role": str(account.role), "is_named": account.is_named}
    return Response(msgspec.json.encode({**body, "scopes": scopes}), media_type="application/json")


# --- the page ---


def page(request: Request) -> Response:
    """Answer ``/account``."""
    return _page(request)


@posted
def change(request: Request, fields: Fields) -> Response:
    """Change the name, and whether others see it."""
    of(request).catalog.change_account(
        reader_of(request), name=fields.get("name") or None, is_named=fields.get("is_named") == "1"
    )
    return _back()


@posted
def set_password(request: Request, fields: Fields) -> Response:
    """Set a password. Every place where one is signed in ends, this one too: the new password opens the next."""
    require_person(reader_of(request))
    password = fields.get("password", "")
    if not equal(password, fields.get("again", "")):
        return _page(request, "The two passwords differ; nothing was changed.", 400)
    try:
        of(request).catalog.set_password(reader_of(request), password)
    except InputError as error:
        return _page(request, str(error), error.http_status)
    return _gone(request, f"{SIGN_IN}?next={_HERE}")


@posted
def end_session(request: Request, fields: Fields) -> Response:
    """End one place where one is signed in, or all others."""
    catalog, reader = of(request).catalog, reader_of(request)
    every = [session.id for session in catalog.sessions(reader)]
    wanted = fields.get("id", "")
    here = reader.session if reader else None
    catalog.end_sessions(reader, [one for one in every if one == wanted or (wanted == "others" and one != here)])
    return _gone(request, "/") if wanted == here else _back()


@posted
def make_token(request: Request, fields: Fields) -> Response:
    """Make a token, and show it this once."""
    scopes = [scope for scope in SCOPES if fields.get(f"scope_{scope}") == "1"]
    life = fields.get("days", "")
    if life not in _LIVES:
        raise InputError("a token lasts for one of the times that the page offers")
    label, days = fields.get("label", ""), int(life) if life else None
    try:
        token = of(request).catalog.make_token(reader_of(request), label, scopes, days)
    except InputError as error:
        return _page(request, str(error), error.http_status)
    return of(request).html(
        "account_token.html", token=token, label=label, in_addresses=frozenset(scopes) == IN_ADDRESSES
    )


def remove_token(request: Request) -> Response:
    """Revoke a token."""
    of(request).catalog.remove_token(reader_of(request), request.path_params["number"])
    return _back()


def export(request: Request) -> Response:
    """Return everything that is kept of one's account, to keep for oneself."""
    body = msgspec.json.format(msgspec.json.encode(of(request).catalog.export_account(reader_of(request))), indent=2)
    headers = {"Content-Disposition": 'attachment; filename="tidings.json"'}
    return Response(body, media_type="application/json", headers=headers)


@posted
def delete(request: Request, fields: Fields) -> Response:
    """Delete one's account, once its name is typed."""
    account = require_person(reader_of(request))
    if fields.get("confirm", "").strip() != _confirmation(account):
        return _page(request, f"To delete the account, type {_confirmation(account)}. Nothing was deleted.", 400)
    of(request).catalog.delete_account(reader_of(request))
    return _gone(request, "/")


ROUTES = [
    Route(_HERE, page),
    Route(_HERE, change, methods=["POST"]),
    Route(f"{_HERE}/password", set_password, methods=["POST"]),
    Route(f"{_HERE}/sessions/end", end_session, methods=["POST"]),
    Route(f"{_HERE}/tokens", make_token, methods=["POST"]),
    Route(f"{_HERE}/tokens/{{number:int}}/revoke", remove_token, methods=["POST"]),
    Route(f"{_HERE}/export", export),
    Route(f"{_HERE}/delete", delete, methods=["POST"]),
]


def _page(request: Request, problem: str | None = None, status: int = 200) -> Response:
    site, reader = of(request), reader_of(request)
    account = require_person(reader)
    return site.html(
        "account.html",
        status,
        problem=problem,
        account=account,
        sessions=site.catalog.sessions(reader),
        tokens=site.catalog.tokens(reader),
        scopes=[(scope, SCOPE_WORDS[scope]) for scope in SCOPES if role_for(scope) <= account.role],
        lives=_LIVES,
        shortest=SHORTEST_PASSWORD,
        confirmation=_confirmation(account),
        is_recent=is_recent(reader, site.catalog.now()),
        sign_in_again=addresses.with_parameters(SIGN_IN, [("again", "1"), ("next", _HERE)]),
        now=site.catalog.now(),
    )


def _confirmation(account: Account) -> str:
    return account.email or account.name


def _back() -> Response:
    return RedirectResponse(_HERE, 303)


def _gone(request: Request, place: str) -> Response:
    """Return the way on for somebody who is not signed in any more."""
    response = RedirectResponse(place, 303)
    set_cookie(response, of(request).settings, "", 0)
    return response
