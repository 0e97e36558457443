"""The web application: pages for people, JSON for programs, both from one catalog."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from tidings.web import (
    accounts,
    api,
    api_interests,
    api_people,
    api_tags,
    api_topics,
    curating,
    failures,
    feeds,
    following,
    grids,
    house,
    interests,
    lists,
    mailed,
    mapping,
    members,
    outbound,
    papers,
    previews,
    shelves,
    signing,
    submitting,
    subscribing,
    tags,
    topics,
    trending,
    voting,
)
from tidings.web.door import Buckets, Door
from tidings.web.security import Security
from tidings.web.site import FOLDER, create_site
from tidings.web.unchanged import Seen

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

    from tidings.catalog import Catalog
    from tidings.settings import Settings

_THREADS = 4
"""Requests worked on at once. Ranking and rendering hold Python's lock: with more threads, all only wait longer."""

_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def create_app(catalog: Catalog, settings: Settings) -> FastAPI:
    """Return the application that serves ``catalog``; ``settings.host`` says where it listens.

    Raises:
        InputError: a setting of the proxy or the identity provider makes no sense.
    """
    app = _App(
        title="Tidings",
        version=version("tidings"),
        description="Search what the research world publishes, and say what you think of it.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        lifespan=_lifespan,
    )
    app.state.site = create_site(catalog, settings)
    app.state.buckets = Buckets()
    app.state.seen = Seen()
    app.include_router(accounts.router)
    app.include_router(api_people.router)
    app.include_router(api_interests.signed)
    app.include_router(api_topics.signed)
    app.include_router(api_topics.router)
    app.include_router(api_tags.signed)
    app.include_router(api_tags.router)
    app.include_router(api_people.signed)  # before the rest: a paper's id may hold slashes
    app.include_router(api.router)
    api.describe(app)
    people = [*signing.ROUTES, *accounts.ROUTES, *members.ROUTES, *following.ROUTES]
    people.extend([*subscribing.ROUTES, *previews.ROUTES, *mailed.ROUTES])
    doing = [
        *feeds.ROUTES,
        *interests.ROUTES,
        *voting.ROUTES,
        *curating.ROUTES,
        *shelves.ROUTES,
        *submitting.ROUTES,
        *topics.ROUTES,
        *tags.ROUTES,
    ]  # a paper's page takes any rest
    app.router.routes.extend(outbound.ROUTES)  # before the pages: a day with an ending is no day
    looking = [*grids.ROUTES, *trending.ROUTES, *lists.ROUTES, *mapping.ROUTES]
    app.router.routes.extend([*looking, *doing, *papers.ROUTES, *house.ROUTES, *people])
    app.mount("/static", _Static(directory=FOLDER / "static"))
    app.add_middleware(Door)
    failures.install(app)
    return app


class _App(FastAPI):
    """FastAPI with our rules outermost: an answer to an unforeseen error carries the headers too."""

    def build_middleware_stack(self) -> ASGIApp:
        return Security(super().build_middleware_stack(), self.state.site.settings.public_url)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    yield


class _Static(StaticFiles):
    """Our style, scripts and icon; their addresses carry the build, so they never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_versioned = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_versioned else "no-cache"
        return response
