"""Shelves on the pages and by the API: whose they are, who sees them, what stands on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.lively_help import entry, listed, lively_house, paper_id, said
from tests.people_help import member, statements
from tests.web_people import House, words
from tidings.people import Shelf

JSON = {"accept": "application/json"}


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


def make(made: House, browser: TestClient, name: str, visibility: str = "private") -> Shelf:
    """Make a shelf by the form of the page."""
    response = browser.post("/shelves", data={"name": name, "visibility": visibility})
    assert response.status_code == 303
    number = int(response.headers["location"].removeprefix("/shelves/"))
    return made.catalog.shelf(made.reader(browser), number)


def put(browser: TestClient, shelf: Shelf, number: int, note: str = "") -> None:
    data = {"shelf": str(shelf.id), "note": note}
    assert browser.post(f"/paper/{paper_id(number)}/save", data=data).status_code == 303


def names(made: House, browser: TestClient) -> dict[str, int]:
    """Return one's own shelves and how many papers stand on each."""
    return {shelf.name: shelf.count for shelf in made.catalog.shelves(made.reader(browser))[0]}


# --- saving ---


def test_saving_puts_a_paper_among_those_to_be_read_at_once(made: House, ada: TestClient) -> None:
    assert names(made, ada) == {}
    response = ada.post(f"/paper/{paper_id(1)}/save", data={"shelf": "", "next": "/"})
    number = made.store.find(paper_id(1))
    assert response.headers["location"] == f"/#p{number}"
    assert names(made, ada) == {"To read": 1}
    shown = entry(ada.get("/").text, paper_id(1))
    assert f'<a href="/paper/{paper_id(1)}/save" rel="nofollow" data-save>saved</a>' in shown
    ada.post(f"/paper/{paper_id(1)}/save", data={"shelf": ""})
    assert names(made, ada) == {"To read": 1}


def test_a_script_is_told_where_it_stands(ada: TestClient) -> None:
    response = ada.post(f"/paper/{paper_id(1)}/save", data={"shelf": ""}, headers=JSON)
    assert response.json() == {"saved": True, "shelf": "To read"}


def test_a_shelf_can_be_chosen_or_made_with_a_note(made: House, ada: TestClient) -> None:
    shelf = make(made, ada, "Reading group")
    page = ada.get(f"/paper/{paper_id(1)}/save")
    assert "Reading group" in words(page)
    put(ada, shelf, 1, "for Tuesday")
    ada.post(f"/paper/{paper_id(1)}/save", data={"shelf": "new", "name": "Kernels", "note": ""})
    assert names(made, ada) == {"Kernels": 1, "Reading group": 1}
    assert said(entry(ada.get(f"/shelves/{shelf.id}").text, paper_id(1))).count("for Tuesday") == 1
    page = ada.get(f"/paper/{paper_id(1)}/save")
    assert "It stands on Reading group" in words(page)
    assert "It stands on Kernels" in words(page)
    put(ada, shelf, 1)
    assert "for Tuesday" in ada.get(f"/shelves/{shelf.id}").text


def test_a_note_can_be_changed_and_taken_away_and_a_paper_taken_off(made: House, ada: TestClient) -> None:
    shelf = make(made, ada, "Reading group")
    put(ada, shelf, 1, "for Tuesday")
    place, address = f"/shelves/{shelf.id}", f"/paper/{paper_id(1)}"
    data = {"shelf": str(shelf.id), "next": place}
    assert ada.post(f"{address}/note", data={**data, "note": "for Friday <b>"}).headers["location"].startswith(place)
    assert "for Friday &lt;b&gt;" in ada.get(place).text
    ada.post(f"{address}/note", data={**data, "note": ""})
    assert "Friday" not in ada.get(place).text
    ada.post(f"{address}/take", data=data)
    assert listed(ada.get(place).text) == []
    assert names(made, ada) == {"Reading group": 0}


def test_what_makes_no_sense_is_refused(made: House, ada: TestClient) -> None:
    address = f"/paper/{paper_id(1)}"
    assert ada.post(f"{address}/save", data={"shelf": "-1"}).status_code == 400
    assert ada.post(f"{address}/save", data={"shelf": "new", "name": " "}).status_code == 400
    assert ada.post(f"{address}/save", data={"shelf": "4711"}).status_code == 404
    assert ada.post(f"{address}/take", data={}).status_code == 400
    assert ada.post("/shelves", data={"name": "", "visibility": "private"}).status_code == 400
    assert ada.post("/shelves", data={"name": "Mine", "visibility": "everybody"}).status_code == 400
    assert ada.get("/shelves/99999999999999999999").status_code == 404
    assert names(made, ada) == {}


# --- who sees what ---


@pytest.mark.parametrize(("visibility", "status"), [("private", 404), ("lab", 200), ("link", 404)])
def test_others_see_a_shelf_of_the_lab_and_no_other(
    made: House, ada: TestClient, alan: TestClient, visibility: str, status: int
) -> None:
    shelf = make(made, ada, "Reading group", visibility)
    put(ada, shelf, 1, "for Tuesday")
    response = alan.get(f"/shelves/{shelf.id}")
    assert response.status_code == status
    assert ("for Tuesday" in response.text) == (status == 200)
    assert ("Reading group" in words(alan.get("/shelves"))) == (visibility == "lab")
    nobody = made.browser().get(f"/shelves/{shelf.id}")
    assert nobody.headers["location"] == f"/sign-in?next=/shelves/{shelf.id}"


def test_a_link_shows_a_shelf_to_anybody_with_the_owners_name_only_where_that_is_wished(
    made: House, ada: TestClient
) -> None:
    shelf = make(made, ada, "Reading group", "link")
    put(ada, shelf, 1, "for Tuesday")
    nobody = made.browser()
    page = nobody.get(f"/shelf/{shelf.key}")
    assert "A shelf of Ada" in words(page)
    assert "for Tuesday" in words(page)
    assert (listed(page.text), page.headers["x-robots-tag"]) == ([paper_id(1)], "noindex")
    assert "/take" not in page.text
    made.catalog.change_account(made.reader(ada), is_named=False)
    page = nobody.get(f"/shelf/{shelf.key}")
    assert "A shelf of" not in words(page)
    assert nobody.get("/shelf/AAAAAAAAAAAAAAAA").status_code == 404


def test_a_link_that_was_closed_leads_nowhere_and_the_next_one_is_another(made: House, ada: TestClient) -> None:
    shelf = make(made, ada, "Reading group", "link")
    ada.post(f"/shelves/{shelf.id}", data={"name": "Reading group", "visibility": "private"})
    assert made.browser().get(f"/shelf/{shelf.key}").status_code == 404
    ada.post(f"/shelves/{shelf.id}", data={"visibility": "link"})
    changed = made.catalog.shelf(made.reader(ada), shelf.id)
    assert changed.key not in {None, shelf.key}
    assert f'href="/shelf/{changed.key}"' in ada.get(f"/shelves/{shelf.id}").text


def test_only_the_owner_changes_a_shelf(made: House, ada: TestClient, alan: TestClient) -> None:
    shelf = make(made, ada, "Reading group", "lab")
    put(ada, shelf, 1)
    place, address, data = f"/shelves/{shelf.id}", f"/paper/{paper_id(1)}", {"shelf": str(shelf.id), "note": "mine"}
    assert "/take" not in alan.get(place).text
    for response in (
        alan.post(place, data={"name": "Alan's"}),
        alan.post(f"{place}/remove"),
        alan.post(f"{address}/save", data=data),
        alan.post(f"{address}/note", data=data),
        alan.post(f"{address}/take", data=data),
    ):
        assert response.status_code == 403
    page = words(alan.get(place))
    assert "A shelf of Ada" in page
    assert "mine" not in page
    assert listed(alan.get(place).text) == [paper_id(1)]


def test_a_shelf_is_renamed_and_removed_by_its_owner(made: House, ada: TestClient) -> None:
    shelf = make(made, ada, "Reading group")
    make(made, ada, "Kernels")
    assert ada.post(f"/shelves/{shelf.id}", data={"name": "Kernels", "visibility": "private"}).status_code == 409
    assert ada.post(f"/shelves/{shelf.id}", data={"name": "Tuesdays"}).status_code == 303
    assert set(names(made, ada)) == {"Tuesdays", "Kernels"}
    assert ada.post(f"/shelves/{shelf.id}/remove").headers["location"] == "/shelves"
    assert ada.get(f"/shelves/{shelf.id}").status_code == 404


def test_an_empty_page_says_what_would_fill_it(made: House, ada: TestClient) -> None:
    assert "“save” beneath a paper" in words(ada.get("/shelves"))
    shelf = make(made, ada, "Reading group")
    assert "Nothing stands here yet" in words(ada.get(f"/shelves/{shelf.id}"))


def test_a_long_shelf_has_pages_the_latest_first(made: House, ada: TestClient) -> None:
    shelf = make(made, ada, "Reading group")
    for number in range(1, 8):
        made.clock.sleep(1)
        put(ada, shelf, number)
    address, seen = f"/shelves/{shelf.id}?limit=3", list[str]()
    while address:
        html = ada.get(address).text
        seen += listed(html)
        following = re.search(r'<a href="([^"]+)" data-key="]">', html)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == [paper_id(number) for number in range(7, 0, -1)]
    assert ada.get(f"/shelves/{shelf.id}?limit=3&page=9").status_code == 200


def test_a_shelf_costs_as_many_statements_for_ten_papers_as_for_two(made: House, ada: TestClient) -> None:
    shelf = make(made, ada, "Reading group")
    for number in range(1, 13):
        put(ada, shelf, number)
    counted = []
    for limit in (2, 10):
        with statements(made.store) as seen:
            assert len(listed(ada.get(f"/shelves/{shelf.id}?limit={limit}").text)) == limit
        counted.append(len(seen))
    assert counted[0] == counted[1]


# --- a program ---


def test_a_program_keeps_shelves_with_a_token_that_may(made: House) -> None:
    ada, alan = member(made.catalog, "Ada"), member(made.catalog, "Alan")
    may, other, blind = (
        {"authorization": f"Bearer {made.catalog.make_token(reader, 'script', [scope])}"}
        for reader, scope in ((ada, "shelves"), (alan, "shelves"), (ada, "read"))
    )
    api = made.browser()
    shelf = api.post("/api/shelves", json={"name": "Reading group"}, headers=may)
    assert shelf.status_code == 201
    number = shelf.json()["number"]
    place = f"/api/shelves/{number}"
    assert api.put(f"{place}/papers/{paper_id(1)}", json={"note": "for Tuesday"}, headers=may).status_code == 204
    assert api.put(f"{place}/papers/{paper_id(2)}", json={}, headers=may).status_code == 204
    whole = api.get(place, headers=may).json()
    assert {entry["paper"]["id"]: entry["note"] for entry in whole["entries"]} == {
        paper_id(1): "for Tuesday",
        paper_id(2): "",
    }
    assert len(api.get(place, params={"limit": 1, "offset": 1}, headers=may).json()["entries"]) == 1
    assert api.delete(f"{place}/papers/{paper_id(2)}", headers=may).status_code == 204
    assert [each.get(place, headers=other).status_code for each in (api,)] == [404]
    link = api.patch(place, json={"visibility": "link"}, headers=may).json()["link"]
    assert api.get(f"/api{link}").json()["entries"][0]["note"] == "for Tuesday"
    assert api.patch(place, json={"visibility": "lab"}, headers=may).json()["link"] is None
    assert [each["number"] for each in api.get("/api/shelves", headers=other).json()["others"]] == [number]
    assert api.delete(place, headers=other).status_code == 403
    assert (api.get("/api/shelves", headers=blind).status_code, api.get("/api/shelves").status_code) == (403, 401)
    assert api.delete(place, headers=may).status_code == 204
    assert api.get(place, headers=may).status_code == 404


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "x", "visibility": "public"}, {"title": "x"}, {}])
def test_a_body_that_makes_no_sense_is_a_400_of_our_shape(made: House, body: dict[str, str]) -> None:
    token = made.catalog.make_token(member(made.catalog, "Ada"), "script", ["shelves"])
    response = made.browser().post("/api/shelves", json=body, headers={"authorization": f"Bearer {token}"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "input")
