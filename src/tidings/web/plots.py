"""Small plots: where their lines and bars lie. The templates draw them, in the colour of the text around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 104, 20
_MARGIN = 2
_BAR, _WIDE_BAR, _GAP, _TALL, _LABELLED = 18, 32, 4, 72, 5
_FEW = 6  # years that all have their label, since a bar is as wide as that
_LONGEST = 40  # years


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line of ``WIDTH`` by ``HEIGHT``: its points as SVG writes them, the last one, and its values in words."""

    points: str
    last: tuple[float, float]
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar over a year; ``label`` is "" where the year is not written beneath it."""

    x: int
    y: float
    width: int
    height: float
    year: int
    value: int
    label: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars and how much room they take."""

    width: int
    height: int
    bars: tuple[Bar, ...]


def sparkline(values: Sequence[int]) -> Sparkline | None:
    """Return a line through values, the oldest first; None where there is nothing to see.

    It begins at 0, so that two lines can be compared in shape.
    """
    if len(values) < 2 or not any(values):
        return None
    across, most = (WIDTH - 2 * _MARGIN) / (len(values) - 1), max(values)
    points = [
        (_MARGIN + across * place, HEIGHT - _MARGIN - (HEIGHT - 2 * _MARGIN) * value / most)
        for place, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Sparkline(line, (round(points[-1][0], 1), round(points[-1][1], 1)), ", ".join(map(str, values)))


def bars(values: Mapping[int, int]) -> Bars | None:
    """Return a bar for each of the last forty years up to the last with papers; None where no paper has a year."""
    if not values:
        return None
    years = range(max(min(values), max(values) - _LONGEST + 1), max(values) + 1)
    most = max(values.values())
    width, labelled = (_WIDE_BAR, 1) if len(years) <= _FEW else (_BAR, _LABELLED)
    drawn = []
    for place, year in enumerate(years):
        height = round(max(1.0, _TALL * values[year] / most), 1) if values.get(year) else 0.0
        label = str(year) if year % labelled == 0 else ""
        drawn.append(Bar(place * (width + _GAP), _TALL - height, width, height, year, values.get(year, 0), label))
    return Bars(len(years) * (width + _GAP), _TALL + 18, tuple(drawn))
