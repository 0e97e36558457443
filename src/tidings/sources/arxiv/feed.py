"""The feed of a day's announcements: https://info.arxiv.org/help/rss.html.

It holds one day only and at most 2,000 entries: new papers before cross-lists before replacements, so a feed that is
cut and yet names replacements names all that is new. What a feed is cut of, and what it leaves out by its own rules
(replacements from the sixth version on), comes by the history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime

from lxml import etree

from tidings.errors import SourceError
from tidings.sources.arxiv.calendar import NEW_YORK
from tidings.sources.formats.arxiv_atom import REPLACED, Announced, announced
from tidings.sources.formats.arxiv_xml import name_of, refused
from tidings.sources.formats.common import Outcome
from tidings.sources.formats.trees import local_name, tree_of

LONGEST = 2000

_ERROR = "Feed error for query"


class UnknownCategoryError(SourceError):
    """arXiv does not know a category that it was asked for; the message is its own."""


@dataclass(frozen=True, slots=True)
class DayFeed:
    """A day's feed: ``size`` counts its entries, those that were refused included."""

    day: date
    items: tuple[Outcome, ...]
    size: int
    has_replacements: bool

    @property
    def is_cut(self) -> bool:
        return self.size >= LONGEST

    @property
    def names_all_new(self) -> bool:
        return not self.is_cut or self.has_replacements


def read_feed(body: bytes) -> DayFeed:
    """Return what a feed says, be it Atom or RSS 2.0.

    Raises:
        UnknownCategoryError: it is the feed that stands for an error.
        SourceError: it is no feed, or does not say of which day.
    """
    root = tree_of(body)
    if local_name(root) not in {"feed", "rss"}:
        raise SourceError(f"a page named {local_name(root)!r} in place of a feed")
    head = root if local_name(root) == "feed" else next(root.iterchildren("{*}channel"), root)
    if _text(head, "title").startswith(_ERROR):
        raise UnknownCategoryError(_text(head, "subtitle") or _text(head, "description") or "no such category")
    entries = [*head.iterchildren("{*}entry", "{*}item")]
    read = [_entry(entry, number) for number, entry in enumerate(entries, start=1)]
    found = [each for each in read if isinstance(each, Announced)]
    items = tuple(each.record if isinstance(each, Announced) else each for each in read)
    day = max((each.day for each in found), default=None) or _built(head)
    return DayFeed(day, items, len(entries), any(each.kind in REPLACED for each in found))


def _entry(entry: etree._Element, number: int) -> Announced | Outcome:
    try:
        return announced(entry)
    except SourceError as error:
        return refused(entry, f"feed {name_of(entry) or f'entry {number}'}", error)


def _built(head: etree._Element) -> date:
    """Return the day of a feed without entries: it is made at midnight in New York, also when there is nothing."""
    for name in ("pubDate", "updated", "lastBuildDate"):
        if moment := _moment(_text(head, name)):
            return moment.astimezone(NEW_YORK).date()
    raise SourceError("a feed that does not say of which day it is")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text[:4].isdecimal() else parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _text(element: etree._Element, name: str) -> str:
    child = next(element.iterchildren(f"{{*}}{name}"), None)
    return (child.text or "").strip() if child is not None else ""
