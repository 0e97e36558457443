"""Take the pictures of the README: the shipped sample archive, served and looked at in Chromium.

    python -m benchmarks.screenshots

Writes ``docs/images/*.png``, each below 200 KB.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

import tidings
from tests.e2e.browser import CHROMIUM, chromium, served

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
LARGEST = 200_000


@dataclass(frozen=True, slots=True)
class Picture:
    """One page, and the window it is seen through."""

    name: str
    address: str
    scheme: str = "light"
    width: int = 1280
    height: int = 860
    click: str = ""


PICTURES = [
    Picture("search", "/search?q=low-rank+adaptation+of+language+models"),
    Picture("search-dark", "/search?q=low-rank+adaptation+of+language+models", scheme="dark"),
    Picture("paper", "/search?q=low-rank+adaptation+of+language+models", click=".title a"),
    Picture("phone", "/search?q=diffusion+for+images", width=390, height=780),
]


def take(browser: Browser, site: str, picture: Picture) -> int:
    """Write one picture and return its size in bytes."""
    size = {"width": picture.width, "height": picture.height}
    context = browser.new_context(base_url=site, viewport=size, color_scheme=picture.scheme)
    page = context.new_page()
    page.goto(picture.address)
    page.reload()  # the very first search loads the encoder, and would show how long that takes
    if picture.click:
        page.locator(picture.click).first.click()
        page.wait_for_load_state()
    path = FOLDER / f"{picture.name}.png"
    page.screenshot(path=str(path))
    context.close()
    return path.stat().st_size


def main() -> None:
    """Take all pictures; stops with a message where there is no browser or a picture is too large."""
    if not CHROMIUM.exists():
        sys.exit(f"no browser at {CHROMIUM} (apt install chromium)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as home, tidings.open(home) as catalog:
        catalog.add_sample()
        with served(catalog) as site, chromium() as browser:
            for picture in PICTURES:
                size = take(browser, site, picture)
                print(f"{picture.name}.png {size:,} bytes")
                if size > LARGEST:
                    sys.exit(f"{picture.name}.png is larger than {LARGEST:,} bytes")


if __name__ == "__main__":
    main()
