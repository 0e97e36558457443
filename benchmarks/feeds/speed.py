"""What scoring and learning cost, in time of one core and in bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

import numpy as np
import sqlalchemy as sa

import tidings
from benchmarks.feeds.curated import tasks
from benchmarks.feeds.papers import papers_of
from benchmarks.tables import table
from tidings import learn
from tidings.catalog.learning import line_state, line_through
from tidings.learn.corpus import take
from tidings.people import Role
from tidings.store import Store
from tidings.store.interests import Said
from tidings.types import LIKED

HEADS, RECENT, DAY = 1000, 30_000, 2000
MANY, LIKES, MADE = 100_000, 10, 1_000


def speed() -> str:
    """Return the table; times of one thread."""
    pool, cut = tasks()
    corpus = learn.corpus_of(take(pool.papers, np.arange(0, len(pool.texts), 4)))
    none = take(pool.papers, np.zeros(0, np.int64))
    recent, day = (learn.prepare(corpus, take(pool.papers, np.arange(count))) for count in (RECENT, DAY))
    rich = [task for task in cut if len(task.earlier) >= 30]
    random = np.random.default_rng(0)
    chosen = [np.sort(random.choice(rich[n % len(rich)].earlier, 10, replace=False)) for n in range(HEADS)]
    heads = [learn.learn(corpus, None, take(pool.papers, likes), none) for likes in chosen]
    text = papers_of([(rich[0].reader.words, "")])
    many = {count: take(pool.papers, np.arange(count)) for count in (5, 30, 500, 50_000)}
    by_tastes = [next(head for head in heads if len(head.directions) == tastes) for tastes in (1, 2, 4)]
    rows = [_scoring(head, recent) for head in by_tastes]
    rows += [
        (f"score {DAY:,} papers for {HEADS:,} interests", "150 ms", *_times(lambda: learn.score_many(heads, day), 5)),
    ]
    rows += [
        (f"learn from {count:,} likes", goal, *_times(lambda likes=liked: learn.learn(corpus, text, likes, none), 20))
        for (count, liked), goal in zip(many.items(), ("1 ms", "1 ms", "", ""), strict=True)
    ]
    rows.append((f"lay out {RECENT:,} papers, once", "", *_times(lambda: _laid_out(corpus, pool.papers), 2)))
    sizes = [sum(part.nbytes for part in (h.directions, h.offsets, h.terms, h.weights)) for h in heads]
    rows.append(("bytes of a head, at most", "8,192", f"{max(sizes):,}", ""))
    rows.append(("bytes of a head, on average", "", f"{np.mean(sizes):,.0f}", ""))
    rows.append((f"heads of {MANY:,} interests, all at once", "1,000 MB", f"{MANY * np.mean(sizes) / 1e6:,.0f} MB", ""))
    rows.append((f"{MANY:,} interests of {LIKES} likes in the store", "1,000 MB", f"{_in_store() / 1e6:,.0f} MB", ""))
    return "## Speed and memory\n\n" + table(("what", "goal", "fastest, clock", "median, processor"), rows)


def _scoring(head: learn.Head, recent: learn.Recent) -> tuple[str, str, str, str]:
    what = f"score {RECENT:,} papers for one interest, tastes told apart: {len(head.directions)}"
    return what, "3 ms", *_times(lambda: learn.score(head, recent), 50)


def _laid_out(corpus: learn.Corpus, papers: learn.Papers) -> learn.Recent:
    return learn.prepare(corpus, take(papers, np.arange(RECENT)))


def _in_store() -> float:
    """Return the bytes that many interests take in the store, with the states of their lines, from some of them.

    Heads are not kept: one is learnt in a millisecond from what is.
    """
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with TemporaryDirectory() as folder, tidings.open(folder) as catalog:
        catalog.add_sample()
        store = catalog._store
        owner = store.accounts.add("Reader", None, Role.READER, now)
        papers = [paper.id for paper in store.newest(500)]
        state = line_state(None, line_through([6.0] * LIKES))
        before = _pages(store)
        for number in range(MADE):
            said = [Said(papers[(7 * number + 31 * like) % len(papers)], LIKED, now, 6.0) for like in range(LIKES)]
            named = {"words": "low-rank adaptation of language models", "query": "", "visibility": "private"}
            store.interests.add(owner.id, f"Interest {number}", **named, now=now, said=said, state=state, most=MADE)
        return (_pages(store) - before) * MANY / MADE


def _pages(store: Store) -> int:
    with store.engine.connect() as connection:
        count, size = (connection.scalar(sa.text(f"pragma {name}")) for name in ("page_count", "page_size"))
    return int(count) * int(size)


def _times(work: Callable[[], object], times: int) -> tuple[str, str]:
    """Return the fastest run, by the clock, and the median of the processor's time."""
    clock, spent = [], []
    for _ in range(times + 1):
        start, began = time.process_time(), time.perf_counter()
        work()
        clock.append(time.perf_counter() - began)
        spent.append(time.process_time() - start)
    return f"{min(clock) * 1000:.2f} ms", f"{np.median(spent[1:]) * 1000:.2f} ms"
