"""The server as a person starts it: its address, its processes, and its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"TIDINGS_HOME": str(home), "TIDINGS_WORKERS": "2"}
    command = [sys.executable, "-m", "tidings", "serve", *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = start(tmp_path_factory.mktemp("home"), "--sample", "--port", "0")
    assert process.stderr is not None
    found = re.search(r"http://localhost:(\d+)", process.stderr.readline())
    assert found
    yield process, int(found[1])
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


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see the processes")
def test_its_end_is_the_end_of_all_its_processes(server: tuple[subprocess.Popen[str], int]) -> None:
    process, _ = server
    until = time.monotonic() + 60
    while not (beside := _descendants(process.pid)) and time.monotonic() < until:
        time.sleep(0.1)
    assert beside
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    while any(Path(f"/proc/{pid}").exists() for pid in beside) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in beside)


def _descendants(process: int) -> list[int]:
    """Return the processes that any thread of the process started."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]
