"""What the links of mails do. GET shows a page with a button, since scanners follow links; POST acts.

The link itself is the proof: whoever asks needs no cookie and no account, and what comes along changes nothing.
Only leaving may be asked for by another site: a reader's mail program does that in one click (RFC 8058).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidings.digest import links, wording
from tidings.digest.links import Claim
from tidings.errors import InputError, NotFoundError
from tidings.places import of_paper
from tidings.web.forms import Fields, posted
from tidings.web.paces import form_of, in_words, kind_in_words, pace_of
from tidings.web.security import ONE_CLICK
from tidings.web.site import of

if TYPE_CHECKING:
    from tidings.catalog import Catalog
    from tidings.people import Reader
    from tidings.types import Paper, Subscription

PAUSES = {"7": "for a week", "14": "for two weeks", "28": "for four weeks", "": "until I take it up again"}

_BUTTONS = {links.LIKE: "Like it", links.DISMISS: "Not for me", links.SAVE: "Save it"}
_PROMISES = {
    links.LIKE: "Your feed then brings more like it.",
    links.DISMISS: "Your feed then brings less like it.",
    links.SAVE: "It then stands on the shelf of what you mean to read.",
}
_DONE = {
    links.LIKE: "You like it. Your feed has learnt that.",
    links.DISMISS: "It is not for you. Your feed has learnt that.",
    links.SAVE: "It is saved.",
}


# --- confirming ---


def confirm(request: Request) -> Response:
    """Ask whoever reads the address whether the digest is wanted."""
    return _about(request, links.CONFIRM, done=False)


@posted
def confirmed(request: Request, _: Fields) -> Response:
    """Begin a subscription."""
    of(request).catalog.confirm_subscription(_meant(request, links.CONFIRM))
    return _about(request, links.CONFIRM, done=True)


# --- leaving ---


def leave(request: Request) -> Response:
    """Ask whether the digest is to end. Nothing ends by looking."""
    return _about(request, links.LEAVE, done=False)


def left(request: Request) -> Response:
    """End a subscription, at once, whatever the body is (RFC 8058, section 3.2). Twice is once."""
    of(request).catalog.leave(_claim(request, links.LEAVE).subscription)
    return _about(request, links.LEAVE, done=True)


# --- changing and pausing ---


def change(request: Request) -> Response:
    """Show the form of how often, when and how much."""
    return _about(request, links.CHANGE, done=False)


@posted
def changed(request: Request, fields: Fields) -> Response:
    """Change how often, when and how much."""
    before = _meant(request, links.CHANGE)
    of(request).catalog.change_subscription(before, pace_of(fields, before.pace))
    return _about(request, links.CHANGE, done=True)


def pause(request: Request) -> Response:
    """Ask how long nothing is to be told, or whether to take it up again."""
    return _about(request, links.PAUSE, done=False)


@posted
def paused(request: Request, fields: Fields) -> Response:
    """Pause a subscription, or take it up again."""
    pause_as_asked(of(request).catalog, _meant(request, links.PAUSE), fields)
    return _about(request, links.PAUSE, done=True)


def pause_as_asked(catalog: Catalog, subscription: Subscription, fields: Fields) -> None:
    """Pause a subscription as a form asks, or take it up again.

    Raises:
        InputError: the form names no pause.
        ConflictError: it does not run, or does not pause.
    """
    days = fields.get("days", "")
    if days not in PAUSES:
        raise InputError("a pause is one of those that the page offers")
    if fields.get("resume"):
        catalog.resume_subscription(subscription)
    else:
        catalog.pause_subscription(subscription, catalog.now() + timedelta(days=int(days)) if days else None)


# --- a paper ---


def ask(request: Request) -> Response:
    """Show a paper, and the button for what the link is for."""
    return _about_paper(request, done=False)


@posted
def act(request: Request, _: Fields) -> Response:
    """Like, dismiss or save a paper, for the reader whom the edition was sent to."""
    claim, catalog = _claim(request), of(request).catalog
    reader, key = _subscriber(catalog, claim), _paper(catalog, claim).key
    if claim.purpose == links.SAVE:
        catalog.save(reader, key)
    else:
        say = catalog.like if claim.purpose == links.LIKE else catalog.dismiss
        say(reader, key, _interest(catalog, claim))
    return _about_paper(request, done=True)


ROUTES = [
    Route("/mail/confirm/{token}", confirm),
    Route("/mail/confirm/{token}", confirmed, methods=["POST"]),
    Route(f"{ONE_CLICK}{{token}}", leave),
    Route(f"{ONE_CLICK}{{token}}", left, methods=["POST"]),
    Route("/mail/change/{token}", change),
    Route("/mail/change/{token}", changed, methods=["POST"]),
    Route("/mail/pause/{token}", pause),
    Route("/mail/pause/{token}", paused, methods=["POST"]),
    Route("/mail/{purpose}/{token}", ask),
    Route("/mail/{purpose}/{token}", act, methods=["POST"]),
]


# --- what a link says ---


def _claim(request: Request, purpose: str | None = None) -> Claim:
    site, parameters = of(request), request.path_params
    return site.post.linker.read(purpose or parameters["purpose"], parameters["token"], site.catalog.now())


def _meant(request: Request, purpose: str) -> Subscription:
    return of(request).catalog.link_subscription(_claim(request, purpose).subscription)


def _subscriber(catalog: Catalog, claim: Claim) -> Reader:
    reader = catalog.subscriber(catalog.link_subscription(claim.subscription), ("interests", "shelves"))
    if reader is None:
        raise NotFoundError("no account belongs to this digest, so there is no feed that could learn")
    return reader


def _interest(catalog: Catalog, claim: Claim) -> int | None:
    """Return the interest that a digest is of, while it is there; None lets the nearest one learn."""
    subscription = catalog.link_subscription(claim.subscription)
    if subscription.kind != "interest":
        return None
    number, reader = int(subscription.subject), _subscriber(catalog, claim)
    return number if number in {own.id for own in catalog.interests(reader)[0]} else None


def _paper(catalog: Catalog, claim: Claim) -> Paper:
    return catalog.paper(f"paper:{claim.paper}")


# --- pages ---


def _about(request: Request, purpose: str, *, done: bool) -> Response:
    """Return the page of a subscription that a link leads to; one that is gone with its account is left."""
    site, claim = of(request), _claim(request, purpose)
    edition = site.post.linker.edition(claim.subscription, claim.edition, claim.day)
    try:
        subscription = _meant(request, purpose)
    except NotFoundError:
        if purpose != links.LEAVE:
            raise
        return _kept_by_nobody(site.html("mail_gone.html"))
    response = site.html(
        "mail_digest.html",
        purpose=purpose,
        done=done,
        subscription=subscription,
        kind=kind_in_words(subscription),
        pace=in_words(subscription.pace),
        form=form_of(subscription.pace),
        pauses=PAUSES,
        ways={name: f"/mail/{name}/{edition.token(name)}" for name in (links.CHANGE, links.PAUSE, links.LEAVE)},
        now=site.catalog.now(),
    )
    return _kept_by_nobody(response)


def _about_paper(request: Request, *, done: bool) -> Response:
    claim, catalog = _claim(request), of(request).catalog
    _subscriber(catalog, claim)
    paper = _paper(catalog, claim)
    response = of(request).html(
        "mail_paper.html",
        title=wording.title_of(paper),
        href=of_paper(paper.key),
        byline=wording.byline(paper),
        button=_BUTTONS[claim.purpose],
        promise=_PROMISES[claim.purpose],
        said=_DONE[claim.purpose] if done else None,
    )
    return _kept_by_nobody(response)


def _kept_by_nobody(response: Response) -> Response:
    """Return a page that no cache keeps and no search engine lists: its address lets in whoever has it."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
