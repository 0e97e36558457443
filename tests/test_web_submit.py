"""Putting a paper forward on the page and by the API: what is said when it works, and when it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.lively_help import listed, paper_id, some_papers
from tests.people_help import member, session_of
from tests.scripted import Clock
from tests.submit_help import ARXIV, DOI, World, open_world
from tests.test_sync import take
from tests.web_people import House, words
from tidings.store import open_store
from tidings.web.app import create_app


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[House, World]]:
    """An installation whose requests to other hosts are answered by a world."""
    clock, store = Clock(), open_store(tmp_path)
    catalog, world = open_world(store, tmp_path, clock)
    take(store, *some_papers())
    catalog.catch_up()
    yield House(store, catalog, create_app(catalog, catalog.settings), clock), world
    catalog.close()


def test_an_unknown_paper_is_fetched_and_is_on_todays_list_with_the_name_of_who_put_it_forward(
    served: tuple[House, World],
) -> None:
    made, world = served
    ada = made.person("Ada")
    response = ada.post("/submit", data={"paper": f"https://arxiv.org/abs/{ARXIV}"})
    assert (response.status_code, response.headers["location"]) == (303, f"/paper/arxiv:{ARXIV}?submitted=first")
    assert "It is on today's list, put forward by you." in words(ada.get(response.headers["location"]))
    page = made.browser().get("/trending?by=here")
    assert listed(page.text) == [f"arxiv:{ARXIV}"]
    assert "put forward by Ada" in words(page)
    assert len(world.asked) == 1


def test_a_known_paper_is_marked_and_a_second_time_says_so(served: tuple[House, World]) -> None:
    made, world = served
    ada, alan = made.person("Ada"), made.person("Alan")
    assert ada.post("/submit", data={"paper": paper_id(1)}).headers["location"].endswith("?submitted=first")
    again = alan.post("/submit", data={"paper": paper_id(1)}).headers["location"]
    assert "It was put forward before" in words(alan.get(again))
    assert world.asked == []


@pytest.mark.parametrize(
    ("pasted", "status", "says"),
    [
        ("", 400, "Paste an id or an address first."),
        ("a blog post", 400, "Not the id of a paper: 'a blog post'"),
        ("2603.99999", 404, "ArXiv has no such paper."),
        ("10.1000/unknown", 404, "Crossref knows no paper with the DOI 10.1000/unknown."),
    ],
)
def test_a_refusal_stands_above_the_form_that_keeps_what_was_pasted(
    served: tuple[House, World], pasted: str, status: int, says: str
) -> None:
    made, _ = served
    response = made.person("Ada").post("/submit", data={"paper": pasted})
    assert response.status_code == status
    assert says in words(response)
    assert f'value="{pasted}"' in response.text


def test_a_host_that_is_down_is_said_calmly(served: tuple[House, World]) -> None:
    made, world = served
    world.down = lambda: httpx2.Response(503, text="down for repair")
    response = made.person("Ada").post("/submit", data={"paper": DOI})
    assert response.status_code == 502
    assert "503" in words(response)
    assert "Put it forward" in words(response)


def test_what_was_pasted_is_written_back_harmless(served: tuple[House, World]) -> None:
    made, _ = served
    response = made.person("Ada").post("/submit", data={"paper": '"><script>alert(1)</script>'})
    assert "<script>alert" not in response.text


def test_nobody_is_led_to_sign_in(served: tuple[House, World]) -> None:
    made, world = served
    assert made.browser().get("/submit").headers["location"] == "/sign-in?next=/submit"
    response = made.browser().post("/submit", data={"paper": ARXIV})
    assert response.headers["location"].startswith("/sign-in")
    assert world.asked == []


def test_the_form_says_whether_a_name_will_stand_beside_it(served: tuple[House, World]) -> None:
    made, _ = served
    ada = member(made.catalog, "Ada")
    browser = made.browser(session_of(made.catalog, "Ada"))
    assert "with your name beside it" in words(browser.get("/submit"))
    made.catalog.change_account(ada, is_named=False)
    assert "without your name" in words(browser.get("/submit"))


def test_a_program_puts_papers_forward_with_a_token_that_may(served: tuple[House, World]) -> None:
    made, _ = served
    ada = member(made.catalog, "Ada")
    may, other = (
        {"authorization": f"Bearer {made.catalog.make_token(ada, 'script', [scope])}"} for scope in ("submit", "vote")
    )
    api = made.browser()
    body = api.post("/api/submit", json={"paper": ARXIV}, headers=may).json()
    assert (body["paper"]["id"], body["was_held"], body["is_first"]) == (f"arxiv:{ARXIV}", False, True)
    body = api.post("/api/submit", json={"paper": ARXIV}, headers=may).json()
    assert (body["was_held"], body["is_first"]) == (True, False)
    assert api.post("/api/submit", json={"paper": ARXIV}, headers=other).status_code == 403
    assert api.post("/api/submit", json={"paper": ARXIV}).status_code == 401
    refused = api.post("/api/submit", json={"paper": "10.1000/unknown"}, headers=may)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")
