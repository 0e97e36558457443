"""Voting and curating on the pages and by the API: as a form, as a script, as a program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.lively_help import TODAY, entry, listed, lively_house, paper_id, said
from tests.people_help import member, program
from tests.web_people import House, words
from tidings.people import Role

JSON = {"accept": "application/json"}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    with lively_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def ada(made: House) -> TestClient:
    return made.person("Ada")


@pytest.fixture
def grace(made: House) -> TestClient:
    return made.person("Grace", Role.CURATOR)


def votes(made: House, number: int = 1) -> int:
    paper = made.catalog.paper(paper_id(number))
    return made.catalog.standings([paper])[paper.id].votes


def anchor(made: House, number: int = 1) -> str:
    return f"#p{made.store.find(paper_id(number))}"


def bearer(made: House, name: str, *scopes: str, role: Role = Role.READER) -> dict[str, str]:
    """Return the header of a program with a token."""
    reader = member(made.catalog, name, role)
    return {"authorization": f"Bearer {made.catalog.make_token(reader, 'script', scopes)}"}


# --- a form, as every browser sends it ---


def test_a_vote_leads_back_to_the_entry_that_it_was_for_and_can_be_taken_back(made: House, ada: TestClient) -> None:
    page = f"/papers/date/{TODAY}?category=cs.CL"
    form = {"vote": "1", "next": page}
    response = ada.post(f"/paper/{paper_id(1)}/vote", data=form)
    assert (response.status_code, response.headers["location"]) == (303, page + anchor(made))
    assert f'id="{anchor(made)[1:]}"' in ada.get(page).text
    assert votes(made) == 1
    ada.post(f"/paper/{paper_id(1)}/vote", data={**form, "vote": "0"})
    assert votes(made) == 0


def test_a_vote_that_is_sent_twice_is_one(made: House, ada: TestClient) -> None:
    for _ in range(2):
        ada.post(f"/paper/{paper_id(1)}/vote", data={"vote": "1"})
    assert votes(made) == 1


def test_a_button_says_what_pressing_it_will_do(made: House, ada: TestClient) -> None:
    before = entry(ada.get("/").text, paper_id(1))
    assert f'formaction="/paper/{paper_id(1)}/vote" name="vote" value="1" aria-pressed="false"' in before
    ada.post(f"/paper/{paper_id(1)}/vote", data={"vote": "1"})
    after = entry(ada.get("/").text, paper_id(1))
    assert 'name="vote" value="0" aria-pressed="true"' in after
    assert "▲ 1 vote here" in said(after)
    other = entry(made.browser().get("/").text, paper_id(1))
    assert 'value="1" aria-pressed="false"' in other
    assert "▲ 1 vote here" in said(other)


@pytest.mark.parametrize(
    "place", ["/", "/new", "/search?q=careful", f"/similar?id={paper_id(3)}", f"/paper/{paper_id(1)}"]
)
def test_there_is_a_button_wherever_a_paper_is_and_one_form_for_all(made: House, ada: TestClient, place: str) -> None:
    html = ada.get(place).text
    assert f'formaction="/paper/{paper_id(1)}/vote"' in html
    assert html.count('<form id="act" method="post" hidden>') == 1
    assert f'<input type="hidden" name="next" value="{place}">' in html


def test_a_vote_that_is_neither_given_nor_taken_is_refused(made: House, ada: TestClient) -> None:
    for wish in ("", "2", "yes"):
        assert ada.post(f"/paper/{paper_id(1)}/vote", data={"vote": wish}).status_code == 400
    assert votes(made) == 0


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_a_form_leads_nowhere_else(made: House, ada: TestClient, place: str) -> None:
    response = ada.post(f"/paper/{paper_id(1)}/vote", data={"vote": "1", "next": place})
    assert response.headers["location"] == f"/paper/{paper_id(1)}"


def test_any_name_of_a_paper_can_be_voted_for_and_none_that_is_unknown(made: House, ada: TestClient) -> None:
    assert ada.post("/paper/2603.00001v3/vote", data={"vote": "1"}).status_code == 303
    assert votes(made) == 1
    assert ada.post("/paper/arxiv:2603.77777/vote", data={"vote": "1"}).status_code == 404


def test_nobody_is_led_to_sign_in_and_back_to_the_page(made: House) -> None:
    browser = made.browser()
    page = f"http://testserver/papers/date/{TODAY}"
    response = browser.post(f"/paper/{paper_id(1)}/vote", data={"vote": "1"}, headers={"referer": page})
    assert (response.status_code, response.headers["location"]) == (303, f"/sign-in?next=/papers/date/{TODAY}")
    assert votes(made) == 0


@pytest.mark.parametrize("act", ["vote", "save", "take", "note", "pick", "unpick", "hide", "unhide"])
def test_nothing_is_done_by_looking_or_by_another_site(made: House, grace: TestClient, act: str) -> None:
    address = f"/paper/{paper_id(1)}/{act}"
    assert grace.get(address).status_code == (200 if act == "save" else 404)
    form = {"vote": "1", "reason": "spam", "shelf": ""}
    assert grace.post(address, data=form, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    paper = made.catalog.paper(paper_id(1))
    standing = made.catalog.standings([paper])[paper.id]
    assert (standing.votes, standing.picked, standing.hidden) == (0, None, None)
    assert made.catalog.shelves(made.reader(grace)) == ([], [])


# --- a script of the page ---


def test_a_script_is_told_the_number(made: House, ada: TestClient) -> None:
    response = ada.post(f"/paper/{paper_id(1)}/vote", data={"vote": "1"}, headers=JSON)
    assert response.json() == {"votes": 1, "voted": True}
    response = ada.post(f"/paper/{paper_id(1)}/vote", data={"vote": "0"}, headers=JSON)
    assert response.json() == {"votes": 0, "voted": False}


# --- a program ---


def test_a_program_votes_with_a_token_that_may(made: House) -> None:
    nobody, may = made.browser(), bearer(made, "Ada", "vote")
    address = f"/api/papers/{paper_id(1)}/vote"
    assert nobody.post(address).status_code == 401
    assert nobody.post(address, headers=bearer(made, "Alan", "read")).status_code == 403
    assert votes(made) == 0
    for _ in range(2):
        assert nobody.post(address, headers=may).json() == {"votes": 1, "voted": True}
    assert nobody.delete(address, headers=may).json() == {"votes": 0, "voted": False}
    assert nobody.post("/api/papers/arxiv:2603.77777/vote", headers=may).status_code == 404


# --- curators ---


def test_only_curators_see_and_use_their_buttons(made: House, ada: TestClient, grace: TestClient) -> None:
    for place in ("/", f"/paper/{paper_id(1)}"):
        assert "/pick" not in ada.get(place).text
        assert "/pick" in grace.get(place).text
    for act, form in (("pick", {}), ("hide", {"reason": "spam"})):
        assert ada.post(f"/paper/{paper_id(1)}/{act}", data=form).status_code == 403
        response = made.browser().post(f"/paper/{paper_id(1)}/{act}", data=form)
        assert response.headers["location"].startswith("/sign-in")


def test_a_curator_picks_a_paper_for_a_day_and_takes_it_back(made: House, grace: TestClient) -> None:
    address = f"/paper/{paper_id(1)}"
    response = grace.post(f"{address}/pick", data={"next": "/"})
    assert response.headers["location"] == "/" + anchor(made)
    assert "pick of 2 Mar 2026" in said(entry(grace.get("/").text, paper_id(1)))
    grace.post(f"{address}/pick", data={"day": "2026-03-01"})
    assert paper_id(1) in listed(made.browser().get("/papers/date/2026-03-01").text)
    grace.post(f"{address}/unpick")
    assert "pick of" not in words(made.browser().get(address))
    assert grace.post(f"{address}/unpick").status_code == 409
    assert grace.post(f"{address}/pick", data={"day": "someday"}).status_code == 400


def test_a_curator_hides_a_paper_for_a_reason_and_undoes_it_in_the_log(made: House, grace: TestClient) -> None:
    address = f"/paper/{paper_id(1)}"
    assert grace.post(f"{address}/hide", data={"reason": " "}).status_code == 400
    assert grace.post(f"{address}/hide", data={"reason": "an advertisement"}).status_code == 303
    assert paper_id(1) not in listed(made.browser().get("/").text)
    log = words(grace.get("/audit"))
    assert "an advertisement" in log
    (line,) = made.catalog.acts(made.reader(grace), limit=1)
    assert grace.post(f"/audit/{line.id}/undo").status_code == 303
    assert paper_id(1) in listed(made.browser().get("/").text)
    grace.post(f"{address}/hide", data={"reason": "spam"})
    grace.post(f"{address}/unhide")
    assert paper_id(1) in listed(made.browser().get("/").text)


def test_a_program_curates_with_a_token_that_may(made: House) -> None:
    nobody, may = made.browser(), bearer(made, "Grace", "curate", role=Role.CURATOR)
    pick, hidden = f"/api/papers/{paper_id(1)}/pick", f"/api/papers/{paper_id(1)}/hidden"
    first = nobody.put(pick, json={"day": "2026-03-01"}, headers=may).json()["line"]
    reader = made.catalog.reader_of_token(may["authorization"].removeprefix("Bearer "))
    assert [(line.id, line.verb) for line in made.catalog.acts(reader, limit=1)] == [(first, "pick")]
    assert nobody.delete(pick, headers=may).json()["line"] == first + 1
    assert nobody.put(hidden, json={"reason": "spam"}, headers=may).status_code == 200
    assert nobody.put(hidden, json={"reason": ""}, headers=may).status_code == 400
    assert nobody.delete(hidden, headers=may).status_code == 200
    assert nobody.delete(hidden, headers=may).status_code == 409
    assert nobody.put(pick, json={}, headers=bearer(made, "Ada", "vote")).status_code == 403
    assert nobody.put(pick, json={}).status_code == 401


def test_what_a_program_may_not_see_is_not_shown_to_it(made: House) -> None:
    """A token for voting alone does not tell what its owner voted for."""
    ada = member(made.catalog, "Ada")
    made.catalog.vote(ada, paper_id(1))
    blind = program(made.catalog, ada, "vote")
    paper = made.catalog.paper(paper_id(1))
    assert made.catalog.standings([paper], blind)[paper.id].voted is False
    assert made.catalog.saved(blind, [paper]) == {}
