"""What must not break, from the file to the terminal: each a clear message, the rest kept, never a traceback."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tidings
from tests.robust_help import added, listed, listing, run
from tidings.catalog import Catalog


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all that may live side by side."""
    return tmp_path_factory.mktemp("robust") / "home"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Callable[[bytes], Path]]:
    """Write bytes to a file of its own."""

    def write(data: bytes) -> Path:
        (tmp_path / "papers").write_bytes(data)
        return tmp_path / "papers"

    yield write


def tarred(data: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        member = tarfile.TarInfo("papers.jsonl")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def found(home: Path, words: str) -> list[str]:
    """The titles that a search finds by its words."""
    page = json.loads(run(home, "search", "--json", words).out)
    return [hit["paper"]["title"] for hit in page["hits"] if hit["parts"]["words"] > 0]


# --- damage ---


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress, tarred])
def test_an_archive_cut_short_is_said_and_what_stood_before_can_be_found(
    home: Path, file: Callable[[bytes], Path], pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(listing(3_000))
    done = run(home, "add", file(packed[: len(packed) // 2]))
    counts = added(done)
    assert done.status == 0
    assert counts["quarantined"] == 1
    assert counts["read"] > 500
    assert "quarantined 1: cut short or damaged" in done.out
    assert "what stood before was read" in done.out
    assert found(home, 'title:"study 7 of stripe pattern"')


def test_invalid_utf8_is_refused_with_its_byte_and_its_neighbours_are_kept(
    home: Path, file: Callable[[bytes], Path]
) -> None:
    broken = b'{"id": "2503.20002", "title": "caf\xe9", "authors": [], "categories": []}'
    done = run(home, "add", file(listed(20_001) + broken + b"\n" + listed(20_003)))
    assert added(done)["new"] == 2
    assert "quarantined 1: not UTF-8: byte 0xe9" in done.out


def test_invalid_utf8_inside_a_list_costs_one_item(home: Path, file: Callable[[bytes], Path]) -> None:
    items = [listed(20_011), listed(20_012, title="caf\0").replace(b"\\u0000", b"\xe9"), listed(20_013)]
    done = run(home, "add", file(b"[" + b",".join(items) + b"]"))
    assert (added(done)["new"], added(done)["quarantined"]) == (2, 1)
    assert "quarantined 1: not UTF-8: byte 0xe9" in done.out
    number = max(row["id"] for row in json.loads(run(home, "quarantine", "list", "--json").out))
    assert "caf\ufffd" in run(home, "quarantine", "show", str(number)).out


def test_nul_bytes_and_half_characters_are_taken_out(home: Path, file: Callable[[bytes], Path]) -> None:
    odd = listed(20_021, title="Okapi \x00 herds \ud800 roam", authors=["\udfffAda"], abstract="\x00\ud83d okapis")
    done = run(home, "add", file(odd + b"\0\0\0\n" + listed(20_022)))
    assert (added(done)["new"], added(done)["quarantined"]) == (2, 1)
    assert found(home, "okapi herds roam") == ["Okapi herds roam"]
    assert run(home, "search", "okapi \udcff").status == 0


# --- excess ---


def test_three_thousand_authors_are_kept_and_the_last_is_found(home: Path, file: Callable[[bytes], Path]) -> None:
    names = [f"Person{number} Quagga{number}" for number in range(3_000)]
    assert added(run(home, "add", file(listed(20_031, title="A large collaboration", authors=names))))["new"] == 1
    assert found(home, "collaboration author:quagga2999") == ["A large collaboration"]
    assert "+ 2997" in run(home, "search", "author:quagga2999").out
    assert "Quagga2999" in run(home, "show", "arxiv:2503.20031").out


def test_a_title_of_a_megabyte_is_refused_and_the_rest_kept(home: Path, file: Callable[[bytes], Path]) -> None:
    done = run(home, "add", file(listed(20_041, title="long " * 200_000) + listed(20_042)))
    assert (added(done)["new"], added(done)["quarantined"]) == (1, 1)
    assert "at most 2,000 are a title" in done.out


_MEASURE = """
import resource, sys
from tidings.cli import main
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def peak_of(home: Path, write: Callable[[io.BufferedWriter], None]) -> tuple[str, int]:
    """Return what an add from a pipe prints, and the most memory it held, in MiB."""
    command = [sys.executable, "-c", _MEASURE, "add", "-", "--home", str(home)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert isinstance(process.stdin, io.BufferedWriter)
    write(process.stdin)
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    return out.decode(), int(errors) // 1024


@pytest.mark.slow
def test_a_line_of_two_hundred_megabytes_is_refused_in_little_memory_and_the_rest_kept(tmp_path: Path) -> None:
    def write(pipe: io.BufferedWriter) -> None:
        pipe.write(listed(1) + b'{"id": "2503.00002", "title": "')
        for _ in range(200):
            pipe.write(b"a" * (1 << 20))
        pipe.write(b'"}\n' + listed(3))

    little = peak_of(tmp_path / "little", lambda pipe: print(pipe.write(listed(1))))[1]
    out, peak = peak_of(tmp_path / "home", write)
    assert "quarantined 1: longer than 16 MiB: no paper is" in out
    assert out.splitlines()[2].split()[:2] == ["3", "2"]
    assert peak < little + 150


@pytest.mark.slow
def test_a_list_of_a_hundred_megabytes_is_read_item_by_item(tmp_path: Path) -> None:
    def write(pipe: io.BufferedWriter) -> None:
        pipe.write(b"[" + listed(1, abstract="stripes " * 12_000))
        for number in range(2, 1_100):
            pipe.write(b"," + listed(number, abstract=f"stripes{number} " * 9_000))
        pipe.write(b"]")

    out, peak = peak_of(tmp_path / "home", write)
    assert out.splitlines()[2].split()[:2] == ["1,099", "1,099"]
    assert peak < 1_500


# --- malice ---


def test_a_bomb_of_entities_and_an_entity_that_reads_a_file_are_refused(
    home: Path, file: Callable[[bytes], Path]
) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for declared in (f'<!ENTITY l0 "ha">{entities}', '<!ENTITY l9 SYSTEM "file:///etc/passwd">'):
        paper = '<paper id="1"><title>&l9;</title></paper>'
        bomb = (
            f'<!DOCTYPE collection [{declared}]><collection id="2023.acl"><volume id="1">{paper}</volume></collection>'
        )
        done = run(home, "add", file(bomb.encode()))
        assert added(done)["quarantined"] == added(done)["read"] == 1
        assert "declares entities of its own" in done.out
    assert "root:" not in run(home, "quarantine", "list").out


_EVIL = "Gnu &#x9d;0;owned&#x202e; &#155;31m\x1b[31m [red]not red[/red] [/nope] <script>alert(1)</script>"


def test_scripts_markup_and_escapes_in_a_record_stay_text_wherever_they_are_printed(home: Path, tmp_path: Path) -> None:
    evil = {
        "source": "[red]s\x1b[/no]",
        "key": "k\x9b1",
        "title": _EVIL,
        "abstract": _EVIL,
        "authors": ["[b]\x1b]Eve[/no]"],
    }
    refused = {"source": "x", "key": "[/no]\x1b", "title": ""}
    odd = tmp_path / "[red]a\x1b[31m[no].jsonl"
    odd.write_bytes(json.dumps(evil).encode() + b"\n" + json.dumps(refused).encode() + b'\n\x1b]0;x\x07{"\n')
    printed = [
        run(home, "add", odd),
        run(home, "search", "gnu owned"),
        run(home, "stats"),
        run(home, "quarantine", "list"),
    ]
    key = json.loads(run(home, "search", "--json", "gnu owned").out)["hits"][0]["paper"]["id"]
    last = max(row["id"] for row in json.loads(run(home, "quarantine", "list", "--json").out))
    printed += [
        run(home, "show", key),
        run(home, "quarantine", "show", str(last)),
        run(home, "similar", "--bibtex", key),
    ]
    for done in printed:
        assert done.status == 0
        assert not {c for c in done.out if c != "\n" and not c.isprintable()}
    search, stats, refusals, shown = (done.out for done in printed[1:5])
    for text in (search, shown):
        assert "[red]not red[/red] [/nope] <script>alert(1)</script>" in " ".join(text.split())
        assert "[b]]Eve[/no]" in text
    assert "[red]s[/no]" in stats
    assert "[red]a\\x1b[31m[no].jsonl" in refusals
    assert "\\x1b]0;x\\x07" in printed[5].out


def test_a_name_of_a_file_reaches_the_terminal_as_text(home: Path, tmp_path: Path) -> None:
    done = run(home, "add", tmp_path / "none\x1b[31m[/red].jsonl")
    assert done.status == 4
    assert "none\\x1b[31m[/red].jsonl: no such file" in done.errors


def test_a_name_of_a_file_that_is_no_text_is_said_by_its_bytes(home: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"bad\xff.jsonl")
    odd.write_bytes(listed(20_051) + b"{nonsense\n")
    assert added(run(home, "add", odd))["quarantined"] == 1
    assert "bad\\udcff.jsonl:2" in run(home, "quarantine", "list").out


# --- gaps ---


def test_papers_without_abstract_or_with_impossible_years_are_papers(home: Path, file: Callable[[bytes], Path]) -> None:
    entries = [f"@article{{k{year}, title={{Tapir number {year}}}, year={{{year}}}}}" for year in ("0", "2999", "2021")]
    done = run(home, "add", file("\n".join(entries).encode()))
    assert (done.status, added(done)["new"]) == (0, 3)
    assert sorted(found(home, "tapir")) == ["Tapir number 0", "Tapir number 2021", "Tapir number 2999"]
    assert found(home, "tapir year:2021") == ["Tapir number 2021"]
    assert found(home, "tapir year:2999") == []
    assert (
        run(home, "show", json.loads(run(home, "search", "--json", "tapir").out)["hits"][0]["paper"]["id"]).status == 0
    )


def test_ids_twice_in_a_file_make_one_paper_and_adding_again_changes_nothing(tmp_path: Path) -> None:
    twice = listed(1) * 2 + listed(2, title="First reading") + listed(2, title="Second reading") + listed(3)
    with tidings.open(tmp_path / "home") as catalog:
        papers = [io.BytesIO(twice) for _ in range(3)]
        first = catalog.add(papers[:1])
        assert (first.read, first.new, first.updated, first.unchanged) == (5, 3, 1, 1)
        before = state(catalog)
        for again in papers[1:]:
            assert catalog.add([again]).unchanged == 5
            assert state(catalog) == before
        assert catalog.paper("arxiv:2503.00002").title == "Second reading"


def state(catalog: Catalog) -> tuple[int, int, list[object]]:
    return catalog.version, catalog.lag, [hit.paper for hit in catalog.newest().hits]


def test_real_listings_cut_anywhere_change_nothing_twice(tmp_path: Path, shared_data: Path) -> None:
    (tmp_path / "cut.xz").write_bytes((shared_data / "papers" / "arxiv_cs.jsonl.xz").read_bytes()[:400_000])
    with tidings.open(tmp_path / "home") as catalog:
        first = catalog.add([tmp_path / "cut.xz"])
        assert first.quarantined == 1
        before = state(catalog)
        again = catalog.add([tmp_path / "cut.xz"])
        assert (again.unchanged, again.new, again.updated) == (first.read - 1, 0, 0)
        assert state(catalog) == before


# --- what is no file of papers ---


def test_an_empty_file_and_an_empty_folder_are_said_and_the_others_added(home: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "good").write_bytes(listed(20_061))
    done = run(home, "add", tmp_path / "folder", tmp_path / "file", tmp_path / "good")
    assert (done.status, added(done)["new"]) == (4, 1)
    assert done.errors.count("there is nothing in it") == 2


def test_a_broken_link_in_a_folder_is_reported_and_the_rest_of_the_folder_kept(home: Path, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "good.jsonl").write_bytes(listed(20_071))
    done = run(home, "add", tmp_path)
    assert (added(done)["new"], added(done)["quarantined"]) == (1, 1)
    assert "quarantined 1: cannot be read: No such file or directory" in done.out


def test_a_pipe_and_standard_input_are_read(home: Path, tmp_path: Path) -> None:
    assert added(run(home, "add", "-", stdin=listed(20_081)))["new"] == 1
    os.mkfifo(tmp_path / "pipe")
    writer = subprocess.Popen(["sh", "-c", 'cat > "$0"', str(tmp_path / "pipe")], stdin=subprocess.PIPE)
    assert writer.stdin is not None
    writer.stdin.write(listed(20_082))
    writer.stdin.close()
    assert added(run(home, "add", tmp_path / "pipe"))["new"] == 1
    assert writer.wait(timeout=10) == 0
    assert "there is nothing in it" in run(home, "add", "-").errors


# --- stopped by a person ---


def test_an_interrupted_add_ends_with_one_line_and_leaves_a_whole_archive(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tidings", "add", "-", "--home", str(tmp_path / "home")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(listing(2_500))  # more than one batch, and then it waits for more
    process.stdin.flush()
    patience = time.monotonic() + 60
    while time.monotonic() < patience and not stored(tmp_path / "home"):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    assert process.stdout is not None and process.stderr is not None
    assert (process.returncode, process.stdout.read()) == (130, b"")
    assert process.stderr.read() == b"tidings: interrupted; what was stored before is kept\n"
    with tidings.open(tmp_path / "home") as catalog:
        assert catalog.stats().papers == 2_000
        assert all(check.ok for check in catalog.doctor(thorough=True))
        assert catalog.add([io.BytesIO(listing(2_500))]).new == 500


def stored(home: Path) -> int:
    if not (home / "index").is_dir():
        return 0
    with tidings.open(home) as catalog:
        return catalog.stats().papers
