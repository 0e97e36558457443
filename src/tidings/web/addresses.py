"""The addresses of our own pages, and which addresses of others we are willing to link to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from urllib.parse import quote, urlencode

from tidings.catalog.topics import topic_slug
from tidings.people import Shelf
from tidings.places import is_linkable, of_paper, outside, site_of
from tidings.rank.query import field_term
from tidings.types import Topic

__all__ = [
    "LONGEST_GET",
    "is_linkable",
    "of_author",
    "of_day",
    "of_feed",
    "of_grid",
    "of_interest",
    "of_month",
    "of_new_interest",
    "of_paper",
    "of_search",
    "of_shelf",
    "of_similar",
    "of_topic",
    "of_trending",
    "of_venue",
    "of_week",
    "outside",
    "site_of",
    "with_parameters",
]

LONGEST_GET = 6_000
"""Characters of a query up to which an address can carry it; proxies cut longer ones off."""


def of_day(day: date) -> str:
    """Return the address of the page that lists a day's papers."""
    return f"/papers/date/{day.isoformat()}"


def of_grid(day: date) -> str:
    """Return the address of the page that shows a day's papers as a grid."""
    return f"{of_day(day)}/grid"


def of_week(week: str) -> str:
    """Return the address of the page that ranks a week's papers."""
    return f"/papers/week/{week}"


def of_month(month: str) -> str:
    """Return the address of the page that ranks a month's papers."""
    return f"/papers/month/{month}"


def of_trending(window: str, category: str = "", by: str = "") -> str:
    """Return the address of the papers that trend in a window."""
    return with_parameters("/trending", [("window", window), ("category", category), ("by", by)])


def of_shelf(shelf: Shelf) -> str:
    """Return the address of a shelf within this installation."""
    return f"/shelves/{shelf.id}"


def of_feed(interest: int) -> str:
    """Return the address of the feed of an interest."""
    return f"/feed/{interest}"


def of_interest(interest: int) -> str:
    """Return the address where an interest is looked after."""
    return f"/interests/{interest}"


def of_new_interest(name: str = "", words: str = "", likes: Iterable[str] = ()) -> str:
    """Return the address of the form that makes an interest, with what it begins with filled in."""
    return with_parameters("/interests", [("name", name), ("words", words), *(("like", key) for key in likes)])


def of_search(query: str, **more: str) -> str:
    """Return the address that asks ``query``; parameters that are empty are left out."""
    return with_parameters("/search", [("q", query), *more.items()])


def of_author(name: str) -> str:
    """Return the search for everything an author wrote."""
    return of_search(field_term("author", name))


def of_topic(topic: Topic) -> str:
    """Return the address of a topic's page: the number counts, the name is for whoever reads the address."""
    slug = topic_slug(topic.name)
    return f"/topics/{topic.id}-{slug}" if slug else f"/topics/{topic.id}"


def of_venue(name: str) -> str:
    """Return the search for everything that appeared at a venue."""
    return of_search(field_term("venue", name))


def of_similar(keys: Iterable[str]) -> str:
    """Return the address of the papers that resemble these ones."""
    return with_parameters("/similar", [("id", key) for key in keys])


def with_parameters(path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return ``path`` with the parameters that are not empty."""
    query = urlencode([pair for pair in parameters if pair[1]], quote_via=quote, safe=":,/")
    return f"{path}?{query}" if query else path
