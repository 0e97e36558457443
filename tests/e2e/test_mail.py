"""Digests in Chromium: mails on a phone and a desktop in both schemes; subscribing and leaving with and without a script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

import tidings
from tests.digest_help import LINKS, NOW, SENTENCE, digest, settings, story
from tests.e2e.archive import open_archive
from tests.e2e.browser import CHROMIUM, chromium, served
from tests.mail_server import HOST, Inbox, mail_server
from tidings.catalog import Catalog
from tidings.digest.compose import compose, text_of
from tidings.digest.links import CONFIRM, LEAVE, LIKE, Claim, Linker
from tidings.people import Role
from tidings.settings import Settings
from tidings.types import FieldChange, Pace

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM} (apt install chromium)")

WIDTHS, SCHEMES = (360, 800), ("light", "dark")
BOB, ADA, ROOT = "bob@elsewhere.example", "ada@lab.example", "root@lab.example"


@dataclass(frozen=True)
class Site:
    """A served installation that sends mail."""

    address: str
    catalog: Catalog
    inbox: Inbox

    def link(self, purpose: str, subscription: int, paper: int = 0) -> str:
        linker = Linker.of(self.catalog.settings)
        place = linker.link(Claim(purpose, subscription, 1, paper, datetime.now(UTC).date()))
        return self.address + urlsplit(place).path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("mail")
    open_archive(home).close()
    with mail_server() as inbox:
        mail = {"host": HOST, "port": inbox.port, "security": "none", "sender": "tidings@lab.example"}
        chosen = Settings(home=home / "home", mail=mail)
        with tidings.catalog.open(settings=chosen) as catalog:
            catalog.add_account(ROOT, "Root", Role.ADMIN)
            catalog.add_account(ADA, "Ada", Role.READER)
            with served(catalog, chosen) as address:
                yield Site(address, catalog, inbox)


def opened(browser: Browser, **options: Any) -> Page:
    return browser.new_context(**{"viewport": {"width": 360, "height": 800}, **options}).new_page()


def signed_in(site: Site, page: Page, email: str) -> None:
    secret = site.catalog.sign_in(site.catalog.sign_in_letter(email).secret, "Chromium")
    page.context.add_cookies([{"name": "tidings", "value": secret, "url": site.address}])


def mail_of(count: int) -> str:
    change = FieldChange("abstract", "We try.", f"We try. {SENTENCE}")
    told = [story(n, is_outside=n == count, changes=(change,) if n == 2 else ()) for n in range(1, count + 1)]
    hostile = story(count + 1, title="averyveryverylongword" * 12, reason="w" * 200, gist="https://" + "a" * 200)
    return text_of(compose(digest([*told, hostile]), settings(), LINKS, NOW), "html")


CONTRAST = """() => {
  const numbers = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = numbers(color).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  const worst = [...document.querySelectorAll("p, h1, h2, a, span")].filter((e) => e.textContent.trim()).map((e) => {
    const ink = luminance(getComputedStyle(e).color);
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  });
  return Math.min(...worst);
}"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_mail_is_one_readable_column(browser: Browser, width: int, scheme: str) -> None:
    page = opened(browser, viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(mail_of(5))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) > 5.5
    body = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert body == ("rgb(251, 248, 241)" if scheme == "light" else "rgb(21, 20, 18)")
    widest = page.evaluate("Math.max(...[...document.querySelectorAll('p, h2')].map((e) => e.offsetWidth))")
    assert widest <= 600
    assert asked == [], "a mail loads nothing"


def test_a_mail_is_readable_where_styles_of_the_head_are_dropped(browser: Browser) -> None:
    page = opened(browser)
    page.set_content(mail_of(3).replace("<style>", "<style media='not all'>"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(CONTRAST) > 5.5


@pytest.mark.parametrize("scripted", [True, False])
def test_a_stranger_subscribes_confirms_and_leaves(site: Site, browser: Browser, scripted: bool) -> None:
    address = f"{scripted}-{BOB}".lower()
    page = opened(browser, java_script_enabled=scripted, timezone_id="Asia/Tokyo", locale="en-GB")
    page.goto(f"{site.address}/search?q=sampling")
    page.get_by_role("button", name="by mail").click()
    page.get_by_label("Your address").fill(address)
    page.get_by_label("How often").select_option("0")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    [subscription] = [each for each in site.catalog.all_subscriptions() if each.address == address]
    assert (subscription.subject, subscription.weekday) == ("sampling", 0)
    assert subscription.zone == ("Asia/Tokyo" if scripted else "UTC")
    page.goto(site.link(CONFIRM, subscription.id))
    page.get_by_role("button", name="Yes, send it").click()
    expect(page.get_by_role("heading", name="It is on its way")).to_be_visible()
    page.get_by_role("link", name="Change when").click()
    page.get_by_label("Papers at most").fill("3")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("status")).to_contain_text("at most 3 papers")
    page.goto(site.link(LEAVE, subscription.id))
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You get no more of it")).to_be_visible()
    assert site.catalog.link_subscription(subscription.id).state == "left"


def test_a_member_likes_from_the_mail_and_previews_the_next(site: Site, browser: Browser) -> None:
    subscription = site.catalog.add_subscription(ADA, "trending", "", Pace(most=5))
    paper = site.catalog.newest(limit=1).hits[0].paper
    page = opened(browser)
    page.goto(site.link(LIKE, subscription.id, paper.id))
    page.get_by_role("button", name="Like it").click()
    expect(page.get_by_role("status")).to_contain_text("learnt")
    page = opened(browser, viewport={"width": 1200, "height": 900})
    signed_in(site, page, ADA)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{site.address}/subscriptions/{subscription.id}/preview")
    frame = page.frame_locator("iframe.mail")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Trending")
    assert frame.locator("h1").evaluate("(e) => getComputedStyle(e).fontSize") == "22px", "its styles hold"
    assert errors == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_fit(site: Site, browser: Browser, width: int) -> None:
    subscription = site.catalog.add_subscription(ADA, "search", "w" * 200, Pace())
    page = opened(browser, viewport={"width": width, "height": 800})
    signed_in(site, page, ADA)
    mine = f"/subscriptions/{subscription.id}"
    for place in ("/subscribe?kind=trending", "/subscriptions", mine, f"{mine}/preview"):
        page.goto(site.address + place)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
        unnamed = page.locator("main :is(input, select):not([type=hidden])").evaluate_all(
            "(all) => all.filter((e) => !e.labels.length).map((e) => e.name)"
        )
        assert unnamed == []
    for purpose in (CONFIRM, LEAVE, "change", "pause"):
        page.goto(site.link(purpose, subscription.id))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, purpose
