"""Topics in Chromium: a reader looks around and follows one; a curator renames one and takes it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import CHROMIUM, chromium, contrast, served
from tests.people_help import member, session_of
from tests.topic_help import topical_house
from tests.web_people import House
from tidings.people import Role
from tidings.web.readers import cookie_name

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM} (apt install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with topical_house(tmp_path_factory.mktemp("home")) as opened:
        for name, role in (("Ada", Role.READER), ("Cora", Role.CURATOR)):
            member(opened.catalog, name, role)
        yield opened


@pytest.fixture(scope="module")
def site(made: House) -> Iterator[str]:
    with served(made.catalog, made.catalog.settings) as address:
        yield address


def signed_in(browser: Browser, made: House, site: str, name: str, *, script: bool = True) -> BrowserContext:
    context = browser.new_context(base_url=site, java_script_enabled=script)
    secret = session_of(made.catalog, name)
    context.add_cookies([{"name": cookie_name(made.catalog.settings), "value": secret, "url": site}])
    return context


def names(page: Page) -> list[str]:
    return page.locator(".topics .subject").all_inner_texts()


def test_the_tree_leads_to_a_topic_and_a_topic_to_its_neighbours(browser: Browser, site: str) -> None:
    page = browser.new_context(base_url=site).new_page()
    page.goto("/topics")
    assert {"Graph kernels", "Speech synthesis"} <= set(names(page))
    page.get_by_role("link", name="Graph kernels", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Graph kernels")
    expect(page.locator(".years")).to_be_visible()
    near = page.locator(".facts").get_by_role("link", name="Speech synthesis")
    near.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Speech synthesis")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_quiet_words_of_the_tree_can_be_read(browser: Browser, site: str, scheme: str) -> None:
    page = browser.new_context(base_url=site, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.goto("/topics")
    assert contrast(page, ".topics .subject") >= 7
    assert contrast(page, ".topics p") >= 4.5


def test_what_was_born_lately_says_between_what(browser: Browser, site: str) -> None:
    page = browser.new_context(base_url=site).new_page()
    page.goto("/topics")
    page.get_by_role("link", name="born lately: 1").click()
    born = page.locator(".births li", has_text="Image retrieval").first
    expect(born).to_contain_text("between Graph kernels and Speech synthesis")
    expect(born).to_contain_text("93 % sure")


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_reader_makes_an_interest_of_a_topic(browser: Browser, made: House, site: str, script: bool) -> None:
    page = signed_in(browser, made, site, "Ada", script=script).new_page()
    page.goto("/topics/protein-folding" if script else "/topics/speech-synthesis")
    page.get_by_role("button", name="make it an interest").click()
    page.wait_for_url("**/feed/*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Protein folding" if script else "Speech synthesis")


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_curator_renames_a_topic_and_everybody_sees_it(
    browser: Browser, made: House, site: str, script: bool
) -> None:
    page = signed_in(browser, made, site, "Cora", script=script).new_page()
    before, after = ("Graph kernels", "Kernels") if script else ("Speech synthesis", "Voices")
    page.goto("/topics")
    page.get_by_role("link", name=before, exact=True).click()
    page.get_by_label("Its name").fill(after)
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(after)
    expect(page.get_by_text("rename topic").or_(page.get_by_text("renamed topic")).first).to_be_visible()
    other = browser.new_context(base_url=site).new_page()
    other.goto("/topics")
    assert after in names(other)
    assert before not in names(other)
    page.get_by_label("Its name").fill(before)
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(before)
