"""Signing in and looking after accounts, in Chromium: without JavaScript, by keyboard, on a phone, in both schemes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import tidings
from tests.e2e.browser import CHROMIUM, chromium, served
from tests.mail_server import HOST, Inbox, mail_server
from tests.web_people import PASSWORD, link_in
from tidings.catalog import Catalog
from tidings.people import Role
from tidings.settings import Settings

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM} (apt install chromium)")

ADA, ROOT = "ada@lab.example", "root@lab.example"


@dataclass(frozen=True)
class Site:
    """A served installation with two members, and everybody's inbox."""

    address: str
    catalog: Catalog
    inbox: Inbox

    def secret(self, email: str) -> str:
        return self.catalog.sign_in(self.catalog.sign_in_letter(email).secret, "Chromium")

    def mailed_link(self, already: int) -> str:
        """Return the link of the mail that comes after so many; it leaves once the page is out."""
        until = time.monotonic() + 30
        while len(self.inbox.raw) <= already and time.monotonic() < until:
            time.sleep(0.05)
        return link_in(self.inbox)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with mail_server() as inbox:
        mail = {"host": HOST, "port": inbox.port, "security": "none", "sender": "tidings@lab.example"}
        settings = Settings(home=tmp_path_factory.mktemp("home"), mail=mail)
        with tidings.catalog.open(settings=settings) as catalog:
            catalog.catch_up()
            catalog.add_account(ROOT, "Root", Role.ADMIN)
            catalog.add_account(ADA, "Ada", Role.READER)
            with served(catalog, settings) as address:
                yield Site(address, catalog, inbox)


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Any]:
    """Return a function that opens a page, signed in where it is told as whom; afterwards none may have complained."""
    contexts, problems = [], []

    def opened(who: str | None = None, **options: Any) -> Page:
        context = browser.new_context(base_url=site.address, **options)
        contexts.append(context)
        if who is not None:
            context.add_cookies([{"name": "tidings", "value": site.secret(who), "url": site.address}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def test_a_mailed_link_lets_one_in_and_out_again_without_javascript(open_page: Any, site: Site) -> None:
    page, already = open_page(java_script_enabled=False, viewport={"width": 360, "height": 800}), len(site.inbox.raw)
    page.goto("/help")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Your e-mail address").first.fill(ADA)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    page.goto(site.mailed_link(already))
    expect(page.locator("main")).to_contain_text(f"signs you in as {ADA}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Help")
    page.get_by_role("link", name="Ada", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_password_by_the_keyboard_goes_to_the_right_form(open_page: Any, site: Site) -> None:
    page = open_page(ADA)
    page.goto("/account")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("Once more").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in?next=/account")
    sent = len(site.inbox.raw)
    page.get_by_text("With a password").click()
    page.get_by_label("Your e-mail address").nth(1).fill(ADA)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")
    expect(page.get_by_text("(here)")).to_be_visible()
    assert len(site.inbox.raw) == sent


def test_a_token_is_made_copied_and_revoked(open_page: Any) -> None:
    page = open_page(ADA)
    page.goto("/account")
    page.get_by_label("What it is for").fill("a script")
    page.get_by_role("checkbox", name="vote vote").check()
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator(".secret")).to_contain_text("tidings_")
    page.get_by_role("link", name="Back to your account").click()
    expect(page.locator("table").last).to_contain_text("read, vote")
    page.get_by_role("button", name="revoke").click()
    expect(page.get_by_text("a script")).to_have_count(0)


def test_an_administrator_invites_somebody_who_joins(open_page: Any, site: Site) -> None:
    root, already = open_page(ROOT), len(site.inbox.raw)
    root.goto("/members")
    root.get_by_label("Invite somebody").fill("guest@lab.example")
    root.get_by_label("as", exact=True).select_option("curator")
    root.get_by_role("button", name="Invite").click()
    expect(root.locator("main")).to_contain_text("A mail is on its way")
    guest = open_page()
    guest.goto(site.mailed_link(already))
    guest.get_by_role("button", name="Sign in").click()
    guest.goto("/audit")
    expect(guest.locator("tbody tr").first).to_contain_text("joined as account")
    root.goto("/members")
    row = root.get_by_role("row").filter(has_text="guest@lab.example")
    row.get_by_role("button", name="keep out").click()
    expect(root.get_by_role("row").filter(has_text="guest@lab.example")).to_contain_text("kept out")
    guest.goto("/audit")
    expect(guest.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_another_site_changes_nothing_and_no_script_reads_the_cookie(open_page: Any, site: Site) -> None:
    page = open_page()
    page.goto(f"/sign-in/link/{site.catalog.sign_in_letter(ADA).secret}?next=/account")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ada")
    assert page.evaluate("document.cookie") == ""
    page.goto("about:blank")
    page.set_content(
        f'<form method="post" action="{site.address}/account"><input name="name" value="Mallory"><button>x</button></form>'
    )
    page.get_by_role("button").click()
    expect(page.locator("body")).to_contain_text("came from another site")
    page.goto("/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ada")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_accounts_scrolls_sideways(open_page: Any, width: int, scheme: str) -> None:
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    nobody, root = open_page(**options), open_page(ROOT, **options)
    for page, addresses in (
        (nobody, ("/sign-in", "/sign-in/link/used-up")),
        (root, ("/account", "/members", "/audit", "/sign-in")),
    ):
        for address in addresses:
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.fixture(scope="module")
def personal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = Settings(home=tmp_path_factory.mktemp("personal"))
    with tidings.catalog.open(settings=settings) as catalog:
        catalog.catch_up()
        with served(catalog, settings) as address:
            yield address


def test_on_ones_own_machine_nobody_signs_in(browser: Browser, personal: str) -> None:
    page = browser.new_page()
    page.goto(f"{personal}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Owner")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Ada", exact=True)).to_be_visible()
    page.goto(personal.replace("127.0.0.1", "localhost") + "/members")
    expect(page.get_by_role("heading", level=1)).to_have_text("Members")
    page.close()
