"""Phrases of new papers that are far oftener of late than before: what may be a new topic."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tidings.catalog.topic_fitting import Numbers, Seen
from tidings.index.local import LocalIndex
from tidings.plain import plain
from tidings.rank.topics.births import FEWEST, RECENT_DAYS, SURE, Burst, improbability
from tidings.rank.topics.names import compounds_of
from tidings.store import Store
from tidings.types import Term

_MOST_RECENT = 30_000  # papers that count as recent, the newest
_MOST_ASKED = 3_000  # phrases that the index is asked for in a night, the most frequent
_IN_TITLES = 2  # recent titles that have a phrase, from which the index is asked for it
_MOST_FOUND = 2_000
_FEWEST_BEFORE = 200  # papers before, below which nothing can be called new
_TOGETHER = 5_000


def bursts(index: LocalIndex, store: Store, seen: Seen) -> list[Burst]:
    """Return the phrases in titles of papers without a topic yet that recent titles and abstracts have too often."""
    recent = _recent(seen)
    before = len(seen.ids) - len(recent)
    if before < _FEWEST_BEFORE or not len(recent):
        return []
    found = []
    for phrase in _candidates(store, seen, recent):
        named = Term(phrase, phrase=True)
        total = index.count(named)
        if not FEWEST <= total <= _MOST_FOUND:
            continue
        rows = np.intersect1d(np.searchsorted(seen.ids, index.newest(named, _MOST_FOUND)), recent)
        expected = (total - len(rows) + 1) * len(recent) / before
        digits = improbability(len(rows), expected)
        if digits >= SURE:
            found.append(Burst(phrase, rows, digits))
    return found


def _recent(seen: Seen) -> Numbers:
    """Return the rows of papers of the last days, and of those that came last without a day."""
    new = seen.topics == 0
    last = int(seen.days[new].max(initial=0))
    rows = np.flatnonzero((seen.days > max(0, last - RECENT_DAYS)) | (new & (seen.days == 0)))
    return np.sort(rows[np.argsort(-seen.days[rows], kind="stable")[:_MOST_RECENT]])


def _candidates(store: Store, seen: Seen, recent: Numbers) -> list[str]:
    """Return phrases of new titles that other recent titles have too, the most frequent first."""
    ids = seen.ids[recent].tolist()
    new = set(seen.ids[recent][seen.topics[recent] == 0].tolist())
    counts: Counter[tuple[str, ...]] = Counter()
    shown: dict[tuple[str, ...], str] = {}
    for start in range(0, len(ids) if new else 0, _TOGETHER):
        for paper in store.papers(ids[start : start + _TOGETHER]):
            phrases = compounds_of(plain(paper.title))
            counts.update(phrases.keys())
            if paper.id in new:
                shown.update(phrases)
    common = [key for key, count in counts.most_common() if count >= _IN_TITLES and key in shown]
    return [shown[key] for key in common[:_MOST_ASKED]]
