"""What a feed says, whatever its format: a view of papers, and each of them as an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from markupsafe import Markup

from tidings.outbound.text import shown, without_controls
from tidings.types import Paper

_MOST_AUTHORS = 50
"""A collaboration of thousands would be most of the feed; its paper's page names them all."""
_UNDATED = datetime(1970, 1, 1, tzinfo=UTC)

Links = tuple[tuple[str, str], ...]
"""Names and addresses."""


@dataclass(frozen=True, slots=True)
class Item:
    """A paper in a feed. ``id`` is the same for ever; ``url`` is its page here, ``links`` lead to it elsewhere.

    Texts are plain but ``html``, which holds nothing of the source's own markup. ``updated`` moves only when the paper
    changes.
    """

    id: str
    url: str
    title: str
    html: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    doi: str | None
    links: Links
    published: datetime | None
    updated: datetime


@dataclass(frozen=True, slots=True)
class View:
    """A list of papers to follow. ``home`` is its page, ``address`` its own; both are whole, and ``id`` is neither."""

    id: str
    title: str
    description: str
    home: str
    address: str
    items: tuple[Item, ...]

    @property
    def updated(self) -> datetime:
        """When the latest of its papers changed."""
        return max((item.updated for item in self.items), default=_UNDATED)


def item_of(
    paper: Paper,
    id: str,  # noqa: A002
    url: str,
    *,
    links: Links = (),
    said: Sequence[str] = (),
    note: str = "",
    came: datetime | None = None,
) -> Item:
    """Return a paper as an item.

    ``links`` are (name, address) pairs that may be followed, ``said`` what there is to say of it beside its abstract,
    ``note`` what the owner of a shelf wrote, ``came`` when it came into the view where that is not the day it appeared.
    """
    links = tuple((name, without_controls(link)) for name, link in links)
    first = came or _published(paper)
    changed = _changed(paper)
    return Item(
        id=id,
        url=url,
        title=shown(paper.title) or id,
        html=_html(paper, links, said, note),
        authors=tuple(filter(None, map(shown, paper.authors[:_MOST_AUTHORS]))),
        categories=tuple(filter(None, map(shown, paper.categories))),
        doi=next((one.removeprefix("doi:") for one in paper.ids if one.startswith("doi:")), None),
        links=links,
        published=first,
        updated=max(changed, first) if first else changed,
    )


def _html(paper: Paper, links: Links, said: Sequence[str], note: str) -> str:
    """Return what a reader shows beneath the title: paragraphs, links, nothing else."""
    paragraph = Markup("<p>%s</p>")
    link = Markup('<a href="%s">%s</a>')
    where = Markup(" · ").join(link % (address, name) for name, address in links)
    facts = " · ".join(filter(None, (*map(shown, paper.categories), shown(paper.venue or ""), *map(shown, said))))
    parts = (_authors(paper), f"“{shown(note)}”" if note else "", shown(paper.abstract), facts, where)
    return str(Markup("").join(paragraph % part for part in parts if part))


def _authors(paper: Paper) -> str:
    more = len(paper.authors) - _MOST_AUTHORS
    named = ", ".join(map(shown, paper.authors[:_MOST_AUTHORS]))
    return f"{named} and {more:,} more" if more > 0 else named


def _published(paper: Paper) -> datetime | None:
    if paper.date is None:
        return None
    return _midnight(paper.date)


def _changed(paper: Paper) -> datetime:
    """Return when the paper last changed, by what its sources say: our own looking at it changes nothing."""
    days = (paper.date, paper.updated, *(version.submitted for version in paper.versions))
    known = [day for day in days if day]
    if not known and paper.year:
        known = [date(paper.year, 1, 1)]
    return _midnight(max(known)) if known else _UNDATED


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
