"""The only truth: papers, records, the change log. SQLite by default, PostgreSQL by address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from tidings.errors import StoreError
from tidings.store.accounts import Accounts
from tidings.store.crowd import Crowd
from tidings.store.editions import Editions
from tidings.store.engine import make_engine, sqlite_url, writing
from tidings.store.gates import Gates, GateState, Pass
from tidings.store.habits import Habits
from tidings.store.interests import Interests
from tidings.store.jobs import Claim, Jobs, JobState
from tidings.store.journal import Journal
from tidings.store.lessons import Lessons
from tidings.store.owners import Owners
from tidings.store.progress import Progress
from tidings.store.proofs import Proofs
from tidings.store.reader import StoreReader
from tidings.store.schema import ensure_schema
from tidings.store.shelves import Shelves
from tidings.store.subscriptions import Subscriptions
from tidings.store.tags import Tags
from tidings.store.topics import Topics
from tidings.store.trends import Trends
from tidings.store.voting import Voting
from tidings.store.writer import KnownRecord, RecordRow, StoreWriter

__all__ = [
    "Claim",
    "GateState",
    "Gates",
    "JobState",
    "Jobs",
    "KnownRecord",
    "Pass",
    "Progress",
    "RecordRow",
    "Store",
    "StoreReader",
    "StoreWriter",
    "open_store",
]

DATABASE_FILE = "tidings.db"


class Store(StoreReader):
    """A store that is open: reading anywhere, writing inside ``writer``; whose turn it is in ``gates`` and ``jobs``."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(engine)
        self.gates = Gates(engine)
        self.jobs = Jobs(engine)
        self.accounts = Accounts(engine)
        self.proofs = Proofs(engine)
        self.journal = Journal(engine)
        self.owners = Owners(engine)
        self.voting = Voting(engine)
        self.shelves = Shelves(engine)
        self.trends = Trends(engine)
        self.interests = Interests(engine)
        self.crowd = Crowd(engine)
        self.habits = Habits(engine)
        self.subscriptions = Subscriptions(engine)
        self.editions = Editions(engine)
        self.topics = Topics(engine)
        self.tags = Tags(engine)
        self.lessons = Lessons(engine)

    @contextmanager
    def writer(self, now: datetime) -> Iterator[StoreWriter]:
        """One transaction: all of it is stored, or nothing."""
        with writing(self.engine) as connection:
            yield StoreWriter(connection, now)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_store(home: Path, database_url: str | None = None) -> Store:
    """Open the store of a home folder, creating both where needed.

    Raises:
        StoreError: the folder cannot be used, or a newer version made it.
    """
    if database_url is None:
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the home folder {home} cannot be made: {error.strerror}") from error
    engine = make_engine(database_url or sqlite_url(home / DATABASE_FILE))
    try:
        ensure_schema(engine)
    except StoreError:
        engine.dispose()  # or SQLite leaves its two side files in a folder that is not ours to touch
        raise
    return Store(engine)
