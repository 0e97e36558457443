"""The facets beside a list: what one can narrow by, and what the query is narrowed by already."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tidings.rank.query import has_term, parse, render, with_term, without_term
from tidings.rank.query.tokens import RANGE_FIELDS
from tidings.types import And, Facet, Filter, Page
from tidings.web.asking import Asking

_HEADINGS = {"year": "Year", "source": "Source", "category": "Category"}
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet, the term it stands for, and the page that it leads to."""

    label: str
    count: int
    term: str
    asking: Asking


@dataclass(frozen=True, slots=True)
class Group:
    """One facet with its values; ``rest`` says how many rarer values are not shown."""

    heading: str
    choices: tuple[Choice, ...]
    rest: int


@dataclass(frozen=True, slots=True)
class Active:
    """A term that narrows the query now, and the page without it."""

    term: str
    asking: Asking


def groups(page: Page, asking: Asking) -> tuple[Group, ...]:
    """Return the facets worth showing: those that still offer a choice."""
    active = set(_terms(asking.query))
    found = []
    for name, facets in page.facets.items():
        left = [facet for facet in facets if facet.query not in active and facet.count < page.total]
        if left:
            frequent = sorted(left, key=lambda facet: (-facet.count, facet.value))[:_SHOWN]
            rest = len(left) - len(frequent)
            found.append(Group(_HEADINGS.get(name, name.capitalize()), _choices(name, frequent, asking), rest))
    return tuple(found)


def active_terms(asking: Asking) -> tuple[Active, ...]:
    """Return the terms that narrow the query and can be taken out of it."""
    return tuple(Active(term, asking.afresh(without_term(asking.query, term))) for term in _terms(asking.query))


@lru_cache(maxsize=64)
def _terms(query: str) -> tuple[str, ...]:
    required = parse(query).required
    parts: tuple[Filter, ...] = required.of if isinstance(required, And) else (required,) if required else ()
    rendered = dict.fromkeys(render(part) for part in parts)
    return tuple(term for term in rendered if ":" in term and has_term(query, term))


def _choices(name: str, facets: list[Facet], asking: Asking) -> tuple[Choice, ...]:
    """Return the values of one facet; years read downwards, the others by how much there is of them.

    A range takes the place of another of its field, the rest is added. That is worked out once a facet, not once a
    value, because it reads the whole query.
    """
    is_range = name in RANGE_FIELDS
    base = with_term(asking.query, facets[0].query).removesuffix(facets[0].query) if is_range else asking.query + " "
    if name == "year":
        facets = sorted(facets, key=lambda facet: facet.value, reverse=True)
    return tuple(Choice(facet.value, facet.count, facet.query, asking.afresh(base + facet.query)) for facet in facets)
