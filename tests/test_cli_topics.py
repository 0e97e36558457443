"""Topics and the map on the command line, for archives of every kind; and a refit that is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

import tidings
from tests.people_help import member
from tidings.catalog import Catalog
from tidings.cli import cli
from tidings.errors import ForbiddenError, NotFoundError
from tidings.people import Role

Row = dict[str, object]

FIELDS = ("striped zebras on the plain", "icy tails of comets", "clay pots from old kilns")
ARCHIVES: dict[str, Callable[[], list[Row]]] = {
    "ten papers": lambda: [row(n, f"Part {n} of {FIELDS[n % 3]}", f"About {FIELDS[n % 3]}.") for n in range(10)],
    "one topic": lambda: [row(n, f"Part {n} of {FIELDS[0]}", f"Again {FIELDS[0]}.") for n in range(40)],
    "identical texts": lambda: [row(n, "Striped zebras", "All the same.") for n in range(40)],
    "no abstracts": lambda: [row(n, f"Part {n} of {FIELDS[n % 3]}", "") for n in range(40)],
    "one paper": lambda: [row(1, "Striped zebras", "On the plain.")],
}
KILLED = """
import os, signal, sys
from tidings.cli import cli
from tidings.store.topics import Topics
Topics.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # all is written, and nothing of it served
cli(["topics", "refit", "--full", "--home", sys.argv[1]])
"""


def row(number: int, title: str, abstract: str) -> Row:
    said = {"id": f"2603.{number + 1:05}", "title": title, "authors": ["Ada Example"], "abstract": abstract}
    return {**said, "categories": ["cs.CL"], "comment": None, "listed_first": "2026-03-02", "listed_last": "2026-03-02"}


def filled(home: Path, rows: list[Row]) -> list[str]:
    """Fill an archive; return what every command takes."""
    path = home / "papers.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in rows))
    with tidings.open(home) as catalog:
        catalog.add([path])
        catalog.catch_up()
    return ["--home", str(home)]


def run(*command: str) -> str:
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def told(catalog: Catalog) -> dict[str, str]:
    """Return the name of the topic of each paper."""
    papers = [hit.paper for hit in catalog.newest(limit=100).hits]
    topics = catalog.topics_of(papers)
    return {paper.key: topics[paper.id].topic.name for paper in papers}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_every_archive_has_topics_with_names_that_can_be_read_and_a_map(tmp_path: Path, kind: str) -> None:
    rows = ARCHIVES[kind]()
    home = filled(tmp_path, rows)
    assert f"of {len(rows)} papers" in run("topics", "refit", *home)
    areas = json.loads(run("topics", "list", "--json", *home))
    names = [topic["name"] for area in areas for topic in area["topics"]]
    assert sum(topic["size"] for area in areas for topic in area["topics"]) == len(rows)
    assert all(any(word in name.casefold() for word in ("zebra", "comet", "kiln", "clay", "pots")) for name in names)
    assert len(set(names)) == len(names)
    for name in names:
        assert name in run("topics", "show", name, *home)
    assert "No topic was born" in run("topics", "emerging", *home)
    assert f"{len(rows)} papers on the map" in run("map", *home)


def test_a_refit_that_is_killed_leaves_the_topics_before(tmp_path: Path) -> None:
    home = filled(tmp_path, ARCHIVES["no abstracts"]())
    run("topics", "refit", *home)
    with tidings.open(tmp_path) as catalog:
        before = told(catalog)
    assert len(before) == 40
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with tidings.open(tmp_path) as catalog:
        assert told(catalog) == before
    run("topics", "refit", "--full", *home)
    with tidings.open(tmp_path) as catalog:
        assert told(catalog).keys() == before.keys()


def test_a_curator_renames_merges_splits_and_pins_on_the_command_line(tmp_path: Path) -> None:
    home = filled(tmp_path, ARCHIVES["one topic"]())
    with tidings.open(tmp_path) as catalog:
        member(catalog, "Cora", Role.CURATOR)
        member(catalog, "Ada")
    run("topics", "refit", *home)
    by = ["--by", "cora@lab.example", *home]
    [number] = [
        str(topic["id"]) for area in json.loads(run("topics", "list", "--json", *home)) for topic in area["topics"]
    ]
    run("topics", "rename", number, "Horses with stripes", *by)
    run("topics", "pin", number, *by)
    run("topics", "split", number, *by)
    areas = json.loads(run("topics", "list", "--json", *home))
    names = [topic["name"] for area in areas for topic in area["topics"]]
    assert len(names) == 2
    assert "Horses with stripes" in names
    other = next(str(topic["id"]) for area in areas for topic in area["topics"] if str(topic["id"]) != number)
    run("topics", "merge", other, number, *by)
    assert "40" in run("topics", "list", *home)
    rename = ["topics", "rename", number, "x", *home, "--by"]
    for address, error in (("ada@lab.example", ForbiddenError), ("nobody@lab.example", NotFoundError)):
        assert isinstance(CliRunner().invoke(cli, [*rename, address]).exception, error)
