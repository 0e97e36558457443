"""Every address of the application, and who may: the table that the tests of security walk.

A route that has no line here fails a test: nobody forgets to say who may.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

ASKERS = ("nobody", "ada", "bob", "cora", "root", "lacking", "every")
"""Who asks: nobody; Ada, a reader, whose things are asked for; Bob, another reader; Cora, a curator; Root, an
administrator; a program of Root's whose token has every scope but the one that is needed; one whose token has all."""

MAY, SIGN_IN, FORBIDDEN, HIDDEN = "+", "s", "x", "0"


@dataclass(frozen=True, slots=True)
class Row:
    """A route as it is asked for, and what each asker gets, in the order of ASKERS.

    ``+`` is an answer, ``s`` the way to signing in (401 for programs), ``x`` a refusal (403), ``0`` nothing here (404),
    ``!`` a question that makes no sense (400).
    ``json`` is sent to the API, ``form`` to pages. ``scope`` is what a token needs.
    """

    expected: str
    path: str
    scope: str = "read"
    form: dict[str, str] = field(default_factory=dict)
    json: dict[str, object] | None = None


ADA = "ada@lab.example"
PAPER, PICKED, SPAM = "arxiv:2603.00001", "doi:10.1000/1", "openreview:forum00001"

ANYBODY = "+++++++"
SIGNED_IN = "s++++x+"  # and a program that has the scope
IN_PERSON = "s++++xx"
CURATORS = "sxx++x+"
ADMINISTRATORS = "sxxx+x+"
ADMINISTRATORS_IN_PERSON = "sxxx+xx"
ADAS = "s+000x0"
ADAS_OR_ROOTS = "s+00+x+"
ADAS_IN_PERSON = "s+000xx"


def table(numbers: dict[str, int], secrets: dict[str, str]) -> dict[str, Row]:
    """Return the line of every route, about the things that have these numbers and secrets."""
    shelf, bob = numbers["shelf"], numbers["bob"]
    mine = f"/shelves/{shelf}"
    told = f"/subscriptions/{numbers['subscription']}"
    interest = numbers["interest"]
    liked = f"/interests/{interest}"
    file = '{"form": "tidings interest 1", "name": "Brought"}'
    return {
        # what anybody reads
        "GET /": Row(ANYBODY, "/"),
        "GET /trending": Row(ANYBODY, "/trending?window=week"),
        "GET /new": Row(ANYBODY, "/new"),
        "GET /search": Row(ANYBODY, "/search?q=zebras"),
        "POST /search": Row(ANYBODY, "/search", form={"q": "zebras"}),
        "GET /similar": Row(ANYBODY, f"/similar?id={PAPER}"),
        "GET /papers/date": Row(ANYBODY, "/papers/date"),
        "GET /papers/date/{day}": Row(ANYBODY, "/papers/date/2026-03-02"),
        "GET /papers/date/grid": Row(ANYBODY, "/papers/date/grid"),
        "GET /papers/date/{day}/grid": Row(ANYBODY, "/papers/date/2026-03-02/grid"),
        "GET /papers/week/{week}": Row(ANYBODY, "/papers/week/2026-W10"),
        "GET /papers/month/{month}": Row(ANYBODY, "/papers/month/2026-03"),
        "GET /paper/{id:path}": Row(ANYBODY, f"/paper/{PAPER}"),
        "GET /paper/{id:path}.bib": Row(ANYBODY, f"/paper/{PAPER}.bib"),
        "GET /paper/{id:path}.ris": Row(ANYBODY, f"/paper/{PAPER}.ris"),
        "GET /shelf/{key}": Row(ANYBODY, f"/shelf/{secrets['key']}"),
        "GET /map": Row(ANYBODY, "/map"),
        "GET /map/points": Row("0000000", "/map/points"),  # none is drawn
        "GET /map/picture.svg": Row("0000000", "/map/picture.svg"),
        "GET /map/titles": Row(ANYBODY, "/map/titles?ids=1,2"),
        "GET /map/found": Row(ANYBODY, "/map/found?q=zebras"),
        "GET /map/inside": Row("0000000", "/map/inside?ring=0,0,9,0,9,9"),
        # the same to follow and to cite
        "GET /new.{ending}": Row(ANYBODY, "/new.atom"),
        "GET /trending.{ending}": Row(ANYBODY, "/trending.rss?window=week"),
        "GET /papers/date/{day}.{ending}": Row(ANYBODY, "/papers/date/2026-03-02.json"),
        "GET /papers/week/{week}.{ending}": Row(ANYBODY, "/papers/week/2026-W10.bib"),
        "GET /papers/month/{month}.{ending}": Row(ANYBODY, "/papers/month/2026-03.ris"),
        "GET /search.{ending}": Row(ANYBODY, "/search.atom?q=zebras"),
        "GET /similar.{ending}": Row(ANYBODY, f"/similar.rss?id={PAPER}"),
        "GET /shelf/{key}.{ending}": Row(ANYBODY, f"/shelf/{secrets['key']}.atom"),
        "GET /topics": Row(ANYBODY, "/topics"),
        "GET /topics/emerging": Row(ANYBODY, "/topics/emerging"),
        "GET /topics/{which}": Row("+++++++", "/topics/3-graph-kernels"),
        "GET /tags": Row(ANYBODY, "/tags"),
        "GET /tags/{which}": Row(ANYBODY, "/tags/striped"),
        "GET /topics/{which}.{ending}": Row(ANYBODY, "/topics/3.atom"),
        "GET /about": Row(ANYBODY, "/about"),
        "GET /help": Row(ANYBODY, "/help"),
        "GET /status": Row(ANYBODY, "/status"),
        "GET /api": Row(ANYBODY, "/api"),
        "GET /favicon.ico": Row(ANYBODY, "/favicon.ico"),
        "MOUNT /static": Row(ANYBODY, "/static/tidings.css"),
        "GET /api/openapi.json": Row(ANYBODY, "/api/openapi.json"),
        "GET /api/search": Row(ANYBODY, "/api/search?q=zebras"),
        "GET /api/similar": Row(ANYBODY, f"/api/similar?id={PAPER}"),
        "GET /api/trending": Row(ANYBODY, "/api/trending"),
        "GET /api/papers/new": Row(ANYBODY, "/api/papers/new"),
        "GET /api/papers/date/{day}": Row(ANYBODY, "/api/papers/date/2026-03-02"),
        "GET /api/papers/{id:path}": Row(ANYBODY, f"/api/papers/{PAPER}"),
        "GET /api/shelf/{key}": Row(ANYBODY, f"/api/shelf/{secrets['key']}"),
        "GET /api/stats": Row(ANYBODY, "/api/stats"),
        "GET /api/sources": Row(ANYBODY, "/api/sources"),
        # letting people in
        "GET /sign-in": Row(ANYBODY, "/sign-in"),
        "POST /sign-in": Row(ANYBODY, "/sign-in", form={"email": "ada@lab.example"}),
        "POST /sign-in/password": Row(
            ANYBODY, "/sign-in/password", form={"email": "ada@lab.example", "password": secrets["password"]}
        ),
        "GET /sign-in/link/{secret}": Row(ANYBODY, f"/sign-in/link/{secrets['link']}"),
        "POST /sign-in/link/{secret}": Row(ANYBODY, f"/sign-in/link/{secrets['link']}"),
        "GET /sign-in/provider": Row("0000000", "/sign-in/provider"),  # none is set up
        "GET /sign-in/provider/back": Row("sssssss", "/sign-in/provider/back?code=x&state=y"),  # nobody began
        "POST /sign-out": Row(ANYBODY, "/sign-out"),
        # one's own account
        "GET /account": Row(IN_PERSON, "/account"),
        "POST /account": Row(IN_PERSON, "/account", form={"name": "Somebody"}),
        "POST /account/password": Row(
            IN_PERSON, "/account/password", form={"password": "another password", "again": "another password"}
        ),
        "POST /account/sessions/end": Row(IN_PERSON, "/account/sessions/end", form={"id": "others"}),
        "POST /account/tokens": Row(IN_PERSON, "/account/tokens", form={"scope_read": "1", "days": "30"}),
        "POST /account/tokens/{number:int}/revoke": Row(ADAS_IN_PERSON, f"/account/tokens/{numbers['token']}/revoke"),
        "GET /account/export": Row(IN_PERSON, "/account/export"),
        "POST /account/delete": Row("s+!!!xx", "/account/delete", form={"confirm": "ada@lab.example"}),
        "GET /api/me": Row(SIGNED_IN, "/api/me"),
        # votes and submissions
        "POST /paper/{id:path}/vote": Row(SIGNED_IN, f"/paper/{PAPER}/vote", "vote", form={"vote": "1"}),
        "POST /api/papers/{id:path}/vote": Row(SIGNED_IN, f"/api/papers/{PAPER}/vote", "vote"),
        "DELETE /api/papers/{id:path}/vote": Row(SIGNED_IN, f"/api/papers/{PAPER}/vote", "vote"),
        "GET /submit": Row(SIGNED_IN, "/submit", "submit"),
        "POST /submit": Row(SIGNED_IN, "/submit", "submit", form={"paper": PAPER}),
        "POST /api/submit": Row(SIGNED_IN, "/api/submit", "submit", json={"paper": PAPER}),
        # shelves
        "GET /shelves": Row(SIGNED_IN, "/shelves", "shelves"),
        "POST /shelves": Row(SIGNED_IN, "/shelves", "shelves", form={"name": "New", "visibility": "lab"}),
        "GET /shelves/{number:int}": Row(ADAS, mine, "shelves"),
        "POST /shelves/{number:int}": Row(ADAS, mine, "shelves", form={"name": "Renamed", "visibility": "lab"}),
        "POST /shelves/{number:int}/remove": Row(ADAS, f"{mine}/remove", "shelves"),
        "GET /shelves/{number:int}.{ending}": Row(ADAS, f"{mine}.atom", "feeds"),
        "GET /feed.{ending}": Row(SIGNED_IN, "/feed.atom", "feeds"),
        "GET /feed/{name}.{ending}": Row("s0000x0", "/feed/4711.atom", "feeds"),
        "GET /follow": Row(IN_PERSON, "/follow"),
        "POST /follow": Row(IN_PERSON, "/follow", form={"label": "reader"}),
        "POST /feeds.opml": Row("s+!!!xx", "/feeds.opml", form={"token": secrets["address"]}),
        "GET /lab": Row(SIGNED_IN, "/lab", "shelves"),
        "GET /api/lab": Row(SIGNED_IN, "/api/lab", "shelves"),
        "GET /paper/{id:path}/save": Row(SIGNED_IN, f"/paper/{PAPER}/save", "shelves"),
        "POST /paper/{id:path}/save": Row(ADAS, f"/paper/{PAPER}/save", "shelves", form={"shelf": str(shelf)}),
        "POST /paper/{id:path}/note": Row(
            ADAS, f"/paper/{PAPER}/note", "shelves", form={"shelf": str(shelf), "note": "mine"}
        ),
        "POST /paper/{id:path}/take": Row(ADAS, f"/paper/{PAPER}/take", "shelves", form={"shelf": str(shelf)}),
        "GET /api/shelves": Row(SIGNED_IN, "/api/shelves", "shelves"),
        "POST /api/shelves": Row(SIGNED_IN, "/api/shelves", "shelves", json={"name": "New"}),
        "GET /api/shelves/{number}": Row(ADAS, f"/api{mine}", "shelves"),
        "PATCH /api/shelves/{number}": Row(ADAS, f"/api{mine}", "shelves", json={"visibility": "link"}),
        "DELETE /api/shelves/{number}": Row(ADAS, f"/api{mine}", "shelves"),
        "PUT /api/shelves/{number}/papers/{id:path}": Row(
            ADAS, f"/api{mine}/papers/{PAPER}", "shelves", json={"note": "mine"}
        ),
        "DELETE /api/shelves/{number}/papers/{id:path}": Row(ADAS, f"/api{mine}/papers/{PAPER}", "shelves"),
        # interests and feeds
        "GET /feed": Row(SIGNED_IN, "/feed", "interests"),
        "GET /feed/of/lab": Row(SIGNED_IN, "/feed/of/lab", "interests"),
        "GET /feed/{name}": Row(ADAS, f"/feed/{interest}", "interests"),
        "GET /shelves/{number:int}/feed": Row(ADAS, f"{mine}/feed", "interests"),
        "POST /feed/seen": Row(SIGNED_IN, "/feed/seen", "interests", form={"papers": PAPER}),
        "POST /paper/{id:path}/say": Row(SIGNED_IN, f"/paper/{PAPER}/say", "interests", form={"verdict": "like"}),
        "POST /paper/{id:path}/opened": Row(SIGNED_IN, f"/paper/{PAPER}/opened", "interests"),
        "GET /interests": Row(SIGNED_IN, "/interests", "interests"),
        "POST /interests": Row(SIGNED_IN, "/interests", "interests", form={"name": "New", "words": "zebras"}),
        "POST /interests/bring": Row(SIGNED_IN, "/interests/bring", "interests", form={"data": file}),
        "GET /interests/{number:int}": Row(ADAS, liked, "interests"),
        "GET /interests/{number:int}.json": Row(ADAS, f"{liked}.json", "interests"),
        "GET /interests/{number:int}/teach": Row(ADAS, f"{liked}/teach", "interests"),
        "POST /interests/{number:int}": Row(ADAS, liked, "interests", form={"name": "Renamed"}),
        "POST /interests/{number:int}/remove": Row(ADAS, f"{liked}/remove", "interests"),
        "POST /interests/{number:int}/undo": Row(ADAS, f"{liked}/undo", "interests"),
        "POST /interests/{number:int}/reset": Row(ADAS, f"{liked}/reset", "interests", form={"day": "2026-03-01"}),
        "GET /why-not": Row(ADAS, f"/why-not?paper={PAPER}&interest={interest}", "interests"),
        "GET /steering": Row(SIGNED_IN, "/steering", "interests"),
        "POST /steering": Row(SIGNED_IN, "/steering", "interests", form={"kind": "mute-word", "value": "zebras"}),
        "GET /api/interests": Row(SIGNED_IN, "/api/interests", "interests"),
        "POST /api/interests": Row(SIGNED_IN, "/api/interests", "interests", json={"name": "New"}),
        "POST /api/interests/import": Row(
            SIGNED_IN,
            "/api/interests/import",
            "interests",
            json={"interest": {"form": "tidings interest 1", "name": "Brought"}},
        ),
        "GET /api/interests/{number}": Row(ADAS, f"/api{liked}", "interests"),
        "PATCH /api/interests/{number}": Row(ADAS, f"/api{liked}", "interests", json={"name": "Renamed"}),
        "DELETE /api/interests/{number}": Row(ADAS, f"/api{liked}", "interests"),
        "GET /api/interests/{number}/export": Row(ADAS, f"/api{liked}/export", "interests"),
        "POST /api/interests/{number}/look-again": Row(ADAS, f"/api{liked}/look-again", "interests"),
        "POST /api/interests/{number}/undo": Row(ADAS, f"/api{liked}/undo", "interests"),
        "POST /api/interests/{number}/reset": Row(ADAS, f"/api{liked}/reset", "interests", json={"to": "2026-03-01"}),
        "GET /api/interests/{number}/teach": Row(ADAS, f"/api{liked}/teach", "interests"),
        "PUT /api/papers/{id:path}/verdict": Row(
            ADAS, f"/api/papers/{PAPER}/verdict", "interests", json={"verdict": "like", "interest": interest}
        ),
        "DELETE /api/papers/{id:path}/verdict": Row(SIGNED_IN, f"/api/papers/{PAPER}/verdict", "interests"),
        "PUT /api/papers/{id:path}/opened": Row(SIGNED_IN, f"/api/papers/{PAPER}/opened", "interests"),
        "GET /api/papers/{id:path}/why-not": Row(ADAS, f"/api/papers/{PAPER}/why-not?interest={interest}", "interests"),
        "GET /api/feed": Row(ADAS, f"/api/feed?interest={interest}", "interests"),
        "GET /api/feed/lab": Row(SIGNED_IN, "/api/feed/lab", "interests"),
        "POST /api/feed/shown": Row(SIGNED_IN, "/api/feed/shown", "interests", json={"papers": [PAPER]}),
        "GET /api/shelves/{number}/feed": Row(ADAS, f"/api{mine}/feed", "interests"),
        "GET /api/rules": Row(SIGNED_IN, "/api/rules", "interests"),
        "PUT /api/rules": Row(SIGNED_IN, "/api/rules", "interests", json={"kind": "mute-word", "value": "zebras"}),
        "DELETE /api/rules": Row("s0000x0", "/api/rules?kind=mute-word&value=none", "interests"),
        "GET /api/topics": Row(ANYBODY, "/api/topics"),
        "GET /api/topics/emerging": Row(ANYBODY, "/api/topics/emerging"),
        "GET /api/topics/{which}": Row(ANYBODY, "/api/topics/3"),
        "GET /api/topics/{which}/papers": Row(ANYBODY, "/api/topics/3/papers"),
        "POST /api/topics/{number}/follow": Row(SIGNED_IN, "/api/topics/3/follow", "interests"),
        "PATCH /api/topics/{number}": Row(CURATORS, "/api/topics/3", "curate", json={"pinned": True}),
        "POST /api/topics/{number}/merge": Row(CURATORS, "/api/topics/3/merge", "curate", json={"into": 4}),
        "POST /api/topics/{number}/split": Row("sxx!!x!", "/api/topics/4/split", "curate", json={"parts": 2}),
        "GET /api/tags": Row(ANYBODY, "/api/tags"),
        "GET /api/tags/{which}": Row(ANYBODY, "/api/tags/striped"),
        "GET /api/tags/{which}/papers": Row(ANYBODY, "/api/tags/striped/papers"),
        "POST /api/tags": Row(CURATORS, "/api/tags", "curate", json={"name": "New", "description": "zebras"}),
        "PATCH /api/tags/{which}": Row(CURATORS, "/api/tags/striped", "curate", json={"description": "striped"}),
        "DELETE /api/tags/{which}": Row(CURATORS, "/api/tags/striped", "curate"),
        "PUT /api/tags/{which}/papers/{id:path}": Row(
            CURATORS, f"/api/tags/striped/papers/{PAPER}", "curate", json={"fits": True}
        ),
        "DELETE /api/tags/{which}/papers/{id:path}": Row(CURATORS, f"/api/tags/striped/papers/{PAPER}", "curate"),
        # curation
        "POST /paper/{id:path}/pick": Row(CURATORS, f"/paper/{PAPER}/pick", "curate"),
        "POST /paper/{id:path}/unpick": Row(CURATORS, f"/paper/{PICKED}/unpick", "curate"),
        "POST /paper/{id:path}/hide": Row(CURATORS, f"/paper/{PAPER}/hide", "curate", form={"reason": "spam"}),
        "POST /paper/{id:path}/unhide": Row(CURATORS, f"/paper/{SPAM}/unhide", "curate"),
        "PUT /api/papers/{id:path}/pick": Row(CURATORS, f"/api/papers/{PAPER}/pick", "curate", json={"day": None}),
        "DELETE /api/papers/{id:path}/pick": Row(CURATORS, f"/api/papers/{PICKED}/pick", "curate"),
        "PUT /api/papers/{id:path}/hidden": Row(
            CURATORS, f"/api/papers/{PAPER}/hidden", "curate", json={"reason": "spam"}
        ),
        "DELETE /api/papers/{id:path}/hidden": Row(CURATORS, f"/api/papers/{SPAM}/hidden", "curate"),
        "POST /topics/{number:int}/follow": Row(SIGNED_IN, "/topics/3/follow", "interests"),
        "POST /topics/{number:int}/rename": Row(CURATORS, "/topics/3/rename", "curate", form={"name": "Renamed"}),
        "POST /topics/{number:int}/merge": Row(CURATORS, "/topics/3/merge", "curate", form={"into": "4"}),
        "POST /topics/{number:int}/split": Row("sxx!!x!", "/topics/4/split", "curate", form={"parts": "2"}),
        "POST /topics/{number:int}/pin": Row(CURATORS, "/topics/3/pin", "curate", form={"pinned": "1"}),
        "POST /tags": Row(CURATORS, "/tags", "curate", form={"name": "New", "description": "zebras"}),
        "POST /tags/{which}": Row(CURATORS, "/tags/striped", "curate", form={"name": "Dotted"}),
        "POST /tags/{which}/remove": Row(CURATORS, "/tags/striped/remove", "curate"),
        "POST /paper/{id:path}/tag": Row(
            CURATORS, f"/paper/{PAPER}/tag", "curate", form={"tag": "striped", "fits": "1"}
        ),
        "GET /audit": Row(CURATORS, "/audit", "curate"),
        "POST /audit/{number:int}/undo": Row(CURATORS, f"/audit/{numbers['line']}/undo", "curate"),
        # digests
        "GET /subscribe": Row(ANYBODY, "/subscribe?kind=trending"),
        "POST /subscribe": Row("+++++x+", "/subscribe", "digests", form={"kind": "trending", "address": ADA}),
        "GET /subscriptions": Row(SIGNED_IN, "/subscriptions", "digests"),
        "GET /subscriptions/{number:int}": Row(ADAS_OR_ROOTS, told, "digests"),
        "GET /subscriptions/{number:int}/preview": Row(ADAS_OR_ROOTS, f"{told}/preview", "digests"),
        "POST /subscriptions/{number:int}": Row(ADAS_OR_ROOTS, told, "digests", form={"hour": "9"}),
        "POST /subscriptions/{number:int}/pause": Row(ADAS_OR_ROOTS, f"{told}/pause", "digests", form={"days": "7"}),
        "POST /subscriptions/{number:int}/leave": Row(ADAS_OR_ROOTS, f"{told}/leave", "digests"),
        "GET /mail/confirm/{token}": Row(ANYBODY, f"/mail/confirm/{secrets['confirm']}"),
        "POST /mail/confirm/{token}": Row(ANYBODY, f"/mail/confirm/{secrets['confirm']}"),
        "GET /mail/leave/{token}": Row(ANYBODY, f"/mail/leave/{secrets['leave']}"),
        "POST /mail/leave/{token}": Row(ANYBODY, f"/mail/leave/{secrets['leave']}"),
        "GET /mail/change/{token}": Row(ANYBODY, f"/mail/change/{secrets['change']}"),
        "POST /mail/change/{token}": Row(ANYBODY, f"/mail/change/{secrets['change']}", form={"hour": "9"}),
        "GET /mail/pause/{token}": Row(ANYBODY, f"/mail/pause/{secrets['pause']}"),
        "POST /mail/pause/{token}": Row(ANYBODY, f"/mail/pause/{secrets['pause']}", form={"days": "7"}),
        "GET /mail/{purpose}/{token}": Row(ANYBODY, f"/mail/save/{secrets['save']}"),
        "POST /mail/{purpose}/{token}": Row(ANYBODY, f"/mail/save/{secrets['save']}"),
        # members
        "GET /members": Row(ADMINISTRATORS, "/members", "admin"),
        "POST /members/invite": Row(
            ADMINISTRATORS_IN_PERSON, "/members/invite", "admin", form={"email": "new@lab.example", "role": "admin"}
        ),
        "POST /members/{number:int}/role": Row(
            ADMINISTRATORS_IN_PERSON, f"/members/{bob}/role", "admin", form={"role": "curator"}
        ),
        "POST /members/{number:int}/disable": Row(ADMINISTRATORS_IN_PERSON, f"/members/{bob}/disable", "admin"),
        "POST /members/{number:int}/enable": Row(ADMINISTRATORS_IN_PERSON, f"/members/{bob}/enable", "admin"),
        "POST /members/invitations/{number:int}/withdraw": Row(
            ADMINISTRATORS_IN_PERSON, f"/members/invitations/{numbers['invitation']}/withdraw", "admin"
        ),
    }


def routes(app: FastAPI) -> Iterator[str]:
    """Yield every route of an application, as the table names them."""
    for route in app.router.routes:
        if isinstance(route, Mount):
            yield f"MOUNT {route.path}"
        else:
            for context in iter_route_contexts([route]):
                for method in sorted((context.methods or set()) - {"HEAD"}):
                    yield f"{method} {context.path}"
