"""Views of papers in the formats that feed readers read: Atom, RSS 2.0, JSON Feed; and OPML, the list of such feeds.

Pure: what is to be said comes in, bytes go out. XML is written by lxml and JSON by msgspec, never by joining strings.
"""

from __future__ import annotations

from tidings.outbound.atom import atom
from tidings.outbound.items import Item, View, item_of
from tidings.outbound.jsonfeed import json_feed
from tidings.outbound.opml import Outline, opml
from tidings.outbound.rss import rss
from tidings.outbound.text import shown

__all__ = ["Item", "Outline", "View", "atom", "item_of", "json_feed", "opml", "rss", "shown"]
