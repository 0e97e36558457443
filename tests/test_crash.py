"""Killed anywhere, it starts again: nothing lost, nothing double, the index equal to a fresh rebuild."""

from __future__ import annotations

import lzma
import os
import random
import signal
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path

import pytest

import tidings
from tidings.catalog import Catalog
from tidings.sources import sample_path

_RECORDS = 8_000
_QUESTIONS = ("low-rank adaptation", "diffusion models for video", "gaussian process inference", "category:cs.CV robot")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A file that takes a few seconds to add: real listings where they are, else the sample."""
    try:
        listing = request.getfixturevalue("shared_data") / "papers" / "arxiv_cs.jsonl.xz"
    except pytest.skip.Exception:
        return sample_path()
    file: Path = tmp_path_factory.mktemp("papers") / "papers.jsonl"
    with lzma.open(listing) as packed:
        file.write_bytes(b"".join(islice(packed, _RECORDS)))
    return file


def start(home: Path, file: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tidings", "add", "--quiet", "--home", str(home), str(file)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def add(home: Path, file: Path) -> None:
    process = start(home, file)
    errors = process.communicate(timeout=300)[1].decode()
    assert process.returncode == 0, errors
    assert "locked" not in errors


def kill_at_random(home: Path, file: Path, times: int) -> None:
    chance = random.Random(times)
    for _ in range(times):
        process = start(home, file)
        time.sleep(chance.uniform(0.2, 4.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def everything(catalog: Catalog) -> list[object]:
    """What the archive answers, but for the numbers it gives papers."""
    hits = [[hit.paper.key for hit in catalog.search(question, limit=50).hits] for question in _QUESTIONS]
    return [sorted(hit.paper.key for hit in catalog.newest(limit=100_000).hits), hits]


def assert_whole(home: Path, file: Path, fresh: Path) -> None:
    """The archive equals one that was never disturbed, and its index one that is made from nothing."""
    add(fresh, file)
    with tidings.open(home) as catalog, tidings.open(fresh) as undisturbed:
        assert all(check.ok for check in catalog.doctor(thorough=True))
        assert catalog.stats().papers == undisturbed.stats().papers
        assert catalog.stats().records == undisturbed.stats().records
        before = everything(catalog)
        assert before == everything(undisturbed)
        catalog.rebuild()
        assert everything(catalog) == before


def test_an_add_that_is_killed_three_times_ends_whole(tmp_path: Path, papers: Path) -> None:
    kill_at_random(tmp_path / "home", papers, 3)
    add(tmp_path / "home", papers)
    assert_whole(tmp_path / "home", papers, tmp_path / "fresh")


@pytest.mark.slow
def test_an_add_that_is_killed_twenty_times_ends_whole(tmp_path: Path, papers: Path) -> None:
    kill_at_random(tmp_path / "home", papers, 20)
    add(tmp_path / "home", papers)
    assert_whole(tmp_path / "home", papers, tmp_path / "fresh")


def test_two_processes_add_at_once_while_a_third_reads(tmp_path: Path, papers: Path) -> None:
    home = tmp_path / "home"
    add(home, sample_path())
    done = threading.Event()
    counts: list[int] = []

    def read() -> None:
        with tidings.open(home) as catalog:
            while not done.is_set():
                counts.append(catalog.search("inference").total)

    reader = threading.Thread(target=read)
    reader.start()
    processes = [start(home, papers), start(home, papers)]
    errors = [process.communicate(timeout=300)[1].decode() for process in processes]
    done.set()
    reader.join(timeout=60)
    assert [process.returncode for process in processes] == [0, 0], errors
    assert counts
    assert min(counts) > 0
    with tidings.open(home) as catalog:
        assert all(check.ok for check in catalog.doctor(thorough=True))
        keys = [hit.paper.key for hit in catalog.newest(limit=100_000).hits]
        assert len(keys) == len(set(keys)) == catalog.stats().papers
