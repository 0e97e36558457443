"""The facets beside a list: what one can narrow by, and what the query is narrowed by already."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tidings.types import Facet, Page
from tidings.web.asking import Asking

_ACTIVE = re.compile(
    r"""(?<!\S)-?(?:year|date|source|category|venue|author|has|title|abstract|id):(?:"[^"]*"|[^\s"()]+)(?!\S)"""
)
_HEADINGS = {"year": "Year", "source": "Source", "category": "Category"}
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet and the page that it leads to."""

    label: str
    count: int
    asking: Asking


@dataclass(frozen=True, slots=True)
class Group:
    """One facet with its values, the most frequent first; ``rest`` says how many values are not shown."""

    heading: str
    choices: tuple[Choice, ...]
    rest: int


@dataclass(frozen=True, slots=True)
class Active:
    """A term that narrows the query now, and the page without it."""

    label: str
    asking: Asking


def groups(page: Page, asking: Asking) -> tuple[Group, ...]:
    """Return the facets worth showing: those that still offer a choice."""
    active = {term.label for term in active_terms(asking)}
    found = []
    for name, facets in page.facets.items():
        open_facets = [facet for facet in facets if facet.query not in active and facet.count < page.total]
        if open_facets:
            choices = tuple(_choice(facet, asking) for facet in _in_order(name, open_facets)[:_SHOWN])
            found.append(Group(_HEADINGS.get(name, name.capitalize()), choices, max(0, len(open_facets) - _SHOWN)))
    return tuple(found)


def active_terms(asking: Asking) -> tuple[Active, ...]:
    """Return the terms of the query that narrow it; none in a pasted text, where a colon is just a colon."""
    if asking.is_long:
        return ()
    return tuple(
        Active(match.group(), asking.afresh(_without(asking.query, match))) for match in _ACTIVE.finditer(asking.query)
    )


def _without(query: str, match: re.Match[str]) -> str:
    return f"{query[: match.start()].rstrip()} {query[match.end() :].lstrip()}".strip()


def _choice(facet: Facet, asking: Asking) -> Choice:
    return Choice(facet.value, facet.count, asking.afresh(f"{asking.query} {facet.query}".strip()))


def _in_order(name: str, facets: list[Facet]) -> list[Facet]:
    """Years read downwards; everything else by how much there is of it."""
    if name == "year":
        return sorted(facets, key=lambda facet: facet.value, reverse=True)
    return sorted(facets, key=lambda facet: (-facet.count, facet.value))
