"""RSS 2.0: https://www.rssboard.org/rss-specification, with what its best-practices profile adds."""

from __future__ import annotations

from email.utils import format_datetime

from lxml import etree

from tidings.outbound.items import Item, View
from tidings.outbound.xml import ATOM, DC, added, moment, written


def rss(view: View) -> bytes:
    """Return a view as an RSS feed in UTF-8."""
    root = etree.Element("rss", nsmap={"atom": ATOM, "dc": DC}, version="2.0")
    channel = added(root, "channel")
    added(channel, "title", view.title)
    added(channel, "link", view.home)
    added(channel, "description", view.description)
    added(channel, f"{{{ATOM}}}link", rel="self", type="application/rss+xml", href=view.address)
    added(channel, "lastBuildDate", format_datetime(view.updated, usegmt=True))
    added(channel, "generator", "Tidings")
    added(channel, "docs", "https://www.rssboard.org/rss-specification")
    for item in view.items:
        _item(channel, item)
    return written(root)


def _item(channel: etree._Element, item: Item) -> None:
    entry = added(channel, "item")
    added(entry, "title", item.title)
    added(entry, "link", item.url)
    added(entry, "guid", item.id, isPermaLink="false")
    if item.published:
        added(entry, "pubDate", format_datetime(item.published, usegmt=True))
    added(entry, f"{{{ATOM}}}updated", moment(item.updated))
    for name in item.authors:
        added(entry, f"{{{DC}}}creator", name)  # RSS's own author is an address of mail
    for category in item.categories:
        added(entry, "category", category)
    if item.doi:
        added(entry, f"{{{DC}}}identifier", f"doi:{item.doi}")
    added(entry, "description", item.html)
