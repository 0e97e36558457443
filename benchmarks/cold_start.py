"""How long does a person wait for a command that was never run before?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import tidings
from benchmarks.tables import DATA, percentile, publish, table

_RUNS = 15
_COMMANDS = (
    ("python -c pass", [sys.executable, "-c", "pass"]),
    ("tidings --version", ["--version"]),
    ("tidings search low-rank adaptation", ["search", "low-rank", "adaptation"]),
    ("tidings search --json low-rank adaptation", ["search", "--json", "low-rank", "adaptation"]),
    ("tidings similar arxiv:2503.11685", ["similar", "arxiv:2503.11685"]),
    ("tidings stats", ["stats"]),
)


def main() -> None:
    """Time whole processes over the arXiv listing."""
    with tempfile.TemporaryDirectory() as home:
        with tidings.open(home) as catalog:
            papers = catalog.add([DATA / "papers" / "arxiv_cs.jsonl.xz"]).new
        rows = [_row(name, arguments, home) for name, arguments in _COMMANDS]
    note = f"Whole processes, {_RUNS} runs each, over {papers:,} papers."
    publish("cold_start", "How long does a command take from nothing?", note, table(("command", "p50", "worst"), rows))


def _row(name: str, arguments: list[str], home: str) -> tuple[str, str, str]:
    command = arguments if arguments[0] == sys.executable else [sys.executable, "-m", "tidings", *arguments]
    if command is not arguments and "--version" not in arguments:
        command += ["--home", home]
    # as where a person installed it: Python keeps what it compiled
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, capture_output=True, check=True, env=environment)
    seconds = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True, env=environment)
        seconds.append(time.perf_counter() - started)
    return name, f"{percentile(seconds, 0.5):.2f} s", f"{max(seconds):.2f} s"


if __name__ == "__main__":
    main()
