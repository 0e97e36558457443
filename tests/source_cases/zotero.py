"""Zotero: libraries with versions, as its documentation describes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.source_help import DATA, Case, at

KEY: dict[str, Any] = json.loads((DATA / "zotero" / "key.json").read_text())
OWN, GROUP = "users/475425", "groups/99"
HOST = "api.zotero.org"


def recorded(name: str) -> Any:
    """Return what a fixture holds."""
    return json.loads((DATA / "zotero" / f"{name}.json").read_text())


@dataclass
class Library:
    """A library; its version is that of its last change. ``most`` is what a page holds, however much is asked for."""

    items: list[dict[str, Any]]
    deleted: dict[str, int] = field(default_factory=dict)
    most: int = 100

    @property
    def version(self) -> int:
        return max((*(item["version"] for item in self.items), *self.deleted.values()), default=0)

    def change(self, key: str, **data: Any) -> None:
        """Change an item: it and the library get the next version."""
        item = next(item for item in self.items if item["key"] == key)
        item["data"] = {**item["data"], **data}
        item["version"] = self.version + 1

    def page(self, request: httpx2.Request) -> httpx2.Response:
        asked = request.url.params
        known = request.headers.get("if-modified-since-version")
        headers = {"Last-Modified-Version": str(self.version)}
        if known is not None and int(known) >= self.version:
            return httpx2.Response(304, headers=headers)
        shown = [item for item in self.items if item["version"] > int(asked["since"])]
        if asked.get("includeTrashed") != "1":
            shown = [item for item in shown if not item["data"].get("deleted")]
        start, most = int(asked["start"]), min(int(asked["limit"]), self.most)
        headers["Total-Results"] = str(len(shown))
        return httpx2.Response(200, json=shown[start : start + most], headers=headers)

    def gone(self, request: httpx2.Request) -> httpx2.Response:
        since = int(request.url.params["since"])
        keys = [key for key, version in self.deleted.items() if version > since]
        headers = {"Last-Modified-Version": str(self.version)}
        return httpx2.Response(200, json={**recorded("deleted"), "items": keys}, headers=headers)


@dataclass
class World:
    """The API in front of the libraries that the key may read."""

    libraries: dict[str, Library]
    key: dict[str, Any] = field(default_factory=lambda: dict(KEY))

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        assert request.headers["zotero-api-version"] == "3"
        if request.headers.get("zotero-api-key") != KEY["key"]:
            return httpx2.Response(403, text="Invalid key")
        path = request.url.path.lstrip("/")
        if path == "keys/current":
            return httpx2.Response(200, json=self.key)
        if path == f"{OWN}/groups":
            assert request.url.params["format"] == "versions"
            groups = (name.removeprefix("groups/") for name in self.libraries if name.startswith("groups/"))
            return httpx2.Response(200, json=dict.fromkeys(groups, 1))
        name, _, rest = path.partition("/items/top") if path.endswith("/top") else path.partition("/deleted")
        if rest or name not in self.libraries:
            return httpx2.Response(404, text="Not found")
        library = self.libraries[name]
        return library.page(request) if path.endswith("/items/top") else library.gone(request)


def world() -> World:
    """Return the libraries of the fixtures."""
    return World({OWN: Library(recorded("items"), {"GONE2345": 18}), GROUP: Library(recorded("group_items"))})


def build(folder: Path, *, damaged: bool) -> Case:
    played = world()
    for library in played.libraries.values():
        library.most = 2
    if damaged:
        played.libraries[OWN].items[1]["data"]["title"] = ""
    key = folder / "key"
    key.write_text(f"{KEY['key']}\n")
    return Case(
        settings={"key_file": key},
        start=at(2026, 3, 2),
        answer=played.answer,
        hosts=frozenset((HOST,)),
        quiet=3,  # whose key it is, and whether each of the libraries changed
    )
