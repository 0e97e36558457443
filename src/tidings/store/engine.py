"""Opening a database: the same behaviour from SQLite and PostgreSQL, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from tidings.errors import StoreError

# Any constant will do; it names the lock that makes writers queue as they do on SQLite.
_WRITER_LOCK = 0x7469_6469


def make_engine(url: str) -> sa.Engine:
    """Return an engine whose transactions are snapshots for readers; see ``writing`` for the one writer."""
    try:
        engine = sa.create_engine(url)
    except (sa.exc.ArgumentError, ImportError) as error:
        raise StoreError(f"the address of the database cannot be used: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


_PRAGMAS = (
    "busy_timeout = 60000",
    "journal_mode = wal",
    "synchronous = full",  # or a power cut could leave the index ahead of the store
    "wal_autocheckpoint = 16384",  # pages of 4 KB: a checkpoint every few batches, not at every commit
    "cache_size = -65536",
)


def _configure_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we begin ourselves: pysqlite's own begin is too late and never immediate
    for pragma in _PRAGMAS:
        connection.execute(f"pragma {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("tidings_write", False)
    connection.exec_driver_sql("begin immediate" if immediate else "begin")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A consistent view; never waits for the writer."""
    with translated(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction, one writer at a time over all processes; commits at the end or leaves no trace."""
    with translated(), engine.connect().execution_options(tidings_write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITER_LOCK)))
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into ours where a person can act on the cause."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise StoreError(_sentence(str(error.orig))) from error


_CAUSES = (
    ("readonly", "the home folder or its database is read-only"),
    ("read-only", "the home folder or its database is read-only"),
    ("disk is full", "the disk is full; what was stored before is kept"),
    ("disk I/O", "the disk refused to write; what was stored before is kept"),
    ("malformed", "the database file is damaged; restore it from a backup"),
    ("not a database", "the file is not a Tidings database"),
    ("locked", "another process has been writing for over a minute"),
    ("unable to open", "the database cannot be opened; is the home folder there and writable?"),
)


def _sentence(text: str) -> str:
    cause = next((sentence for sign, sentence in _CAUSES if sign in text), None)
    return f"{cause} ({text})" if cause else f"the database refused: {text}"


def sqlite_url(file: Path) -> str:
    """Return the address of a SQLite file."""
    return sa.URL.create("sqlite", database=str(file)).render_as_string()


def utc(value: datetime) -> datetime:
    """Return an aware time; SQLite forgets the zone, and all ours are UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)
