"""The world that submitted papers are asked of: a played arXiv, a played Crossref, a played OpenReview."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import httpx2

from tests.arxiv_server import QUERY_HOST, PlayedArxiv
from tests.scripted import Clock
from tests.source_cases.arxiv import paper
from tests.source_cases.openreview import notes
from tests.source_help import DATA
from tidings.catalog import Catalog
from tidings.settings import Settings
from tidings.store import Store

ARXIV = "2603.00042"
DOI = "10.1515/crelle-2013-0024"
DATASET = "10.1186/isrctn11093872"
FORUM = "aB3dE5fG7h"
ACL = "2026.acl-long.7"


@dataclass(slots=True)
class World:
    """Answers for every host that a submission may be asked of; ``down`` is what they all say instead."""

    clock: Clock
    asked: list[httpx2.Request] = field(default_factory=list)
    down: Callable[[], httpx2.Response] | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.asked.append(request)
        if self.down:
            return self.down()
        return _HOSTS[request.url.host](request, self.clock)


def _arxiv(request: httpx2.Request, clock: Clock) -> httpx2.Response:
    return PlayedArxiv([paper(ARXIV, "2026-03-02")], clock)(request)


def _crossref(request: httpx2.Request, _: Clock) -> httpx2.Response:
    doi = unquote(request.url.raw_path.decode().removeprefix("/works/"))
    folder = DATA / "crossref"
    if doi == DOI:
        return httpx2.Response(200, content=(folder / "work.json").read_bytes())
    if doi == DATASET:
        return httpx2.Response(200, content=(folder / "work_dataset.json").read_bytes())
    if doi == f"10.18653/v1/{ACL}":
        work = {"DOI": doi, "type": "proceedings-article", "title": ["A paper of the Anthology"]}
        return httpx2.Response(200, content=json.dumps({"message": work}))
    return httpx2.Response(404, text="Resource not found.")


def _openreview(request: httpx2.Request, _: Clock) -> httpx2.Response:
    wanted = request.url.params["id"]
    return httpx2.Response(200, json={"notes": [note for note in notes() if note["id"] == wanted]})


_HOSTS = {QUERY_HOST: _arxiv, "api.crossref.org": _crossref, "api2.openreview.net": _openreview}


def open_world(store: Store, home: Path, clock: Clock, **settings: object) -> tuple[Catalog, World]:
    """Return a catalog whose requests to other hosts are answered by a world."""
    world = World(clock)
    transport = httpx2.MockTransport(world)
    made = Settings(home=home, **settings)
    return Catalog(store, made, clock=clock, sleep=clock.sleep, transport=transport), world
