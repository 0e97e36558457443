"""The API of interests and feeds: what it answers and to whom, held against its own description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.openapi import from_asgi
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from tests.interest_help import EACH, TODAY, archive, key, keys
from tests.people_help import member
from tests.scripted import Clock
from tests.test_web_api import OF_INTERESTS
from tidings.catalog import Catalog
from tidings.people import SCOPES, Role
from tidings.web.app import create_app
from tidings.web.door import Buckets


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with archive(tmp_path_factory.mktemp("api"), Clock()) as (opened, _):
        yield opened


@pytest.fixture(scope="module")
def app(catalog: Catalog) -> FastAPI:
    made = create_app(catalog, catalog.settings)
    made.state.buckets = Buckets(most=1_000_000)
    return made


def proof(catalog: Catalog, name: str, *scopes: str, role: Role = Role.READER) -> dict[str, str]:
    """Return the header that shows a token of a new account."""
    return {"Authorization": f"Bearer {catalog.make_token(member(catalog, name, role), 'script', scopes)}"}


def asking(app: FastAPI, catalog: Catalog, name: str, *scopes: str, role: Role = Role.READER) -> TestClient:
    """Return a program with a token of a new account."""
    headers = proof(catalog, name, *(scopes or ("interests",)), role=role)
    return TestClient(app, headers=headers, raise_server_exceptions=False, client=("192.0.2.7", 50000))


def made(client: TestClient, **asked: Any) -> dict[str, Any]:
    response = client.post("/api/interests", json=asked)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def test_an_interest_from_its_making_to_its_end(app: FastAPI, catalog: Catalog) -> None:
    ada = asking(app, catalog, "Ada1")
    interest = made(ada, name="Graphs", words="graph nodes", likes=keys("graphs", 0), query="category:cs.LG")
    assert (interest["liked"], interest["visibility"], interest["owner"]) == (1, "private", "Ada1")
    address = f"/api/interests/{interest['number']}"
    assert ada.get("/api/interests").json() == {"own": [interest], "others": []}
    changed = ada.patch(address, json={"name": "Networks", "visibility": "lab"}).json()
    assert (changed["name"], changed["visibility"], changed["words"]) == ("Networks", "lab", "graph nodes")
    whole = ada.get(address).json()
    assert [(e["paper"]["id"], e["verdict"]) for e in whole["examples"]] == [(key("graphs", 0), "liked")]
    exported = ada.get(f"{address}/export").json()
    again = ada.post("/api/interests/import", json={"interest": exported, "name": "Again"})
    assert (again.status_code, again.json()["missing"]) == (201, [])
    assert ada.post("/api/interests/import", json={"interest": exported}).status_code == 409
    assert ada.post(f"/api/interests/{again.json()['interest']['number']}/look-again").json()["missing"] == []
    assert ada.delete(address).status_code == 204
    assert ada.get(address).status_code == 404


def test_what_is_said_and_taken_back(app: FastAPI, catalog: Catalog) -> None:
    ada, paper = asking(app, catalog, "Ada2"), f"/api/papers/{key('graphs', 0)}/verdict"
    took = ada.put(paper, json={"verdict": "like"}).json()
    assert (took["name"], took["liked"]) == ("My papers", 1)
    address = f"/api/interests/{took['number']}"
    assert ada.put(paper, json={"verdict": "dismiss", "interest": took["number"]}).json()["dismissed"] == 1
    assert ada.post(f"{address}/undo").json() == [{"paper": key("graphs", 0), "verdict": "dismissed"}]
    assert [each["number"] for each in ada.delete(paper).json()] == [took["number"]]
    assert ada.delete(paper).json() == []
    assert ada.post(f"{address}/reset", json={"to": TODAY.isoformat()}).json() == []
    assert ada.post(f"{address}/reset", json={"to": "2026-01-01"}).json() == []
    assert {paper["id"][:7] for paper in ada.get(f"{address}/teach?n=3").json()} == {"arxiv:2"}


def test_a_feed_its_reasons_and_what_steers_it(app: FastAPI, catalog: Catalog) -> None:
    ada = asking(app, catalog, "Ada3")
    interest = made(ada, name="Graphs", likes=keys("graphs", 0, 1))
    assert [hit["chance"] is None for hit in ada.get("/api/feed?days=8&limit=6").json()["hits"]].count(False) == 1
    feed = ada.get("/api/feed?days=8&limit=5&outside=false").json()
    assert (feed["looked_at"], feed["seen"], len(feed["hits"])) == (4 * EACH, 2, 5)
    first = feed["hits"][0]
    assert (first["interest_id"], first["is_strong"]) == (interest["number"], True)
    assert {like["id"] for like in first["reason"]["likes"]} <= set(keys("graphs", 0, 1))
    further = {"days": 8, "limit": 5, "outside": False, "cursor": feed["cursor"]}
    second = ada.get("/api/feed", params=further).json()
    assert {h["paper"]["id"] for h in feed["hits"]}.isdisjoint(h["paper"]["id"] for h in second["hits"])
    assert ada.get(f"/api/feed?interest={interest['number']}&days=8&limit=5").json()["hits"] == feed["hits"]
    why = ada.get(f"/api/papers/{first['paper']['id']}/why-not?days=8").json()
    assert (why["is_listed"], why["causes"]) == (True, [])
    author = first["paper"]["authors"][0]
    rule = ada.put("/api/rules", json={"kind": "mute-author", "value": author}).json()
    assert (rule["value"], ada.get("/api/rules").json()[0]["kind"]) == (author, "mute-author")
    assert ada.get("/api/feed?days=8").json()["muted"] > 0
    assert ada.delete("/api/rules", params={"kind": "mute-author", "value": author}).status_code == 204
    assert ada.delete("/api/rules", params={"kind": "follow-author", "value": author}).status_code == 404
    assert ada.post("/api/feed/shown", json={"papers": [first["paper"]["id"], "arxiv:1"]}).status_code == 204
    assert ada.put(f"/api/papers/{first['paper']['id']}/opened").status_code == 204
    assert ada.get("/api/feed?days=8&limit=1").json()["hits"][0]["opened"]
    assert ada.get("/api/feed/lab?days=8").status_code == 200


def test_what_is_ones_own_is_nobody_elses(app: FastAPI, catalog: Catalog) -> None:
    ada, eve = asking(app, catalog, "Ada4"), asking(app, catalog, "Eve4", "interests", "admin", role=Role.ADMIN)
    number = made(ada, name="Graphs", likes=keys("graphs", 0))["number"]
    for method, address in (
        ("get", f"/api/interests/{number}"),
        ("get", f"/api/interests/{number}/export"),
        ("get", f"/api/interests/{number}/teach"),
        ("get", f"/api/feed?interest={number}"),
        ("delete", f"/api/interests/{number}"),
        ("post", f"/api/interests/{number}/undo"),
    ):
        assert eve.request(method, address).status_code == 404
    lacking = asking(app, catalog, "Ida4", "read")
    assert lacking.get("/api/interests").status_code == 403
    assert TestClient(app, client=("192.0.2.7", 50000)).get("/api/feed").status_code == 401
    assert ada.get("/api/feed").headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("signed_in", [False, True], ids=["as nobody", "with a token"])
@pytest.mark.parametrize("name", OF_INTERESTS)
def test_every_answer_is_as_described(app: FastAPI, catalog: Catalog, name: str, signed_in: bool) -> None:
    method, _, path = name.partition(" ")
    operation = from_asgi("/api/openapi.json", app)[path][method]
    who = f"Root{OF_INTERESTS.index(name)}"
    headers = proof(catalog, who, *SCOPES, role=Role.ADMIN) if signed_in else {}

    @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def answers(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    answers()
