"""Reading the store: every method is a query or two, whatever the number of papers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from tidings.store.among import among
from tidings.store.codec import decode_paper, decode_revision, unpack_record
from tidings.store.engine import reading, utc
from tidings.store.guards import row_id
from tidings.store.progress import Progress, load
from tidings.store.tables import (
    alias,
    archive,
    change,
    fingerprint,
    holding,
    identifier,
    observation,
    paper,
    quarantine,
    record,
    revision,
)
from tidings.types import Change, Count, HeldRecord, Paper, Quarantined, Record, Revision


class StoreReader:
    """Papers, records, the change log and the quarantine, as they are now."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def papers(self, ids: Sequence[int]) -> list[Paper]:
        """Return the papers that exist, in the order asked for."""
        with reading(self.engine) as connection:
            found = load_papers(connection, ids)
        return [found[paper_id] for paper_id in ids if paper_id in found]

    def find(self, value: str) -> int | None:
        """Return the internal id behind an external id in normal form or ``paper:N``; merged papers lead on."""
        with reading(self.engine) as connection:
            if not value.startswith("paper:"):
                return connection.scalar(sa.select(identifier.c.paper_id).where(identifier.c.value == value))
            number = row_id(int(value[6:])) if value[6:].isdecimal() and len(value) < 20 else 0
            survivor = connection.scalar(sa.select(alias.c.survivor_id).where(alias.c.paper_id == number))
            return connection.scalar(sa.select(paper.c.id).where(paper.c.id == (survivor or number)))

    def sharing(self, hashes: Iterable[int]) -> dict[int, list[int]]:
        """Return the papers that have each fingerprint, oldest first."""
        query = sa.select(fingerprint.c.hash, fingerprint.c.paper_id).where(among(fingerprint.c.hash, hashes))
        found: dict[int, list[int]] = {}
        with reading(self.engine) as connection:
            for row in connection.execute(query.order_by(fingerprint.c.hash, fingerprint.c.paper_id)):
                found.setdefault(row.hash, []).append(row.paper_id)
        return found

    def records(self, paper_id: int) -> tuple[HeldRecord, ...]:
        """Return the records that a paper is made of, oldest first."""
        with reading(self.engine) as connection:
            return tuple(load_records(connection, [paper_id]))

    def revisions(self, paper_id: int) -> tuple[Revision, ...]:
        """Return what sources changed in their records of a paper, oldest first."""
        query = sa.select(revision.c.data).join(record, record.c.id == revision.c.record_id)
        query = query.where(record.c.paper_id == paper_id).order_by(revision.c.seen, revision.c.id)
        with reading(self.engine) as connection:
            return tuple(decode_revision(data) for data in connection.scalars(query))

    def observations(self, paper_id: int) -> tuple[Count, ...]:
        """Return what was counted of a paper, oldest first."""
        c = observation.c
        query = sa.select(c.kind, c.value, c.at).join(record, record.c.id == c.record_id)
        query = query.where(record.c.paper_id == paper_id).order_by(c.at, c.kind)
        with reading(self.engine) as connection:
            return tuple(Count(row.kind, row.value, utc(row.at)) for row in connection.execute(query))

    def holdings(self, source: str) -> tuple[Record, ...]:
        """Return what a private source holds."""
        query = sa.select(holding.c.data).where(holding.c.source == source).order_by(holding.c.key)
        with reading(self.engine) as connection:
            return tuple(unpack_record(data) for data in connection.scalars(query))

    def papers_after(self, paper_id: int, limit: int) -> list[Paper]:
        """Return the papers with the next ids."""
        return self._papers(sa.select(paper.c.data).where(paper.c.id > paper_id).order_by(paper.c.id).limit(limit))

    def progress(self, name: str) -> Progress:
        """Return how far a source was read, and how its last run went."""
        with reading(self.engine) as connection:
            return load(connection, name)

    def changes(self, after: int, limit: int) -> list[Change]:
        """Return the next lines of the change log, oldest first."""
        query = sa.select(change.c.position, change.c.paper_id, change.c.removed).where(change.c.position > after)
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(change.c.position).limit(limit))
            return [Change(row.position, row.paper_id, row.removed) for row in rows]

    @cached_property
    def archive_id(self) -> str:
        """A name that no other store has."""
        with reading(self.engine) as connection:
            found: str = connection.execute(sa.select(archive.c.id)).scalar_one()
            return found

    def position(self) -> int:
        """Return the position of the newest change; 0 for an empty store."""
        with reading(self.engine) as connection:
            return connection.scalar(_POSITION) or 0

    def newest(self, limit: int, before: tuple[date | None, int] | None = None) -> list[Paper]:
        """Return papers by day and id, newest first; papers without a day come last."""
        query = sa.select(paper.c.data).order_by(paper.c.day.desc().nulls_last(), paper.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(_older(*before))
        return self._papers(query)

    def on_day(self, day: date, limit: int, offset: int = 0) -> list[Paper]:
        """Return the papers first known or updated on that day: new ones first, then by id downwards."""
        query = sa.select(paper.c.data).where(sa.or_(paper.c.day == day, paper.c.updated == day))
        order = sa.case((paper.c.day == day, 0), else_=1)
        return self._papers(query.order_by(order, paper.c.id.desc()).limit(limit).offset(offset))

    def count_on_day(self, day: date) -> int:
        """Return how many papers were first known or updated on that day."""
        query = sa.select(sa.func.count()).where(sa.or_(paper.c.day == day, paper.c.updated == day))
        with reading(self.engine) as connection:
            return connection.scalar(query) or 0

    def days_around(self, day: date) -> tuple[date | None, date | None]:
        """Return the nearest earlier and later days that have papers."""
        with reading(self.engine) as connection:
            earlier = connection.scalar(sa.select(sa.func.max(paper.c.day)).where(paper.c.day < day))
            later = connection.scalar(sa.select(sa.func.min(paper.c.day)).where(paper.c.day > day))
        return earlier, later

    def counts(self) -> dict[str, Any]:
        """Return the numbers of papers, records by source and quarantined, and the first and last day."""
        by_source = sa.select(record.c.source, sa.func.count()).group_by(record.c.source).order_by(record.c.source)
        with reading(self.engine) as connection:
            return {
                "papers": connection.scalar(sa.select(sa.func.count()).select_from(paper)) or 0,
                "by_source": {row[0]: row[1] for row in connection.execute(by_source)},
                "quarantined": connection.scalar(sa.select(sa.func.count()).select_from(quarantine)) or 0,
                "quarantined_by_source": {row[0]: row[1] for row in connection.execute(_REFUSED)},
                "first_day": connection.scalar(sa.select(sa.func.min(paper.c.day))),
                "last_day": connection.scalar(sa.select(sa.func.max(paper.c.day))),
            }

    def quarantined(self, ids: Sequence[int] = (), limit: int = 1000) -> list[Quarantined]:
        """Return refusals, newest last; only those of the ids where any are given."""
        query = sa.select(quarantine).order_by(quarantine.c.id).limit(limit)
        if ids:
            query = query.where(among(quarantine.c.id, ids))
        with reading(self.engine) as connection:
            rows = connection.execute(query).all()
        return [Quarantined(r.id, r.source, r.place, r.reason, r.raw, utc(r.seen)) for r in rows]

    def _papers(self, query: sa.Select[bytes]) -> list[Paper]:
        with reading(self.engine) as connection:
            return [decode_paper(data) for data in connection.scalars(query)]


def _older(day: date | None, paper_id: int) -> sa.ColumnElement[bool]:
    if day is None:
        return sa.and_(paper.c.day.is_(None), paper.c.id < paper_id)
    same_day = sa.and_(paper.c.day == day, paper.c.id < paper_id)
    return sa.or_(paper.c.day < day, same_day, paper.c.day.is_(None))


_REFUSED = sa.select(quarantine.c.source, sa.func.count()).group_by(quarantine.c.source)

# Every page asks these, so they are built once.
_POSITION = sa.select(sa.func.max(change.c.position))
_PAPERS = sa.select(paper.c.id, paper.c.data).where(paper.c.id.in_(sa.bindparam("ids", expanding=True)))


def load_papers(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Paper]:
    """Return the papers that exist among the ids."""
    return {number: decode_paper(data) for number, data in connection.execute(_PAPERS, {"ids": list(ids)})}


def load_records(connection: sa.Connection, paper_ids: Iterable[int]) -> list[HeldRecord]:
    """Return the records of the papers, oldest first."""
    query = sa.select(record).where(among(record.c.paper_id, paper_ids)).order_by(record.c.id)
    return [
        HeldRecord(row.id, row.paper_id, unpack_record(row.data), row.reason, utc(row.seen))
        for row in connection.execute(query)
    ]
