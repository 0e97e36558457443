"""A run of a source: pages in order, each whole or not at all, whatever breaks and wherever."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.scripted import START, Clock, Scripted
from tests.test_merge import PREPRINT, PROCEEDINGS
from tidings.errors import BusyError, FetchError, PausedError, SourceError
from tidings.store import Store, open_store
from tidings.store.tables import change, metadata
from tidings.sync import Tally, run
from tidings.sync.run import next_run
from tidings.types import Count, Record, Refusal, Version


def listed(number: int, **fields: Any) -> Record:
    title = f"On the {number}th question about questions, and some answers"
    return Record("arxiv", f"2603.{number:05}", title, ids=(f"arxiv:2603.{number:05}",), **fields)


def voted(number: int, votes: int, hour: int) -> Record:
    counts = (Count("upvotes", votes, datetime(2026, 3, 1, hour, tzinfo=UTC)),)
    return replace(listed(number), source="huggingface", counts=counts)


REVISED = replace(
    PREPRINT, title="LoRA, revised", versions=(Version(1, date(2021, 6, 17)), Version(2, date(2021, 10, 16)))
)
BAD = Refusal("arxiv", "entry 3", "no title", b"<entry/>")
# New papers, a duplicate, a merge across sources, a revision, counts twice, a refusal.
PAGES = (
    (listed(1), listed(2), PREPRINT),
    (listed(2), listed(3), BAD, voted(1, 4, 9)),
    (PROCEEDINGS, REVISED, voted(1, 9, 12), voted(2, 1, 12)),
    (listed(4), listed(1, comment="Accepted"), BAD),
)


def go(store: Store, source: Scripted, clock: Clock | None = None) -> Tally:
    tally = Tally()
    for _ in run(store, source, None, clock or Clock(), tally):
        pass
    return tally


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table. Positions of the change log may have gaps; their order is what matters."""
    with store.engine.connect() as connection:
        tables = {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
            if table.name not in ("archive", "job", "gate", "change", "source")
        }
        tables["change"] = [
            tuple(row)
            for row in connection.execute(sa.select(change.c.paper_id, change.c.removed).order_by(change.c.position))
        ]
        tables["source"] = [("cursor", store.progress("arxiv").cursor, store.progress("arxiv").newest)]
    return tables


def test_a_run_stores_every_page_and_where_to_go_on(store: Store) -> None:
    tally = go(store, Scripted(PAGES))
    assert (tally.read, tally.new, tally.merged, tally.updated, tally.unchanged) == (14, 5, 3, 2, 2)
    assert tally.quarantined == 2
    assert store.counts()["papers"] == 5
    progress = store.progress("arxiv")
    assert (progress.cursor, progress.newest, progress.note) == ("4", date(2026, 3, 4), "page 4")
    assert (progress.succeeded, progress.error, progress.read, progress.new) == (START, None, 14, 5)


def test_a_second_run_goes_on_from_the_cursor(store: Store) -> None:
    go(store, Scripted(PAGES[:2]))
    assert go(store, Scripted(PAGES)).read == 7
    assert go(store, Scripted(PAGES)).read == 0


def test_a_failure_keeps_what_came_before_and_says_so(store: Store) -> None:
    clock = Clock()
    with pytest.raises(SourceError):
        go(store, Scripted([PAGES[0], SourceError("the answer was a picture")]), clock)
    progress = store.progress("arxiv")
    assert (progress.cursor, progress.error, progress.failures) == ("1", "the answer was a picture", 1)
    assert store.counts()["papers"] == 3
    go(store, Scripted(PAGES), clock)
    progress = store.progress("arxiv")
    assert (progress.cursor, progress.error, progress.failures, progress.failed) == ("4", None, 0, START)


def test_votes_are_observations_and_the_newest_stands_on_the_paper(store: Store) -> None:
    go(store, Scripted(PAGES))
    first = store.find("arxiv:2603.00001")
    assert first is not None
    assert [(count.value, count.at and count.at.hour) for count in store.observations(first)] == [(4, 9), (9, 12)]
    assert store.papers([first])[0].count("upvotes") == 9


def test_an_observation_is_no_change_of_the_paper_but_of_its_count(store: Store) -> None:
    go(store, Scripted([(voted(1, 4, 9),), (voted(1, 5, 10),)], name="huggingface"))
    tally = go(
        store, Scripted([(voted(1, 4, 9),), (voted(1, 5, 10),), (voted(1, 5, 11), voted(1, 2, 3))], name="huggingface")
    )
    assert (tally.unchanged, tally.updated) == (2, 0)
    assert [count.value for count in store.observations(1)] == [2, 4, 5, 5]
    assert store.papers([1])[0].count("upvotes") == 5
    with store.engine.connect() as connection:
        assert connection.scalar(sa.text("select earlier from record")) is None


def test_a_new_version_is_recorded_field_by_field(store: Store) -> None:
    go(store, Scripted([(PREPRINT,), (REVISED,)]))
    (revision,) = store.revisions(1)
    assert (revision.source, revision.version, revision.seen) == ("arxiv", 2, START)
    (changed,) = revision.changes
    assert (changed.field, changed.before, changed.after) == ("title", PREPRINT.title, "LoRA, revised")
    assert store.papers([1])[0].title == "LoRA, revised"


def test_a_private_source_enters_no_archive(store: Store) -> None:
    held = [replace(listed(n), source="zotero") for n in (1, 2)]
    go(store, Scripted([held], name="zotero", private=True))
    assert store.counts()["papers"] == 0
    assert {record.key for record in store.holdings("zotero")} == {"2603.00001", "2603.00002"}


def test_a_pause_is_no_failure_and_the_next_run_goes_on(store: Store) -> None:
    later = START + timedelta(minutes=30)
    pause = PausedError("api.example is to be left alone until 06:30 UTC", retry_at=later)
    with pytest.raises(PausedError):
        go(store, Scripted([PAGES[0], pause]))
    progress = store.progress("arxiv")
    assert (progress.error, progress.failures, progress.failed) == (None, 0, None)
    assert progress.note is not None and "06:30" in progress.note
    assert next_run(Scripted([]), progress, START, pause) == later
    go(store, Scripted(PAGES))
    assert store.progress("arxiv").cursor == "4"


# --- whose turn it is ---


def test_a_job_is_done_by_one_at_a_time(store: Store) -> None:
    store.jobs.ensure(["sync arxiv", "sync acl"], START)
    first = store.jobs.claim_due(["sync arxiv", "sync acl"], START)
    second = store.jobs.claim_due(["sync arxiv", "sync acl"], START)
    assert {first and first.name, second and second.name} == {"sync arxiv", "sync acl"}
    assert store.jobs.claim_due(["sync arxiv", "sync acl"], START) is None
    with pytest.raises(BusyError):
        store.jobs.claim("sync arxiv", START)


def test_a_job_that_is_given_back_is_due_when_it_says(store: Store) -> None:
    store.jobs.ensure(["sync arxiv"], START)
    claim = store.jobs.claim("sync arxiv", START)
    store.jobs.release(claim, START + timedelta(hours=1))
    assert store.jobs.claim_due(["sync arxiv"], START + timedelta(minutes=59)) is None
    assert store.jobs.claim_due(["sync arxiv"], START + timedelta(hours=1)) is not None


def test_only_the_jobs_that_are_asked_for_are_taken(store: Store) -> None:
    store.jobs.ensure(["sync arxiv"], START)
    assert store.jobs.claim_due([], START) is None
    assert store.jobs.claim_due(["sync acl"], START) is None


def test_a_worker_that_came_back_from_the_dead_writes_nothing(store: Store) -> None:
    """Its lease ended, another took over: its next page must not be stored."""
    store.jobs.ensure(["sync arxiv"], START)
    clock, tally = Clock(), Tally()
    slow = run(store, Scripted(PAGES), store.jobs.claim("sync arxiv", START), clock, tally)
    next(slow)
    clock.sleep(3600)
    heir = store.jobs.claim_due(["sync arxiv"], clock())
    assert heir is not None
    with pytest.raises(BusyError):
        next(slow)
    assert store.progress("arxiv").cursor == "1"
    for _ in run(store, Scripted(PAGES), heir, clock, Tally()):
        pass
    assert store.progress("arxiv").cursor == "4"


def test_each_page_takes_the_time_anew(store: Store) -> None:
    store.jobs.ensure(["sync arxiv"], START)
    clock = Clock()
    claim = store.jobs.claim("sync arxiv", START)
    for _ in run(store, Scripted(PAGES), claim, clock, Tally()):
        clock.sleep(600)
        assert store.jobs.claim_due(["sync arxiv"], clock()) is None


def test_failures_are_retried_ever_more_seldom_and_when_the_host_says() -> None:
    source, now = Scripted([]), START

    class At:
        def __init__(self, failures: int) -> None:
            self.failures = failures

    def wait(failures: int, error: SourceError | None) -> timedelta:
        return next_run(source, At(failures), now, error) - now  # type: ignore[arg-type]

    error = SourceError("no")
    assert [wait(n, error) for n in (1, 2, 3)] == [timedelta(minutes=m) for m in (5, 10, 20)]
    assert wait(1000, error) == timedelta(hours=6)
    assert wait(1, FetchError("no", retry_at=now + timedelta(days=1))) == timedelta(days=1)
    assert wait(0, None) == timedelta(hours=1)


# --- broken anywhere ---


class BrokenError(Exception):
    """What a disk or a power cut does, between two statements."""


@contextmanager
def failing_at(store: Store, number: int, fail: Callable[[], None]) -> Iterator[list[int]]:
    """Call ``fail`` instead of the statement or commit of that number; the list counts them."""
    seen = [0]

    def count(*_: object) -> None:
        seen[0] += 1
        if seen[0] == number:
            fail()

    listeners = [("before_cursor_execute", count), ("commit", count)]
    for name, listener in listeners:
        event.listen(store.engine, name, listener)
    try:
        yield seen
    finally:
        for name, listener in listeners:
            event.remove(store.engine, name, listener)


def break_here() -> None:
    raise BrokenError


def die_here() -> None:
    os._exit(9)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[tuple[object, ...]]], int]:
    """What an undisturbed run leaves, and how many statements and commits it takes."""
    store = open_store(tmp_path_factory.mktemp("whole"))
    with failing_at(store, -1, break_here) as seen:
        go(store, Scripted(PAGES))
    return contents(store), seen[0]


def test_a_failure_between_any_two_statements_loses_nothing_and_repeats_nothing(
    tmp_path: Path, whole: tuple[dict[str, list[tuple[object, ...]]], int]
) -> None:
    expected, statements = whole
    assert statements > 60
    open_store(tmp_path / "empty").close()
    for number in range(1, statements + 1):
        shutil.copytree(tmp_path / "empty", tmp_path / str(number))
        store = open_store(tmp_path / str(number))
        with failing_at(store, number, break_here), suppress(BrokenError):
            go(store, Scripted(PAGES))
        go(store, Scripted(PAGES))
        assert contents(store) == expected, f"broken at statement {number}"
        store.close()


def _die(home: Path, number: int) -> None:
    store = open_store(home)
    with failing_at(store, number, die_here):
        go(store, Scripted(PAGES))


@pytest.mark.parametrize("part", [0.1, 0.35, 0.6, 0.95])
def test_a_kill_loses_nothing_and_repeats_nothing(
    tmp_path: Path, whole: tuple[dict[str, list[tuple[object, ...]]], int], part: float
) -> None:
    expected, statements = whole
    process = multiprocessing.get_context("spawn").Process(target=_die, args=(tmp_path, int(part * statements)))
    process.start()
    process.join()
    assert process.exitcode == 9
    store = open_store(tmp_path)
    go(store, Scripted(PAGES))
    assert contents(store) == expected
    store.close()
