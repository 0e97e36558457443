"""Votes over time as the forecast learns from them: what was known of papers at some moment, and what came of it.

Reads votes, daily lists and arXiv listings of the shared data.
"""

from __future__ import annotations

import csv
import lzma
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidings.embed import load_default, paper_text
from tidings.rank.trending import Early, Observations, Signals, early
from tidings.rank.trending.arrays import DAY
from tidings.sources import files
from tidings.types import Record

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = Path(os.environ.get("TIDINGS_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))

Floats = NDArray[np.float64]
Look = tuple[float, float, float]


@dataclass(slots=True)
class Followed:
    """A paper of the daily lists: its looks (moment, upvotes, comments or NaN), oldest first, and what it is."""

    key: str
    day: float
    listed: float
    looks: list[Look]
    title: str = ""
    abstract: str = ""
    authors: float = np.nan
    submitted: float = np.nan

    @property
    def final(self) -> float:
        """The last count that anyone saw."""
        return self.looks[-1][1]


@cache
def followed() -> tuple[Followed, ...]:
    """Return the papers with a day of listing, in the order of their days."""
    looks: dict[str, list[Look]] = defaultdict(list)
    days: dict[str, str] = {}
    with lzma.open(SHARED_DATA / "votes" / "votes.csv.xz", "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            moment = datetime.fromisoformat(row["observed_at"]).timestamp()  # the zones are mixed
            looks[row["arxiv_id"]].append((moment, float(row["upvotes"]), float(row["comments"] or np.nan)))
            if row["list_date"]:
                days[row["arxiv_id"]] = min(row["list_date"], days.get(row["arxiv_id"], "9"))
    found = [_described(key, epoch(date.fromisoformat(day)), sorted(looks[key])) for key, day in days.items()]
    return tuple(sorted(found, key=lambda paper: (paper.day, paper.key)))


def _described(key: str, day: float, looks: list[Look]) -> Followed:
    listed, announced = _daily().get(key), _arxiv().get(key)
    paper = Followed(key, day, day, looks)
    record = listed or announced
    if record is None:
        return paper
    paper.title, paper.abstract, paper.authors = record.title, record.abstract, float(len(record.authors) or np.nan)
    if listed is not None:
        moment = next((count.at.timestamp() for count in listed.counts if count.at), day)
        paper.listed = moment if day <= moment < min(day + DAY, looks[0][0]) else day
        paper.submitted = epoch(listed.submitted) if listed.submitted else np.nan
    return paper


def epoch(day: date) -> float:
    """Return when a day (UTC) began."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _records(name: str) -> Iterator[Record]:
    return (outcome for outcome in files.read(SHARED_DATA / "papers" / name) if isinstance(outcome, Record))


@cache
def _daily() -> dict[str, Record]:
    return {record.key: record for record in _records("huggingface_daily.tar.xz")}


@cache
def _arxiv() -> dict[str, Record]:
    return {record.key: record for record in _records("arxiv_cs.jsonl.xz")}


@dataclass(frozen=True, slots=True)
class Announced:
    """What arXiv announced, by day: ``place`` is that in ``followed()``, -1 where no daily list took the paper."""

    day: Floats
    place: NDArray[np.int64]
    authors: Floats
    vectors: NDArray[np.float32]

    def final(self, end: float = np.inf) -> Floats:
        """Return the votes that were seen last before a moment, 0 where no daily list took the paper."""
        papers = [followed()[place] if place >= 0 else None for place in self.place]
        return np.array(
            [next((look[1] for look in reversed(p.looks) if look[0] < end), 0.0) if p else 0.0 for p in papers]
        )


@cache
def announced() -> Announced:
    """Return the papers of arXiv's listings, but those that a daily list had before."""
    places = {paper.key: place for place, paper in enumerate(followed())}
    known = [(r, epoch(r.announced), places.get(r.key, -1)) for r in _arxiv().values() if r.announced]
    kept = [(record, day, place) for record, day, place in known if place < 0 or followed()[place].day >= day]
    return Announced(
        day=np.array([day for _, day, _ in kept]),
        place=np.array([place for _, _, place in kept]),
        authors=np.array([float(len(record.authors) or np.nan) for record, _, _ in kept]),
        vectors=load_default().encode([paper_text(record.title, record.abstract) for record, _, _ in kept]),
    )


# --- what was known at some moment, and what came of it ------------------------------------------


@dataclass(frozen=True, slots=True)
class States:
    """Papers at moments, one row each: ``paper`` is a place in ``followed()``, ``look`` -1 before the first count."""

    paper: NDArray[np.int64]
    look: NDArray[np.int64]
    known: Early
    final: Floats

    def at(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> States:
        """Return some of the rows."""
        known = Early(*(getattr(self.known, name)[rows] for name in Early.__slots__))
        return States(self.paper[rows], self.look[rows], known, self.final[rows])


def joined(parts: list[States]) -> States:
    """Return the rows of all."""
    known = Early(*(np.concatenate([getattr(part.known, name) for part in parts]) for name in Early.__slots__))
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("paper", "look", "final"))
    paper, look, final = columns
    return States(paper, look, known, final)


@cache
def states(until: date) -> States:
    """Return every paper before its first look, and at each look but its last, from what was seen before a day.

    Days that ended less than five days before it are left out: their votes were still coming.
    """
    end = epoch(until)
    by_day: dict[float, list[int]] = defaultdict(list)
    for place, paper in enumerate(followed()):
        if paper.day < end - 5 * DAY and paper.looks[0][0] < end:
            by_day[paper.day].append(place)
    return joined([part for places in by_day.values() for part in _day(places, end)])


def _day(places: list[int], end: float) -> Iterator[States]:
    papers = [followed()[place] for place in places]
    looks = [[look for look in paper.looks if look[0] < end] for paper in papers]
    final = np.array([seen[-1][1] for seen in looks])
    signals, facts = signals_of(papers, looks)
    none = Signals(signals.listed, signals.category, signals.usual)
    start = datetime.fromtimestamp(papers[0].day, UTC)
    rows = np.arange(len(papers))
    yield States(np.array(places), np.full(len(papers), -1), early(none, start, *facts), final)
    for moment in sorted({look[0] for seen in looks for look in seen[:-1]}):
        number = np.array([next((n for n, look in enumerate(seen[:-1]) if look[0] == moment), -1) for seen in looks])
        known = early(signals, datetime.fromtimestamp(moment, UTC), *facts)
        yield States(np.array(places), number, known, final).at(rows[number >= 0])


def signals_of(papers: list[Followed], looks: list[list[Look]]) -> tuple[Signals, tuple[Floats, Floats]]:
    """Return the signals of papers of one day, with their numbers of authors and moments of submission."""
    rows = [(row, kind, look[0], look[1 + kind]) for row, seen in enumerate(looks) for look in seen for kind in (0, 1)]
    paper, kind, moment, value = (np.array(column) for column in zip(*rows, strict=True))
    counted = ~np.isnan(value)
    seen = Observations.of(paper[counted], kind[counted], moment[counted], value[counted])
    listed = np.array([paper.listed for paper in papers])
    signals = Signals(listed, np.zeros(len(papers), np.int64), np.zeros(1), seen)
    facts = (np.array([paper.authors for paper in papers]), np.array([paper.submitted for paper in papers]))
    return signals, facts


@cache
def paper_vectors() -> NDArray[np.float32]:
    """Return the vectors of ``followed()``, zeros for papers whose text is not known."""
    return load_default().encode([paper_text(p.title, p.abstract) if p.title else "" for p in followed()])
