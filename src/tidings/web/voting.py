"""Voting on the pages: a button in a form, which leads back to where it stood; a script gets numbers instead."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidings.errors import InputError
from tidings.types import Paper
from tidings.web import addresses
from tidings.web.forms import Fields, back, posted
from tidings.web.papers import paper_of
from tidings.web.readers import reader_of
from tidings.web.site import of

_VOTES = {"1": True, "0": False}


@posted
def vote(request: Request, fields: Fields) -> Response:
    """Vote for a paper, or take the vote back: the form says which, so that sending it twice is sending it once."""
    catalog, reader, wish = of(request).catalog, reader_of(request), fields.get("vote", "")
    if wish not in _VOTES:
        raise InputError("a vote is 1, or 0 to take it back")
    found = paper_of(request)
    votes = catalog.vote(reader, found.key) if _VOTES[wish] else catalog.unvote(reader, found.key)
    return done(request, fields, found, {"votes": votes, "voted": _VOTES[wish]})


ROUTES = [Route("/paper/{id:path}/vote", vote, methods=["POST"])]


def done(request: Request, fields: Fields, paper: Paper, told: dict[str, object]) -> Response:
    """Return the way back to the entry of a paper in the list that a button was in; a script is told numbers."""
    if "application/json" in request.headers.get("accept", ""):
        return Response(msgspec.json.encode(told), media_type="application/json")
    if fields.get("next"):
        fields = {"next": f"{fields['next'].partition('#')[0]}#p{paper.id}"}
    return back(fields, addresses.of_paper(paper.key))
