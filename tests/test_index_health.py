"""Damage, full disks, resets: noticed, told in a sentence, healed from the change log."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.index_help import WordEncoder, contents, log_of, make_paper
from tidings.errors import IndexUnavailableError, StoreError
from tidings.index.local import LocalIndex


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 1)


def _scribble(path: Path) -> None:
    path.write_bytes(b"\x5a" * path.stat().st_size)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "no manifest": lambda home: (home / "manifest.json").unlink(),
    "half a manifest": lambda home: _truncate(home / "manifest.json"),
    "another format": lambda home: _edit(home / "manifest.json", '"format":', '"format":9'),
    "no words": lambda home: shutil.rmtree(home / "words"),
    "scribbled words": lambda home: _scribble(home / "words" / "meta.json"),
    "lost word files": lambda home: _lose(home / "words", "*.idx"),
    "cut columns": lambda home: _truncate(home / "columns" / "flags"),
    "no column": lambda home: (home / "columns" / "venue").unlink(),
    "cut codes": lambda home: _truncate(next(home.glob("vectors-*/codes"))),
    "scribbled codes": lambda home: _scribble(next(home.glob("vectors-*/codes"))),
    "scribbled vectors": lambda home: _scribble(next(home.glob("vectors-*/vectors"))),
    "no words by row": lambda home: shutil.rmtree(home / "forward-0"),
    "cut words by row": lambda home: _truncate(home / "forward-0" / "words"),
    "scribbled words by row": lambda home: _scribble(home / "forward-0" / "words"),
    "scribbled places": lambda home: _scribble(home / "forward-0" / "places"),
    "cut places": lambda home: _truncate(home / "forward-0" / "places"),
    "no rotation": lambda home: next(home.glob("vectors-*/rotation.npy")).unlink(),
    "cut rotation": lambda home: _truncate(next(home.glob("vectors-*/rotation.npy"))),
}


def _lose(folder: Path, names: str) -> None:
    for path in folder.glob(names):
        path.unlink()


def _edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_damage_is_noticed_told_and_healed_by_the_next_follow(tmp_path: Path, damage: str) -> None:
    log = log_of(50)
    log.follow(LocalIndex(tmp_path / "index", WordEncoder()))
    DAMAGES[damage](tmp_path / "index")
    damaged = LocalIndex(tmp_path / "index", WordEncoder())
    with pytest.raises(IndexUnavailableError, match="doctor --rebuild"):
        damaged.count(None)
    assert not damaged.verify()[0].ok
    assert damaged.position() == 0
    fresh = LocalIndex(tmp_path / "fresh", WordEncoder())
    assert log.follow(damaged) == log.follow(fresh) == 50
    assert contents(damaged) == contents(fresh)
    assert all(check.ok for check in damaged.verify())


def test_a_rebuild_of_words_keeps_the_vectors(tmp_path: Path) -> None:
    log = log_of(50)
    log.follow(LocalIndex(tmp_path, WordEncoder()))
    shutil.rmtree(tmp_path / "words")
    encoder = WordEncoder()
    assert log.follow(LocalIndex(tmp_path, encoder)) == 50
    assert encoder.encoded == 0


def test_a_rebuild_also_drops_papers_that_were_removed_meanwhile(tmp_path: Path) -> None:
    log = log_of(5)
    log.follow(LocalIndex(tmp_path, WordEncoder()))
    shutil.rmtree(tmp_path / "columns")
    log.remove(3)
    index = LocalIndex(tmp_path, WordEncoder())
    log.follow(index)
    assert sorted(index.newest(None, 9).tolist()) == [1, 2, 4, 5]


def test_another_encoder_starts_again_beside_the_old_vectors(tmp_path: Path) -> None:
    log = log_of(20)
    log.follow(LocalIndex(tmp_path, WordEncoder(96, "one")))
    index = LocalIndex(tmp_path, WordEncoder(64, "two"))
    assert index.position() == 0
    assert log.follow(index) == 20
    again = WordEncoder(96, "one")
    assert log.follow(LocalIndex(tmp_path, again)) == 20
    assert again.encoded == 0


def test_a_full_disk_is_a_sentence_and_the_old_state_stays_searchable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    index.apply([make_paper(1, "Graph")], [], 1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(StoreError, match="No space left"):
            index.apply([make_paper(90_000, "Graph")], [], 2)
    assert index.candidates("graph", None, None).ids.tolist() == [1]
    index.apply([make_paper(90_000, "Graph")], [], 2)
    assert sorted(index.candidates("graph", None, None).ids.tolist()) == [1, 90_000]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it likes")
def test_a_read_only_folder_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        LocalIndex(tmp_path / "index", WordEncoder()).apply([make_paper(1)], [], 1)


def test_after_a_reset_the_next_follow_builds_everything_again(tmp_path: Path) -> None:
    log, encoder = log_of(20), WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    log.follow(index)
    before = contents(index)
    index.reset()
    assert index.position() == 0
    assert log.follow(index) == 20
    assert contents(index) == before
    assert encoder.encoded == 20


def test_where_a_file_stands_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written"):
        LocalIndex(tmp_path / "index", WordEncoder()).apply([make_paper(1)], [], 1)


def test_verify_finds_a_vector_that_a_sample_may_miss(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    index.apply([make_paper(number, f"graph {number}") for number in range(1, 300)], [], 1)
    codes = np.memmap(next(tmp_path.glob("vectors-*/codes")), np.uint64, mode="r+")
    codes[298] ^= np.uint64(0xFFFF)
    assert [check.ok for check in index.verify()] == [False, True, True]
