"""The trending page itself: does it foretell what comes next, and how fast is it?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np

from benchmarks.tables import table
from benchmarks.trending_pairs import Floats, agreeing, gravity, share_of
from tidings.embed import load_default
from tidings.rank.trending import Observations, Signals, Votes, Weights, load_forecaster, total_votes, trending
from tidings.rank.trending.arrays import DAY, HOUR
from training.votes import Followed, epoch, followed, signals_of, states

UPVOTES_ALONE = Weights(outside=(1.0, 0.0, 0.0, 0.0), field=0.0)
_STILL = Weights(outside=(1.0, 0.0, 0.0, 0.0), field=0.0, velocity=0.0)
_MOST = 10


# --- the front page, and the votes that came next ------------------------------------------------


def fronts(start: date, end: date) -> str:
    """Rank the papers of three days at midnight, and compare with the votes they got in the next five days."""
    pages = list(_pages(start, end))
    orders: dict[str, Callable[[Signals, datetime], Floats]] = {
        "count": lambda signals, now: total_votes(signals, now, UPVOTES_ALONE),
        "newest": lambda signals, _: signals.listed,
        "count per hour": lambda signals, now: _upvotes(signals, now) / _hours(signals, now),
        "Hacker News' gravity": lambda signals, now: gravity(_upvotes(signals, now), _hours(signals, now)),
        "trending": lambda signals, now: trending(signals, now, UPVOTES_ALONE).scores,
        "trending without velocity": lambda signals, now: trending(signals, now, _STILL).scores,
    }
    rows = []
    for name, score in orders.items():
        agree = [_agreeing_at(score(signals, now), gained) for signals, now, gained in pages]
        top = np.mean([_top_gain(score(signals, now), gained) for signals, now, gained in pages])
        rows.append((name, share_of(agree), f"{top:.3f}"))
    papers = np.mean([len(gained) for _, _, gained in pages])
    return "\n\n".join(
        (
            "## The front page, and the votes that came next",
            f"The papers of the last three days, ranked at each of {len(pages)} midnights since {start} ({papers:.0f} "
            "papers on average), against the votes of the next five days: pairs in the same order, and the discounted"
            " gain (logarithm of votes) of the first ten over the best possible. Only papers that were counted again "
            "can be judged, and the sources counted old ones less often. The count alone foretells most, but a page "
            "by count hardly changes from day to day; the others let papers age. The weights of velocity and of fresh"
            " papers were chosen on the months before.",
            table(("order", "pairs", "nDCG@10"), rows),
        )
    )


def _pages(start: date, end: date) -> Iterator[tuple[Signals, datetime, Floats]]:
    day = np.array([paper.day for paper in followed()])
    for midnight in np.arange(epoch(start), epoch(end), DAY):
        now = midnight + HOUR / 4  # the looks of midnight take some minutes
        rows = np.flatnonzero((day < now) & (day >= midnight - 3 * DAY))
        judged = [(paper, gained) for row in rows if (gained := _gained(paper := followed()[row], now)) is not None]
        if len(judged) >= _MOST:
            papers = [paper for paper, _ in judged]
            signals, _ = signals_of(papers, [[look for look in paper.looks if look[0] <= now] for paper in papers])
            yield signals, datetime.fromtimestamp(now, UTC), np.array([gained for _, gained in judged])


def _gained(paper: Followed, now: float) -> float | None:
    known = [look[1] for look in paper.looks if look[0] <= now]
    later = [look[1] for look in paper.looks if now + 6 * HOUR < look[0] <= now + 5 * DAY]
    return later[-1] - known[-1] if known and later else None


def _upvotes(signals: Signals, now: datetime) -> Floats:
    return total_votes(signals, now, UPVOTES_ALONE)


def _hours(signals: Signals, now: datetime) -> Floats:
    return (now.timestamp() - signals.listed) / HOUR


def _agreeing_at(score: Floats, gained: Floats) -> tuple[float, float]:
    _, every = agreeing(np.zeros(len(score)), score, np.zeros(len(score)), gained)
    return every[0]


def _top_gain(score: Floats, gained: Floats) -> float:
    worth = np.log1p(np.maximum(gained, 0))
    discount = 1 / np.log2(np.arange(2, _MOST + 2))
    best = (np.sort(worth)[::-1][:_MOST] * discount).sum()
    return float((worth[np.argsort(-score, kind="stable")[:_MOST]] * discount).sum() / best) if best else 1.0


# --- speed ---------------------------------------------------------------------------------------


def speed(papers: int = 30_000, looks: int = 200_000, votes: int = 20_000) -> str:
    """Time the ranking on counts shaped like the real ones: the looks of real papers, moved in time."""
    now = datetime(2026, 4, 1, tzinfo=UTC)
    signals = _large(now, papers, looks, votes)
    rows = []
    for name, window in (("all", None), ("of three days", timedelta(days=3))):
        taken = [_milliseconds(lambda window=window: trending(signals, now, None, window)) for _ in range(50)]
        rows.append((f"trending, {name}", *(f"{np.percentile(taken, share):.1f}" for share in (50, 95))))
    model, known = load_forecaster(load_default().name), states(date(2026, 5, 1)).known
    taken = [_milliseconds(lambda: model.forecast(known)) for _ in range(10)]
    rows.append((f"forecast of {len(known):,}", *(f"{np.percentile(taken, share):.1f}" for share in (50, 95))))
    return "\n\n".join(
        (
            "## Speed",
            f"{papers:,} papers, {len(signals.observations):,} looks, {votes:,} votes; processor milliseconds of one "
            "thread. What the looks gained is worked out when the signals are made, not each time.",
            table(("what", "p50 ms", "p95 ms"), rows),
        )
    )


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1000


def _large(now: datetime, papers: int, looks: int, votes: int) -> Signals:
    random, end = np.random.default_rng(0), now.timestamp()
    real = [paper for paper in followed() if len(paper.looks) > 4]
    listed = end - random.random(papers) * 30 * DAY
    chosen = [real[place] for place in random.integers(0, len(real), papers)]
    rows = [
        (row, listed[row] + look[0] - paper.listed, look[1]) for row, paper in enumerate(chosen) for look in paper.looks
    ]
    paper, moment, value = (np.array(column) for column in zip(*rows, strict=True))
    kept = np.sort(random.permutation(len(paper))[:looks])
    seen = Observations.of(paper[kept], np.zeros(len(kept), np.int64), np.minimum(moment[kept], end), value[kept])
    own = Votes(random.integers(0, papers, votes), end - random.random(votes) * 30 * DAY, random.random(votes))
    category = random.integers(0, 40, papers)
    return Signals(listed, category, random.random(40) * 5, seen, own, random.normal(0, 2, papers))
