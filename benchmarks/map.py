"""The map: how many neighbours a layout keeps and what it costs, beside UMAP; how it moves in a browser; a day's grid.

Vectors are those of ``benchmarks.topics``, encoded once. UMAP is measured where umap-learn is installed, a browser
where TIDINGS_HOME names an installation whose map is drawn.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import tidings
from benchmarks.tables import publish, table
from benchmarks.topics import encode
from tidings.rank.grid import arranged
from tidings.rank.layout import beginning, lay_out
from tidings.rank.topics.fit import leaf_count
from tidings.rank.topics.groups import grouped, neighbours, seeds
from tidings.rank.topics.space import points, space_of
from tidings.types import NOWHERE, Sheet

Floats = NDArray[np.float32]

CACHE = Path("/tmp/tidings-topics")
SETS = ("arxiv_cs", "conference_papers", "arxiv_math")
SIZES = (20_000, 60_000, 350_000)
BESIDE_UMAP = 60_000
PAPERS, _NEAR, _ASKED = 350_000, 15, 1_500
_FRAMES, _WARM = 150, 30

PANNING = f"""() => new Promise((done) => {{
  const canvas = document.querySelector(".map canvas"), times = [];
  const at = (kind, x) => canvas.dispatchEvent(new PointerEvent(kind, {{
    pointerId: 1, button: 0, bubbles: true, clientX: canvas.getBoundingClientRect().left + x, clientY: 400 }}));
  canvas.setPointerCapture = () => {{}};
  at("pointerdown", 600);
  const turn = (now) => {{
    times.push(now);
    at("pointermove", 600 + 200 * Math.sin(times.length / 15));
    if (times.length < {_FRAMES + _WARM}) requestAnimationFrame(turn);
    else {{ at("pointerup", 600); done(times.slice({_WARM + 1}).map((time, n) => time - times[n + {_WARM}])); }}
  }};
  requestAnimationFrame(turn);
}})"""


class Laid(NamedTuple):
    """A layout and what it took: seconds of the processor and of the clock, and the most memory of its process."""

    places: Floats
    seconds: float
    clock: float
    megabytes: float


def main() -> None:
    """Measure, and write the tables."""
    encode(CACHE, 10**9)
    vectors = np.concatenate([np.load(CACHE / f"{name}.npy") for name in SETS])
    rows = [row for size in SIZES for row in _layouts(vectors, size)]
    parts = [
        "## Layouts",
        f"Papers of arXiv (cs, math) and of conferences, drawn evenly; the processor time of what follows the search "
        f"for {_NEAR} neighbours, which both get, on one thread. A neighbour is kept when it is among the {_NEAR} "
        f"nearest on the map; trustworthiness is that of Venna and Kaski (2001); both over {_ASKED:,} papers. UMAP "
        f"({_umap_version()}) as it comes, after it was compiled.",
        table(("papers", "layout", "neighbours kept", "trustworthiness", "processor s", "clock s", "peak MB"), rows),
        "## A day as a grid",
        _grid(vectors),
        "## In a browser",
        _frames(os.environ.get("TIDINGS_HOME")),
    ]
    publish("map", "Does the map keep neighbours together, and does it move smoothly?", *parts)


# --- layouts ---


def _layouts(vectors: NDArray[np.float16], size: int) -> list[Sequence[object]]:
    """Return a row for each layout of a part of the papers."""
    chosen = np.sort(np.random.default_rng(2).permutation(len(vectors))[:size])
    where = points(space_of(vectors[chosen]), vectors[chosen])
    near, cosines = neighbours(where, _NEAR, np.random.default_rng(0))
    ways: dict[str, Callable[[Path], Laid]] = {"Tidings": _ours}
    if find_spec("umap") and len(chosen) <= BESIDE_UMAP:
        ways["UMAP"] = _umap
    rows: list[Sequence[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "given.npz", where=where, near=near, cosines=cosines)
        for name, way in ways.items():
            with get_context("spawn").Pool(1) as alone:  # so that the most memory is its own
                laid = alone.apply(way, (Path(folder) / "given.npz",))
            kept, trust = _judged(laid.places, where, near)
            costs = f"{laid.seconds:.1f}", f"{laid.clock:.1f}", f"{laid.megabytes:.0f}"
            rows.append((f"{len(chosen):,}", name, f"{kept:.3f}", f"{trust:.3f}", *costs))
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _ours(path: Path) -> Laid:
    given, random = np.load(path), np.random.default_rng(0)
    where, near = given["where"], given["near"]
    sample = where[:: max(1, len(where) // 20_000)]
    group, centres = grouped(where, grouped(sample, seeds(sample, leaf_count(len(where)), random))[1], 3)
    return _timed(lambda: lay_out(beginning(where, group, centres), near))


def _umap(path: Path) -> Laid:
    import umap

    given = np.load(path)
    where, near, cosines = given["where"], given["near"], given["cosines"]
    umap.UMAP(n_jobs=1).fit_transform(where[:500])  # compiles it
    own = np.arange(len(where))[:, None]
    known = np.hstack([own, near]).astype(np.int32), np.hstack([0.0 * own, np.maximum(1 - cosines, 0)]), None
    model = umap.UMAP(n_neighbors=_NEAR + 1, metric="cosine", precomputed_knn=known, n_jobs=1)
    return _timed(lambda: model.fit_transform(where))


def _timed(lay: Callable[[], Floats]) -> Laid:
    seconds, clock = time.process_time(), time.perf_counter()
    places = lay()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Laid(places, time.process_time() - seconds, time.perf_counter() - clock, most)


def _umap_version() -> str:
    if not find_spec("umap"):
        return "not installed here"
    from importlib.metadata import version

    return version("umap-learn")


def _judged(places: Floats, where: Floats, near: NDArray[np.int32]) -> tuple[float, float]:
    """Return the share of neighbours kept, and trustworthiness (Venna, Kaski, 2001), of a sample."""
    kept, penalty, count = 0, 0.0, len(places)
    asked = np.random.default_rng(1).choice(count, min(_ASKED, count), replace=False)
    for row in asked.tolist():
        distance = ((places - places[row]) ** 2).sum(axis=1)
        distance[row] = np.inf
        seen = np.argpartition(distance, _NEAR)[:_NEAR]
        kept += len(set(seen.tolist()) & set(near[row].tolist()))
        cosine = where @ where[row]
        cosine[row] = -np.inf
        order = -np.sort(-cosine)
        rank = np.searchsorted(-order, -cosine[seen]) + 1
        penalty += float(np.maximum(rank - _NEAR, 0).sum())
    scale = 2 / (len(asked) * _NEAR * (2 * count - 3 * _NEAR - 1))
    return kept / (_NEAR * len(asked)), 1 - scale * penalty


# --- a day ---


def _grid(vectors: NDArray[np.float16]) -> str:
    """Return how alike neighbours in the grid of a busy day are, arranged in some ways."""
    days = Counter(row["listed_first"] for row in json.loads((CACHE / "arxiv_cs.json").read_text()))
    day, count = days.most_common(1)[0]
    rows = [n for n, row in enumerate(json.loads((CACHE / "arxiv_cs.json").read_text())) if row["listed_first"] == day]
    own = np.asarray(vectors[rows], np.float32)
    directions, columns = points(space_of(own), own), int(np.ceil(np.sqrt(1.3 * count)))
    near, _ = neighbours(directions, _NEAR, np.random.default_rng(0))
    places = lay_out(beginning(directions, np.zeros(count, np.int64), directions.mean(axis=0, keepdims=True)), near)
    started = time.process_time()
    found = arranged(places, directions, columns)
    took = time.process_time() - started
    still = arranged(places, np.zeros_like(directions), columns)  # nothing to swap for
    ways = {
        "at random": np.random.default_rng(0).permutation(count),
        "by where they stand on a map": still,
        "then swapped (as it is)": found,
    }
    lines = [(name, f"{_beside(directions, order, columns):.3f}") for name, order in ways.items()]
    return (
        f"The {count:,} papers of {day} in {columns} columns, arranged in {took:.2f} s of processor time: the mean "
        f"cosine of papers that touch.\n\n{table(('arranged', 'mean cosine'), lines)}"
    )


def _beside(directions: Floats, order: NDArray[np.int64], columns: int) -> float:
    """Return the mean cosine of cells that touch by a side."""
    rows = len(order) // columns
    grid = directions[order[: rows * columns]].reshape(rows, columns, -1)
    across, along = (grid[:, 1:] * grid[:, :-1]).sum(axis=-1), (grid[1:] * grid[:-1]).sum(axis=-1)
    return float(np.concatenate([across.ravel(), along.ravel()]).mean())


# --- a browser ---


def _frames(home: str | None) -> str:
    """Return how long the first paint and each frame take while panning, by WebGL and by pixels."""
    if not home:
        return "Not measured: TIDINGS_HOME names no installation."
    from tests.e2e.browser import chromium, served
    from tests.e2e.test_map import WITH_GRAPHICS

    rows = []
    with tidings.open(home) as catalog, served(catalog, catalog.settings) as site:
        sheet = _repeated(catalog.map_sheet())
        catalog.map_sheet = lambda: sheet  # type: ignore[method-assign]
        for way, script in (("pixels, as it comes", ""), ("WebGL, which it does not take here", WITH_GRAPHICS)):
            with chromium() as browser:
                rows.append((way, *_measured(browser, site, script)))
    return (
        f"{PAPERS:,} papers, each of a real map's with a little noise as often as that takes, {len(sheet.landmarks)} "
        f"topics, in Chromium at 1280 × 860, served on the same machine; {_FRAMES} frames of panning. There is no "
        "graphics processor: WebGL would be drawn by the processor (SwiftShader), so the page draws pixels. Times by "
        "the clock, on cores that others used too; beside them the processor time of all of Chromium.\n\n"
        + table(
            ("drawn by", "first paint ms", "all points ms", "frames/s", "median ms", "95 % ms", "processor ms a frame"),
            rows,
        )
    )


def _measured(browser: object, site: str, script: str) -> tuple[str, ...]:
    from playwright.sync_api import Browser

    assert isinstance(browser, Browser)
    page = browser.new_context(base_url=site, viewport={"width": 1280, "height": 860}).new_page()
    page.add_init_script(script)
    for _ in range(2):  # the first makes what the server keeps
        page.goto("/map")
        page.wait_for_selector(".atlas[data-shown]")
    shown = page.evaluate("performance.now()")
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.wait_for_timeout(500)
    before = _seconds_of_children()
    took = np.array(page.evaluate(PANNING))
    spent = 1000 * (_seconds_of_children() - before) / (_FRAMES + _WARM)
    figures = first, shown, 1000 / took.mean(), np.median(took), np.quantile(took, 0.95), spent
    return tuple(f"{figure:.0f}" for figure in figures)


def _seconds_of_children() -> float:
    """Return the processor time of all processes that this one began, and that they began."""
    parents, ticks = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        number = int(path.parent.name)
        parents[number], ticks[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    own = {os.getpid()}
    while more := {number for number, parent in parents.items() if parent in own} - own:
        own |= more
    return sum(ticks[number] for number in own - {os.getpid()}) / os.sysconf("SC_CLK_TCK")


def _repeated(sheet: Sheet | None) -> Sheet:
    """Return a map with the points of another as often as it takes, each time a little moved."""
    if sheet is None:
        sys.exit("draw the map first: tidings map")
    random, there = np.random.default_rng(0), np.flatnonzero(sheet.x != NOWHERE)
    chosen = np.resize(there, PAPERS)
    x, y = (
        np.clip(axis[chosen] + random.normal(0, 150, PAPERS), -32_000, 32_000).astype(np.int16)
        for axis in (sheet.x, sheet.y)
    )
    columns = {"topic": sheet.topic[chosen], "year": sheet.year[chosen], "source": sheet.source[chosen]}
    return replace(sheet, key=f"{sheet.key}-repeated", x=x, y=y, papers=PAPERS, **columns)


if __name__ == "__main__":
    main()
