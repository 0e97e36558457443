"""Tidings reads what the research world publishes, finds what matters to each reader, and tells them.

import tidings

with tidings.open("folder") as catalog:
    catalog.add(["papers.jsonl.xz"])
    for hit in catalog.search("low-rank adaptation").hits:
        print(hit.paper.title, hit.score)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidings.catalog import Catalog, open  # noqa: A004 - tidings.open, as gzip.open
    from tidings.types import Hit, Page, Paper

__all__ = ["Catalog", "Hit", "Page", "Paper", "open"]

_HOMES = {"Catalog": "catalog", "open": "catalog", "Hit": "types", "Page": "types", "Paper": "types"}


def __getattr__(name: str) -> Any:
    """Import late: the command line's help should not pay for the search engine."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tidings' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"tidings.{_HOMES[name]}"), name)
