"""The map in Chromium: looking around by hand and by key, marking, drawing around papers; and without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import CHROMIUM, chromium, served
from tests.lively_help import record
from tests.topic_help import topical_house

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM} (apt install chromium)")

WITHOUT_GRAPHICS = """
const usual = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind === "webgl2" ? null : usual.call(this, kind, ...more);
};
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with topical_house(tmp_path_factory.mktemp("home"), [record(number) for number in range(1, 81)]) as made:
        made.catalog.draw_map()
        with served(made.catalog, made.catalog.settings) as address:
            yield address


@pytest.fixture(params=["graphics", "pixels"])
def page(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Page]:
    """The map, opened with WebGL and without; an error of its script fails the test."""
    opened = browser.new_context(base_url=site, viewport={"width": 1100, "height": 800}).new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    if request.param == "pixels":
        opened.add_init_script(WITHOUT_GRAPHICS)
    opened.goto("/map")
    opened.wait_for_selector('.atlas[data-shown="80"]')
    yield opened
    assert errors == []


def test_keys_and_buttons_come_nearer_and_go_back(page: Page) -> None:
    canvas = page.locator(".map canvas")
    canvas.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r",1\.50$"))
    page.get_by_role("button", name="all").click()
    expect(page).to_have_url(re.compile(r",1\.00$"))


def test_pointing_tells_the_title_and_a_click_opens_the_paper(page: Page) -> None:
    box = page.locator(".map canvas").bounding_box()
    assert box is not None
    tip = page.locator(".tip")
    places = [(x, y) for y in range(20, int(box["height"]), 8) for x in range(20, int(box["width"]), 16)]
    for x, y in places:
        page.mouse.move(box["x"] + x, box["y"] + y)
        if page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame("
            "() => done(document.querySelector('canvas.over') !== null))))"
        ):
            break
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("Careful")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**/paper/arxiv:2603.*")


def test_words_mark_papers_and_lead_to_the_list(page: Page) -> None:
    page.get_by_label("Words to mark papers by").fill("graph kernels")
    page.get_by_role("button", name="mark", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("papers marked")
    expect(page.get_by_role("link", name="See them as a list")).to_have_attribute("href", "/search?q=graph%20kernels")


def test_a_line_around_papers_makes_an_interest(page: Page) -> None:
    page.get_by_role("button", name="draw around papers").click()
    box = page.locator(".map canvas").bounding_box()
    assert box is not None
    left, top, right, low = box["x"] + 4, box["y"] + 4, box["x"] + box["width"] - 4, box["y"] + box["height"] - 4
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, low), (left, low)):
        page.mouse.move(x, y)
    page.mouse.up()
    expect(page.get_by_role("status")).to_contain_text("80 papers within the line")
    link = page.get_by_role("link", name="Make an interest of them").get_attribute("href")
    assert link is not None
    assert link.startswith("/interests?like=arxiv:2603.")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_map_fits_its_window(browser: Browser, site: str, width: int) -> None:
    page = browser.new_context(base_url=site, viewport={"width": width, "height": 760}).new_page()
    page.goto("/map")
    page.wait_for_selector(".atlas[data-shown]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
