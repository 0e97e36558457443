"""What Atom, RSS and OPML share."""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from tidings.outbound.text import without_controls

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"


def added(parent: etree._Element, name: str, text: str | None = None, /, **attributes: str) -> etree._Element:
    """Return a new last child; what XML cannot hold is left out of its text and attributes."""
    child = etree.SubElement(parent, name)
    if text is not None:
        child.text = without_controls(text)
    for key, value in attributes.items():
        child.set(key, without_controls(value))
    return child


def written(root: etree._Element) -> bytes:
    """Return a document in UTF-8 with its declaration."""
    document: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def moment(at: datetime) -> str:
    """Return a time as RFC 3339 writes it: 2025-03-20T08:00:00Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
