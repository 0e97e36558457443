"""Where papers come from: files (``read``) and the sources that are synced (``make``)."""

from __future__ import annotations

from pathlib import Path

from tidings.sources.files import FileReader, read, retry
from tidings.sources.formats.own import dump
from tidings.sources.registry import NAMES, Means, make
from tidings.sources.source import Batch, Source

__all__ = ["NAMES", "Batch", "FileReader", "Means", "Source", "dump", "make", "read", "retry", "sample_path"]


def sample_path() -> Path:
    """Return the sample archive that ships with Tidings."""
    return Path(__file__).parent.parent / "data" / "sample.jsonl"
