"""The files of topics: the topic of each paper by its row, and what places new papers. A folder for each generation.

A generation is written whole under a name that nothing points to, and which one is served is a row of the store: a fit
that is killed leaves a folder that the next one removes. Rows of new papers are added in place.

======== ================================== ==========================================
file     array                              what
======== ================================== ==========================================
topic    int32 (rows,)                      the leaf of each paper, 0 for none yet
sure     float32 (rows, 2)                  how sure that is, 0 to 1; cosine with the leaf's centre
named    int32 (rows,)                      the leaf for whose present name the paper stood
fit.npz  see ``rank.topics.state.Centres``  where leaves are
map.npy  float32 (rows, 2)                  where the paper stands on the map, NaN where it does not yet
======== ================================== ==========================================

The map is made by another command: a new generation takes it over from the last one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidings.errors import BusyError, IndexUnavailableError, StoreError
from tidings.index.manifest import sync_folder
from tidings.index.mapped import MappedArray

MAP = "map.npy"
_STEP = 32_768
_COLUMNS: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "topic": (np.int32, ()),
    "sure": (np.float32, (2,)),
    "named": (np.int32, ()),
}

Rows = NDArray[np.int64]


class TopicFiles:
    """One generation, opened. Columns grow with the archive; a row beyond their end has no topic yet."""

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        """Open a generation.

        Raises:
            IndexUnavailableError: a file is missing or damaged.
        """
        self.folder = folder
        try:
            with np.load(folder / "fit.npz") as arrays:
                self.fit: dict[str, NDArray[Any]] = dict(arrays)
        except (OSError, ValueError) as error:
            raise IndexUnavailableError(f"the topics in {folder} cannot be read: refit them") from error
        self._columns = {
            name: MappedArray(folder / name, kind, shape, step=_STEP, write=write)
            for name, (kind, shape) in _COLUMNS.items()
        }

    def column(self, name: str, rows: int) -> NDArray[Any]:
        """Return a column of that many rows; those that it does not have yet are 0."""
        kind, shape = _COLUMNS[name]
        items = self._columns[name].through(rows)[:rows]
        if len(items) == rows:
            return items
        return np.concatenate([items, np.zeros((rows - len(items), *shape), kind)])

    def at(self, name: str, rows: Rows) -> NDArray[Any]:
        """Return a column at those rows; one that it does not have yet is 0. It costs nothing for the others."""
        kind, shape = _COLUMNS[name]
        items = self._columns[name].through(int(rows.max(initial=-1)) + 1)
        found, there = np.zeros((len(rows), *shape), kind), rows < len(items)
        found[there] = items[rows[there]]
        return found

    def placed(self) -> int:
        """Return how many papers have a topic; grows whenever new ones are placed."""
        column = self._columns["topic"]
        return int(np.count_nonzero(column.through(len(column.items) + 1)))

    def put(self, rows: Rows, topics: NDArray[np.int32], sure: NDArray[np.float32]) -> None:
        """Write the topics of papers that had none; the topic last, since it says that the row is written."""
        needed = int(rows.max(initial=-1)) + 1
        for column in self._columns.values():
            column.reserve(needed)
        self._columns["sure"].items[rows] = sure
        self._columns["topic"].items[rows] = topics
        for column in self._columns.values():
            column.flush()


def write_generation(
    home: Path, name: str, columns: Mapping[str, NDArray[Any]], fit: Mapping[str, NDArray[Any]], before: str | None
) -> None:
    """Write a generation whole; the map of the one ``before`` comes with it.

    Raises:
        StoreError: the disk is full, or refuses.
    """
    folder = home / name
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for column, items in columns.items():
            _write_column(folder / column, items, *_COLUMNS[column])
        with (folder / "fit.npz").open("wb") as file:
            np.savez(file, **dict(fit))  # type: ignore[arg-type]  # the stub takes its keywords for one of its own
            file.flush()
            os.fsync(file.fileno())
        if before is not None and (home / before / MAP).exists():
            shutil.copyfile(home / before / MAP, folder / MAP)
        sync_folder(folder)
        sync_folder(home)
    except OSError as error:
        raise StoreError(f"the topics in {home} cannot be written: {error}; those before are kept") from error


def _write_column(path: Path, items: NDArray[Any], kind: type[np.generic], shape: tuple[int, ...]) -> None:
    column = MappedArray(path, kind, shape, step=_STEP, write=True)
    column.reserve(max(1, len(items)))
    column.items[: len(items)] = items
    column.flush()


def drop_generations(home: Path, *, but: str) -> None:
    """Remove the folders of other generations: the last one's, and what a killed fit left."""
    if home.is_dir():
        for folder in home.iterdir():
            if folder.is_dir() and folder.name != but:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def topics_lock(home: Path) -> Iterator[None]:
    """Be the only one who changes the files of topics.

    Raises:
        BusyError: another process is doing so.
        StoreError: the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # brings asyncio with it, and only writers need it

    try:
        home.mkdir(parents=True, exist_ok=True)
        held = FileLock(home / "lock").acquire(timeout=0)
    except Timeout as error:
        raise BusyError("another process is working on the topics now; it will be done when that one ends") from error
    except OSError as error:
        raise StoreError(f"the topics in {home} cannot be written: {error}") from error
    with held:
        yield
