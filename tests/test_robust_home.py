"""What must not break around the home folder: no room, no right, no sense in it. A sentence, and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.robust_help import Done, added, listing, run
from tidings.errors import StoreError
from tidings.store.engine import make_engine

_KNOWN = "arxiv:2503.00007"
# Everything is loaded before the rights are given up: the program's own files may belong to root.
_AS_NOBODY = """
import json, os, sys, tempfile
from dataclasses import asdict
from pathlib import Path
sys.path.insert(0, os.getcwd())
from tests.robust_help import listing, run
with tempfile.TemporaryDirectory() as warm:
    for command in (["add", "-"], ["search", "stripe"], ["quarantine", "list", "--json"]):
        assert run(Path(warm), *command, stdin=listing(1)).status == 0
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
print(json.dumps([asdict(run(Path(sys.argv[1]), *command)) for command in json.loads(sys.argv[2])]))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a hundred papers, to copy."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "papers").write_bytes(listing(100))
    assert run(folder / "home", "add", folder / "papers").status == 0
    return folder / "home"


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of that home."""
    return shutil.copytree(made, tmp_path / "home")


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """The hundred papers that the home has."""
    (tmp_path / "papers").write_bytes(listing(100))
    return tmp_path / "papers"


def searches(home: Path) -> Done:
    return run(home, "search", "study 7 of stripe pattern")


def assert_answers(home: Path) -> None:
    done = searches(home)
    assert done.status == 0
    assert _KNOWN in done.out
    assert run(home, "doctor").status == 0


def as_nobody(home: Path, *commands: list[str]) -> list[Done]:
    """Run commands without any rights."""
    if os.geteuid() != 0:
        pytest.skip("only root can give up its rights")
    command = [sys.executable, "-c", _AS_NOBODY, str(home), json.dumps(commands)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return [Done(**ended) for ended in json.loads(done.stdout)]


@pytest.fixture
def open_to_all(tmp_path: Path) -> Iterator[None]:
    """Let anyone walk to the test's folder, which pytest keeps for its owner."""
    closed = [folder for folder in tmp_path.parents if folder.stat().st_mode & 0o005 != 0o005]
    before = [folder.stat().st_mode for folder in closed]
    for folder in closed:
        folder.chmod(0o755)
    yield
    for folder, mode in zip(closed, before, strict=True):
        folder.chmod(mode)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# --- rights ---


@pytest.mark.usefixtures("open_to_all")
def test_a_read_only_home_is_a_sentence_and_stays_as_it_is(home: Path, papers: Path, tmp_path: Path) -> None:
    subprocess.run(["chmod", "-R", "a+rX", str(tmp_path)], check=True)
    before = contents(home)
    for done in as_nobody(home, ["add", str(papers)], ["search", "stripe"], ["doctor", "--rebuild"]):
        assert (done.status, done.errors.count("\n")) == (5, 1)
        assert "the home folder or its database is read-only" in done.errors
    assert contents(home) == before
    assert_answers(home)


@pytest.mark.usefixtures("open_to_all")
def test_a_home_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (done,) = as_nobody(tmp_path / "home", ["stats"])
    assert (done.status, done.errors.count("\n")) == (5, 1)
    assert "cannot be made: Permission denied" in done.errors


@pytest.mark.usefixtures("open_to_all")
def test_what_may_not_be_read_is_named_and_the_rest_kept(tmp_path: Path, papers: Path) -> None:
    own, folder = tmp_path / "own", tmp_path / "folder"
    own.mkdir()
    (folder / "closed").mkdir(parents=True)
    for file in (folder / "good", folder / "secret", folder / "closed" / "papers"):
        shutil.copy(papers, file)
    tmp_path.chmod(0o755)
    own.chmod(0o777)
    (folder / "closed").chmod(0o700)
    (folder / "secret").chmod(0o600)
    add = ["add", str(folder), str(folder / "closed"), str(folder / "secret")]
    done, refusals = as_nobody(own / "home", add, ["quarantine", "list", "--json"])
    assert (done.status, added(done)["new"], added(done)["quarantined"]) == (4, 100, 2)
    assert f"{folder / 'closed'}: cannot be read: Permission denied" in done.errors
    assert f"{folder / 'secret'}: cannot be read: Permission denied" in done.errors
    assert '"secret"' in refusals.out
    assert f'"{folder / "closed"}"' in refusals.out


# --- room ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_a_sentence_and_once_there_is_room_the_same_add_completes(
    small_disk: Path, papers: Path, tmp_path: Path
) -> None:
    home, many = small_disk / "home", tmp_path / "many"
    many.write_bytes(listing(6_000))
    assert run(home, "add", papers).status == 0
    done = run(home, "add", many)
    assert done.status == 5
    assert "full" in done.errors or "No space left" in done.errors
    assert done.errors.count("\n") == 1
    assert _KNOWN in searches(home).out
    assert _KNOWN in run(home, "show", _KNOWN).out
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    assert run(home, "add", many).status == 0
    assert '"papers": 6000' in run(home, "stats", "--json").out
    assert_answers(home)
    assert "arxiv:2503.05999" in run(home, "search", "study 5999 of stripe pattern").out


def test_a_disk_filled_by_others_is_a_sentence_and_nothing_is_lost(
    small_disk: Path, home: Path, tmp_path: Path
) -> None:
    here = shutil.copytree(home, small_disk / "home")
    with (small_disk / "others").open("wb") as file:
        size = shutil.disk_usage(small_disk).free
        file.write(b"x" * size)
    (tmp_path / "more").write_bytes(listing(500, start=200))
    for command in (["add", str(tmp_path / "more")], ["search", "stripe"], ["stats"]):
        done = run(here, *command)
        assert done.status in ((5,) if command[0] == "add" else (0, 5))
        assert not done.status or done.errors.count("\n") == 1
    (small_disk / "others").unlink()
    assert_answers(here)
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    assert added(run(here, "add", tmp_path / "more"))["new"] == 500


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("style", ["--json", "--table"])
def test_an_output_that_is_full_is_a_sentence(home: Path, style: str) -> None:
    command = [sys.executable, "-m", "tidings", "search", "stripe", style, "--home", str(home)]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"tidings: the output: No space left on device\n")


# --- the store ---


def test_a_home_made_by_a_newer_version_is_left_untouched(home: Path, papers: Path) -> None:
    with sqlite3.connect(home / "tidings.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    before = contents(home)
    for command in (["add", str(papers)], ["search", "stripe"], ["doctor", "--rebuild"], ["stats"]):
        done = run(home, *command)
        assert done.status == 5
        assert "made by a newer version of Tidings (schema 9999" in done.errors
    assert contents(home) == before


@pytest.mark.parametrize(("start", "stop"), [(0, 50_000), (100, 30_000), (4_096, 60_000), (20_000, 90_000)])
def test_a_store_with_changed_bytes_is_a_sentence(home: Path, papers: Path, start: int, stop: int) -> None:
    damaged = bytearray((home / "tidings.db").read_bytes())
    damaged[start:stop] = bytes(range(256)) * ((stop - start) // 256)
    (home / "tidings.db").write_bytes(damaged)
    for command in (["add", str(papers)], ["search", "stripe"], ["show", _KNOWN], ["stats"], ["doctor"]):
        done = run(home, *command)
        assert done.status in (0, 1, 3, 5)
        assert "database" in done.errors or done.status != 5
    assert run(home, "add", papers).status == 5


def test_a_store_cut_short_is_a_sentence(home: Path, papers: Path) -> None:
    os.truncate(home / "tidings.db", 30_000)
    done = run(home, "add", papers)
    assert done.status == 5
    assert "damaged; restore it from a backup" in done.errors


def test_a_row_that_was_damaged_is_a_sentence(home: Path) -> None:
    with sqlite3.connect(home / "tidings.db") as connection:
        connection.execute("update paper set data = x'ff7b'")
        connection.execute("update record set data = x'ff7b'")
    connection.close()
    for command in (["search", "stripe"], ["show", _KNOWN], ["doctor", "--rebuild"]):
        done = run(home, *command)
        assert done.status == 5
        assert "a paper in the database is damaged; restore it from a backup" in done.errors


def test_settings_that_make_no_sense_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_PORT", "many")
    done = run(tmp_path / "home", "stats")
    assert done.status == 2
    assert "TIDINGS_PORT: " in done.errors
    monkeypatch.setenv("TIDINGS_PORT", "80")
    monkeypatch.setenv("TIDINGS_DATABASE_URL", "nonsense")
    done = run(tmp_path / "home", "stats")
    assert done.status == 5
    assert "the address of the database cannot be used" in done.errors
    with pytest.raises(StoreError, match="the address of the database"):
        make_engine("nodatabase://somewhere")


# --- the index ---


def _delete(index: Path) -> None:
    shutil.rmtree(index)


def _garble(index: Path) -> None:
    for file in index.rglob("*"):
        if file.is_file():
            file.write_bytes(b"\xff\x00garbage{" * 300)


def _other_encoder(index: Path) -> None:
    manifest = index / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"encoder":"', '"encoder":"other-'))


@pytest.mark.parametrize("harm", [_delete, _garble, _other_encoder])
def test_an_index_that_is_gone_or_garbage_or_of_another_encoder_is_said_and_healed_by_the_next_add(
    home: Path, papers: Path, harm: Callable[[Path], None]
) -> None:
    harm(home / "index")
    done = searches(home)
    assert done.status in (0, 6)
    assert done.status == 0 or "doctor --rebuild" in done.errors
    assert run(home, "show", _KNOWN).status == run(home, "stats").status == 0
    assert added(run(home, "add", papers))["unchanged"] == 100
    assert_answers(home)


def test_an_index_that_cannot_be_is_a_sentence_and_the_store_goes_on(home: Path, papers: Path) -> None:
    shutil.rmtree(home / "index")
    (home / "index").write_text("a file stands in the way")
    done = run(home, "add", papers)
    assert done.status == 5
    assert "cannot be written" in done.errors
    (home / "index").unlink()
    assert run(home, "add", papers).status == 0
    assert_answers(home)
