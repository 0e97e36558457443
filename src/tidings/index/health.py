"""Is the index whole? Cheap checks at every opening, all of them for ``doctor``, and what to do when it is not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tidings.errors import IndexUnavailableError
from tidings.index.forward import drop_forward_folders
from tidings.index.manifest import FORMAT, Manifest, read_manifest, write_manifest
from tidings.index.snapshot import Snapshot
from tidings.index.vectors import Vectors, slug
from tidings.types import Check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

_SAMPLE = 64
_CHUNK = 8_192


def open_snapshot(folder: Path, wanted: Manifest, manifest: Manifest | None) -> Snapshot:
    """Return a state that passed the cheap checks; raise IndexUnavailableError with the reason otherwise."""
    reason = _mismatch(manifest, wanted)
    if reason is not None or manifest is None:
        raise IndexUnavailableError(f"the index {reason}")
    try:
        snapshot = Snapshot(folder, manifest)
    except (OSError, ValueError) as error:
        raise IndexUnavailableError(f"the index cannot be read ({error})") from error
    reason = _damage(snapshot)
    if reason is not None:
        raise IndexUnavailableError(f"the index {reason}")
    return snapshot


def prepare(folder: Path, wanted: Manifest) -> Manifest:
    """Return the manifest to write on from; what is not sound is emptied first, and then the position is 0."""
    manifest = read_manifest(folder / "manifest.json")
    try:
        sound = open_snapshot(folder, wanted, manifest).manifest
    except IndexUnavailableError:
        return _empty(folder, wanted, manifest.generation if manifest else 0)
    drop_forward_folders(folder, but=sound.forward)
    return sound


def _empty(folder: Path, wanted: Manifest, generation: int) -> Manifest:
    """Start again. The manifest goes first: nobody may read what is half gone."""
    fresh = msgspec.structs.replace(wanted, generation=generation + 1)
    write_manifest(folder / "manifest.json", fresh)
    for name in ("words", "columns"):
        shutil.rmtree(folder / name, ignore_errors=True)
    drop_forward_folders(folder)
    vectors = folder / f"vectors-{slug(wanted.encoder)}"
    if not _sound_vectors(vectors, wanted.dimensions):
        shutil.rmtree(vectors, ignore_errors=True)
    return fresh


def _sound_vectors(folder: Path, dimensions: int) -> bool:
    try:
        vectors = Vectors(folder, dimensions, write=False)
    except (IndexUnavailableError, OSError, ValueError):
        return False
    rows = np.arange(vectors.capacity)
    return vectors.are_whole and len(vectors.broken(rows[:: max(1, len(rows) // 1_024)])) == 0


def _mismatch(manifest: Manifest | None, wanted: Manifest) -> str | None:
    if manifest is None:
        return "has no readable manifest"
    if manifest.format != FORMAT:
        return f"was made by another version (format {manifest.format}, this one reads {FORMAT})"
    if (manifest.encoder, manifest.dimensions) != (wanted.encoder, wanted.dimensions):
        return f"was made with the encoder {manifest.encoder}, not {wanted.encoder}"
    if manifest.archive != wanted.archive:
        return "was made for another store"
    return None


def _damage(snapshot: Snapshot) -> str | None:
    """Return what is wrong as far as sizes, counts and a sample of rows tell."""
    rows = snapshot.rows
    by_row = (snapshot.columns, snapshot.vectors, snapshot.forward)
    whole = snapshot.columns.are_whole and snapshot.forward.are_whole
    if not whole or any(files.capacity < rows for files in by_row):
        return "has a truncated file"
    if snapshot.searcher.num_docs == 0 < snapshot.manifest.papers:  # other numbers may differ while someone writes
        return "has lost its words"
    sample = np.flatnonzero(snapshot.findable)
    broken = snapshot.vectors.broken(sample[:: max(1, len(sample) // _SAMPLE)])
    if len(broken):
        return f"has a damaged vector in row {broken[0]}"
    sample = np.flatnonzero(snapshot.alive)
    broken = snapshot.forward.broken(sample[:: max(1, len(sample) // _SAMPLE)])
    return f"has damaged words in row {broken[0]}" if len(broken) else None


def verify(folder: Path, wanted: Manifest) -> list[Check]:
    """Check all rows: one line per question, with what was found."""
    try:
        snapshot = open_snapshot(folder, wanted, read_manifest(folder / "manifest.json"))
    except IndexUnavailableError as error:
        return [Check("index", ok=False, message=str(error))]
    rows = np.arange(snapshot.rows)
    alive, words = np.flatnonzero(snapshot.alive), snapshot.searcher.num_docs
    return [
        _rows_check("index vectors", snapshot.vectors.broken, rows),
        _rows_check("index words by paper", snapshot.forward.broken, alive),
        Check("index words", words == len(alive), f"{words} papers by words, {len(alive)} by columns"),
    ]


def _rows_check(name: str, broken: Callable[[NDArray[np.int64]], NDArray[np.int64]], rows: NDArray[np.int64]) -> Check:
    """Ask every row whether it is broken."""
    count = sum(len(broken(rows[start : start + _CHUNK])) for start in range(0, len(rows), _CHUNK))
    return Check(name, count == 0, f"{count} of {len(rows)} rows are damaged" if count else "all rows are sound")
