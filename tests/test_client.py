"""The polite client: what it sends, what it makes of answers, and when it tries again."""

from __future__ import annotations

import gzip
import io
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest

from tests import network
from tests.client_help import LIMIT, START, Clock, client_for
from tests.network import Reply
from tidings.errors import FetchError, InputError, SourceError
from tidings.sources.client import Client, Patience, open_client, place_of, user_agent
from tidings.sources.client.redaction import shown
from tidings.store import Gates, Pass, Store, open_store

FAULTS = (429, 500, 502, 503, 504)


@pytest.fixture
def host() -> Iterator[network.Host]:
    with network.host() as host:
        yield host


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def gates(opened: Store) -> Gates:
    return opened.gates


@pytest.fixture
def client(host: network.Host, gates: Gates, clock: Clock) -> Iterator[Client]:
    with client_for(host, gates, clock) as client:
        yield client


# --- what is asked -----------------------------------------------------------------------------


def test_an_answer_has_its_body_and_its_marks(client: Client, host: network.Host) -> None:
    host.says("/feed", Reply(b'{"a": 1}', headers={"ETag": '"x"', "Last-Modified": "Mon, 02 Mar 2026 00:00:00 GMT"}))
    answer = client.get(f"{host.url}/feed", LIMIT)
    assert (answer.status, answer.unchanged, answer.etag) == (200, False, '"x"')
    assert answer.modified == "Mon, 02 Mar 2026 00:00:00 GMT"
    assert answer.json(dict[str, int]) == {"a": 1}
    with pytest.raises(SourceError, match="not the JSON"):
        answer.json(list[int])


def test_a_request_says_who_we_are_and_keeps_no_connection(client: Client, host: network.Host) -> None:
    host.says("/", Reply())
    client.get(f"{host.url}/", LIMIT, headers={"Zotero-API-Key": "k"})
    headers = host.asked[0].headers
    assert headers["User-Agent"] == "Tidings/test"
    assert headers["Connection"] == "close"
    assert headers["Zotero-API-Key"] == "k"


def test_parameters_join_those_of_the_address(client: Client, host: network.Host) -> None:
    host.says("/q", Reply())
    client.get(f"{host.url}/q?a=1", LIMIT, params={"b": 2, "c": ["x", "y z"]})
    client.get(f"{host.url}/q?a=1", LIMIT)
    assert host.asked[0].params == {"a": ["1"], "b": ["2"], "c": ["x", "y z"]}
    assert host.asked[1].params == {"a": ["1"]}


def test_a_question_is_json_or_a_form(client: Client, host: network.Host) -> None:
    host.says("/ask", Reply(b"{}"))
    client.post(f"{host.url}/ask", LIMIT, json={"ids": ["a"]}, params={"fields": "title"})
    client.post(f"{host.url}/ask", LIMIT, form={"name": "a b"})
    as_json, as_form = host.asked
    assert (as_json.method, as_json.body, as_json.headers["Content-Type"]) == (
        "POST",
        b'{"ids":["a"]}',
        "application/json",
    )
    assert as_json.params == {"fields": ["title"]}
    assert (as_form.body, as_form.headers["Content-Type"]) == (b"name=a+b", "application/x-www-form-urlencoded")


def test_no_cookie_is_kept(client: Client, host: network.Host) -> None:
    host.says("/", Reply(headers={"Set-Cookie": "track=me; Path=/"}))
    client.get(f"{host.url}/", LIMIT)
    client.get(f"{host.url}/", LIMIT)
    assert "Cookie" not in host.asked[1].headers


@pytest.mark.parametrize("url", ["ftp://example.org/", "example.org", "http://", "https://[::1/", "file:///etc/passwd"])
def test_what_is_no_web_address_is_refused(client: Client, url: str) -> None:
    with pytest.raises(FetchError, match="is no address"):
        client.get(url, LIMIT)


@pytest.mark.parametrize("key", ["two\nlines", "clé"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(client: Client, key: str) -> None:
    with pytest.raises(FetchError, match="X-Api-Key") as refusal:
        client.get("https://example.org/", LIMIT, headers={"X-Api-Key": key})
    assert key not in str(refusal.value)


def test_the_user_agent_names_us_and_a_contact() -> None:
    assert user_agent("me@lab.org") == "Tidings/0.1.0 (self-hosted; mailto:me@lab.org)"
    assert user_agent("https://lab.org/tidings") == "Tidings/0.1.0 (self-hosted; https://lab.org/tidings)"
    assert user_agent(None) == user_agent(" ") == "Tidings/0.1.0 (self-hosted)"


@pytest.mark.parametrize("contact", ["me@lab.org\r\nX-Evil: 1", "jürgen@lab.org", "me) (you", "\x00"])
def test_a_contact_that_would_spoil_the_header_is_refused(contact: str) -> None:
    with pytest.raises(InputError, match="contact"):
        user_agent(contact)


# --- conditions --------------------------------------------------------------------------------


def test_what_did_not_change_is_said_to_be_unchanged(client: Client, host: network.Host) -> None:
    host.says("/feed", Reply(status=304))
    answer = client.get(f"{host.url}/feed", LIMIT, etag='"x"', modified="Mon, 02 Mar 2026 00:00:00 GMT")
    assert (answer.unchanged, answer.body) == (True, b"")
    assert host.asked[0].headers["If-None-Match"] == '"x"'
    assert host.asked[0].headers["If-Modified-Since"] == "Mon, 02 Mar 2026 00:00:00 GMT"


def test_a_condition_of_the_callers_own_counts(client: Client, host: network.Host) -> None:
    host.says("/items", Reply(status=304))
    assert client.get(f"{host.url}/items", LIMIT, headers={"If-Modified-Since-Version": "7"}).unchanged


def test_unchanged_without_a_condition_is_a_failure(client: Client, host: network.Host) -> None:
    host.says("/feed", Reply(status=304))
    with pytest.raises(FetchError, match="304"):
        client.get(f"{host.url}/feed", LIMIT)


# --- trying again ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", FAULTS)
def test_a_fault_that_passes_is_no_failure(client: Client, host: network.Host, clock: Clock, status: int) -> None:
    host.says("/", Reply(b"busy", status), Reply(b"busy", status), Reply(b"fine"))
    assert client.get(f"{host.url}/", LIMIT).body == b"fine"
    first, second = (pause for pause in clock.slept if pause != 3.0 and pause >= 2.0)
    assert 2 <= first <= 4
    assert 4 <= second <= 6


@pytest.mark.parametrize("status", FAULTS)
def test_a_fault_that_stays_is_a_failure_with_all_that_is_known(
    client: Client, host: network.Host, status: int
) -> None:
    host.says("/f", Reply(b"Rate\nexceeded.\x00", status))
    with pytest.raises(FetchError) as failure:
        client.get(f"{host.url}/f?api_key=hidden&q=1", LIMIT)
    assert failure.value.status == status
    assert failure.value.retry_at is None
    phrase = httpx2.codes.get_reason_phrase(status)
    assert str(failure.value) == (
        f"{host.url}/f?api_key=***&q=1 answered {status} {phrase}: Rate exceeded. (tried 4 times)"
    )
    assert len(host.asked) == 4


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_host_that_names_a_time_is_asked_then(
    client: Client, host: network.Host, clock: Clock, status: int, form: str
) -> None:
    wish = "60" if form == "seconds" else format_datetime(START + timedelta(seconds=60), usegmt=True)
    host.says("/", Reply(b"", status, {"Retry-After": wish}), Reply(b"fine"))
    assert client.get(f"{host.url}/", LIMIT).body == b"fine"
    assert clock.passed == 60


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_wants_a_long_rest_is_left_alone_by_all(
    client: Client, host: network.Host, gates: Gates, clock: Clock, status: int
) -> None:
    host.says("/", Reply(b"", status, {"Retry-After": "3600"}), Reply(b"fine"))
    with pytest.raises(FetchError, match="left alone until 2026-03-02 13:00 UTC") as failure:
        client.get(f"{host.url}/", LIMIT)
    assert (failure.value.status, failure.value.retry_at) == (status, START + timedelta(hours=1))
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 is to be left alone until .* 13:00 UTC") as refusal:
        client.get(f"{host.url}/", LIMIT)
    assert refusal.value.retry_at == START + timedelta(hours=1)
    assert gates.enter(LIMIT, START + timedelta(minutes=59)) == START + timedelta(hours=1)
    assert (clock.slept, len(host.asked)) == ([], 1)
    clock.moment += timedelta(hours=1)
    assert client.get(f"{host.url}/", LIMIT).body == b"fine"


def test_a_slip_of_years_closes_a_host_for_a_day(client: Client, host: network.Host) -> None:
    host.says("/", Reply(b"", 503, {"Retry-After": "99999999999"}))
    with pytest.raises(FetchError) as failure:
        client.get(f"{host.url}/", LIMIT)
    assert failure.value.retry_at == START + timedelta(days=1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 501])
def test_a_refusal_is_a_failure_at_once(client: Client, host: network.Host, clock: Clock, status: int) -> None:
    host.says(
        "/", Reply(b"<html><title>No\x1b[1m</title><script>x<y</script></html>", status, {"Content-Type": "text/html"})
    )
    with pytest.raises(FetchError, match=r": No\[1m$") as failure:
        client.get(f"{host.url}/", LIMIT)
    assert failure.value.status == status
    assert (len(host.asked), clock.slept) == (1, [])


def test_a_refusal_in_bytes_is_not_shown_and_a_long_one_is_cut(client: Client, host: network.Host) -> None:
    host.says("/a", Reply(b"\x89PNG", 404, {"Content-Type": "image/png"}))
    host.says("/b", Reply(b"word " * 100_000, 404))
    with pytest.raises(FetchError, match=r"404 Not Found$"):
        client.get(f"{host.url}/a", LIMIT)
    with pytest.raises(FetchError) as failure:
        client.get(f"{host.url}/b", LIMIT)
    assert len(str(failure.value)) < 300


def test_a_key_that_a_host_repeats_is_not_shown(client: Client, host: network.Host) -> None:
    host.plays("/", lambda asked: Reply(f"bad {asked.headers['X-Api-Key']} {asked.params['token'][0]}".encode(), 401))
    with pytest.raises(FetchError, match=r"bad \*\*\* \*\*\*") as failure:
        client.get(f"{host.url}/", LIMIT, headers={"x-api-key": "s3cret"}, params={"token": "t0ken"})
    assert "s3cret" not in str(failure.value)
    assert "t0ken" not in str(failure.value)


def test_a_body_that_breaks_off_is_asked_for_again(client: Client, host: network.Host) -> None:
    host.says("/", Reply(b"half", declared=8), Reply(b"all of it"))
    assert client.get(f"{host.url}/", LIMIT).body == b"all of it"


def test_a_body_that_always_breaks_off_is_a_failure(client: Client, host: network.Host) -> None:
    host.says("/", Reply(b"half", declared=8))
    with pytest.raises(FetchError, match=r"broke off its answer.*tried 4 times"):
        client.get(f"{host.url}/", LIMIT)


def test_a_body_that_cannot_be_unpacked_broke_off(client: Client, host: network.Host) -> None:
    host.says("/", Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), Reply(b"fine"))
    assert client.get(f"{host.url}/", LIMIT).body == b"fine"


def test_a_host_that_is_not_there_is_a_failure(client: Client, host: network.Host, clock: Clock) -> None:
    with network.host() as gone:
        pass
    with client_for(gone, None, clock) as client, pytest.raises(FetchError, match=r"could not be reached.*4 times"):
        client.get(f"{gone.url}/", LIMIT)


def test_a_host_that_says_nothing_is_given_up(host: network.Host, clock: Clock) -> None:
    host.says("/", Reply(b"x" * 100, pause=1.0))
    patience = Patience(read=0.05, attempts=2)
    with (
        client_for(host, None, clock, patience=patience) as client,
        pytest.raises(FetchError, match="did not answer in"),
    ):
        client.get(f"{host.url}/", LIMIT)
    assert len(clock.slept) == 1


# --- gates -------------------------------------------------------------------------------------


def test_two_requests_stand_an_interval_apart(client: Client, host: network.Host, clock: Clock) -> None:
    host.says("/", Reply())
    client.get(f"{host.url}/", LIMIT)
    client.get(f"{host.url}/", LIMIT)
    assert clock.slept == [3.0]


def test_a_request_waits_for_the_one_that_is_under_way(host: network.Host, gates: Gates, clock: Clock) -> None:
    host.says("/", Reply(b"mine"))
    other = gates.enter(LIMIT, clock.now())
    assert isinstance(other, Pass)
    left: list[float] = []

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.passed >= 10 and not left:
            left.append(clock.passed)
            gates.leave(other, LIMIT, clock.now())

    trusted = frozenset((host.place,))
    with Client(gates, agent="a", now=clock.now, sleep=sleep, trusted=trusted) as waiting:
        assert waiting.get(f"{host.url}/", LIMIT).body == b"mine"
    assert clock.passed == left[0] + 3


@pytest.mark.parametrize("path", ["/ok", "/gone", "/broken", "/large", "/elsewhere"])
def test_the_pass_is_given_back_whatever_happens(
    client: Client, host: network.Host, gates: Gates, clock: Clock, path: str
) -> None:
    host.says("/ok", Reply())
    host.says("/broken", Reply(b"x", declared=2))
    host.says("/large", Reply(b"x" * 100))
    host.says("/elsewhere", Reply(status=302, headers={"Location": "https://example.org/"}))
    try:
        client.get(f"{host.url}{path}", LIMIT, largest=50)
    except FetchError:
        assert path != "/ok"
    assert isinstance(gates.enter(LIMIT, clock.now() + timedelta(seconds=3)), Pass)


def test_a_pass_lasts_longer_than_an_answer_may(client: Client, host: network.Host, gates: Gates, clock: Clock) -> None:
    entered: list[Pass | datetime] = []

    def another_comes(_: network.Asked) -> Reply:
        seconds = Patience().answer + 60 if not entered else Patience().download + 60
        entered.append(gates.enter(LIMIT, clock.now() + timedelta(seconds=seconds)))
        return Reply()

    host.plays("/", another_comes)
    client.get(f"{host.url}/", LIMIT)
    with client.download(f"{host.url}/", LIMIT):
        pass
    assert [type(answer) for answer in entered] == [datetime, datetime]


def test_a_backoff_on_a_good_answer_is_kept_to(client: Client, host: network.Host, clock: Clock) -> None:
    host.says("/", Reply(headers={"Backoff": "30"}))
    client.get(f"{host.url}/", LIMIT)
    client.get(f"{host.url}/", LIMIT)
    assert clock.slept == [30.0]


def test_an_allowance_that_is_used_up_closes_the_gate(client: Client, host: network.Host, clock: Clock) -> None:
    host.says("/", Reply(headers={"RateLimit-Remaining": "0", "RateLimit-Reset": "55"}), Reply())
    client.get(f"{host.url}/", LIMIT)
    client.get(f"{host.url}/", LIMIT)
    assert clock.slept == [55.0]


def test_threads_share_a_client(host: network.Host, clock: Clock) -> None:
    host.plays("*", lambda asked: Reply(asked.path.encode() * 1000))
    addresses = [f"{host.url}/{number}" for number in range(40)]
    with client_for(host, None, clock) as client, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda address: client.get(address, LIMIT), addresses))
    assert [answer.body for answer in answers] == [f"/{number}".encode() * 1000 for number in range(40)]


# --- size --------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_of_exactly_the_largest_size_is_taken(client: Client, host: network.Host, chunked: bool) -> None:
    host.says("/", Reply(b"x" * 1000, chunked=chunked))
    assert len(client.get(f"{host.url}/", LIMIT, largest=1000).body) == 1000
    with pytest.raises(FetchError, match="too large: more than 999 bytes"):
        client.get(f"{host.url}/", LIMIT, largest=999)
    assert len(host.asked) == 2


def test_a_body_that_is_declared_too_large_is_not_even_read(client: Client, host: network.Host) -> None:
    host.says("/", Reply(b"", declared=10**12))
    with pytest.raises(FetchError, match="too large"):
        client.get(f"{host.url}/", LIMIT)


def test_a_bomb_is_not_unpacked(client: Client, host: network.Host) -> None:
    bomb = gzip.compress(bytes(50 << 20))
    host.says("/", Reply(bomb, headers={"Content-Encoding": "gzip"}))
    assert len(bomb) < 100_000
    with pytest.raises(FetchError, match="too large"):
        client.get(f"{host.url}/", LIMIT, largest=1 << 20)


def test_a_compressed_body_comes_unpacked(client: Client, host: network.Host) -> None:
    host.says("/", Reply(gzip.compress(b"plain"), headers={"Content-Encoding": "gzip"}))
    assert client.get(f"{host.url}/", LIMIT).body == b"plain"
    assert "gzip" in host.asked[0].headers["Accept-Encoding"]


# --- redirects ---------------------------------------------------------------------------------


def test_a_redirect_within_the_host_is_followed_in_its_turn(client: Client, host: network.Host, clock: Clock) -> None:
    host.says("/old", Reply(status=301, headers={"Location": "/new?x=1"}))
    host.says("/new", Reply(b"here"))
    answer = client.get(f"{host.url}/old", LIMIT, headers={"Zotero-API-Key": "k"})
    assert (answer.body, answer.url) == (b"here", f"{host.url}/new?x=1")
    assert host.asked[1].headers["Zotero-API-Key"] == "k"
    assert clock.slept == [3.0]


@pytest.mark.parametrize(
    "place", ["https://example.org/", "//example.org/x", "http://127.0.0.1:1/", "http://localhost/", "ftp://127.0.0.1/"]
)
def test_a_redirect_to_elsewhere_is_named_and_not_followed(client: Client, host: network.Host, place: str) -> None:
    host.says("/", Reply(status=302, headers={"Location": place}))
    with pytest.raises(FetchError, match="leads elsewhere") as refusal:
        client.get(f"{host.url}/", LIMIT)
    assert place.removeprefix("//").rstrip("/") in str(refusal.value)
    assert len(host.asked) == 1


def test_a_loop_of_redirects_ends(client: Client, host: network.Host) -> None:
    host.says("/a", Reply(status=302, headers={"Location": "/b"}))
    host.says("/b", Reply(status=302, headers={"Location": "/a"}))
    with pytest.raises(FetchError, match="more than 3 redirects"):
        client.get(f"{host.url}/a", LIMIT)
    assert host.paths() == ["/a", "/b", "/a", "/b"]


def test_a_question_keeps_its_body_on_its_way_or_is_not_asked(client: Client, host: network.Host) -> None:
    host.says("/moved", Reply(status=308, headers={"Location": "/ask"}))
    host.says("/see", Reply(status=303, headers={"Location": "/ask"}))
    host.says("/ask", Reply(b"{}"))
    client.post(f"{host.url}/moved", LIMIT, json=[1])
    assert host.asked[-1].body == b"[1]"
    with pytest.raises(FetchError, match="redirect"):
        client.post(f"{host.url}/see", LIMIT, json=[1])


def _redirecting(status: int, location: str) -> httpx2.MockTransport:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/new":
            return httpx2.Response(200, text=str(request.url))
        return httpx2.Response(status, headers={"Location": location})

    return httpx2.MockTransport(answer)


def test_a_redirect_to_https_is_taken_and_one_back_is_not(gates: Gates, clock: Clock) -> None:
    up, down = _redirecting(301, "https://example.org/new"), _redirecting(301, "http://example.org/new")
    with Client(gates, agent="a", now=clock.now, sleep=clock.sleep, transport=up) as client:
        assert client.get("http://example.org/old", LIMIT).body == b"https://example.org/new"
    with (
        Client(gates, agent="a", now=clock.now, sleep=clock.sleep, transport=down) as client,
        pytest.raises(FetchError, match="leads elsewhere"),
    ):
        client.get("https://example.org/old", LIMIT)


# --- large files -------------------------------------------------------------------------------


def test_a_download_is_a_file_that_is_gone_afterwards(client: Client, host: network.Host) -> None:
    host.says("/tar", Reply(b"x" * 3_000_000, headers={"ETag": '"1"'}, chunked=True))
    with client.download(f"{host.url}/tar", LIMIT, etag='"0"') as (answer, file):
        assert (answer.status, answer.etag, answer.body) == (200, '"1"', b"")
        assert len(file.read()) == 3_000_000
    assert file.closed
    assert host.asked[0].headers["If-None-Match"] == '"0"'


def test_a_download_that_broke_off_begins_anew(client: Client, host: network.Host) -> None:
    host.says("/tar", Reply(b"old and longer", declared=100), Reply(b"new"))
    with client.download(f"{host.url}/tar", LIMIT) as (_, file):
        assert file.read() == b"new"


def test_a_download_that_did_not_change_is_empty(client: Client, host: network.Host) -> None:
    host.says("/tar", Reply(status=304))
    with client.download(f"{host.url}/tar", LIMIT, etag='"1"') as (answer, file):
        assert answer.unchanged
        assert file.read() == b""


def test_a_download_that_is_too_large_is_refused(client: Client, host: network.Host) -> None:
    host.says("/tar", Reply(b"x" * 1000, chunked=True))
    with pytest.raises(FetchError, match="too large"), client.download(f"{host.url}/tar", LIMIT, largest=10):
        pass


def test_a_download_lets_others_ask_while_it_is_read(
    client: Client, host: network.Host, gates: Gates, clock: Clock
) -> None:
    host.says("/tar", Reply(b"x"))
    with client.download(f"{host.url}/tar", LIMIT):
        assert isinstance(gates.enter(LIMIT, clock.now() + timedelta(seconds=3)), Pass)


def test_a_download_that_does_not_fit_is_said_so(
    client: Client, host: network.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    host.says("/tar", Reply(b"x"))
    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    with pytest.raises(SourceError, match=r"cannot be kept in .*: No space"), client.download(f"{host.url}/tar", LIMIT):
        pass


# --- words -------------------------------------------------------------------------------------


def test_an_address_is_shown_without_its_secrets() -> None:
    url = "https://me:pw@example.org:444/a%20b?q=x&api_key=1&Token=2&mailto=me@x.org&resumptionToken=kept&key=#part"
    assert shown(url) == (
        "https://example.org:444/a%20b?q=x&api_key=***&Token=***&mailto=***&resumptionToken=kept&key=***"
    )
    assert len(shown("https://example.org/?id_list=" + "1," * 5000)) == 200


def test_a_key_does_not_reach_the_log(client: Client, host: network.Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    host.says("/", Reply())
    client.get(f"{host.url}/", LIMIT, params={"api_key": "s3cret-query"}, headers={"x-api-key": "s3cret-header"})
    assert "s3cret" not in caplog.text


def test_a_place_is_a_host_with_its_port() -> None:
    assert place_of("https://Mirror.lab/oai") == "mirror.lab:443"
    assert place_of("http://127.0.0.1:8080/x") == "127.0.0.1:8080"
    assert place_of("http://[::1]/x") == "[::1]:80"


def test_a_client_of_an_installation_asks_the_hosts_it_is_told(
    host: network.Host, gates: Gates, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.sources.client.getproxies", dict)
    host.says("/", Reply(b"fine"))
    trusted = frozenset((place_of(f"{host.url}/feed"),))
    with open_client(gates, agent="a", now=clock.now, sleep=clock.sleep, trusted=trusted) as client:
        assert client.get(f"{host.url}/", LIMIT).body == b"fine"
    refused = pytest.raises(FetchError, match="no public address")
    with open_client(gates, agent="a", now=clock.now, sleep=clock.sleep) as client, refused:
        client.get(f"{host.url}/", LIMIT)
