"""Does the order of trending papers hold, on votes that came later?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import publish, table
from benchmarks.trending_pages import UPVOTES_ALONE, fronts, speed
from benchmarks.trending_pairs import Counts, Floats, agreeing, gain, gravity, interval, share_of
from tidings.rank.trending import (
    Forecaster,
    Observations,
    Signals,
    trending,
)
from tidings.rank.trending.arrays import DAY, HOUR
from tidings.rank.trending.rising import FACTOR, MORE, SURE, rises
from training.trending import END, fit, renewed
from training.votes import States, announced, epoch, followed, paper_vectors, states

_ENDS = (date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1), END, date(2026, 5, 1))
_STEADY = date(2025, 10, 1)
"""Before, too little had been learnt of the way votes are counted since 2025-04-25."""
_GOAL = 0.92


def main() -> None:
    """Train on what was seen before each quarter, and measure on that quarter."""
    models = {start: fit(start) for start in _ENDS[:-1]}
    held = [_Held(start, end, models[start]) for start, end in pairwise(_ENDS)]
    publish(
        "trending",
        "Does the order of trending papers hold, on votes that came later?",
        "Upvotes of Hugging Face's daily papers, as several public repositories saw them. Models are trained on what "
        "was seen before each quarter (2025-04, 2025-07, 2025-10, 2026-01) and measured on the papers listed in it, so "
        "no paper is both. Intervals are 95 %, by resampling days. The packaged file is the model of the last quarter.",
        _orders(held),
        _choices(held),
        _coverage(held),
        _rising(held),
        fronts(_STEADY, _ENDS[-1]),
        speed(),
    )


# --- order at an early look, against the final order ---------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """A stretch of time and the model that saw only what came before it."""

    start: date
    end: date
    model: Forecaster

    def states(self, look: int) -> States:
        """Return the papers listed in it as they were at a look."""
        everything = states(_ENDS[-1])
        day = np.array([followed()[place].day for place in everything.paper])
        return everything.at((everything.look == look) & (day >= epoch(self.start)) & (day < epoch(self.end)))


def _orders(held: list[_Held]) -> str:
    """Compare each order at the first and the second look with that of the last one."""
    first, second = (_measured(held, look) for look in (0, 1))
    apart, every = _baseline()
    reached, _, _ = interval(np.array(first["forecast"][0], dtype=float))
    return "\n\n".join(
        (
            "## The order of a day's papers at an early look, against that at the last one",
            "Share of pairs in the same order, papers of one day with different final votes. The first column leaves "
            "out pairs level at that look; the second has all, and a tie counts half.",
            _order_table("first look (median 8 hours into the day)", first),
            f"The goal was .920 in the first column from the first look: it is missed by {_GOAL - reached:.3f}. What "
            "was tried is in `training/trending.py`; what is missing is in the votes of the next hours:",
            _order_table("second look (median 15 hours into the day)", second),
            "Over all days since 2024-01, those before there was anything to learn from included, the count at the "
            f"first look agrees on {share_of(apart)} of pairs apart and {share_of(every)} of all.",
        )
    )


def _measured(held: list[_Held], look: int) -> dict[str, tuple[Counts, Counts]]:
    """Return the agreeing and all pairs of each day under each order."""
    seen = [(part, part.states(look)) for part in held]
    day = np.concatenate([_days(found) for _, found in seen])
    counts = np.concatenate([found.known.upvotes for _, found in seen])
    final = np.concatenate([found.final for _, found in seen])
    scores = {
        order: np.concatenate([score(part.model, found) for part, found in seen]) for order, score in _ORDERS.items()
    }
    return {order: agreeing(day, found, counts, final) for order, found in scores.items()}


def _order_table(name: str, measured: dict[str, tuple[Counts, Counts]]) -> str:
    columns = ("order", "pairs apart at the look", "all pairs", "more than the count, apart", "all")
    rows = [_order_row(order, found, measured["count"]) for order, found in measured.items()]
    pairs = sum(number for _, number in measured["count"][1])
    return f"### {name}, listed since {_ENDS[0]}: {pairs:,} pairs\n\n{table(columns, rows)}"


def _order_row(order: str, found: tuple[Counts, Counts], count: tuple[Counts, Counts]) -> tuple[str, ...]:
    return (order, *(share_of(part) for part in found), *(gain(a, b) for a, b in zip(found, count, strict=True)))


def _days(found: States) -> Floats:
    return np.array([followed()[place].day for place in found.paper])


def _trending(model: Forecaster, found: States) -> Floats:
    """Return the shipped score, of one day, without a level of the field: there is only one list here."""
    known, rows = found.known, np.arange(len(found.paper))
    looks = Observations.of(rows, np.zeros(len(rows), np.int64), known.looked, known.upvotes)
    promise = model.promise(paper_vectors()[found.paper], known.authors)
    signals = Signals(known.listed, np.zeros(len(rows), np.int64), np.zeros(1), looks, promise=promise)
    now = datetime.fromtimestamp(known.looked.max(), UTC)
    return trending(signals, now, UPVOTES_ALONE.of_one_day()).scores


def _by_day(score: Callable[[Forecaster, States], Floats]) -> Callable[[Forecaster, States], Floats]:
    def scored(model: Forecaster, found: States) -> Floats:
        scores, day = np.zeros(len(found.paper)), _days(found)
        for one in np.unique(day):
            scores[day == one] = score(model, found.at(day == one))
        return scores

    return scored


_ORDERS: dict[str, Callable[[Forecaster, States], Floats]] = {
    "count": lambda _, found: found.known.upvotes,
    "random": lambda _, found: np.random.default_rng(0).random(len(found.paper)),
    "Hacker News' gravity": lambda _, found: gravity(
        found.known.upvotes, (found.known.looked - found.known.listed) / HOUR
    ),
    "trending": _by_day(_trending),
    "forecast without text": lambda model, found: model.forecast(found.known).centre,
    "forecast": lambda model, found: model.forecast(found.known, paper_vectors()[found.paper]).centre,
}


def _baseline() -> tuple[Counts, Counts]:
    papers = [paper for paper in followed() if len(paper.looks) > 1]
    first = np.array([paper.looks[0][1] for paper in papers])
    final = np.array([paper.final for paper in papers])
    return agreeing(np.array([paper.day for paper in papers]), first, first, final)


# --- choosing before there are votes -------------------------------------------------------------

_MOST = 10


def _choices(held: list[_Held]) -> str:
    rows = []
    for name, days in (
        ("all that arXiv announced", list(_arxiv_days(held[1:]))),
        ("what the list took, 20 papers or more", list(_list_days(held, 20))),
        ("what the list took, 30 papers or more", list(_list_days(held, 30))),
    ):
        found = [(len(set(chosen) & set(best)) / _MOST, _MOST / size) for chosen, best, size in days]
        rows.append(_choice_row(name, found))
    columns = ("the day's papers", "days", "papers a day", "recall", "chance", "recall / chance", "most possible")
    return "\n\n".join(
        (
            "## The final ten best of a day, chosen before there are votes",
            "By title, abstract and number of authors alone. From all that arXiv announced (cs, days since 2025-07 "
            "with ten papers or more that a list took later), through the trending page without a vote; and among "
            "those that the list took, by the forecast before the first count. Chance is ten over the day's papers. "
            "The goal was 2.5 times chance: met among all that was announced, missed among the few that a list has "
            "chosen already, where a perfect choice would have little more.",
            table(columns, rows),
        )
    )


def _choice_row(name: str, found: list[tuple[float, float]]) -> tuple[object, ...]:
    recall = share_of([(part, 1.0) for part, _ in found])
    chance = np.mean([part for _, part in found])
    ratio = "{:.2f} [{:.2f}, {:.2f}]".format(*interval(np.array(found)))
    size = np.mean([_MOST / part for _, part in found])
    return name, len(found), f"{size:.0f}", recall, f"{chance:.3f}", ratio, f"{1 / chance:.2f}"


def _best(final: Floats) -> NDArray[np.int64]:
    return np.argsort(-final, kind="stable")[:_MOST]


def _arxiv_days(held: list[_Held]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], int]]:
    """Yield what the page shows first, what was best in the end, and how many papers there were."""
    pool = announced()
    final = pool.final()
    for part in held:
        promise = part.model.promise(pool.vectors, pool.authors)
        for day in np.unique(pool.day[(pool.day >= epoch(part.start)) & (pool.day < epoch(part.end))]):
            rows = np.flatnonzero(pool.day == day)
            if np.count_nonzero(final[rows]) < _MOST or len(rows) < 5 * _MOST:
                continue
            nothing = np.zeros(len(rows), np.int64)
            signals = Signals(pool.day[rows], nothing, np.zeros(1), promise=promise[rows])
            order = trending(signals, datetime.fromtimestamp(day + DAY, UTC)).order
            yield order[:_MOST], _best(final[rows]), len(rows)


def _list_days(held: list[_Held], least: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], int]]:
    for part in held:
        before = part.states(-1)
        before = before.at(paper_vectors()[before.paper].any(axis=1))
        score = part.model.forecast(before.known, paper_vectors()[before.paper]).centre
        day = _days(before)
        for one in np.unique(day):
            rows = np.flatnonzero(day == one)
            if len(rows) >= least:
                yield np.argsort(-score[rows], kind="stable")[:_MOST], _best(before.final[rows]), len(rows)


# --- how often the interval holds ----------------------------------------------------------------


def _coverage(held: list[_Held]) -> str:
    steady = [part for part in held if part.start >= _STEADY]
    rows = [
        _coverage_row(name, steady, look)
        for look, name in enumerate(("no count yet", "at the first look", "at the second", "at the third"), -1)
    ]
    for part in steady:
        months = [month for month, _ in pairwise(_months(part))]
        rows += [_coverage_row(f"at the first look, {month:%Y-%m}", [part], 0, month) for month in months]
    columns = ("known", "shape as trained", "shape renewed by month", "median low", "median high")
    return "\n\n".join(
        (
            "## How often the final votes lie within the 80 % interval",
            f"Papers listed since {_STEADY}; the goal was 77 to 83 %. As trained: the shape of the distribution is "
            "that of the two months before the quarter. Renewed: each month, from the papers finished since the model"
            " was trained (`Forecaster.recalibrated`).",
            table(columns, rows),
        )
    )


class _Covered(NamedTuple):
    """How many papers of a day ended within their interval, how many there were, and the ends of the intervals."""

    month: date
    within: int
    papers: int
    low: Floats
    high: Floats


def _coverage_row(name: str, held: list[_Held], look: int, month: date | None = None) -> tuple[str, ...]:
    both = [
        [day for part in held for day in _covered(part, look, renew) if month in (None, day.month)]
        for renew in (False, True)
    ]
    ends = (np.median(np.concatenate([getattr(day, end) for day in both[1]])) for end in ("low", "high"))
    shares = (share_of([(day.within, day.papers) for day in days]) for days in both)
    return (name, *shares, *(f"{end:.0f}" for end in ends))


def _covered(part: _Held, look: int, renew: bool) -> Iterator[_Covered]:
    seen = part.states(look)
    day = _days(seen)
    for month, following in pairwise(_months(part)):
        model = _renewed(part, month) if renew and month > part.start else part.model
        for one in np.unique(day[(day >= epoch(month)) & (day < epoch(following))]):
            now = seen.at(day == one)
            low, high = model.forecast(now.known, paper_vectors()[now.paper]).interval(0.8)
            yield _Covered(month, int(((now.final >= low) & (now.final <= high)).sum()), len(now.final), low, high)


def _rising(held: list[_Held]) -> str:
    steady = [part for part in held if part.start >= _STEADY]
    names = ("at the first look", "at the second", "at the third", "at the fourth")
    rows = [
        _rising_row(f"{name}, from {part.start:%Y-%m}", part, look)
        for part in steady
        for look, name in enumerate(names)
    ]
    return "\n\n".join(
        (
            "## How often a paper that is marked as rising rises",
            "Known as an installation knows them: by the day of listing, without the hour. Risen is what ends with at "
            f"least {MORE:.0f} upvotes more and {FACTOR} times those it had; marked is where the forecast is "
            f"{SURE:.0%} sure of it. How voting changes from one quarter to the next decides how sure it may be.",
            table(("known", "papers", "marked", "of those marked, rose", "of all, rose"), rows),
        )
    )


def _rising_row(name: str, part: _Held, look: int) -> tuple[object, ...]:
    marked, risen = _rose(part, look)
    return (name, f"{len(marked):,}", f"{marked.mean():.3f}", f"{risen[marked].mean():.3f}", f"{risen.mean():.3f}")


def _rose(part: _Held, look: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which papers of a stretch are marked at a look, and which rise."""
    seen = part.states(look)
    known = replace(seen.known, listed=np.floor(seen.known.listed / DAY) * DAY, waited=np.full(len(seen.known), np.nan))
    found = part.model.forecast(known, paper_vectors()[seen.paper])
    return rises(found.upvotes, found.quantile(1 - SURE)), rises(found.upvotes, seen.final)


@cache
def _renewed(part: _Held, month: date) -> Forecaster:
    since = max(part.start, month - timedelta(days=61))
    return renewed(part.model, since, month)


def _months(part: _Held) -> list[date]:
    months = [date(part.start.year, part.start.month + number, 1) for number in range(3)]
    return [*months, part.end]
