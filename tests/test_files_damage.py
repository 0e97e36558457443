"""What must not break the reading of files: damage, excess, malice. Each a clear message, the rest kept."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.errors import SourceError
from tidings.sources import FileReader, read, retry
from tidings.types import Record, Refusal

FILES = Path(__file__).parent / "data" / "files"
LISTING = (FILES / "arxiv_listing.jsonl").read_bytes()


def outcomes(data: bytes) -> list[Record | Refusal]:
    return list(read(io.BytesIO(data), name="file"))


def line(**fields: object) -> bytes:
    return (
        json.dumps({"id": "2503.00001", "title": "A Title", "authors": [], "categories": [], **fields}).encode() + b"\n"
    )


def only(data: bytes) -> Record:
    (outcome,) = outcomes(data)
    assert isinstance(outcome, Record)
    return outcome


def only_refusal(data: bytes) -> Refusal:
    (outcome,) = outcomes(data)
    assert isinstance(outcome, Refusal)
    return outcome


def tarred(data: bytes, mode: str = "w", name: str = "a/b.jsonl") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:  # type: ignore[call-overload]
        for member, content in ((name, data), ("notes.yaml", b"just: notes\n")):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def zipped(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/b.jsonl", data)
        archive.writestr("notes.txt", b"just notes")
    return target.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        lzma.compress,
        gzip.compress,
        bz2.compress,
        zipped,
        tarred,
        lambda data: tarred(data, "w:xz"),
        lambda data: tarred(data, "w:gz"),
        lambda data: gzip.compress(zipped(tarred(lzma.compress(data)))),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.rstrip(),
    ],
)
def test_a_file_is_read_however_it_is_packed(pack: Callable[[bytes], bytes]) -> None:
    expected = outcomes(LISTING)
    assert len(expected) == 3
    assert outcomes(pack(LISTING)) == expected


def test_a_stream_that_cannot_seek_is_read_even_when_zipped() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            part = self._data.read(min(len(buffer), 100))
            buffer[: len(part)] = part
            return len(part)

    assert len(list(read(Pipe(zipped(LISTING))))) == 3  # type: ignore[arg-type]


def test_what_an_archive_holds_besides_papers_is_passed_over_and_named() -> None:
    reader = FileReader(io.BytesIO(tarred(LISTING)))
    assert len(list(reader)) == 3
    assert reader.passed_over == ["notes.yaml"]


@pytest.mark.parametrize(
    "pack", [lzma.compress, gzip.compress, bz2.compress, lambda data: tarred(data, "w:xz"), tarred]
)
def test_an_archive_cut_short_gives_what_it_still_has_and_one_refusal(pack: Callable[[bytes], bytes]) -> None:
    whole = b"".join(line(id=f"2503.{number:05}", abstract=f"{number * 7919}" * 50) for number in range(1, 20_000))
    packed = pack(whole)
    *kept, last = outcomes(packed[: len(packed) // 2])
    assert isinstance(last, Refusal) and "cut short or damaged" in last.reason
    assert len(kept) > 1_000 and all(isinstance(outcome, Record) for outcome in kept)


def test_an_archive_with_changed_bytes_gives_what_it_still_has_and_one_refusal() -> None:
    whole = b"".join(line(id=f"2503.{number:05}", abstract=f"{number * 7919}" * 50) for number in range(1, 20_000))
    packed = bytearray(gzip.compress(whole))
    packed[len(packed) // 2 : len(packed) // 2 + 50] = b"x" * 50
    refused = [outcome for outcome in outcomes(bytes(packed)) if isinstance(outcome, Refusal)]
    assert refused and all(len(refusal.raw) <= 65_536 for refusal in refused)


def test_a_list_cut_short_gives_the_items_before_the_cut() -> None:
    data = (FILES / "daily.json").read_bytes()
    first, cut = outcomes(data[: data.index(b"A Printed Day")])
    assert isinstance(first, Record) and first.key == "2503.15265"
    assert isinstance(cut, Refusal) and "not JSON" in cut.reason


@pytest.mark.parametrize(
    "start", [b'{"id": "2503.1", "title": "', b'[{"title": "', b"x", b"<collection><paper><title>", b"@misc{b,title={"]
)
def test_a_line_of_two_hundred_megabytes_is_never_held(start: bytes) -> None:
    class Endless(io.RawIOBase):
        left = 200 << 20

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            size = min(len(buffer), self.left)
            buffer[:size] = b"a" * size
            if self.left == 200 << 20:
                buffer[: len(start)] = start
            self.left -= size
            return size

    tracemalloc.start()
    try:
        found = list(read(Endless(), name="endless"))  # type: ignore[arg-type]
    except SourceError as error:
        assert start == b"x" and "endless" in str(error)
    else:
        (refused,) = found
        assert isinstance(refused, Refusal) and len(refused.raw) <= 65_536
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 150 << 20


def test_lines_after_one_that_is_too_long_are_read() -> None:
    refused, record = outcomes(b'{"title": "' + b"a" * (17 << 20) + b'"}\n' + line())
    assert isinstance(refused, Refusal) and refused.where == "file:1" and "longer than 16 MiB" in refused.reason
    assert isinstance(record, Record)


def test_a_line_that_is_not_utf8_is_refused_with_the_byte_and_the_rest_kept() -> None:
    before, refused, after = outcomes(line() + b'{"id": "2503.00002", "title": "caf\xe9"}\n' + line())
    assert isinstance(before, Record) and isinstance(after, Record)
    assert isinstance(refused, Refusal) and "not UTF-8: byte 0xe9 at 34" in refused.reason
    assert b"caf\xe9" in refused.raw


def test_references_in_the_alphabet_of_old_windows_are_repaired() -> None:
    assert only("@article{a, title={Café “Ω”}}".replace("Ω", "O").encode("cp1252")).title == "Café “O”"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_references_with_a_mark_of_their_encoding_are_read(encoding: str) -> None:
    assert only("@article{a,\n title={Café Ω}}".encode(encoding)).title == "Café Ω"


def test_line_ends_of_old_macs_are_line_ends() -> None:
    found = outcomes(b"TY  - JOUR\rTI  - One\rER  -\rTY  - JOUR\rTI  - Two\rER  -\r")
    assert [record.title for record in found if isinstance(record, Record)] == ["One", "Two"]


def test_lone_surrogates_and_control_characters_are_taken_out() -> None:
    record = only(line(title="A \ud800 Title\x00 with\x1b[31m colour", authors=["\udfffAda"]))
    assert (record.title, record.authors) == ("A Title with[31m colour", ("Ada",))
    str(record).encode("utf-8")


def test_html_and_scripts_in_a_title_stay_text() -> None:
    title = "<script>alert(1)</script> & <b>bold</b>"
    assert only(line(title=title)).title == title


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "https://a b", "https://\ud800"]
)
def test_an_address_that_is_none_of_the_web_is_no_link(url: str) -> None:
    item = {"paper": {"id": "2503.00001", "title": "T", "projectPage": url}}
    assert [link.kind for link in only(json.dumps(item).encode()).links] == ["pdf", "discussion"]


def test_three_thousand_authors_are_three_thousand_authors() -> None:
    names = [f"Author Number{number}" for number in range(3_000)]
    assert only(line(authors=names)).authors == tuple(names)


def test_a_long_list_of_authors_before_the_title_does_not_hide_the_format() -> None:
    paper = {
        "id": "2503.00001",
        "authors": [{"name": f"Author {'x' * 40} {number}"} for number in range(3_000)],
        "title": "T",
    }
    assert len(only(json.dumps([{"paper": paper}], indent=2).encode()).authors) == 3_000


@pytest.mark.parametrize("abstract", [None, "", "  \n"])
def test_a_paper_without_abstract_is_a_paper(abstract: str | None) -> None:
    assert only(line(abstract=abstract)).abstract == ""


@pytest.mark.parametrize("year", ["0", "0000", "2999", "-5", "soon", "", "20199"])
def test_an_impossible_year_is_dropped_and_the_paper_kept(year: str) -> None:
    assert only(f"@article{{a, title={{T}}, year={{{year}}}}}".encode()).year is None


@pytest.mark.parametrize("day", ["0000-00-00", "2999-01-01", "2025-13-01", "yesterday", "", "0001-01-01"])
def test_an_impossible_day_is_dropped_and_the_paper_kept(day: str) -> None:
    record = only(line(date=day, listed_first=day))
    assert record.submitted is None and record.announced is None


def test_a_title_too_long_is_refused_and_an_abstract_too_long_is_cut() -> None:
    assert "2,001 characters" in only_refusal(line(title="a" * 2_001)).reason
    assert len(only(line(title="a" * 2_000, abstract="b" * 100_001)).abstract) == 100_000


@pytest.mark.parametrize(
    "fields", [{"title": ""}, {"title": None}, {"title": 5}, {"id": "nonsense"}, {"authors": 7}, {"title": "\x00"}]
)
def test_a_line_that_is_wrong_is_refused_and_the_rest_kept(fields: dict[str, object]) -> None:
    before, refused, after = outcomes(line() + line(**fields) + line())
    assert isinstance(before, Record) and isinstance(after, Record)
    assert isinstance(refused, Refusal) and refused.source == "arxiv" and refused.where == "file:2"
    assert refused.raw.strip() == line(**fields).strip()


def test_duplicates_inside_a_file_are_read_as_often_as_they_stand_there() -> None:
    assert len(outcomes(line() * 3)) == 3


def test_lines_of_several_shapes_in_one_file_are_each_read_as_what_they_are() -> None:
    mixed = b"".join(
        (FILES / name).read_bytes() for name in ("arxiv_listing.jsonl", "proceedings.jsonl", "arxiv_snapshot.jsonl")
    )
    sources = [outcome.source for outcome in outcomes(mixed)]
    assert sources == ["arxiv"] * 3 + ["proceedings"] * 5 + ["arxiv"] * 2


def test_a_bomb_of_entities_is_refused() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = (
        f'<?xml version="1.0"?><!DOCTYPE collection [<!ENTITY l0 "ha">{entities}]>'
        '<collection id="2023.acl"><volume id="1"><meta><year>2023</year></meta>'
        '<paper id="1"><title>&l9;</title></paper></volume></collection>'
    )
    assert "declares entities" in only_refusal(bomb.encode()).reason


def test_an_entity_that_reads_a_file_is_refused() -> None:
    attack = (
        '<!DOCTYPE collection [<!ENTITY x SYSTEM "file:///etc/passwd">]><collection id="2023.acl"><volume id="1"><meta/>'
        '<paper id="1"><title>&x;</title></paper></volume></collection>'
    )
    assert "declares entities" in only_refusal(attack.encode()).reason


def test_xml_cut_short_gives_the_papers_before_the_cut() -> None:
    data = (FILES / "acl_new.xml").read_bytes()
    first, cut = outcomes(data[: data.index(b'<paper id="2">') + 40])
    assert isinstance(first, Record)
    assert isinstance(cut, Refusal) and "not XML" in cut.reason


@pytest.mark.parametrize(
    "data",
    [b"x" * 100, b"{}", b'{"a": 1}', b"<html></html>", b"a,b\n1,2\n", bytes(range(256)), b"\x1f\x8b", b"\0" * 2_000],
)
def test_a_file_of_no_known_kind_is_an_error_that_names_it(data: bytes) -> None:
    if data == b"\x1f\x8b":  # the beginning of gzip and nothing more is damage
        assert "cut short" in only_refusal(data).reason
        return
    with pytest.raises(SourceError, match="file: nothing in it can be understood; we read JSON"):
        outcomes(data)


def test_an_empty_file_and_an_empty_folder_are_errors_that_say_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="file: there is nothing in it"):
        outcomes(b"")
    with pytest.raises(SourceError, match="there is nothing in it"):
        list(read(tmp_path))


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"missing\.jsonl: no such file"):
        list(read(tmp_path / "missing.jsonl"))


def test_zstandard_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(SourceError, match="unpack it first"):
        outcomes(b"\x28\xb5\x2f\xfd" + b"\0" * 100)


def test_an_archive_in_an_archive_without_end_ends() -> None:
    data = LISTING
    for _ in range(10):
        data = gzip.compress(data)
    with pytest.raises(SourceError):
        outcomes(data)


def test_a_refused_text_can_be_tried_again() -> None:
    (refused,) = (outcome for outcome in read(FILES / "daily.json") if isinstance(outcome, Refusal))
    mended = b"{'paper': {'id': '2412.00001', 'title': 'Mended'}}"
    (record,) = retry(mended, refused.source)
    assert isinstance(record, Record) and (record.source, record.title) == ("huggingface", "Mended")
    (again,) = retry(refused.raw, refused.source)
    assert isinstance(again, Refusal)


def test_a_refused_text_that_was_cut_asks_for_its_file() -> None:
    (again,) = retry(b'{"title": "' + b"a" * 65_536, "arxiv")
    assert isinstance(again, Refusal) and "add its file again" in again.reason


@given(
    st.binary(max_size=2_000),
    st.sampled_from(
        [
            b"",
            b"{",
            b'[{"title":',
            b"<collection>",
            b"@a{b,",
            b"TY  - ",
            b"PK\3\4",
            b"\x1f\x8b",
            b"BZh91AY&SY",
            b"\xfd7zXZ\0",
            b'"Item Type","Title",\n',
            b"\xff\xfe",
        ]
    ),
)
def test_random_bytes_raise_nothing_but_our_own_error(data: bytes, start: bytes) -> None:
    try:
        found = outcomes(start + data)
    except SourceError:
        return
    assert all(isinstance(outcome, Record | Refusal) for outcome in found)


@given(st.data(), st.sampled_from(sorted(path.name for path in FILES.iterdir())))
def test_a_file_with_changed_bytes_raises_nothing_but_our_own_error(data: st.DataObject, name: str) -> None:
    content = bytearray((FILES / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        found = outcomes(bytes(content))
    except SourceError:
        return
    for outcome in found:
        str(outcome).encode("utf-8")  # nothing in it that a store cannot hold


@given(st.binary(max_size=500), st.text(max_size=10))
def test_retrying_anything_never_raises(raw: bytes, source: str) -> None:
    assert all(isinstance(outcome, Record | Refusal) for outcome in retry(raw, source))
