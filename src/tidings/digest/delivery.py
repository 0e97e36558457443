"""One mail to the server, so that it is known afterwards whether the server has it, has it not, or may have it.

A server has a mail from the moment it answers the dot that ends it (RFC 5321, section 4.2.5). So everything but the dot
is handed over first; then the edition is marked in the store; then the dot follows. Whatever fails before the mark was
certainly not taken: a mail without its dot is none (section 4.1.1.4). Whatever is cut off after it, nobody knows.
"""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from tidings.digest.letter import on_the_wire
from tidings.errors import MailError
from tidings.mail import connected, reason
from tidings.plain import collapse
from tidings.settings.people import MailSettings

SENT, UNKNOWN, LATER, NEVER, WITHDRAWN = "sent", "unknown", "later", "never", "withdrawn"

LAST_ANSWER = 600.0
"""Seconds that the server has for its last answer, in which it may look for spam (RFC 5321, section 4.5.3.2.6)."""

_MOST_ON_ONE = 500  # mails; many servers end a connection after some hundreds
_LONGEST_ANSWER = 300
_NO_SUCH_BOX = re.compile(
    r"\b5\.1\.\d+\b|no such (user|mailbox|recipient)|(user|mailbox|recipient) unknown|unknown user", re.I
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a delivery ended, and what was answered.

    ``state`` is sent; unknown (it may have been taken); later (refused for now) or never (for good), both certainly
    not taken; or withdrawn (it was not to be sent any more). ``is_gone`` says that there is no such mailbox.
    """

    state: str
    answer: str
    is_gone: bool = False


class Mailer:
    """A connection to the mail server that many mails go through; it is opened when first needed, and again."""

    def __init__(self, settings: MailSettings, trusted: ssl.SSLContext | None = None) -> None:
        self._settings, self._trusted = settings, trusted
        self._server: smtplib.SMTP | None = None
        self._used = 0

    def deliver(self, message: EmailMessage, mark: Callable[[], bool]) -> Outcome:
        """Hand a mail over. ``mark`` is called before the dot that ends it; where it returns False, none follows.

        Raises:
            MailError: the server cannot be used at all; the mail was certainly not taken.
        """
        try:
            ready = self._ready(message)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome(LATER, f"the connection was lost before the mail was whole: {reason(error)}")
        if ready is not None:
            return ready
        if not mark():
            self._drop()  # without its dot, the mail is none
            return Outcome(WITHDRAWN, "")
        return self._end()

    def close(self) -> None:
        """Say goodbye to the server."""
        if self._server is not None:
            try:
                self._server.quit()
            except (smtplib.SMTPException, OSError):
                self._server.close()
            self._server = None

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _connection(self) -> smtplib.SMTP:
        if self._used >= _MOST_ON_ONE:
            self.close()
        if self._server is None:
            self._server, self._used = connected(self._settings, self._trusted), 0
            self._server.ehlo_or_helo_if_needed()
        return self._server

    def _ready(self, message: EmailMessage) -> Outcome | None:
        """Hand over everything but the dot; return how it ended where the server refused."""
        is_old = self._server is not None
        try:
            return self._everything_but_the_dot(message)
        except smtplib.SMTPServerDisconnected:
            self._drop()
            if not is_old:
                raise
        return self._everything_but_the_dot(message)  # the server had tired of a connection that it knew

    def _everything_but_the_dot(self, message: EmailMessage) -> Outcome | None:
        server = self._connection()
        self._used += 1
        sender, to = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
        code, answer = server.mail(sender)
        if code != 250:
            return self._refused(code, answer, LATER)  # that is about us, not about this reader
        code, answer = server.rcpt(to)
        if code not in (250, 251):
            return self._refused(code, answer, NEVER, is_recipient=True)
        code, answer = server.docmd("DATA")
        if code != 354:
            return self._refused(code, answer, NEVER)
        assert server.sock is not None
        server.sock.sendall(on_the_wire(message))
        _check_still_there(server.sock)
        return None

    def _refused(self, code: int, answer: bytes, worst: str, *, is_recipient: bool = False) -> Outcome:
        """Return a refusal, and make the connection ready for the next mail."""
        if code == 421 or self._server is None:  # it is closing
            self._drop()
        else:
            self._server.rset()
        return refused(code, answer, worst, is_recipient=is_recipient)

    def _end(self) -> Outcome:
        """Send the dot, and wait for the answer."""
        server = self._server
        assert server is not None
        assert server.sock is not None
        try:
            server.sock.settimeout(LAST_ANSWER)
            server.sock.sendall(b".\r\n")
            code, answer = server.getreply()
            server.sock.settimeout(server.timeout)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome(UNKNOWN, f"the connection was lost after the mail was whole: {reason(error)}")
        if code == 421:
            self._drop()
        return Outcome(SENT, _said(code, answer)) if code == 250 else refused(code, answer, NEVER)


def refused(code: int, answer: bytes, worst: str, *, is_recipient: bool = False) -> Outcome:
    """Return what a refusal means: for now (4xx), or at worst as said (5xx, RFC 5321, section 4.2.1)."""
    said = _said(code, answer)
    if code < 500:
        return Outcome(LATER, said)
    return Outcome(worst, said, is_gone=is_recipient and bool(_NO_SUCH_BOX.search(said)))


def _check_still_there(sock: socket.socket) -> None:
    """Notice a server that hung up in the middle of a mail: it has nothing to say before the dot.

    Raises:
        SMTPServerDisconnected: it did.
    """
    looking = select.poll()
    looking.register(sock, select.POLLIN)
    if looking.poll(0):
        raise smtplib.SMTPServerDisconnected("the server ended the connection in the middle of the mail")


def _said(code: int, answer: bytes) -> str:
    return f"{code} {collapse(answer.decode('utf-8', 'replace'))}"[:_LONGEST_ANSWER]


__all__ = ["LATER", "NEVER", "SENT", "UNKNOWN", "WITHDRAWN", "MailError", "Mailer", "Outcome"]
