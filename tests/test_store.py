"""The store: the same on both databases, upgraded safely, readable while it is written."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import tidings.store
from tests.test_merge import PREPRINT
from tests.test_sync import NOW, take
from tidings.errors import StoreError
from tidings.merge import fold
from tidings.store import Store, open_store, schema
from tidings.store.tables import metadata, paper
from tidings.types import Paper, Record


def listed(number: int, day: date | None, updated: date | None = None) -> Record:
    return Record("arxiv", f"{number}", f"Paper number {number}", announced=day, updated=updated)


def test_migrations_make_the_tables_that_the_program_uses(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_migration_is_the_one_the_program_expects() -> None:
    scripts = ScriptDirectory(str(Path(tidings.store.__file__).parent / "migrations"))
    assert scripts.get_current_head() == schema.HEAD
    assert {revision.revision for revision in scripts.walk_revisions()} == schema.KNOWN


def test_a_store_made_by_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="newer version"):
        open_store(tmp_path)


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "tidings.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(StoreError, match="not a Tidings database"):
        open_store(tmp_path)


def test_a_home_that_is_a_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(tmp_path / "home")


def test_a_full_disk_keeps_what_was_stored(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    take(store, PREPRINT)
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar()
    store.close()
    store = open_store(tmp_path)
    sa.event.listen(store.engine, "connect", lambda c, _: c.execute(f"pragma max_page_count = {pages}"))
    store.engine.dispose()
    with pytest.raises(StoreError, match="disk is full"):
        take(store, Record("acl", "x", "A long one", abstract=os.urandom(200_000).hex()))
    assert [p.key for p in store.papers([1, 2])] == ["arxiv:2106.09685"]
    store.close()


def test_readers_are_not_blocked_by_the_writer(store: Store) -> None:
    take(store, PREPRINT)
    seen: list[Paper] = []
    with store.writer(NOW) as writer:
        writer.write_papers([fold(2, [listed(2, None)])])
        reader = Thread(target=lambda: seen.extend(store.papers([1, 2])))
        reader.start()
        reader.join(timeout=20)
        assert [p.id for p in seen] == [1]
    assert [p.id for p in store.papers([1, 2])] == [1, 2]


def test_two_writers_take_turns(tmp_path: Path) -> None:
    stores = [open_store(tmp_path) for _ in range(2)]

    def write(store: Store, first: int) -> None:
        for number in range(first, first + 20):
            take(store, listed(number, None))

    threads = [Thread(target=write, args=(store, 1000 * turn)) for turn, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].counts()["papers"] == stores[0].position() == 40
    for store in stores:
        store.close()


def test_newest_goes_by_day_then_id_and_pages_without_gaps(store: Store) -> None:
    days = [date(2025, 3, 20), None, date(2025, 3, 21), date(2025, 3, 20), None]
    take(store, *(listed(number, day) for number, day in enumerate(days)))
    whole = [p.id for p in store.newest(10)]
    assert whole == [3, 4, 1, 5, 2]
    paged: list[int] = []
    before = None
    while page := store.newest(2, before):
        paged += [p.id for p in page]
        before = (page[-1].date, page[-1].id)
    assert paged == whole


def test_a_day_has_its_new_papers_first_then_the_updated(store: Store) -> None:
    day, earlier = date(2025, 3, 20), date(2025, 3, 18)
    take(store, listed(1, earlier, updated=day), listed(2, day), listed(3, date(2025, 3, 24)))
    assert [p.id for p in store.on_day(day, 10)] == [2, 1]
    assert store.count_on_day(day) == 2
    assert store.days_around(day) == (earlier, date(2025, 3, 24))


def test_the_change_log_yields_every_paper_once(store: Store) -> None:
    take(store, listed(1, None), listed(2, None))
    take(store, Record("arxiv", "1", "Paper number 1, corrected"))
    assert [(c.position, c.paper_id) for c in store.changes(0, 10)] == [(2, 2), (3, 1)]
    assert [c.paper_id for c in store.changes(2, 10)] == [1]


def test_an_unknown_id_finds_nothing(store: Store) -> None:
    take(store, PREPRINT)
    assert store.find("paper:1") == 1
    for value in ("arxiv:1", "paper:2", "paper:", "paper:x", "paper:-1", "paper:" + "9" * 100):
        assert store.find(value) is None


def test_papers_are_json_that_a_person_can_read(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    take(store, PREPRINT)
    store.close()
    row = sqlite3.connect(tmp_path / "tidings.db").execute(
        f"select json_extract({paper.c.data.name}, '$.title') from paper"
    )
    assert row.fetchone() == (PREPRINT.title,)


def test_times_come_back_aware(store: Store) -> None:
    take(store, PREPRINT)
    assert store.records(1)[0].seen == NOW == datetime(2026, 11, 21, tzinfo=UTC)
