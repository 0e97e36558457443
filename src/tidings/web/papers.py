"""The page of one paper, and its citation."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings import export
from tidings.types import Paper
from tidings.web import addresses
from tidings.web.changes import changed
from tidings.web.entries import entries, set_text
from tidings.web.site import Site, of, stable

_SIMILAR = 10
_AUTHORS_AT_ONCE = 40
_LONGEST_ID = 2_000


def paper(request: Request) -> Response:
    """Answer ``/paper/arxiv:2106.09685``; every other name of the paper leads there."""
    found = _paper(request)
    if request.path_params["id"] != found.key:
        return RedirectResponse(addresses.of_paper(found.key), 307)
    return stable(request, lambda site: _page(site, found))


def bibtex(request: Request) -> Response:
    """Answer ``/paper/….bib``."""
    return _citation(export.bibtex((_paper(request),)))


def ris(request: Request) -> Response:
    """Answer ``/paper/….ris``."""
    return _citation(export.ris((_paper(request),)))


ROUTES = [
    Route("/paper/{id:path}.bib", bibtex),
    Route("/paper/{id:path}.ris", ris),
    Route("/paper/{id:path}", paper),
]


def _paper(request: Request) -> Paper:
    return of(request).catalog.paper(request.path_params["id"][:_LONGEST_ID])


def _citation(text: str) -> Response:
    """Return a citation as plain text: a browser shows it, so that it can be read before it is kept."""
    return Response(text, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "private, no-cache"})


def _page(site: Site, found: Paper) -> Response:
    similar = site.catalog.similar([found.key], limit=_SIMILAR)
    return site.html(
        "paper.html",
        paper=found,
        title=set_text(found.title),
        abstract=set_text(found.abstract),
        authors=found.authors[:_AUTHORS_AT_ONCE],
        more_authors=found.authors[_AUTHORS_AT_ONCE:],
        links=addresses.outside(found),
        records=site.catalog.records(found.key),
        changes=changed(site.catalog.revisions(found.key)),
        bibtex=export.bibtex((found,)).strip(),
        entries=entries(similar, site.stem),
    )
