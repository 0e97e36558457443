"""The table of the curated lists: ours beside what others do, at every number of likes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.feeds.baselines import ArxivSanity, Blind, Search
from benchmarks.feeds.curated import LIKES, Ours, Scorer, measure, tasks
from benchmarks.metrics import difference_interval, mean_interval
from benchmarks.tables import table

DRAWS = 3
SLOW_DRAWS = 1  # the support vector machine takes seconds for each
_Found = dict[str, tuple[float, float]]


def lists() -> str:
    """Return the tables."""
    pool, cut = tasks()
    ours, blind, sanity = Ours(pool, cut), Blind(pool, [task.reader for task in cut]), ArxivSanity(pool)
    with tempfile.TemporaryDirectory() as folder:
        search = Search(pool, Path(folder))
        scorers: dict[str, Scorer] = {
            "random": blind.random,
            "newest first": blind.recency,
            "on other lists": blind.popularity,
            "search by the name, TF-IDF": sanity.words,
            "search by the name, Tidings": search.fused,
            "TF-IDF, nearest centroid": sanity.centroid,
            "arxiv-sanity-lite (LinearSVC)": sanity.machine,
            "Tidings, likes alone": ours.by_likes,
            "Tidings, name and likes": ours.with_words,
        }
        found = {
            (name, likes): measure(cut, scorer, likes, SLOW_DRAWS if scorer == sanity.machine else DRAWS)
            for name, scorer in scorers.items()
            for likes in LIKES
            if _applies(name, likes)
        }
    rows = [
        [name, *(_cell(found.get((name, likes)), part) for likes in LIKES)]
        for part in (0, 1)
        for name in (f"{scorer}" for scorer in scorers)
    ]
    half = len(rows) // 2
    columns = ("method", *(f"k = {likes}" for likes in LIKES))
    against = _against(found)
    return "\n\n".join(
        (
            f"## Curated lists\n\n{len(cut)} lists, {len(pool.texts):,} papers. Recall among the first 100 (R@100):",
            table(columns, rows[:half]),
            "Area under the curve (AUC):",
            table(columns, rows[half:]),
            "Ours less the other, R@100 on the same lists:",
            table(("k", "ours", "the other", "difference"), against),
        )
    )


def _applies(name: str, likes: int) -> bool:
    """Say whether a method has something to go by: searches need no likes, learners some."""
    if name == "Tidings, name and likes" or name in {"random", "newest first", "on other lists"}:
        return True
    return (likes == 0) == name.startswith("search")


def _cell(found: _Found | None, part: int) -> str:
    if not found:
        return ""
    return "{:.3f} [{:.3f}, {:.3f}]".format(*mean_interval([values[part] for values in found.values()]))


def _against(found: dict[tuple[str, int], _Found]) -> list[tuple[object, ...]]:
    pairs = [
        (0, "Tidings, name and likes", "search by the name, Tidings"),
        (0, "Tidings, name and likes", "search by the name, TF-IDF"),
        *(
            (likes, ours, theirs)
            for likes in LIKES[1:]
            for ours in ("Tidings, likes alone", "Tidings, name and likes")
            for theirs in ("arxiv-sanity-lite (LinearSVC)", "TF-IDF, nearest centroid")
        ),
    ]
    rows: list[tuple[object, ...]] = []
    for likes, ours, theirs in pairs:
        one, other = found[ours, likes], found[theirs, likes]
        interval = difference_interval([one[name][0] for name in one], [other[name][0] for name in one])
        rows.append((likes, ours, theirs, "{:+.3f} [{:+.3f}, {:+.3f}]".format(*interval)))
    return rows
