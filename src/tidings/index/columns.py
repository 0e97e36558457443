"""What filters, facets and sorting by date need to know of every paper, one mapped column each."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from tidings.index.mapped import MappedArray

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tidings.types import Paper

ALIVE, KNOWN = 1, 128  # KNOWN stays when a paper is removed: the words may still hold it
HAS = {"abstract": 2, "code": 4, "pdf": 8, "doi": 16, "venue": 32}
_STEP = 32_768
_TYPES = {
    "day": np.int32,
    "year": np.int16,
    "flags": np.uint8,
    "category": np.uint32,
    "source": np.uint32,
    "venue": np.uint32,
}
VOCABULARIES = ("category", "source", "venue")


def day_of(paper: Paper) -> int:
    """Return the day a reader could first know of it, counted from 0001-01-01; 0 when unknown."""
    return paper.date.toordinal() if paper.date else 0


def year_of(paper: Paper) -> int:
    """Return the year of the paper, else of its day; 0 when unknown or no year that a calendar has."""
    year = paper.year if paper.year is not None else (paper.date.year if paper.date else 0)
    return year if 0 < year <= 9999 else 0


def has_of(paper: Paper) -> list[str]:
    """Return what the paper has, of those things one can ask for."""
    there = {
        "abstract": bool(paper.abstract),
        "code": paper.link("code") is not None,
        "pdf": paper.link("pdf") is not None,
        "doi": any(name.startswith("doi:") for name in paper.ids),
        "venue": bool(paper.venue),
    }
    return [name for name, is_there in there.items() if is_there]


def encodable(text: str) -> str:
    """Return the text with what UTF-8 cannot hold (half a character) replaced; it must not stop a whole batch."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class Vocabulary:
    """Tuples of strings by number, in a file that only grows: one JSON array a line. Number 0 is the empty tuple."""

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path = path
        self.values: list[tuple[str, ...]] = [()]
        self._numbers: dict[tuple[str, ...], int] = {(): 0}
        self._size = 0
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        self.refresh()
        if write and path.stat().st_size > self._size:  # a crash tore the last line
            os.truncate(path, self._size)

    def refresh(self) -> None:
        """Read what was added since, whole lines only."""
        with contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._size)
            added = file.read()
            whole = added[: added.rfind(b"\n") + 1]
            for line in whole.splitlines():
                self._append(msgspec.json.decode(line, type=tuple[str, ...]))
            self._size += len(whole)

    def numbers(self, values: Sequence[tuple[str, ...]]) -> list[int]:
        """Return the numbers of values; new ones are added to the file, before any row can name them."""
        fresh = [value for value in dict.fromkeys(values) if value not in self._numbers]
        if fresh:
            lines = b"".join(msgspec.json.encode(value) + b"\n" for value in fresh)
            with self._path.open("ab") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            self._size += len(lines)
            for value in fresh:
                self._append(value)
        return [self._numbers[value] for value in values]

    def _append(self, value: tuple[str, ...]) -> None:
        self._numbers[value] = len(self.values)
        self.values.append(value)


class Columns:
    """All columns of all rows; row number n is the paper with id n."""

    def __init__(self, folder: Path, *, write: bool) -> None:
        self._arrays = {
            name: MappedArray(folder / name, kind, step=_STEP, write=write) for name, kind in _TYPES.items()
        }
        self.vocabularies = {name: Vocabulary(folder / f"{name}.jsonl", write=write) for name in VOCABULARIES}

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return the column, one entry per reserved row."""
        return self._arrays[name].items

    @property
    def capacity(self) -> int:
        return min(len(array.items) for array in self._arrays.values())

    @property
    def are_whole(self) -> bool:
        """Whether no file was cut."""
        return all(array.is_whole for array in self._arrays.values())

    def reserve(self, rows: int) -> None:
        """Make room for that many rows; raise OSError when the disk is full."""
        for array in self._arrays.values():
            array.reserve(rows)

    def write(self, rows: NDArray[np.int64], papers: Sequence[Paper]) -> None:
        """Write what the columns keep of the papers; ``rows`` are their ids."""
        values: dict[str, list[tuple[str, ...]]] = {
            "category": [tuple(map(encodable, paper.categories)) for paper in papers],
            "source": [tuple(sorted(map(encodable, paper.sources))) for paper in papers],
            "venue": [(encodable(paper.venue),) if paper.venue else () for paper in papers],
        }
        for name, vocabulary in self.vocabularies.items():
            self[name][rows] = vocabulary.numbers(values[name])
        self["day"][rows] = [day_of(paper) for paper in papers]
        self["year"][rows] = [year_of(paper) for paper in papers]
        self["flags"][rows] = [ALIVE | KNOWN | sum(HAS[name] for name in has_of(paper)) for paper in papers]

    def remove(self, rows: NDArray[np.int64]) -> None:
        """Mark rows as holding no paper."""
        self["flags"][rows] &= KNOWN

    def flush(self) -> None:
        """Put what was written on the disk."""
        for array in self._arrays.values():
            array.flush()
