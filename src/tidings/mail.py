"""Mail that lets people in: how it reads, and how it leaves."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from html import escape
from urllib.parse import quote, urlsplit

from tidings.errors import InputError, MailError
from tidings.plain import collapse
from tidings.settings import Settings
from tidings.settings.people import MailSettings

_SECONDS = 30.0  # for each step of talking to the server
_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})

_TEXT = """\
{opening}

{link}

{closing}
"""
# One column, no image, nothing from elsewhere, colours of the reader's own.
_HTML = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif">
<p style="margin:0 0 16px">{opening}</p>
<p style="margin:0 0 16px"><a href="{link}">{action}</a></p>
<p style="margin:0 0 16px">{closing}</p>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    opening: str
    action: str
    closing: str


# --- where links lead ---


def site_address(settings: Settings) -> str:
    """Return the address that readers know, without a slash at its end; on this machine alone it needs no setting.

    What a request says of its host is never believed: a link in a mail would lead wherever a stranger wants.

    Raises:
        InputError: the setting is no address, or it is missing and others can reach the page.
    """
    if settings.public_url is None:
        if settings.host not in _MACHINE:
            raise InputError("set TIDINGS_PUBLIC_URL to the address that readers know; links begin with it")
        return f"http://localhost:{settings.port}"
    parts = urlsplit(settings.public_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise InputError(f"TIDINGS_PUBLIC_URL: {settings.public_url!r} is no address, as https://papers.lab.example")
    return settings.public_url.rstrip("/")


def link_to(settings: Settings, secret: str, following: str = "") -> str:
    """Return the link that lets its reader in, and then leads on to a page of ours.

    Raises:
        InputError: as ``site_address``.
    """
    onward = f"?next={quote(following, safe='/')}" if following else ""
    return f"{site_address(settings)}/sign-in/link/{quote(secret, safe='')}{onward}"


# --- how a mail reads ---


def check(settings: Settings) -> None:
    """Make sure that mail can be sent.

    Raises:
        InputError: a setting is missing or makes no sense; the sentence says which.
    """
    mail = settings.mail
    if mail.host is None:
        raise InputError("no mail is set up here: TIDINGS_MAIL_HOST names no server")
    if mail.sender is None:
        raise InputError("no mail is set up here: TIDINGS_MAIL_SENDER names no address to send from")
    if mail.security == "none" and mail.user is not None and mail.host not in _MACHINE:
        raise InputError("TIDINGS_MAIL_SECURITY: a password is never sent unprotected; choose starttls or tls")
    _address(mail.sender)
    site_address(settings)


def sign_in_mail(settings: Settings, to: str, link: str, now: datetime, *, minutes: int) -> EmailMessage:
    """Return the mail with a link to sign in.

    Raises:
        InputError: as ``check``.
    """
    words = _Words(
        "Sign in to Tidings",
        f"Somebody, hopefully you, asked to sign in at {site_address(settings)}.",
        "Sign in",
        f"The link works once, for {minutes} minutes. If it was not you, do nothing: without it nobody gets in.",
    )
    return _message(settings, to, words, link, now)


def invitation_mail(settings: Settings, to: str, link: str, now: datetime, *, days: int, by: str) -> EmailMessage:
    """Return the mail that invites somebody; ``by`` is the name of whoever does, and may be anything.

    Raises:
        InputError: as ``check``.
    """
    who = collapse(by) or "An administrator"
    words = _Words(
        f"{who} invites you to Tidings",
        f"{who} invites you to read papers together at {site_address(settings)}.",
        "Join",
        f"The link works once, for {days} days. If you expected no invitation, do nothing.",
    )
    return _message(settings, to, words, link, now)


def confirmation_mail(settings: Settings, to: str, link: str, now: datetime, *, days: int) -> EmailMessage:
    """Return the mail that asks an address whether it wants a digest.

    It says nothing of what whoever asked typed, a search or a name: else anybody could have us send anybody anything.

    Raises:
        InputError: as ``check``.
    """
    words = _Words(
        "Do you want a digest of papers?",
        f"Somebody, hopefully you, asked {site_address(settings)} to send a digest of papers to this address.",
        "See what it is, and confirm",
        f"The link works for {days} days. If it was not you, do nothing: without it nothing is sent.",
    )
    return _message(settings, to, words, link, now)


def _message(settings: Settings, to: str, words: _Words, link: str, now: datetime) -> EmailMessage:
    """Return a mail in plain text and HTML. Nothing that people wrote can add a header: the library refuses lines."""
    check(settings)
    sender = _address(settings.mail.sender or "")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Tidings", addr_spec=sender.addr_spec)
    message["To"] = _address(to)
    message["Subject"] = subject_line(words.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    message.set_content(_TEXT.format(opening=words.opening, link=link, closing=words.closing))
    shown = {name: escape(text) for name, text in _fields(words, link).items()}
    message.add_alternative(_HTML.format_map(shown), subtype="html")
    return message


def subject_line(text: str) -> str:
    """Return a subject that says what it says: an encoded word in it would be decoded, to line breaks and headers too.

    https://docs.python.org/3/library/email.headerregistry.html: a value that is set is parsed like one that was read.
    """
    return collapse(text).replace("=?", "= ?")


def _fields(words: _Words, link: str) -> dict[str, str]:
    return {
        "subject": words.subject,
        "opening": words.opening,
        "action": words.action,
        "closing": words.closing,
        "link": link,
    }


def _address(text: str) -> Address:
    try:
        address = Address(addr_spec=text.strip())
    except (ValueError, IndexError) as error:  # the parser's own slips are no addresses either
        raise InputError(f"{text!r} is not an e-mail address") from error
    if not (address.username and address.domain):
        raise InputError(f"{text!r} is not an e-mail address")
    return address


# --- how a mail leaves ---


def send(settings: MailSettings, message: EmailMessage, trusted: ssl.SSLContext | None = None) -> None:
    """Give a mail to the server. ``trusted`` says whose certificates are believed; else those the system believes.

    Raises:
        MailError: as ``connected``, or the server refused.
        InputError: the key file cannot be read.
    """
    server = connected(settings, trusted)
    try:
        with server:
            server.send_message(message)
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise MailError(f"the mail server {settings.host} did not take a mail: {reason(error)}") from error


def connected(settings: MailSettings, trusted: ssl.SSLContext | None = None) -> smtplib.SMTP:
    """Return a connection to the server, protected as the settings say and logged in; whoever asked for it closes it.

    Raises:
        MailError: the server was not reached, its certificate is not believed, it offers no protection where some is
            wanted, or it refused the login; nothing is ever sent unprotected instead.
        InputError: the key file cannot be read.
    """
    key = settings.key
    try:
        server = _opened(settings, trusted or ssl.create_default_context())
        try:
            if settings.user is not None:
                server.login(settings.user, key or "")
        except BaseException:
            server.close()
            raise
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise MailError(f"the mail server {settings.host} did not take a mail: {reason(error)}") from error
    return server


def _opened(settings: MailSettings, context: ssl.SSLContext) -> smtplib.SMTP:
    host = settings.host or ""
    if settings.security == "tls":
        return smtplib.SMTP_SSL(host, settings.port, timeout=_SECONDS, context=context)
    server = smtplib.SMTP(host, settings.port, timeout=_SECONDS)
    if settings.security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def reason(error: Exception) -> str:
    """Return what went wrong, without what was sent: a refusal may repeat it."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__}, status {error.smtp_code}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "it refused the address"
    return collapse(str(error))[:200] or type(error).__name__
