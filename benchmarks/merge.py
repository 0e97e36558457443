"""Does merging find the same paper in two sources, and only the same? Ids are hidden; they are the truth."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

from benchmarks.tables import DATA, publish, table
from tidings.sources import FileReader
from tidings.store import Store, open_store
from tidings.sync import Tally, take
from tidings.types import Record

_FILES = ("arxiv_cs.jsonl.xz", "arxiv_math.jsonl.xz", "huggingface_daily.tar.xz")


def main() -> None:
    """Hide the arXiv ids of the listings and of Daily Papers, merge, and compare with the ids."""
    truth: dict[tuple[str, str], str] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        for _ in take(store, _hidden(truth), datetime.now(UTC), Tally()):
            pass
        clusters = list(_clusters(store))
        store.close()
    right, wrong = _judge(clusters, truth)
    pairs = sum(size * (size - 1) // 2 for size in Counter(truth.values()).values())
    found = len(right)
    rows = [
        ("records", f"{len(truth):,}"),
        ("pairs that are the same paper", f"{pairs:,}"),
        ("pairs merged", f"{found + len(wrong):,}"),
        ("precision", f"{found / (found + len(wrong)):.4f}"),
        ("recall", f"{found / pairs:.4f}"),
    ]
    reasons = Counter(reason for _, reason in right), Counter(reason for _, reason in wrong)
    by_reason = [(reason, count, reasons[1][reason]) for reason, count in (reasons[0] + reasons[1]).most_common()]
    publish(
        "merge",
        "Does merging find the same paper, and only the same?",
        "arXiv listings and Daily Papers with their arXiv ids hidden; two records are the same paper when the ids "
        "that were hidden are equal.",
        table(("", ""), rows),
        table(("why merged", "pairs", "of them wrong"), by_reason),
    )
    for pair, reason in wrong[:20]:
        print(reason, *pair)


def _hidden(truth: dict[tuple[str, str], str]) -> Iterator[Record]:
    """Yield every record once, without ids; its place in the files becomes its key."""
    seen = set()
    for name in _FILES:
        for number, record in enumerate(FileReader(DATA / "papers" / name)):
            if isinstance(record, Record) and (record.source, record.key) not in seen:
                seen.add((record.source, record.key))
                key = f"{name}:{number}"
                truth[record.source, key] = record.ids[0]
                yield replace(record, key=key, ids=(), links=())


Member = tuple[tuple[str, str], str]


def _clusters(store: Store) -> Iterator[list[Member]]:
    """Yield the records of every paper that has several, each with its reason."""
    ids = [change.paper_id for change in store.changes(0, 10_000_000) if not change.removed]
    for paper in ids:
        held = store.records(paper)
        if len(held) > 1:
            yield [((h.record.source, h.record.key), h.reason) for h in held]


def _judge(
    clusters: list[list[Member]], truth: dict[tuple[str, str], str]
) -> tuple[list[tuple[tuple[str, str], str]], ...]:
    right, wrong = [], []
    for members in clusters:
        for (one, _), (other, reason) in combinations(members, 2):
            ids = truth[one], truth[other]
            (right if ids[0] == ids[1] else wrong).append((ids, reason))
    return right, wrong


if __name__ == "__main__":
    main()
