"""Looking after members, for administrators; and the audit log, for curators too."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.catalog.signing import INVITATION_LIFE, Letter
from tidings.errors import InputError, MailError
from tidings.mail import site_address
from tidings.people import Role, require_person
from tidings.web.forms import Fields, back, posted, read_form
from tidings.web.readers import reader_of
from tidings.web.site import of

_HERE = "/members"
_AUDIT = "/audit"
_LINES = 100
_UNDOABLE = frozenset({"pick", "unpick", "hide", "unhide", "rename topic", "pin topic", "merge topic", "split topic"})
_BY_COMMAND = frozenset({"add account", "delete account", "adopt"})
"""What only the command line does."""
_DID = {
    "add account": "made",
    "role": "gave another role to",
    "disable": "kept out",
    "enable": "let in again",
    "invite": "invited",
    "withdraw invitation": "withdrew",
    "join": "joined as",
    "first administrator": "became the first administrator as",
    "adopt": "gave the owner's things to",
    "leave": "left:",
    "delete account": "deleted",
    "pick": "picked",
    "unpick": "took back the pick of",
    "hide": "hid",
    "unhide": "listed again",
    "rename topic": "renamed",
    "pin topic": "pinned",
    "merge topic": "merged",
    "split topic": "split",
    "add tag": "made",
    "change tag": "changed",
    "remove tag": "removed",
}


def page(request: Request) -> Response:
    """Answer ``/members``."""
    site = of(request)
    accounts, invitations = site.catalog.accounts(reader_of(request))
    return site.html(
        "members.html",
        accounts=accounts,
        invitations=invitations,
        roles=list(Role),
        lacks=site.post.lacks,
        now=site.catalog.now(),
    )


async def invite(request: Request) -> Response:
    """Invite somebody by mail; where no mail leaves, show the link to be handed over."""
    fields = await read_form(request)
    letter = await run_in_threadpool(_invited, request, fields)
    problem = await _sent(request, letter)
    return await run_in_threadpool(_handed, request, letter, problem)


@posted
def set_role(request: Request, fields: Fields) -> Response:
    """Give an account another role."""
    role = Role.named(fields.get("role", ""))
    of(request).catalog.set_role(reader_of(request), request.path_params["number"], role)
    return RedirectResponse(_HERE, 303)


def disable(request: Request) -> Response:
    """Keep an account out."""
    of(request).catalog.set_disabled(reader_of(request), request.path_params["number"], True)
    return RedirectResponse(_HERE, 303)


def enable(request: Request) -> Response:
    """Let an account in again."""
    of(request).catalog.set_disabled(reader_of(request), request.path_params["number"], False)
    return RedirectResponse(_HERE, 303)


def withdraw(request: Request) -> Response:
    """End an invitation."""
    of(request).catalog.withdraw_invitation(reader_of(request), request.path_params["number"])
    return RedirectResponse(_HERE, 303)


def audit(request: Request) -> Response:
    """Answer ``/audit``: who did what to what, the newest first."""
    site, before = of(request), request.query_params.get("before")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 10):
        raise InputError("before must be the number of a line")
    acts = site.catalog.acts(reader_of(request), limit=_LINES, before=int(before) if before else None)
    following = acts[-1].id if len(acts) == _LINES else None
    return site.html(
        "audit.html",
        acts=acts,
        following=following,
        undoable=_UNDOABLE,
        did=_DID,
        by_command=_BY_COMMAND,
        now=site.catalog.now(),
    )


@posted
def undo(request: Request, fields: Fields) -> Response:
    """Bring back what had been before an act of a curator; lead back to where it was undone."""
    of(request).catalog.undo(reader_of(request), request.path_params["number"])
    return back(fields, _AUDIT)


ROUTES = [
    Route(_HERE, page),
    Route(f"{_HERE}/invite", invite, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/role", set_role, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/disable", disable, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/enable", enable, methods=["POST"]),
    Route(f"{_HERE}/invitations/{{number:int}}/withdraw", withdraw, methods=["POST"]),
    Route(_AUDIT, audit),
    Route(f"{_AUDIT}/{{number:int}}/undo", undo, methods=["POST"]),
]


def _invited(request: Request, fields: Fields) -> Letter:
    site = of(request)
    require_person(reader_of(request), "admin")
    site_address(site.settings)  # nobody is invited by a link that leads nowhere
    return site.catalog.invite(reader_of(request), fields.get("email", ""), Role.named(fields.get("role", "")))


async def _sent(request: Request, letter: Letter) -> str | None:
    """Send an invitation; return why it could not be."""
    try:
        await of(request).post.send(letter)
    except (MailError, InputError) as error:
        return str(error)
    return None


def _handed(request: Request, letter: Letter, problem: str | None) -> Response:
    """Return the page that says that an invitation is on its way, or that shows its link."""
    site = of(request)
    link = site.post.link(letter) if problem else None
    return site.html("members_invited.html", email=letter.to, link=link, problem=problem, days=INVITATION_LIFE.days)
