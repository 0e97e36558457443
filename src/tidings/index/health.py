"""Is the index whole? Cheap checks at every opening, all of them for ``doctor``, and what to do when it is not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tidings.errors import IndexUnavailableError
from tidings.index.columns import ALIVE
from tidings.index.manifest import FORMAT, Manifest, read_manifest, write_manifest
from tidings.index.snapshot import Snapshot
from tidings.index.vectors import Vectors, slug
from tidings.types import Check

if TYPE_CHECKING:
    from pathlib import Path

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
        return open_snapshot(folder, wanted, manifest).manifest
    except IndexUnavailableError:
        return _empty(folder, wanted, manifest.generation if manifest else 0)


def _empty(folder: Path, wanted: Manifest, generation: int) -> Manifest:
    """Start again. The manifest goes first: nobody may read what is half gone."""
    fresh = msgspec.structs.replace(wanted, generation=generation + 1)
    write_manifest(folder / "manifest.json", fresh)
    for name in ("words", "columns"):
        shutil.rmtree(folder / name, ignore_errors=True)
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
    if snapshot.columns.capacity < rows or snapshot.vectors.capacity < rows or not snapshot.columns.are_whole:
        return "has a truncated file"
    if snapshot.searcher.num_docs == 0 < snapshot.manifest.papers:  # other numbers may differ while someone writes
        return "has lost its words"
    sample = np.flatnonzero(snapshot.findable)
    broken = snapshot.vectors.broken(sample[:: max(1, len(sample) // _SAMPLE)])
    return f"has a damaged vector in row {broken[0]}" if len(broken) else None


def verify(folder: Path, wanted: Manifest) -> list[Check]:
    """Check all rows: one line per question, with what was found."""
    try:
        snapshot = open_snapshot(folder, wanted, read_manifest(folder / "manifest.json"))
    except IndexUnavailableError as error:
        return [Check("index", ok=False, message=str(error))]
    rows = np.arange(snapshot.rows)
    broken = sum(len(snapshot.vectors.broken(rows[start : start + _CHUNK])) for start in range(0, len(rows), _CHUNK))
    alive = int(np.count_nonzero(snapshot.columns["flags"][: snapshot.rows] & ALIVE))
    words = snapshot.searcher.num_docs
    return [
        Check(
            "index vectors",
            broken == 0,
            f"{broken} of {len(rows)} rows are damaged" if broken else "all rows are sound",
        ),
        Check("index words", words == alive, f"{words} papers by words, {alive} by columns"),
    ]
