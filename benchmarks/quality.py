"""Does a search find what people judged related? Words, meaning and both, through the real index and ranking."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks import datasets, metrics
from benchmarks.datasets import Judged
from benchmarks.tables import publish, table
from tidings.embed import load_default
from tidings.index.local import LocalIndex
from tidings.index.snapshot import Candidates
from tidings.plain import plain
from tidings.rank import fuse
from tidings.types import Paper

_DEPTH = 1000
_BATCH = 10_000
_SETS = (
    datasets.csfcube,
    datasets.scifact,
    datasets.cacm,
    datasets.cisi,
    datasets.cranfield,
    datasets.s2_sample,
    datasets.autoscholarquery,
    datasets.author_summaries,
)
WEIGHTS = {"words": 0.0, "meaning": 1.0, "fused": fuse.MEANING}


def main() -> None:
    """Measure every set with the shipped weight."""
    rows = []
    for load in _SETS:
        judged = load()
        measured = measure(judged, WEIGHTS)
        rows += [_row(judged, name, values, measured["fused"]) for name, values in measured.items()]
    columns = ("set", "metric", "ranking", "mean", "95% of", "resamples", "fused less this", "from", "to")
    publish(
        "quality",
        "Does a search find what people judged related?",
        "Through the real index and ranking. AutoScholarQuery and the authors' own summaries are asked of the whole "
        "archive, on the questions that have an answer there; the small collections of their own papers.",
        table(columns, rows),
    )


def _row(judged: Judged, name: str, values: list[float], fused: list[float]) -> tuple[object, ...]:
    mean, low, high = metrics.mean_interval(values)
    against = metrics.difference_interval(fused, values)
    return judged.name, judged.metric, name, *(f"{v:.3f}" for v in (mean, low, high, *against))


def measure(judged: Judged, weights: dict[str, float]) -> dict[str, list[float]]:
    """Return the value of each query under each weight of meaning."""
    score = metrics.METRICS[judged.metric]
    values: dict[str, list[float]] = {name: [] for name in weights}
    for ranked, grades in _ranked(judged, weights):
        for name, found in ranked.items():
            values[name].append(score(found, grades))
    return values


def _ranked(judged: Judged, weights: dict[str, float]) -> Iterator[tuple[dict[str, list[int]], dict[int, float]]]:
    encoder = load_default()
    with tempfile.TemporaryDirectory() as folder:
        index = LocalIndex(Path(folder), encoder)
        with index.writer() as writer:
            for start in range(0, len(judged.papers), _BATCH):
                batch = judged.papers[start : start + _BATCH]
                papers = [Paper(n, f"paper:{n}", t, a) for n, (t, a) in enumerate(batch, start + 1)]
                writer.apply(papers, [], start + len(batch))
        for number, (title, abstract) in enumerate(judged.queries):
            text = plain(f"{title}\n{abstract}".strip())
            allowed = judged.candidates[number] if judged.candidates else None
            depth = _DEPTH if allowed is None else len(judged.papers)
            found = index.candidates(text, encoder.encode([text])[0], None, depth=depth)
            yield {n: _order(found, w, allowed) for n, w in weights.items()}, judged.grades[number]


def _order(found: Candidates, weight: float, allowed: list[int] | None) -> list[int]:
    """Return places in ``papers``, best first."""
    spread = found.bm25_bound, found.cosine, found.cosine_mean, found.cosine_deviation
    scores = fuse.fuse(found.bm25, *spread, weight=weight).score
    places = (found.ids - 1)[np.argsort(-scores, kind="stable")].tolist()
    if allowed is None:
        return cast("list[int]", places)
    wanted = set(allowed)
    return [place for place in places if place in wanted]


if __name__ == "__main__":
    main()
