"""Take the pictures of the README: the shipped sample archive, served and looked at in Chromium.

What trends is seen at the end of the week whose papers the sample holds; three made-up people vote and pick, and one
of them has two interests.

    python -m benchmarks.screenshots

Writes ``docs/images/*.png``, each below 200 KB.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from tests.e2e.browser import CHROMIUM, chromium, served
from tests.people_help import member, session_of
from tests.scripted import Clock
from tidings.catalog import Catalog
from tidings.catalog.periods import Period
from tidings.people import Role
from tidings.settings import Settings
from tidings.store import open_store

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
LARGEST = 200_000
EVENING = datetime(2026, 3, 27, 20, tzinfo=UTC)


INTERESTS = {"Agents that use tools": "agents that call tools", "Efficient inference": "quantisation and fast decoding"}


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
    Picture("trending", "/trending?window=week", click=".why summary"),
    Picture("trending-dark", "/trending?window=week", scheme="dark", click=".why summary"),
    Picture("trending-phone", "/trending?window=week", width=360, height=780),
    Picture("feed", "/feed"),
    Picture("feed-dark", "/feed", scheme="dark"),
    Picture("feed-phone", "/feed", width=360, height=780),
    Picture("topics", "/topics"),
    Picture("map", "/map"),
    Picture("map-dark", "/map", scheme="dark"),
    Picture("search", "/search?q=low-rank+adaptation+of+language+models"),
    Picture("search-dark", "/search?q=low-rank+adaptation+of+language+models", scheme="dark"),
    Picture("paper", "/search?q=low-rank+adaptation+of+language+models", click=".title a"),
    Picture("phone", "/search?q=diffusion+for+images", width=390, height=780),
]


def live(catalog: Catalog, clock: Clock) -> str:
    """Have people vote for what trends; return the secret of Ada's session."""
    catalog.add_sample()
    ada = member(catalog, "Ada", Role.CURATOR)
    people = [ada, member(catalog, "Grace"), member(catalog, "Alan")]
    papers = [hit.paper.key for hit in catalog.trending(Period.last("week", clock()), limit=9).page.hits]
    for number, key in enumerate(papers):
        for voter in people[: (3, 1, 0, 2, 1)[number % 5]]:
            catalog.vote(voter, key)
    catalog.pick(ada, papers[1])
    catalog.save(ada, papers[0])
    for name, words in INTERESTS.items():
        liked = [hit.paper.key for hit in catalog.search(words, limit=4).hits][1:]
        catalog.make_interest(ada, name, words=words, likes=liked)
    catalog.refit()
    catalog.draw_map()
    clock.at += timedelta(minutes=5)  # a list is kept for some seconds
    return session_of(catalog, "Ada", "Chromium")


def take(browser: Browser, site: str, picture: Picture, session: str) -> int:
    """Write one picture and return its size in bytes."""
    size = {"width": picture.width, "height": picture.height}
    context = browser.new_context(base_url=site, viewport=size, color_scheme=picture.scheme)
    context.add_cookies([{"name": "tidings", "value": session, "url": site}])
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
    clock = Clock(EVENING)
    with TemporaryDirectory() as home, Catalog(open_store(Path(home)), Settings(home=home), clock=clock) as catalog:
        session = live(catalog, clock)
        with served(catalog, catalog.settings) as site, chromium() as browser:
            for picture in PICTURES:
                size = take(browser, site, picture, session)
                print(f"{picture.name}.png {size:,} bytes")
                if size > LARGEST:
                    sys.exit(f"{picture.name}.png is larger than {LARGEST:,} bytes")


if __name__ == "__main__":
    main()
