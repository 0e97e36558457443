"""How far each source was read, and how its runs went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from tidings.store.engine import utc
from tidings.store.tables import source


@dataclass(frozen=True, slots=True)
class Progress:
    """What is kept of a source between runs; ``cursor`` is the source's own affair."""

    name: str
    cursor: str | None = None
    newest: date | None = None
    started: datetime | None = None
    succeeded: datetime | None = None
    failed: datetime | None = None
    failures: int = 0
    error: str | None = None
    note: str | None = None
    read: int = 0
    new: int = 0


_TIMES = ("started", "succeeded", "failed")


def load(connection: sa.Connection, name: str) -> Progress:
    """Return what is kept of a source; of one that never ran, nothing but its name."""
    row = connection.execute(sa.select(source).where(source.c.name == name)).one_or_none()
    if row is None:
        return Progress(name)
    values = dict(row._mapping)
    return Progress(**values | {key: utc(values[key]) for key in _TIMES if values[key]})


def save(connection: sa.Connection, name: str, **values: object) -> None:
    """Change what is kept of a source."""
    if not connection.execute(sa.update(source).where(source.c.name == name).values(**values)).rowcount:
        connection.execute(sa.insert(source).values(name=name, **values))
