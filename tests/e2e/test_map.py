"""The map in Chromium: looking around by hand and by key, marking, drawing around papers; and without a script."""

from __future__ import annotations

import re
from base64 import b64encode
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
WITH_GRAPHICS = """
const told = WebGL2RenderingContext.prototype.getParameter;
WebGL2RenderingContext.prototype.getParameter = function (name) {
  return name === 0x9246 || name === this.RENDERER ? "a graphics card" : told.call(this, name);
};
"""
"""Lets the page take WebGL although the processor draws it here."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    records = [record(number, year=2020 + number % 4) for number in range(1, 81)]
    with topical_house(tmp_path_factory.mktemp("home"), records) as made:
        made.catalog.draw_map()
        with served(made.catalog, made.catalog.settings) as address:
            yield address


@pytest.fixture(params=["graphics", "pixels"])
def page(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Page]:
    """The map, opened with WebGL and without; an error of its script fails the test."""
    opened = browser.new_context(base_url=site, viewport={"width": 1100, "height": 800}).new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.add_init_script(WITH_GRAPHICS if request.param == "graphics" else WITHOUT_GRAPHICS)
    opened.goto("/map")
    opened.wait_for_selector('.atlas[data-shown="80"]')
    yield opened
    assert errors == []


def test_graphics_that_the_processor_would_draw_are_not_taken(browser: Browser, site: str) -> None:
    page = browser.new_context(base_url=site).new_page()
    page.goto("/map")
    page.wait_for_selector(".atlas[data-shown]")
    drawn_by = "document.querySelector('.map canvas').getContext('webgl2') ? 'graphics' : 'pixels'"
    assert page.evaluate(drawn_by) == "pixels"


def test_keys_and_buttons_come_nearer_and_go_back(page: Page) -> None:
    canvas = page.locator(".map canvas")
    canvas.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r",1\.50$"))
    page.get_by_role("button", name="all").click()
    expect(page).to_have_url(re.compile(r",1\.00$"))


PLACES = """async () => {
    const { points, edge } = document.querySelector(".atlas").dataset;
    const buffer = await (await fetch(points)).arrayBuffer(), rows = buffer.byteLength / 8;
    const { left, top, width, height } = document.querySelector(".map canvas").getBoundingClientRect();
    const [x, y] = [new Int16Array(buffer, 0, rows), new Int16Array(buffer, 2 * rows, rows)];
    const scale = Math.min(width, height) / (2 * edge);
    return [...x.keys()].filter((row) => x[row] !== -32768)
        .map((row) => [left + width / 2 + x[row] * scale, top + height / 2 - y[row] * scale]);
}"""
"""Where papers stand on the screen."""


def test_pointing_tells_the_title_and_a_click_opens_the_paper(page: Page) -> None:
    [(x, y), *_] = page.evaluate(PLACES)
    page.mouse.move(x, y)
    expect(page.locator(".tip")).to_contain_text("Careful")
    expect(page.locator("canvas.over")).to_be_visible()
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


def painted(page: Page) -> int:
    """Return how many pixels of the map have a colour, as somebody sees them."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.locator(".marks").evaluate("(names) => (names.hidden = true)")
    shown = page.locator(".map").screenshot()
    return int(
        page.evaluate(
            """async (picture) => {
                const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
                const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
                const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
                canvas.drawImage(image, 0, 0);
                const { data } = canvas.getImageData(4, 4, image.width - 8, image.height - 8);
                let count = 0;
                for (let n = 0; n < data.length; n += 4) {
                    const [least, most] = [Math.min(...data.slice(n, n + 3)), Math.max(...data.slice(n, n + 3))];
                    if (most - least > 40) count++;
                }
                return count;
            }""",
            b64encode(shown).decode(),
        )
    )


def test_papers_are_drawn_and_years_can_be_chosen(page: Page) -> None:
    every = painted(page)
    assert every > 80
    page.get_by_label("from").select_option("2022")
    page.get_by_label("to", exact=True).select_option("2022")
    some = painted(page)
    assert 0.1 * every < some < 0.5 * every  # a quarter of the papers
    page.get_by_label("from").select_option("")
    page.get_by_label("to", exact=True).select_option("")
    assert painted(page) == every


def test_without_a_script_there_is_a_picture_and_links(browser: Browser, site: str) -> None:
    page = browser.new_context(base_url=site, java_script_enabled=False).new_page()
    page.goto("/map")
    picture = page.locator(".still img")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box is not None
    assert box["width"] > 200
    expect(page.locator(".atlas")).to_be_hidden()
    page.get_by_role("link", name="Graph kernels").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Graph kernels")


def test_a_day_as_a_grid_says_titles_by_mouse_and_by_key(browser: Browser, site: str) -> None:
    page = browser.new_context(base_url=site, java_script_enabled=False).new_page()
    page.goto("/papers/date/grid")
    cells = page.locator(".grid a")
    expect(cells).to_have_count(80)
    seen = "(cell) => getComputedStyle(cell.querySelector('span')).clipPath === 'none'"
    cells.nth(12).hover()
    assert [cells.nth(place).evaluate(seen) for place in (11, 12)] == [False, True]
    page.keyboard.press("Tab")
    cells.nth(30).focus()
    page.keyboard.press("Tab")
    assert cells.nth(31).evaluate(seen)
    cells.nth(31).click()
    page.wait_for_url("**/paper/arxiv:2603.*")


@pytest.mark.parametrize("address", ["/map", "/papers/date/grid", "/topics", "/topics/3", "/topics/emerging"])
def test_nothing_scrolls_sideways_on_a_phone(browser: Browser, site: str, address: str) -> None:
    page = browser.new_context(base_url=site, viewport={"width": 360, "height": 760}).new_page()
    page.goto(address)
    if address == "/map":
        page.wait_for_selector(".atlas[data-shown]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".places").evaluate("(places) => places.offsetHeight") < 40  # in one line
