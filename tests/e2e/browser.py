"""A served archive and the browser that looks at it, for the tests and for the screenshots."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from tidings.catalog import Catalog
from tidings.settings import Settings
from tidings.web.app import create_app

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the system's Chromium; the browser that Playwright would download is not needed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def served(catalog: Catalog, settings: Settings | None = None) -> Iterator[str]:
    """Yield the address at which a catalog is served on a free port."""
    app = create_app(catalog, settings or Settings())
    config = uvicorn.Config(app, port=0, log_level="warning", proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server stopped before it started")
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def contrast(page: Page, selector: str, ground: str = "body") -> float:
    """Return how far the first such text stands out from what lies beneath it, 1 to 21 (WCAG 2.2, section 1.4.3)."""
    return float(
        page.evaluate(
            """([selector, ground]) => {
                const channel = value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
                const luminance = colour => {
                    const [r, g, b] = colour.match(/[\\d.]+/g).map(value => channel(value / 255));
                    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                };
                const ink = luminance(getComputedStyle(document.querySelector(selector)).color);
                const paper = luminance(getComputedStyle(document.querySelector(ground)).backgroundColor);
                return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
            }""",
            [selector, ground],
        )
    )
