"""Arrays in files: one writer grows and changes them in place, any number of readers look on."""

from __future__ import annotations

import contextlib
import mmap
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from tidings.errors import IndexUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray


class MappedArray:
    """A file of equal items, each of ``shape``; item number n stands at byte n * item size.

    The file only ever grows. Space is reserved before it is mapped: writing to a mapped hole on a full
    disk would kill the process, a failed reservation is an ordinary error.
    """

    def __init__(self, path: Path, dtype: DTypeLike, shape: tuple[int, ...] = (), *, step: int, write: bool) -> None:
        self.path = path
        self._dtype = np.dtype(dtype)
        self._shape = shape
        self._step = step
        self._write = write
        self._item = self._dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        self._map: mmap.mmap | None = None
        self.items: NDArray[Any] = np.zeros((0, *shape), self._dtype)
        self._open()

    def reserve(self, count: int) -> None:
        """Make room for ``count`` items, in whole steps; raise OSError when the disk is full."""
        if count <= len(self.items):
            return
        size = -(-count // self._step) * self._step * self._item
        with self.path.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError:
                os.truncate(file.fileno(), len(self.items) * self._item)
                raise
        self._open()

    def through(self, end: int) -> NDArray[Any]:
        """Return the items, at least ``end`` of them if the writer has made so many since this was opened."""
        if end > len(self.items):
            with contextlib.suppress(IndexUnavailableError):  # it was removed meanwhile; what was mapped is still there
                self._open()
        return self.items

    @property
    def is_whole(self) -> bool:
        """Whether the file ends where a step ends, as only a cut one does not."""
        return self.path.stat().st_size % (self._step * self._item) == 0

    def flush(self) -> None:
        """Put what was written on the disk."""
        if self._map is not None:
            self._map.flush()

    def _open(self) -> None:
        if self._write:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
        access = mmap.ACCESS_WRITE if self._write else mmap.ACCESS_READ
        try:
            with self.path.open("r+b" if self._write else "rb") as file:
                count = os.fstat(file.fileno()).st_size // self._item
                mapped = mmap.mmap(file.fileno(), count * self._item, access=access) if count else None
        except FileNotFoundError as error:
            raise IndexUnavailableError(f"the index lacks its file {self.path.name}") from error
        flat = np.frombuffer(mapped, self._dtype) if mapped is not None else np.zeros(0, self._dtype)
        self._map = mapped
        self.items = flat.reshape(count, *self._shape)
