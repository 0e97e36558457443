"""The page of one paper, and its citation."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings import export
from tidings.people import Standing
from tidings.types import Paper
from tidings.web import addresses
from tidings.web.changes import changed
from tidings.web.entries import entries, said_elsewhere, set_text
from tidings.web.readers import reader_of
from tidings.web.showing import acting, current, said_of
from tidings.web.site import Site, of

_SIMILAR = 10
_AUTHORS_AT_ONCE = 40
_LONGEST_ID = 2_000


def paper(request: Request) -> Response:
    """Answer ``/paper/arxiv:2106.09685``; every other name of the paper leads there."""
    found = paper_of(request)
    if request.path_params["id"] != found.key:
        return RedirectResponse(addresses.of_paper(found.key), 307)
    similar = of(request).catalog.similar([found.key], limit=_SIMILAR)
    said = said_of(request, [found, *(hit.paper for hit in similar.hits)])

    def produce(site: Site) -> Response:
        return site.html(
            "paper.html",
            paper=found,
            title=set_text(found.title),
            abstract=set_text(found.abstract),
            authors=found.authors[:_AUTHORS_AT_ONCE],
            more_authors=found.authors[_AUTHORS_AT_ONCE:],
            links=addresses.outside(found),
            elsewhere=said_elsewhere(found),
            records=site.catalog.records(found.key),
            changes=changed(site.catalog.revisions(found.key)),
            bibtex=export.bibtex((found,)).strip(),
            submitted=_submitted(request),
            standing=said.standings.get(found.id, Standing()),
            saved=bool(said.saved.get(found.id)),
            verdict=said.verdicts.get(found.id, 0),
            topic=said.topics.get(found.id),
            tags=said.tags.get(found.id, ()),
            all_tags=site.catalog.tags() if acting(request).curates else [],
            acting=acting(request),
            today=site.catalog.now().date(),
            entries=entries(similar, site.stem, said=said),
        )

    return current(request, said, produce)


def bibtex(request: Request) -> Response:
    """Answer ``/paper/….bib``."""
    return _citation(export.bibtex((paper_of(request),)))


def ris(request: Request) -> Response:
    """Answer ``/paper/….ris``."""
    return _citation(export.ris((paper_of(request),)))


ROUTES = [
    Route("/paper/{id:path}.bib", bibtex),
    Route("/paper/{id:path}.ris", ris),
    Route("/paper/{id:path}", paper),
]


def paper_of(request: Request) -> Paper:
    """Return the paper that an address is about.

    Raises:
        NotFoundError: nothing has that id.
    """
    return of(request).catalog.paper(request.path_params["id"][:_LONGEST_ID])


def _submitted(request: Request) -> str | None:
    """Return whether who asks just put the paper forward: first, again, or None."""
    said = request.query_params.get("submitted")
    return said if said in {"first", "again"} and reader_of(request) else None


def _citation(text: str) -> Response:
    """Return a citation as plain text: a browser shows it, so that it can be read before it is kept."""
    return Response(text, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "private, no-cache"})
