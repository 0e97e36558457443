"""How does a search grow with the archive, up to three million papers?"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.search import queries, time_queries
from benchmarks.tables import DATA, percentile, publish, table
from tidings.embed import load_default
from tidings.index.local import LocalIndex
from tidings.merge import fold
from tidings.rank.query import parse
from tidings.settings import Settings
from tidings.sources import FileReader
from tidings.types import Paper, Record

_SIZES = (88_000, 340_000, 1_000_000, 3_000_000)
_BATCH = 5_000
_DEPTH = Settings.model_fields["depth"].default


class Resampled:
    """An encoder that gives resampled papers resampled vectors: a real one of another paper, slightly turned.

    Encoding three million texts would measure the encoder; here the index is measured.
    """

    def __init__(self, papers: list[Paper]) -> None:
        self._real = load_default()
        self.name, self.dimensions = f"{self._real.name}-resampled", self._real.dimensions
        self._vectors = self._real.encode([f"{p.title}\n{p.abstract}" for p in papers])
        self._random = np.random.default_rng(5)

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the real vector of a query, resampled ones for a batch."""
        if len(texts) == 1:
            return self._real.encode(texts)
        rows = self._vectors[self._random.integers(0, len(self._vectors), len(texts))]
        turned = rows + self._random.normal(0, 0.02, rows.shape).astype(np.float32)
        return turned / np.linalg.norm(turned, axis=1, keepdims=True)


def main() -> None:
    """Grow one index and time the same queries at each size."""
    papers = _papers()
    titles, questions, _ = queries(papers)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        index = LocalIndex(Path(folder), Resampled(papers))
        source = _resampled(papers)
        size = 0
        for goal in _SIZES:
            with index.writer() as writer:
                while size < goal:
                    batch = list(islice(source, min(_BATCH, goal - size)))
                    size += len(batch)
                    writer.apply(batch, [], size)
            rows += _rows(index, size, titles, questions)
            _publish(rows)


def _publish(rows: list[tuple[object, ...]]) -> None:
    """Keep what is known so far: three million papers take a while."""
    columns = ("papers", "query", "p50 ms", "p99 ms", "µs per 1,000 papers", "resident beyond mapped files")
    publish(
        "scale",
        "How does a search grow with the archive?",
        "The index alone (candidates from words and meaning, both scores), texts and vectors resampled from the "
        f"conference papers, depth {_DEPTH}.",
        table(columns, rows),
    )


def _rows(index: LocalIndex, size: int, titles: list[str], questions: list[str]) -> list[tuple[object, ...]]:
    encoder = load_default()

    def search(text: str) -> object:
        query = parse(text)
        return index.candidates(query.words, encoder.encode([query.words])[0], query.required, depth=_DEPTH)

    asked = {"titles": titles, "questions": questions, "titles, filtered": [f"{t} year:2019..2023" for t in titles]}
    rows = []
    for name, texts in asked.items():
        ms = time_queries(search, texts)
        p50 = percentile(ms, 0.5)
        rows.append(
            (f"{size:,}", name, f"{p50:.1f}", f"{percentile(ms, 0.99):.1f}", f"{1e6 * p50 / size:.1f}", _resident())
        )
    return rows


def _resident() -> str:
    """Return the memory that is the process's own: resident without what is mapped from files."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return f"{int(fields['RssAnon'].split()[0]) / 1024:,.0f} MB"


def _papers() -> list[Paper]:
    records = (r for r in FileReader(DATA / "papers" / "conference_papers.jsonl.xz") if isinstance(r, Record))
    return [fold(number, [record]) for number, record in enumerate(records, 1) if record.abstract]


def _resampled(papers: list[Paper]) -> Iterator[Paper]:
    """Yield papers for ever: the real ones first, then mixtures of one's title and the halves of two abstracts."""
    yield from (replace(paper, id=number) for number, paper in enumerate(papers, 1))
    chance = random.Random(11)
    number = len(papers)
    while True:
        number += 1
        one, other, third = chance.choices(papers, k=3)
        first, second = other.abstract.split(), third.abstract.split()
        text = " ".join(first[: len(first) // 2] + second[len(second) // 2 :])
        yield replace(one, id=number, key=f"paper:{number}", abstract=text)


if __name__ == "__main__":
    main()
