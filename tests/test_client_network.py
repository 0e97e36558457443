"""Where a connection may go, and how long it may last."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import pytest

from tests import network
from tests.client_help import LIMIT, START, Clock, client_for
from tests.network import Reply
from tidings.errors import FetchError, InputError
from tidings.sources.client import Client, Network, Patience
from tidings.sources.client.addresses import addresses, is_literal, is_public, is_trusted
from tidings.sources.client.polite import _SPARE
from tidings.store import open_store
from tidings.store.gates import LEASE

NOBODY: frozenset[str] = frozenset()
PRIVATE = """
    127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 239.1.1.1 255.255.255.255
    240.0.0.1 192.0.2.1 198.18.0.1 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd12::1 fec0::1 ff02::1 ff0e::1 2001:db8::1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::8.8.8.8
    2002:7f00:1:: 2001:0:1::1 5f00::1
"""
WRITTEN = """
    http://127.0.0.1/ http://127.1/ http://2130706433/ http://0x7f.1/ http://[::1]/ http://[::ffff:7f00:1]/
    http://169.254.169.254/latest/meta-data http://0.0.0.0/ https://10.0.0.1/ http://localhost/
"""


@pytest.fixture
def host() -> Iterator[network.Host]:
    with network.host() as host:
        yield host


def resolving(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    """Let these names lead to addresses, and no others; dots of a name are written as underscores."""
    table = {name.replace("_", "."): found.split() for name, found in names.items()}

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host not in table and not is_literal(host):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in table.get(host, [host])]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


# --- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PRIVATE.split())
def test_an_address_that_not_everybody_can_reach_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["151.101.3.42", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_an_address_that_everybody_can_reach_is_public(address: str) -> None:
    assert is_public(address)


def test_every_private_network_is_private_to_its_last_address() -> None:
    for name in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7"):
        found = ipaddress.ip_network(name)
        assert not is_public(str(found[0]))
        assert not is_public(str(found[-1]))


@pytest.mark.parametrize("url", WRITTEN.split())
def test_a_private_address_is_refused_however_it_is_written(url: str) -> None:
    clock = Clock()
    refused = pytest.raises(FetchError, match=r"leads to .*, which is no public address")
    with Client(None, agent="a", now=clock.now, sleep=clock.sleep) as client, refused:
        client.get(url, LIMIT)
    assert clock.slept == []


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, evil_org="127.0.0.1")
    with pytest.raises(FetchError, match=r"evil\.org leads to 127\.0\.0\.1"):
        addresses("evil.org", 80, NOBODY)


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, evil_org="8.8.8.8 10.0.0.1")
    with pytest.raises(FetchError, match=r"10\.0\.0\.1"):
        addresses("evil.org", 80, NOBODY)


def test_a_name_without_an_address_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch)
    clock = Clock()
    refused = pytest.raises(FetchError, match=r"no address of nowhere\.org is known.*tried 4 times")
    with Client(None, agent="a", now=clock.now, sleep=clock.sleep) as client, refused:
        client.get("https://nowhere.org/", LIMIT)


@pytest.mark.parametrize("place", ["http://a..b/", "http://" + "a" * 64 + ".org/", "http://127.0.0.1:99999/"])
def test_a_name_or_port_that_cannot_be_is_a_failure(place: str) -> None:
    clock = Clock()
    with Client(None, agent="a", now=clock.now, sleep=clock.sleep) as client, pytest.raises(FetchError):
        client.get(place, LIMIT)


def test_trust_is_for_a_host_or_for_one_of_its_ports() -> None:
    assert is_trusted("Mirror.lab", 80, frozenset({"mirror.lab"}))
    assert is_trusted("mirror.lab", 8080, frozenset({"mirror.lab:8080"}))
    assert is_trusted("::1", 80, frozenset({"[::1]:80"}))
    assert not is_trusted("mirror.lab", 22, frozenset({"mirror.lab:8080"}))
    assert not is_trusted("evil-mirror.lab", 80, frozenset({"mirror.lab"}))
    assert not is_trusted("x.mirror.lab", 80, frozenset({"mirror.lab"}))


class _Wire(httpcore2.SyncBackend):
    """Stands where the sockets are: remembers where a connection went, and for whom it was encrypted."""

    def __init__(self, seen: list[object], fails: frozenset[str] = NOBODY) -> None:
        self._seen, self._fails = seen, fails

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        self._seen.append((host, port))
        if host in self._fails:
            raise httpcore2.ConnectError("unreachable")
        return _Line(self._seen)


class _Line(httpcore2.MockStream):
    def __init__(self, seen: list[object]) -> None:
        super().__init__([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])
        self._seen = seen

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        self._seen.append((server_hostname, ssl_context.check_hostname, ssl_context.verify_mode))
        return self


def test_a_connection_goes_to_the_address_that_was_checked_and_is_encrypted_for_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[object] = []
    resolving(monkeypatch, example_org="8.8.8.8")
    monkeypatch.setattr(httpcore2, "SyncBackend", lambda: _Wire(seen))
    request = httpx2.Request("GET", "https://example.org/")
    response = Network().handle_request(request)
    response.read()
    response.close()
    assert seen == [("8.8.8.8", 443), ("example.org", True, ssl.CERT_REQUIRED)]
    assert request.headers["Host"] == "example.org"


def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    resolving(monkeypatch, example_org="2606:4700::1 8.8.8.8")
    monkeypatch.setattr(httpcore2, "SyncBackend", lambda: _Wire(seen, frozenset({"2606:4700::1"})))
    Network().handle_request(httpx2.Request("GET", "http://example.org/")).close()
    assert seen == [("2606:4700::1", 80), ("8.8.8.8", 80)]


def test_a_certificate_has_to_be_for_the_name_that_was_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=good.org"
    made = ["-addext", "subjectAltName=DNS:good.org", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        [shutil.which("openssl") or pytest.skip("no openssl here"), *make.split(), *made],
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    resolving(monkeypatch, good_org="127.0.0.1", other_org="127.0.0.1")
    context, clock = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Clock()
    context.load_cert_chain(certificate, key)
    with (
        network.host(context) as host,
        client_for(host, None, clock, trusted=frozenset({"good.org", "other.org"})) as client,
    ):
        host.says("/", Reply(b"fine"))
        port = host.place.partition(":")[2]
        assert client.get(f"https://good.org:{port}/", LIMIT).body == b"fine"
        with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
            client.get(f"https://other.org:{port}/", LIMIT)


# --- time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [Reply(b"x" * 500, pause=0.02), Reply(head_drip=500, pause=0.02)])
def test_a_host_that_drips_is_cut_off_and_its_gate_let_go(host: network.Host, tmp_path: Path, reply: Reply) -> None:
    host.says("/", reply)
    clock, store = Clock(), open_store(tmp_path)
    patience = Patience(read=60.0, answer=0.2)
    refused = pytest.raises(FetchError, match=r"did not answer whole within 0\.2 seconds")
    with client_for(host, store.gates, clock, patience=patience) as client, refused:
        client.get(f"{host.url}/", LIMIT)
    assert clock.slept == []
    assert (store.gates.state(LIMIT, START).next_at - START).total_seconds() == LIMIT.interval
    store.close()


def test_a_download_has_its_own_time(host: network.Host) -> None:
    host.says("/", Reply(b"x" * 20, pause=0.02))
    patience = Patience(answer=0.1, download=60.0)
    with (
        client_for(host, None, Clock(), patience=patience) as client,
        client.download(f"{host.url}/", LIMIT) as (_, file),
    ):
        assert len(file.read()) == 20


def test_the_time_is_that_of_the_clock_that_was_given(host: network.Host) -> None:
    host.says("/", Reply(b"x" * 1_000_000, chunked=True))
    ticks = iter(range(0, 100_000, 10))  # every look at this clock finds ten seconds gone
    clock, transport = Clock(), Network(frozenset({host.place}), monotonic=lambda: next(ticks))
    refused = pytest.raises(FetchError, match="within 180 seconds")
    with Client(None, agent="a", now=clock.now, sleep=clock.sleep, transport=transport) as client, refused:
        client.get(f"{host.url}/", LIMIT)


def test_an_answer_ends_before_its_pass_does() -> None:
    patience = Patience()
    assert patience.answer + _SPARE.total_seconds() <= LEASE.total_seconds()
    assert max(patience.connect, patience.read) < patience.answer < patience.download


# --- proxies -----------------------------------------------------------------------------------


@pytest.fixture
def proxied(host: network.Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of an operator whose proxy is the local host; names cannot be resolved here."""
    monkeypatch.setenv("NO_PROXY", "inside.lab")
    monkeypatch.setenv("no_proxy", "inside.lab")
    resolving(monkeypatch, inside_lab="10.0.0.1")
    transport, clock = Network(proxies={"http": host.url, "ftp": "ftp://x"}), Clock()
    with Client(None, agent="a", now=clock.now, sleep=clock.sleep, transport=transport) as client:
        yield client


def test_an_operators_proxy_is_used(proxied: Client, host: network.Host) -> None:
    host.says("/x", Reply(b"fine"))
    assert proxied.get("http://example.org/x", LIMIT).body == b"fine"
    assert host.asked[0].headers["Host"] == "example.org"


def test_a_proxy_is_not_asked_for_private_addresses(proxied: Client, host: network.Host) -> None:
    for url in ("http://10.0.0.1/x", "http://inside.lab/x"):
        with pytest.raises(FetchError, match="no public address"):
            proxied.get(url, LIMIT)
    assert host.asked == []


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1080", "http://[::1", "gopher://x"])
def test_a_proxy_that_cannot_be_used_is_said_so(address: str) -> None:
    with pytest.raises(InputError, match=r"prox|PROX"):
        Network(proxies={"https": address})
