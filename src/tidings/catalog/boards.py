"""Ranked lists of papers, worked out once and read many times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tidings.errors import InputError
from tidings.rank.trending import Forecaster, Outlook, Signals, outlook
from tidings.types import Breakdown, Facet, Hit, Paper

if TYPE_CHECKING:
    from datetime import date, datetime

    from numpy.typing import NDArray

    from tidings.store.trends import Candidate

    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]

_CATEGORY = re.compile(r"[A-Za-z-]{1,30}(\.[A-Za-z-]{1,30})?", re.ASCII)
_SHOWN_CATEGORIES = 50


@dataclass(frozen=True, slots=True)
class Board:
    """The ranked papers of a period, and what each score is made of; arrays go by row, ``order`` holds rows."""

    papers: Sequence[Candidate]
    ids: Rows
    order: Rows
    scores: Floats
    parts: Mapping[str, Floats]
    counts: Mapping[str, Floats]
    new: NDArray[np.bool_]
    outlook: Outlook
    of_category: Mapping[str, Rows]
    facets: tuple[Facet, ...]
    nearest: tuple[date | None, date | None]
    made: datetime

    def places(self, rows: Rows) -> dict[int, int]:
        """Return the row of each paper, by its internal id, in the order of the rows."""
        return {self.papers[row].id: row for row in rows.tolist()}

    def hit(self, paper: Paper, row: int) -> Hit:
        """Return a paper with its score."""
        return Hit(paper, float(self.scores[row]), is_new=bool(self.new[row]))

    def breakdown(self, row: int) -> Breakdown:
        """Return what a score is made of."""
        parts = {name: float(values[row]) for name, values in self.parts.items()}
        counts = {name: int(values[row]) for name, values in self.counts.items()}
        low, high = self.outlook.low[row], self.outlook.high[row]
        final = None if np.isnan(low) else (int(low), int(high))
        return Breakdown(parts, counts, final, bool(self.outlook.rising[row]))

    def of(self, category: str | None) -> Rows:
        """Return the rows of a category or an archive in their order; all where None is named.

        Raises:
            InputError: that is no category.
        """
        if category is None:
            return self.order
        if not _CATEGORY.fullmatch(category):
            raise InputError(f"{category[:40]!r} is not a category; they are written as cs.CL")
        return self.of_category.get(category, self.order[:0])


@dataclass(frozen=True, slots=True)
class Texts:
    """What is read of papers: their vectors, where the index has them, and how many authors each has; and by what."""

    forecaster: Forecaster
    vectors: NDArray[np.float32] | None
    authors: Floats

    def promise(self) -> Floats | None:
        """Return what the texts promise."""
        return None if self.vectors is None else self.forecaster.promise(self.vectors, self.authors)

    def outlook(self, signals: Signals, now: datetime) -> Outlook:
        """Return what is to become of the papers."""
        return outlook(signals, now, self.forecaster, self.vectors, self.authors)


def by_category(papers: Sequence[Candidate], order: Rows) -> dict[str, Rows]:
    """Return the rows of each category and each archive, in their order."""
    found: dict[str, list[int]] = {}
    for row in order.tolist():
        categories = papers[row].categories
        for name in {*categories, *(category.partition(".")[0] for category in categories)}:
            found.setdefault(name, []).append(row)
    return {name: np.array(rows, np.int64) for name, rows in found.items()}


def facets(papers: Sequence[Candidate], order: Rows) -> tuple[Facet, ...]:
    """Return the categories with most papers."""
    counts = Counter(category for row in order.tolist() for category in papers[row].categories)
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN_CATEGORIES]
    return tuple(Facet(name, count, name) for name, count in frequent)
