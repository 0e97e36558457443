"""The one small file that says what the index holds; written last, so that it never promises too much."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from tidings.errors import StoreError

FORMAT = 2


class Manifest(msgspec.Struct, frozen=True):
    """What is searchable: all changes of the store ``archive`` up to ``position``, in rows 0 to ``rows - 1``.

    ``generation`` grows with every write, so that two states are never mistaken for each other. ``forward`` is the
    number of the folder that holds the papers' words.
    """

    encoder: str
    dimensions: int
    archive: str = ""
    position: int = 0
    rows: int = 0
    papers: int = 0
    forward: int = 0
    generation: int = 0
    format: int = FORMAT


def read_manifest(path: Path) -> Manifest | None:
    """Return the manifest; None when it is missing or not one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step; after a crash either the old or the new one is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(manifest))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever the file is replaced; None without a file. One system call."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def cannot_write(folder: Path, error: Exception) -> StoreError:
    """Return the sentence for a folder that is full, read-only or otherwise refuses."""
    return StoreError(f"the index in {folder} cannot be written: {error}; what was searchable before still is")
