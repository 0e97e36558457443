"""A linter for mails: what RFC 5322, 2045, 2047, 2369, 2919, 3834 and 8058 ask, and what Gmail and Yahoo do of senders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser

_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "List-Id", "List-Unsubscribe", "Auto-Submitted")
_ENCODED_WORD = re.compile(r"=\?[A-Za-z0-9-]+\?[qQbB]\?[^? ]*\?=")
_LONGEST_LINE = 998  # RFC 5322, section 2.1.1, without the end of the line
_LONGEST_ENCODED = 76  # RFC 2047, section 2; RFC 2045, section 6.7
_CLIPPED = 102_000  # bytes of HTML from which on Gmail cuts


def parsed(raw: bytes) -> EmailMessage:
    """Return a mail as Python's own parser reads it."""
    found = message_from_bytes(raw, policy=SMTP)
    assert isinstance(found, EmailMessage)
    return found


def problems(raw: bytes) -> list[str]:
    """Return what is wrong with a mail as it would be sent, a sentence for each; none where all is well."""
    message = parsed(raw)
    return [
        *_lines(raw),
        *_headers(raw, message),
        *(_list(message) if message["List-Id"] is not None else ()),
        *_bodies(message),
    ]


def _lines(raw: bytes) -> Iterator[str]:
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        yield "a line ends with something else than CR LF"
    if any(len(line) > _LONGEST_LINE for line in raw.split(b"\r\n")):
        yield f"a line is longer than {_LONGEST_LINE} bytes"
    if b"\0" in raw or any(byte > 127 for byte in raw):
        yield "there are bytes that are no ASCII"


def _headers(raw: bytes, message: EmailMessage) -> Iterator[str]:
    for name in _ONCE[:6]:
        if len(message.get_all(name, [])) != 1:
            yield f"{name} is there {len(message.get_all(name, []))} times"
    for name in ("Bcc", "Return-Path", "Precedence"):
        if message[name] is not None:
            yield f"{name} does not belong into what is sent"
    if message.defects:
        yield f"the parser complains: {message.defects}"
    for name, value in message.items():
        if defects := getattr(value, "defects", ()):
            yield f"{name} has defects: {defects}"
    if message["Date"] is not None and message["Date"].datetime.tzinfo is None:
        yield "Date has no zone"
    if not re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", str(message["Message-ID"])):
        yield "Message-ID is no id"
    yield from _encoded(raw.partition(b"\r\n\r\n")[0].decode("ascii", "replace"))


def _encoded(headers: str) -> Iterator[str]:
    for line in headers.split("\r\n"):
        if not line.strip():
            yield "a header has an empty line within it"
        words = _ENCODED_WORD.findall(line)
        if words and (len(line) > _LONGEST_ENCODED + 2 or any(len(word) > 75 for word in words)):
            yield f"an encoded word is too long: {line}"
        if line.lower().startswith("list-") and words:
            yield f"an address is encoded: {line}"


def _list(message: EmailMessage) -> Iterator[str]:
    for name in _ONCE:
        if len(message.get_all(name, [])) != 1:
            yield f"{name} is there {len(message.get_all(name, []))} times"
    if not re.fullmatch(r"<[A-Za-z0-9.-]+\.[A-Za-z0-9-]+>", str(message["List-Id"])):
        yield "List-Id is no id (RFC 2919)"
    if message["Auto-Submitted"] != "auto-generated":
        yield "Auto-Submitted is missing (RFC 3834)"
    ways = re.findall(r"<([^<>\s]+)>", str(message["List-Unsubscribe"]))
    web = [way for way in ways if way.startswith("https://")]
    if len(web) != 1 or not all(way.startswith(("https://", "mailto:")) for way in ways):
        yield "List-Unsubscribe needs one https address, and may have one of mail beside it (RFC 8058)"
    if message["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click":
        yield "List-Unsubscribe-Post is missing (RFC 8058)"
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        if body is not None and web and web[0] not in body.get_content().replace("&amp;", "&"):
            yield f"the {kind} text has no link to leave"
        if body is not None and "unsubscribe" not in body.get_content().lower():
            yield f"the {kind} text does not say unsubscribe"


def _bodies(message: EmailMessage) -> Iterator[str]:
    if message.get_content_type() != "multipart/alternative":
        yield "it is not multipart/alternative"
        return
    kinds = [part.get_content_type() for part in message.iter_parts()]
    if kinds != ["text/plain", "text/html"]:
        yield f"the parts are {kinds}: plain text first, the best last (RFC 2046, section 5.1.4)"
        return
    for part in message.iter_parts():
        if part["Content-Transfer-Encoding"] not in ("quoted-printable", "7bit"):
            yield f"{part.get_content_type()} is sent as {part['Content-Transfer-Encoding']}"
        if part.get_content_charset() != "utf-8":
            yield f"{part.get_content_type()} is not UTF-8"
        if any(len(line) > _LONGEST_ENCODED for line in str(part.get_payload()).splitlines()):
            yield f"{part.get_content_type()} has lines that are too long"
    yield from _html(message)


def _html(message: EmailMessage) -> Iterator[str]:
    part = message.get_body(("html",))
    html = part.get_content() if part is not None else ""
    if len(html.encode()) > _CLIPPED:
        yield f"the HTML has {len(html.encode()):,} bytes and is cut off"
    reader = _Reader()
    reader.feed(html)
    reader.close()
    yield from reader.problems


class _Reader(HTMLParser):
    """Reads HTML for what mail must not have."""

    _ALONE = frozenset({"meta", "br", "img", "hr", "link", "input"})
    _NEVER = frozenset({"script", "iframe", "object", "embed", "form", "input", "button", "base", "link", "img", "svg"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._NEVER:
            self.problems.append(f"<{tag}> does not belong into a mail")
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "background") or "url(" in (value or ""):
                self.problems.append(f"{name} of <{tag}> runs or loads something")
            if name == "href" and not re.match(r"https?://", value or ""):
                self.problems.append(f"a link leads to {value!r}")
        if tag not in self._ALONE:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def close(self) -> None:
        super().close()
        if self._open:
            self.problems.append(f"{self._open} are not closed")
