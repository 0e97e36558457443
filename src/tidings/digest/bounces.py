"""Mail that comes back: delivery reports (RFC 3464) and complaints (RFC 5965), read from the mailbox of the sender;
and the mails of those who leave by mail (RFC 2369).

Which edition came back is known by its Message-ID, which nobody can make up: it has a mark that only this installation
gives. A report without one is left alone, since anybody can write to a mailbox.
"""

from __future__ import annotations

import hmac
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from typing import TYPE_CHECKING

from tidings.digest.links import BY_MAIL, Linker
from tidings.errors import BusyError, InputError, MailError, NotFoundError
from tidings.mail import reason
from tidings.plain import collapse
from tidings.settings.digest import BouncesSettings

if TYPE_CHECKING:
    from tidings.catalog import Catalog
    from tidings.types import Subscription

HARD, SOFT, COMPLAINT = "hard", "soft", "complaint"

_SECONDS = 60.0
_LARGEST = 262_144  # bytes of a report that are read
_LONGEST_DETAIL = 300
_OURS = re.compile(r"<?(\d{1,10})\.([0-9a-f]{16})@")
_NO_SUCH_BOX = re.compile(r"5\.1\.\d+|5\.2\.1")  # RFC 3463: bad address, mailbox disabled
_SAYS_UNKNOWN = re.compile(
    r"(user|recipient|mailbox|address)\s+(is\s+)?unknown|unknown\s+(user|recipient)|no such (user|mailbox)", re.I
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says: of which mail, by its Message-ID, and what became of it."""

    message_id: str
    kind: str
    detail: str


def parse(raw: bytes) -> Report | None:
    """Return what a mail reports; None where it is no report, or not of something that failed for good."""
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    parts = {part.get_content_type(): part for part in message.walk()}
    message_id = _message_id(parts)
    if message_id is None:
        return None
    if (complaint := parts.get("message/feedback-report")) is not None:
        said = _fields(complaint)
        kind = said.get("feedback-type", "")
        return None if kind == "not-spam" else Report(message_id, COMPLAINT, f"a complaint: {kind or 'abuse'}")
    delivery = parts.get("message/delivery-status")
    return _failure(message_id, delivery) if delivery is not None else None


def take(catalog: Catalog, linker: Linker, report: Report) -> bool:
    """Draw the consequence of a report; return False where it is of no mail of ours."""
    match = _OURS.match(report.message_id)
    subscription = _subscription_of(catalog, linker, int(match[1]), match[2]) if match else None
    if match is None or subscription is None:
        return False
    catalog.note_return(subscription.address, report.kind, f"edition {match[1]}: {report.detail}", once=True)
    return True


def read_mailbox(catalog: Catalog, trusted: ssl.SSLContext | None = None) -> int:
    """Read the reports that are new in the mailbox, mark them as seen, and return how many were of mails of ours.

    ``trusted`` says whose certificates are believed; else those the system believes.

    Raises:
        InputError: a setting is missing.
        MailError: the mailbox cannot be read.
    """
    settings, linker = catalog.settings.bounces, Linker.of(catalog.settings)
    found = 0
    with _mailbox(settings, trusted or ssl.create_default_context()) as box:
        for number in _new_reports(box):
            report = parse(_fetched(box, number))
            found += report is not None and take(catalog, linker, report)
            box.uid("STORE", number, "+FLAGS", "(\\Seen)")
        _take_leave(catalog, linker, box)
    return found


def _take_leave(catalog: Catalog, linker: Linker, box: imaplib.IMAP4) -> None:
    """End what readers ask for by a mail whose subject has a token that only we give; other mail stays unseen."""
    for number in _new(box, "SUBJECT", f'"{BY_MAIL}"'):
        message = message_from_bytes(_fetched(box, number), policy=default)
        subscription = linker.left_by(str(message["Subject"] or ""), catalog.now())
        if subscription is not None:
            catalog.leave(subscription)
            box.uid("STORE", number, "+FLAGS", "(\\Seen)")


def read_due(catalog: Catalog) -> int | None:
    """Look into the mailbox if it is time to and nobody else does; return how many came back, else None.

    Raises:
        InputError, MailError: as ``read_mailbox``; the next look is as far away as ever.
    """
    settings = catalog.settings.bounces
    if settings.host is None:
        return None
    try:
        with catalog.job("bounces", timedelta(minutes=settings.every)) as is_due:
            return read_mailbox(catalog) if is_due else None
    except BusyError:
        return None


# --- what a report says ---


def _message_id(parts: dict[str, EmailMessage]) -> str | None:
    """Return the Message-ID of the mail that a report is about."""
    for kind in ("text/rfc822-headers", "message/rfc822-headers", "message/rfc822"):
        if (part := parts.get(kind)) is None:
            continue
        original = _inner(part)[0]
        if original["Message-ID"]:
            return str(original["Message-ID"]).strip()
    return None


def _failure(message_id: str, delivery: EmailMessage) -> Report | None:
    said = _fields(delivery)
    if said.get("action", "failed").lower() != "failed":  # delayed, relayed, delivered: nothing to learn yet
        return None
    status, diagnosis = said.get("status", ""), said.get("diagnostic-code", "")
    is_hard = bool(_NO_SUCH_BOX.match(status)) or (status.startswith("5.0") and bool(_SAYS_UNKNOWN.search(diagnosis)))
    detail = collapse(f"{status} {diagnosis}")[:_LONGEST_DETAIL]
    return Report(message_id, HARD if is_hard else SOFT, detail)


def _fields(part: EmailMessage) -> dict[str, str]:
    """Return the fields of a machine-readable part by lower-case name: it is made of blocks of headers."""
    return {name.lower(): collapse(str(value)) for block in _inner(part) for name, value in block.items()}


def _inner(part: EmailMessage) -> list[Message]:
    """Return the blocks of headers that a part is made of; at least one."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)] or [Message()]
    raw = part.get_payload(decode=True)
    return [message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=default)]


def _subscription_of(catalog: Catalog, linker: Linker, number: int, mark: str) -> Subscription | None:
    try:
        edition, digest = catalog.edition(number)
    except NotFoundError:
        return None
    expected = linker.edition(digest.subscription.id, edition.id, edition.made.date()).mark
    return digest.subscription if hmac.compare_digest(expected, mark) else None


# --- the mailbox ---


@contextmanager
def _mailbox(settings: BouncesSettings, context: ssl.SSLContext) -> Iterator[imaplib.IMAP4]:
    if settings.host is None or settings.user is None:
        raise InputError("no mailbox is set up here: TIDINGS_BOUNCES_HOST and TIDINGS_BOUNCES_USER")
    key = settings.key or ""
    try:
        box = _opened(settings, context)
        try:
            box.login(settings.user, key)
            if box.select(_quoted(settings.folder))[0] != "OK":
                raise MailError(f"the mailbox of {settings.user} has no folder {settings.folder!r}")
            yield box
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                box.logout()
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailError(f"the mailbox at {settings.host} cannot be read: {reason(error)}") from error


def _opened(settings: BouncesSettings, context: ssl.SSLContext) -> imaplib.IMAP4:
    host, port = settings.host or "", settings.port
    if settings.security == "tls":
        return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=_SECONDS)
    box = imaplib.IMAP4(host, port, timeout=_SECONDS)
    if settings.security == "starttls":
        try:
            box.starttls(context)
        except BaseException:
            box.shutdown()
            raise
    return box


def _new_reports(box: imaplib.IMAP4) -> list[str]:
    """Return the numbers of the reports that nobody has seen; what people wrote is left to people."""
    return _new(box, "HEADER", "Content-Type", '"multipart/report"')


def _new(box: imaplib.IMAP4, *that: str) -> list[str]:
    _, answer = box.uid("SEARCH", "UNSEEN", *that)
    return (answer[0] or b"").decode("ascii", "replace").split()


def _fetched(box: imaplib.IMAP4, number: str) -> bytes:
    _, answer = box.uid("FETCH", number, f"(BODY.PEEK[]<0.{_LARGEST}>)")
    return next((part[1] for part in answer if isinstance(part, tuple)), b"")


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
