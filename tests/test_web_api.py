"""The JSON API, over a real catalog, and held against its own description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, assume, given, settings
from schemathesis.openapi import from_asgi
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from tests.conftest import REPOSITORY
from tests.e2e.archive import CHANGED, open_archive
from tests.people_help import member
from tests.test_web import titles
from tidings.catalog import Catalog
from tidings.people import SCOPES, Role
from tidings.settings import Settings
from tidings.web.app import create_app
from tidings.web.door import Buckets

OPERATIONS = [
    "GET /api/search",
    "GET /api/similar",
    "GET /api/papers/new",
    "GET /api/papers/date/{day}",
    "GET /api/papers/{id}",
    "GET /api/stats",
    "GET /api/sources",
    "GET /api/me",
    "GET /api/trending",
    "POST /api/papers/{id}/vote",
    "DELETE /api/papers/{id}/vote",
    "POST /api/submit",
    "PUT /api/papers/{id}/pick",
    "DELETE /api/papers/{id}/pick",
    "PUT /api/papers/{id}/hidden",
    "DELETE /api/papers/{id}/hidden",
    "GET /api/lab",
    "GET /api/shelves",
    "POST /api/shelves",
    "GET /api/shelves/{number}",
    "PATCH /api/shelves/{number}",
    "DELETE /api/shelves/{number}",
    "PUT /api/shelves/{number}/papers/{id}",
    "DELETE /api/shelves/{number}/papers/{id}",
    "GET /api/shelf/{key}",
    "GET /api/topics",
    "GET /api/topics/emerging",
    "GET /api/topics/{which}",
    "GET /api/topics/{which}/papers",
    "POST /api/topics/{number}/follow",
    "PATCH /api/topics/{number}",
    "POST /api/topics/{number}/merge",
    "POST /api/topics/{number}/split",
    "GET /api/tags",
    "POST /api/tags",
    "GET /api/tags/{which}",
    "PATCH /api/tags/{which}",
    "DELETE /api/tags/{which}",
    "GET /api/tags/{which}/papers",
    "PUT /api/tags/{which}/papers/{id}",
    "DELETE /api/tags/{which}/papers/{id}",
]
OF_INTERESTS = [  # held against their description in test_web_api_interests
    "GET /api/interests",
    "POST /api/interests",
    "POST /api/interests/import",
    "GET /api/interests/{number}",
    "PATCH /api/interests/{number}",
    "DELETE /api/interests/{number}",
    "GET /api/interests/{number}/export",
    "POST /api/interests/{number}/look-again",
    "POST /api/interests/{number}/undo",
    "POST /api/interests/{number}/reset",
    "GET /api/interests/{number}/teach",
    "PUT /api/papers/{id}/verdict",
    "DELETE /api/papers/{id}/verdict",
    "PUT /api/papers/{id}/opened",
    "GET /api/papers/{id}/why-not",
    "GET /api/feed",
    "GET /api/feed/lab",
    "POST /api/feed/shown",
    "GET /api/shelves/{number}/feed",
    "GET /api/rules",
    "PUT /api/rules",
    "DELETE /api/rules",
]
NAMED = {part for operation in OPERATIONS + OF_INTERESTS for part in operation.split("/")[3:] if "{" not in part}
DESCRIBED = list(dict.fromkeys(operation.partition(" ")[2] for operation in OPERATIONS + OF_INTERESTS))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with open_archive(tmp_path_factory.mktemp("api")) as opened:
        opened._transport = httpx2.MockTransport(lambda _: httpx2.Response(404))  # no publisher knows any paper
        yield opened


@pytest.fixture(scope="module")
def app(catalog: Catalog) -> FastAPI:
    made = create_app(catalog, Settings())
    made.state.buckets = Buckets(most=1_000_000)
    return made


@pytest.fixture(scope="module")
def token(catalog: Catalog) -> str:
    """A token of an administrator, with every scope."""
    return catalog.make_token(member(catalog, "Root", Role.ADMIN), "everything", SCOPES)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as opened:
        yield opened


def test_the_api_answers_the_same_hits_as_the_page(client: TestClient) -> None:
    body = client.get("/api/search?q=sampling").json()
    html = client.get("/search?q=sampling").text
    assert [f"/paper/{hit['paper']['id']}" for hit in body["hits"]] == titles(html)
    assert body["hits"][0]["score"] == pytest.approx(sum(body["hits"][0]["parts"].values()))


def test_a_paper_comes_with_what_its_sources_changed(client: TestClient) -> None:
    newest, oldest = client.get(f"/api/papers/{CHANGED}").json()["revisions"]
    assert (newest["source"], newest["version"], oldest["version"]) == ("arxiv", 3, 2)
    assert {"field": "comment", "before": "12 pages", "after": "13 pages"} in newest["changes"]


def test_every_source_says_how_it_does(client: TestClient) -> None:
    response = client.get("/api/sources")
    sources = {source["name"]: source for source in response.json()}
    assert sources["arxiv"]["enabled"]
    assert sources["arxiv"]["limit"]["interval"] >= 3
    assert "TIDINGS_ZOTERO_KEY_FILE" in sources["zotero"]["lacks"]
    assert response.headers["cache-control"] == "no-store"


def test_every_address_of_the_api_has_a_heading_in_its_documentation() -> None:
    documentation = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
    assert [path for path in DESCRIBED if f"## `{path}`\n" not in documentation] == []


def test_the_api_pages_by_cursor(client: TestClient) -> None:
    first = client.get("/api/search?q=sampling&limit=5").json()
    second = client.get("/api/search", params={"q": "sampling", "limit": 5, "cursor": first["cursor"]}).json()
    assert not {hit["paper"]["id"] for hit in first["hits"]} & {hit["paper"]["id"] for hit in second["hits"]}


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/search?q=%22open", 400, "query"),
        ("/api/search?q=sampling&limit=0", 400, "input"),
        ("/api/search?q=sampling&cursor=garbage", 400, "input"),
        ("/api/search?q=sampling&sort=random", 400, "input"),
        ("/api/search", 400, "input"),
        ("/api/similar", 400, "input"),
        ("/api/similar?id=arxiv:9999.99999", 404, "not_found"),
        ("/api/papers/arxiv:9999.99999", 404, "not_found"),
        ("/api/papers/date/2025-02-30", 400, "input"),
        ("/api/nothing", 404, "not_found"),
    ],
)
def test_an_error_of_the_api_has_one_shape(client: TestClient, address: str, status: int, code: str) -> None:
    response = client.get(address)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.json()["error"]["message"]


def test_a_query_error_names_its_position_and_a_suggestion(client: TestClient) -> None:
    error = client.get("/api/search", params={"q": "graph yaer:2024"}).json()["error"]
    assert error["position"] == 6
    assert client.get("/api/search", params={"q": error["suggestion"]}).status_code == 200


def test_the_description_of_the_api_is_valid_and_names_every_address(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert described == {*OPERATIONS, *OF_INTERESTS}
    assert "422" not in json.dumps(document)
    html = client.get("/api").text
    assert all(path in html for path in document["paths"])


@pytest.mark.parametrize("signed_in", [False, True], ids=["as nobody", "with a token"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_of_the_api_is_as_described(app: FastAPI, token: str, name: str, signed_in: bool) -> None:
    method, _, path = name.partition(" ")
    operation = from_asgi("/api/openapi.json", app)[path][method]
    headers = {"Authorization": f"Bearer {token}"} if signed_in else {}

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def answers(case: schemathesis.Case[Any]) -> None:
        assume(not NAMED & set(map(str, (case.path_parameters or {}).values())))  # another operation answers there
        # a query, a cursor and an id have grammars of their own, which OpenAPI cannot state
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    answers()
