"""What a reader does, in Chromium: by keyboard, without JavaScript, on a phone, in both schemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.e2e.archive import CHANGED, CROWDED, FIRST_DAY, FORMULA, HOSTILE, open_archive
from tests.e2e.browser import CHROMIUM, chromium, contrast, served

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM} (apt install chromium)")

PAGES = [
    "/",
    "/search?q=careful+sampling",
    "/search?q=alert",
    "/search?q=collaboration+measured",
    "/search?q=sampling+year:1907",
    f"/similar?id={FORMULA}",
    f"/paper/{HOSTILE}",
    f"/paper/{FORMULA}",
    f"/paper/{CROWDED}",
    f"/paper/{CHANGED}",
    f"/papers/date/{FIRST_DAY}",
    "/papers/date/1999-01-01",
    "/help",
    "/status",
    "/about",
    "/api",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with open_archive(tmp_path_factory.mktemp("e2e")) as catalog, served(catalog) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Any]:
    """Return a function that opens a fresh page; afterwards no page may have complained or left our host."""
    contexts, problems = [], []

    def watch(response: Response) -> None:
        if not response.url.startswith(site):
            problems.append(f"asked {response.url}")

    def opened(**options: Any) -> Page:
        context = browser.new_context(base_url=site, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("response", watch)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways_complains_or_asks_another_host(open_page: Any, width: int, scheme: str) -> None:
    page = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    for address in PAGES:
        response = page.goto(address)
        assert response is not None
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_a_search_without_javascript(open_page: Any) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page.goto("/")
    page.get_by_role("searchbox").fill("protein folding")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("paper")
    page.get_by_role("link", name="cs.LG", exact=True).click()
    expect(page.get_by_role("searchbox")).to_have_value("protein folding category:cs.LG")
    page.locator(".more summary").first.click()
    expect(page.locator(".more").first).to_have_attribute("open", "")
    page.locator(".title a").first.click()
    expect(page.get_by_role("heading", name="Similar papers")).to_be_visible()


def test_citing_without_javascript(open_page: Any) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/search?q=protein")
    page.get_by_role("link", name="cite").first.click()
    expect(page.locator("body")).to_contain_text("author")
    page.goto(f"/paper/{FORMULA}")
    expect(page.locator("#cite pre")).to_be_hidden()
    page.get_by_role("button", name="cite").first.click()
    expect(page.locator("#cite pre")).to_contain_text("author")


def test_a_search_with_keys_alone(open_page: Any) -> None:
    page = open_page()
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("speech synthesis")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=speech*")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator(".title a").nth(1)
    expect(second).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(".title a").nth(0)).to_be_focused()
    page.keyboard.press("e")
    expect(page.locator(".why").nth(0)).to_have_attribute("open", "")
    expect(page.locator(".why").nth(1)).not_to_have_attribute("open", "")
    page.keyboard.press("c")
    expect(page.locator("#citation pre")).to_contain_text("author")
    page.keyboard.press("Escape")
    expect(page.locator("#citation")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("?")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url("**/paper/*")


def test_days_turn_with_brackets(open_page: Any) -> None:
    page = open_page()
    page.goto(f"/papers/date/{FIRST_DAY}")
    page.keyboard.press("]")
    page.wait_for_url("**/papers/date/2025-03-18")
    page.keyboard.press("[")
    page.wait_for_url(f"**/papers/date/{FIRST_DAY}")


def test_keys_stay_out_of_the_search_box(open_page: Any) -> None:
    page = open_page()
    page.goto("/")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("searchbox").type("joke?")
    expect(page.get_by_role("searchbox")).to_have_value("joke?")


def test_the_box_grows_for_a_pasted_abstract_and_posts_a_very_long_one(open_page: Any) -> None:
    page = open_page()
    page.goto("/")
    text = "We study careful sampling for image retrieval.\n" * 200
    page.get_by_role("searchbox").focus()
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )
    expect(page.locator("textarea[name=q]")).to_have_value(text)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.endswith("/search"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("papers")
    page.get_by_role("button", name="next →").click()
    expect(page.locator(".pages")).to_contain_text("page 2")


def test_theme_and_density_are_remembered_before_the_first_paint(open_page: Any) -> None:
    page = open_page(color_scheme="light")
    page.goto("/")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="dark").click()
    page.get_by_role("button", name="titles").click()
    page.goto("/search?q=sampling", wait_until="commit")
    page.wait_for_selector(".paper")
    assert page.evaluate(background) != light
    expect(page.locator(".abstract").first).to_be_hidden()
    page.get_by_role("button", name="full").click()
    page.get_by_role("button", name="system").click()
    assert page.evaluate(background) == light
    expect(page.locator(".abstract").first).to_be_visible()


def test_a_long_abstract_closes_after_eight_lines_and_opens_in_place(open_page: Any) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.goto("/search?q=%22part+13%22")
    abstract = page.locator(".abstract").first
    lines = "element => Math.round(element.clientHeight / parseFloat(getComputedStyle(element).lineHeight))"
    assert abstract.evaluate(lines) == 8
    page.locator(".more summary").first.click()
    assert abstract.evaluate(lines) > 8


def test_nothing_moves_while_a_page_loads(open_page: Any) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(
        """window.moved = 0; new PerformanceObserver(list => {
            for (const entry of list.getEntries()) window.moved += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    for address in ("/search?q=sampling", f"/papers/date/{FIRST_DAY}", f"/paper/{FORMULA}"):
        page.goto(address)
        page.wait_for_timeout(200)
        assert page.evaluate("window.moved") < 0.0001  # a line that moves by its height is over .001


def test_what_changed_opens_without_javascript_and_is_told_to_those_who_listen(open_page: Any) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"/paper/{CHANGED}")
    expect(page.get_by_text("Sampling cheaply and well").last).to_be_visible()
    expect(page.locator(".changes details del").first).to_be_hidden()
    page.get_by_text("1 earlier").click()
    expect(page.locator(".changes details del").first).to_be_visible()
    heard = page.locator("section[aria-labelledby=changed]").aria_snapshot()
    assert "added: and well" in heard
    assert "removed: 12" in heard


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_the_paper(open_page: Any, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    page.goto("/search?q=sampling")
    assert contrast(page, ".abstract") >= 7
    assert contrast(page, ".byline") >= 4.5
    assert contrast(page, ".actions a") >= 4.5
    assert contrast(page, ".place") >= 4.5
    page.goto(f"/paper/{CHANGED}")
    assert contrast(page, "ins", "ins") >= 7
    assert contrast(page, "del", "del") >= 4.5
