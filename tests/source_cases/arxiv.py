"""A week of two categories as ``arxiv_server`` plays it, in pages of two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.arxiv_server import FEED_HOST, HISTORY_HOST, PlayedArxiv
from tests.source_help import Case, at

START = at(2026, 3, 5, 18)  # a Thursday


def paper(key: str, first: str, last: str | None = None, *categories: str, **others: Any) -> dict[str, Any]:
    """Return a paper as it is played; without categories it is one of cs.LG."""
    made = {"title": f"The paper {key}", "authors": ["Ann Example", "Bob Example"], "abstract": f"About {key}."}
    listed = {"listed_first": first, "listed_last": last or first, "categories": list(categories or ("cs.LG",))}
    return {"id": key, "comment": None} | made | listed | others


def build(_folder: Path, *, damaged: bool) -> Case:
    """Return the world; in the damaged one a paper has no title."""
    papers = [
        paper("2602.00105", "2026-02-27"),
        paper("2603.00101", "2026-03-05"),
        paper("2603.00102", "2026-03-03", "2026-03-05"),
        paper("2603.00103", "2026-03-03", None, "hep-th"),
        paper("2603.00104", "2026-03-04", None, "hep-th", "cs.LG"),
        paper("2603.00106", "2026-03-04", None, "hep-th", **{"title": ""} if damaged else {}),
    ]
    return Case(
        settings={"categories": ["cs.LG", "hep-th"], "history": 10},
        start=START,
        answer=PlayedArxiv(papers, lambda: START, page_size=2),
        hosts=frozenset({FEED_HOST, HISTORY_HOST}),
        quiet=1,
    )
