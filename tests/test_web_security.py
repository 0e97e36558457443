"""What the whole web promises, proven of every address: docs/security.md says it in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.conftest import REPOSITORY
from tests.people_help import everything, paper_id, papers, session_of, signed_in
from tests.routes import ASKERS, Row, routes, table
from tests.topic_help import give_topics
from tests.web_people import PASSWORD, PUBLIC, House, mailing_house, words
from tidings.catalog.keys import SESSION_LIFE
from tidings.catalog.signing import _LINKS, _PASSWORDS, LINK_LIFE
from tidings.digest.links import LIVES, Claim, Linker
from tidings.errors import InputError
from tidings.people import SCOPES, Role
from tidings.settings import Settings
from tidings.types import Pace
from tidings.web.door import LARGEST_BODY, WRITES, Buckets
from tidings.web.forms import own_path
from tidings.web.previews import POLICY
from tidings.web.security import CONTENT_SECURITY_POLICY
from tidings.web.site import FOLDER

ONE_CLICK = "POST /mail/leave/"
"""A mail program leaves from wherever it is (RFC 8058); the link alone says what it may. See test_web_subscribing.py."""
PEOPLE = {"Ada": Role.READER, "Bob": Role.READER, "Cora": Role.CURATOR, "Root": Role.ADMIN}


@dataclass(frozen=True)
class World:
    """An installation with something of everything in it, and a way back to how it was."""

    house: House
    rows: Mapping[str, Row]
    sessions: Mapping[str, str]
    tokens: Mapping[str, str]
    before: sqlite3.Connection
    told: str

    def browser(self, asker: str, row: Row) -> TestClient:
        if asker in self.sessions:
            return self.house.browser(self.sessions[asker])
        if asker == "nobody":
            return self.house.browser()
        token = self.tokens[row.scope if asker == "lacking" else "every"]
        return self.house.browser(headers={"authorization": f"Bearer {token}"})

    def ask(self, asker: str, name: str, headers: Mapping[str, str] | None = None) -> Response:
        """Ask as somebody for the address of a line of the table."""
        row, method = self.rows[name], name.partition(" ")[0].replace("MOUNT", "GET")
        sent = {"json": row.json} if row.json is not None else {"data": row.form} if row.form else {}
        browser = self.browser(asker, row)
        return browser.request(method, row.path, headers=dict(headers or {}), **sent)

    def is_unchanged(self) -> bool:
        return everything(self.house.store) == self.told

    def restore(self) -> None:
        self.house.store.engine.dispose()
        with sqlite3.connect(self.house.catalog.settings.root / "tidings.db") as database:
            self.before.backup(database)
        database.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("security")
    with mailing_house(folder) as (house, _):
        catalog = house.catalog
        papers(house.store, 0, 1, 2)
        catalog.catch_up()
        for name, role in PEOPLE.items():
            catalog.add_account(f"{name.lower()}@lab.example", name, role)
        catalog.set_password(signed_in(catalog, "Ada"), PASSWORD)
        sessions = {name.lower(): session_of(catalog, name) for name in PEOPLE}
        readers = {name: catalog.reader_of_session(secret) for name, secret in sessions.items()}
        root, ada = readers["root"], readers["ada"]
        tokens = {scope: catalog.make_token(root, scope, set(SCOPES) - {scope}) for scope in SCOPES}
        tokens["every"] = catalog.make_token(root, "every", SCOPES)
        for token in tokens.values():
            catalog.reader_of_token(token)  # it is noted once that a token is used
        catalog.make_token(ada, "script", ["read"])
        shelf = catalog.make_shelf(ada, "Mine")
        catalog.put(ada, shelf.id, paper_id(0), "a note that is nobody's business")
        shared = catalog.make_shelf(ada, "Shared", "link")
        catalog.vote(ada, paper_id(0))
        line = catalog.pick(root, paper_id(1))
        catalog.hide(root, paper_id(2), "spam")
        catalog.invite(root, "guest@lab.example", Role.READER)
        catalog.add_tag(root, "striped", "zebras")
        give_topics(catalog, house.store, folder)
        accounts, [invitation] = catalog.members()
        numbers = {
            "shelf": shelf.id,
            "bob": next(account.id for account in accounts if account.name == "Bob"),
            "token": catalog.tokens(ada)[0].id,
            "line": line,
            "invitation": invitation.id,
        }
        link = catalog.sign_in_letter("ada@lab.example").secret
        address = catalog.make_address_token(ada, "feed reader")
        catalog.reader_of_address(address)
        secrets = {"key": shared.key or "", "link": link, "password": PASSWORD, "address": address}
        interest = catalog.make_interest(ada, "Zebras", words="zebras", likes=[paper_id(0)])
        catalog.like(ada, paper_id(1), interest.id)
        numbers["interest"] = interest.id
        subscription = catalog.subscribe(ada, "trending", "", Pace())
        numbers["subscription"] = subscription.id
        linker = Linker.of(catalog.settings)
        for purpose in LIVES:
            secrets[purpose] = linker.token(Claim(purpose, subscription.id, 1, 1, house.clock().date()))
        before = sqlite3.connect(":memory:")
        with sqlite3.connect(folder / "tidings.db") as database:
            database.backup(before)
        database.close()
        yield World(house, table(numbers, secrets), sessions, tokens, before, everything(house.store))


@pytest.fixture(autouse=True)
def rested(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let every test begin with the world as it was, and with nothing counted."""
    yield
    if "world" in request.fixturenames:
        found = request.getfixturevalue("world")
        found.restore()
        found.house.app.state.buckets = Buckets()


def got(response: Response) -> str:
    """Return what an answer is, as the table writes it."""
    status, place = response.status_code, response.headers.get("location", "")
    if status == 401 or (status == 303 and place.startswith("/sign-in")):
        return "s"
    return {400: "!", 403: "x", 404: "0"}.get(status, "+" if status < 400 else f"({status})")


def test_every_address_says_who_may(world: World) -> None:
    assert set(routes(world.house.app)) == set(world.rows)


def test_everybody_gets_what_the_table_says_and_whoever_may_not_changes_nothing(world: World) -> None:
    wrong = []
    for name, row in world.rows.items():
        world.house.app.state.buckets = Buckets()
        for asker, expected in zip(ASKERS, row.expected, strict=True):
            response = world.ask(asker, name)
            password_ends_sessions = name == "POST /account/password" and got(response) == "s" and expected == "+"
            if got(response) != expected and not password_ends_sessions:
                wrong.append(f"{name} as {asker}: {got(response)} instead of {expected}")
            if (name.startswith(("GET", "MOUNT")) or expected != "+") and not world.is_unchanged():
                wrong.append(f"{name} as {asker} changed something")
            if not name.startswith(("GET", "MOUNT")):
                world.restore()
    assert wrong == []


def test_what_is_refused_by_the_api_says_so_in_its_shape(world: World) -> None:
    codes = {"s": "sign_in", "x": "forbidden", "0": "not_found"}
    for name, row in world.rows.items():
        if row.path.startswith("/api/"):
            for asker, expected in zip(ASKERS, row.expected, strict=True):
                if expected in codes:
                    assert world.ask(asker, name).json()["error"]["code"] == codes[expected], name


def test_a_private_note_reaches_nobody_else(world: World) -> None:
    for name, row in world.rows.items():
        if name.startswith("GET"):
            for asker in ("nobody", "bob", "cora", "root", "every"):
                response = world.ask(asker, name)
                assert "nobody&#39;s business" not in response.text, (name, asker, row)
                assert "nobody's business" not in response.text, (name, asker)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:8080"},
        {"origin": "http://[::1"},
    ],
)
def test_no_other_site_changes_anything(world: World, headers: dict[str, str]) -> None:
    for name in world.rows:
        if not name.startswith(("GET", "MOUNT", ONE_CLICK)):
            for asker in ("nobody", "ada", "root"):
                response = world.ask(asker, name, headers)
                assert response.status_code == 403, (name, asker)
                assert "came from another site" in response.text
                assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert world.is_unchanged()


def test_every_answer_carries_the_rules_and_says_whose_it_is(world: World) -> None:
    for name in world.rows:
        for asker in ("nobody", "ada", "every"):
            response = world.ask(asker, name)
            is_preview = name.endswith("/preview") and response.status_code == 200
            policy = POLICY if is_preview else CONTENT_SECURITY_POLICY
            assert response.headers["content-security-policy"] == policy, name
            assert response.headers["x-content-type-options"] == "nosniff", name
            if not name.startswith("MOUNT"):
                assert {"Cookie", "Authorization"} <= set(response.headers["vary"].split(", ")), name
                kept = {"private, no-store", "private, no-cache", "no-store", "private, max-age=600"}
                assert response.headers["cache-control"] in kept, name
        world.restore()


def test_what_was_made_for_somebody_is_kept_by_nobody(world: World) -> None:
    for name in world.rows:
        if name.startswith("GET"):
            response = world.ask("ada", name)
            if "Ada" in response.text or "ada@" in response.text:
                assert "no-store" in response.headers["cache-control"], name
                assert "etag" not in response.headers, name


def test_a_page_that_anybody_holds_is_not_taken_for_somebodys(world: World) -> None:
    tagged = 0
    for name in world.rows:
        tag = world.ask("nobody", name).headers.get("etag", "") if name.startswith("GET") else ""
        if tag.startswith("W/"):
            tagged += 1
            condition = {"if-none-match": tag}
            assert world.ask("nobody", name, condition).status_code == 304, name
            assert world.ask("ada", name, condition).status_code == 200, name
            assert world.ask("every", name, condition).status_code == 200, name
    assert tagged > 10


def test_a_vote_changes_the_page_that_anybody_holds(world: World) -> None:
    for name in ("GET /", "GET /new", "GET /paper/{id:path}"):
        tag = world.ask("nobody", name).headers["etag"]
        assert world.ask("bob", "POST /paper/{id:path}/vote").status_code == 303
        world.house.clock.sleep(60)
        assert world.ask("nobody", name, {"if-none-match": tag}).status_code == 200, name
        world.restore()
        world.house.clock.sleep(60)


# --- the way back ---


@pytest.mark.parametrize(
    "text",
    ["/", "/account", "/search?q=a&b=c#d", "/paper/arxiv:2106.09685", "/a//b", "/?next=https://evil.example", "/é"],
)
def test_an_address_of_ours_leads_there(text: str) -> None:
    assert own_path(text) == text


@pytest.mark.parametrize("text", ["", "account", "https://evil.example", "//evil.example", "/\r\nlocation: x", "\\\\x"])
def test_an_address_of_others_leads_nowhere(text: str) -> None:
    assert own_path(text) is None


def test_no_header_can_be_written_by_a_form(world: World) -> None:
    data = {"email": "ada@lab.example", "password": PASSWORD, "next": "/a\r\nset-cookie: evil=1"}
    response = world.house.browser().post("/sign-in/password", data=data)
    assert response.headers["location"] == "/"
    assert "evil" not in response.headers["set-cookie"]


# --- too much ---


def test_a_bucket_gives_so_many_at_once_and_as_many_again_in_its_time() -> None:
    now = 0.0
    buckets = Buckets(most=3, seconds=60.0, clock=lambda: now)
    assert [buckets.take("ada") for _ in range(4)] == [0, 0, 0, 20.0]
    assert buckets.take("bob") == 0
    now = 19.0
    assert buckets.take("ada") == pytest.approx(1.0)
    now = 20.0
    assert (buckets.take("ada"), buckets.take("ada")) == (0, 20.0)
    now = 1000.0
    assert [buckets.take("ada") for _ in range(4)] == [0, 0, 0, 20.0]


def test_buckets_of_many_take_little_room() -> None:
    now = 0.0
    buckets = Buckets(most=3, seconds=60.0, clock=lambda: now)
    for number in range(30_000):
        buckets.take(number)
    assert len(buckets._left) <= 10_000
    now = 61.0
    buckets.take("ada")
    assert list(buckets._left) == ["ada"]


def test_whoever_writes_too_much_has_to_wait_and_nobody_else(world: World) -> None:
    world.house.app.state.buckets = Buckets(clock=lambda: 0.0)
    form = partial(world.ask, "ada", "POST /paper/{id:path}/vote")
    answers = [form() for _ in range(WRITES + 1)]
    assert [response.status_code for response in answers] == [303] * WRITES + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert "Too many changes" in words(answers[-1])
    assert world.ask("bob", "POST /paper/{id:path}/vote").status_code == 303
    assert world.ask("ada", "GET /").status_code == 200


def test_strangers_are_counted_by_their_network(world: World) -> None:
    world.house.app.state.buckets = Buckets(clock=lambda: 0.0)

    def search(client: tuple[str, int]) -> int:
        return world.house.browser(client=client).post("/search", data={"q": "zebras"}).status_code

    assert [search(("192.0.2.1", port)) for port in range(WRITES + 1)] == [200] * WRITES + [429]
    assert search(("192.0.2.2", 1)) == 200


@pytest.mark.parametrize("kind", [b"", b"application/x-www-form-urlencoded", b"application/json"])
def test_a_body_without_end_is_not_read_to_its_end(world: World, kind: bytes) -> None:
    for name, row in world.rows.items():
        method = name.partition(" ")[0]
        if method not in {"GET", "MOUNT"}:
            status, taken = pour(world, method, row.path.partition("?")[0], kind)
            assert taken <= LARGEST_BODY + 65_536, name
            assert status < 500, (name, status)
            world.restore()


def pour(world: World, method: str, path: str, kind: bytes) -> tuple[int, int]:
    """Send a body that never ends as Ada; return the status of the answer, and how many bytes were taken."""
    taken, statuses = 0, list[int]()
    cookie = f"tidings={world.sessions['ada']}".encode()

    async def receive() -> dict[str, object]:
        nonlocal taken
        taken += 65_536
        return {"type": "http.request", "body": b"a" * 65_536, "more_body": True}

    async def send(message: MutableMapping[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(str(message["status"])))

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"content-type", kind), (b"cookie", cookie)],
        "client": ("192.0.2.7", 1),
        "server": ("testserver", 80),
        "scheme": "http",
    }
    anyio.run(world.house.app, scope, receive, send)
    return statuses[0], taken


def test_what_says_that_it_is_too_long_is_not_read_at_all(world: World) -> None:
    for declared in (str(LARGEST_BODY + 1), "9" * 30, "-1", "x", "1e3"):
        response = world.house.browser().post("/search", content=b"q=a", headers={"content-length": declared})
        assert response.status_code == 400, declared
        assert "at most 2,000,000 bytes" in words(response)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"paper":' * 50_000, b"\xff\xfe", b"null", b"", b"1e999999"])
def test_json_that_is_none_is_a_calm_400(world: World, content: bytes) -> None:
    browser = world.house.browser(world.sessions["ada"])
    response = browser.post("/api/submit", content=content, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "input")


def test_a_form_with_too_many_fields_is_refused(world: World) -> None:
    browser = world.house.browser(world.sessions["ada"])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = browser.post("/account", content="&".join(f"a{n}=b" for n in range(2_000)), headers=headers)
    assert response.status_code == 400
    response = browser.post("/account", content="a=" + "b" * 200_000, headers=headers)
    assert response.status_code == 400
    assert browser.post("/account", files={"name": b"x"}).status_code == 400


# --- behind a proxy that asks by another name ---


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (PUBLIC, 303),
        (PUBLIC.upper(), 303),
        ("http://papers.lab.example", 403),  # the same name without encryption is anybody on the way
        ("https://papers.lab.example:8443", 403),
        ("https://papers.lab.example.evil.example", 403),
        ("http://127.0.0.1:8000", 303),
    ],
)
def test_the_address_that_readers_know_is_ours_whatever_a_proxy_asks_for(
    tmp_path: Path, origin: str, expected: int
) -> None:
    with mailing_house(tmp_path, public_url=PUBLIC) as (house, _):
        browser = house.browser(base_url="http://127.0.0.1:8000")
        response = browser.post("/sign-out", headers={"origin": origin})
        assert response.status_code == expected


@pytest.mark.parametrize("name", ["GET /sign-in/link/{secret}", "GET /shelf/{key}", "GET /api/shelf/{key}"])
def test_the_log_holds_no_address_that_lets_somebody_in(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    for method in ("knows_link", "shelf_by_key"):
        monkeypatch.setattr(type(world.house.catalog), method, fail)
    assert world.ask("nobody", name).status_code == 500
    assert "unforeseen error at '" in caplog.text
    assert world.rows[name].path.rpartition("/")[2] not in caplog.text


def test_settings_that_make_no_sense_end_serving_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(InputError), mailing_house(tmp_path, proxy={"header": "X", "networks": ["x"]}):
        pass


def test_no_template_switches_escaping_off() -> None:
    for path in (FOLDER / "templates").glob("*.html"):
        text = path.read_text()
        assert "|safe" not in text.replace(" ", "") and "autoescape" not in text, path


def test_what_makes_markup_of_text_is_in_two_places_that_escape_it() -> None:
    making = {path.name for path in FOLDER.rglob("*.py") if "Markup(" in path.read_text()}
    assert making == {"math.py", "site.py"}


def test_the_promises_name_the_numbers_that_hold() -> None:
    promised = (REPOSITORY / "docs" / "security.md").read_text()
    (link_own, link_network, _), (tries_own, tries_network, _) = _LINKS, _PASSWORDS
    for said in (
        f"{WRITES} a minute for an account",
        f"{LARGEST_BODY // 1_000_000} MB",
        f"{link_own} an hour for an address, {link_network} from a network",
        f"{tries_own} in 15 minutes for an address, {tries_network} from a network",
        f"{Settings().trending.submissions} a day for an account",
        f"for {LINK_LIFE // timedelta(minutes=1)} minutes",
        f"{SESSION_LIFE.days} days at most",
    ):
        assert said in promised, said
