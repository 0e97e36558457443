"""Ten questions to a young interest: what they find, and what the feed is worth afterwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.feeds.papers import papers_of
from benchmarks.feeds.readers import Reader, curated
from benchmarks.metrics import mean_interval
from benchmarks.promises.streams import Places, corpus, everything, halves
from benchmarks.tables import table
from tidings.learn import learn, score
from tidings.learn.asking import UNSURE, ask
from tidings.learn.corpus import take
from tidings.learn.line import heights

ROUNDS, BATCH = 2, 5
FIRST = 1  # likes before anything is asked
SEEDS = 3
_FEWEST = 20
Floats = NDArray[np.float64]
Choice = Callable[[np.random.Generator, Floats, NDArray[np.float32], Places, NDArray[np.bool_]], Places]


def asking() -> str:
    """Compare ways to ask."""
    _, everybody = curated()
    readers = [reader for reader in everybody if len(reader.likes) >= _FEWEST]
    trials = [_Trial(reader) for reader in readers]
    rows = []
    for name, choice in CHOICES.items():
        found = np.array([[trial.run(choice, seed) for seed in range(SEEDS)] for trial in trials]).mean(axis=1)
        rows.append((name, *map(_interval, found.T)))
    columns = ("way of asking", "likes found per question", "R@100 afterwards", "AUC afterwards")
    return "\n\n".join(
        (
            "## Teach me: what ten questions find",
            f"{len(readers)} curated lists with {_FEWEST} papers or more. An interest has its words and one like; "
            f"{ROUNDS} rounds of {BATCH} questions are asked among the papers of the earlier half, and answered by the "
            "list; no is a dismissal. The feed is then measured on all papers of the later half. Mean of "
            f"{SEEDS} draws; intervals of 95 % by resampling lists.",
            table(columns, rows),
        )
    )


class _Trial:
    """One reader, split in the middle of its likes."""

    def __init__(self, reader: Reader) -> None:
        self.pool, self.reader = curated()[0], reader
        self.early, self.late = halves(reader)
        self.text = papers_of([(reader.words, "")])

    def run(self, choice: Choice, seed: int) -> tuple[float, float, float]:
        """Return likes found per question, then R@100 and AUC on the later half."""
        random = np.random.default_rng(seed)
        truth = np.isin(self.early, self.reader.likes)
        likes = self.reader.likes[:FIRST].tolist()
        known = [int(np.flatnonzero(self.early == place)[0]) for place in likes]
        yes, no = list(known), list[int]()
        for _ in range(ROUNDS):
            scores = self._scores(yes, no)[self.early]
            seen = np.zeros(len(self.early), np.bool_)
            seen[yes + no] = True
            for place in choice(random, scores, self.pool.papers.vectors[self.early], np.array(yes), seen).tolist():
                (yes if truth[place] else no).append(place)
        scores = self._scores(yes, no)[self.late]
        wanted = np.isin(self.late, self.reader.likes)
        return (len(yes) - FIRST) / (ROUNDS * BATCH), *quality(scores, wanted)

    def _scores(self, yes: list[int], no: list[int]) -> Floats:
        liked, dismissed = (take(self.pool.papers, self.early[np.array(p, np.int64)]) for p in (yes, no))
        return score(learn(corpus(), self.text, liked, dismissed), everything()).astype(np.float64)


def quality(scores: Floats, wanted: NDArray[np.bool_]) -> tuple[float, float]:
    """Return R@100 and AUC of the wanted papers among all scored."""
    order = np.argsort(-scores, kind="stable")
    ranks = np.flatnonzero(wanted[order])
    others = len(scores) - len(ranks)
    auc = 1 - float((ranks - np.arange(len(ranks))).mean()) / max(1, others)
    return float((ranks < 100).mean()), auc


def _random(random: np.random.Generator, _s: object, _v: object, _y: object, seen: NDArray[np.bool_]) -> Places:
    return random.choice(np.flatnonzero(~seen), BATCH, replace=False)


def _top(_r: object, scores: Floats, _v: object, _y: object, seen: NDArray[np.bool_]) -> Places:
    return np.argsort(-np.where(seen, -np.inf, scores), kind="stable")[:BATCH]


def _uncertain(_r: object, scores: Floats, _v: object, _y: object, seen: NDArray[np.bool_]) -> Places:
    apart = np.abs(heights(scores, scores) - UNSURE)
    return np.argsort(np.where(seen, np.inf, apart), kind="stable")[:BATCH]


def _anchored(
    random: np.random.Generator, scores: Floats, vectors: NDArray[np.float32], yes: Places, seen: NDArray[np.bool_]
) -> Places:
    return ask(random, vectors, heights(scores, scores), vectors[yes], count=BATCH, seen=seen).places


CHOICES: dict[str, Choice] = {
    "random": _random,
    "the highest scores": _top,
    "the most uncertain of all": _uncertain,
    "anchors, the most uncertain of their neighbours, with noise": _anchored,
}


def _interval(values: Floats) -> str:
    return "{:.3f} [{:.3f}, {:.3f}]".format(*mean_interval(values.tolist()))
