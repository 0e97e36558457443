"""The connection to a host: one for each request, to an address that was checked, within a time that is fixed."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast
from urllib.request import proxy_bypass

import httpcore2
import httpx2

from tidings.errors import FetchError, InputError
from tidings.sources.client.addresses import addresses, is_literal
from tidings.sources.client.redaction import shown

# The extension of a request that says how many seconds its whole answer may take, and what holds without one.
SECONDS = "tidings_seconds"
_SECONDS = 180.0

_PORTS = {"http": 80, "https": 443}


class Network(httpx2.BaseTransport):
    """Asks hosts over the network.

    A connection serves one request: arXiv wants a single connection at a time (https://info.arxiv.org/help/api/tou.html),
    and one that was kept for later would stand beside that of another process. ``trusted`` are the hosts with private
    addresses that an operator named, see ``addresses.is_trusted``.

    ``proxies`` are the operator's by scheme, as ``urllib.request.getproxies`` finds them; NO_PROXY holds too. A proxy
    resolves names itself, so of what it is asked for only addresses written as such are checked here.
    """

    def __init__(
        self,
        trusted: frozenset[str] = frozenset(),
        proxies: Mapping[str, str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trusted, self._monotonic = trusted, monotonic
        self._proxies = {scheme: _proxy(url) for scheme, url in (proxies or {}).items() if scheme in _PORTS}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer with its body still to be read; closing it closes the connection.

        Raises:
            FetchError: the host has an address that is not public, or the time is up.
            httpx2.TransportError: it did not answer.
        """
        pool = self._connection(request)
        try:
            with _translated():
                answer = pool.handle_request(_plain(request))
        except BaseException:
            pool.close()
            raise
        body = _Body(answer, pool)
        return httpx2.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)

    def _connection(self, request: httpx2.Request) -> httpcore2.ConnectionPool:
        url, trusted = request.url, self._trusted
        proxy = None if proxy_bypass(url.host) else self._proxies.get(url.scheme)
        if proxy is not None:
            if is_literal(url.host):
                addresses(url.host, url.port or _PORTS[url.scheme], trusted)
            trusted = frozenset((proxy.url.host.decode("ascii").lower(),))
        allowed = _Allowed(shown(url), request.extensions.get(SECONDS, _SECONDS), self._monotonic)
        return httpcore2.ConnectionPool(
            ssl_context=self._tls if url.scheme == "https" else None,
            proxy=proxy,
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=_Backend(trusted, allowed),
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx2.create_ssl_context()  # a tenth of a second: only where it is needed


def _proxy(address: str) -> httpcore2.Proxy:
    try:
        proxy = httpx2.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx2.InvalidURL) as error:
        raise InputError("HTTP_PROXY or HTTPS_PROXY is not the address of a proxy") from error
    if proxy.url.scheme not in _PORTS:
        raise InputError(f"a proxy is asked by http or https, not by {proxy.url.scheme}")
    return httpcore2.Proxy(str(proxy.url), auth=proxy.raw_auth)


def _plain(request: httpx2.Request) -> httpcore2.Request:
    url = request.url
    target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    content = cast("httpx2.SyncByteStream", request.stream)
    return httpcore2.Request(
        request.method, target, headers=request.headers.raw, content=content, extensions=request.extensions
    )


class _Body(httpx2.SyncByteStream):
    """The rest of an answer. The connection ends with it."""

    def __init__(self, answer: httpcore2.Response, pool: httpcore2.ConnectionPool) -> None:
        self._answer, self._pool = answer, pool

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
        self._pool.close()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what goes wrong on the wire into what users of a transport expect."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise httpx2.TimeoutException(str(error)) from error
    except (httpcore2.NetworkError, httpcore2.ProxyError) as error:
        raise httpx2.NetworkError(str(error)) from error
    except httpcore2.RemoteProtocolError as error:
        raise httpx2.RemoteProtocolError(str(error)) from error
    except (httpcore2.LocalProtocolError, httpcore2.UnsupportedProtocol) as error:
        raise httpx2.LocalProtocolError(str(error)) from error


class _Allowed:
    """The time for one answer: a host that sends a byte now and then must not hold its gate for ever."""

    def __init__(self, what: str, seconds: float, monotonic: Callable[[], float]) -> None:
        self._what, self._seconds, self._monotonic = what, seconds, monotonic
        self._ends = monotonic() + seconds

    @contextmanager
    def bounding(self, timeout: float | None) -> Iterator[float]:
        """Give a step its own time-out, or what is left for all if that is less.

        Raises:
            FetchError: nothing is left.
        """
        left = self._ends - self._monotonic()
        try:
            if left <= 0:
                raise httpcore2.ReadTimeout
            yield left if timeout is None else min(left, timeout)
        except httpcore2.TimeoutException as error:
            if self._monotonic() < self._ends:
                raise
            raise FetchError(f"{self._what} did not answer whole within {self._seconds:,g} seconds") from error


class _Backend(httpcore2.NetworkBackend):
    """Connects to the addresses of a name that were checked, the first that answers."""

    def __init__(self, trusted: frozenset[str], allowed: _Allowed) -> None:
        self._trusted, self._allowed, self._sockets = trusted, allowed, httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in addresses(host, port, self._trusted):
            try:
                with self._allowed.bounding(timeout) as seconds:
                    stream = self._sockets.connect_tcp(address, port, seconds, local_address, socket_options)
                return _Stream(stream, self._allowed)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore2.NetworkStream):
    """A connection whose every step is bounded by the time for the whole."""

    def __init__(self, stream: httpcore2.NetworkStream, allowed: _Allowed) -> None:
        self._stream, self._allowed = stream, allowed

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._allowed.bounding(timeout) as seconds:
            return self._stream.read(max_bytes, seconds)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._allowed.bounding(timeout) as seconds:
            self._stream.write(buffer, seconds)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        with self._allowed.bounding(timeout) as seconds:
            return _Stream(self._stream.start_tls(ssl_context, server_hostname, seconds), self._allowed)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
