"""What a lab wants to read: who sees it, who is named, and what never gets there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.lively_help import entry, listed, lively_house, paper_id, said
from tests.people_help import statements
from tests.web_people import House, words
from tidings.catalog import Catalog
from tidings.errors import InputError
from tidings.people import Reader, Role


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    with lively_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def ada(made: House) -> TestClient:
    return made.person("Ada")


@pytest.fixture
def alan(made: House) -> TestClient:
    return made.person("Alan")


def reader(made: House, browser: TestClient) -> Reader:
    found = made.reader(browser)
    assert found is not None
    return found


def put(made: House, browser: TestClient, name: str, visibility: str, **notes: str) -> int:
    """Make a shelf with papers, p3="a note"; return its number."""
    who, catalog = reader(made, browser), made.catalog
    shelf = catalog.make_shelf(who, name, visibility)
    for paper, note in notes.items():
        catalog.put(who, shelf.id, paper_id(int(paper[1:])), note)
    return shelf.id


def keys(catalog: Catalog, who: Reader, **asked: int) -> list[str]:
    return [hit.paper.key for hit in catalog.lab_queue(who, **asked)[0].hits]


def test_what_most_members_want_comes_first_then_what_came_last(made: House, ada: TestClient, alan: TestClient) -> None:
    put(made, ada, "To read", "lab", p1="", p2="for Tuesday")
    made.clock.sleep(60)
    put(made, ada, "Kernels", "lab", p3="")
    made.clock.sleep(60)
    put(made, alan, "To read", "lab", p2="")
    me = reader(made, alan)
    assert keys(made.catalog, me) == [paper_id(2), paper_id(3), paper_id(1)]
    assert keys(made.catalog, me, limit=1, offset=1) == [paper_id(3)]
    page, wishes = made.catalog.lab_queue(me, limit=1)
    assert page.total == 3
    [found] = wishes.values()
    assert [(wish.member, wish.shelf, wish.note) for wish in found] == [
        ("Ada", "To read", "for Tuesday"),
        ("Alan", "To read", ""),
    ]


def test_two_shelves_of_one_member_are_one_members_wish(made: House, ada: TestClient, alan: TestClient) -> None:
    put(made, ada, "To read", "lab", p1="")
    put(made, ada, "Kernels", "lab", p1="")
    made.clock.sleep(60)
    put(made, alan, "To read", "lab", p2="")
    assert keys(made.catalog, reader(made, ada)) == [paper_id(2), paper_id(1)]


def test_what_is_not_shown_to_the_lab_never_gets_there(made: House, ada: TestClient, alan: TestClient) -> None:
    put(made, ada, "Private", "private", p1="my secret")
    put(made, ada, "Linked", "link", p2="a link of mine")
    shown = put(made, ada, "Shown", "lab", p3="for all")
    root = made.person("Root", Role.ADMIN)
    for browser in (ada, alan, root):
        assert keys(made.catalog, reader(made, browser)) == [paper_id(3)]
        for path in ("/lab", "/api/lab"):
            text = browser.get(path).text
            assert "for all" in text
            for private in ("my secret", "a link of mine", "Private", "Linked", paper_id(1), paper_id(2)):
                assert private not in text
    made.catalog.change_shelf(reader(made, ada), shown, visibility="private")
    assert keys(made.catalog, reader(made, alan)) == []
    assert "for all" not in alan.get("/lab").text


def test_who_does_not_want_to_be_named_is_a_member(made: House, ada: TestClient, alan: TestClient) -> None:
    put(made, ada, "To read", "lab", p1="")
    made.catalog.change_account(reader(made, ada), is_named=False)
    assert "a member" in said(entry(alan.get("/lab").text, paper_id(1)))
    assert "Ada</a>" not in alan.get("/lab").text
    assert alan.get("/api/lab").json()["wanted"][0]["wishes"][0]["member"] is None


def test_the_page_says_who_wants_what_and_leads_to_the_shelves(made: House, ada: TestClient, alan: TestClient) -> None:
    number = put(made, ada, "To read", "lab", p4="the <b>proof</b>")
    html = alan.get("/lab").text
    assert listed(html) == [paper_id(4)]
    shown = entry(html, paper_id(4))
    assert f'<a href="/shelves/{number}">Ada</a>: the &lt;b&gt;proof&lt;/b&gt;' in shown
    assert f'<a href="/shelves/{number}">To read</a>' in html
    assert 'href="/trending?by=here"' in html
    assert 'href="/lab"' in alan.get("/shelves").text


def test_an_empty_queue_says_what_would_fill_it(alan: TestClient) -> None:
    assert "choose who sees it" in words(alan.get("/lab"))
    assert "has no page 3" in words(alan.get("/lab?page=3"))


def test_a_long_queue_is_paged(made: House, ada: TestClient, alan: TestClient) -> None:
    put(made, ada, "To read", "lab", **{f"p{number}": "" for number in range(1, 17)})
    first, second = (listed(alan.get(f"/lab?limit=10&page={page}").text) for page in (1, 2))
    assert len(first) == 10
    assert len({*first, *second}) == 16
    assert alan.get("/api/lab?limit=5&offset=15").json()["total"] == 16
    for asked in ({"limit": 0}, {"offset": -1}):
        with pytest.raises(InputError):
            made.catalog.lab_queue(reader(made, ada), **asked)


def test_the_queue_asks_the_store_as_often_for_many_papers_as_for_one(
    made: House, ada: TestClient, alan: TestClient
) -> None:
    def asked() -> int:
        with statements(made.store) as seen:
            assert alan.get("/lab").status_code == 200
        return len(seen)

    put(made, ada, "To read", "lab", p1="")
    few = asked()
    put(made, alan, "Kernels", "lab", **{f"p{number}": "" for number in range(2, 13)})
    assert asked() == few


def test_whoever_leaves_takes_their_wishes_along(made: House, ada: TestClient, alan: TestClient) -> None:
    made.person("Root", Role.ADMIN)
    put(made, ada, "To read", "lab", p1="")
    made.catalog.delete_account(reader(made, ada))
    assert keys(made.catalog, reader(made, alan)) == []
