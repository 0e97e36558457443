"""A folder with files of two formats, one of them below another folder."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from tests.source_help import DATA, Case, at

START = at(2026, 3, 5, 18)


def put(path: Path, data: bytes, written: datetime = START) -> Path:
    """Write a file as if long before; ``written`` is the time that a look has, less a minute."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    seconds = written.timestamp() - 60
    os.utime(path, (seconds, seconds))
    return path


_RIS = (
    b"TY  - JOUR\nTI  - A Theory of Made-up Communication\nAU  - Example, Ada\nPY  - 1948\nDO  - 10.1234/abc\nER  - \n"
)


def build(folder: Path, *, damaged: bool) -> Case:
    """Return the world of two files; in the damaged one a line is cut."""
    lines = (DATA / "files" / "arxiv_listing.jsonl").read_text("utf-8").splitlines()
    whole = [line for line in lines if _is_whole(line)]
    if damaged:
        whole[0] = whole[0][:-20]
    put(folder / "listing.jsonl", "\n".join(whole).encode())
    put(folder / "below" / "library.ris", _RIS)
    return Case(settings={"paths": [str(folder)]}, start=START, foreign=True)


def _is_whole(line: str) -> bool:
    try:
        return bool(json.loads(line)["title"])
    except (ValueError, KeyError, TypeError):
        return False
