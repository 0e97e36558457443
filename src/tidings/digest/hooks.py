"""Digests for chat tools: one signed POST for an edition, to a hook that its reader named.

The body is JSON with ``text``, which Slack, Mattermost and Rocket.Chat show, and the same in fields for programs. The
header ``Tidings-Signature: t=SECONDS,v1=HEX`` has the time and the HMAC-SHA256 of "SECONDS.BODY" under the secret of
the subscription: so a hook knows our calls from others', and from old ones that are repeated.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpcore2
import httpx2

from tidings.digest import wording
from tidings.digest.delivery import LATER, NEVER, SENT, UNKNOWN, WITHDRAWN, Outcome
from tidings.errors import FetchError
from tidings.places import of_paper
from tidings.plain import collapse
from tidings.sources.client.addresses import is_trusted
from tidings.sources.client.network import SECONDS, Network
from tidings.types import Digest, Story

SIGNATURE = "Tidings-Signature"

_SECONDS = 20.0
_LONGEST_ANSWER = 300
_LATER = (408, 425, 429)
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # as Slack wants what is no markup


def caller(trusted: frozenset[str]) -> httpx2.Client:
    """Return what calls hooks; ``trusted`` are the hosts in one's own network that may be called (``is_trusted``)."""
    return httpx2.Client(transport=Network(trusted), timeout=_SECONDS, follow_redirects=False)


def is_allowed(url: str, trusted: frozenset[str]) -> bool:
    """Tell whether a hook may be called: by https, or at a host that the settings name."""
    parts = httpx2.URL(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme == "https" or is_trusted(parts.host, port, trusted)


def call(client: httpx2.Client, url: str, body: bytes, signature: str, mark: Callable[[], bool]) -> Outcome:
    """Call a hook. ``mark`` is called just before; where it returns False, nothing is called."""
    headers = {"Content-Type": "application/json", SIGNATURE: signature, "User-Agent": "Tidings"}
    if not mark():
        return Outcome(WITHDRAWN, "")
    try:
        answer = client.post(url, content=body, headers=headers, extensions={SECONDS: _SECONDS})
    except FetchError as error:  # a private address, or time is up
        return Outcome(UNKNOWN if "did not answer" in str(error) else NEVER, str(error))
    except httpx2.TransportError as error:
        is_certain = isinstance(error.__cause__, httpcore2.ConnectError | httpcore2.ConnectTimeout)
        return Outcome(LATER if is_certain else UNKNOWN, collapse(str(error)) or type(error).__name__)
    said = f"{answer.status_code} {collapse(answer.text)}"[:_LONGEST_ANSWER].strip()
    if answer.is_success:
        return Outcome(SENT, said)
    is_late = answer.status_code >= 500 or answer.status_code in _LATER
    return Outcome(LATER if is_late else NEVER, said, is_gone=answer.status_code in (404, 410))


def sign(secret: str, body: bytes, now: datetime) -> str:
    """Return the signature of a call."""
    seconds = int(now.timestamp())
    mac = hmac.digest(secret.encode(), f"{seconds}.".encode() + body, "sha256")
    return f"t={seconds},v1={mac.hex()}"


# --- what is said ---


def body_of(digest: Digest, edition: int, site: str) -> bytes:
    """Return the JSON of an edition."""
    said = {
        "text": _text(digest, site),
        "edition": edition,
        "subscription": digest.subscription.id,
        "name": digest.subscription.name,
        "day": digest.name,
        "note": digest.note,
        "account": wording.account(digest),
        "papers": [_fields(story, site) for story in digest.stories],
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _text(digest: Digest, site: str) -> str:
    lines = [f"*{_escaped(wording.heading(digest))}*", _escaped(digest.note or "")]
    for story in digest.stories:
        about = " · ".join(filter(None, (wording.byline(story.paper), wording.printed(story.reason))))
        lines.append(f"• <{site}{of_paper(story.paper.key)}|{_escaped(wording.title_of(story.paper))}>")
        lines.append(f"   {_escaped(about)}")
    lines.append(f"_{_escaped(wording.account(digest))}_")
    return "\n".join(filter(None, lines))


def _fields(story: Story, site: str) -> dict[str, Any]:
    paper = story.paper
    return {
        "id": paper.key,
        "url": f"{site}{of_paper(paper.key)}",
        "title": wording.title_of(paper),
        "authors": list(paper.authors),
        "date": paper.date.isoformat() if paper.date else None,
        "reason": story.reason,
        "gist": story.gist,
        "is_outside": story.is_outside,
        "changes": list(wording.changed(story.changes)),
    }


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED).replace("|", "¦")
