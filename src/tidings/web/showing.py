"""Lists of papers with what people say of them: what a page needs beside the papers, when it is sent again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tidings.people import Reader, Role
from tidings.types import Page, Paper
from tidings.web.asking import Asking
from tidings.web.entries import Said, entries
from tidings.web.following import ways
from tidings.web.readers import reader_of
from tidings.web.site import Site, here_again, of, stable


@dataclass(frozen=True, slots=True)
class Acting:
    """What the buttons of a page need: where they lead back to, and what the reader may do.

    ``interest`` is the one that a like on this page goes to; None lets it go to the nearest one.
    """

    next: str
    signed_in: bool
    curates: bool
    interest: int | None = None


def acting(request: Request) -> Acting:
    """Return what the buttons of this page need. A page that was posted has no address to go back to."""
    reader = reader_of(request)
    here = here_again(request) if request.method == "GET" else ""
    return Acting(here, reader is not None, _may_curate(reader))


def _may_curate(reader: Reader | None) -> bool:
    return reader is not None and reader.account.role >= Role.CURATOR and "curate" in reader.scopes


def said_of(request: Request, papers: Sequence[Paper], **more: Any) -> Said:
    """Return what people say of papers: a few queries, however many they are."""
    catalog, reader = of(request).catalog, reader_of(request)
    return Said(
        catalog.standings(papers, reader),
        catalog.saved(reader, papers),
        catalog.verdicts(reader, papers),
        topics=catalog.topics_of(papers),
        tags=catalog.tags_of(papers),
        **more,
    )


def listed(request: Request, page: Page, wanted: Asking, said: Said | None = None) -> dict[str, Any]:
    """Return what a template needs for a list of papers."""
    said = said or said_of(request, [hit.paper for hit in page.hits])
    return {
        "page": page,
        "asking": wanted,
        "entries": entries(page, of(request).stem, wanted.first, said),
        "following": wanted.following(page.cursor) if page.cursor else None,
        "preceding": wanted.preceding(),
        "acting": acting(request),
        "follow": ways(wanted),
    }


def current(
    request: Request, said: Said, produce: Callable[[Site], Response], also: object = None, *, keep: bool = False
) -> Response:
    """Return a page of papers that nobody need be sent twice.

    Votes come without the catalog's knowing: what people ``said`` of the papers decides whether a page is the one that
    a browser holds, as do their topics, and ``also`` says what else it follows from. This costs the search, and saves
    the page; ``keep`` saves making it for the next one, too.
    """
    about = sorted((paper, topic.topic.id, topic.topic.name) for paper, topic in said.topics.items())
    tags = sorted((paper, [(tag.tag.name, tag.confidence) for tag in found]) for paper, found in said.tags.items())
    return stable(request, produce, (sorted(said.standings.items()), about, tags, also), keep=keep)
