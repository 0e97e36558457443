"""The status page: how the sources do, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.people_help import statements
from tests.scripted import START, Clock, Scripted
from tidings.catalog import Catalog
from tidings.errors import FetchError, InputError
from tidings.settings import Settings
from tidings.sources import Means
from tidings.store import Store, open_store
from tidings.types import Record, Refusal
from tidings.web.app import create_app

RECORD = Record("arxiv", "2603.00001", "On zebras", ids=("arxiv:2603.00001",))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Scripted]:
    """The sources that there are, by name; one that is not put here lacks a setting."""
    sources: dict[str, Scripted] = {}

    def make(name: str, means: Means) -> Scripted:
        if name not in sources:
            raise InputError(f"{name} needs a setting")
        return sources[name]

    monkeypatch.setattr("tidings.sources.make", make)
    return sources


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


def served(store: Store, home: Path, clock: Clock, *sources: str) -> tuple[Catalog, TestClient]:
    catalog = Catalog(store, Settings(home=home, sources=list(sources)), clock=clock, sleep=clock.sleep)
    catalog.catch_up()
    return catalog, TestClient(create_app(catalog, catalog.settings))


def test_a_source_that_does_well_says_when_it_ran_and_what_it_has_to_say(
    opened: Store, tmp_path: Path, made: dict[str, Scripted]
) -> None:
    clock = Clock()
    catalog, client = served(opened, tmp_path, clock, "arxiv")
    made["arxiv"] = Scripted([[RECORD, Refusal("arxiv", "page 1", "no title")]])
    catalog.sync(["arxiv"])
    clock.at += timedelta(minutes=20)
    html = client.get("/status").text
    assert "All is well" in html
    for said in (
        "20 min ago",
        "2 Mar 06:00",
        "1 Mar 2026",
        "in 40 min",
        "2 read",
        "1 new",
        "page 1",
        "1 in quarantine",
    ):
        assert said in html
    assert "Switched off: huggingface" in html
    assert "zotero needs a setting" in html


def test_a_source_that_failed_says_why_and_when_it_tries_again(
    opened: Store, tmp_path: Path, made: dict[str, Scripted]
) -> None:
    catalog, client = served(opened, tmp_path, Clock(), "arxiv", "zotero")
    made["arxiv"] = Scripted([FetchError("no address of <arxiv.org> is known")])
    catalog.sync(["arxiv"])
    html = client.get("/status").text
    assert "Something needs attention" in html
    assert "no address of &lt;arxiv.org&gt; is known; next try Mon 2 Mar 06:05 UTC (in 5 min)" in html
    assert "never" in html
    assert html.count("zotero needs a setting") == 1


def test_a_source_that_is_running_says_so(opened: Store, tmp_path: Path, made: dict[str, Scripted]) -> None:
    _, client = served(opened, tmp_path, Clock(), "arxiv")
    made["arxiv"] = Scripted([])
    opened.jobs.ensure(["arxiv"], START)
    opened.jobs.claim("arxiv", START)
    assert "running now" in client.get("/status").text


def test_a_status_without_sources_says_how_to_switch_one_on(
    opened: Store, tmp_path: Path, made: dict[str, Scripted]
) -> None:
    _, client = served(opened, tmp_path, Clock())
    html = client.get("/status").text
    assert "No source is switched on" in html
    assert "TIDINGS_SOURCES" in html


def test_what_is_held_is_counted_once_for_a_page(opened: Store, tmp_path: Path, made: dict[str, Scripted]) -> None:
    catalog, client = served(opened, tmp_path, Clock(), "arxiv")
    made["arxiv"] = Scripted([])
    with statements(opened) as asked:
        assert client.get("/status").status_code == 200
    assert len([statement for statement in asked if "count(*)" in statement.lower() and "FROM paper" in statement]) == 1
    stats, checks, sources = catalog.state()
    assert (stats, checks, sources) == (catalog.stats(), catalog.doctor(), catalog.sources())
