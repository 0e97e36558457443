"""The ACL Anthology: a checkout of which only changed files are read, an archive that is fetched when it changed."""

from __future__ import annotations

import lzma
import os
import tarfile
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.source_cases.acl import COLLECTIONS, Archive, archive, collections
from tests.source_help import Case, Stage, at, keys, nobody, records, refusals, staged
from tidings.errors import SourceError

START = at(2026, 3, 5, 18)
ALL = {"2023.example-1.1", "2023.example-1.2", "2024.example-1.1", "2024.example-1.2", "W19-5001"}


def world(folder: Path, answer: Any, **settings: Any) -> AbstractContextManager[Stage]:
    return staged(folder, "acl", Case(settings=settings, start=START, answer=answer))


def ids(batches: list[Any]) -> set[str]:
    return {key for _, key in keys(batches)}


def big(papers: int) -> bytes:
    """Return a collection of that many papers."""
    inside = "".join(f'<paper id="{n}"><title>Paper {n}</title></paper>' for n in range(1, papers + 1))
    meta = "<meta><booktitle>Large</booktitle><year>2025</year></meta>"
    return f'<collection id="2025.large"><volume id="1">{meta}{inside}</volume></collection>'.encode()


# --- a checkout ---


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "anthology" / "data" / "xml"
    folder.mkdir(parents=True)
    for name, data in collections().items():
        (folder / name).write_bytes(data)
    (folder / "schema.rnc").write_text("not XML")
    return tmp_path / "anthology"


def test_a_checkout_is_read_file_by_file_and_asks_nobody(tmp_path: Path, checkout: Path) -> None:
    with world(tmp_path, nobody, place=str(checkout)) as stage:
        (batch,) = stage.run()
    assert ids([batch]) == ALL
    (first,) = (record for record in records([batch]) if record.key == "2023.example-1.1")
    assert (first.title, first.venue) == ("Reading XML in $O(n)$", "EXAMPLE 2023")


def test_only_files_that_changed_are_read_again(tmp_path: Path, checkout: Path) -> None:
    with world(tmp_path, nobody, place=str(checkout)) as stage:
        cursor = stage.run()[-1].cursor
        assert stage.run(cursor) == []
        changed = checkout / "data" / "xml" / "W19.xml"
        changed.write_bytes(changed.read_bytes().replace(b"Old Style", b"Another Style"))
        assert ids(stage.run(cursor)) == {"W19-5001"}


def test_a_file_that_went_away_and_came_back_is_read_again(tmp_path: Path, checkout: Path) -> None:
    file = checkout / "data" / "xml" / "W19.xml"
    with world(tmp_path, nobody, place=str(checkout)) as stage:
        first = stage.run()
        data, status = file.read_bytes(), file.stat()
        file.unlink()
        gone = stage.run(first[-1].cursor)
        file.write_bytes(data)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert not records(gone) and "W19" not in gone[-1].cursor
        assert ids(stage.run(gone[-1].cursor)) == {"W19-5001"}


def test_going_back_reads_everything_again(tmp_path: Path, checkout: Path) -> None:
    with world(tmp_path, nobody, place=str(checkout)) as stage:
        cursor = stage.run()[-1].cursor
        assert ids(stage.run(stage.source().rewind(cursor, date(2026, 1, 1)))) == ALL


@pytest.mark.parametrize("place", ["", "anthology/data/xml", "nowhere"])
def test_a_folder_that_is_no_checkout_names_the_setting(tmp_path: Path, checkout: Path, place: str) -> None:
    assert checkout.is_dir()
    with (
        world(tmp_path, nobody, place=str(tmp_path / place)) as stage,
        pytest.raises(SourceError, match="TIDINGS_ACL_PLACE"),
    ):
        stage.run()


def test_a_large_file_comes_in_batches_and_is_done_only_with_the_last(tmp_path: Path, checkout: Path) -> None:
    (checkout / "data" / "xml" / "2025.large.xml").write_bytes(big(4100))
    with world(tmp_path, nobody, place=str(checkout)) as stage:
        batches = stage.run()
    assert [len(batch.items) for batch in batches] == [2000, 2000, 105]
    assert ["2025.large" in batch.cursor for batch in batches] == [False, False, True]


# --- an archive ---


def test_of_an_archive_only_the_xml_of_the_anthology_is_read(tmp_path: Path) -> None:
    with world(tmp_path, Archive(collections()).answer) as stage:
        batches = stage.run()
    assert ids(batches) == ALL and not refusals(batches)


def test_an_archive_that_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    with world(tmp_path, Archive(collections()).answer) as stage:
        cursor = stage.run()[-1].cursor
        assert stage.run(cursor) == []
    assert stage.asked[-1].request.headers["if-none-match"] == '"one"'


def test_a_new_archive_is_read(tmp_path: Path) -> None:
    host = Archive(collections())
    with world(tmp_path, host.answer) as stage:
        cursor = stage.run()[-1].cursor
        host.put({"2025.large.xml": big(1)}, '"two"')
        assert ids(stage.run(cursor)) == {"2025.large-1.1"}


def test_what_was_stopped_goes_on_after_the_last_file_that_was_done(tmp_path: Path) -> None:
    host = Archive({COLLECTIONS[0]: collections()[COLLECTIONS[0]], "2025.large.xml": big(2000), COLLECTIONS[2]: big(1)})
    with world(tmp_path, host.answer) as stage:
        begun = stage.run(pages=1)
        rest = stage.run(begun[-1].cursor)
    assert len(records(begun)) == 2000 and len(records(rest)) == 2001
    assert "if-none-match" not in stage.asked[-1].request.headers


def test_what_was_stopped_begins_anew_where_the_archive_changed_meanwhile(tmp_path: Path) -> None:
    files = {COLLECTIONS[0]: collections()[COLLECTIONS[0]], "2025.large.xml": big(2000)}
    host = Archive(files)
    with world(tmp_path, host.answer) as stage:
        begun = stage.run(pages=1)
        host.put(files, '"two"')
        assert len(keys(stage.run(begun[-1].cursor))) == 2002


def test_an_archive_that_is_cut_short_is_an_error_and_what_came_before_stands(tmp_path: Path) -> None:
    files = {f"{number}.xml": big(2000) for number in range(3)}
    body = archive(files)
    with world(tmp_path, lambda _: httpx2.Response(200, content=body[: len(body) * 2 // 3])) as stage:
        pages = stage.source().fetch(None)
        assert len(next(pages).items) == 2000
        with pytest.raises(SourceError, match="cut short or damaged"):
            list(pages)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\x1f\x8b\x08\x00 no gzip"])
def test_what_is_no_archive_is_an_error(tmp_path: Path, body: bytes) -> None:
    with world(tmp_path, lambda _: httpx2.Response(200, content=body)) as stage, pytest.raises(SourceError):
        stage.run()


def test_an_archive_of_something_else_is_an_error(tmp_path: Path) -> None:
    with (
        world(tmp_path, lambda _: httpx2.Response(200, content=archive({}))) as stage,
        pytest.raises(SourceError, match=r"nothing in it is data/xml/\*\.xml"),
    ):
        stage.run()


def test_a_gate_belongs_to_the_host_of_the_archive(tmp_path: Path) -> None:
    with world(tmp_path, nobody, place="https://mirror.example.org/acl.tar.xz") as stage:
        assert stage.source().limit.gate == "mirror.example.org"


def test_real_collections_are_read_from_an_archive_and_from_a_folder_alike(tmp_path: Path, shared_data: Path) -> None:
    wanted = {"data/xml/2021.semdeep.xml", "data/xml/2006.amta.xml", "data/xml/2021.wanlp.xml"}
    folder = tmp_path / "anthology"
    with (
        lzma.open(shared_data / "papers" / "acl_anthology_xml.tar.xz") as packed,
        tarfile.open(fileobj=packed, mode="r|") as tar,
    ):
        for member in tar:
            if member.name in wanted:
                tar.extract(member, folder, filter="data")
                wanted.remove(member.name)
            if not wanted:
                break
    files = {path.name: path.read_bytes() for path in (folder / "data" / "xml").iterdir()}
    with world(tmp_path / "a", nobody, place=str(folder)) as stage:
        read = records(stage.run())
    with world(tmp_path / "b", Archive(files).answer) as stage:
        fetched = records(stage.run())
    assert len(read) > 50
    assert sorted(read, key=lambda record: record.key) == sorted(fetched, key=lambda record: record.key)
