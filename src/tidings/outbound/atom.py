"""Atom: RFC 4287."""

from __future__ import annotations

from lxml import etree

from tidings.outbound.items import Item, View
from tidings.outbound.xml import ATOM, DC, added, moment, written

_PUBLISHER = "Tidings"


def atom(view: View) -> bytes:
    """Return a view as an Atom feed in UTF-8."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM, "dc": DC})
    _add(root, "id", view.id)
    _add(root, "title", view.title)
    _add(root, "subtitle", view.description)
    _add(root, "updated", moment(view.updated))
    _add(root, "link", rel="self", type="application/atom+xml", href=view.address)
    _add(root, "link", rel="alternate", type="text/html", href=view.home)
    _add(root, "generator", _PUBLISHER)
    _add(_add(root, "author"), "name", _PUBLISHER)  # of entries whose authors nobody knows: section 4.1.1
    for item in view.items:
        _entry(root, item)
    return written(root)


def _entry(root: etree._Element, item: Item) -> None:
    entry = _add(root, "entry")
    _add(entry, "id", item.id)
    _add(entry, "title", item.title)
    if item.published:
        _add(entry, "published", moment(item.published))
    _add(entry, "updated", moment(item.updated))
    _add(entry, "link", rel="alternate", type="text/html", href=item.url)
    for name, address in item.links:
        _add(entry, "link", rel="related", title=name, href=address)
    for name in item.authors:
        _add(_add(entry, "author"), "name", name)
    for category in item.categories:
        _add(entry, "category", term=category)
    if item.doi:
        added(entry, f"{{{DC}}}identifier", f"doi:{item.doi}")
    _add(entry, "content", item.html, type="html")


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    return added(parent, f"{{{ATOM}}}{name}", text, **attributes)
