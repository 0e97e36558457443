"""A few days of both servers, written from the documentation of the API: see tests/data/biorxiv."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx2

from tests.source_help import DATA, Case, at

Rows = dict[str, list[dict[str, Any]]]


def rows() -> Rows:
    """Return the rows of the fixture by server."""
    found: Rows = json.loads((DATA / "biorxiv" / "rows.json").read_text("utf-8"))
    return found


class Api:
    """Rows by server and days, ``most`` on a page; the total is a text, as observed."""

    def __init__(self, rows: Rows, most: int = 2) -> None:
        self.rows, self.most = rows, most

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        _, details, server, first, last, start, kind = request.url.path.split("/")
        assert (details, kind) == ("details", "json")
        listed = [row for row in self.rows[server] if _day(first) <= _day(row["date"]) <= _day(last)]
        page = listed[int(start) : int(start) + self.most]
        if not page:
            return httpx2.Response(200, json={"messages": [{"status": "no posts found"}], "collection": []})
        said = {"status": "ok", "interval": f"{first}:{last}", "cursor": start, "count": len(page)}
        return httpx2.Response(200, json={"messages": [{**said, "total": str(len(listed))}], "collection": page})


def _day(text: str) -> date:
    return date(*map(int, text.split("-")))


def build(_folder: Path, *, damaged: bool) -> Case:
    """Return the world of both servers; in the damaged one a row names no DOI."""
    given = rows()
    if damaged:
        given["biorxiv"][1]["doi"] = "NA"
    return Case(
        settings={"history": 5},
        start=at(2026, 3, 5, 18),
        answer=Api(given).answer,
        hosts=frozenset({"api.biorxiv.org"}),
        quiet=6,
    )
