"""Curated lists: k papers of the earlier half are liked, the later half is hidden among all papers of its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.feeds.papers import papers_of
from benchmarks.feeds.readers import Pool, Reader, curated
from tidings import learn
from tidings.learn.corpus import take

LIKES = (0, 1, 3, 5, 10, 30)
FEWEST_LATER = 3
FEWEST_EARLIER = 10  # at 30 likes; where there are fewer than 30, all are liked

Scorer = Callable[["Task", NDArray[np.int64]], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Task:
    """A list cut in time: seeds are drawn from ``earlier``; ``hidden`` marks the later ones among the candidates."""

    reader: Reader
    number: int
    earlier: NDArray[np.int64]
    candidates: NDArray[np.int64]
    hidden: NDArray[np.bool_]
    split: int


def tasks() -> tuple[Pool, list[Task]]:
    """Return the pool and each list that has enough papers on both sides of the middle of its own papers' days."""
    pool, readers = curated()
    cut = [_cut(pool, reader, number) for number, reader in enumerate(readers)]
    return pool, [task for task in cut if task.hidden.sum() >= FEWEST_LATER]


def _cut(pool: Pool, reader: Reader, number: int) -> Task:
    split = int(pool.days[reader.likes[len(reader.likes) // 2 - 1]])
    is_earlier = pool.days[reader.likes] <= split
    candidates = np.flatnonzero(pool.days > split)
    hidden = np.isin(candidates, reader.likes[~is_earlier])
    return Task(reader, number, reader.likes[is_earlier], candidates, hidden, split)


def seeds(task: Task, likes: int, draw: int) -> NDArray[np.int64]:
    """Return the papers that are liked, oldest first."""
    random = np.random.default_rng([draw, likes])
    return np.sort(random.choice(len(task.earlier), min(likes, len(task.earlier)), replace=False))


def quality(scores: NDArray[Any], hidden: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the share of the hidden papers among the first 100, and the area under the curve; ties count half."""
    ordered, found = np.sort(scores), scores[hidden]
    ranks = (np.searchsorted(ordered, found, "left") + np.searchsorted(ordered, found, "right") + 1) / 2
    count, others = len(found), len(scores) - len(found)
    area = (ranks.sum() - count * (count + 1) / 2) / (count * others)
    return float((found > ordered[-101]).mean()), float(area)


def measure(cut: Sequence[Task], scorer: Scorer, likes: int, draws: int) -> dict[str, tuple[float, float]]:
    """Return the mean quality of each list over draws of its seeds."""
    kept = [task for task in cut if likes < 30 or len(task.earlier) >= FEWEST_EARLIER]
    found = {}
    for task in kept:
        each = [
            quality(scorer(task, task.earlier[seeds(task, likes, draw)]), task.hidden)
            for draw in range(draws if likes else 1)
        ]
        found[task.reader.name] = tuple(np.mean(each, axis=0).tolist())
    return found


class Ours:
    """The product's head, with the name of the list as the interest's words or without."""

    def __init__(self, pool: Pool, cut: Sequence[Task]) -> None:
        self._pool = pool.papers
        self._corpus = learn.corpus_of(pool.papers)
        self._words = papers_of([(task.reader.words, "") for task in cut])
        self._places = {task.number: place for place, task in enumerate(cut)}
        self._laid_out: dict[int, learn.Recent] = {}

    def with_words(self, task: Task, liked: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return scores by words and likes."""
        return self._score(task, take(self._words, np.array([self._places[task.number]])), liked)

    def by_likes(self, task: Task, liked: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return scores by likes alone."""
        return self._score(task, None, liked)

    def _score(self, task: Task, text: learn.Papers | None, liked: NDArray[np.int64]) -> NDArray[np.float32]:
        if task.number not in self._laid_out:
            self._laid_out[task.number] = learn.prepare(self._corpus, take(self._pool, task.candidates))
        head = learn.learn(self._corpus, text, take(self._pool, liked), take(self._pool, liked[:0]))
        return learn.score(head, self._laid_out[task.number])
