"""What every page needs: the catalog, the templates, and how an answer is made of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tidings import moments
from tidings.catalog import odds
from tidings.plain import plain
from tidings.web import addresses, entries
from tidings.web.networks import Networks, networks_of
from tidings.web.oidc import Provider, provider_of
from tidings.web.post import Post
from tidings.web.readers import reader_of

if TYPE_CHECKING:
    from tidings.catalog import Catalog
    from tidings.settings import Settings

FOLDER = Path(__file__).parent
_REVALIDATE = "private, no-cache"
"""A browser keeps the page and asks whether it changed; the answer is 304 without any search."""


SIGN_IN = "/sign-in"
_WORDS = 200_000
_PAGES_KEPT = 64
_BACKTICKS = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Site:
    """One served catalog. ``build`` changes whenever a template, a style or a script does.

    ``stem`` remembers what the catalog's says: a page of results asks for three thousand words. ``request`` is the one
    that is being answered: every page says who reads it. ``pages`` are the last ones made for
    anybody, by their tags.
    """

    catalog: Catalog
    settings: Settings
    templates: Environment
    build: str
    stem: Callable[[str], str]
    networks: Networks
    provider: Provider | None
    post: Post
    request: Request | None = None
    pages: dict[str, bytes] = field(default_factory=dict)

    def html(self, name: str, status: int = 200, **values: object) -> Response:
        """Return a page made from the template of that name; every template knows its ``reader``, if there is one."""
        usual: dict[str, object] = _usual(self.request) if self.request else {"reader": None, "way_in": SIGN_IN}
        usual["mails"] = self.post.mails
        return HTMLResponse(self.templates.get_template(name).render({**usual, **values}), status)


def create_site(catalog: Catalog, settings: Settings) -> Site:
    """Return the site with every template compiled, so that the first reader does not wait for it.

    Raises:
        InputError: a setting of the proxy or the identity provider makes no sense.
    """
    templates, build = _templates()
    stem = lru_cache(maxsize=_WORDS)(catalog.stem)
    provider = provider_of(settings, catalog.now)
    post = Post(catalog, settings)
    return Site(catalog, settings, templates, build, stem, networks_of(settings), provider, post)


@cache
def _templates() -> tuple[Environment, str]:
    """Return every template compiled, and the build that they are of: the same for every site of a process."""
    templates, build = _environment(), _build()
    templates.globals.update(build=build, address=addresses, asking=None, follow=None)
    for name in templates.list_templates():
        templates.get_template(name)
    return templates, build


def _environment() -> Environment:
    templates = Environment(
        loader=PackageLoader("tidings.web"),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    templates.filters.update(
        in_words=moments.in_words,
        odds=odds.in_words,
        weekday=moments.weekday,
        short=moments.short,
        away=moments.away,
        with_code=_with_code,
        sentence=sentence,
        shortened=entries.shortened,
        thousands="{:,}".format,
        set=entries.set_text,
        in_plain=plain,
    )
    return templates


def sentence(message: str) -> str:
    """Return a message as a page says it: with a capital and an end. The API leaves it as it is, for programs."""
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!", "…")) else ".")


def _with_code(text: str) -> Markup:
    """Return a sentence of ours with what stands between backticks as code."""
    return Markup(_BACKTICKS.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def of(request: Request) -> Site:
    """Return the site that the request came to, as whoever asks sees it."""
    site: Site = request.app.state.site
    return replace(site, request=request)


def base_of(request: Request) -> str:
    """Return the address of this site without a path: the one that readers know, else the one that was asked."""
    return (of(request).settings.public_url or str(request.base_url)).rstrip("/")


def here_again(request: Request) -> str:
    """Return the address of this page within the site, to come back to; a token in it does not travel on."""
    if "token" in request.query_params:
        return request.url.path
    return f"{request.url.path}?{request.url.query}".rstrip("?")


def _usual(request: Request) -> dict[str, object]:
    path = request.url.path
    here = "" if path == "/" or path.startswith(SIGN_IN) else here_again(request)
    return {"reader": reader_of(request), "way_in": addresses.with_parameters(SIGN_IN, [("next", here)])}


def stable(
    request: Request, produce: Callable[[Site], Response], besides: object = None, *, keep: bool = False
) -> Response:
    """Return what ``produce`` makes, or 304 where anybody who asks holds what it would make.

    Such an answer follows from the address, the catalog and this program: that is what its tag says; and from what is
    named ``besides``, a value whose ``repr`` says all of it. What is made for somebody who is signed in has no tag and
    is made each time: votes and shelves change without the catalog. ``keep`` keeps what was made for the next who asks.
    """
    site = of(request)
    if reader_of(request) is not None:
        return produce(site)
    tag = _tag(site, request, besides)
    headers = {"ETag": tag, "Cache-Control": _REVALIDATE}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if keep and (body := site.pages.get(tag)):
        return HTMLResponse(body, headers=headers)
    response = produce(site)
    if response.status_code == 200:
        response.headers.update(headers)
        if keep:
            _keep(site.pages, tag, bytes(response.body))
    return response


def _keep(pages: dict[str, bytes], tag: str, body: bytes) -> None:
    """Keep a page, and forget the oldest ones; threads may do so at once."""
    pages[tag] = body
    for oldest in list(pages)[:-_PAGES_KEPT]:
        pages.pop(oldest, None)


def _tag(site: Site, request: Request, besides: object) -> str:
    text = f"{site.build} {site.catalog.version} {request.url.path}?{request.url.query} {besides!r}"
    return f'W/"{hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()}"'


def _build() -> str:
    digest = hashlib.blake2b(installed_version("tidings").encode(), digest_size=6)
    for path in sorted(FOLDER.rglob("*.*")):
        if path.suffix in {".html", ".css", ".js", ".svg", ".py"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()
