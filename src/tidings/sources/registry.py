"""Every source by name. Adding one is a file, a line here, and its fixtures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, cast

from tidings.errors import NotFoundError
from tidings.settings import Settings
from tidings.types import Paper

if TYPE_CHECKING:
    from tidings.sources.client import Client
    from tidings.sources.source import Source

# Imported late: most commands need none of them.
_CLASSES = {
    "arxiv": "arxiv:Arxiv",
    "huggingface": "huggingface:Huggingface",
    "openreview": "openreview:Openreview",
    "acl": "acl:Acl",
    "biorxiv": "biorxiv:Biorxiv",
    "semanticscholar": "semanticscholar:Semanticscholar",
    "openalex": "openalex:Openalex",
    "crossref": "crossref:Crossref",
    "zotero": "zotero:Zotero",
    "folder": "folder:Folder",
}

NAMES = tuple(_CLASSES)


@dataclass(frozen=True, slots=True)
class Means:
    """What a source may use: the settings, the polite client, the clock, and the papers that are held.

    ``held(after, limit)`` returns the papers with the next ids after an internal id, for sources that enrich.
    """

    settings: Settings
    client: Client
    now: Callable[[], datetime]
    held: Callable[[int, int], list[Paper]]


def make(name: str, means: Means) -> Source:
    """Return the source of that name.

    Raises:
        NotFoundError: there is none.
        InputError: it lacks a setting without which it cannot work; the message names it.
    """
    if name not in _CLASSES:
        raise NotFoundError(f"there is no source {name!r}; there are {', '.join(NAMES)}")
    module, _, kind = _CLASSES[name].partition(":")
    return cast("Source", getattr(import_module(f"tidings.sources.{module}"), kind)(means))
