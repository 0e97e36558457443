"""Crossref: a list of works that is filtered by DOI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2

from tests.enrichment_help import holding, numbered
from tests.source_help import DATA, Case, at

RECORDED: dict[str, Any] = json.loads((DATA / "crossref" / "works.json").read_text())
# The last item of the fixture has no title.
KNOWN = tuple(f"doi:{item['DOI']}" for item in RECORDED["message"]["items"][:-1])
POLITE = {"x-rate-limit-limit": "3", "x-rate-limit-interval": "1s", "x-api-pool": "polite"}
HOST = "api.crossref.org"


def answer(request: httpx2.Request, items: list[dict[str, Any]]) -> httpx2.Response:
    """Answer as the list of works does: those whose DOI the filter names, in an order of its own."""
    asked = request.url.params
    assert (request.method, request.url.path) == ("GET", "/works")
    conditions = asked["filter"].split(",")
    assert all(condition.startswith("doi:") for condition in conditions) and len(conditions) <= int(asked["rows"])
    fields = asked["select"].split(",")
    found = [item for item in items if f"doi:{item['DOI']}" in conditions]
    shown = [{name: item[name] for name in fields if name in item} for item in reversed(found)]
    message = {**RECORDED["message"], "items": shown, "total-results": len(shown)}
    return httpx2.Response(200, json={**RECORDED, "message": message}, headers=POLITE)


def build(folder: Path, *, damaged: bool) -> Case:
    items = [dict(item) for item in RECORDED["message"]["items"]]
    if damaged:
        items[0]["is-referenced-by-count"] = None
        items[0]["title"] = "no list"
    unknown = [f"doi:10.1000/{number}" for number in range(80)]
    return Case(
        settings={},
        start=at(2026, 3, 2),
        answer=lambda request: answer(request, items),
        hosts=frozenset((HOST,)),
        held=holding(numbered((*KNOWN[:3], *unknown, *KNOWN[3:]))),
    )
