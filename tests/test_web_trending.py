"""The pages that rank papers, as a reader and a program see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.lively_help import (
    LONG_AGO,
    TODAY,
    YESTERDAY,
    discussed,
    entry,
    listed,
    lively_house,
    paper_id,
    record,
    said,
    voters,
)
from tests.people_help import member, statements
from tests.test_sync import take
from tests.web_people import House, words
from tidings.people import Role


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    with lively_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def nobody(made: House) -> TestClient:
    return made.browser()


# --- what each page lists ---


def test_the_front_page_lists_what_trends_today_and_says_so(nobody: TestClient) -> None:
    response = nobody.get("/")
    assert "Trending today" in words(response)
    assert "12 papers came or got votes today." in words(response)
    assert listed(response.text)[:2] == [paper_id(2), paper_id(4)]


def test_the_front_page_looks_further_back_when_little_came_today(tmp_path: Path) -> None:
    records = [record(1), *(record(number, TODAY - timedelta(days=2)) for number in range(2, 14))]
    with lively_house(tmp_path, records) as made:
        page = words(made.browser().get("/"))
    assert "Trending in the last three days" in page
    assert "Little came today, so this looks further back." in page


def test_the_front_page_of_an_archive_that_slept_shows_the_newest_and_says_why(tmp_path: Path) -> None:
    with lively_house(tmp_path, [record(1, LONG_AGO), record(2, LONG_AGO)]) as made:
        response = made.browser().get("/")
    assert "Newest papers" in words(response)
    assert "Nothing was announced, voted for or put forward in the last thirty days" in words(response)
    assert len(listed(response.text)) == 2


def test_the_front_page_of_an_empty_archive_says_what_would_fill_it(tmp_path: Path) -> None:
    with lively_house(tmp_path, []) as made:
        response = made.browser().get("/")
    assert response.status_code == 200
    assert "This archive holds no papers yet" in words(response)
    assert 'href="/submit"' in response.text


@pytest.mark.parametrize(
    ("address", "title", "count"),
    [
        ("/trending", "Trending in the last three days", 16),
        ("/trending?window=day", "Trending today", 12),
        ("/trending?window=month&category=cs.LG", "Trending in the last thirty days in cs.LG", 6),
        ("/papers/date/2026-03-01", "Sunday, 1 March 2026", 4),
        ("/papers/week/2026-W10", "Week 10 of 2026", 12),
        ("/papers/month/2026-03", "March 2026", 16),
        ("/papers/month/2026-03?category=cs.LG", "March 2026, cs.LG", 6),
    ],
)
def test_a_window_a_day_a_week_and_a_month_list_their_papers(
    nobody: TestClient, address: str, title: str, count: int
) -> None:
    response = nobody.get(address)
    assert re.search(r"<h1>([^<]*)</h1>", response.text)[1] == title  # type: ignore[index]
    assert len(listed(response.text)) == count


@pytest.mark.parametrize(
    ("address", "earlier", "later"),
    [
        (f"/papers/date/{YESTERDAY}", f"/papers/date/{LONG_AGO}", f"/papers/date/{TODAY}"),
        ("/papers/week/2026-W09", "/papers/week/2023-W37", "/papers/week/2026-W10"),
        ("/papers/month/2026-02", "/papers/month/2023-09", "/papers/month/2026-03"),
    ],
)
def test_a_page_leads_to_the_nearest_ones_that_have_papers(
    nobody: TestClient, address: str, earlier: str, later: str
) -> None:
    html = nobody.get(address).text
    assert f'href="{earlier}" rel="prev" data-key="["' in html
    assert f'href="{later}" rel="next" data-key="]"' in html
    assert nobody.get(earlier).status_code == nobody.get(later).status_code == 200


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/trending?by=here", "Nobody here voted for a paper of this time"),
        ("/papers/month/2026-03?category=hep-th", "No paper of hep-th is listed in this time"),
        ("/papers/week/2024-W20", "Nothing is listed in Week 20 of 2024. The nearest with papers are"),
        ("/papers/date/2026-03-05", "Nothing is listed on Thursday, 5 March 2026. The nearest with papers is"),
    ],
)
def test_an_empty_list_says_what_would_fill_it(nobody: TestClient, address: str, says: str) -> None:
    response = nobody.get(address)
    assert response.status_code == 200
    assert says in words(response)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/trending?window=year", 400),
        ("/trending?by=me", 400),
        ("/trending?category=all+of+them", 400),
        ("/trending?cursor=garbage", 400),
        ("/papers/week/2025-W99", 400),
        ("/papers/month/March", 400),
        ("/papers/date/today", 404),
        ("/?by=me", 400),
    ],
)
def test_what_makes_no_sense_is_refused_and_never_everything(nobody: TestClient, address: str, status: int) -> None:
    assert nobody.get(address).status_code == status


def test_a_list_can_be_turned_to_other_windows_votes_and_categories_from_its_first_page(nobody: TestClient) -> None:
    html = nobody.get("/trending?window=month&limit=5").text
    following = re.search(r'<a href="([^"]+)" data-key="]">', html)
    assert following is not None
    html = nobody.get(following[1].replace("&amp;", "&")).text
    assert len(listed(html)) == 5
    assert 'href="/trending?window=week&amp;limit=5"' in html
    assert 'href="/trending?window=month&amp;by=here&amp;limit=5"' in html
    assert 'href="/trending?window=month&amp;category=cs.LG&amp;limit=5"' in html
    assert '<strong aria-current="true">month</strong>' in html


def test_every_paper_is_on_one_of_the_pages_and_they_count_on(nobody: TestClient) -> None:
    address, seen = "/papers/month/2026-03?limit=5", list[str]()
    while address:
        html = nobody.get(address).text
        seen += listed(html)
        following = re.search(r'<a href="([^"]+)" data-key="]">next', html)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 16
    assert '<span class="place">16</span>' in html


# --- what an entry says ---


def test_votes_here_and_elsewhere_stand_apart_and_are_named(made: House, nobody: TestClient) -> None:
    for voter in voters(made, 3):
        made.catalog.vote(voter, paper_id(2))
    shown = entry(nobody.get("/").text, paper_id(2))
    assert "▲ 3 votes here" in said(shown)
    assert "128 on Hugging Face" in said(shown)
    assert '<a href="https://huggingface.co/papers/2603.00002" rel="noopener noreferrer">5 comments</a>' in shown


def test_who_put_it_forward_and_the_curators_mark_end_the_second_line(made: House, nobody: TestClient) -> None:
    number = made.store.find(paper_id(1))
    assert number is not None
    made.store.voting.submit(member(made.catalog, "Ada").account.id, number, made.clock())
    made.catalog.pick(member(made.catalog, "Grace", Role.CURATOR), paper_id(1))
    byline = re.search(r'<div class="byline">(.*?)</div>', entry(nobody.get("/").text, paper_id(1)), re.DOTALL)
    assert byline is not None
    assert said(byline[1]).endswith("put forward by Ada pick of 2 Mar 2026")


def test_who_does_not_want_to_be_named_is_not(made: House, nobody: TestClient) -> None:
    ada, number = member(made.catalog, "Ada"), made.store.find(paper_id(1))
    assert number is not None
    made.store.voting.submit(ada.account.id, number, made.clock())
    made.catalog.change_account(ada, is_named=False)
    html = nobody.get("/").text
    assert "put forward by" not in html
    assert "Ada Example" in html  # who is an author


def test_the_reasons_of_a_rank_are_written_so_that_they_add_up(made: House, nobody: TestClient) -> None:
    for voter in voters(made, 2):
        made.catalog.vote(voter, paper_id(2))
    made.clock.at += timedelta(hours=7)
    html = nobody.get("/trending").text
    for id in listed(html):  # noqa: A001
        why = re.search(r'<details class="why">(.*?)</details>', entry(html, id), re.DOTALL)
        assert why is not None
        text = said(why[1]).replace("−", "-")
        score = re.search(r"score (-?[\d.]+) =", text)
        assert score is not None
        parts = [float(number) for number in re.findall(r"[+-]\d+\.\d\d", text.partition("=")[2])]
        assert round(sum(parts), 2) == float(score[1])
    text = said(entry(html, paper_id(2)))
    assert "votes here (2 votes)" in text
    assert "votes elsewhere (128 upvotes, 5 comments)" in text
    assert "what is usual in cs.LG" in text


def test_what_rises_is_marked_and_the_reasons_say_where_it_ends(tmp_path: Path) -> None:
    counted = [discussed(7, 60, 9), *(discussed(number, 2) for number in range(2, 7))]
    with lively_house(tmp_path, [*(record(number) for number in range(1, 8)), *counted]) as made:
        html = made.browser().get("/trending").text
        assert ">rising</span>" in entry(html, paper_id(7))
        assert re.search(r"Rising: \d+ to \d+ upvotes elsewhere in the end, at 80 %$", why_of(html, paper_id(7)))
        assert re.search(r"In the end: \d+ to \d+ upvotes elsewhere, at 80 %$", why_of(html, paper_id(2)))
        for other in (1, 2):
            assert "rising" not in entry(html, paper_id(other)).lower()
        hits = {hit["paper"]["id"]: hit for hit in made.browser().get("/api/trending").json()["hits"]}
    low, high = hits[paper_id(7)]["final"]
    assert hits[paper_id(7)]["is_rising"]
    assert 60 < low < high
    assert (hits[paper_id(1)]["final"], hits[paper_id(1)]["is_rising"]) == (None, False)


def why_of(html: str, id: str) -> str:  # noqa: A002
    """Return what a page says of why a paper stands where it stands."""
    why = re.search(r'<details class="why">(.*?)</details>', entry(html, id), re.DOTALL)
    assert why is not None
    return said(why[1])


def test_a_hidden_paper_is_on_no_list_at_once_and_its_page_says_why(made: House, nobody: TestClient) -> None:
    addresses = ["/", "/trending", f"/papers/date/{TODAY}", "/papers/week/2026-W10", "/papers/month/2026-03"]
    assert all(paper_id(2) in listed(nobody.get(address).text) for address in addresses)
    made.catalog.hide(member(made.catalog, "Grace", Role.CURATOR), paper_id(2), "an advertisement")
    assert not any(paper_id(2) in listed(nobody.get(address).text) for address in addresses)
    assert "keeps this paper off the lists: an advertisement" in words(nobody.get(f"/paper/{paper_id(2)}"))


def test_what_was_first_known_on_a_day_is_marked_and_what_only_changed_is_not(tmp_path: Path) -> None:
    changed = record(2, LONG_AGO, updated=TODAY)
    with lively_house(tmp_path, [record(1), changed]) as made:
        html = made.browser().get(f"/papers/date/{TODAY}").text
    assert [('class="new"' in entry(html, paper_id(number))) for number in (1, 2)] == [True, False]


# --- what it costs, and that looking changes nothing ---


def test_a_page_asks_the_store_as_often_for_fifty_papers_as_for_five(tmp_path: Path) -> None:
    with lively_house(tmp_path, [record(number) for number in range(1, 60)]) as made:
        browser = made.person("Ada")
        counted = {}
        for limit in (5, 50):
            browser.get(f"/trending?limit={limit}")
            with statements(made.store) as seen:
                assert len(listed(browser.get(f"/trending?limit={limit}").text)) == limit
            counted[limit] = len(seen)
    assert counted[5] == counted[50] <= 16


def test_a_page_that_did_not_change_is_not_sent_again_and_a_vote_changes_it(made: House, nobody: TestClient) -> None:
    addresses = ("/", f"/papers/date/{TODAY}", "/new", "/search?q=careful", f"/paper/{paper_id(2)}")
    for address, voter in zip(addresses, voters(made, len(addresses)), strict=True):
        tag = nobody.get(address).headers["etag"]
        assert nobody.get(address, headers={"if-none-match": tag}).status_code == 304, address
        made.catalog.vote(voter, paper_id(2))
        assert nobody.get(address, headers={"if-none-match": tag}).status_code == 200, address


def test_looking_changes_nothing(made: House) -> None:
    browser = made.person("Ada")
    with statements(made.store) as seen:
        for address in (
            "/",
            "/trending?by=here",
            f"/papers/date/{TODAY}",
            f"/paper/{paper_id(2)}",
            "/shelves",
            "/submit",
        ):
            assert browser.get(address).status_code == 200
    assert {each.split()[0].lower() for each in seen} == {"begin", "select"}
    assert "begin immediate" not in seen


# --- for programs ---


def test_the_api_ranks_as_the_page_does_and_says_why(made: House, nobody: TestClient) -> None:
    for voter in voters(made, 2):
        made.catalog.vote(voter, paper_id(3))
    body = nobody.get("/api/trending", params={"window": "day"}).json()
    assert [hit["paper"]["id"] for hit in body["hits"]] == listed(nobody.get("/trending?window=day").text)
    best = body["hits"][0]
    assert sum(best["parts"].values()) == pytest.approx(best["score"])
    assert best["counts"] == {"votes": 0, "upvotes": 128, "comments": 5, "stars": 0, "citations": 0}
    voted = next(hit for hit in body["hits"] if hit["paper"]["id"] == paper_id(3))
    assert voted["standing"] == {"votes": 2, "voted": False, "submitter": None, "picked": None, "hidden": None}
    assert (body["total"], body["previous"], body["next"], body["cursor"]) == (12, LONG_AGO.isoformat(), None, None)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 16),
        ("?day=2026-03-01", 4),
        ("?week=2026-W10", 12),
        ("?month=2026-03&category=cs.LG", 6),
        ("?by=here", 0),
    ],
)
def test_the_api_answers_for_days_weeks_months_and_windows(nobody: TestClient, query: str, count: int) -> None:
    assert nobody.get(f"/api/trending{query}").json()["total"] == count


@pytest.mark.parametrize(
    "query", ["?day=2026-03-01&month=2026-03", "?day=yesterday", "?week=10", "?month=3", "?window=year", "?by=me"]
)
def test_the_api_refuses_what_makes_no_sense(nobody: TestClient, query: str) -> None:
    response = nobody.get(f"/api/trending{query}")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "input")


def test_the_list_of_a_day_keeps_its_order_for_programs(made: House, nobody: TestClient) -> None:
    """``/api/papers/date`` goes by day and id, as it always did: votes do not move it."""
    before = nobody.get(f"/api/papers/date/{TODAY}").json()["page"]["hits"]
    for voter in voters(made, 3):
        made.catalog.vote(voter, before[-1]["paper"]["id"])
    take(made.store, replace(discussed(3, 999)))
    after = nobody.get(f"/api/papers/date/{TODAY}").json()["page"]["hits"]
    assert [hit["paper"]["id"] for hit in after] == [hit["paper"]["id"] for hit in before]
