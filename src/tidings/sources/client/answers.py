"""What a host answered, and what is made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO, Any

import httpx2
import msgspec

from tidings.errors import FetchError, SourceError
from tidings.plain import collapse
from tidings.sources.client.redaction import secrets_of, shown

LONGEST_REASON = 200
_READ_FOR_REASON = 4_000
_SCRIPTS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered: 200 with a body, or 304 without one (``unchanged``). ``url`` is without secrets."""

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


def keep(response: httpx2.Response, sink: IO[bytes], largest: int) -> None:
    """Write the body to a file from its beginning, unpacked.

    Raises:
        FetchError: it is too large; no more of it is read. What unpacks to too much comes in pieces of a megabyte.
    """
    sink.seek(0)
    sink.truncate()
    declared = response.headers.get("content-length", "")
    if not re.fullmatch("[0-9]{1,18}", declared) or int(declared) <= largest:
        for piece in response.iter_bytes():
            if sink.tell() + len(piece) > largest:
                break
            sink.write(piece)
        else:
            return
    raise FetchError(f"{shown(response.url)} is too large: more than {largest:,} bytes")


def followed(request: httpx2.Request, target: httpx2.Request) -> httpx2.Request:
    """Return the request that a redirect asks for, if it stays on the host; https is taken where http was asked.

    Raises:
        FetchError: it leads elsewhere, or a question would lose what it asks.
    """
    here, there = request.url.origin, target.url.origin
    upgraded = (here.scheme, here.port, there.scheme, there.port) == ("http", 80, "https", 443)
    if here != there and not (here.host == there.host and upgraded):
        raise FetchError(f"{shown(request.url)} leads elsewhere, which is not followed: {shown(target.url)}")
    if target.method != request.method:
        raise FetchError(f"{shown(request.url)} answers a question with a redirect to {shown(target.url)}")
    return target


def reason(response: httpx2.Response) -> str:
    """Return the beginning of what a host says of its refusal; nothing where that is no text.

    A host may repeat the key that it refuses; we do not.
    """
    kind = response.headers.get("content-type", "text/plain").lower()
    if not ("text/" in kind or "json" in kind or "xml" in kind):
        return ""
    said = b""
    for piece in response.iter_bytes():
        said += piece
        if len(said) > _READ_FOR_REASON:
            break
    text = said[:_READ_FOR_REASON].decode("utf-8", "replace")
    for secret in secrets_of(response.request):
        text = text.replace(secret, "***")
    text = collapse(_SCRIPTS.sub(" ", text) if "html" in kind else text)[:LONGEST_REASON]
    return f": {text}" if text else ""


def trouble(error: httpx2.RequestError) -> str:
    """Return what went wrong on the way, as the end of a sentence about an address."""
    if isinstance(error, httpx2.TimeoutException):
        return "did not answer in time"
    what = "could not be reached" if isinstance(error, httpx2.NetworkError) else "broke off its answer"
    said = collapse(str(error))[:LONGEST_REASON]
    return f"{what}: {said}" if said else what
