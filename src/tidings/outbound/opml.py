"""OPML 2.0, the list of feeds that feed readers import: http://opml.org/spec2.opml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from lxml import etree

from tidings.outbound.text import shown
from tidings.outbound.xml import added, written


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed in the list: what it is called, its address, and the page that it is of."""

    title: str
    address: str
    home: str


def opml(title: str, outlines: Iterable[Outline], now: datetime) -> bytes:
    """Return a list of feeds in UTF-8."""
    root = etree.Element("opml", version="2.0")
    head, body = added(root, "head"), added(root, "body")
    added(head, "title", title)
    added(head, "dateCreated", format_datetime(now, usegmt=True))
    for each in outlines:
        name = shown(each.title)
        added(body, "outline", text=name, title=name, type="rss", xmlUrl=each.address, htmlUrl=each.home)
    return written(root)
