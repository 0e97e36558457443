"""The laws of every source. A new one needs a module in ``source_cases`` and nothing here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest

from tests.source_help import Case, Stage, keys, records, refusals, staged
from tidings import identifiers
from tidings.errors import FetchError
from tidings.renew import undated
from tidings.sources import NAMES, Batch
from tidings.types import Record

Staging = Callable[..., AbstractContextManager[Stage]]


@pytest.fixture(params=NAMES)
def staging(request: pytest.FixtureRequest, tmp_path: Path) -> Staging:
    """Sets up each source in turn in front of its world."""
    name = cast("str", request.param)
    if find_spec(f"tidings.sources.{name}") is None:
        pytest.skip(f"the source {name} is not written yet")
    if find_spec(f"tests.source_cases.{name}") is None:
        pytest.fail(f"the source {name} has no world to be tested in: write tests/source_cases/{name}.py")
    build = cast("Callable[..., Case]", import_module(f"tests.source_cases.{name}").build)

    @contextmanager
    def set_up(*, damaged: bool = False) -> Iterator[Stage]:
        folder = tmp_path / ("damaged" if damaged else "good")
        world = folder / "world"
        world.mkdir(parents=True)
        with staged(folder, name, build(world, damaged=damaged)) as stage:
            yield stage

    return set_up


def test_a_source_says_who_it_is_and_at_which_gate_it_waits(staging: Staging) -> None:
    with staging() as stage:
        source = stage.source()
    assert source.name == stage.name
    assert source.limit.gate and source.limit.interval >= 0
    assert source.private is (stage.name == "zotero")


def test_a_run_brings_records_of_the_source_with_ids_in_normal_form(staging: Staging) -> None:
    with staging() as stage:
        brought = records(stage.run())
    assert brought
    assert stage.case.foreign or {record.source for record in brought} == {stage.name}
    assert all(record.key and record.title for record in brought)
    assert all(identifiers.parse(value) == value for record in brought for value in record.ids)


def test_every_cursor_is_text_that_survives_being_stored(staging: Staging) -> None:
    with staging() as stage:
        cursors = [batch.cursor for batch in stage.run()]
    assert cursors
    for cursor in cursors:
        assert isinstance(cursor, str)
        assert json.loads(json.dumps(cursor)) == cursor.encode().decode() == cursor
        assert "\0" not in cursor  # PostgreSQL takes none


def test_a_second_run_brings_nothing_new_and_asks_little(staging: Staging) -> None:
    with staging() as stage:
        first = stage.run()
        asked = len(stage.asked)
        second = stage.run(first[-1].cursor)
    assert _told(second) <= _told(first)
    assert len(stage.asked) - asked <= stage.case.quiet


def test_a_run_that_is_stopped_after_any_page_goes_on_and_misses_nothing(staging: Staging) -> None:
    with staging() as stage:
        whole = stage.run()
        for pages in range(1, len(whole) + 1):
            begun = stage.run(pages=pages)
            assert keys(begun + stage.run(begun[-1].cursor)) == keys(whole)


def test_a_run_that_is_stopped_after_every_page_reaches_its_end(staging: Staging) -> None:
    with staging() as stage:
        whole = stage.run()
        pieces: list[Batch] = []
        for _ in range(2 * len(whole)):
            pieces += stage.run(pieces[-1].cursor if pieces else None, pages=1)
    assert keys(pieces) == keys(whole)


def test_a_damaged_record_is_one_refusal_and_the_others_are_kept(staging: Staging) -> None:
    with staging() as stage:
        good = keys(stage.run())
    with staging(damaged=True) as stage:
        batches = stage.run()
    (refused,) = refusals(batches)
    assert refused.reason and refused.where
    assert len(good - keys(batches)) == 1 and keys(batches) < good


def test_a_host_that_is_down_is_an_error_and_what_came_before_stands(staging: Staging) -> None:
    with staging() as stage:
        whole = stage.run()
        if not stage.asked:
            pytest.skip(f"the source {stage.name} asks nobody")
        for number in range(len(stage.asked)):
            begun: list[Batch] = []
            stage.asked.clear()
            stage.fails_from = number
            with pytest.raises(FetchError) as caught:
                for batch in stage.source().fetch(None):
                    begun.append(batch)
            assert caught.value.status == 503 and str(caught.value)
            stage.fails_from = None
            assert keys(begun + stage.run(begun[-1].cursor if begun else None)) == keys(whole)


def test_a_source_is_due_again_in_the_future(staging: Staging) -> None:
    with staging() as stage:
        source = stage.source()
    for hours in range(0, 24 * 8, 5):
        now: datetime = stage.case.start + timedelta(hours=hours)
        assert source.due(now) > now


def test_what_is_held_is_not_behind(staging: Staging) -> None:
    with staging() as stage:
        newest = [batch.newest for batch in stage.run() if batch.newest]
        behind = stage.source().behind(max(newest, default=None), stage.clock())
    assert behind == 0 or not newest


def test_a_cursor_that_is_put_back_reads_again(staging: Staging) -> None:
    with staging() as stage:
        whole = stage.run()
        for cursor in (whole[-1].cursor, None):
            back = stage.source().rewind(cursor, stage.case.since)
            assert isinstance(back, str)
            again = stage.run(back)
            assert keys(again) <= keys(whole)
            assert keys(stage.run(again[-1].cursor if again else back)) <= keys(whole)


def test_no_request_comes_sooner_than_the_gate_allows_and_none_goes_elsewhere(staging: Staging) -> None:
    with staging() as stage:
        batches = stage.run()
        stage.run(batches[-1].cursor)
        interval = timedelta(seconds=stage.source().limit.interval)
    times = [asked.at for asked in stage.asked]
    assert all(after - before >= interval for before, after in pairwise(times))
    assert {asked.request.url.host for asked in stage.asked} <= stage.case.hosts
    assert all(asked.request.headers["user-agent"] == "Tidings/test" for asked in stage.asked)


def _told(batches: list[Batch]) -> set[tuple[str, Record]]:
    """Return what the records say apart from counts, which are observations and new each time."""
    return {(record.key, replace(undated(record), counts=())) for record in records(batches)}
