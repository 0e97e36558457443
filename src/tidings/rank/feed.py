"""What a feed shows and in which order: candidates and what interests say of them in, rows with their reasons out.

Interests speak in heights (``learn.line.heights``): octaves of rarity among recent papers, so that 10 under one means
the same as 10 under another, however their scores run. What is done, in this order:

- *Above the line*: a paper stands ``height - line`` above an interest's line, and is explained by the interest where
  that is most. ``breadth`` b moves all lines by ``LINE_OCTAVES * (1 - 2 b)``. Papers above any line and those of
  followed authors come before all others.
- *Merit*, the standing with what else counts: ``b * log2(sum of 2 ** (standing / b))`` over the interests, which is
  the best one alone at b = 0 and at b = 1 gives an octave to a paper that two want alike; plus up to one octave for
  what trends, and the *lift* that a second stage gives the paper within its interest.
- *Turns*: interests take turns, each with its best papers by merit, so that none drowns another (round robin, as in
  Large-Scale Data Selection for Instruction Tuning, https://arxiv.org/abs/2503.01807). Who is r-th among the papers of
  its interest is worth ``-log2(1 + r)`` octaves; in one round the higher merit goes first.
- *Freshness* f: the order is by ``(1 - f) * turn + f * day``. At one half a day is worth an octave, at 1 the days alone
  count and turns decide within each.
- *Diversity*, for the first ``LEADING`` places: a paper loses ``DIVERSITY * b * (1 - f)`` octaves times its cosine to
  the nearest paper above it (maximal marginal relevance: Carbonell and Goldstein, The Use of MMR, 1998).
- *Alike*: a paper with a cosine of at least ``ALIKE`` to one above it is folded into that one.
- *Outside*: one paper below every line may be drawn, with a chance that is told, to ask about what nobody thought of.

What is muted is taken away after the order is made, so muting a paper moves no other past another. Nothing depends on
the order in which candidates are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]

LINE_OCTAVES = 2.0
"""At the ends of narrow and broad the lines let a quarter, or four times, as many papers pass."""
TRENDING_MOST = 4.0
"""So many doublings of votes above the usual, or more, give a whole octave; the usual, or less, none."""
DIVERSITY = 2.0
LEADING = 100
ALIKE = 0.85
"""With the bundled encoder, six of 18 million pairs of cs papers lie so near: versions of one work."""
OUTSIDE_PLACE = 4
"""Where the paper from outside stands, counted from 0: seen by whoever looks at a page, and not the first thing."""
_APART = 1e7  # more than any two days are
MOST = 500
"""What a feed can list: nobody reads on, and those behind are far below the line."""


class Candidates(NamedTuple):
    """Papers that a feed may show, n of them, and what m interests say of each.

    ``ids`` int64 (n,), each once; ``days`` int32 (n,) as ``date.toordinal``, 0 when unknown; ``vectors`` float32
    (n, d), of length 1 or 0. ``heights`` float64 (m, n), minus infinity where an interest does not want a paper at all
    (its query); ``lines`` float64 (m,), what a strong paper reaches. ``lifts`` float64 (m, n), octaves that count for
    the order alone, 0 where no second stage says anything. ``trending`` float64 (n,), doublings of votes
    above the usual, 0 where nothing is known. ``gone`` bool (n,): seen, or dismissed; ``muted`` and ``followed`` bool
    (n,).
    """

    ids: Rows
    days: NDArray[np.int32]
    vectors: NDArray[np.float32]
    heights: Floats
    lines: Floats
    lifts: Floats
    trending: Floats
    gone: Mask
    muted: Mask
    followed: Mask


@dataclass(frozen=True, slots=True)
class Taste:
    """How a reader wants a feed: ``breadth`` from 0 (narrow) to 1, ``freshness`` from 0 (relevance) to 1 (by day)."""

    breadth: float = 0.5
    freshness: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.breadth <= 1 and 0 <= self.freshness <= 1):
            raise InputError("breadth and freshness are numbers from 0 to 1")


class Listed(NamedTuple):
    """The papers of a feed in their order, k of them.

    ``rows`` int64 (k,), of the candidates. ``interests`` int64 (k,), which explains the paper, -1 where none wants it
    (a followed author's, perhaps); ``standings`` float64 (k,), how many octaves it stands above the line of that one as
    breadth moved it, minus infinity for none. ``strong`` bool (k,): above a line, or of a followed author. ``alike``
    are the rows folded into each. ``outside`` is the place of the one that was drawn, or None, and ``chance`` how
    likely it was to be drawn.
    """

    rows: Rows
    interests: Rows
    standings: Floats
    strong: Mask
    alike: tuple[tuple[int, ...], ...]
    outside: int | None = None
    chance: float = 1.0

    @property
    def is_nothing_strong(self) -> bool:
        """Whether no paper passes a line: the truth of a day on which one may close the page."""
        return not self.strong.any()


class _Standing(NamedTuple):
    """What interests say of papers: which explains each, how far above its line, what it is worth, is it strong."""

    interest: Rows
    standing: Floats
    merit: Floats
    strong: Mask


def feed(candidates: Candidates, taste: Taste, *, seed: int | None = None, most: int = MOST) -> Listed:
    """Return the papers of a feed, at most ``most``, in their order. Pure: the same in, the same out.

    ``seed`` is of the reader and the day, and draws the paper from outside; None draws none. Arrays that do not fit
    together, and heights or lines that are not numbers, are refused (InputError).
    """
    _check(candidates)
    rows = np.argsort(-candidates.ids)  # the newest first wherever nothing else decides
    if (np.diff(candidates.ids[rows]) == 0).any():
        raise InputError("a feed has each paper once")
    rows = rows[~candidates.gone[rows]]
    papers = _taken(candidates, rows)
    standing = _standing(papers, taste)
    order = _in_turns(papers, standing, taste, most + int(papers.muted.sum()))
    leading, rest = order[:LEADING], order[LEADING:]
    order = np.append(_diverse(leading, candidates.vectors[rows[leading]], standing.strong, taste), rest)
    drawn, chance = _drawn(papers, seed) if seed is not None else (None, 1.0)
    order = order[~papers.muted[order] & (order != drawn)][: most - (drawn is not None)]
    order, alike = _folded(order, candidates.vectors[rows[order]])
    place = None
    if drawn is not None:
        place = min(OUTSIDE_PLACE, len(order))
        order, alike = np.insert(order, place, drawn), [*alike[:place], (), *alike[place:]]
    return Listed(
        rows[order],
        standing.interest[order],
        standing.standing[order],
        standing.strong[order],
        tuple(tuple(rows[list(others)].tolist()) if others else () for others in alike),
        place,
        chance,
    )


def _check(candidates: Candidates) -> None:
    papers, interests = len(candidates.ids), len(candidates.lines)
    _, days, vectors, heights, _, lifts, *others = candidates
    fitting = all(len(column) == papers for column in (days, vectors, *others))
    if not fitting or {heights.shape, lifts.shape} != {(interests, papers)}:
        raise InputError("a feed needs as many of everything as there are papers, and heights for every interest")
    if np.isnan(heights).any() or np.isposinf(heights).any():
        raise InputError("a height is not a number")
    if not all(np.isfinite(column).all() for column in (candidates.lines, lifts, candidates.trending)):
        raise InputError("a line, a lift or what trends is not a number")


def _taken(candidates: Candidates, rows: Rows) -> Candidates:
    """Return those rows, in that order; their vectors, the bulk of it, are left out."""
    return Candidates(
        candidates.ids[rows],
        candidates.days[rows],
        candidates.vectors[:0],
        candidates.heights[:, rows],
        candidates.lines,
        candidates.lifts[:, rows],
        candidates.trending[rows],
        candidates.gone[rows],
        candidates.muted[rows],
        candidates.followed[rows],
    )


def _standing(papers: Candidates, taste: Taste) -> _Standing:
    count = len(papers.ids)
    if not len(papers.lines):
        silent = np.full(count, -np.inf)
        return _Standing(np.full(count, -1, np.int64), silent, silent, papers.followed)
    lines = papers.lines + LINE_OCTAVES * (1 - 2 * taste.breadth)
    standings = papers.heights - lines[:, None]
    interest = standings.argmax(axis=0)
    standing = standings[interest, np.arange(count)]
    trending = np.clip(papers.trending, 0, TRENDING_MOST) / TRENDING_MOST
    lift = papers.lifts[interest, np.arange(count)]
    merit = standing + _agreement(standings, standing, taste.breadth) + trending + lift
    interest[np.isneginf(standing)] = -1
    return _Standing(interest, standing, merit, (standing >= 0) | papers.followed)


def _agreement(standings: Floats, best: Floats, breadth: float) -> Floats:
    """Return how much more than the best all interests together are worth: b log2(sum of 2 ** ((x - best) / b))."""
    if breadth <= 0 or len(standings) == 1:
        return np.zeros(len(best))
    apart = standings - np.where(np.isneginf(best), 0, best)
    with np.errstate(over="ignore"):  # far below, by a very small breadth
        agreement: Floats = breadth * np.log2(np.maximum(np.exp2(apart / breadth).sum(axis=0), 1.0))
    return agreement


def _in_turns(papers: Candidates, standing: _Standing, taste: Taste, most: int) -> Rows:
    """Return papers that may be listed, strong ones first, in turns of their interests and by day; the first ``most``.

    Rows are sorted as they stand where all else is the same.
    """
    rows = np.flatnonzero(standing.strong | (standing.interest >= 0))
    weak, merit = ~standing.strong[rows], standing.merit[rows]
    # what is strong by its author alone takes turns as an interest of its own
    by_author = standing.strong & (standing.standing < 0)
    group = 2 * np.where(by_author, -1, standing.interest)[rows] + weak
    order = np.lexsort((-merit, group))
    turn = np.empty(len(rows), np.int64)
    turn[order] = _counted(group[order])
    key = taste.freshness * papers.days[rows] - (1 - taste.freshness) * np.log2(1 + turn)
    first = _highest(key - _APART * weak, most)
    return rows[first[np.lexsort((-merit[first], turn[first], -key[first], weak[first]))]]


def _highest(keys: Floats, most: int) -> Rows:
    """Return the places of the ``most`` highest and of all equal to the last of them, ascending."""
    if len(keys) <= most:
        return np.arange(len(keys))
    return np.flatnonzero(keys >= np.partition(keys, len(keys) - most)[len(keys) - most])


def _counted(group: Rows) -> Rows:
    """Return the number of each among neighbours of the same group, from 0."""
    places = np.arange(len(group))
    first = np.diff(group, prepend=group[:1] - 1) != 0
    return places - np.maximum.accumulate(np.where(first, places, 0))


def _diverse(leading: Rows, vectors: NDArray[np.float32], strong: Mask, taste: Taste) -> Rows:
    """Return papers put further from each other; strong ones stay before the others. ``vectors`` are theirs."""
    weight = DIVERSITY * taste.breadth * (1 - taste.freshness)
    if not weight:
        return leading
    # what diversity weighs against is the place, in octaves: the same however the order came about
    value = np.where(strong[leading], _APART, 0.0) - np.log2(1 + np.arange(len(leading)))
    near = np.maximum(vectors @ vectors.T, 0).astype(np.float64)
    nearest = np.zeros(len(leading))
    chosen = []
    for _ in range(len(leading)):
        pick = int((value - weight * nearest).argmax())
        chosen.append(pick)
        value[pick] = -np.inf
        nearest = np.maximum(nearest, near[pick])
    return leading[chosen]


def _folded(order: Rows, vectors: NDArray[np.float32]) -> tuple[Rows, list[tuple[int, ...]]]:
    """Return those papers that are like none above them, and for each the others that are like it."""
    near = np.triu(vectors @ vectors.T >= ALIKE, 1)
    folded, alike = np.zeros(len(order), np.bool_), dict[int, tuple[int, ...]]()
    for place in np.flatnonzero(near.any(axis=1)).tolist():  # few have any
        if not folded[place]:
            others = near[place] & ~folded
            folded |= others
            alike[place] = tuple(order[others].tolist())
    kept = np.flatnonzero(~folded)
    return order[kept], [alike.get(place, ()) for place in kept.tolist()]


def _drawn(papers: Candidates, seed: int) -> tuple[int | None, float]:
    """Return one paper that stands below every line unmoved, and its chance; None where there is no such paper.

    Chances go by what trends: a doubling of votes doubles them. The draw is the largest of values plus Gumbel noise,
    the noise of a paper made from its id, so a paper that came or went changes the draw only if it is drawn itself.
    """
    below = (papers.heights < papers.lines[:, None]).all(axis=0) & ~papers.followed & ~papers.muted
    rows = np.flatnonzero(below)
    if not len(rows):
        return None, 1.0
    values = np.clip(papers.trending[rows], 0, TRENDING_MOST) * np.log(2)
    weights = np.exp(values)
    best = int((values - np.log(-np.log(_uniform(papers.ids[rows], seed)))).argmax())
    return int(rows[best]), float(weights[best] / weights.sum())


def _uniform(ids: Rows, seed: int) -> Floats:
    """Return a number strictly between 0 and 1 for each id and this seed (SplitMix64: Steele, Lea and Flood, 2014)."""
    with np.errstate(over="ignore"):
        mixed = _mixed(ids.astype(np.uint64) ^ _mixed(np.array([seed % 2**64], np.uint64)))
    return ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
