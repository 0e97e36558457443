"""The map's file: where each row stands, float32 (rows, 2), NaN where it does not yet. Written whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidings.errors import StoreError
from tidings.index.manifest import sync_folder
from tidings.index.topics import MAP


def read_map(folder: Path) -> NDArray[np.float32] | None:
    """Return where rows stand, shape (rows, 2); None where there is no map, or a damaged one, which is drawn anew."""
    try:
        places = np.load(folder / MAP, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    is_map = places.dtype == np.float32 and places.ndim == 2 and places.shape[1] == 2
    return places if is_map else None


def map_stamp(folder: Path) -> tuple[int, int]:
    """Return what changes whenever the map of a folder is written; zeros where there is none."""
    try:
        told = (folder / MAP).stat()
    except OSError:
        return 0, 0
    return told.st_mtime_ns, told.st_ino


def write_map(folder: Path, places: NDArray[np.float32]) -> None:
    """Write where rows stand; until it is whole, the map before is read.

    Raises:
        StoreError: the disk is full, or refuses.
    """
    unfinished = folder / f"{MAP}.new"
    try:
        with unfinished.open("wb") as file:
            np.save(file, places.astype(np.float32))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / MAP)
        sync_folder(folder)
    except OSError as error:
        raise StoreError(f"the map in {folder} cannot be written: {error}; the one before is kept") from error
