"""What flows about the map: where papers and topics stand on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidings.types.papers import Paper
from tidings.types.queries import Day
from tidings.types.topics import PaperTopic, Topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

EDGE = 32_000
"""The map reaches from -EDGE to EDGE in both directions, x to the right and y upwards."""
NOWHERE = -32_768
"""The x and y of a paper that is not on the map."""
FIRST_YEAR = 1900
"""Years are told as the distance from this one; 0 is an unknown year, and what is older counts as 1901."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """A topic on the map: where the middle of its papers is, how many those are, and the place of its area in the list
    of areas, which decides its colour."""

    topic: Topic
    area: int
    size: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole map. Row number n of each array is the paper with the internal id n.

    ``x`` and ``y`` are int16, NOWHERE for what is not there; ``topic`` uint16 is 0 for none, else the place in
    ``landmarks`` counted from 1; ``year`` uint8 see FIRST_YEAR; ``source`` uint8 is a place in ``sources``. ``key``
    changes whenever anything here does. ``areas`` and ``landmarks`` are the largest first.
    """

    key: str
    x: NDArray[np.int16]
    y: NDArray[np.int16]
    topic: NDArray[np.uint16]
    year: NDArray[np.uint8]
    source: NDArray[np.uint8]
    papers: int
    areas: tuple[Landmark, ...]
    landmarks: tuple[Landmark, ...]
    sources: tuple[str, ...]

    def holds(self, number: int) -> bool:
        """Tell whether a paper is on the map, by its internal id."""
        return 0 <= number < len(self.x) and bool(self.x[number] != NOWHERE)

    def body(self) -> bytes:
        """Return the arrays one after another, little-endian: 8 bytes a row."""
        arrays = (self.x.astype("<i2"), self.y.astype("<i2"), self.topic.astype("<u2"), self.year, self.source)
        return b"".join(array.tobytes() for array in arrays)


@dataclass(frozen=True, slots=True)
class Selection:
    """The papers within a line drawn on the map: how many, and those that stand for them best."""

    count: int
    central: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class MapReport:
    """What became of the map: how many papers it has, how many of them are new on it, and whether all were laid out."""

    papers: int
    placed: int
    anew: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class DayGrid:
    """The papers of a day as a grid of so many ``columns``: the hits of ``day`` are its cells, row by row.

    ``topics`` are those of papers by internal id; ``areas`` the place of each area, by its number, in the map's list of
    areas, which decides its colour.
    """

    day: Day
    columns: int
    topics: Mapping[int, PaperTopic]
    areas: Mapping[int, int]
