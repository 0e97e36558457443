"""Daily Papers of three days, as recorded in tests/data/huggingface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2

from tests.source_help import DATA, Case, at

DAYS = ("2026-03-03", "2026-03-04", "2026-03-05")


def day(name: str) -> list[dict[str, Any]]:
    """Return the recorded list of a day."""
    items: list[dict[str, Any]] = json.loads((DATA / "huggingface" / f"{name}.json").read_text("utf-8"))
    return items


class DailyPapers:
    """The API: lists by day, pages of what is asked for but at most ``most``, an ETag for each answer."""

    def __init__(self, days: dict[str, list[dict[str, Any]]], most: int = 100) -> None:
        self.days, self.most = days, most

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        asked = request.url.params
        if request.url.path != "/api/daily_papers":
            return httpx2.Response(404, json={"error": "Not Found"})
        if asked.get("sort") == "trending":
            listed = [item for items in self.days.values() for item in items[:1]]
        elif asked["date"] > max(self.days, default=asked["date"]):
            return httpx2.Response(400, json={"error": "Invalid date"})
        else:
            listed = self.days.get(asked["date"], [])
        size = min(int(asked["limit"]), self.most)
        start = int(asked.get("p", 0)) * size
        return self._tagged(request, json.dumps(listed[start : start + size]).encode())

    def _tagged(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        etag = f'W/"{hash(body):x}"'
        if request.headers.get("if-none-match") == etag:
            return httpx2.Response(304, headers={"ETag": etag})
        return httpx2.Response(200, content=body, headers={"ETag": etag, "Content-Type": "application/json"})


def build(_folder: Path, *, damaged: bool) -> Case:
    """Return the world of three days; in the damaged one a paper has no title."""
    days = {name: day(name) for name in DAYS}
    if damaged:
        spoilt = days[DAYS[1]][1]
        del spoilt["title"], spoilt["paper"]["title"]
    return Case(
        settings={"history": 3, "follow": 3},
        start=at(2026, 3, 5, 18),
        answer=DailyPapers(days).answer,
        hosts=frozenset({"huggingface.co"}),
        quiet=5,
    )
