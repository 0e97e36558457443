"""Running the command line inside the test's process: what it prints, and its exit status."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from tidings.cli import main


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    errors: str


class _Standard(io.TextIOWrapper):
    """A stream of text over bytes in memory."""

    def __init__(self, data: bytes = b"") -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8", write_through=True)

    def text(self) -> str:
        memory = self.buffer
        assert isinstance(memory, io.BytesIO)
        return memory.getvalue().decode()


def run(home: Path, *arguments: str | Path, stdin: bytes = b"") -> Done:
    """Run a command in this process. No command may end with anything but an exit status, and none with a traceback."""
    out, errors, status = _Standard(), _Standard(), 0
    command = ["tidings", *map(str, arguments), "--home", str(home)]
    with (
        patch.object(sys, "argv", command),
        patch.object(sys, "stdin", _Standard(stdin)),
        patch.dict("os.environ", COLUMNS="200"),
        redirect_stdout(out),
        redirect_stderr(errors),
    ):
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
    assert "Traceback" not in errors.text()
    return Done(status, out.text(), errors.text())


def added(done: Done) -> dict[str, int]:
    """Return the counts that ``add`` printed."""
    head, _, numbers, *_ = done.out.splitlines()
    return dict(zip(head.split()[:6], (int(n.replace(",", "")) for n in numbers.split()[:6]), strict=True))


def listed(number: int, **fields: object) -> bytes:
    """Return a line of a listing."""
    values = {"id": f"2503.{number:05}", "title": f"Paper {number} on zebras", "authors": ["Ada Byron"]}
    return json.dumps({**values, "categories": ["cs.CL"], **fields}).encode() + b"\n"


def listing(count: int, start: int = 1) -> bytes:
    """Return that many lines of a listing, none like another."""
    return b"".join(
        listed(n, title=f"Study {n} of stripe pattern {n * 7919}", abstract=f"Stripe {n * 104729}. " * 40)
        for n in range(start, start + count)
    )


__all__ = ["Done", "added", "listed", "listing", "run"]
