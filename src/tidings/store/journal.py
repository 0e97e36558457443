"""The audit log: who did what to what, for ever. A line is written in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from tidings.errors import ConflictError, NotFoundError
from tidings.people import Act
from tidings.store.engine import reading, utc
from tidings.store.guards import row_id
from tidings.store.tables import account, act


class Journal:
    """Reading the audit log."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def acts(self, limit: int, before: int | None = None) -> list[Act]:
        """Return lines of the audit log, the newest first."""
        query = _ACTS.order_by(act.c.id.desc()).limit(limit)
        return self._where(query if before is None else query.where(act.c.id < row_id(before)))

    def acts_of(self, account_id: int) -> list[Act]:
        """Return what an account did, the newest first."""
        return self._where(_ACTS.where(act.c.account_id == account_id).order_by(act.c.id.desc()))

    def act(self, number: int) -> Act:
        """Return one line.

        Raises:
            NotFoundError: the log has none of that number.
        """
        found = self._where(_ACTS.where(act.c.id == row_id(number)))
        if not found:
            raise NotFoundError(f"the log has no line {number}")
        return found[0]

    def _where(self, query: sa.Select[tuple[object, ...]]) -> list[Act]:
        with reading(self._engine) as connection:
            return _acts(connection.execute(query).all())


_ACTS: sa.Select[tuple[object, ...]] = sa.select(act, account.c.name).outerjoin(
    account, account.c.id == act.c.account_id
)


def _acts(rows: Sequence[sa.Row[tuple[object, ...]]]) -> list[Act]:
    return [Act(r.id, utc(r.at), r.name, r.verb, r.subject, r.detail, r.was, r.undone) for r in rows]


def log(
    connection: sa.Connection,
    account_id: int | None,
    verb: str,
    subject: str,
    *,
    now: datetime,
    detail: str = "",
    was: str = "",
) -> int:
    """Write a line of the audit log inside a transaction; return its number."""
    values = {"at": now, "account_id": account_id, "verb": verb, "subject": subject, "detail": detail, "was": was}
    number: int = connection.execute(sa.insert(act).values(**values).returning(act.c.id)).scalar_one()
    return number


def undoable(connection: sa.Connection, number: int) -> sa.Row[tuple[object, ...]]:
    """Return a line of the audit log that was not undone yet, inside the transaction that undoes it.

    Raises:
        NotFoundError: the log has no such line.
        ConflictError: it was undone already.
    """
    done = connection.execute(sa.select(act).where(act.c.id == row_id(number))).one_or_none()
    if done is None:
        raise NotFoundError(f"the log has no line {number}")
    if done.undone is not None:
        raise ConflictError(f"line {number} was undone already, by line {done.undone}")
    return done


def mark_undone(connection: sa.Connection, number: int, by: int) -> None:
    """Remember which line undid another."""
    connection.execute(sa.update(act).where(act.c.id == number).values(undone=by))
