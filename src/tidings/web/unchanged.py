"""Answers that nobody need be sent twice, told by a tag and by a time: RFC 9110, sections 8.8 and 13."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from threading import Lock

from starlette.datastructures import Headers

_MOST = 2_000
_TAGS = re.compile(r'"[^"]*"')
_SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Seen:
    """Since when each address has given what it gives. Each process has its own memory, and forgets the oldest.

    What is forgotten counts as changed now: that costs an answer, where a time out of the contents would keep readers
    from what came or went without any paper changing, as a ranking does.
    """

    most: int = _MOST
    _since: dict[str, tuple[str, datetime | None]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def since(self, address: str, tag: str, now: datetime) -> datetime | None:
        """Return since when an address gives what the tag stands for, in whole seconds.

        None where it changed twice within a second: no time of this header could tell the two apart.
        """
        second = now.replace(microsecond=0)
        with self._lock:
            known, since = self._since.pop(address, ("", None))
            if known != tag:
                since = None if since and second < since + _SECOND else second
            self._since[address] = tag, since
            while len(self._since) > self.most:
                del self._since[next(iter(self._since))]
        return since


def tag_of(body: bytes) -> str:
    """Return the tag of exactly these bytes."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def validators(tag: str, since: datetime | None) -> dict[str, str]:
    """Return the headers by which whoever asks again says what it has."""
    return {"ETag": tag, **({"Last-Modified": format_datetime(since, usegmt=True)} if since else {})}


def has_it(headers: Headers, tag: str, since: datetime | None) -> bool:
    """Tell whether whoever asks holds what would be sent.

    The tag decides where one is shown, the time only else (section 13.2.2). Tags are compared weakly, as proxies that
    compress make them weak.
    """
    shown = headers.get("if-none-match")
    if shown is not None:
        return shown.strip() == "*" or tag in _TAGS.findall(shown)
    held = _time(headers.get("if-modified-since", ""))
    return since is not None and held is not None and since <= held


def _time(text: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
