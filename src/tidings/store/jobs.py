"""Due work, claimed by one update: any number of processes may look, and one of them gets it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from tidings.errors import BusyError
from tidings.store.among import among
from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.tables import job

# Longer than the longest stretch of work between two pages; each page takes the time anew.
LEASE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a job until the lease ends."""

    name: str
    holder: str


@dataclass(frozen=True, slots=True)
class JobState:
    """When a job is due, and until when somebody does it."""

    next_run_at: datetime
    locked_until: datetime | None


class Jobs:
    """The jobs of an installation."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def ensure(self, names: Iterable[str], due: datetime) -> None:
        """Make the jobs that do not exist yet, due then."""
        rows = [{"name": name, "next_run_at": due} for name in names]
        if rows and self.states().keys() < {row["name"] for row in rows} | self.states().keys():
            with writing(self._engine) as connection:
                statement = insert_of(connection.dialect.name)(job)
                connection.execute(statement.on_conflict_do_nothing(index_elements=["name"]), rows)

    def claim_due(self, names: Iterable[str], now: datetime) -> Claim | None:
        """Take the job that has been due longest among these, if any is; one process gets it."""
        due = sa.and_(among(job.c.name, names), job.c.next_run_at <= now, _free(now))
        first = sa.select(job.c.name).where(due).order_by(job.c.next_run_at, job.c.name).limit(1).scalar_subquery()
        return self._take(sa.and_(job.c.name == first, _free(now)), now)

    def claim(self, name: str, now: datetime) -> Claim:
        """Take a job whether it is due or not.

        Raises:
            BusyError: another process is doing it.
        """
        claim = self._take(sa.and_(job.c.name == name, _free(now)), now)
        if claim is None:
            raise BusyError(f"another process is doing this now ({name}); it will be done when that one ends")
        return claim

    def _take(self, which: sa.ColumnElement[bool], now: datetime) -> Claim | None:
        holder = uuid4().hex
        update = sa.update(job).where(which).values(locked_until=now + LEASE, holder=holder).returning(job.c.name)
        with writing(self._engine) as connection:
            name = connection.scalar(update)
        return Claim(name, holder) if name is not None else None

    def release(self, claim: Claim, next_run_at: datetime) -> None:
        """Give the job back, due then. Does nothing when somebody else has it by now."""
        mine = sa.and_(job.c.name == claim.name, job.c.holder == claim.holder)
        values = {"next_run_at": next_run_at, "locked_until": None, "holder": None}
        with writing(self._engine) as connection:
            connection.execute(sa.update(job).where(mine).values(**values))

    def hasten(self, name: str, due: datetime) -> None:
        """Make a job due at that time at the latest."""
        later = sa.and_(job.c.name == name, job.c.next_run_at > due)
        with writing(self._engine) as connection:
            connection.execute(sa.update(job).where(later).values(next_run_at=due))

    def states(self) -> dict[str, JobState]:
        """Return all jobs."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(job)).all()
        return {r.name: JobState(utc(r.next_run_at), utc(r.locked_until) if r.locked_until else None) for r in rows}


def hold(connection: sa.Connection, claim: Claim, now: datetime) -> None:
    """Take the time of a claim anew, inside the transaction that its work is stored in.

    Raises:
        BusyError: its time ran out and another process has the job; the transaction must not be stored.
    """
    mine = sa.and_(job.c.name == claim.name, job.c.holder == claim.holder)
    if not connection.execute(sa.update(job).where(mine).values(locked_until=now + LEASE)).rowcount:
        raise BusyError(f"another process took this work over ({claim.name})")


def _free(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(job.c.locked_until.is_(None), job.c.locked_until < now)
