"""Watched folders: each file once, again when it changes, and none while it is being written."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.source_cases.folder import START, put
from tests.source_help import Case, Stage, keys, records, refusals, staged
from tidings.errors import InputError, SourceError


def world(folder: Path, *watched: Path, **settings: Any) -> AbstractContextManager[Stage]:
    given = {"paths": [str(path) for path in watched], **settings}
    return staged(folder / "home", "folder", Case(settings=given, start=START))


def lines(*numbers: int) -> bytes:
    given = {"authors": ["Ada Example"], "categories": ["cs.CL"]}
    papers = ({"id": f"2603.{n:05}", "title": f"Paper {n}", **given} for n in numbers)
    return "\n".join(map(json.dumps, papers)).encode()


def titles(stage: Stage, cursor: str | None = None) -> list[str]:
    return [record.title for record in records(stage.run(cursor))]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def test_a_file_is_read_once_and_its_records_keep_their_source(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "a.jsonl", lines(1, 2))
    with world(tmp_path, inbox) as stage:
        first = stage.run()
        assert keys(first) == {("arxiv", "2603.00001"), ("arxiv", "2603.00002")}
        assert stage.run(first[-1].cursor) == []


def test_a_new_file_and_one_that_changed_are_read_and_the_others_are_not(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "a.jsonl", lines(1))
    put(inbox / "b.jsonl", lines(2))
    with world(tmp_path, inbox) as stage:
        cursor = stage.run()[-1].cursor
        put(inbox / "b.jsonl", lines(3), START - timedelta(hours=1))
        put(inbox / "deep" / "er" / "c.jsonl", lines(4))
        assert sorted(titles(stage, cursor)) == ["Paper 3", "Paper 4"]


def test_a_file_of_the_same_size_and_another_time_is_read_again(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "a.jsonl", lines(1))
    with world(tmp_path, inbox) as stage:
        cursor = stage.run()[-1].cursor
        put(inbox / "a.jsonl", lines(2), START - timedelta(seconds=1))
        assert titles(stage, cursor) == ["Paper 2"]


def test_a_file_that_is_gone_is_forgotten_and_read_when_it_comes_back(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "a.jsonl", lines(1))
    with world(tmp_path, inbox) as stage:
        cursor = stage.run()[-1].cursor
        (inbox / "a.jsonl").unlink()
        (forgetting,) = stage.run(cursor)
        assert not forgetting.items and "a.jsonl" not in forgetting.cursor
        put(inbox / "a.jsonl", lines(1))
        assert titles(stage, forgetting.cursor) == ["Paper 1"]


def test_a_file_that_was_just_written_to_waits_for_the_next_look(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "a.jsonl", lines(1), START + timedelta(seconds=58))  # two seconds before the look
    with world(tmp_path, inbox) as stage:
        assert stage.run() == []
        stage.clock.sleep(60)
        assert titles(stage) == ["Paper 1"]


def test_a_file_from_a_clock_that_is_ahead_does_not_wait_for_ever(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "a.jsonl", lines(1), START + timedelta(days=400))
    with world(tmp_path, inbox) as stage:
        assert titles(stage) == ["Paper 1"]


def test_a_file_that_grows_while_it_is_read_is_read_again(tmp_path: Path, inbox: Path) -> None:
    path = put(inbox / "a.jsonl", lines(*range(1, 2501)))
    with world(tmp_path, inbox) as stage:
        pages = stage.source().fetch(None)
        begun = next(pages)
        put(path, lines(*range(1, 2502)), START - timedelta(seconds=30))
        rest = list(pages)
        assert len(begun.items) == 2000
        assert len(titles(stage, rest[-1].cursor)) == 2501


def test_a_large_file_comes_in_batches_and_is_done_only_with_the_last(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "a.jsonl", lines(1))
    put(inbox / "b.jsonl", lines(*range(2, 4001)))
    put(inbox / "c.jsonl", lines(4001))
    with world(tmp_path, inbox) as stage:
        batches = stage.run()
        assert [len(batch.items) for batch in batches] == [2000, 2000, 1]
        assert ["a.jsonl" in batch.cursor for batch in batches] == [True] * 3
        assert ["b.jsonl" in batch.cursor for batch in batches] == [False, True, True]
        assert len(records(stage.run(batches[0].cursor))) == 4000
        assert titles(stage, batches[1].cursor) == ["Paper 4001"]


@pytest.mark.parametrize(
    "name", [".hidden.jsonl", "a.jsonl.part", "a.crdownload", "a.tmp", "a.TMP", "a.jsonl~", ".git/a.jsonl"]
)
def test_hidden_and_unfinished_files_are_passed_over(tmp_path: Path, inbox: Path, name: str) -> None:
    put(inbox / name, lines(1))
    with world(tmp_path, inbox) as stage:
        assert stage.run() == []


def test_an_empty_file_waits_until_something_is_in_it(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "a.jsonl", b"")
    with world(tmp_path, inbox) as stage:
        assert stage.run() == []


def test_a_file_that_nobody_understands_is_refused_once(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "holiday.jpg", b"\xff\xd8\xff\xe0 no papers")
    put(inbox / "a.jsonl", lines(1))
    with world(tmp_path, inbox) as stage:
        first = stage.run()
        (refused,) = refusals(first)
        assert refused.source == "folder" and refused.where == str(inbox / "holiday.jpg")
        assert "nothing in it can be understood" in refused.reason
        assert len(records(first)) == 1
        assert stage.run(first[-1].cursor) == []


def test_links_are_followed_and_each_folder_is_entered_once(tmp_path: Path, inbox: Path) -> None:
    put(tmp_path / "elsewhere" / "a.jsonl", lines(1))
    (inbox / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(inbox)
    (inbox / "self").symlink_to(inbox)
    (inbox / "nowhere").symlink_to(tmp_path / "nothing")
    with world(tmp_path, inbox, inbox) as stage:
        assert titles(stage) == ["Paper 1"]


def test_a_pipe_is_no_file(tmp_path: Path, inbox: Path) -> None:
    os.mkfifo(inbox / "pipe.jsonl")
    with world(tmp_path, inbox) as stage:
        assert stage.run() == []


def test_a_name_that_is_no_text_is_read_and_remembered(tmp_path: Path, inbox: Path) -> None:
    put(Path(os.fsdecode(bytes(inbox) + b"/caf\xe9.jsonl")), lines(1))
    with world(tmp_path, inbox) as stage:
        first = stage.run()
        assert len(records(first)) == 1
        assert first[-1].cursor.encode().decode() == first[-1].cursor
        assert stage.run(first[-1].cursor) == []


def test_a_folder_that_is_not_there_is_said_and_its_files_are_not_forgotten(tmp_path: Path, inbox: Path) -> None:
    drive = tmp_path / "drive"
    put(drive / "a.jsonl", lines(1))
    put(inbox / "b.jsonl", lines(2))
    with world(tmp_path, drive, inbox) as stage:
        cursor = stage.run()[-1].cursor
        drive.rename(tmp_path / "away")
        (batch,) = stage.run(cursor)
        assert batch.note == f"no such folder: {drive}"
        (tmp_path / "away").rename(drive)
        assert stage.run(batch.cursor) == []


def test_where_no_folder_is_there_it_is_an_error(tmp_path: Path) -> None:
    with world(tmp_path, tmp_path / "nowhere") as stage, pytest.raises(SourceError, match="no such folder"):
        stage.run()


def test_a_source_without_folders_names_the_setting(tmp_path: Path) -> None:
    with world(tmp_path) as stage, pytest.raises(InputError, match="TIDINGS_FOLDER_PATHS"):
        stage.source()


def test_going_back_reads_the_files_that_were_written_since(tmp_path: Path, inbox: Path) -> None:
    put(inbox / "old.jsonl", lines(1), START - timedelta(days=10))
    put(inbox / "new.jsonl", lines(2), START - timedelta(days=1))
    with world(tmp_path, inbox) as stage:
        cursor = stage.run()[-1].cursor
        assert titles(stage, stage.source().rewind(cursor, date(2026, 3, 1))) == ["Paper 2"]
