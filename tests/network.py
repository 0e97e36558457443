"""A web server on 127.0.0.1 that plays a host: it answers as a test says, and remembers what it was asked.

    with network.host() as host:
        host.says("/feed", network.Reply(status=503), network.Reply(b"<feed/>"))   # in order; the last one stays
        host.plays("/oai", lambda asked: network.Reply(page(asked.params["from"][0])))
        ...
        assert [asked.path for asked in host.asked] == ["/feed", "/feed", "/oai"]

What was not scripted is answered with 404. ``host.url`` is its address, ``host.place`` what a client has to trust.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that arrived. ``at`` is ``time.monotonic``; header names are found in any case."""

    method: str
    path: str
    params: Mapping[str, list[str]]
    headers: Message
    body: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer.

    ``declared`` is a Content-Length that is not true; ``chunked`` declares none. With ``pause``, that many seconds pass
    before each byte of ``head_drip`` (blanks in a header) and of the body, until the client hangs up.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    declared: int | None = None
    chunked: bool = False
    pause: float | None = None
    head_drip: int = 0


Play = Callable[[Asked], Reply]


class Host:
    """The server: what it says, and what it was asked."""

    def __init__(self, port: int) -> None:
        self.place = f"127.0.0.1:{port}"
        self.url = f"http://{self.place}"
        self.asked: list[Asked] = []
        self.answered: list[float] = []  # when each answer was ready to be sent, in ``time.monotonic``
        self.closing = threading.Event()
        self._plays: dict[str, Play] = {}
        self._lock = threading.Lock()

    def says(self, path: str, *replies: Reply) -> None:
        """Answer requests for a path with these in turn, and the last one for ever."""
        waiting = list(replies)
        self.plays(path, lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0])

    def plays(self, path: str, play: Play) -> None:
        """Answer requests for a path with what the function returns; "*" is every path without its own."""
        self._plays[path] = play

    def reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            play = self._plays.get(asked.path) or self._plays.get("*")
            return play(asked) if play else Reply(b"no such page", 404, {"Content-Type": "text/plain"})

    def paths(self) -> list[str]:
        """Return what was asked for, in order."""
        return [asked.path for asked in self.asked]


@contextmanager
def host(tls: ssl.SSLContext | None = None) -> Iterator[Host]:
    """Run a host as long as the context lasts. ``url`` speaks of http even where ``tls`` is given."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    played = Host(server.server_address[1])
    server.RequestHandlerClass = type("Handler", (_Handler,), {"played": played})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield played
    finally:
        played.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64  # the system's five make a sixth client wait for a second


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    played: Host

    def do_GET(self) -> None:
        at = time.monotonic()
        length = int(self.headers.get("Content-Length") or 0)
        address = urlsplit(self.path)
        params = parse_qs(address.query, keep_blank_values=True)
        asked = Asked(self.command, address.path, params, self.headers, self.rfile.read(length), at)
        reply = self.played.reply(asked)
        self.played.answered.append(time.monotonic())
        with contextlib.suppress(ConnectionError):  # a client that hangs up early is what some tests are about
            self._send(reply)

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif reply.status != 304:
            self.send_header("Content-Length", str(len(reply.body) if reply.declared is None else reply.declared))
        self.flush_headers()
        if reply.head_drip:
            self._drip(b"X-Drip:" + b" " * reply.head_drip + b"\r\n", reply.pause)
        self.wfile.write(b"\r\n")
        self._send_body(reply)
        if reply.declared is not None:
            self.close_connection = True

    def _send_body(self, reply: Reply) -> None:
        if reply.pause is not None:
            self._drip(reply.body, reply.pause)
        elif reply.chunked:
            for start in range(0, len(reply.body), 1 << 16):
                piece = reply.body[start : start + (1 << 16)]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(reply.body)

    def _drip(self, data: bytes, pause: float | None) -> None:
        for byte in data:
            if self.played.closing.wait(pause or 0):
                return
            self.wfile.write(bytes([byte]))

    def log_message(self, *_: object) -> None:
        """Say nothing: the arrivals are kept."""
