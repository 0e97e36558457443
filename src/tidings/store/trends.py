"""What trending is worked out from: the papers of a time, and all that was counted and voted of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
import sqlalchemy as sa

from tidings.store.engine import reading, utc
from tidings.store.reader import among
from tidings.store.tables import account, hidden, observation, paper, pick, record, submission, vote

# SQLite takes 32,766 parameters.
_AT_ONCE = 30_000


class _Face(msgspec.Struct):
    """The little of a paper that ranking needs; reading no more of it takes a third of the time."""

    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


_faces = msgspec.json.Decoder(_Face)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may trend. ``day`` is when readers could first know of it, ``listed`` when they put it forward."""

    id: int
    day: date | None
    listed: date | None
    categories: tuple[str, ...]
    authors: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a source counted of a paper at a time; ``record`` tells two sources apart."""

    paper_id: int
    record: int
    kind: str
    at: datetime
    value: int


class Trends:
    """Reading for the ranking; each method is one query, or one for each 30,000 papers."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def candidates(self, start: date, end: date, since: datetime | None = None) -> list[Candidate]:
        """Return the papers first known, put forward or updated from start to end, both included, by id.

        With ``since`` those too that got a vote, or were put forward or picked here, from then on. Hidden ones are
        left out.
        """
        days = [column.between(start, end) for column in (paper.c.day, paper.c.listed, paper.c.updated)]
        which = [paper.c.id.in_(sa.select(paper.c.id).where(day)) for day in days]
        which.append(paper.c.id.in_(sa.select(pick.c.paper_id).where(pick.c.day.between(start, end))))
        if since is not None:
            which += [
                paper.c.id.in_(sa.select(table.c.paper_id).where(table.c.at >= since)) for table in (vote, submission)
            ]
        query = sa.select(paper.c.id, paper.c.day, paper.c.listed, paper.c.data).where(
            sa.or_(*which), paper.c.id.not_in(sa.select(hidden.c.paper_id))
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(paper.c.id)).all()
        return [
            Candidate(row.id, row.day, row.listed, face.categories, len(face.authors))
            for row, face in ((row, _faces.decode(row.data)) for row in rows)
        ]

    def observations(self, paper_ids: Sequence[int]) -> list[Seen]:
        """Return what was counted of the papers, at any time."""
        c = observation.c
        query = sa.select(record.c.paper_id, c.record_id, c.kind, c.at, c.value).join(
            record, record.c.id == c.record_id
        )
        found: list[Seen] = []
        with reading(self._engine) as connection:
            for part in _parts(paper_ids):
                rows = connection.execute(query.where(among(record.c.paper_id, part)))
                found += [Seen(row[0], row[1], row[2], utc(row[3]), row[4]) for row in rows]
        return found

    def votes(self, paper_ids: Sequence[int]) -> list[tuple[int, int, datetime]]:
        """Return the votes for the papers: paper, account, moment."""
        found: list[tuple[int, int, datetime]] = []
        with reading(self._engine) as connection:
            for part in _parts(paper_ids):
                rows = connection.execute(sa.select(vote).where(among(vote.c.paper_id, part)))
                found += [(row.paper_id, row.account_id, utc(row.at)) for row in rows]
        return found

    def submitted(self, paper_ids: Sequence[int]) -> dict[int, datetime]:
        """Return when papers were put forward here."""
        found: dict[int, datetime] = {}
        with reading(self._engine) as connection:
            for part in _parts(paper_ids):
                rows = connection.execute(sa.select(submission).where(among(submission.c.paper_id, part)))
                found |= {row.paper_id: utc(row.at) for row in rows}
        return found

    def accounts_since(self) -> dict[int, datetime]:
        """Return when each account was made."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(account.c.id, account.c.created))
            return {row.id: utc(row.created) for row in rows}

    def nearest_days(self, start: date, end: date) -> tuple[date | None, date | None]:
        """Return the nearest days before start and after end on which papers were first known or put forward."""
        with reading(self._engine) as connection:
            earlier = [connection.scalar(sa.select(sa.func.max(c)).where(c < start)) for c in _DAYS]
            later = [connection.scalar(sa.select(sa.func.min(c)).where(c > end)) for c in _DAYS]
        return max(filter(None, earlier), default=None), min(filter(None, later), default=None)


_DAYS = (paper.c.day, paper.c.listed)


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
