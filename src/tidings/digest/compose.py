"""An edition as a mail: one function makes subject, plain text and HTML of the same data."""

from __future__ import annotations

import textwrap
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache, lru_cache
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tidings import moments
from tidings.digest import links as purposes
from tidings.digest import wording
from tidings.digest.letter import letter
from tidings.digest.letter import sender as sent_by
from tidings.digest.links import EditionLinks
from tidings.mail import subject_line
from tidings.places import of_paper, outside
from tidings.settings import Settings
from tidings.types import Paper
from tidings.types.digests import Digest, Story, Subscription

LARGEST = 100_000
"""Bytes of the HTML as it is sent; Gmail cuts off what is beyond 102 KB."""

_WIDTH = 72
_REMEMBERED = 4_096  # papers
_TEXTS_REMEMBERED = 4 * _REMEMBERED
_LINKS = 2
_LONGEST_GIST = 600
_LONGEST_NOTE = 500
_SHOWN_IN_LISTS = 150
"""Characters that a mailbox shows of a mail beside its subject."""

_ACTS = ((purposes.LIKE, "like"), (purposes.DISMISS, "not for me"), (purposes.SAVE, "save"))
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_NAMES = frozenset({"arXiv"})
"""What begins small everywhere."""

_SHORT_TITLE = 120  # bytes, so that even a hundred titles in any script fit
_TITLE_ALONE, _WITHOUT_GIST, _WHOLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class _Told:
    """A story as both templates show it; ``level`` is how much of it there is room for."""

    title: str
    href: str
    byline: str
    code: str | None
    links: list[tuple[str, str]]
    acts: list[tuple[str, str]] = field(default_factory=list)
    reason: str = ""
    is_outside: bool = False
    changes: tuple[str, ...] = ()
    gist: str = ""
    level: int = _WHOLE


def compose(digest: Digest, settings: Settings, links: EditionLinks, now: datetime) -> EmailMessage:
    """Return the mail of an edition: plain text, and HTML of at most ``LARGEST`` bytes.

    The same edition gives the same mail but for its date. Gists are left out from the end until the HTML fits, then all
    but the titles; the plain text has everything.
    """
    stories = [_told(story, digest.subscription, links) for story in digest.stories]
    values = _values(digest, links)
    headers = [
        *_addressed(digest.subscription, settings, links),
        ("Subject", subject_line(str(values["subject"]))),
        ("Date", format_datetime(now)),
    ]
    text = _environment().get_template("edition.txt").render(values, stories=stories)
    return letter(headers, text, _fitting(values, stories), f"tidings-{links.mark}")  # no paper can name it


def text_of(message: EmailMessage, kind: str) -> str:
    """Return one of the two bodies of a mail, ``plain`` or ``html``."""
    part = message.get_body((kind,))
    assert part is not None, "every edition has both"
    return str(part.get_content())


# --- headers ---


def _addressed(
    subscription: Subscription, settings: Settings, links: EditionLinks
) -> Iterator[tuple[str, str | Address]]:
    """Yield from whom a mail is, to whom, of which list, and how it is left (RFC 2369, RFC 2919, RFC 8058, RFC 3834).

    Nothing that people wrote can add a header: each is an object of the library, which refuses line breaks.
    """
    sender = settings.mail.sender or f"tidings@{links.host}"
    yield "From", sent_by(sender)
    yield "To", Address(addr_spec=subscription.address)
    yield "Message-ID", f"<{links.edition}.{links.mark}@{sender.rpartition('@')[2]}>"
    yield "List-Id", f"<digest-{subscription.id}.{links.host}>"
    yield "List-Unsubscribe", ", ".join(_ways_out(settings, links))
    if links.site.startswith("https://"):  # a POST is promised where nobody reads the address on the way
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    yield "Auto-Submitted", "auto-generated"


def _ways_out(settings: Settings, links: EditionLinks) -> Iterator[str]:
    """Yield the address that takes a POST, and the mailbox that takes a mail where one is looked into."""
    yield f"<{links.to(purposes.LEAVE)}>"
    if settings.bounces.host is not None and settings.mail.sender is not None:
        asking = quote(f"{purposes.BY_MAIL} {links.token(purposes.LEAVE)}")
        yield f"<mailto:{quote(settings.mail.sender, safe='@+')}?subject={asking}>"


# --- what both bodies say ---


def _values(digest: Digest, links: EditionLinks) -> dict[str, object]:
    day, subscription = wording.day_of(digest), digest.subscription
    titles = " · ".join(wording.title_of(story.paper) for story in digest.stories[1:4])
    return {
        "subject": wording.subject(digest),
        "site": links.site,
        "heading": wording.heading(digest),
        "day": moments.weekday(day) if day else "",
        "note": wording.shortened(wording.printed(digest.note or ""), _LONGEST_NOTE),
        "preview": wording.shortened(titles, _SHOWN_IN_LISTS),
        "account": wording.account(digest),
        "to_whom": _to_whom(subscription, links),
        "choices": [
            ("change it", links.to(purposes.CHANGE)),
            ("pause", links.to(purposes.PAUSE)),
            ("unsubscribe", links.to(purposes.LEAVE)),
        ],
    }


def _to_whom(subscription: Subscription, links: EditionLinks) -> str:
    every = "every day" if subscription.cadence == "daily" else f"every {_WEEKDAYS[subscription.weekday or 0]}"
    when = f"{every} at {subscription.hour}:00 ({subscription.zone.replace('_', ' ')})"
    return f"Sent to {subscription.address} {when}, because it was asked for at {links.site}."


def _told(story: Story, subscription: Subscription, links: EditionLinks) -> _Told:
    paper = story.paper
    acts = [(name, links.to(purpose, paper.id)) for purpose, name in _ACTS] if subscription.account_id else []
    return replace(
        _of_paper(paper, links.site),
        reason=wording.shortened(wording.printed(story.reason), wording.LONGEST_LINE),
        is_outside=story.is_outside,
        changes=tuple(wording.changed(story.changes)),
        gist=wording.shortened(wording.printed(story.gist), _LONGEST_GIST),
        acts=acts,
    )


@lru_cache(maxsize=_REMEMBERED)
def _of_paper(paper: Paper, site: str) -> _Told:
    """Return what is told of a paper to anybody; many readers are told of the same ones."""
    return _Told(
        title=wording.title_of(paper),
        href=f"{site}{of_paper(paper.key)}",
        byline=wording.byline(paper),
        code=wording.code_of(paper),
        links=[(name, url) for name, url in outside(paper) if name != "code"][:_LINKS],
    )


# --- HTML that is not cut off ---


def _fitting(values: dict[str, object], stories: Sequence[_Told]) -> str:
    """Return the HTML with as much as fits of what the last stories say."""

    def shortened(steps: int) -> str:
        return _html(values, [_at_level(story, n, len(stories), steps) for n, story in enumerate(stories)])

    whole = shortened(0)
    if _sent_size(whole) <= LARGEST:
        return whole
    steps = bisect_left(range(2 * len(stories)), True, key=lambda steps: _sent_size(shortened(steps)) <= LARGEST)
    return shortened(steps)


def _at_level(story: _Told, place: int, count: int, steps: int) -> _Told:
    """Return a story as short as so many steps make it: first the gists go, the last one first, then all but titles."""
    from_end = count - place
    if steps - count >= from_end:
        return replace(story, level=_TITLE_ALONE, title=_in_bytes(story.title, _SHORT_TITLE))
    return replace(story, level=_WITHOUT_GIST) if steps >= from_end else story


def _in_bytes(text: str, most: int) -> str:
    data = text.encode()
    return text if len(data) <= most else data[:most].decode(errors="ignore") + "…"


def _html(values: dict[str, object], stories: Sequence[_Told]) -> str:
    return _environment().get_template("edition.html").render(values, stories=stories)


def _sent_size(html: str) -> int:
    """Return how many bytes a text has as quoted-printable: three for whatever is no plain ASCII, and for "="."""
    data = html.encode()
    plain = len(data.translate(None, bytes([*range(128, 256), ord("=")])))
    encoded = plain + 3 * (len(data) - plain)
    return encoded + 3 * (encoded // 75) + data.count(b"\n")  # lines of 76, each with "=" and an end of its own


# --- templates ---


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tidings.digest"),
        autoescape=select_autoescape(["html"]),
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(wrapped=_wrapped, capitalised=_capitalised)
    return environment


def _capitalised(name: str) -> str:
    return name if name in _NAMES else name[:1].upper() + name[1:]


def _wrapped(text: str, indent: int = 0, mark: str = "") -> str:
    """Return a text in lines of 72 characters, indented; ``mark`` stands in the first one's indentation."""
    return mark.ljust(indent) + _filled(text, indent)[indent:]


@lru_cache(maxsize=_TEXTS_REMEMBERED)
def _filled(text: str, indent: int) -> str:
    blank = " " * indent
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=blank,
        subsequent_indent=blank,
        break_long_words=False,
        break_on_hyphens=False,
    )
