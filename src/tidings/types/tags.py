"""What flows about tags: words for papers that curators describe, and that papers get by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag: its name, and a line that describes it. ``fits`` and ``misfits`` count the papers shown as examples.

    ``changed`` is when its words or examples last did; no two states have the same.
    """

    id: int
    name: str
    description: str
    created: datetime
    changed: datetime
    fits: int = 0
    misfits: int = 0


@dataclass(frozen=True, slots=True)
class PaperTag:
    """A tag of a paper, and how sure it is, 0 to 1: 1 is what a curator said."""

    tag: Tag
    confidence: float
