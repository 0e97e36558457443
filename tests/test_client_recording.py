"""Exchanges that are written down and played back."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests import network
from tests.client_help import LIMIT, START, Clock
from tests.network import Reply
from tidings.errors import FetchError, InputError
from tidings.sources.client import Client, open_client
from tidings.store import Store, open_store


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[network.Host]:
    monkeypatch.setattr("tidings.sources.client.getproxies", dict)
    with network.host() as host:
        yield host


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "home")
    yield store
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recorded"


@contextmanager
def recording(host: network.Host, store: Store, folder: Path, clock: Clock | None = None) -> Iterator[Client]:
    clock = clock or Clock()
    trusted = frozenset((host.place,))
    with open_client(
        store.gates, agent="Tidings/test", now=clock.now, sleep=clock.sleep, trusted=trusted, record=folder
    ) as client:
        yield client


@contextmanager
def replaying(store: Store, folder: Path, clock: Clock | None = None) -> Iterator[Client]:
    clock = clock or Clock()
    with open_client(store.gates, agent="a", now=clock.now, sleep=clock.sleep, replay=folder) as client:
        yield client


def heads(folder: Path) -> list[dict[str, object]]:
    return [msgspec.json.decode(file.read_bytes()) for file in sorted(folder.glob("*.exchange.json"))]


def test_what_was_recorded_is_answered_again_without_the_host(host: network.Host, opened: Store, folder: Path) -> None:
    host.says("/feed", Reply(b"<one/>", headers={"ETag": '"1"', "Content-Type": "text/xml"}), Reply(b"<two/>"))
    host.says("/packed", Reply(gzip.compress(b'{"n": 3}'), headers={"Content-Encoding": "gzip"}))
    host.plays("/ask", lambda asked: Reply(asked.body, chunked=True))
    host.says("/old", Reply(status=301, headers={"Location": "/feed"}))

    def conversation(client: Client) -> list[object]:
        first = client.get(f"{host.url}/feed", LIMIT, params={"page": 1})
        questions = [client.post(f"{host.url}/ask", LIMIT, json=ids).json() for ids in (["a"], ["b"], ["a"])]
        with client.download(f"{host.url}/feed", LIMIT) as (_, file):
            downloaded = file.read()
        packed = client.get(f"{host.url}/packed", LIMIT).json()
        return [first.body, first.etag, questions, downloaded, packed, client.get(f"{host.url}/old", LIMIT).body]

    with recording(host, opened, folder) as client:
        said = conversation(client)
    asked = len(host.asked)
    with replaying(opened, folder) as client:
        assert conversation(client) == said
    assert said[2] == [["a"], ["b"], ["a"]]
    assert len(host.asked) == asked


def test_the_same_question_gets_its_answers_in_order_and_no_more(
    host: network.Host, opened: Store, folder: Path
) -> None:
    host.says("/", Reply(b"1"), Reply(b"2"))
    with recording(host, opened, folder) as client:
        client.get(f"{host.url}/", LIMIT)
        client.get(f"{host.url}/", LIMIT)
    with replaying(opened, folder) as client:
        assert [client.get(f"{host.url}/", LIMIT).body for _ in range(2)] == [b"1", b"2"]
        with pytest.raises(FetchError, match="was not recorded"):
            client.get(f"{host.url}/", LIMIT)


def test_what_was_not_recorded_is_a_failure_that_says_so(host: network.Host, opened: Store, folder: Path) -> None:
    host.says("/", Reply(b"1"))
    with recording(host, opened, folder) as client:
        client.get(f"{host.url}/", LIMIT)
    with replaying(opened, folder) as client, pytest.raises(FetchError, match="was not recorded") as failure:
        client.get(f"{host.url}/", LIMIT, params={"page": "2", "api_key": "hidden"})
    assert "hidden" not in str(failure.value)
    with replaying(opened, folder) as client, pytest.raises(FetchError, match="was not recorded"):
        client.post(f"{host.url}/", LIMIT, json=1)


def test_faults_are_recorded_and_a_replay_waits_for_nothing(host: network.Host, opened: Store, folder: Path) -> None:
    host.says("/", Reply(b"", 503, {"Retry-After": "60"}), Reply(b"half", declared=9), Reply(b"fine"))
    with recording(host, opened, folder) as client:
        assert client.get(f"{host.url}/", LIMIT).body == b"fine"
    used = opened.gates.state(LIMIT, START).used
    clock = Clock()
    with replaying(opened, folder, clock) as client:
        assert client.get(f"{host.url}/", LIMIT).body == b"fine"
    assert clock.slept == []
    assert opened.gates.state(LIMIT, START).used == used == 3
    assert [head["whole"] for head in heads(folder)] == [True, False, True]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"x" * 3_000_000, chunked=True),
        Reply(b"x" * 3_000_000),
        Reply(b"no such thing" * 10_000, 404, {"Content-Type": "text/plain"}),
        Reply(b"", 429, {"Retry-After": "3600"}),
        Reply(status=302, headers={"Location": "https://example.org/"}),
    ],
)
def test_a_failure_is_the_same_when_it_is_replayed(
    host: network.Host, opened: Store, folder: Path, reply: Reply
) -> None:
    host.says("/", reply)
    failures = []
    for opening in (recording(host, opened, folder), replaying(opened, folder)):
        with opening as client, pytest.raises(FetchError) as failure:
            client.get(f"{host.url}/", LIMIT, largest=2_000_000)
        failures.append((str(failure.value), failure.value.status, failure.value.retry_at))
    assert failures[0] == failures[1]


def test_no_secret_is_written(host: network.Host, opened: Store, folder: Path) -> None:
    secrets = [
        "s3cret-header",
        "s3cret-query",
        "s3cret-word",
        "s3cret-token",
        "s3cret-cookie",
        "s3cret-form",
        "me@lab.org",
    ]
    token = Reply(b'{"token" : "s3cret-token", "user": {"id": "~A_B1"}}', headers={"Set-Cookie": "id=s3cret-cookie"})
    host.says("/login", token)
    host.says("/form", token)
    host.says("/", Reply(b"fine"))

    def conversation(client: Client) -> list[object]:
        login = client.post(f"{host.url}/login", LIMIT, json={"id": "me", "password": "s3cret-word"}).json()
        client.post(f"{host.url}/form", LIMIT, form={"user": "me", "password": "s3cret-form"})
        for name in ("Authorization", "x-api-key", "Zotero-API-Key", "Cookie", "X-Unheard-Of"):
            client.get(f"{host.url}/", LIMIT, headers={name: "s3cret-header"})
        client.get(f"{host.url}/", LIMIT, params={"api_key": "s3cret-query", "mailto": "me@lab.org", "page": "2"})
        return [login["user"], type(login["token"])]

    with recording(host, opened, folder) as client:
        said = conversation(client)
    assert any("s3cret-header" in asked.headers.get("x-api-key", "") for asked in host.asked)
    written = b"".join(file.read_bytes() for file in sorted(folder.iterdir()))
    assert [secret for secret in secrets if secret.encode() in written] == []
    assert b"page=2" in written
    with replaying(opened, folder) as client:
        assert conversation(client) == said


def test_an_answer_that_repeats_the_key_is_written_without_it(host: network.Host, opened: Store, folder: Path) -> None:
    host.says("/keys/current", Reply(b'{"key": "s3cret", "userID": 12}'))
    with recording(host, opened, folder) as client:
        answer = client.get(f"{host.url}/keys/current", LIMIT, headers={"Zotero-API-Key": "s3cret"})
    assert answer.json() == {"key": "s3cret", "userID": 12}
    written = b"".join(file.read_bytes() for file in folder.iterdir())
    assert b"s3cret" not in written
    assert b'{"key": "***", "userID": 12}' in written


def test_a_login_that_is_answered_compressed_all_the_same_is_not_written(
    host: network.Host, opened: Store, folder: Path
) -> None:
    host.says("/login", Reply(gzip.compress(b'{"token": "s3cret"}'), headers={"Content-Encoding": "gzip"}))
    with recording(host, opened, folder) as client:
        assert client.post(f"{host.url}/login", LIMIT, json={"password": "x"}).json() == {"token": "s3cret"}
    assert host.asked[0].headers["Accept-Encoding"] == "identity"
    assert [file.read_bytes() for file in folder.glob("*.body*")] == [b""]


def test_an_exchange_can_be_read_by_a_person(host: network.Host, opened: Store, folder: Path) -> None:
    feed = Reply(gzip.compress(b"<feed/>"), headers={"Content-Type": "application/xml", "Content-Encoding": "gzip"})
    host.says("/feed", feed)
    host.says("/feed.json", Reply(b"{}", headers={"Content-Type": "application/json; charset=utf-8"}))
    with recording(host, opened, folder) as client:
        client.get(f"{host.url}/feed", LIMIT, etag='"7"')
        client.get(f"{host.url}/feed.json", LIMIT)
    names = ["000001.body.xml.gz", "000001.exchange.json", "000002.body.json", "000002.exchange.json"]
    assert sorted(file.name for file in folder.iterdir()) == names
    first = heads(folder)[0]
    assert (first["method"], first["url"], first["status"]) == ("GET", f"{host.url}/feed", 200)
    assert first["sent"] == {"accept": "*/*", "if-none-match": '"7"'}
    assert (folder / "000001.exchange.json").read_text().count("\n") > 5


def test_a_second_recording_goes_on_where_the_first_ended(host: network.Host, opened: Store, folder: Path) -> None:
    host.says("/", Reply(b"1"), Reply(b"2"))
    for _ in range(2):
        with recording(host, opened, folder) as client:
            client.get(f"{host.url}/", LIMIT)
    with replaying(opened, folder) as client:
        assert [client.get(f"{host.url}/", LIMIT).body for _ in range(2)] == [b"1", b"2"]


def test_folders_that_cannot_be_used_are_refused(host: network.Host, opened: Store, tmp_path: Path) -> None:
    file, damaged = tmp_path / "file", tmp_path / "damaged"
    file.write_text("")
    damaged.mkdir()
    (damaged / "000001.exchange.json").write_text('{"method": "GET"}')
    with pytest.raises(InputError, match="cannot be recorded"), recording(host, opened, file):
        pass
    with pytest.raises(InputError, match="no recorded exchange"), replaying(opened, tmp_path / "nothing"):
        pass
    with pytest.raises(InputError, match=r"000001\.exchange\.json is no recorded exchange"), replaying(opened, damaged):
        pass
    with pytest.raises(InputError, match="not both"):
        open_client(opened.gates, agent="a", now=Clock().now, sleep=Clock().sleep, record=file, replay=file)


def test_a_body_that_is_gone_is_said_so(host: network.Host, opened: Store, folder: Path) -> None:
    host.says("/", Reply(b"1"))
    with recording(host, opened, folder) as client:
        client.get(f"{host.url}/", LIMIT)
    (folder / "000001.body").unlink()
    with replaying(opened, folder) as client, pytest.raises(InputError, match="cannot be read"):
        client.get(f"{host.url}/", LIMIT)
