"""The local index: what is written is found, whatever is killed, damaged, full or read-only."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.index_help import WORDS, WordEncoder, make_paper, papers
from tidings.errors import IndexUnavailableError, StoreError
from tidings.index.codes import BLOCK, FAR, encode_codes, nearest, rotation, smallest, widen, write_codes
from tidings.index.columns import Columns
from tidings.index.follow import follow
from tidings.index.local import LocalIndex
from tidings.index.terms import distance
from tidings.index.vectors import Vectors
from tidings.index.writing import IndexWriter
from tidings.types import Change, Paper, Term

Contents = dict[int, tuple[object, ...]]


def contents(index: LocalIndex, number_of_papers: int) -> Contents:
    """Everything a search can see of every paper, by id."""
    snapshot = index._current()
    alive = np.flatnonzero(snapshot.alive)
    vectors = index.vectors(alive)
    found: Contents = {}
    for row, vector in zip(alive.tolist(), vectors, strict=True):
        columns = tuple(int(snapshot.columns[name][row]) for name in ("day", "year", "flags"))
        values = tuple(
            vocabulary.values[snapshot.columns[name][row]] for name, vocabulary in snapshot.columns.vocabularies.items()
        )
        found[row] = (columns, values, vector.tobytes())
    by_words = {word: sorted(index.newest(Term(word), 1_000).tolist()) for word in WORDS}
    found[-1] = (sorted(by_words.items()), snapshot.searcher.num_docs, snapshot.manifest.papers)
    return found


class Log:
    """A store in memory: papers as they are now, and the log of what changed."""

    def __init__(self) -> None:
        self.papers: dict[int, Paper] = {}
        self.lines: list[Change] = []

    def put(self, paper: Paper) -> None:
        self.papers[paper.id] = paper
        self.lines.append(Change(len(self.lines) + 1, paper.id, removed=False))

    def remove(self, paper_id: int) -> None:
        if self.papers.pop(paper_id, None):
            self.lines.append(Change(len(self.lines) + 1, paper_id, removed=True))

    def changes(self, after: int, limit: int) -> list[Change]:
        return self.lines[after : after + limit]

    def read(self, ids: list[int]) -> list[Paper]:
        return [self.papers[paper_id] for paper_id in ids if paper_id in self.papers]

    def follow(self, index: LocalIndex) -> int:
        return follow(index, self.changes, self.read)


class Killed(BaseException):
    """The process ends here: nothing after it runs, no file is closed in order."""


STEPS = {
    "before the words are forgotten": (IndexWriter, "_forget"),
    "before the columns are written": (Columns, "write"),
    "before the vectors are written": (Vectors, "write"),
    "in the middle of a vector": (Vectors, "_put"),
    "before the columns are flushed": (Columns, "flush"),
    "before the manifest": (IndexWriter, "_publish"),
}


@contextmanager
def killed_at(step: str, countdown: int) -> Iterator[None]:
    kind, name = STEPS[step]
    real: Callable[..., object] = getattr(kind, name)
    left = countdown

    def run(*arguments: object, **named: object) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return real(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, name, run)
        patch.setattr("tidings.index.follow.BATCH", 3)
        yield


actions = st.one_of(
    st.integers(1, 8).flatmap(lambda number: st.tuples(st.just("put"), papers(number))),
    st.tuples(st.just("remove"), st.integers(1, 8)),
    st.tuples(st.just("follow"), st.none()),
    st.tuples(st.just("kill"), st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 2))),
)


@settings(max_examples=20, deadline=None)
@given(story=st.lists(actions, min_size=3, max_size=25))
def test_any_story_of_changes_and_kills_ends_like_a_fresh_rebuild(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, object]]
) -> None:
    folder, log = tmp_path_factory.mktemp("story"), Log()
    index = LocalIndex(folder / "lived", WordEncoder(64))
    for action, value in story:
        if action == "put":
            assert isinstance(value, Paper)
            log.put(value)
        elif action == "remove":
            assert isinstance(value, int)
            log.remove(value)
        elif action == "follow":
            log.follow(index)
        else:
            assert isinstance(value, tuple)
            with killed_at(*value):
                try:
                    log.follow(index)
                except Killed:
                    index = LocalIndex(folder / "lived", WordEncoder(64))
    fresh = LocalIndex(folder / "fresh", WordEncoder(64))
    assert log.follow(index) == log.follow(fresh) == index.position() == len(log.lines)
    assert contents(index, 8) == contents(fresh, 8)
    assert all(check.ok for check in index.verify())


def test_applying_the_same_twice_changes_nothing_and_encodes_nothing(tmp_path: Path) -> None:
    encoder = WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    batch = [make_paper(1, "Graph networks"), make_paper(2, "Attention"), make_paper(3, "Gone")]
    index.apply(batch, [], 1)
    before, encoded = contents(index, 3), encoder.encoded
    index.apply(batch, [], 1)
    assert contents(index, 3) == before
    assert encoder.encoded == encoded


def test_half_characters_and_control_characters_anywhere_stop_nothing(tmp_path: Path) -> None:
    index, half = LocalIndex(tmp_path, WordEncoder()), "a\ud800b\x00c"
    broken = make_paper(
        1, half, key=half, abstract=half, authors=(half,), ids=(half,), categories=(half,), venue=half, sources=(half,)
    )
    index.apply([broken, make_paper(2, "Graph")], [], 1)
    assert sorted(index.newest(None, 9).tolist()) == [1, 2]
    for field in ("title", "abstract", "author", "venue", "category", "source", "id"):
        assert index.newest(Term(half, field), 9).tolist() in ([], [1])
    assert 2 in index.candidates(f"{half} graph", None, None).ids


def test_a_removed_paper_is_found_by_nothing(tmp_path: Path) -> None:
    encoder = WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    index.apply([make_paper(1, "Graph networks"), make_paper(2, "Graph learning")], [], 1)
    index.apply([], [1, 77], 2)
    found = index.candidates("graph", encoder.encode(["graph networks"])[0], None)
    assert found.ids.tolist() == [2]
    assert index.newest(None, 9).tolist() == [2]
    assert not index.vectors(np.array([1])).any()
    assert index.count(None) == 1


def test_both_scores_are_given_for_candidates_of_either_kind(tmp_path: Path) -> None:
    encoder = WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    held = [make_paper(number, f"{WORDS[number % 5]} {WORDS[number % 3]} number{number}") for number in range(1, 400)]
    index.apply(held, [], 1)
    question = encoder.encode(["graph networks"])[0]
    found = index.candidates("graph networks", question, None, depth=50)
    every = index.candidates("graph networks", question, None, depth=1_000)
    bm25 = dict(zip(every.ids.tolist(), every.bm25.tolist(), strict=True))
    assert len(found.ids) == len(set(found.ids.tolist())) >= 50
    assert found.bm25 == pytest.approx([bm25[row] for row in found.ids.tolist()], rel=1e-5)
    texts = [f"{held[row - 1].title}\n" for row in found.ids.tolist()]
    assert found.cosine == pytest.approx(encoder.encode(texts) @ question, abs=2e-3)
    assert float(found.bm25.max()) < found.bm25_bound
    everything = encoder.encode([f"{paper.title}\n" for paper in held]) @ question
    assert found.cosine_mean == pytest.approx(everything.mean(), abs=1e-3)
    assert found.cosine_deviation == pytest.approx(everything.std(), abs=1e-3)
    assert found.stems == {"graph", "network"}


def test_without_a_vector_cosines_are_unknown_and_without_words_bm25_is_zero(tmp_path: Path) -> None:
    encoder = WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    index.apply([make_paper(1, "Graph networks")], [], 1)
    assert np.isnan(index.candidates("graph", None, None).cosine).all()
    assert index.candidates("", encoder.encode(["graph"])[0], None).bm25.tolist() == [0.0]
    assert len(index.candidates("", None, None).ids) == 0


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("基于深度学习的图像分类", "深度学习"),
        ("日本語の自然言語処理", "自然言語"),
        ("Émile's Schrödinger café", "schrodinger cafe"),
        ("Learning $\\alpha$-stable processes", "α stable"),
        ("Низкоранговая адаптация", "адаптация"),
    ],
)
def test_titles_of_any_script_are_found(tmp_path: Path, title: str, words: str) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    index.apply([make_paper(1, title), make_paper(2, "Something else")], [], 1)
    assert index.candidates(words, None, None).ids.tolist() == [1]
    assert index.newest(Term(words, "title"), 9).tolist() == [1]


def test_misspelt_words_are_answered_as_they_were_meant(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    index.apply([make_paper(1, "Attention in transformers"), make_paper(2, "Graphs")], [], 1)
    found = index.candidates("tranformres", None, None)
    assert (found.corrected, found.ids.tolist()) == ("transformers", [1])
    assert index.candidates("qqqqqqq", None, None).corrected is None
    assert index.candidates("attention tranformres", None, None).corrected is None


@pytest.mark.parametrize(
    ("one", "other", "slips"), [("abcd", "abdc", 1), ("abc", "abc", 0), ("", "ab", 2), ("kitten", "sitting", 3)]
)
def test_slips_are_counted(one: str, other: str, slips: int) -> None:
    assert distance(one, other) == distance(other, one) == slips


def test_facets_count_years_sources_and_primary_categories(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    held = [
        make_paper(1, year=2020, sources=("arxiv", "acl"), categories=("cs.CL", "cs.CV")),
        make_paper(2, year=2021, sources=("acl",), categories=("cs.CV",)),
        make_paper(3, submitted=date(2021, 1, 2)),
    ]
    index.apply(held, [], 1)
    expected = {"year": {"2021": 2, "2020": 1}, "source": {"acl": 2, "arxiv": 1}, "category": {"cs.CL": 1, "cs.CV": 1}}
    assert index.facets(np.array([1, 2, 3])) == expected
    assert index.facets(np.array([], np.int64)) == {"year": {}, "source": {}, "category": {}}


def test_neighbours_come_nearest_first_and_pass_the_filter(tmp_path: Path) -> None:
    encoder = WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    titles = ["graph networks", "graph networks proofs", "graph cells", "cells"]
    index.apply(
        [make_paper(n, title, sources=("even" if n % 2 == 0 else "odd",)) for n, title in enumerate(titles, 1)], [], 1
    )
    question = encoder.encode(["graph networks"])[0]
    rows, cosines = index.neighbours(question, 3)
    assert rows.tolist() == [1, 2, 3]
    assert cosines.tolist() == sorted(cosines.tolist(), reverse=True)
    assert index.neighbours(question, 3, Term("even", "source"))[0].tolist() == [2, 4]


def test_a_reader_that_is_open_sees_what_is_written_later(tmp_path: Path) -> None:
    writer, reader = LocalIndex(tmp_path, WordEncoder()), LocalIndex(tmp_path, WordEncoder(), read_only=True)
    assert not reader.is_ready()
    for number in (1, 2, 40_000):
        writer.apply([make_paper(number, "Graph")], [], number)
        assert reader.position() == number
        assert number in reader.candidates("graph", None, None).ids
    with pytest.raises(StoreError):
        reader.apply([], [], 9)


def _write_many(folder: Path, first: int) -> None:
    index = LocalIndex(folder, WordEncoder())
    for number in range(first, first + 8):
        index.apply([make_paper(number, f"Graph {number}")], [], number)


def test_two_processes_write_in_turn_and_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write_many, args=(tmp_path, first)) for first in (1, 101)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    index = LocalIndex(tmp_path, WordEncoder())
    assert set(index.newest(Term("graph"), 100).tolist()) == {*range(1, 9), *range(101, 109)}
    assert all(check.ok for check in index.verify())


# --- damage ------------------------------------------------------------------------------------


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
    "no rotation": lambda home: next(home.glob("vectors-*/rotation.npy")).unlink(),
    "cut rotation": lambda home: _truncate(next(home.glob("vectors-*/rotation.npy"))),
}


def _lose(folder: Path, names: str) -> None:
    for path in folder.glob(names):
        path.unlink()


def _edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def _log_of(count: int) -> Log:
    log = Log()
    for number in range(1, count + 1):
        log.put(make_paper(number, f"{WORDS[number % 5]} {WORDS[number % 3]} {number}"))
    return log


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_damage_is_noticed_told_and_healed_by_the_next_follow(tmp_path: Path, damage: str) -> None:
    log = _log_of(50)
    log.follow(LocalIndex(tmp_path / "index", WordEncoder()))
    DAMAGES[damage](tmp_path / "index")
    damaged = LocalIndex(tmp_path / "index", WordEncoder())
    with pytest.raises(IndexUnavailableError, match="rebuilt"):
        damaged.count(None)
    assert not damaged.verify()[0].ok
    assert damaged.position() == 0
    fresh = LocalIndex(tmp_path / "fresh", WordEncoder())
    assert log.follow(damaged) == log.follow(fresh) == 50
    assert contents(damaged, 50) == contents(fresh, 50)
    assert all(check.ok for check in damaged.verify())


def test_a_rebuild_of_words_keeps_the_vectors(tmp_path: Path) -> None:
    log = _log_of(50)
    log.follow(LocalIndex(tmp_path, WordEncoder()))
    shutil.rmtree(tmp_path / "words")
    encoder = WordEncoder()
    assert log.follow(LocalIndex(tmp_path, encoder)) == 50
    assert encoder.encoded == 0


def test_a_rebuild_also_drops_papers_that_were_removed_meanwhile(tmp_path: Path) -> None:
    log = _log_of(5)
    log.follow(LocalIndex(tmp_path, WordEncoder()))
    shutil.rmtree(tmp_path / "columns")
    log.remove(3)
    index = LocalIndex(tmp_path, WordEncoder())
    log.follow(index)
    assert sorted(index.newest(None, 9).tolist()) == [1, 2, 4, 5]


def test_another_encoder_starts_again_beside_the_old_vectors(tmp_path: Path) -> None:
    log = _log_of(20)
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
    log, encoder = _log_of(20), WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    log.follow(index)
    before = contents(index, 20)
    index.reset()
    assert index.position() == 0
    assert log.follow(index) == 20
    assert contents(index, 20) == before
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
    assert [check.ok for check in index.verify()] == [False, True]


# --- codes -------------------------------------------------------------------------------------


def test_every_finite_half_is_widened_exactly() -> None:
    halves = np.arange(65_536, dtype=np.uint32).astype(np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    assert np.array_equal(widen(halves), halves.astype(np.float32))


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 200_000), k=st.integers(1, 3_000), spread=st.integers(1, 400), seed=st.integers(0, 99))
def test_the_smallest_are_the_smallest(count: int, k: int, spread: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.integers(0, spread, count).astype(np.uint16)
    values[random.random(count) < seed / 100] = FAR
    chosen = smallest(values, k)
    allowed = np.sort(values[values != FAR])
    assert len(set(chosen.tolist())) == len(chosen) == min(k, len(allowed))
    assert np.array_equal(np.sort(values[chosen]), allowed[:k])


@pytest.mark.parametrize(
    ("rows", "share"), [(500, 1.0), (100_000, 1.0), (100_000, 0.5), (100_000, 0.01), (700_000, 0.9)]
)
def test_the_scan_finds_what_counting_bits_one_by_one_finds(rows: int, share: float) -> None:
    random = np.random.default_rng(1)
    codes = random.integers(0, 2**63, (rows, 2), np.uint64)
    blocks = np.zeros((-(-rows // BLOCK), 2, BLOCK), np.uint64)
    write_codes(blocks, np.arange(rows), codes)
    allowed = random.random(rows) < share
    found, distances = nearest(blocks, codes[7], allowed, 100)
    expected = np.bitwise_count(codes ^ codes[7]).sum(axis=1)
    assert allowed[found].all()
    assert np.array_equal(distances, expected[found])
    assert np.array_equal(np.sort(distances), np.sort(expected[allowed])[:100])


def test_the_rotation_keeps_angles() -> None:
    turn = rotation(100)
    vectors = np.random.default_rng(0).standard_normal((5, 100)).astype(np.float32)
    assert (vectors @ turn) @ (vectors @ turn).T == pytest.approx(vectors @ vectors.T, abs=1e-3)
    assert encode_codes(vectors, turn).shape == (5, 2)


def test_a_change_of_a_paper_replaces_its_words_and_its_vector(tmp_path: Path) -> None:
    encoder = WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    first = make_paper(1, "Graph", year=2020)
    index.apply([first, make_paper(2, "Cells")], [], 1)
    index.apply([replace(first, title="Attention", year=2021)], [], 2)
    assert index.candidates("graph", None, None).ids.tolist() == []
    assert index.candidates("attention", None, None).ids.tolist() == [1]
    assert index.neighbours(encoder.encode(["attention"])[0], 1)[0].tolist() == [1]
    assert index.facets(np.array([1]))["year"] == {"2021": 1}
