"""OpenAlex: a list of works that is filtered by DOI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2

from tests.enrichment_help import holding, numbered
from tests.source_help import DATA, Case, at

KEY = "made-up-key-of-openalex"
RECORDED: dict[str, Any] = json.loads((DATA / "openalex" / "works.json").read_text())
KNOWN = ("doi:10.1038/s42256-024-00832-8", "arxiv:2304.05376", "doi:10.1023/a:1007154515475")
HOST = "api.openalex.org"


def answer(request: httpx2.Request, works: list[dict[str, Any]]) -> httpx2.Response:
    """Answer as the list of works does: those that the filter names, in an order of its own."""
    asked = request.url.params
    assert (request.method, request.url.path) == ("GET", "/works")
    if asked.get("api_key") != KEY:
        return httpx2.Response(401, json={"error": "Invalid API key"})
    kind, _, values = asked["filter"].partition(":")
    dois = values.split("|")
    assert kind == "doi" and 0 < len(dois) <= 100 == int(asked["per_page"])
    fields = asked["select"].split(",")
    found = [work for work in works if str(work["doi"]).removeprefix("https://doi.org/") in dois]
    results = [{name: work[name] for name in fields} for work in reversed(found)]
    return httpx2.Response(200, json={**RECORDED, "results": results})


def build(folder: Path, *, damaged: bool) -> Case:
    works = [dict(work) for work in RECORDED["results"]]
    if damaged:
        works[0]["cited_by_count"] = "many"
    key = folder / "key"
    key.write_text(KEY)
    unknown = [f"doi:10.1000/{number}" for number in range(150)]
    return Case(
        settings={"key_file": key},
        start=at(2026, 3, 2),
        answer=lambda request: answer(request, works),
        hosts=frozenset((HOST,)),
        held=holding(numbered((*KNOWN[:2], *unknown, KNOWN[2]))),
    )
