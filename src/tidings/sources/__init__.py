"""Where papers come from: files today. ``read`` is the way in."""

from __future__ import annotations

from pathlib import Path

from tidings.sources.files import FileReader, read, retry
from tidings.sources.formats.own import dump

__all__ = ["FileReader", "dump", "read", "retry", "sample_path"]


def sample_path() -> Path:
    """Return the sample archive that ships with Tidings."""
    return Path(__file__).parent.parent / "data" / "sample.jsonl"
