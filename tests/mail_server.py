"""A mail server on this machine that keeps what it is given, with a certificate of its own making."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


@dataclass
class Inbox:
    """What came, and how. ``refuses`` is said of every recipient in place of a welcome.

    ``manners`` say what is done with the mail of an address, the first time or the first times: "RCPT 550 no such user"
    and "DATA 451 later" are answers to these commands, "END 554 no" to the dot that ends a mail; "cut DATA", "cut BODY",
    "cut END" and "cut TAKEN" end the connection before the mail, in it, after its dot, and after it was taken; "late"
    takes it and answers after ``lateness`` seconds.
    """

    port: int = 0
    refuses: str | None = None
    manners: dict[str, list[str]] = field(default_factory=dict)
    lateness: float = 0.0
    connections: int = 0
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        found = [message_from_bytes(raw, policy=POLICY) for raw in self.raw]
        assert all(isinstance(message, EmailMessage) for message in found)
        return [message for message in found if isinstance(message, EmailMessage)]

    @property
    def last(self) -> EmailMessage:
        return self.messages[-1]

    @property
    def readers(self) -> list[str]:
        """To whom the mails went, in order."""
        return [str(message["To"]) for message in self.messages]

    def manner(self, address: str, step: str) -> str | None:
        """Return what is to be done with the mail of an address at a step, once."""
        left = self.manners.get(address, [])
        if left and (left[0].startswith(step) or left[0] == f"cut {step}"):
            return left.pop(0)
        return None


class _Handler:
    """What the server does with what it is given. (aiosmtpd looks at every attribute of such a thing.)"""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.inbox.refuses:
            return self.inbox.refuses
        if manner := self.inbox.manner(address, "RCPT"):
            return manner.removeprefix("RCPT ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.original_content, bytes)
        to = envelope.rcpt_tos[0]
        if manner := self.inbox.manner(to, "END"):
            if manner != "cut END":
                return manner.removeprefix("END ")
            _cut(server)
            return "250 nobody hears this"
        self.inbox.raw.append(envelope.original_content)
        self.inbox.encrypted.append(session.ssl is not None)
        if self.inbox.manner(to, "late"):
            await asyncio.sleep(self.inbox.lateness)
        if self.inbox.manner(to, "TAKEN"):
            _cut(server)
        return "250 OK"

    def login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.inbox.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)


class _Server(SMTP):
    """A server that can end a connection where a mail begins, or in it."""

    inbox: Inbox

    async def smtp_DATA(self, arg: str) -> None:
        assert self.envelope is not None
        to = self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else ""
        manner = self.inbox.manner(to, "DATA") or self.inbox.manner(to, "BODY")
        if manner is None:
            await super().smtp_DATA(arg)
        elif manner == "cut DATA":
            _cut(self)
        elif manner == "cut BODY":
            await self.push("354 go on")
            _cut(self)
        else:
            await self.push(manner.removeprefix("DATA "))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.inbox.connections += 1
        super().connection_made(transport)


def _cut(server: SMTP) -> None:
    """End a connection without a word."""
    assert isinstance(server.transport, asyncio.WriteTransport)
    server.transport.abort()


class _Controller(Controller):
    def factory(self) -> SMTP:
        server = _Server(self.handler, **self.SMTP_kwargs)
        server.inbox = self.handler.inbox
        return server


@dataclass(frozen=True)
class Certificate:
    """A certificate for a host, signed by itself; ``trusting`` believes it and no other."""

    file: Path

    @property
    def serving(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    @property
    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))


def certificate(folder: Path, host: str = HOST) -> Certificate:
    """Return a new certificate for a host."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    alternative = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{host}.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return Certificate(file)


@contextmanager
def mail_server(*, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Inbox]:
    """Yield the inbox of a server on a free port; it offers to encrypt, or expects it, with the context given."""
    inbox = Inbox()
    with socket.socket() as free:
        free.bind((HOST, 0))
        inbox.port = free.getsockname()[1]
    handler = _Handler(inbox)
    controller = _Controller(
        handler,
        hostname=HOST,
        port=inbox.port,
        ssl_context=tls,
        tls_context=starttls,
        authenticator=handler.login,
        auth_require_tls=starttls is not None,
    )
    controller.start()
    inbox.connections = 0  # it called itself to see whether it answers
    try:
        yield inbox
    finally:
        controller.stop()
