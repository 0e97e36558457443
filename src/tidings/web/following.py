"""Following from elsewhere: in which formats a list is there, and private addresses for what is one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidings import outbound
from tidings.errors import InputError, SignInError
from tidings.people import IN_ADDRESSES, Reader, Shelf, Token, require_person
from tidings.web import addresses
from tidings.web.forms import Fields, posted
from tidings.web.readers import reader_of
from tidings.web.site import Site, base_of, of

if TYPE_CHECKING:
    from tidings.web.asking import Asking

_HERE = "/follow"
_FEEDS = (
    ("Atom feed", "application/atom+xml", "atom"),
    ("RSS feed", "application/rss+xml", "rss"),
    ("JSON Feed", "application/feed+json", "json"),
)
_CITATIONS = (("BibTeX", "bib"), ("RIS", "ris"))


@dataclass(frozen=True, slots=True)
class Way:
    """A format that a list is there in; ``kind`` is its media type."""

    name: str
    kind: str
    href: str


@dataclass(frozen=True, slots=True)
class Ways:
    """The formats of a list: those that are followed, and those that cite it as it is now.

    ``is_private`` says that whoever follows needs an address with a token.
    """

    feeds: tuple[Way, ...]
    citations: tuple[Way, ...]
    is_private: bool


def ways(wanted: Asking) -> Ways | None:
    """Return how a list can be followed; None where it was asked for by a text that no address holds.

    Whoever follows a search waits for what is new, so its feeds go by date.
    """
    if wanted.is_long:
        return None
    first = replace(wanted, cursor=None, back=(), number=1, explain=False, limit=wanted.usual)
    latest = first.sorted_by("newest") if wanted.query else first

    def way(asked: Asking, name: str, ending: str, kind: str = "text/plain") -> Way:
        return Way(name, kind, replace(asked, path=f"{asked.path}.{ending}").href)

    return Ways(
        tuple(way(latest, name, ending, kind) for name, kind, ending in _FEEDS),
        tuple(way(first, name, ending) for name, ending in _CITATIONS),
        is_private=wanted.path.startswith(("/shelves/", "/feed")),
    )


# --- one's own ---


@dataclass(frozen=True, slots=True)
class Followed:
    """Something of one's own to follow: what it is called, its page, and its address where it was made just now."""

    title: str
    home: str
    address: str


def page(request: Request) -> Response:
    """Answer ``/follow``: what one can follow, and the addresses that were made."""
    return _page(request)


@posted
def make(request: Request, fields: Fields) -> Response:
    """Make private addresses, and show them this once."""
    token = of(request).catalog.make_address_token(reader_of(request), fields.get("label", ""))
    return _page(request, token)


@posted
def listing(request: Request, fields: Fields) -> Response:
    """Return the private addresses as OPML. Nothing changes; it is a POST so that no address holds the token.

    Raises:
        InputError: the token is not one's own, or not one for addresses.
    """
    site, reader = of(request), reader_of(request)
    account = require_person(reader, "feeds")
    token = fields.get("token", "")
    if _owner_of(site, token) != account.id:
        raise InputError("these are not addresses of yours; make new ones")
    base = base_of(request)
    outlines = [outbound.Outline(each.title, each.address, base + each.home) for each in _followed(request, token)]
    body = outbound.opml(f"Tidings: feeds of {account.name}", outlines, site.catalog.now())
    headers = {"Content-Disposition": 'attachment; filename="tidings.opml"'}
    return Response(body, media_type="text/x-opml; charset=utf-8", headers=headers)


ROUTES = [
    Route(_HERE, page),
    Route(_HERE, make, methods=["POST"]),
    Route("/feeds.opml", listing, methods=["POST"]),
]


def _page(request: Request, token: str = "") -> Response:
    site, reader = of(request), reader_of(request)
    require_person(reader, "feeds")
    return site.html(
        "follow.html",
        token=token,
        followed=_followed(request, token),
        tokens=_in_addresses(site.catalog.tokens(reader)),
        now=site.catalog.now(),
    )


def _followed(request: Request, token: str) -> list[Followed]:
    catalog, reader, base = of(request).catalog, reader_of(request), base_of(request)
    interests = catalog.interests_to_follow(reader)
    found = [("All your interests", "/feed")] if interests else []
    found += [(each.name, f"/feed/{each.id}") for each in interests]
    found += [(_title(shelf, reader), addresses.of_shelf(shelf)) for shelf in catalog.shelves_to_follow(reader)]
    return [
        Followed(title, home, base + addresses.with_parameters(f"{home}.atom", [("token", token)]))
        for title, home in found
    ]


def _title(shelf: Shelf, reader: Reader | None) -> str:
    is_own = reader is not None and shelf.account_id == reader.account.id
    return shelf.name if is_own or not shelf.is_named else f"{shelf.name} ({shelf.owner})"


def _owner_of(site: Site, token: str) -> int | None:
    try:
        return site.catalog.reader_of_address(token).account.id
    except SignInError:
        return None


def _in_addresses(tokens: Sequence[Token]) -> list[Token]:
    return [token for token in tokens if frozenset(token.scopes) == IN_ADDRESSES]
