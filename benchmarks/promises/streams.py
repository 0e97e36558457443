"""A year of readers who like the papers of a curated list on the day they are announced, one head after another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.feeds.papers import papers_of
from benchmarks.feeds.readers import Pool, Reader, curated
from tidings.learn import Corpus, Head, Papers, Recent, corpus_of, learn, prepare, score
from tidings.learn.corpus import take
from tidings.learn.line import heights

FIRST, END = date(2025, 4, 1), date(2026, 5, 1)
WINDOW = 30  # days of papers that a height counts
SHOWN = 20  # papers a reader looks at in a week
SAMPLE = 4  # one paper in so many is in the corpus' sample
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Streams:
    """Likes in the order of days, and what was shown week by week, shapes (likes,) and (shown,).

    ``height`` is before the paper was liked, ``known`` the likes before that day.
    """

    reader: Places
    day: Places
    known: Places
    height: NDArray[np.float64]
    shown_reader: Places
    shown_day: Places
    shown_known: Places
    shown_height: NDArray[np.float64]
    shown_score: NDArray[np.float64]
    shown_liked: NDArray[np.bool_]

    def months(self, days: Places) -> NDArray[np.str_]:
        """Return the month of each day, as 2025-04."""
        return np.array([date.fromordinal(int(day)).isoformat()[:7] for day in days])


@cache
def corpus() -> Corpus:
    """Return what is common among a sample of the pool."""
    pool, _ = curated()
    return corpus_of(take(pool.papers, np.arange(0, len(pool.days), SAMPLE)))


@cache
def everything() -> Recent:
    """Return the whole pool, laid out."""
    return prepare(corpus(), curated()[0].papers)


def halves(reader: Reader) -> tuple[Places, Places]:
    """Return the papers before the day of the reader's middle like, and those since."""
    days = curated()[0].days
    middle = days[reader.likes[len(reader.likes) // 2]]
    return np.flatnonzero(days < middle), np.flatnonzero(days >= middle)


def nothing() -> Papers:
    """Return no papers."""
    return take(curated()[0].papers, np.zeros(0, np.int64))


def head_of(likes: Places, words: str = "") -> Head:
    """Return the head of some likes, places in the pool, oldest first."""
    text = papers_of([(words, "")]) if words else None
    return learn(corpus(), text, take(curated()[0].papers, likes), nothing())


def readers() -> list[Reader]:
    """Return a reader of each list, and two more who each know a half of it: more people than there are lists."""
    _, whole = curated()
    random = np.random.default_rng(0)
    found = list(whole)
    for reader in whole:
        first = random.random(len(reader.likes)) < 0.5
        found += [Reader(reader.name, reader.words, reader.likes[half], reader.added[half]) for half in (first, ~first)]
    return found


@cache
def streams() -> Streams:
    """Play the year, week by week; a reader's head is made anew on each day of likes."""
    pool, _ = curated()
    everybody = readers()
    likes, shown = [], []
    for start in range(FIRST.toordinal(), END.toordinal(), 7):
        window = np.flatnonzero((pool.days > start - WINDOW) & (pool.days < start + 7))
        recent = prepare(corpus(), take(pool.papers, window))
        for number, reader in enumerate(everybody):
            week = _Week(pool, reader, number, start, window, recent)
            likes += week.liked()
            shown += week.shown()
    likes.sort(key=lambda row: row[1])
    one, other = (np.array(rows, np.float64) for rows in (likes, shown))
    numbers = [column.astype(np.int64) for column in (*one.T[:3], *other.T[:3])]
    return Streams(*numbers[:3], one[:, 3], *numbers[3:], other[:, 3], other[:, 4], other[:, 5] > 0)


@dataclass(frozen=True, slots=True)
class _Week:
    """One reader in one week."""

    pool: Pool
    reader: Reader
    number: int
    start: int
    window: Places
    recent: Recent

    def liked(self) -> list[tuple[float, ...]]:
        """Return reader, day, likes known and height of each like of the week."""
        days = self.pool.days[self.reader.likes]
        rows: list[tuple[float, ...]] = []
        for day in np.unique(days[(days >= self.start) & (days < self.start + 7)]):
            known, of_day = self.reader.likes[days < day], self.reader.likes[days == day]
            scores = score(head_of(known, self.reader.words), self.recent)
            fair = (self.pool.days[self.window] <= day) & ~np.isin(self.window, known)
            found = heights(scores[np.isin(self.window, of_day)], scores[fair])
            rows += [(self.number, day, len(known), height) for height in found]
        return rows

    def shown(self) -> list[tuple[float, ...]]:
        """Return reader, day, likes known, height, score and whether liked, of the best of the week."""
        days = self.pool.days[self.reader.likes]
        known = self.reader.likes[days < self.start]
        scores = score(head_of(known, self.reader.words), self.recent)
        of_week = self.pool.days[self.window] >= self.start
        if not of_week.any():
            return []
        before = scores[~of_week & ~np.isin(self.window, known)]
        best = np.flatnonzero(of_week)[np.argsort(-scores[of_week], kind="stable")[:SHOWN]]
        liked = np.isin(self.window[best], self.reader.likes)
        columns = zip(heights(scores[best], before), scores[best], liked, strict=True)
        return [(self.number, self.start, len(known), *row) for row in columns]
