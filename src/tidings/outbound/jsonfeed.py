"""JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/."""

from __future__ import annotations

from typing import Any

import msgspec

from tidings.outbound.items import Item, View
from tidings.outbound.text import without_controls
from tidings.outbound.xml import moment


def json_feed(view: View) -> bytes:
    """Return a view as a JSON Feed in UTF-8."""
    return msgspec.json.encode(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": without_controls(view.title),
            "description": without_controls(view.description),
            "home_page_url": view.home,
            "feed_url": view.address,
            "authors": [{"name": "Tidings"}],
            "items": [_item(item) for item in view.items],
        }
    )


def _item(item: Item) -> dict[str, Any]:
    """Return an item; what there is nothing to say of is left out, as the format wants it."""
    elsewhere = next((address for name, address in item.links if name != "PDF"), None)
    return {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_html": item.html,
        "date_modified": moment(item.updated),
        **({"date_published": moment(item.published)} if item.published else {}),
        **({"external_url": elsewhere} if elsewhere else {}),
        **({"authors": [{"name": name} for name in item.authors]} if item.authors else {}),
        **({"tags": list(item.categories)} if item.categories else {}),
    }
