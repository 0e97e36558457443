"""Interests on the pages: making one, teaching it, looking after it; muted words and followed authors."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.catalog.interests import SEEN_BY
from tidings.errors import InputError, NotFoundError
from tidings.types import LIKED, Gathered, Hit, Interest, Page, Paper
from tidings.web import addresses
from tidings.web.asking import Asking
from tidings.web.entries import entries
from tidings.web.forms import Fields, posted
from tidings.web.readers import reader_of
from tidings.web.showing import Acting, acting, said_of
from tidings.web.site import of

_HERE = "/interests"
_WORDS = {"private": "only you", "lab": "every member"}
_EXAMPLES = 50
_ASKED = 6
_NAMED_MISSING = 20


def page(request: Request) -> Response:
    """Answer ``/interests``: one's own and the lab's, and the form for a new one, perhaps filled in."""
    own, shared = of(request).catalog.interests(reader_of(request))
    return _overview(request, own=own, shared=shared)


@posted
def make(request: Request, fields: Fields) -> Response:
    """Make an interest of words, papers, an author's papers, a pasted library; lead to its feed."""
    catalog, reader = of(request).catalog, reader_of(request)
    gathered = _gathered(request, fields)
    likes = [*fields.get("likes", "").split(), *(paper.key for paper in gathered.papers)]
    made = catalog.make_interest(
        reader,
        fields.get("name", "") or fields.get("words", "")[:60],
        words=fields.get("words", ""),
        query=fields.get("query", ""),
        likes=likes,
    )
    if gathered.missing:
        return of(request).html("interest_made.html", made=made, gathered=gathered, most=_NAMED_MISSING)
    return RedirectResponse(addresses.of_feed(made.id), 303)


@posted
def bring(request: Request, fields: Fields) -> Response:
    """Make an interest of an export, pasted."""
    catalog, reader = of(request).catalog, reader_of(request)
    try:
        data = msgspec.json.decode(fields.get("data", ""))
    except msgspec.DecodeError as error:
        raise InputError(f"that is no export of an interest: {error}") from error
    if not isinstance(data, dict):
        raise InputError("that is no export of an interest: it is a JSON object")
    made, missing = catalog.import_interest(reader, data, name=fields.get("name") or None)
    if missing:
        waiting = Gathered((), tuple(missing))
        return of(request).html("interest_made.html", made=made, gathered=waiting, most=_NAMED_MISSING)
    return RedirectResponse(addresses.of_feed(made.id), 303)


def one(request: Request) -> Response:
    """Answer ``/interests/12``: what it is made of, and what was said in it."""
    catalog, reader = of(request).catalog, reader_of(request)
    found = catalog.interest(reader, request.path_params["number"])
    wanted = Asking(request.url.path)
    said, total = catalog.examples(reader, found.id, limit=_EXAMPLES)
    papers = Page(tuple(Hit(paper, 0.0) for paper, _ in said), total)
    return of(request).html(
        "interest.html",
        interest=found,
        is_own=reader is not None and found.account_id == reader.account.id,
        words=_WORDS,
        kinds=SEEN_BY,
        total=total,
        liked={paper.id: example.verdict == LIKED for paper, example in said},
        entries=entries(papers, of(request).stem, said=said_of(request, [paper for paper, _ in said])),
        asking=wanted,
        today=catalog.now().date(),
        acting=acting(request),
    )


def taken_along(request: Request) -> Response:
    """Answer ``/interests/12.json``: the interest as a file."""
    catalog, reader = of(request).catalog, reader_of(request)
    data = catalog.export_interest(reader, request.path_params["number"])
    body = msgspec.json.format(msgspec.json.encode(data), indent=1)
    headers = {"Content-Disposition": f'attachment; filename="interest-{request.path_params["number"]}.json"'}
    return Response(body, media_type="application/json", headers={**headers, "Cache-Control": "private, no-store"})


@posted
def change(request: Request, fields: Fields) -> Response:
    """Change the name, the words, the query of an interest, and who sees it."""
    changed = of(request).catalog.change_interest(
        reader_of(request),
        request.path_params["number"],
        **{name: fields[name] for name in ("name", "words", "query", "visibility") if name in fields},
    )
    return RedirectResponse(addresses.of_feed(changed.id), 303)


def remove(request: Request) -> Response:
    """Remove an interest with what was said in it."""
    of(request).catalog.remove_interest(reader_of(request), request.path_params["number"])
    return RedirectResponse(_HERE, 303)


def undo(request: Request) -> Response:
    """Undo the last step in an interest."""
    number = request.path_params["number"]
    of(request).catalog.undo_last(reader_of(request), number)
    return RedirectResponse(addresses.of_interest(number), 303)


@posted
def reset(request: Request, fields: Fields) -> Response:
    """Bring an interest back to how it was when a day ended."""
    number = request.path_params["number"]
    of(request).catalog.reset_interest(reader_of(request), number, _day(fields.get("day", "")))
    return RedirectResponse(addresses.of_interest(number), 303)


def teach(request: Request) -> Response:
    """Answer ``/interests/12/teach``: a few papers whose answers would teach the interest most."""
    catalog, reader = of(request).catalog, reader_of(request)
    found = catalog.interest(reader, request.path_params["number"])
    papers = catalog.teach(reader, found.id, _ASKED)
    listing = Page(tuple(Hit(paper, 0.0) for paper in papers), len(papers))
    return of(request).html(
        "teach.html",
        interest=found,
        entries=entries(listing, of(request).stem, said=said_of(request, papers)),
        asking=Asking(request.url.path),
        acting=_acting(request, found),
    )


def why_not(request: Request) -> Response:
    """Answer ``/why-not?paper=…&interest=12``: why a feed does not list a paper."""
    catalog, reader = of(request).catalog, reader_of(request)
    own, shared = catalog.interests(reader)
    asked, chosen = request.query_params.get("paper", "").strip(), request.query_params.get("interest", "")
    answer, refusal = None, None
    if asked:
        try:
            answer = catalog.why_not(reader, asked[:2_000], chosen or None)
        except (InputError, NotFoundError) as error:
            refusal = str(error)
    values = {"answer": answer, "refusal": refusal, "paper": asked, "chosen": chosen}
    status = 404 if refusal else 200
    return of(request).html("why_not.html", status, interests=[*own, *shared], **values)


# --- what steers all feeds ---


def steering(request: Request) -> Response:
    """Answer ``/steering``: what one mutes and whom one follows."""
    return of(request).html("steering.html", rules=of(request).catalog.rules(reader_of(request)))


@posted
def steer(request: Request, fields: Fields) -> Response:
    """Mute a word or an author, or follow an author; ``undo`` takes that back."""
    catalog, reader = of(request).catalog, reader_of(request)
    value, undone = fields.get("value", ""), bool(fields.get("undo"))
    match fields.get("kind", ""):
        case "mute-word" | "mute-author" as kind:
            (catalog.unmute if undone else catalog.mute)(reader, kind.removeprefix("mute-"), value)
        case "follow-author" if undone:
            catalog.unfollow(reader, value)
        case "follow-author":
            catalog.follow(reader, value)
        case kind:
            raise InputError(f"there is no rule {kind[:20]!r}; there are mute-word, mute-author and follow-author")
    return RedirectResponse("/steering", 303)


ROUTES = [
    Route(_HERE, page),
    Route(_HERE, make, methods=["POST"]),
    Route(f"{_HERE}/bring", bring, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}.json", taken_along),
    Route(f"{_HERE}/{{number:int}}", one),
    Route(f"{_HERE}/{{number:int}}", change, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/remove", remove, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/undo", undo, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/reset", reset, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/teach", teach),
    Route("/why-not", why_not),
    Route("/steering", steering),
    Route("/steering", steer, methods=["POST"]),
]


def _overview(request: Request, **values: Any) -> Response:
    asked = request.query_params
    return of(request).html(
        "interests.html",
        called=asked.get("name", "")[:80],
        begun=asked.get("words", "")[:5_000],
        query=asked.get("query", "")[:1_000],
        likes=" ".join(asked.getlist("like"))[:5_000],
        words=_WORDS,
        **values,
    )


def _gathered(request: Request, fields: Fields) -> Gathered:
    """Return the papers of a pasted library and of an author; those that the archive does not hold by their titles."""
    catalog, reader = of(request).catalog, reader_of(request)
    papers: tuple[Paper, ...] = ()
    missing: tuple[str, ...] = ()
    if library := fields.get("library", "").strip():
        named = BytesIO(library.encode("utf-8", "replace"))
        named.name = "pasted.ris" if library.startswith("TY  -") else "pasted.bib"
        found = catalog.papers_in(reader, named)
        papers, missing = found.papers, found.missing
    if author := fields.get("author", "").strip():
        papers = (*papers, *catalog.papers_by(reader, author).papers)
    return Gathered(papers, missing)


def _acting(request: Request, interest: Interest) -> Acting:
    return replace(acting(request), interest=interest.id)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text[:20]!r} is no day; days are written as in 2025-03-20") from error
