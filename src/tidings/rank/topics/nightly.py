"""A night: new papers are placed, what is new is born, what grew too large splits, little moves.

What may change is bounded beforehand: a night has a budget of papers that get another topic, a four-hundredth of the
archive, and what is left of it can be saved up to a hundredth. So at least 97 of 100 papers keep their topic in a week,
whatever comes (the budget of seven nights and what was saved is 2.75 of 100). A new paper that gets its first topic
costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tidings.rank.topics.births import Born, Burst, births
from tidings.rank.topics.fit import FEWEST, leaf_count
from tidings.rank.topics.groups import Rows, grouped, means, nearest, seeds
from tidings.rank.topics.space import Array

NIGHTLY = 0.0025
SAVED = 0.01
_MOST_NIGHTS = 7
_MARGIN = 0.04  # how much nearer another centre has to be than the own one


class Night(NamedTuple):
    """What is known at night: ``points`` (n, d) of all papers, ``topics`` (n,), 0 for new ones, and ``bursts``.

    ``numbers`` (k,) are those of the leaves whose ``centres`` (k, d) are known, ``fixed`` those that must stay,
    ``young`` those that were born lately, ``saved`` the budget that was left over, ``nights`` how many went by.
    """

    points: Array
    topics: Rows
    bursts: Sequence[Burst]
    numbers: Rows
    centres: Array
    fixed: frozenset[int]
    young: frozenset[int]
    saved: float
    nights: float
    next_number: int


class Morning(NamedTuple):
    """What a night leaves, as in ``Night``; ``split`` are pairs of a new number and the one that it was part of.

    What is born lies between the numbers of leaves, no longer places.
    """

    topics: Rows
    numbers: Rows
    centres: Array
    saved: float
    moved: int
    born: tuple[tuple[int, Born], ...]
    split: tuple[tuple[int, int], ...]
    retired: tuple[int, ...]


class _Work:
    """Topics while they change; ``group`` is a place among ``numbers``, -1 for none."""

    def __init__(self, night: Night) -> None:
        place = {int(number): at for at, number in enumerate(night.numbers)}
        lookup = np.full(int(max(night.topics.max(initial=0), night.numbers.max(initial=0))) + 1, -1, np.int64)
        lookup[night.numbers] = [place[int(number)] for number in night.numbers]
        self.points, self.group = night.points, lookup[night.topics]
        self.numbers, self.centres = list(map(int, night.numbers)), night.centres.copy()
        self.next_number = night.next_number
        self.known = night.points.any(axis=1)
        self.before = self.group.copy()

    def sizes(self) -> Rows:
        return np.bincount(self.group[self.group >= 0], minlength=len(self.numbers))

    def centre_again(self) -> None:
        there = self.group >= 0
        moved = means(self.points[there], self.group[there], len(self.numbers))
        self.centres = np.where(moved.any(axis=1, keepdims=True), moved, self.centres)

    def add(self, rows: Rows) -> int:
        """Make a new leaf of points; return its number."""
        self.group[rows] = len(self.numbers)
        self.numbers.append(self.next_number)
        self.next_number += 1
        middle = means(self.points[rows], np.zeros(len(rows), np.int64), 1)
        self.centres = np.concatenate([self.centres, middle])
        return self.numbers[-1]

    def moved(self) -> int:
        return int(np.count_nonzero((self.before >= 0) & (self.group != self.before)))


def night(given: Night, random: np.random.Generator) -> Morning:
    """Return topics as they are after a night. Never refuses: without leaves nothing has a topic."""
    work = _Work(given)
    if not len(given.numbers):
        return Morning(given.topics, given.numbers, given.centres, 0.0, 0, (), (), ())
    papers = int(np.count_nonzero(work.known))
    budget = given.saved + NIGHTLY * min(given.nights, _MOST_NIGHTS) * papers
    new = np.flatnonzero((work.group < 0) & work.known)
    work.group[new], _ = nearest(work.points[new], work.centres)
    born = _bear(work, given, budget)
    work.centre_again()
    split = _split(work, papers, budget, random)
    retired = _retire(work, given.fixed, budget)
    _move(work, budget)
    work.centre_again()
    kept = [at for at, number in enumerate(work.numbers) if number not in retired]
    topics = np.where(work.group >= 0, np.array(work.numbers, np.int64)[work.group], 0)
    saved = min(budget - work.moved(), SAVED * papers)
    numbers = np.array(work.numbers, np.int64)[kept]
    return Morning(topics, numbers, work.centres[kept], saved, work.moved(), born, split, retired)


def _bear(work: _Work, given: Night, budget: float) -> tuple[tuple[int, Born], ...]:
    found = []
    young = [place for place, number in enumerate(work.numbers) if number in given.young]
    for one in births(work.points, work.group, work.centres, given.bursts, young=young):
        if work.moved() + np.count_nonzero(work.before[one.rows] >= 0) <= budget:
            between = tuple(work.numbers[place] for place in one.between)
            found.append((work.add(one.rows), one._replace(between=between)))
    return tuple(found)


def _split(work: _Work, papers: int, budget: float, random: np.random.Generator) -> tuple[tuple[int, int], ...]:
    """Split the leaves that hold most of what differs, until there are as many as there should be."""
    found, tried = [], set[int]()
    while len(work.numbers) < leaf_count(papers):
        inside = np.flatnonzero(work.group >= 0)
        away = 1 - np.einsum("ij,ij->i", work.points[inside], work.centres[work.group[inside]])
        scatter = np.bincount(work.group[inside], weights=away, minlength=len(work.numbers))
        scatter[list(tried)] = -1
        widest = int(scatter.argmax())
        if scatter[widest] <= 0:
            break
        tried.add(widest)
        part = halved(work.points, np.flatnonzero(work.group == widest), random)
        if len(part) >= FEWEST and work.moved() + len(part) <= budget:
            found.append((work.add(part), work.numbers[widest]))
            work.centre_again()
    return tuple(found)


def halved(points: Array, rows: Rows, random: np.random.Generator, parts: int = 2) -> Rows:
    """Return the rows of the smaller half of some points; none where they cannot be told apart."""
    start = seeds(points[rows], parts, random)
    if len(start) < parts:
        return rows[:0]
    group, _ = grouped(points[rows], start)
    smaller = int(np.bincount(group, minlength=parts).argmin())
    half: Rows = rows[group == smaller]
    return half


def _retire(work: _Work, fixed: frozenset[int], budget: float) -> tuple[int, ...]:
    """Take out leaves that hold hardly anything any more; their papers go to the next."""
    gone: list[int] = []
    sizes = work.sizes()
    for at in np.argsort(sizes, kind="stable").tolist():
        number = work.numbers[at]
        if sizes[at] >= FEWEST or work.moved() + sizes[at] > budget or len(gone) + 1 >= len(work.numbers):
            break
        if number in fixed:
            continue
        gone.append(number)
        left = np.array([place for place, other in enumerate(work.numbers) if other not in gone])
        rows = np.flatnonzero(work.group == at)
        work.group[rows] = left[nearest(work.points[rows], work.centres[left])[0]]
    return tuple(gone)


def _move(work: _Work, budget: float) -> None:
    """Let papers go to a centre that is nearer by a margin, those that gain most first, as far as the budget goes."""
    left = int(budget) - work.moved()
    rows = np.flatnonzero((work.before >= 0) & (work.group == work.before))
    if left <= 0 or not len(rows):
        return
    sizes = work.sizes()
    open_to = np.flatnonzero(sizes > 0)
    best, cosine = nearest(work.points[rows], work.centres[open_to])
    own = np.einsum("ij,ij->i", work.points[rows], work.centres[work.group[rows]])
    gain = cosine - own
    most = np.argsort(-gain, kind="stable")[:left]
    most = most[gain[most] > _MARGIN]
    work.group[rows[most]] = open_to[best[most]]
