"""A small archive with all that a page has to bear: many days, long abstracts, formulas, hostile text."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import tidings
from tidings.catalog import Catalog

HOSTILE = "arxiv:2503.90001"
FORMULA = "arxiv:2503.90002"
CROWDED = "arxiv:2503.90003"
CHANGED = "arxiv:2503.90004"
FIRST_DAY = date(2025, 3, 17)

_SUBJECTS = ("graph kernels", "speech synthesis", "protein folding", "image retrieval", "language models")
_SENTENCE = "We study {subject} under a budget and find that careful sampling number {number} helps more than scale. "


def open_archive(folder: Path) -> Catalog:
    """Return a catalog on a new home that holds the shipped sample and the papers below."""
    catalog = tidings.open(folder / "home")
    catalog.add_sample()
    lines = folder / "papers.jsonl"
    lines.write_text("".join(json.dumps(paper) + "\n" for paper in [*_ordinary(), *_difficult()]), encoding="utf-8")
    catalog.add([lines])
    for version in (1, 2, 3):
        lines.write_text(json.dumps(_changed(version)) + "\n", encoding="utf-8")
        catalog.add([lines])
    return catalog


def _changed(version: int) -> dict[str, Any]:
    """Return a paper as arXiv described it at one of its versions."""
    titles = ("Sampling <b>cheaply</b>", "Sampling cheaply", "Sampling cheaply and well")
    return {
        "id": CHANGED.removeprefix("arxiv:"),
        "title": titles[version - 1],
        "authors": "Ada Lovelace and Charles Babbage"
        if version < 3
        else "Ada Lovelace, Alan Turing and Charles Babbage",
        "categories": "cs.LG",
        "comments": f"{10 + version} pages",
        "abstract": f"We sample in $O(n^{version})$ steps. {_SENTENCE.format(subject='sampling', number=1) * 9}",
        "versions": [
            {"version": f"v{n}", "created": f"Mon, {2 + n} Mar 2025 19:18:42 GMT"} for n in range(1, version + 1)
        ],
        "update_date": "2025-03-17",
    }


def _ordinary() -> list[dict[str, Any]]:
    """Sixty papers, a dozen a day, half of them with an abstract that closes after eight lines."""
    return [
        _paper(
            f"2503.{10000 + number}",
            f"Careful sampling for {_SUBJECTS[number % 5]}, part {number}",
            _SENTENCE.format(subject=_SUBJECTS[number % 5], number=number) * (12 if number % 2 else 2),
            FIRST_DAY + timedelta(days=number // 12),
        )
        for number in range(60)
    ]


def _difficult() -> list[dict[str, Any]]:
    day = FIRST_DAY + timedelta(days=1)
    hostile = "<script>alert(1)</script> <img src=x onerror=alert(2)> \"quoted\" 'title' & {{ 7*7 }}"
    return [
        _paper("2503.90001", hostile, "</p><script>alert(3)</script> javascript:alert(4) " * 20, day),
        _paper("2503.90002", r"On $\mathcal{O}(n^{2})$ bounds", r"We prove $\sum_{i=1}^n x_i \le \sqrt{n}$. " * 9, day),
        _paper(
            "2503.90003", "A collaboration of many " + "averyveryverylongword" * 8, "Everybody measured.", day, 3000
        ),
    ]


def _paper(id: str, title: str, abstract: str, day: date, authors: int = 5) -> dict[str, Any]:  # noqa: A002
    return {
        "id": id,
        "title": title,
        "authors": [f"Given{number} Family{number}" for number in range(authors)],
        "categories": ["cs.LG", "stat.ML"] if int(id[-1]) % 2 else ["cs.CL"],
        "comment": None,
        "abstract": abstract,
        "listed_first": day.isoformat(),
        "listed_last": day.isoformat(),
    }
