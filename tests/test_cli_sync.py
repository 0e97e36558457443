"""The commands of the sources as a script sees them: output and exit statuses, over a folder and scripted sources."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.robust_help import Done, listing, run
from tests.scripted import Scripted
from tidings.errors import FetchError, InputError
from tidings.sources import Batch, Means
from tidings.store import open_store
from tidings.types import Record, Refusal, Version

BUSY, FAILED, INTERRUPTED, USAGE, UNKNOWN = 7, 4, 130, 2, 3


def record(number: int) -> Record:
    return Record("arxiv", f"2603.{number:05}", f"Zebra stripe {number}", ids=(f"arxiv:2603.{number:05}",))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Scripted]:
    """The sources that there are, by name; one that is not put here lacks a setting."""
    sources: dict[str, Scripted] = {}

    def make(name: str, means: Means) -> Scripted:
        if name not in sources:
            raise InputError(f"{name} needs a setting")
        return sources[name]

    monkeypatch.setattr("tidings.sources.make", make)
    monkeypatch.setenv("TIDINGS_SOURCES", "arxiv,huggingface")
    return sources


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only source: a folder with a file that was written an hour ago."""
    folder = tmp_path / "watched"
    folder.mkdir()
    (folder / "papers.jsonl").write_bytes(listing(3))
    os.utime(folder / "papers.jsonl", (time.time() - 3600, time.time() - 3600))
    monkeypatch.setenv("TIDINGS_SOURCES", "folder")
    monkeypatch.setenv("TIDINGS_FOLDER_PATHS", str(folder))
    return folder


def reports(done: Done) -> dict[str, dict[str, object]]:
    return {report["name"]: report for report in json.loads(done.out)}


def test_a_sync_says_what_it_did_and_its_papers_can_be_found(home: Path, watched: Path) -> None:
    done = run(home, "sync")
    assert (done.status, done.errors) == (0, "")
    head, _, row = done.out.splitlines()[:3]
    assert head.split() == ["source", "read", "new", "updated", "merged", "unchanged", "quarantined", "seconds"]
    assert row.split()[:3] == ["folder", "3", "3"]
    assert json.loads(run(home, "search", "--json", "stripe").out)["total"] == 3


def test_when_nothing_is_due_it_says_what_will_be(home: Path, watched: Path) -> None:
    run(home, "sync")
    done = run(home, "sync")
    assert done.status == 0
    assert done.out.startswith("Nothing is due; next: folder ")
    assert " UTC (" in done.out
    assert json.loads(run(home, "sync", "--json").out) == []


def test_without_a_source_it_says_how_to_switch_one_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_SOURCES", "")
    assert "TIDINGS_SOURCES" in run(home, "sync").out


def test_a_source_that_is_named_runs_now(home: Path, made: dict[str, Scripted]) -> None:
    made["arxiv"], made["acl"] = Scripted([[record(1)]]), Scripted([[record(2)]], name="acl")
    done = run(home, "sync", "arxiv", "acl", "--json")
    assert {name: report["new"] for name, report in reports(done).items()} == {"arxiv": 1, "acl": 1}


def test_a_source_that_failed_is_said_on_stderr_the_others_run_and_the_status_is_4(
    home: Path, made: dict[str, Scripted]
) -> None:
    made["arxiv"] = Scripted([FetchError("arXiv answered 503\x1b[2J")])
    made["huggingface"] = Scripted([[record(1)]], name="huggingface")
    done = run(home, "sync")
    assert done.status == FAILED
    assert done.errors == "tidings: arxiv: arXiv answered 503\\x1b[2J\n"
    assert "huggingface" in done.out
    assert "page 1" in done.out


def test_when_all_are_busy_the_status_is_7_and_when_some_are_0(home: Path, made: dict[str, Scripted]) -> None:
    made["arxiv"], made["huggingface"] = Scripted([]), Scripted([], name="huggingface")
    now = datetime.now(UTC)
    store = open_store(home)
    store.jobs.ensure(["arxiv"], now)
    store.jobs.claim("arxiv", now)
    store.close()
    done = run(home, "sync", "arxiv")
    assert done.status == BUSY
    assert "another process is syncing it now" in done.out
    done = run(home, "sync", "--json")
    assert done.status == 0
    assert (reports(done)["arxiv"]["busy"], reports(done)["huggingface"]["busy"]) == (True, False)


def test_control_c_keeps_what_was_stored_and_the_next_sync_goes_on(home: Path, made: dict[str, Scripted]) -> None:
    class Interrupted(Scripted):
        def fetch(self, cursor: str | None) -> Iterator[Batch]:
            for number, batch in enumerate(super().fetch(cursor)):
                if number:
                    raise KeyboardInterrupt
                yield batch

    made["arxiv"] = Interrupted([[record(1)], [record(2)]])
    done = run(home, "sync", "arxiv")
    assert done.status == INTERRUPTED
    assert "what was stored before is kept" in done.errors
    made["arxiv"], made["huggingface"] = Scripted([[record(1)], [record(2)]]), Scripted([], name="huggingface")
    assert reports(run(home, "sync", "--json"))["arxiv"]["new"] == 1


def test_going_back_to_a_day_reads_again_from_there(home: Path, made: dict[str, Scripted]) -> None:
    made["arxiv"] = Scripted([[record(1)], [record(2)], [record(3)]])
    run(home, "sync", "arxiv")
    done = run(home, "sync", "arxiv", "--since", "2026-03-02", "--json")
    assert reports(done)["arxiv"]["unchanged"] == 2


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["sync", "arxive"], UNKNOWN, "arxive"),
        (["sync", "--since", "2025-01-01"], USAGE, "which source"),
        (["sync", "arxiv", "--since", "yesterday"], USAGE, "--since"),
        (["sync", "arxiv", "--since", "2999-01-01"], USAGE, "still to come"),
        (["sync", "--categories", "cs.LG"], USAGE, "arXiv"),
        (["sync", "acl", "--categories", "cs.LG"], USAGE, "arXiv"),
        (["sync", "arxiv", "--record", "a", "--replay", "b"], USAGE, "not both"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(home: Path, arguments: list[str], status: int, said: str) -> None:
    done = run(home, *arguments)
    assert done.status == status
    assert said in done.errors


def test_categories_are_names_with_commas(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def make(name: str, means: Means) -> Scripted:
        asked.append(means.settings.arxiv.categories)
        return Scripted([])

    monkeypatch.setattr("tidings.sources.make", make)
    assert run(home, "sync", "arxiv", "--categories", "cs.LG, stat.ML").status == 0
    assert asked == [["cs.LG", "stat.ML"]]


def test_sources_are_shown_with_what_they_hold_and_what_they_say(home: Path, made: dict[str, Scripted]) -> None:
    made["arxiv"] = Scripted([[record(1), Refusal("arxiv", "page 1", "no title")]])
    made["huggingface"] = Scripted([FetchError("no address of huggingface.co is known")], name="huggingface")
    run(home, "sync")
    done = run(home, "sources")
    assert done.status == 0
    for said in ("2026-03-01", "2 read", "1 new", "in 59 min", "never", "in 4 min", "arxiv: page 1"):
        assert said in done.out
    assert "huggingface: no address of huggingface.co is known" in done.out
    assert "arxiv: 1 in quarantine" in done.out
    assert "zotero is off; zotero needs a setting" in done.out


def test_sources_are_told_to_programs(home: Path, made: dict[str, Scripted]) -> None:
    made["arxiv"] = Scripted([[record(1)]])
    run(home, "sync", "arxiv")
    told = {source["name"]: source for source in json.loads(run(home, "sources", "--json").out)}
    assert (told["arxiv"]["newest"], told["arxiv"]["read"], told["arxiv"]["enabled"]) == ("2026-03-01", 1, True)
    assert datetime.fromisoformat(told["arxiv"]["next_run"]) - datetime.now(UTC) > timedelta(minutes=50)
    assert not told["acl"]["enabled"]


def test_the_doctor_exits_with_1_when_a_source_failed(home: Path, made: dict[str, Scripted]) -> None:
    made["arxiv"], made["huggingface"] = Scripted([]), Scripted([], name="huggingface")
    assert run(home, "sync").status == 0
    assert run(home, "doctor").status == 0
    made["arxiv"] = Scripted([FetchError("arXiv answered 503")])
    run(home, "sync", "arxiv")
    done = run(home, "doctor")
    assert done.status == 1
    assert "bad  arxiv: arXiv answered 503; next try" in done.out


def test_show_says_what_a_source_changed(home: Path, made: dict[str, Scripted]) -> None:
    for number, title in enumerate(("On zebras", "On their stripes"), 1):
        versions = tuple(Version(n, date(2026, 3, n)) for n in range(1, number + 1))
        changed = Record("arxiv", "2603.00001", title, ids=("arxiv:2603.00001",), versions=versions)
        made["arxiv"] = Scripted([[changed]] * number)
        run(home, "sync", "arxiv")
    done = run(home, "show", "2603.00001")
    assert "v2 · arxiv" in done.out
    assert "title: On zebras → On their stripes" in done.out
    told = json.loads(run(home, "show", "2603.00001", "--json").out)["revisions"]
    assert told[0]["changes"] == [{"field": "title", "before": "On zebras", "after": "On their stripes"}]
