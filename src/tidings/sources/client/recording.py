"""Exchanges written down, and played back without a network: for tests, and for "it did this here".

A folder holds two files for each exchange, numbered in order: ``000001.exchange.json`` (what was asked, and the head of
the answer) and ``000001.body.…`` (its body as it came, so one that was compressed ends in ``.gz``). No secret is
written: of the request's headers only those in ``_HEADERS``, of its body only a digest; addresses lose the values of
parameters like ``api_key``; an answer that repeats a secret of its request is masked, and so is what a login brought.
"""

from __future__ import annotations

import shutil
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, cast

import httpx2
import msgspec

from tidings.errors import FetchError, InputError
from tidings.sources.client.redaction import body_without_secrets, secrets_of, shown, without, without_secrets

_HEADERS = ("accept", "content-type", "if-none-match", "if-modified-since", "if-modified-since-version")
_KEPT_OUT = frozenset(("set-cookie", "set-cookie2"))
_HEAD = ".exchange.json"
_ENDINGS = (("json", ".json"), ("xml", ".xml"), ("html", ".html"), ("text/", ".txt"))
_IN_MEMORY = 1 << 20
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the head of its answer. ``asked`` is the SHA-256 of the request's body, empty for none.

    ``whole`` is False where the body broke off, or nobody read it to its end.
    """

    method: str
    url: str
    asked: str
    status: int
    headers: list[tuple[str, str]]
    body: str
    whole: bool
    sent: dict[str, str] = field(default_factory=dict)


class Recorder(httpx2.BaseTransport):
    """Writes down what another transport does."""

    def __init__(self, folder: Path, transport: httpx2.BaseTransport) -> None:
        """Go on in a folder, which is made where there is none.

        Raises:
            InputError: nothing can be written there.
        """
        self._folder, self._transport, self._lock = folder, transport, threading.Lock()
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._last = max((int(file.name[: -len(_HEAD)]) for file in folder.glob(f"[0-9]*{_HEAD}")), default=0)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer; it is written down when it is closed."""
        request.read()
        is_login = body_without_secrets(request.content) != request.content
        if is_login or secrets_of(request):
            request.headers["accept-encoding"] = "identity"  # or what is secret in the answer could not be masked
        response = self._transport.handle_request(request)
        body = _Heard(cast("httpx2.SyncByteStream", response.stream), self, request, response, is_login)
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=body, extensions=response.extensions
        )

    def write(
        self, request: httpx2.Request, response: httpx2.Response, body: IO[bytes], *, whole: bool, masked: bool
    ) -> None:
        """Write an exchange down."""
        with self._lock:
            self._last += 1
            number = f"{self._last:06}"
        exchange = Exchange(
            method=request.method,
            url=without_secrets(request.url),
            asked=_digest(request),
            status=response.status_code,
            headers=[(name, value) for name, value in response.headers.multi_items() if name not in _KEPT_OUT],
            body=f"{number}.body{_ending(response.headers)}",
            whole=whole,
            sent={name: request.headers[name] for name in _HEADERS if name in request.headers},
        )
        with _writing(self._folder):
            with (self._folder / exchange.body).open("wb") as file:
                secrets = secrets_of(request)
                if not masked and not secrets:
                    shutil.copyfileobj(body, file)
                elif "content-encoding" not in response.headers:
                    kept = body_without_secrets(body.read()) if masked else body.read()
                    file.write(without(kept, secrets))
            head = msgspec.json.format(msgspec.json.encode(exchange), indent=2)
            (self._folder / f"{number}{_HEAD}").write_bytes(head + b"\n")

    def close(self) -> None:
        self._transport.close()


class _Heard(httpx2.SyncByteStream):
    """A body that is kept while it is read."""

    def __init__(
        self,
        stream: httpx2.SyncByteStream,
        recorder: Recorder,
        request: httpx2.Request,
        response: httpx2.Response,
        masked: bool,
    ) -> None:
        self._stream, self._recorder, self._request, self._response = stream, recorder, request, response
        self._masked, self._whole = masked, False
        self._kept: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115, closed in close

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._kept.write(piece)
            yield piece
        self._whole = True

    def close(self) -> None:
        self._stream.close()
        if self._kept.closed:
            return
        with self._kept:
            self._kept.seek(0)
            self._recorder.write(self._request, self._response, self._kept, whole=self._whole, masked=self._masked)


class Replay(httpx2.BaseTransport):
    """Answers from a folder that a Recorder filled: the same question gets its answers in the order they came."""

    def __init__(self, folder: Path) -> None:
        """Read what was recorded.

        Raises:
            InputError: there is nothing, or something else.
        """
        self._folder, self._lock = folder, threading.Lock()
        self._waiting: dict[tuple[str, str, str], deque[Exchange]] = defaultdict(deque)
        for file in sorted(folder.glob(f"*{_HEAD}")):
            exchange = _read(file)
            self._waiting[exchange.method, exchange.url, exchange.asked].append(exchange)
        if not self._waiting:
            raise InputError(f"{folder} holds no recorded exchange")

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the next recorded answer to that request.

        Raises:
            FetchError: there is none (any more).
        """
        request.read()
        with self._lock:
            waiting = self._waiting.get((request.method, without_secrets(request.url), _digest(request)))
            exchange = waiting.popleft() if waiting else None
        if exchange is None:
            raise FetchError(f"{request.method} {shown(request.url)} was not recorded (again) in {self._folder}")
        file = self._folder / Path(exchange.body).name
        return httpx2.Response(exchange.status, headers=exchange.headers, stream=_Played(file, exchange.whole))


class _Played(httpx2.SyncByteStream):
    def __init__(self, file: Path, whole: bool) -> None:
        self._file, self._whole = file, whole

    def __iter__(self) -> Iterator[bytes]:
        try:
            with self._file.open("rb") as body:
                yield from iter(lambda: body.read(_PIECE), b"")
        except OSError as error:
            raise InputError(f"{self._file} cannot be read: {error.strerror}") from error
        if not self._whole:
            raise httpx2.ReadError("the recording ends in the middle of the body")


def _read(file: Path) -> Exchange:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Exchange)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is no recorded exchange: {error}") from error


def _digest(request: httpx2.Request) -> str:
    return sha256(body_without_secrets(request.content)).hexdigest() if request.content else ""


def _ending(headers: httpx2.Headers) -> str:
    kind = headers.get("content-type", "").partition(";")[0].lower()
    ending = next((ending for sign, ending in _ENDINGS if sign in kind), "")
    return f"{ending}.gz" if headers.get("content-encoding", "").lower() == "gzip" else ending


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise InputError(f"exchanges cannot be recorded in {folder}: {error}") from error
