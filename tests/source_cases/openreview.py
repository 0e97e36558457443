"""A venue of a few notes, written from the documentation of the API: see tests/data/openreview."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2

from tests.source_help import DATA, Case, at

VENUE = "ICLR.cc/2026/Conference"


def notes() -> list[dict[str, Any]]:
    """Return the notes of the fixture."""
    found: list[dict[str, Any]] = json.loads((DATA / "openreview" / "notes.json").read_text("utf-8"))["notes"]
    return found


class Api:
    """Notes by venue, in the order of ids or by their last change; ``most`` on a page. With a login where one is due."""

    def __init__(self, notes: list[dict[str, Any]], most: int = 3, password: str | None = None) -> None:
        self.notes, self.most, self.password = notes, most, password
        self.tokens = 0

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/login":
            return self._log_in(json.loads(request.content))
        if request.url.path != "/notes":
            return httpx2.Response(404, json={"name": "NotFoundError"})
        if self.password is not None and request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            status, file = (401, "token.json") if "authorization" in request.headers else (403, "challenge.json")
            return httpx2.Response(status, text=(DATA / "openreview" / file).read_text(), headers=_JSON)
        return httpx2.Response(200, json={"notes": self._page(request.url.params)})

    def _log_in(self, login: dict[str, Any]) -> httpx2.Response:
        if login.get("password") != self.password:
            return httpx2.Response(400, json={"name": "Error", "message": "Invalid username or password"})
        self.tokens += 1
        return httpx2.Response(200, json={"token": f"token-{self.tokens}", "user": {"id": login["id"]}})

    def _page(self, asked: httpx2.QueryParams) -> list[dict[str, Any]]:
        listed = [note for note in self.notes if _venue(note) == asked["content.venueid"]]
        size = min(int(asked["limit"]), self.most)
        if asked["sort"] == "id":
            after = sorted(
                (note for note in listed if note["id"] > asked.get("after", "")), key=lambda note: note["id"]
            )
            return after[:size]
        start = int(asked.get("offset", 0))
        return sorted(listed, key=lambda note: note.get("tmdate", 0), reverse=True)[start : start + size]


_JSON = {"Content-Type": "application/json"}


def _venue(note: dict[str, Any]) -> str:
    venue = note["content"]["venueid"]
    return str(venue["value"] if isinstance(venue, dict) else venue)


def build(_folder: Path, *, damaged: bool) -> Case:
    """Return the world of one venue; in the damaged one a submission has no title."""
    given = notes()
    if damaged:
        del given[1]["content"]["title"]
    return Case(
        settings={"venues": [VENUE]},
        start=at(2026, 3, 5, 18),
        answer=Api(given).answer,
        hosts=frozenset({"api2.openreview.net"}),
        quiet=3,
        since=at(2026, 1, 1).date(),
    )
