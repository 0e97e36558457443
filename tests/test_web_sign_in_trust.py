"""Who is let in without a word of their own: whom a trusted proxy names, and the owner at the machine itself."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tests.people_help import session_of
from tests.test_serve import end, start
from tests.web_people import PASSWORD, PUBLIC, STRANGER, House, house, mailing_house, words
from tidings.errors import InputError
from tidings.people import Role
from tidings.settings import Settings
from tidings.web import serve
from tidings.web.app import create_app
from tidings.web.networks import is_loopback, networks_of

ADA = "ada@lab.example"
HEADER = "X-Forwarded-Email"
PROXY = ("10.1.2.3", 50000)
BEHIND = {"header": HEADER, "name_header": "X-Forwarded-Name", "networks": ["10.0.0.0/8", "fd00::/8"]}
AT_HOME = ("127.0.0.1", 50000)


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[House]:
    """An installation behind a proxy that signs people in."""
    with house(tmp_path, public_url=PUBLIC, proxy=BEHIND) as made:
        made.catalog.add_account(ADA, "Ada", Role.READER)
        yield made


@pytest.fixture
def personal(tmp_path: Path) -> Iterator[House]:
    """An installation as it is without any setting."""
    with house(tmp_path) as made:
        yield made


def vouched(
    home: House, said: str, client: tuple[str, int] = PROXY, headers: Mapping[str, str] | None = None
) -> TestClient:
    """Return a browser behind the proxy, of whom the proxy says something."""
    return home.browser(client=client, headers={**(headers or {}), HEADER: said.encode()})


def at_home(
    home: House,
    host: str = "localhost:8000",
    client: tuple[str, int] = AT_HOME,
    headers: Mapping[str, str] | None = None,
) -> TestClient:
    """Return a browser on the machine itself."""
    return home.browser(client=client, base_url=f"http://{host}", headers=headers)


def is_owner(browser: TestClient) -> bool:
    response = browser.get("/account")
    assert response.status_code in {200, 303}
    return response.status_code == 200 and "Owner" in words(response)


# --- a trusted proxy ---


@pytest.mark.parametrize("client", [PROXY, ("fd00::1", 1), ("::ffff:10.1.2.3", 1)])
def test_whom_a_trusted_proxy_names_is_in(behind: House, client: tuple[str, int]) -> None:
    browser = vouched(behind, " Ada@lab.example", client)
    assert words(browser.get("/account")).startswith("Ada ada@lab.example")
    assert not browser.cookies, "the proxy says so again each time"


@pytest.mark.parametrize("client", [STRANGER, ("127.0.0.1", 1), ("11.0.0.1", 1), ("fe80::1", 1), ("unknown", 1), None])
@pytest.mark.parametrize("path", ["/", "/account", "/api/stats", "/api/me", "/no/such/page"])
def test_a_name_from_elsewhere_is_refused_in_words(behind: House, client: tuple[str, int] | None, path: str) -> None:
    response = vouched(behind, ADA, client).get(path)  # type: ignore[arg-type] # a socket of the file system has none
    assert response.status_code == 403
    assert "believed only from a trusted proxy" in response.text
    assert "Ada" not in response.text


def test_two_names_are_refused_for_nobody_knows_whose_they_are(behind: House) -> None:
    said = [(HEADER, "mallory@evil.example"), (HEADER, ADA)]
    response = behind.browser(client=PROXY).get("/", headers=said)
    assert response.status_code == 403
    assert "the proxy must replace it" in response.text


@pytest.mark.parametrize("said", ["nobody@lab.example", "not an address", "ada@lab.example, bob@lab.example", "ö"])
def test_whom_nobody_here_knows_reads_as_anybody_and_is_told_why(behind: House, said: str) -> None:
    browser = vouched(behind, said)
    assert browser.get("/help").status_code == 200
    assert browser.get("/account").headers["location"] == "/sign-in?next=/account"
    page = words(browser.get("/sign-in?next=/account"))
    assert "You have no account here" in page or "That is not an e-mail address" in page


def test_no_name_is_nobody(behind: House) -> None:
    assert vouched(behind, "").get("/account").status_code == 303
    assert behind.browser(client=PROXY).get("/account").status_code == 303


def test_without_the_setting_no_header_is_believed(personal: House) -> None:
    personal.catalog.add_account(ADA, "Ada", Role.ADMIN)
    for client in (STRANGER, AT_HOME):
        response = personal.browser(client=client).get("/account", headers={HEADER: ADA, "Remote-User": ADA})
        assert response.status_code == 303


def test_a_stranger_gets_an_account_and_the_name_that_the_proxy_says(tmp_path: Path) -> None:
    with house(tmp_path, proxy=BEHIND, sign_up=True) as home:
        browser = vouched(home, "new@lab.example", headers={"X-Forwarded-Name": "Grace Hopper"})
        assert words(browser.get("/account")).startswith("Grace Hopper new@lab.example · reader")
        assert len(home.catalog.members()[0]) == 1
        browser.get("/account")
        assert len(home.catalog.members()[0]) == 1


def test_a_disabled_account_stays_out_whatever_the_proxy_says(behind: House) -> None:
    behind.catalog.add_account("root@lab.example", "Root", Role.ADMIN)
    behind.catalog.bar(ADA, True)
    browser = vouched(behind, ADA)
    assert browser.get("/account").status_code == 303
    assert "This account is disabled" in words(browser.get("/sign-in"))


def test_the_proxys_word_overrules_an_older_cookie(behind: House) -> None:
    behind.catalog.add_account("bob@lab.example", "Bob", Role.READER)
    browser = behind.browser(session_of(behind.catalog, "Bob"), client=PROXY)
    assert words(browser.get("/account", headers={HEADER: ADA})).startswith("Ada")


def test_no_cache_mixes_people_that_a_proxy_names(behind: House) -> None:
    for response in (vouched(behind, ADA).get("/help"), behind.browser(client=PROXY).get("/help")):
        assert HEADER in response.headers["vary"].split(", ")
    assert vouched(behind, ADA).get("/help").headers["cache-control"] == "private, no-store"


def test_a_proxys_login_does_not_let_another_site_change_anything(behind: House) -> None:
    response = vouched(behind, ADA, headers={"sec-fetch-site": "cross-site"}).post("/account", data={"name": "Mallory"})
    assert response.status_code == 403
    [ada] = behind.catalog.members()[0]
    assert ada.name == "Ada"


@pytest.mark.parametrize("name", ["10.0.0.0/33", "lab", "10.0.0.1/8", ""])
def test_a_network_that_is_none_is_refused_when_serving_begins(personal: House, name: str) -> None:
    with pytest.raises(InputError, match="TIDINGS_PROXY_NETWORKS"):
        create_app(personal.catalog, Settings(proxy={"header": HEADER, "networks": [name]}))


# --- whose attempts are counted ---


@pytest.mark.parametrize(
    ("proxy", "client", "forwarded", "asker"),
    [
        (BEHIND, PROXY, ["192.0.2.1"], "192.0.2.1"),
        (BEHIND, PROXY, ["1.1.1.1, 192.0.2.1"], "192.0.2.1"),  # what stood there before is the asker's own invention
        (BEHIND, PROXY, ["1.1.1.1", "192.0.2.1"], "192.0.2.1"),
        (BEHIND, PROXY, ["1.1.1.1, 192.0.2.1, 10.9.9.9"], "192.0.2.1"),
        (BEHIND, PROXY, ["10.9.9.9"], "10.1.2.3"),
        (BEHIND, PROXY, ["unknown"], "10.1.2.3"),
        (BEHIND, PROXY, ["192.0.2.1, unknown"], "10.1.2.3"),
        (BEHIND, PROXY, [], "10.1.2.3"),
        (BEHIND, PROXY, ["[2001:db8::1]"], "2001:db8::1"),
        (BEHIND, STRANGER, ["192.0.2.1"], "192.0.2.7"),
        ({}, AT_HOME, ["192.0.2.1"], "127.0.0.1"),
        ({}, STRANGER, ["192.0.2.1"], "192.0.2.7"),
        ({}, ("::ffff:192.0.2.7", 1), [], "192.0.2.7"),
        ({}, None, [], "unknown"),
    ],
)
def test_attempts_are_counted_for_whoever_makes_them(
    proxy: dict[str, Any], client: tuple[str, int] | None, forwarded: list[str], asker: str
) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    request = Request({"type": "http", "client": client, "headers": headers})
    assert networks_of(Settings(proxy=proxy)).asker(request) == asker


def test_a_header_does_not_help_to_try_more_passwords(personal: House) -> None:
    tries = [
        personal.browser().post(
            "/sign-in/password",
            data={"email": f"somebody{number}@lab.example", "password": PASSWORD},
            headers={"x-forwarded-for": f"198.51.100.{number}", "forwarded": f"for=198.51.100.{number}"},
        )
        for number in range(51)
    ]
    assert [response.status_code for response in tries] == [401] * 50 + [429]


# --- the owner of a personal installation ---


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:80"])
def test_at_the_machine_itself_nobody_has_to_sign_in(personal: House, host: str) -> None:
    browser = at_home(personal, host)
    browser.headers["host"] = host
    assert is_owner(browser)
    assert not browser.cookies


def test_the_owner_may_do_everything(personal: House) -> None:
    browser = at_home(personal)
    for path in ("/account", "/members", "/audit", "/api/me", "/account/export"):
        assert browser.get(path).status_code == 200, path
    assert "Sign in" not in browser.get("/").text.partition("</header>")[0]
    assert "need no sign-in on this machine" in words(browser.get("/account"))


@pytest.mark.parametrize("client", [STRANGER, ("10.0.0.1", 1), ("::ffff:192.0.2.7", 1), ("testclient", 1), None])
def test_from_elsewhere_nobody_is_the_owner(personal: House, client: tuple[str, int] | None) -> None:
    assert not is_owner(at_home(personal, client=client))  # type: ignore[arg-type] # a socket of the file system


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",  # a name of somebody else's that leads here: DNS rebinding
        "evil.example:8000",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example#localhost",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io",
        "papers.lab.example",
        "192.0.2.1:8000",
        "0.0.0.0:8000",
        "[::]:8000",
        "localhost:8000:8000",
        "localhost:",
        "localhost ",
        "",
    ],
)
def test_under_a_name_that_is_not_the_machines_own_nobody_is_the_owner(personal: House, host: str) -> None:
    browser = at_home(personal)
    browser.headers["host"] = host
    assert not is_owner(browser)


@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Anything",
        "Forwarded",
        "X-Real-IP",
        "Via",
        "CF-Connecting-IP",
    ],
)
def test_through_a_relay_nobody_is_the_owner(personal: House, name: str) -> None:
    assert not is_owner(at_home(personal, headers={name: "127.0.0.1"}))


@pytest.mark.parametrize(
    "origin", ["https://papers.lab.example", "http://localhost:9", "https://localhost:8000", "null"]
)
def test_from_a_page_of_another_origin_nobody_is_the_owner(personal: House, origin: str) -> None:
    assert not is_owner(at_home(personal, headers={"origin": origin}))
    assert is_owner(at_home(personal, headers={"origin": "http://localhost:8000"}))


def test_in_the_old_protocol_of_a_relay_nobody_is_the_owner(personal: House) -> None:
    browser = at_home(personal)
    inner = personal.app.build_middleware_stack()

    async def older(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, "http_version": "1.0", "app": personal.app}, receive, send)

    personal.app.middleware_stack = older
    assert not is_owner(browser)


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "0.0.0.0"},
        {"host": "::"},
        {"host": "192.0.2.1"},
        {"public_url": PUBLIC},
        {"proxy": BEHIND},
        {"sign_up": True},
        {"public_url": PUBLIC, "oidc": {"issuer": "https://id.example", "client": "x"}},
    ],
)
def test_what_is_set_up_for_several_people_has_no_owner(tmp_path: Path, settings: dict[str, Any]) -> None:
    with house(tmp_path, **settings) as home:
        assert not is_owner(at_home(home))
        assert home.catalog.members()[0] == []


def test_with_the_first_account_the_owner_has_to_sign_in(personal: House) -> None:
    assert is_owner(at_home(personal))
    personal.catalog.add_account(ADA, "Ada", Role.ADMIN)
    assert not is_owner(at_home(personal))


def test_the_owner_signs_in_nowhere_and_out_of_nothing(personal: House) -> None:
    browser = at_home(personal)
    assert browser.post("/sign-out").status_code == 303
    assert is_owner(browser)
    assert 'action="/sign-out"' not in browser.get("/account").text


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("lab", False),
        ("", False),
    ],
)
def test_which_addresses_are_of_this_machine_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_the_link_of_the_page_works_at_home(tmp_path: Path) -> None:
    with mailing_house(tmp_path, port=8123) as (home, inbox):
        home.catalog.add_account(ADA, "Ada", Role.ADMIN)
        home.browser().post("/sign-in", data={"email": ADA})
        assert b"http://localhost:8123/sign-in/link/" in inbox.raw[0]


# --- the server as a person starts it ---


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 303),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, 303),
        ("127.0.0.1", {"Host": "evil.example"}, 303),
        ("0.0.0.0", {}, 303),
    ],
)
def test_who_sits_at_the_machine_is_seen_by_the_address_that_is_served_at(
    served: Callable[[str], int], host: str, headers: dict[str, str], status: int
) -> None:
    connection = HTTPConnection("127.0.0.1", served(host), timeout=30)
    connection.request("GET", "/account", headers=headers)
    assert connection.getresponse().status == status
    connection.close()


def test_the_server_takes_nobodys_word_for_who_is_at_the_other_end(
    personal: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless told otherwise it believes X-Forwarded-For from this machine, and any process here could be anybody."""
    built: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: built.append(server.config))
    with socket.create_server(("127.0.0.1", 0)) as opened:
        serve._answer(personal.catalog, opened)
    [config] = built
    config.load()
    assert config.proxy_headers is False
    assert not isinstance(config.loaded_app, ProxyHeadersMiddleware)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], int]]:
    """Return the port of a server at an address."""
    processes: dict[str, tuple[Popen[str], int]] = {}

    def port(host: str) -> int:
        if host not in processes:
            home = tmp_path_factory.mktemp("home")
            process = start(home, "--port", "0", "--host", host, workers="1")
            assert process.stderr is not None
            address = re.search(r"http://[^:]*:(\d+)", process.stderr.readline())
            assert address
            processes[host] = process, int(address[1])
        return processes[host][1]

    yield port
    for process, _ in processes.values():
        end(process)


def test_whom_the_proxy_vouches_for_need_not_sign_in_again(behind: House) -> None:
    browser = vouched(behind, ADA)
    behind.clock.at += timedelta(days=2)
    assert "tidings_" in browser.post("/account/tokens", data={"scope_read": "1", "days": "30"}).text
    sent = {"password": PASSWORD, "again": PASSWORD}
    assert browser.post("/account/password", data=sent).headers["location"] == "/sign-in?next=/account"


def test_the_owner_need_not_sign_in_again(personal: House) -> None:
    browser = at_home(personal)
    assert browser.get("/account").status_code == 200
    personal.clock.at += timedelta(days=2)
    assert "tidings_" in browser.post("/account/tokens", data={"scope_read": "1", "days": "30"}).text
