"""People, papers that can be merged, and ways to look at all that is kept: for the tests of accounts and votes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread
from typing import TypeVar

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from tests.scripted import START, Clock
from tests.test_sync import take
from tidings import credentials
from tidings.catalog import Catalog
from tidings.errors import TidingsError
from tidings.people import Account, Reader, Role, Standing
from tidings.settings import Settings
from tidings.store import Store
from tidings.store.tables import metadata
from tidings.types import Record

T = TypeVar("T")

# Ids of different kinds never contradict each other, so any of these papers can turn out to be one with any other.
IDS = ("arxiv:2603.{:05}", "doi:10.1000/{}", "openreview:forum{:05}", "acl:2026.acl-long.{}")


class QuickHasher(PasswordHasher):
    """Argon2 with the least work: for tests that are not about how slow it is."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def quick_hashing(hasher: Callable[[], PasswordHasher] = QuickHasher) -> Iterator[None]:
    """Hash passwords by another hasher meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "_hasher", hasher)
        credentials._nobodys.cache_clear()
        yield
    credentials._nobodys.cache_clear()


def paper_id(kind: int, number: int = 1) -> str:
    """Return the external id of one of the papers: kinds 0 to 3."""
    return IDS[kind].format(number)


def record(kind: int, number: int = 1) -> Record:
    """Return the record of one of the papers."""
    source, words = ("arxiv", "crossref", "openreview", "acl")[kind], ("Zebras", "Comets", "Glaciers", "Violins")[kind]
    return Record(source, f"{kind}-{number}", f"{words} of year {number}", ids=(paper_id(kind, number),))


def bridge(kinds: Iterable[int], number: int = 1) -> Record:
    """Return a record that says that papers of these kinds are one."""
    ids = tuple(paper_id(kind, number) for kind in kinds)
    return Record("folder", "+".join(ids), f"One paper under {len(ids)} names {number}", ids=ids)


def papers(store: Store, *kinds: int, number: int = 1) -> list[int]:
    """Put papers into the store; return their internal ids."""
    take(store, *(record(kind, number) for kind in kinds))
    found = [store.find(paper_id(kind, number)) for kind in kinds]
    return [number for number in found if number is not None]


def merge(store: Store, *kinds: int, number: int = 1) -> int:
    """Make papers one; return the internal id of the one that lives on."""
    take(store, bridge(kinds, number))
    found = store.find(paper_id(kinds[0], number))
    assert found is not None
    return found


def standing(store: Store, paper: int, account_id: int | None = None) -> Standing:
    return store.voting.standings([paper], account_id)[paper]


def open_catalog(store: Store, home: Path, clock: Clock, **settings: object) -> Catalog:
    return Catalog(store, Settings(home=home, **settings), clock=clock, sleep=clock.sleep)


def account(store: Store, name: str, role: Role = Role.READER) -> Account:
    return store.accounts.add(name, f"{name.lower()}@lab.example", role, START)


def member(catalog: Catalog, name: str, role: Role = Role.READER) -> Reader:
    """Make an account and sign in."""
    catalog.add_account(f"{name.lower()}@lab.example", name, role)
    return signed_in(catalog, name)


def signed_in(catalog: Catalog, name: str, label: str = "Firefox") -> Reader:
    reader = catalog.reader_of_session(session_of(catalog, name, label))
    assert reader is not None
    return reader


def session_of(catalog: Catalog, name: str, label: str = "Firefox") -> str:
    """Sign in by a link; return the secret of the session."""
    return catalog.sign_in(catalog.sign_in_letter(f"{name.lower()}@lab.example").secret, label)


def program(catalog: Catalog, reader: Reader, *scopes: str) -> Reader:
    token = catalog.make_token(reader, "script", scopes)
    return catalog.reader_of_address(token) if scopes == ("feeds",) else catalog.reader_of_token(token)


def tables_naming_accounts() -> list[sa.Table]:
    return [table for table in metadata.sorted_tables if "account_id" in table.c]


def rows_of(store: Store, account_id: int) -> dict[str, int]:
    """Return how many rows of each table name an account."""
    with store.engine.connect() as connection:
        return {
            table.name: connection.scalar(
                sa.select(sa.func.count()).select_from(table).where(table.c.account_id == account_id)
            )
            or 0
            for table in tables_naming_accounts()
        }


def everything(store: Store) -> str:
    """Return all that the database holds, as text."""
    with store.engine.connect() as connection:
        return "\n".join(
            f"{table.name} {tuple(row)}"
            for table in metadata.sorted_tables
            for row in connection.execute(table.select())
        )


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """Yield the list of statements that the store gets meanwhile."""
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(store.engine, "before_cursor_execute", note)


def at_once(tasks: Sequence[Callable[[], T]]) -> list[T | TidingsError]:
    """Run tasks in threads that begin together; return what each returned, or the error of ours that it raised."""
    start, answers = Barrier(len(tasks)), dict[int, "T | TidingsError"]()

    def run(place: int, task: Callable[[], T]) -> None:
        start.wait()
        try:
            answers[place] = task()
        except TidingsError as error:
            answers[place] = error

    threads = [Thread(target=run, args=each) for each in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[place] for place in range(len(tasks))]
