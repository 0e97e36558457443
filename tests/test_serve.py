"""The server as a person starts it: its address, its processes, and its end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

import tidings
from tests.robust_help import listing

Found = TypeVar("Found")

needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see the processes")


def start(home: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """Start a server that asks nobody; ``settings`` as ``sync="true"``."""
    ours = {"home": str(home), "workers": "2", "sync": "false", **settings}
    environment = os.environ | {f"TIDINGS_{name.upper()}": value for name, value in ours.items()}
    command = [sys.executable, "-m", "tidings", "serve", *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = start(tmp_path_factory.mktemp("home"), "--sample", "--port", "0")
    yield process, port_of(process)
    end(process)


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stderr is not None
    address = re.search(r"http://localhost:(\d+)", process.stderr.readline())
    assert address
    return int(address[1])


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


def get(port: int, path: str) -> str:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return str(answer.read().decode())


def test_it_answers_at_the_address_it_names(server: tuple[subprocess.Popen[str], int]) -> None:
    assert "Tidings" in get(server[1], "/")
    assert all('"hits":[{' in get(server[1], f"/api/search?q=gaussian+process&limit={n}") for n in range(1, 9))


def test_a_second_one_at_the_same_address_is_refused(server: tuple[subprocess.Popen[str], int], tmp_path: Path) -> None:
    second = start(tmp_path, "--port", str(server[1]))
    errors = second.communicate(timeout=60)[1]
    assert second.returncode == 2
    assert "choose another with --port" in errors


@needs_proc
def test_its_end_is_the_end_of_all_its_processes(server: tuple[subprocess.Popen[str], int]) -> None:
    process, _ = server
    beside = eventually(lambda: descendants(process.pid))
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    eventually(lambda: not any(is_there(pid) for pid in beside))


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A folder with a file that has lain there for a while."""
    folder = tmp_path / "watched"
    folder.mkdir()
    lay(folder / "first.jsonl", listing(3))
    return folder


@pytest.fixture
def syncing(tmp_path: Path, watched: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    settings = {"sync": "true", "sources": "folder", "folder_paths": str(watched)}
    process = start(tmp_path / "home", "--port", "0", **settings)
    yield process, port_of(process)
    end(process)


def test_what_a_source_has_arrives_by_itself(syncing: tuple[subprocess.Popen[str], int]) -> None:
    port = syncing[1]
    eventually(lambda: found(port) == 3)
    folder = next(source for source in json.loads(get(port, "/api/sources")) if source["name"] == "folder")
    assert (folder["read"], folder["error"]) == (3, None)
    assert "All is well" in get(port, "/status")


@needs_proc
def test_the_process_that_syncs_is_started_again_when_it_dies_and_ends_with_the_server(
    syncing: tuple[subprocess.Popen[str], int], tmp_path: Path
) -> None:
    process, port = syncing
    eventually(lambda: found(port) == 3)
    beside = set(descendants(process.pid))
    for pid in beside:
        os.kill(pid, signal.SIGKILL)
    again = eventually(lambda: set(descendants(process.pid)) - beside)
    process.kill()  # nobody is left to end them
    eventually(lambda: not any(is_there(pid) for pid in again))
    with tidings.open(tmp_path / "home") as catalog:
        assert catalog.search("stripe pattern").total == 3


@needs_proc
def test_control_c_ends_all_of_it_without_a_word(syncing: tuple[subprocess.Popen[str], int]) -> None:
    process, port = syncing
    eventually(lambda: found(port) == 3)
    beside = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0
    eventually(lambda: not any(is_there(pid) for pid in beside))


def found(port: int) -> int:
    """Return how many papers can be found; none while the index is being made."""
    try:
        return int(json.loads(get(port, "/api/search?q=stripe+pattern"))["total"])
    except HTTPError:
        return 0


def eventually(look: Callable[[], Found]) -> Found:
    """Return what is looked for, once it is there."""
    until = time.monotonic() + 60
    while not (something := look()) and time.monotonic() < until:
        time.sleep(0.1)
    assert something
    return something


def lay(file: Path, content: bytes) -> None:
    """Write a file that nobody has touched for an hour: one that was just written might not be whole."""
    file.write_bytes(content)
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def descendants(process: int) -> list[int]:
    """Return the processes that any thread of the process started."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]
