"""Semantic Scholar: a batch endpoint that knows what is in the fixture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2

from tests.enrichment_help import holding, numbered
from tests.source_help import DATA, Case, at

KEY = "made-up-key-of-semantic-scholar"
ITEMS: list[dict[str, Any] | None] = json.loads((DATA / "semanticscholar" / "batch.json").read_text())
KNOWN = ("arxiv:1706.03762", "arxiv:2304.05376", "doi:10.2139/ssrn.288970", "doi:10.2139/ssrn.2250500")
HOST = "api.semanticscholar.org"


def library() -> dict[str, dict[str, Any]]:
    """Return the recorded papers by the names that they can be asked for by."""
    named: dict[str, dict[str, Any]] = {}
    for item in filter(None, ITEMS):
        for kind in ("ArXiv", "DOI", "ACL", "CorpusId"):
            if value := item["externalIds"].get(kind):
                named[f"{kind}:{value}".upper()] = item
    return named


def answer(request: httpx2.Request, known: dict[str, dict[str, Any]]) -> httpx2.Response:
    """Answer as the batch endpoint does: in the order that was asked, null for a paper that is not known."""
    assert (request.method, request.url.path) == ("POST", "/graph/v1/paper/batch")
    if request.headers.get("x-api-key") != KEY:
        return httpx2.Response(403, json={"message": "Forbidden"})
    names = json.loads(request.content)["ids"]
    assert 0 < len(names) <= 500
    found = [known.get(name.upper()) for name in names]
    if not any(found):
        return httpx2.Response(400, json={"error": "No valid paper ids given"})
    return httpx2.Response(200, json=found)


def build(folder: Path, *, damaged: bool) -> Case:
    known = library()
    if damaged:
        known["ARXIV:1706.03762"] = {**known["ARXIV:1706.03762"], "title": {"en": "Attention is All you Need"}}
    key = folder / "key"
    key.write_text(KEY + "\n")
    unknown = [f"arxiv:2601.{number:05}" for number in range(1, 600)]
    papers = numbered((*KNOWN[:3], *unknown, KNOWN[3]))
    return Case(
        settings={"key_file": key},
        start=at(2026, 3, 2),
        answer=lambda request: answer(request, known),
        hosts=frozenset((HOST,)),
        held=holding(papers),
    )
