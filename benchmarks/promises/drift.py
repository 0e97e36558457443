"""Wrong likes, and a taste that changes: what they cost a feed, and for how long."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.feeds.readers import Reader, curated
from benchmarks.metrics import difference_interval, mean_interval
from benchmarks.promises.asking import quality
from benchmarks.promises.streams import Places, everything, halves, head_of
from benchmarks.tables import table
from tidings.learn import Head, score

WRONG = 0.2
SEEDS = 3
OLD = 20  # likes of the first taste
STEPS = (0, 1, 3, 5, 10, 15)


def wrong_likes() -> str:
    """Replace a fifth of the likes by papers drawn blindly."""
    rows = []
    for k in (5, 10, 30):
        readers = [reader for reader in curated()[1] if len(reader.likes) >= 2 * k]
        pairs = np.array([np.mean([_spoilt(reader, k, seed) for seed in range(SEEDS)], axis=0) for reader in readers])
        for column, name in enumerate(("R@100", "AUC")):
            clean, spoilt = pairs[:, 0, column], pairs[:, 1, column]
            rows.append((k, len(readers), name, _share(clean), _share(spoilt), _lost(clean, spoilt)))
    columns = ("likes", "lists", "measure", "all right", "a fifth wrong", "lost, points")
    return "\n\n".join(
        (
            "## A fifth of the likes are wrong",
            "The first likes of a list, of which a fifth are papers drawn blindly from its earlier half; measured on "
            f"all papers of the later half. Mean of {SEEDS} draws. The goal was to lose at most 3 points.",
            table(columns, rows),
        )
    )


def _spoilt(reader: Reader, k: int, seed: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the quality with the first k likes, and with a fifth of them replaced."""
    random = np.random.default_rng(seed)
    early, _ = halves(reader)
    likes = random.permutation(reader.likes[: len(reader.likes) // 2])[:k]
    spoilt = likes.copy()
    wrong = random.choice(k, round(WRONG * k), replace=False)
    spoilt[wrong] = random.choice(early, len(wrong), replace=False)
    return _quality(head_of(likes, reader.words), reader), _quality(head_of(spoilt, reader.words), reader)


def _quality(head: Head, reader: Reader) -> tuple[float, float]:
    _, late = halves(reader)
    return quality(score(head, everything())[late].astype(np.float64), np.isin(late, reader.likes))


def changed_taste() -> str:
    """Let a reader of one list turn to another in mid-year."""
    readers = [reader for reader in curated()[1] if len(reader.likes) >= 2 * OLD]
    pairs = [(old, new) for old, new in pairwise((*readers, readers[0]))]
    rows = []
    for after in STEPS:
        found = np.array([_turned(old, new, after) for old, new in pairs])
        turned, fresh = found[:, 0], found[:, 1]
        gap = "" if after == 0 else _lost(fresh[:, 0], turned[:, 0])
        rows.append((after, *(_share(part) for part in (turned[:, 0], fresh[:, 0], turned[:, 1], fresh[:, 1])), gap))
    columns = (
        "likes since",
        "R@100, turned",
        "R@100, new interest",
        "AUC, turned",
        "AUC, new interest",
        "behind, points of R@100",
    )
    return "\n\n".join(
        (
            "## A taste that changes in mid-year",
            f"{len(pairs)} readers like {OLD} papers of one list and from then on those of another, without telling; "
            "measured on what the second list takes later, beside an interest that never knew the first. The goal was "
            "to be no more than 3 points behind after 10 likes.",
            table(columns, rows),
        )
    )


def _turned(old: Reader, new: Reader, after: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the quality on the new list of a head of both tastes, and of one of the new one alone."""
    recent_likes: Places = new.likes[: len(new.likes) // 2][-after:] if after else new.likes[:0]
    both = np.concatenate((old.likes[:OLD], recent_likes))
    return _quality(head_of(both), new), _quality(head_of(recent_likes), new)


def _share(values: NDArray[np.float64]) -> str:
    return "{:.3f} [{:.3f}, {:.3f}]".format(*mean_interval(values.tolist()))


def _lost(before: NDArray[np.float64], after: NDArray[np.float64]) -> str:
    points = difference_interval((100 * before).tolist(), (100 * after).tolist())
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*points)
