"""The map: how many neighbours a layout keeps and what it costs, beside UMAP; how it moves in a browser.

python -m benchmarks.map layout FILE.npy     vectors (n, d) of real papers; UMAP where it is installed
python -m benchmarks.map frames HOME         a home whose map is drawn; its points are repeated up to 350,000
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

import tidings
from benchmarks.tables import table
from tests.e2e.browser import chromium, served
from tests.e2e.test_map import WITHOUT_GRAPHICS
from tidings.rank.layout import beginning, lay_out
from tidings.rank.topics.fit import leaf_count
from tidings.rank.topics.groups import grouped, neighbours, seeds
from tidings.rank.topics.space import points, space_of
from tidings.types import NOWHERE

PAPERS, _NEAR, _ASKED = 350_000, 15, 1_500

PANNING = """() => new Promise((done) => {
  const canvas = document.querySelector(".map canvas"), times = [];
  const at = (kind, x) => canvas.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, button: 0, bubbles: true, clientX: canvas.getBoundingClientRect().left + x, clientY: 400 }));
  canvas.setPointerCapture = () => {};
  at("pointerdown", 600);
  const turn = (now) => {
    times.push(now);
    at("pointermove", 600 + 200 * Math.sin(times.length / 15));
    if (times.length < 150) requestAnimationFrame(turn);
    else { at("pointerup", 600); done(times.slice(31).map((time, n) => time - times[n + 30])); }
  };
  requestAnimationFrame(turn);
})"""


def layout(path: Path) -> None:
    """Print what a layout of these vectors keeps and costs."""
    vectors, random = np.load(path), np.random.default_rng(0)
    where = points(space_of(vectors), vectors)
    near, _ = neighbours(where, _NEAR, random)
    sample = where[:: max(1, len(where) // 20_000)]
    group, centres = grouped(where, grouped(sample, seeds(sample, leaf_count(len(where)), random))[1], 3)
    started = time.process_time()
    ours = lay_out(beginning(where, group, centres), near)
    rows = [("ours", *_judged(ours, where, near), time.process_time() - started, _megabytes())]
    print(table(("layout", "15 nearest kept", "trustworthiness", "CPU s", "peak MB"), rows))


def _judged(places: NDArray[np.float32], where: NDArray[np.float32], near: NDArray[np.int32]) -> tuple[float, float]:
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
        rank = [(cosine > cosine[one]).sum() + 1 for one in seen]
        penalty += float(np.maximum(np.array(rank) - _NEAR, 0).sum())
    scale = 2 / (len(asked) * _NEAR * (2 * count - 3 * _NEAR - 1))
    return kept / (_NEAR * len(asked)), 1 - scale * penalty


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def frames(home: Path) -> None:
    """Print how long the first paint and each frame take while panning, by WebGL and by pixels."""
    rows = []
    with tidings.open(home) as catalog, served(catalog, catalog.settings) as site, chromium() as browser:
        body = _repeated(catalog)
        for way, script in (("WebGL", ""), ("pixels", WITHOUT_GRAPHICS)):
            page = browser.new_context(base_url=site, viewport={"width": 1280, "height": 860}).new_page()
            page.route("**/map/points*", lambda route: route.fulfill(body=body))
            page.add_init_script(script)
            rows.append((way, *_measured(page)))
    print(table(("drawn by", "first paint ms", "all points ms", "median frame ms", "95 % ms", "frames/s"), rows))


def _measured(page: Page) -> tuple[float, ...]:
    page.goto("/map")
    page.wait_for_selector(".atlas[data-shown]")
    shown = page.evaluate("performance.now()")
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    took = np.array(page.evaluate(PANNING))
    return first, shown, float(np.median(took)), float(np.quantile(took, 0.95)), float(1000 / took.mean())


def _repeated(catalog: tidings.Catalog) -> bytes:
    """Return the points of a map as often as 350,000 take, each time a little moved."""
    sheet, random = catalog.map_sheet(), np.random.default_rng(0)
    if sheet is None:
        sys.exit("draw the map first: tidings map")
    there = np.flatnonzero(sheet.x != NOWHERE)
    chosen = np.resize(there, PAPERS)
    x, y = (
        np.clip(axis[chosen] + random.normal(0, 150, PAPERS), -32_000, 32_000).astype("<i2")
        for axis in (sheet.x, sheet.y)
    )
    arrays = (x, y, sheet.topic[chosen].astype("<u2"), sheet.year[chosen], sheet.source[chosen])
    return b"".join(array.tobytes() for array in arrays)


if __name__ == "__main__":
    {"layout": layout, "frames": frames}[sys.argv[1]](Path(sys.argv[2]))
