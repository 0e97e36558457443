"""The client itself: asks when it may, waits when it is told to, tries again where that makes sense, and no further."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from io import BytesIO
from types import TracebackType
from typing import IO, Any, Self

import httpx2
import msgspec
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from tidings.errors import FetchError, PausedError, SourceError
from tidings.plain import collapse
from tidings.sources.client.answers import Answer, followed, keep, reason, trouble
from tidings.sources.client.network import SECONDS, Network
from tidings.sources.client.redaction import shown
from tidings.sources.client.waits import not_before
from tidings.store import Gates, Pass
from tidings.types import Limit

Clock = Callable[[], datetime]
Params = Mapping[str, str | int | list[str]]

LARGEST = 64 << 20
LARGEST_DOWNLOAD = 1 << 30

_REDIRECTS = 3
_PASSING = frozenset((429, 500, 502, 503, 504))
# Beyond the time for an answer: finding the host's address, and waiting for the store to take the pass back.
_SPARE = timedelta(minutes=2)
_PAUSES = wait_exponential_jitter(multiplier=2, max=60, jitter=2)

# It would write the address of every request into the log, keys and all.
logging.getLogger("httpx2").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each thing may take, in seconds, and how often a request is tried.

    ``answer`` is the time for a whole answer, ``download`` that for a large file; arXiv's history has been seen to say
    nothing for a minute and a half. ``wait`` is the longest wait that is
    sat out; whoever has to wait longer is told when to come back.
    """

    connect: float = 10.0
    read: float = 120.0
    answer: float = 180.0
    download: float = 1_800.0
    wait: float = 120.0
    attempts: int = 4


class _PassingError(Exception):
    """A failure that may be gone the next time."""

    def __init__(self, sentence: str, status: int | None = None, retry_at: datetime | None = None) -> None:
        super().__init__(sentence)
        self.status, self.retry_at = status, retry_at


@dataclass(frozen=True, slots=True)
class _Task:
    """A request with all that decides how it is made, and the file that its answer goes to."""

    request: httpx2.Request
    limit: Limit
    sink: IO[bytes]
    largest: int
    seconds: float


class Client:
    """Asks hosts politely. Safe to share between threads; close it, or use it as a context.

    Every request, a repeated or redirected one too, passes the gate of its limit, which all processes share; what the
    host asks for (Retry-After, Backoff, an allowance that is used up) closes the gate for all of them. Connections that
    fail, time-outs, bodies that break off and the answers 429, 500, 502, 503 and 504 are tried again after growing
    pauses. Redirects are followed to the same host only. No cookie is kept. See ``Network`` for private addresses and
    proxies.

    All that fails is a FetchError whose sentence names the address without its secrets.
    """

    def __init__(
        self,
        gates: Gates | None,
        *,
        agent: str,
        now: Clock,
        sleep: Callable[[float], None],
        transport: httpx2.BaseTransport | None = None,
        trusted: frozenset[str] = frozenset(),
        patience: Patience | None = None,
    ) -> None:
        """``gates`` are None only where no host is asked. ``trusted`` hosts may have private addresses: those that an
        operator named, as ``host`` or ``host:port``; a ``transport`` of the caller's own decides for itself.
        """
        self._gates, self._now, self._sleep = gates, now, sleep
        self._patience = patience or Patience()
        self._http = httpx2.Client(
            transport=transport or Network(trusted),
            headers={"User-Agent": agent, "Connection": "close"},
            timeout=httpx2.Timeout(self._patience.read, connect=self._patience.connect),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is open. A client that is closed asks nothing more."""
        self._http.close()

    def get(
        self,
        url: str,
        limit: Limit,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
        modified: str | None = None,
        largest: int = LARGEST,
    ) -> Answer:
        """Return what is there. ``params`` join those that the address has; ``largest`` counts bytes once unpacked.

        With ``etag`` or ``modified`` (or a condition in ``headers``) the answer may be ``unchanged``.

        Raises:
            FetchError: there is no answer, or another one than 200 (or 304); it is too large or leads elsewhere.
        """
        request = self._request("GET", url, params, _conditions(headers, etag, modified))
        task = _Task(request, limit, BytesIO(), largest, self._patience.answer)
        return self._whole(task)

    def post(
        self,
        url: str,
        limit: Limit,
        *,
        json: object = None,
        form: Mapping[str, str] | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        largest: int = LARGEST,
    ) -> Answer:
        """Return the answer to a question that is JSON, or a form where one is given. It is repeated like ``get``: only
        for questions, never for what changes something.

        Raises:
            FetchError: as ``get``.
        """
        if form is None:
            sent = {"Content-Type": "application/json", **(headers or {})}
            request = self._request("POST", url, params, sent, content=msgspec.json.encode(json))
        else:
            request = self._request("POST", url, params, headers or {}, data=dict(form))
        task = _Task(request, limit, BytesIO(), largest, self._patience.answer)
        return self._whole(task)

    @contextmanager
    def download(
        self,
        url: str,
        limit: Limit,
        *,
        etag: str | None = None,
        modified: str | None = None,
        largest: int = LARGEST_DOWNLOAD,
    ) -> Iterator[tuple[Answer, IO[bytes]]]:
        """Yield the answer and a temporary file with its body, at its beginning; empty where it is ``unchanged``.

        Raises:
            FetchError: as ``get``.
            SourceError: the body does not fit on the disk.
        """
        request = self._request("GET", url, None, _conditions(None, etag, modified), seconds=self._patience.download)
        with tempfile.TemporaryFile() as file:
            task = _Task(request, limit, file, largest, self._patience.download)
            try:
                answer = self._ask(task)
            except OSError as error:
                raise SourceError(
                    f"{shown(url)} cannot be kept in {tempfile.gettempdir()}: {error.strerror}"
                ) from error
            file.seek(0)
            yield answer, file

    def _request(
        self,
        method: str,
        url: str,
        params: Params | None,
        headers: Mapping[str, str],
        seconds: float | None = None,
        **body: Any,
    ) -> httpx2.Request:
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):  # no more of it: it may be a key
                raise FetchError(f"the header {name} cannot be sent: it holds a line break or letters beyond ASCII")
        try:
            address = httpx2.URL(url).copy_merge_params(params or {})
        except httpx2.InvalidURL as error:
            bare = url.partition("?")[0].rpartition("@")[2][:200]
            raise FetchError(f"{bare!r} is no address: {error}") from error
        if address.scheme not in {"http", "https"} or not address.host:
            raise FetchError(f"{shown(address)!r} is no address that can be asked: it must begin with https://")
        extensions = {SECONDS: seconds or self._patience.answer}
        return self._http.build_request(method, address, headers=headers, extensions=extensions, **body)

    def _whole(self, task: _Task) -> Answer:
        answer = self._ask(task)
        task.sink.seek(0)
        return replace(answer, body=task.sink.read())

    def _ask(self, task: _Task) -> Answer:
        retrying = Retrying(
            sleep=self._sleep,
            stop=stop_after_attempt(self._patience.attempts),
            wait=_PAUSES,
            retry=retry_if_exception_type(_PassingError),
            reraise=True,
        )
        try:
            return retrying(self._follow, task)
        except _PassingError as failure:
            sentence = f"{failure} (tried {self._patience.attempts} times)"
            raise FetchError(sentence, status=failure.status, retry_at=failure.retry_at) from failure

    def _follow(self, task: _Task) -> Answer:
        request = task.request
        for _ in range(_REDIRECTS + 1):
            answer = self._exchange(task, request)
            if isinstance(answer, Answer):
                return answer
            request = answer
        raise FetchError(f"{shown(task.request.url)} leads on and on: more than {_REDIRECTS} redirects")

    def _exchange(self, task: _Task, request: httpx2.Request) -> Answer | httpx2.Request:
        """Make one request within its turn; return the answer, or the request that it asks for instead."""
        taken = self._enter(task, request)
        wish: datetime | None = None
        try:
            with closing(self._http.send(request, stream=True)) as response:
                wish = not_before(response.headers, self._now())
                return self._read(task, response, wish)
        except (
            httpx2.TimeoutException,
            httpx2.NetworkError,
            httpx2.RemoteProtocolError,
            httpx2.DecodingError,
        ) as error:
            raise _PassingError(f"{shown(request.url)} {trouble(error)}") from error
        except httpx2.RequestError as error:
            raise FetchError(f"{shown(request.url)} cannot be asked: {collapse(str(error))}") from error
        finally:
            if self._gates is not None and taken is not None:
                self._gates.leave(taken, task.limit, self._now(), wish)

    def _enter(self, task: _Task, request: httpx2.Request) -> Pass | None:
        if self._gates is None:
            return None
        patience = max(self._patience.wait, task.limit.interval)
        lease = timedelta(seconds=task.seconds) + _SPARE
        while not isinstance(taken := self._gates.enter(task.limit, now := self._now(), lease), Pass):
            seconds = (taken - now).total_seconds()
            if seconds > patience:
                raise PausedError(f"{request.url.host} is to be left alone until {_clock(taken)}", retry_at=taken)
            self._sleep(seconds)
        return taken

    def _read(self, task: _Task, response: httpx2.Response, wish: datetime | None) -> Answer | httpx2.Request:
        url, status = shown(response.url), response.status_code
        if status == httpx2.codes.OK:
            keep(response, task.sink, task.largest)
            return Answer(url, status, response.headers)
        if status == httpx2.codes.NOT_MODIFIED and any(name.startswith("if-") for name in task.request.headers):
            return Answer(url, status, response.headers)
        if response.next_request is not None:
            return followed(response.request, response.next_request)
        sentence = f"{url} answered {status} {response.reason_phrase}".rstrip() + reason(response)
        if status not in _PASSING:
            raise FetchError(sentence, status=status, retry_at=wish)
        if wish is not None and (wish - self._now()).total_seconds() > self._patience.wait:
            sentence += f"; it wants to be left alone until {_clock(wish)}"
            raise FetchError(sentence, status=status, retry_at=wish)
        raise _PassingError(sentence, status, wish)


def _conditions(headers: Mapping[str, str] | None, etag: str | None, modified: str | None) -> dict[str, str]:
    conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
    return dict(headers or {}) | {name: value for name, value in conditions.items() if value}


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
