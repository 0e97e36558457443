"""Reading what trends, voting, keeping shelves and curating, in Chromium: with a script and without, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.e2e.browser import CHROMIUM, chromium, contrast, served
from tests.lively_help import TODAY, YESTERDAY, lively_house, paper_id, record, some_papers
from tests.people_help import member, session_of
from tests.web_people import House
from tidings.people import Role

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM} (apt install chromium)")

PAGES = [
    "/",
    "/trending?window=week&category=cs.LG",
    "/trending?by=here",
    f"/papers/date/{TODAY}",
    "/papers/week/2026-W10",
    "/papers/month/2026-03",
    f"/paper/{paper_id(2)}",
    f"/paper/{paper_id(2)}/save",
    "/shelves",
    "/shelves/1",
    "/lab",
    "/submit",
    "/help",
]


@dataclass(frozen=True)
class Site:
    """A served installation with a reader and a curator."""

    address: str
    made: House

    def votes(self, number: int) -> int:
        paper = self.made.catalog.paper(paper_id(number))
        return self.made.catalog.standings([paper])[paper.id].votes


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    long = [record(number, abstract="We look at it again and find the same as before. " * 30) for number in (21, 22)]
    with lively_house(tmp_path_factory.mktemp("home"), [*some_papers(), *long]) as made:
        ada = member(made.catalog, "Ada")
        made.catalog.put(ada, made.catalog.make_shelf(ada, "Seminar", "lab").id, paper_id(4), "before we meet " * 9)
        member(made.catalog, "Grace", Role.CURATOR)
        made.catalog.put(ada, made.catalog.make_shelf(ada, "Reading group").id, paper_id(3), "for Tuesday")
        with served(made.catalog, made.catalog.settings) as address:
            yield Site(address, made)


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Any]:
    """Return a function that opens a page, signed in where it is told as whom; afterwards none may have complained."""
    contexts, problems = [], []

    def opened(who: str | None = None, **options: Any) -> Page:
        context = browser.new_context(base_url=site.address, **options)
        contexts.append(context)
        if who is not None:
            secret = session_of(site.made.catalog, who, "Chromium")
            context.add_cookies([{"name": "tidings", "value": secret, "url": site.address}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if _complains(said) else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def _complains(said: ConsoleMessage) -> bool:
    """Tell whether something is wrong; Chromium also notes each form that was answered with 400 on purpose."""
    return said.type == "error" and "status of 400" not in said.text


def shown(page: Page, number: int) -> Any:
    """Return the entry of a paper in the list that a page shows."""
    return page.locator(".paper", has=page.locator(f'.title a[href="/paper/{paper_id(number)}"]'))


def test_no_page_scrolls_sideways(open_page: Any) -> None:
    page = open_page("Ada")
    for address in PAGES:
        response = page.goto(address)
        assert response.status == 200, address
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (address, width)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_trends_stands_out_from_the_paper(open_page: Any, scheme: str) -> None:
    page = open_page("Grace", color_scheme=scheme)
    page.goto(f"/papers/date/{TODAY}")
    page.locator(".why summary").first.click()
    for selector in (".votes", ".byline", ".why p", ".why summary", ".title .new", ".tools strong", ".days a"):
        assert contrast(page, selector) >= 4.5, selector


def test_a_vote_and_its_taking_back_without_javascript(open_page: Any, site: Site) -> None:
    page = open_page("Ada", java_script_enabled=False)
    page.goto(f"/papers/date/{TODAY}")
    button = shown(page, 5).locator(".votes")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(page).to_have_url(re.compile(rf"/papers/date/{TODAY}#p\d+$"))
    expect(shown(page, 5).locator(".votes")).to_have_attribute("aria-pressed", "true")
    assert site.votes(5) == 1
    shown(page, 5).locator(".votes").click()
    expect(shown(page, 5).locator(".votes")).to_have_attribute("aria-pressed", "false")
    assert site.votes(5) == 0


def test_a_vote_by_the_keyboard_changes_the_number_in_place(open_page: Any, site: Site) -> None:
    page = open_page("Ada")
    page.goto("/")
    shown(page, 6).locator(".title a").focus()
    page.keyboard.press("v")
    expect(shown(page, 6).locator(".votes")).to_have_attribute("aria-pressed", "true")
    expect(shown(page, 6).locator(".votes")).to_have_text("▲ 1 vote here")
    expect(page).to_have_url(f"{site.address}/")
    assert site.votes(6) == 1
    page.keyboard.press("v")
    expect(shown(page, 6).locator(".votes")).to_have_attribute("aria-pressed", "false")
    assert site.votes(6) == 0


@pytest.mark.parametrize("scripted", [True, False])
def test_nobody_who_votes_is_led_to_sign_in_and_back(open_page: Any, site: Site, scripted: bool) -> None:
    page = open_page(java_script_enabled=scripted)
    page.goto(f"/papers/date/{YESTERDAY}")
    page.locator(".votes").first.click()
    page.wait_for_url(f"**/sign-in?next=/papers/date/{YESTERDAY}")


def test_saving_by_the_keyboard_then_choosing_a_shelf(open_page: Any, site: Site) -> None:
    page = open_page("Ada")
    page.goto("/")
    shown(page, 7).locator(".title a").focus()
    page.keyboard.press("s")
    expect(shown(page, 7).get_by_role("link", name="saved")).to_be_visible()
    page.keyboard.press("s")
    page.wait_for_url(f"**/paper/{paper_id(7)}/save")
    expect(page.get_by_text("It stands on To read.")).to_be_visible()
    page.get_by_label("Reading group").check()
    page.get_by_label("Note").fill("the proof of lemma 2")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/paper/{paper_id(7)}")
    page.goto("/shelves")
    page.get_by_role("link", name="Reading group").click()
    expect(shown(page, 7).locator(".said")).to_have_text("the proof of lemma 2")


def test_a_shelf_is_made_shared_and_emptied_without_javascript(open_page: Any, site: Site) -> None:
    page = open_page("Ada", java_script_enabled=False)
    page.goto("/shelves")
    page.get_by_label("Name").fill("Kernels")
    page.get_by_label("Seen by").select_option("link")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Kernels")).to_be_visible()
    link = page.get_by_role("link", name="Its link").get_attribute("href")
    page.goto(f"/paper/{paper_id(8)}/save")
    page.get_by_label("Kernels").check()
    page.get_by_role("button", name="Save").click()
    page.goto(link)
    expect(page.get_by_text("A shelf of Ada")).to_be_visible()
    stranger = open_page(java_script_enabled=False)
    stranger.goto(link)
    expect(shown(stranger, 8)).to_be_visible()
    page.goto("/shelves")
    page.get_by_role("link", name="Kernels").click()
    shown(page, 8).get_by_text("note", exact=True).click()
    shown(page, 8).get_by_label("Your note").fill("start here")
    shown(page, 8).get_by_role("button", name="Keep it").click()
    expect(shown(page, 8).locator(".said")).to_have_text("start here")
    shown(page, 8).get_by_role("button", name="take off").click()
    expect(page.get_by_text("Nothing stands here yet.")).to_be_visible()


def test_what_the_lab_wants_to_read_names_who_wants_it(open_page: Any) -> None:
    page = open_page("Grace", java_script_enabled=False)
    page.goto("/shelves")
    page.get_by_role("link", name="What the lab wants to read").click()
    expect(shown(page, 4).locator(".said")).to_contain_text("Ada: before we meet")
    shown(page, 4).get_by_role("link", name="Ada").click()
    expect(page.get_by_role("heading", name="Seminar")).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False])
def test_why_a_paper_stands_where_it_stands_is_one_key_or_one_click_away(open_page: Any, scripted: bool) -> None:
    page = open_page(java_script_enabled=scripted)
    page.goto("/")
    reasons = page.locator(".why p").first
    expect(reasons).to_be_hidden()
    if scripted:
        page.keyboard.press("j")
        page.keyboard.press("e")
    else:
        page.locator(".why summary").first.click()
    expect(reasons).to_contain_text("votes elsewhere (128 upvotes, 5 comments)")
    expect(page.locator(".why p").nth(1)).to_be_hidden()


def test_reasons_can_be_read_in_every_density(open_page: Any) -> None:
    page = open_page()
    for density in ("titles", "lines"):
        page.goto("/")
        page.get_by_role("button", name=density).click()
        page.locator(".title a").first.focus()
        page.keyboard.press("e")
        expect(page.locator(".why p").first).to_be_visible()
        expect(page.locator(".paper").first.get_by_role("link", name="similar")).to_be_hidden()


def test_days_turn_without_javascript(open_page: Any, site: Site) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"/papers/date/{TODAY}")
    page.get_by_role("link", name="← 1 Mar 2026").click()
    expect(page).to_have_url(f"{site.address}/papers/date/{YESTERDAY}")
    expect(shown(page, 13)).to_be_visible()
    page.get_by_role("link", name="2 Mar 2026 →").click()
    expect(page).to_have_url(f"{site.address}/papers/date/{TODAY}")


def test_whose_votes_count_is_chosen_on_the_page(open_page: Any, site: Site) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/trending")
    page.get_by_role("group", name="Whose votes count").get_by_role("link", name="elsewhere").click()
    expect(page).to_have_url(f"{site.address}/trending?window=3d&by=world")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Trending elsewhere")
    page.get_by_role("group", name="Whose votes count").get_by_role("link", name="here", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Trending here")


def test_days_turn_by_key_and_places_are_gone_to(open_page: Any, site: Site) -> None:
    page = open_page("Ada")
    page.goto(f"/papers/date/{TODAY}")
    page.keyboard.press("[")
    page.wait_for_url(f"**/papers/date/{YESTERDAY}")
    page.keyboard.press("]")
    page.wait_for_url(f"**/papers/date/{TODAY}")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/shelves")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url(f"{site.address}/")


def test_a_paper_is_put_forward_and_a_mistake_is_said(open_page: Any, site: Site) -> None:
    page = open_page("Ada", java_script_enabled=False)
    page.goto("/")
    page.get_by_role("link", name="Submit").click()
    box = page.get_by_role("textbox", name=re.compile("arXiv id"))
    box.fill("a blog post")
    page.get_by_role("button", name="Put it forward").click()
    expect(page.get_by_role("alert")).to_contain_text("Not the id of a paper")
    box.fill(paper_id(90))
    page.get_by_role("button", name="Put it forward").click()
    expect(page.get_by_role("status")).to_have_text("It is on today's list, put forward by you.")
    site.made.clock.sleep(60)  # a list is kept for some seconds
    page.goto("/trending?by=here")
    expect(shown(page, 90)).to_contain_text("put forward by Ada")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_curator_picks_and_hides_and_undoes(open_page: Any, scripted: bool) -> None:
    page = open_page("Grace", java_script_enabled=scripted)
    page.goto("/")
    shown(page, 9).get_by_role("button", name="pick", exact=True).click()
    expect(shown(page, 9)).to_contain_text("pick of 2 Mar 2026")
    shown(page, 9).get_by_role("button", name="unpick").click()
    expect(shown(page, 9)).not_to_contain_text("pick of")
    shown(page, 9).get_by_role("link", name="hide").click()
    page.get_by_label("Keep it off the lists").fill("an advertisement")
    page.get_by_role("button", name="Hide").click()
    page.goto("/")
    expect(shown(page, 9)).to_have_count(0)
    page.goto("/audit")
    page.get_by_role("button", name="undo").first.click()
    page.goto("/")
    expect(shown(page, 9)).to_be_visible()


def test_nothing_moves_while_a_list_loads(open_page: Any) -> None:
    page = open_page("Ada", viewport={"width": 1280, "height": 800})
    page.add_init_script(
        """window.moved = 0; new PerformanceObserver(list => {
            for (const entry of list.getEntries()) window.moved += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    for address in ("/", f"/papers/date/{TODAY}"):
        page.goto(address)
        page.wait_for_timeout(200)
        assert page.evaluate("window.moved") == 0


def test_a_days_page_prints_on_two_sheets(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    words = "A title as long as titles of papers are, with a colon: and what it is about"
    records = [record(number, title=f"{words}, {number}", authors=("Ada Example",) * 6) for number in range(1, 51)]
    home = tmp_path_factory.mktemp("sheets")
    with lively_house(home, records) as made, served(made.catalog, made.catalog.settings) as address:
        page = browser.new_page()
        page.goto(f"{address}/papers/date/{TODAY}")
        assert page.locator(".paper").count() == 50
        printed = page.pdf(format="A4")
        page.close()
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) <= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_buttons_stand_out_and_are_large_enough_for_a_finger(open_page: Any, scheme: str) -> None:
    page = open_page("Ada", color_scheme=scheme, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    page.goto("/")
    box = page.locator(".votes").first.bounding_box()
    assert box["height"] >= 24
    assert box["width"] >= 24
