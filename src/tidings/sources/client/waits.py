"""How long a host wants to be left alone, from the headers of its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# Nobody means years: a slip in a header must not switch a source off for good.
LONGEST = timedelta(days=1)

_NUMBER = re.compile(r"\s*(\d{1,20}(?:\.\d{1,9})?)\s*(?:[,;].*)?", re.ASCII | re.DOTALL)
_A_DATE = 1_000_000_000  # a reset above this counts from 1970 (GitHub's habit), below it from now
_PAIRS = (
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
)
_POLICY = re.compile(r"\br=0(?:\.0*)?\s*;\s*t=(\d{1,20})", re.ASCII)  # RateLimit: "api";r=0;t=55


def not_before(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when the host may be asked again; None where it did not say, and at most a day from now.

    It may say so in Retry-After, in seconds or as a date (RFC 9110 §10.2.3); in Backoff, on any answer
    (https://www.zotero.org/support/dev/web_api/v3/basics#rate_limiting); and by an allowance that is used up
    (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/, and what came before it). The latest
    counts; what cannot be understood is ignored.
    """
    seconds = max(_wishes({name.lower(): value for name, value in headers.items()}, now), default=0.0)
    return now + timedelta(seconds=min(seconds, LONGEST.total_seconds())) if seconds > 0 else None


def _wishes(headers: Mapping[str, str], now: datetime) -> Iterator[float]:
    yield from _number(headers.get("backoff"))
    if retry_after := headers.get("retry-after"):
        yield from _number(retry_after) or _until(retry_after, now)
    for remaining, reset in _PAIRS:
        if _number(headers.get(remaining)) == [0.0]:
            yield from (value - now.timestamp() if value > _A_DATE else value for value in _number(headers.get(reset)))
    yield from map(float, _POLICY.findall(headers.get("ratelimit", "")))


def _number(text: str | None) -> list[float]:
    match = _NUMBER.fullmatch(text or "")
    return [float(match[1])] if match else []


def _until(text: str, now: datetime) -> list[float]:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return []
    return [((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()]
