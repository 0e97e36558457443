"""Does a feed keep its promises: probabilities, the line, wrong likes, changed tastes, new interests, questions?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.promises.asking import asking
from benchmarks.promises.classes import arriving
from benchmarks.promises.clicks import second_stage
from benchmarks.promises.drift import changed_taste, wrong_likes
from benchmarks.promises.streams import SHOWN, WINDOW, Streams, streams
from benchmarks.tables import publish, table
from tidings.learn.likely import calibrated
from tidings.learn.line import PROMISE, START, Line, new_common_line, new_line

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


def main() -> None:
    """Measure all of it."""
    played = streams()
    publish(
        "feeds_promises",
        "Does a feed keep its promises?",
        "Readers are curated lists that took papers of arXiv's cs listing of 2025-03 to 2026-04, as if each paper had "
        "been liked on the day it was announced, and for more readers than lists, the two halves of each list at "
        f"random ({len(np.unique(played.reader))} readers, {len(played.day):,} likes). An interest has the words of "
        "the list's name and the likes of the days before. Not liked is not the same as disliked: a list misses papers "
        "too.",
        _coverage(played),
        _calibration(played),
        wrong_likes(),
        changed_taste(),
        arriving(),
        asking(),
        second_stage(),
    )


# --- nine of ten papers you would like are above the line ---------------------------------------


def _coverage(played: Streams) -> str:
    """Compare lines month by month."""
    months = played.months(played.day)
    names = np.unique(months)
    rows = []
    for name, way in LINES.items():
        lines = way(played)
        above = played.height >= lines
        shares = np.array([above[months == month].mean() for month in names])
        kept = int(((shares >= PROMISE - 0.02) & (shares <= PROMISE + 0.02)).sum())
        one = np.array([above[played.reader == reader].mean() for reader in _long(played)])
        spread = f"{np.quantile(one, 0.1):.3f} to {np.quantile(one, 0.9):.3f}"
        shown = float((2.0**-lines).mean())
        rows.append(
            (name, f"{above.mean():.3f}", f"{shares.min():.3f} to {shares.max():.3f}", kept, spread, f"{shown:.3f}")
        )
    columns = (
        "line",
        "likes above",
        "by month",
        f"months of {len(names)} within 0.88 to 0.92",
        "by reader",
        "papers above",
    )
    ours = LINES["adaptive, and the one in common"](played)
    by_month = [
        (month, int((months == month).sum()), f"{(played.height >= ours)[months == month].mean():.3f}")
        for month in names
    ]
    return "\n\n".join(
        (
            "## Nine of ten papers that you would like are above the line",
            f"Heights are those among the papers of the last {WINDOW} days, before the paper was liked. The year "
            "drifts by itself: heads learn, lists turn to other subjects, papers get more. By reader: tenth and "
            "ninetieth percentile of readers with 50 likes or more. Papers above: the share of all papers that reach "
            "the line, which is what the promise costs.",
            table(columns, rows),
            table(("month", "likes", "above the adaptive line and the one in common"), by_month),
        )
    )


def _long(played: Streams) -> NDArray[np.int64]:
    readers, counts = np.unique(played.reader, return_counts=True)
    return readers[counts >= 50]


def _never_moved(played: Streams) -> Floats:
    return np.full(len(played.day), START)


def _tenth_of_all(played: Streams) -> Floats:
    """The tenth percentile of a reader's likes so far, begun with ten at the start."""
    known: dict[int, list[float]] = {}
    lines = np.zeros(len(played.day))
    for at, (reader, height) in enumerate(zip(played.reader.tolist(), played.height.tolist(), strict=True)):
        seen = known.setdefault(reader, [START] + 9 * [START + 3])
        lines[at] = np.quantile(seen, 1 - PROMISE)
        seen.append(height)
    return lines


def _adaptive(played: Streams, *, common: Line | None) -> Floats:
    known: dict[int, Line] = {}
    lines = np.zeros(len(played.day))
    for at, (reader, height) in enumerate(zip(played.reader.tolist(), played.height.tolist(), strict=True)):
        line = known.get(reader) or new_line()
        lines[at] = line.height + (common.height if common else 0.0)
        common = common.after(height - line.height) if common else None
        known[reader] = line.after(height)
    return lines


LINES: dict[str, Callable[[Streams], Floats]] = {
    "never moved": _never_moved,
    "tenth percentile of the reader's likes": _tenth_of_all,
    "adaptive": lambda played: _adaptive(played, common=None),
    "adaptive, and the one in common": lambda played: _adaptive(played, common=new_common_line()),
}


# --- a probability is what it says ---------------------------------------------------------------


def _calibration(played: Streams) -> str:
    """Learn probabilities from the months before, and hold them against each month."""
    liked, groups = played.shown_liked, _groups(played)
    rows = []
    for name, way in MAPS.items():
        found, told = _by_month(played, groups, way)
        here, truth = groups[told], liked[told]
        worst = max(_error(found[member], truth[member]) for member in here.T)
        skill = 1 - float(((found - truth) ** 2).mean() / ((truth.mean() - truth) ** 2).mean())
        rows.append((name, f"{_error(found, truth):.4f}", f"{worst:.4f}", f"{skill:+.3f}"))
    columns = ("probabilities", "calibration error", "worst group", "Brier skill")
    return "\n\n".join(
        (
            "## How likely a paper would be liked",
            f"The {SHOWN} best papers of each week for each reader ({len(liked):,}, of which {liked.mean():.3f} were "
            "taken by the list). Learnt from the three months before each month. The error is the expected calibration "
            "error over ten parts of equal size; groups are interests of up to 10, 30, 100, and more likes; the "
            "skill is against one probability for all, known in hindsight. The goal was an error of 0.05; where likes "
            "are this rare a constant reaches it as well, so the worst group and the skill say more.",
            table(columns, rows),
        )
    )


def _groups(played: Streams) -> Truths:
    """Return whether each paper shown was of an interest with few, some, many or very many likes."""
    bounds = np.searchsorted((10, 30, 100), played.shown_known, side="left")
    return bounds[:, None] == np.arange(4)


Map = Callable[[Floats, Floats, Truths, Truths, Floats, Floats, Truths], Floats]


def _by_month(played: Streams, groups: Truths, way: Map) -> tuple[Floats, Truths]:
    """Return the probabilities of papers from the second month on, and which papers those are."""
    months = played.months(played.shown_day)
    names = np.unique(months)
    found, told = np.zeros(len(months)), np.zeros(len(months), np.bool_)
    for at in range(1, len(names)):
        past, now = np.isin(months, names[max(0, at - 3) : at]), months == names[at]
        columns = (played.shown_height, played.shown_score)
        learnt = (*(column[past] for column in columns), played.shown_liked[past], groups[past])
        found[now] = way(*learnt, *(column[now] for column in columns), groups[now])
        told |= now
    return found[told], told


def _error(found: Floats, liked: Truths) -> float:
    parts = np.array_split(np.argsort(found, kind="stable"), 10)
    return sum(len(part) * abs(float(found[part].mean() - liked[part].mean())) for part in parts) / len(found)


MAPS: dict[str, Map] = {
    "one for all": lambda _h, _s, liked, _g, now, _t, _n: np.full(len(now), liked.mean()),
    "logistic curve of the score": lambda _h, s, liked, _g, _m, now, _n: _logistic(s, liked, now),
    "isotonic, of the score": lambda _h, s, liked, _g, _m, now, _n: calibrated(s, liked).probabilities(now),
    "isotonic, of the height": lambda h, _s, liked, _g, now, _t, _n: calibrated(h, liked).probabilities(now),
    "isotonic, of the height, and groups": lambda h, _s, liked, g, now, _t, here: calibrated(h, liked, g).probabilities(
        now, here
    ),
}


def _logistic(scores: Floats, liked: Truths, now: Floats) -> Floats:
    """Platt's scaling, by Newton's method."""
    design = np.column_stack([np.ones(len(scores)), scores])
    weights = np.array([-3.0, 0.0])
    for _ in range(20):
        shares = 1 / (1 + np.exp(-design @ weights))
        curve = design.T @ (design * (shares * (1 - shares))[:, None]) + 1e-6 * np.eye(2)
        weights += np.linalg.solve(curve, design.T @ (liked - shares))
    return 1 / (1 + np.exp(-(weights[0] + weights[1] * now)))
