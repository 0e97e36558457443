"""What trending is worked out from: the papers of a time, and all that was counted and voted of them.

Moments are whole seconds since 1970: a hundred thousand of them need not become times first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from tidings.store.among import among
from tidings.store.engine import reading, utc
from tidings.store.tables import account, hidden, observation, paper, pick, record, submission, vote


class _Counted(msgspec.Struct, gc=False):
    kind: str
    value: int


class _Face(msgspec.Struct, gc=False):
    """The little of a paper that ranking needs; reading no more of it takes a third of the time."""

    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    counts: tuple[_Counted, ...] = ()


_faces = msgspec.json.Decoder(_Face)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may trend, and what was counted of it last.

    ``day`` is when readers could first know of it, ``listed`` when others put it forward, ``submitted`` when somebody
    here did, ``picked`` the day that a curator chose it for.
    """

    id: int
    day: date | None
    listed: date | None
    submitted: datetime | None
    picked: date | None
    categories: tuple[str, ...]
    authors: int
    counts: dict[str, int]


class Seen(NamedTuple):
    """What sources counted of papers at moments, by columns; ``record`` tells two sources apart."""

    paper_id: tuple[int, ...] = ()
    record: tuple[int, ...] = ()
    kind: tuple[str, ...] = ()
    moment: tuple[int, ...] = ()
    value: tuple[int, ...] = ()


class Cast(NamedTuple):
    """Votes, by columns: for what, whose, when."""

    paper_id: tuple[int, ...] = ()
    account_id: tuple[int, ...] = ()
    moment: tuple[int, ...] = ()


class Trends:
    """Reading for the ranking; each method is one query."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def candidates(
        self,
        start: date,
        end: date,
        *,
        listed_from: date | None = None,
        updated: bool = False,
        here: bool = True,
        since: datetime | None = None,
    ) -> list[Candidate]:
        """Return the papers first known or put forward elsewhere from start to end, both included, by id.

        With ``listed_from`` those too that were put forward elsewhere from that day on, with ``updated`` those that
        changed in these days. ``here`` are those put forward or picked here in these days and, with ``since``, those
        that got a vote from then on.
        """
        which = [
            sa.select(paper.c.id).where(paper.c.day.between(start, end)),
            sa.select(paper.c.id).where(paper.c.listed.between(listed_from or start, end)),
        ]
        if updated:
            which.append(sa.select(paper.c.id).where(paper.c.updated.between(start, end)))
        if here:
            first, after = _midnight(start), _midnight(_next(end))
            which.append(sa.select(pick.c.paper_id).where(pick.c.day.between(start, end)))
            which.append(sa.select(submission.c.paper_id).where(submission.c.at >= first, submission.c.at < after))
        if here and since is not None:
            which.append(sa.select(vote.c.paper_id).where(vote.c.at >= since))
        query = _CANDIDATES.where(paper.c.id.in_(sa.union(*which)))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(paper.c.id)).all()
        return [_candidate(row) for row in rows]

    def talked_of(self, since: datetime) -> list[Candidate]:
        """Return the papers that got a vote here, or of which upvotes or comments were counted, from then on, by id."""
        c = observation.c
        counted = sa.select(record.c.paper_id).join(observation, record.c.id == c.record_id)
        counted = counted.where(c.at >= since, c.kind.in_(_TALK))
        voted = sa.select(vote.c.paper_id).where(vote.c.at >= since)
        query = _CANDIDATES.where(paper.c.id.in_(sa.union(counted, voted))).order_by(paper.c.id)
        with reading(self._engine) as connection:
            return [_candidate(row) for row in connection.execute(query)]

    def observations(self, paper_ids: Sequence[int], kinds: Sequence[str]) -> Seen:
        """Return what was counted of the papers, at any time."""
        c = observation.c
        query = sa.select(record.c.paper_id, c.record_id, c.kind, _seconds(c.at), c.value)
        query = query.join(record, record.c.id == c.record_id)
        query = query.where(among(record.c.paper_id, paper_ids), c.kind.in_(kinds))
        with reading(self._engine) as connection:
            return Seen(*zip(*connection.execute(query).all(), strict=True))

    def votes(self, paper_ids: Sequence[int]) -> Cast:
        """Return the votes for the papers; those of accounts that are disabled do not count."""
        disabled = sa.select(account.c.id).where(account.c.disabled.is_(True))
        query = sa.select(vote.c.paper_id, vote.c.account_id, _seconds(vote.c.at))
        query = query.where(among(vote.c.paper_id, paper_ids), vote.c.account_id.not_in(disabled))
        with reading(self._engine) as connection:
            return Cast(*zip(*connection.execute(query).all(), strict=True))

    def created(self, account_ids: Sequence[int]) -> dict[int, int]:
        """Return when those of the accounts were made that still are."""
        query = sa.select(account.c.id, _seconds(account.c.created)).where(among(account.c.id, account_ids))
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def categories(self, paper_ids: Sequence[int]) -> dict[int, str]:
        """Return the first category of each paper that has one."""
        query = sa.select(paper.c.id, paper.c.data).where(among(paper.c.id, paper_ids))
        with reading(self._engine) as connection:
            found = {row.id: _faces.decode(row.data).categories for row in connection.execute(query)}
        return {number: categories[0] for number, categories in found.items() if categories}

    def hidden(self) -> set[int]:
        """Return the papers that a curator keeps off the lists."""
        with reading(self._engine) as connection:
            return set(connection.scalars(sa.select(hidden.c.paper_id)))

    def nearest_days(self, start: date, end: date) -> tuple[date | None, date | None]:
        """Return the nearest days before start and after end on which papers were first known or put forward."""
        days, put = (paper.c.day, paper.c.listed), submission.c.at
        before = [sa.select(sa.func.max(c)).where(c < start).scalar_subquery() for c in days]
        behind = [sa.select(sa.func.min(c)).where(c > end).scalar_subquery() for c in days]
        before.append(sa.select(sa.func.max(put)).where(put < _midnight(start)).scalar_subquery())
        behind.append(sa.select(sa.func.min(put)).where(put >= _midnight(_next(end))).scalar_subquery())
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(*before, *behind)).one()
        found = [utc(value).date() if isinstance(value, datetime) else value for value in row]
        return max(filter(None, found[:3]), default=None), min(filter(None, found[3:]), default=None)


_TALK = ("upvotes", "comments")  # what begins at nothing: stars and citations may be years old
_CANDIDATES = (
    sa.select(paper.c.id, paper.c.day, paper.c.listed, submission.c.at, pick.c.day.label("picked"), paper.c.data)
    .outerjoin(submission, submission.c.paper_id == paper.c.id)
    .outerjoin(pick, pick.c.paper_id == paper.c.id)
)


def _candidate(row: Any) -> Candidate:
    face = _faces.decode(row.data)
    counts: dict[str, int] = {}
    for counted in face.counts:
        counts[counted.kind] = max(counted.value, counts.get(counted.kind, 0))
    submitted = utc(row.at) if row.at else None
    return Candidate(row.id, row.day, row.listed, submitted, row.picked, face.categories, len(face.authors), counts)


def _seconds(column: sa.Column[datetime]) -> sa.ColumnElement[int]:
    return sa.cast(sa.extract("epoch", column), sa.BigInteger)


def _next(day: date) -> date:
    return day + timedelta(days=1) if day < date.max else day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
