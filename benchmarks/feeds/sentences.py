"""Is the sentence that is said to have decided the one? Held against another sentence of the same paper by chance."""

from __future__ import annotations

import re

import numpy as np

from benchmarks.feeds.curated import seeds, tasks
from benchmarks.feeds.papers import papers_of
from benchmarks.metrics import mean_interval
from benchmarks.tables import table
from tidings import learn
from tidings.learn.corpus import take

PAPERS = 10  # of the later papers of each list


def sentences() -> str:
    """Return the table: what a paper's score is with, without, and by that sentence alone; points of the head."""
    pool, cut = tasks()
    corpus = learn.corpus_of(take(pool.papers, np.arange(0, len(pool.texts), 4)))
    none = take(pool.papers, np.zeros(0, np.int64))
    found: list[tuple[float, ...]] = []
    for task in cut:
        head = learn.learn(corpus, None, take(pool.papers, task.earlier[seeds(task, 10, 0)]), none)
        random = np.random.default_rng(task.number)
        for place in task.candidates[task.hidden][:PAPERS]:
            title, abstract = pool.texts[place]
            parts = re.split(r"(?<=[.!?])\s+(?=[A-Z])", abstract)
            if len(parts) < 3:
                continue
            without = papers_of([(title, " ".join(parts[:n] + parts[n + 1 :])) for n in range(len(parts))])
            alone = learn.score(head, learn.prepare(corpus, papers_of([("", part) for part in parts])))
            falls = learn.sentences(corpus, head, take(pool.papers, np.array([place])), without)
            told, other = int(np.argmax(falls)), int(random.integers(len(parts)))
            found.append((falls[told], falls[other], alone[told], alone[other]))
    names = ("fall without it", "fall without one by chance", "score of it alone", "score of one by chance alone")
    rows = [
        (name, "{:.2f} [{:.2f}, {:.2f}]".format(*mean_interval([float(row[part]) for row in found])))
        for part, name in enumerate(names)
    ]
    return f"## Which sentence decided\n\n{len(found)} later papers of lists, 10 likes.\n\n" + table(("", "mean"), rows)
