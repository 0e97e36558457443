"""A day as a grid: each cell is a link to a paper, coloured by its topic, and says its title when pointed at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings import moments
from tidings.plain import plain
from tidings.web import addresses
from tidings.web.site import Site, of, stable
from tidings.web.trending import Choice, day_of

if TYPE_CHECKING:
    from datetime import date

    from tidings.types import DayGrid, Hit, Topic

_HUES, _SHADES = 24, 3
"""So many are in the stylesheet: a hue for each area, the same as on the map, and a shade for each topic in turn."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A paper in the grid: ``colour`` names classes of the stylesheet."""

    href: str
    title: str
    topic: str
    colour: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Patch:
    """An area of the day: its topic, None for papers without one, and how many papers it has."""

    topic: Topic | None
    colour: str
    size: int


def page(request: Request) -> Response:
    """Answer ``/papers/date/2025-03-20/grid``."""
    grid = of(request).catalog.day_grid(day_of(request.path_params["day"]))
    told = [(hit.paper.id, grid.topics.get(hit.paper.id)) for hit in grid.day.page.hits]
    return stable(request, lambda site: _page(site, grid), (told, grid.areas, grid.day), keep=True)


def newest(request: Request) -> Response:
    """Send ``/papers/date/grid`` on to the newest day."""
    latest = next((hit.paper.date for hit in of(request).catalog.newest(limit=1).hits), None)
    return RedirectResponse(addresses.of_grid(latest) if latest else "/new", 303)


ROUTES = [
    Route("/papers/date/grid", newest),  # before the pages of days: it is none
    Route("/papers/date/{day}/grid", page),
]


def _page(site: Site, grid: DayGrid) -> Response:
    cells = [_cell(grid, hit) for hit in grid.day.page.hits]
    return site.html(
        "grid.html",
        day=grid.day,
        rows=_rows(cells, grid.columns),
        patches=_patches(grid),
        shown=len(cells),
        updated=sum(not cell.is_new for cell in cells),
        earlier=_to(grid.day.previous),
        later=_to(grid.day.next),
    )


def _to(day: date | None) -> Choice | None:
    return Choice(moments.in_words(day), addresses.of_grid(day)) if day else None


def _rows(cells: Sequence[Cell], columns: int) -> list[tuple[Sequence[Cell], range]]:
    """Return the rows of the grid, each with what its last cells miss, for the last row is as wide as the others."""
    rows = [cells[start : start + columns] for start in range(0, len(cells), max(1, columns))]
    return [(row, range(columns - len(row))) for row in rows]


def _cell(grid: DayGrid, hit: Hit) -> Cell:
    found = grid.topics.get(hit.paper.id)
    colour = _colour(grid, found.area) if found else ""
    shade = f" shade{found.topic.id % _SHADES}" if found and colour else ""
    topic = found.topic.name if found else ""
    return Cell(addresses.of_paper(hit.paper.key), plain(hit.paper.title), topic, colour + shade, hit.is_new)


def _colour(grid: DayGrid, area: Topic | None) -> str:
    return f"hue{grid.areas[area.id] % _HUES}" if area is not None and area.id in grid.areas else ""


def _patches(grid: DayGrid) -> Sequence[Patch]:
    """Return the areas of the day, the largest first, papers without a topic last."""
    found = [grid.topics.get(hit.paper.id) for hit in grid.day.page.hits]
    areas = {each.area.id: each.area for each in found if each and each.area}
    sizes = Counter(each.area.id if each and each.area else None for each in found)
    order = sorted(sizes, key=lambda number: (number is None, -sizes[number]))
    topics = [areas[number] if number is not None else None for number in order]
    return [Patch(topic, _colour(grid, topic), sizes[number]) for topic, number in zip(topics, order, strict=True)]
