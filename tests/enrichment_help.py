"""What the tests of enriching sources share: papers that are held, by their internal ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tidings.types import Paper


def paper(number: int, *ids: str, **fields: Any) -> Paper:
    """Return a held paper with these external ids."""
    return Paper(number, ids[0] if ids else f"paper:{number}", f"On the {number}th question", ids=ids, **fields)


def numbered(ids: Iterable[str], first: int = 1) -> list[Paper]:
    """Return a held paper for each external id."""
    return [paper(number, value) for number, value in enumerate(ids, first)]


def holding(papers: Sequence[Paper]) -> Callable[[int, int], list[Paper]]:
    """Return what an archive answers that holds these papers."""
    return lambda after, limit: [held for held in papers if held.id > after][:limit]
