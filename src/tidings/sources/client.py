"""One polite client for every source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import httpx2
import msgspec

from tidings.errors import FetchError, SourceError
from tidings.store import Gates, Pass
from tidings.types import Limit

Clock = Callable[[], datetime]
Params = Mapping[str, str | int | list[str]]

LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered: 200 with a body, or 304 without one (``unchanged``)."""

    url: str
    status: int
    headers: httpx2.Headers
    body: bytes = b""

    @property
    def unchanged(self) -> bool:
        return self.status == httpx2.codes.NOT_MODIFIED

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")

    @property
    def modified(self) -> str | None:
        return self.headers.get("last-modified")

    def json(self, type: type[Any] = object) -> Any:  # noqa: A002
        """Return the body as JSON of that type.

        Raises:
            SourceError: it is none.
        """
        try:
            return msgspec.json.decode(self.body, type=type)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise SourceError(f"{self.url}: not the JSON that was expected: {error}") from error


class Client:
    """Asks hosts politely."""

    def __init__(
        self,
        gates: Gates,
        *,
        agent: str,
        now: Clock,
        sleep: Callable[[float], None],
        transport: httpx2.BaseTransport | None = None,
        trusted: frozenset[str] = frozenset(),
    ) -> None:
        self._gates, self._now, self._sleep = gates, now, sleep
        self._http = httpx2.Client(transport=transport, headers={"User-Agent": agent}, follow_redirects=False)

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
        conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
        sent = dict(headers or {}) | {name: value for name, value in conditions.items() if value}
        return self._ask("GET", url, limit, params=params, headers=sent)

    def post(
        self,
        url: str,
        limit: Limit,
        *,
        json: object,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        largest: int = LARGEST,
    ) -> Answer:
        return self._ask("POST", url, limit, params=params, headers=headers, content=msgspec.json.encode(json))

    @contextmanager
    def download(
        self, url: str, limit: Limit, *, etag: str | None = None, modified: str | None = None, largest: int = 1 << 30
    ) -> Iterator[tuple[Answer, IO[bytes]]]:
        raise NotImplementedError

    def _ask(self, method: str, url: str, limit: Limit, **rest: Any) -> Answer:
        while not isinstance(taken := self._gates.enter(limit, self._now()), Pass):
            self._sleep((taken - self._now()).total_seconds())
        try:
            response = self._http.request(method, url, **rest)
        finally:
            self._gates.leave(taken, limit, self._now())
        if response.status_code not in (200, 304):
            raise FetchError(f"{url} answered {response.status_code}", status=response.status_code)
        return Answer(str(response.url), response.status_code, response.headers, response.content)
