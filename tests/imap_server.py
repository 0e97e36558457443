"""A mailbox on this machine that speaks as much IMAP as is needed to read what came back (RFC 3501)."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """The mails of a folder, and which of them were seen; ``refuses`` is said to whoever logs in."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    refuses: bool = False


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        box = self.server.box
        self._say("* OK here")
        for raw in self.rfile:
            tag, _, command = raw.decode().strip().partition(" ")
            box.asked.append(command.split(" ")[0])
            if not self._answer(tag, command, box):
                return

    def _answer(self, tag: str, command: str, box: Mailbox) -> bool:
        name = command.upper()
        if name.startswith("CAPABILITY"):
            self._say("* CAPABILITY IMAP4rev1")
        elif name.startswith("LOGIN") and box.refuses:
            self._say(f"{tag} NO that is not the password")
            return True
        elif name.startswith("SELECT") and '"INBOX"' not in command:
            self._say(f"{tag} NO no such folder")
            return True
        elif name.startswith("SELECT"):
            self._say(f"* {len(box.mails)} EXISTS")
        elif name.startswith("UID SEARCH"):
            reports = [
                number for number, raw in enumerate(box.mails, 1) if b"multipart/report" in raw.split(b"\r\n\r\n")[0]
            ]
            self._say(f"* SEARCH {' '.join(str(number) for number in reports if number not in box.seen)}")
        elif match := re.match(r"UID FETCH (\d+)", name):
            raw = box.mails[int(match[1]) - 1]
            self.wfile.write(
                f"* {match[1]} FETCH (UID {match[1]} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
            )
        elif match := re.match(r"UID STORE (\d+)", name):
            box.seen.add(int(match[1]))
        elif name == "LOGOUT":
            self._say("* BYE")
            self._say(f"{tag} OK")
            return False
        self._say(f"{tag} OK done")
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, box: Mailbox) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.box = box


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Yield a mailbox behind a server on a free port."""
    box = Mailbox()
    with _Server(box) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield box
        server.shutdown()
