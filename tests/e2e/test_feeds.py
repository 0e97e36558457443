"""Reading a feed in Chromium: liking by key and taking it back, what was on the screen is noted; and without a script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import CHROMIUM, chromium, contrast, served
from tests.interest_help import interested_house
from tests.people_help import member, session_of
from tests.web_people import House

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM} (apt install chromium)")


@dataclass(frozen=True)
class Site:
    """A served archive with readers who want to know of planets."""

    address: str
    made: House

    def likes(self, name: str) -> int:
        [account] = [each for each in self.made.store.accounts.all() if each.name == name]
        return self.made.store.interests.named(account.id, "Planets").liked  # type: ignore[union-attr]

    def showings(self, name: str) -> Any:
        [account] = [each for each in self.made.store.accounts.all() if each.name == name]
        return self.made.store.habits.all_showings(account.id)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with interested_house(tmp_path_factory.mktemp("home")) as made:
        for name in ("Ada", "Eve"):
            made.catalog.make_interest(member(made.catalog, name), "Planets", words="planet orbit telescope transit")
        with served(made.catalog, made.catalog.settings) as address:
            yield Site(address, made)


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Any]:
    """Return a function that opens the feed of somebody; afterwards no script may have failed."""
    contexts, problems = [], []

    def opened(who: str, **options: Any) -> Page:
        context = browser.new_context(base_url=site.address, viewport={"width": 1100, "height": 600}, **options)
        contexts.append(context)
        secret = session_of(site.made.catalog, who, "Chromium")
        context.add_cookies([{"name": "tidings", "value": secret, "url": site.address}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        assert page.goto("/feed?days=30").status == 200  # type: ignore[union-attr]
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def test_by_key_a_paper_is_liked_and_taken_back_and_what_was_seen_is_noted(open_page: Any, site: Site) -> None:
    page = open_page("Ada")
    outside = page.locator(".paper", has=page.get_by_text("outside your usual"))
    expect(outside).to_have_count(1)
    assert contrast(page, ".because") >= 4.5
    page.keyboard.press("j")
    page.keyboard.press("l")
    like = page.locator(".paper").first.get_by_role("button", name="like", exact=True)
    expect(like).to_have_attribute("aria-pressed", "true")
    assert site.likes("Ada") == 1
    page.keyboard.press("l")
    expect(like).to_have_attribute("aria-pressed", "false")
    assert site.likes("Ada") == 0
    outside.scroll_into_view_if_needed()
    with page.expect_request("**/feed/seen") as noted:
        page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert noted.value.response().status == 200, noted.value.post_data
    shown = site.showings("Ada")
    assert 1 in {each.place for each in shown}
    assert 0 < len(shown) < page.locator(".paper").count()


def test_without_a_script_a_feed_is_read_liked_and_seen_by_its_forms(open_page: Any, site: Site) -> None:
    page = open_page("Eve", java_script_enabled=False)
    count = page.locator(".paper").count()
    page.get_by_role("button", name="I have seen these").click()
    shown = site.showings("Eve")
    assert len(shown) == count
    assert [each.chance is None for each in shown].count(False) == 1
    first = page.locator(".paper").first.locator(".title a").get_attribute("href")
    like = page.locator(".paper", has=page.locator(f'.title a[href="{first}"]')).get_by_role(
        "button", name="like", exact=True
    )
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    assert site.likes("Eve") == 1
    like.click()
    expect(like).to_have_attribute("aria-pressed", "false")
    assert site.likes("Eve") == 0
    site.made.clock.at += timedelta(hours=13)
    page.goto("/feed?days=30")
    expect(page.locator(".head")).to_contain_text(f"{count} you saw")
