"""A picture of the map: points as PNG, and with the names of topics as SVG. Pure: bytes of arrays."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tidings.types import EDGE, NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tidings.types import Landmark, Sheet

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

_PAPER: dict[bool, Colour] = {False: (251, 248, 241), True: (21, 20, 18)}  # as the pages have them
_INK: dict[bool, Colour] = {False: (35, 32, 27), True: (217, 212, 202)}
_LIGHT = {False: (0.60, 0.13), True: (0.70, 0.12)}
_MARGIN = 0.03
_STRENGTH = 0.55
"""How much of what lies beneath a paper covers: places with many are fuller than those with one."""
_NAMES = 60
_WRAPPED = 24


def as_png(sheet: Sheet, size: int, dark: bool = False) -> bytes:
    """Return the map as a PNG of ``size`` pixels a side (PNG Specification, third edition, W3C 2025)."""
    pixels = drawn(sheet, size, dark)
    rows = np.concatenate([np.zeros((size, 1), np.uint8), pixels.reshape(size, -1)], axis=1)  # filter 0: as it is
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def as_svg(sheet: Sheet, size: int, dark: bool = False) -> bytes:
    """Return the map as an SVG: the points as a picture within it, the names of topics as text."""
    picture = b64encode(as_png(sheet, size, dark)).decode()
    ink, paper = ("#{:02x}{:02x}{:02x}".format(*colour) for colour in (_INK[dark], _PAPER[dark]))
    names = "\n".join(_named(mark, size, is_area) for mark, is_area in _legible(sheet, size))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img">
<title>A map of {sheet.papers:,} papers</title>
<image width="{size}" height="{size}" href="data:image/png;base64,{picture}"/>
<g fill="{ink}" stroke="{paper}" stroke-width="{size / 400:.1f}" paint-order="stroke" stroke-linejoin="round" \
text-anchor="middle" font-family="Charter, Georgia, serif">
{names}
</g>
</svg>
""".encode()


def drawn(sheet: Sheet, size: int, dark: bool = False) -> Pixels:
    """Return the pixels, shape (size, size, 3): each the mean colour of its papers, fuller where more are."""
    there = np.flatnonzero(sheet.x != NOWHERE)
    column, row = (_pixel(sheet.x[there], size), size - 1 - _pixel(sheet.y[there], size))
    areas = np.array([-1, *(mark.area for mark in sheet.landmarks)])[sheet.topic[there]]
    colours = np.array([colour_of(area, dark) for area in range(int(areas.max(initial=0)) + 1)], np.float64)
    colours = np.concatenate([colours, [[128, 128, 128]]])[areas]
    count, total = np.zeros(size * size), np.zeros((size * size, 3))
    side = max(1, round(size / 60 / max(1, len(there)) ** 0.25))
    for right in range(side):
        for down in range(side):
            place = np.clip(row + down, 0, size - 1) * size + np.clip(column + right, 0, size - 1)
            count += np.bincount(place, minlength=size * size)
            for part in range(3):
                total[:, part] += np.bincount(place, colours[:, part], size * size)
    cover = 1 - (1 - _STRENGTH) ** count[:, None]
    mean = total / np.maximum(count, 1)[:, None]
    found: Pixels = np.rint(np.array(_PAPER[dark]) * (1 - cover) + mean * cover).astype(np.uint8)
    return found.reshape(size, size, 3)


def colour_of(area: int, dark: bool = False) -> Colour:
    """Return the colour of an area, the same as on the page: one lightness for all, hues by the golden angle.

    By way of Oklab (Ottosson: A perceptual color space for image processing, 2020).
    """
    lightness, chroma = _LIGHT[dark]
    angle = np.deg2rad((area * 137.508 + 40) % 360)
    a, b = chroma * np.cos(angle), chroma * np.sin(angle)
    cone = np.array(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    linear = _FROM_CONES @ cone**3
    shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)
    red, green, blue = (int(part) for part in np.clip(np.rint(shown * 255), 0, 255))
    return red, green, blue


_FROM_CONES = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def _pixel(values: NDArray[np.int16], size: int) -> NDArray[np.int64]:
    share = (values.astype(np.float64) / EDGE + 1) / 2
    return np.clip(((_MARGIN + share * (1 - 2 * _MARGIN)) * size).astype(np.int64), 0, size - 1)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _legible(sheet: Sheet, size: int) -> Iterator[tuple[Landmark, bool]]:
    """Yield areas and then topics whose names do not cover another one, the largest first."""
    taken: list[tuple[float, float, float, float]] = []
    for mark, is_area in [*((top, True) for top in sheet.areas), *((leaf, False) for leaf in sheet.landmarks)]:
        if mark.size == 0 or len(taken) >= _NAMES:
            continue
        x, y = _where(mark, size)
        tall = _height(size, is_area)
        lines = _lines(mark.topic.name)
        wide = max(map(len, lines)) * tall * 0.27
        box = (x - wide, y - tall * len(lines) * 0.6, x + wide, y + tall * len(lines) * 0.6)
        is_in = box[0] > 0 and box[1] > 0 and box[2] < size and box[3] < size
        if is_in and not any(b[0] < box[2] and box[0] < b[2] and b[1] < box[3] and box[1] < b[3] for b in taken):
            taken.append(box)
            yield mark, is_area


def _named(mark: Landmark, size: int, is_area: bool) -> str:
    x, y = _where(mark, size)
    tall = _height(size, is_area)
    lines = _lines(mark.topic.name)
    top = y - (len(lines) - 1) * tall * 0.55 + tall * 0.3
    spans = "".join(
        f'<tspan x="{x:.0f}" y="{top + number * tall * 1.1:.0f}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return (
        f'<text font-size="{tall:.0f}"{" font-weight=" + chr(34) + "600" + chr(34) if is_area else ""}>{spans}</text>'
    )


def _where(mark: Landmark, size: int) -> tuple[float, float]:
    x, y = (_MARGIN + (value / EDGE + 1) / 2 * (1 - 2 * _MARGIN) for value in (mark.x, mark.y))
    return x * size, (1 - y) * size


def _height(size: int, is_area: bool) -> float:
    return size / (62 if is_area else 95)


def _lines(name: str) -> list[str]:
    """Return a name in lines of some two dozen characters."""
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _WRAPPED:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
