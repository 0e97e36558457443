"""What trends: the papers of a day, a week, a month or the last days, ranked by what people here and outside say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from tidings.catalog.boards import Board, Texts, by_category, facets
from tidings.catalog.community import Community
from tidings.catalog.periods import WINDOWS, Period
from tidings.embed import load_default
from tidings.errors import InputError
from tidings.rank import search as ranking
from tidings.rank.trending import (
    KINDS,
    Observations,
    Outlook,
    Signals,
    Trust,
    Votes,
    Weights,
    load_forecaster,
    trending,
    usual_levels,
    weigh,
)
from tidings.types import Page, Trend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.store.trends import Candidate

    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]

BY = ("both", "here", "world")
"""Whose votes count: those of our people and the world's, or those of one alone."""

# A board is worked out again when somebody looks, but not more often than this for each three days that it covers.
_KEPT = timedelta(seconds=20)
_KEPT_DAYS = 3
_MOST_BOARDS = 32
# What is usual in a category is learnt from the papers of so many days, once a day.
_LEVEL_DAYS = 30
_DAY = timedelta(days=1)
# How long counts from outside may still move what was put forward elsewhere before a window.
_FOLLOWED = timedelta(days=14)
_LONG_AGO = datetime.min.replace(tzinfo=UTC).timestamp()


_Key = tuple[Period, str]


@dataclass(slots=True)
class _Kept:
    """What was worked out lately."""

    lock: Lock = field(default_factory=Lock)
    boards: dict[_Key, Board] = field(default_factory=dict)
    levels: dict[str, tuple[date, dict[str, int], Floats]] = field(default_factory=dict)


class Trending(Community):
    """Ranking by votes. Boards are kept for some seconds: a page is then a lookup."""

    @cached_property
    def _trending(self) -> _Kept:
        return _Kept()

    def trending(
        self,
        period: Period,
        *,
        by: str = "both",
        category: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Trend:
        """Return the papers of a period, best first, each with what its rank is made of; those hidden are left out.

        ``by`` says whose votes count: here those of our people alone, and then only papers that somebody here said
        something of are listed; world those of all others; or both. ``category`` keeps the papers of a category or an
        archive (cs matches cs.CL). In a window, what is at most a day old is marked as new; on a day, what was first
        known or put forward then, before what only changed. The page's facets count the papers by category.

        Raises:
            InputError: the limit is senseless, the category none, ``by`` unknown, or the cursor of something else.
        """
        ranking.check("relevance", limit)
        if by not in BY:
            raise InputError(f"there is no trending by {by[:20]!r}; there is it by {', '.join(BY)}")
        name = f"trending {period.start} {period.end} {period.window} {by} {category}"
        offset = int(ranking.decode_cursor(cursor, name, "trending")[1]) if cursor else 0
        board = self._board(period, by)
        rows = self._visible(board, board.of(category))
        places = board.places(rows[offset : offset + limit])
        papers = self._store.papers(list(places))
        hits = tuple(board.hit(paper, places[paper.id]) for paper in papers)
        why = {paper.id: board.breakdown(places[paper.id]) for paper in papers}
        following = ranking.encode_cursor(0.0, offset + limit, name, "trending") if offset + limit < len(rows) else None
        return Trend(Page(hits, len(rows), following, {"category": board.facets}), why, *board.nearest)

    def window_with(self, papers: int) -> str | None:
        """Return the shortest window with so many papers, else the longest one that has any; None where none has."""
        best = None
        for name in WINDOWS:
            found = len(self._board(Period.last(name, self._clock()), "both").order)
            if found >= papers:
                return name
            best = name if found else best
        return best

    def _visible(self, board: Board, rows: Rows) -> Rows:
        """Return the rows without those hidden: what a curator hides must not wait for the next board."""
        hidden = self._store.trends.hidden()
        return rows[~np.isin(board.ids[rows], list(hidden))] if hidden else rows

    # --- boards ---

    def _board(self, period: Period, by: str) -> Board:
        """Return the board of a period; one that is too old serves while another request works it out anew."""
        key, kept = (period, by), self._trending
        found = kept.boards.get(key)
        if self._is_fresh(found, period) or not kept.lock.acquire(blocking=found is None):
            assert found is not None
            return found
        try:
            found = kept.boards.get(key)  # whoever waited for the lock may find it done
            if found is None or not self._is_fresh(found, period):
                found = self._work_out(period, by, self._clock())
            kept.boards.pop(key, None)
            kept.boards[key] = found
            while len(kept.boards) > _MOST_BOARDS:
                del kept.boards[next(iter(kept.boards))]
            return found
        finally:
            kept.lock.release()

    def _is_fresh(self, board: Board | None, period: Period) -> bool:
        return board is not None and self._clock() - board.made < _KEPT * max(1, period.days // _KEPT_DAYS)

    def _work_out(self, period: Period, by: str, now: datetime) -> Board:
        window, since = period.window, now - period.window if period.window else None
        papers = self._candidates(period, by, since)
        names, usual = self._usual(by, now)
        texts = self._texts_of(papers)
        signals, counts = self._signals(papers, texts, by, names, usual)
        weights = self._weights(by).over(window) if window else self._weights(by).of_one_day()
        ranked = trending(signals, now, weights, window)
        brought = np.array([_is_brought(paper, period, since) for paper in papers], bool)
        order = _with(ranked.order, np.flatnonzero(brought), ranked.scores)
        if by == "here":
            order = order[(counts["votes"][order] > 0) | brought[order]]
        new = _new(papers, signals.listed, period, now)
        if window is None and period.days == 1:
            order = np.concatenate([order[new[order]], order[~new[order]]])
        return Board(
            papers,
            np.array([paper.id for paper in papers], np.int64),
            order,
            ranked.scores,
            ranked.parts._asdict(),
            counts,
            new,
            texts.outlook(signals, now) if by != "here" else Outlook.none(len(papers)),
            by_category(papers, order),
            facets(papers, order),
            self._store.trends.nearest_days(period.start, period.end),
            now,
        )

    def _weights(self, by: str) -> Weights:
        chosen = self.settings.trending
        weights = Weights(half_life=chosen.half_life, own=chosen.own, doubt=chosen.doubt)
        if by == "here":
            return replace(weights, outside=(0.0, 0.0, 0.0, 0.0))
        return replace(weights, own=0.0) if by == "world" else weights

    def _candidates(self, period: Period, by: str, since: datetime | None) -> list[Candidate]:
        """Return the papers that a period may list; to the world, nothing happened here."""
        found = self._store.trends.candidates(
            period.start,
            period.end,
            listed_from=period.start - _FOLLOWED if since else None,
            updated=period.days == 1 and since is None,
            here=by != "world",
            since=since,
        )
        return [replace(paper, submitted=None, picked=None) for paper in found] if by == "world" else found

    def _usual(self, by: str, now: datetime) -> tuple[dict[str, int], Floats]:
        """Return a row for each category, and how many votes its papers usually get; learnt once a day.

        The latest counts do, which each paper holds: all that was ever counted would be a hundred times as much.
        """
        levels = self._trending.levels
        if by not in levels or levels[by][0] != now.date():
            papers = self._store.trends.candidates(now.date() - _LEVEL_DAYS * _DAY, now.date(), here=False)
            names = {name: row for row, name in enumerate(sorted({_primary(paper) for paper in papers}), start=1)}
            category = np.array([names[_primary(paper)] for paper in papers], np.int64)
            levels[by] = (
                now.date(),
                names,
                usual_levels(category, self._totals(papers, self._weights(by)), len(names) + 1),
            )
        return levels[by][1:]

    def _above_usual(self, papers: Sequence[Candidate], now: datetime) -> Floats:
        """Return by how many doublings the votes of papers, by id, are above the usual of their category; below it < 0.

        As the boards have it: a vote here is worth several outside, and few votes say little.
        """
        (names, usual), weights = self._usual("both", now), self._weights("both")
        category = np.array([names.get(_primary(paper), 0) for paper in papers], np.int64)
        above: Floats = np.log2((weights.doubt + self._totals(papers, weights)) / (weights.doubt + usual[category]))
        return above

    def _totals(self, papers: Sequence[Candidate], weights: Weights) -> Floats:
        """Return the votes of papers by their worth; stars and citations, which may be years old, left out."""
        worth = dict(zip(KINDS, weights.outside, strict=True))
        outside = [sum(worth[kind] * p.counts.get(kind, 0) for kind in ("upvotes", "comments")) for p in papers]
        votes, _ = self._voted([paper.id for paper in papers])
        total: Floats = np.array(outside, np.float64)
        return total + np.bincount(votes.paper, weights.own * votes.weight, minlength=len(papers))

    def _signals(
        self, papers: Sequence[Candidate], texts: Texts, by: str, names: Mapping[str, int], usual: Floats
    ) -> tuple[Signals, dict[str, Floats]]:
        """Return what the ranking rests on, and the latest counts by kind for whoever wants to know."""
        ids = [paper.id for paper in papers]
        listed = np.array([_moment(paper) for paper in papers], np.float64)
        category = np.array([names.get(_primary(paper), 0) for paper in papers], np.int64)
        votes, own = self._voted(ids) if by != "world" else (Votes.none(), np.zeros(len(ids)))
        signals = Signals(listed, category, usual, self._observed(ids), votes, texts.promise())
        counts = {kind: np.array([paper.counts.get(kind, 0) for paper in papers], np.float64) for kind in KINDS}
        return signals, counts | {"votes": own}

    def _observed(self, ids: Sequence[int]) -> Observations:
        seen = self._store.trends.observations(ids, KINDS)
        return Observations.of(
            np.searchsorted(ids, seen.paper_id),  # ids ascend
            np.array([KINDS.index(kind) for kind in seen.kind], np.int64),
            np.array(seen.moment, np.float64),
            np.array(seen.value, np.float64),
            np.array(seen.record, np.int64),
        )

    def _voted(self, ids: Sequence[int]) -> tuple[Votes, Floats]:
        """Return our people's votes with their weights, and how many each paper has.

        Where strangers cannot make accounts, each was let in by somebody, so each is trusted from its first day.
        """
        cast = self._store.trends.votes(ids)
        paper, moment = np.searchsorted(ids, cast.paper_id), np.array(cast.moment, np.float64)
        accounts, account = np.unique(np.array(cast.account_id, np.int64), return_inverse=True)
        created = np.full(len(accounts), -np.inf)
        if self.settings.sign_up:
            known = self._store.trends.created(accounts.tolist())
            created = np.array([known.get(number, np.inf) for number in accounts.tolist()], np.float64)
        chosen = self.settings.trending
        trust = Trust(daily=chosen.daily, ramp_days=chosen.ramp, newcomer=chosen.newcomer)
        weight = weigh(paper, account, moment, created, trust).weight
        return Votes(paper, moment, weight), np.bincount(paper, minlength=len(ids)).astype(np.float64)

    def _texts_of(self, papers: Sequence[Candidate]) -> Texts:
        """Return what is to be read of the papers."""
        vectors = None
        if papers and self._index.is_ready():
            vectors = self._index.vectors(np.array([paper.id for paper in papers], np.int64))
        authors = np.array([paper.authors or np.nan for paper in papers], np.float64)
        return Texts(load_forecaster(load_default().name), vectors, authors)


def _primary(paper: Candidate) -> str:
    return paper.categories[0] if paper.categories else ""


def _moment(paper: Candidate) -> float:
    """Return when a paper came before readers: put forward elsewhere or here, else announced.

    That is midnight where only the day is known.
    """
    elsewhere = _midnight(paper.listed) if paper.listed else None
    put_forward = [moment for moment in (elsewhere, paper.submitted) if moment]
    if put_forward:
        return min(put_forward).timestamp()
    return _midnight(paper.day).timestamp() if paper.day else _LONG_AGO


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _is_brought(paper: Candidate, period: Period, since: datetime | None) -> bool:
    """Tell whether somebody here put the paper forward or picked it in this time: it is listed, however old it is."""
    put_forward = paper.submitted is not None and (
        paper.submitted >= since if since else paper.submitted.date() in period
    )
    return put_forward or paper.picked in period


def _with(order: Rows, more: Rows, scores: Floats) -> Rows:
    """Return the rows in order, and more of them in their places."""
    missing = more[~np.isin(more, order)]
    if not len(missing):
        return order
    rows = np.concatenate([order, missing])
    return rows[np.lexsort((rows, -scores[rows]))]


def _new(papers: Sequence[Candidate], listed: Floats, period: Period, now: datetime) -> NDArray[np.bool_]:
    """Return which papers are to be marked as new: where all or none would be, none is."""
    if period.window:
        is_long = period.window > _DAY
        return (listed >= (now - _DAY).timestamp()) & is_long
    if period.days > 1:
        return np.zeros(len(papers), bool)
    first_known = [
        paper.day in period or paper.listed in period or _is_brought(paper, period, None) for paper in papers
    ]
    return np.array(first_known, bool)
