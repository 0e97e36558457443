"""The local index: what is written is found, whatever is killed, damaged, full or read-only."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.index_help import WORDS, Log, WordEncoder, contents, log_of, make_paper, papers
from tidings.errors import StoreError
from tidings.index.columns import Columns
from tidings.index.forward import Forward
from tidings.index.local import LocalIndex
from tidings.index.terms import distance
from tidings.index.vectors import Vectors
from tidings.index.writing import IndexWriter
from tidings.types import Paper, Term


class Killed(BaseException):
    """The process ends here: nothing after it runs, no file is closed in order."""


STEPS = {
    "before the words are forgotten": (IndexWriter, "_forget"),
    "before the columns are written": (Columns, "write"),
    "before the vectors are written": (Vectors, "write"),
    "in the middle of a vector": (Vectors, "_put"),
    "before the words by row are written": (Forward, "write"),
    "in the middle of words by row": (Forward, "_append"),
    "before the words by row are flushed": (Forward, "flush"),
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
    assert contents(index) == contents(fresh)
    assert all(check.ok for check in index.verify())


def test_applying_the_same_twice_changes_nothing_and_encodes_nothing(tmp_path: Path) -> None:
    encoder = WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    batch = [make_paper(1, "Graph networks"), make_paper(2, "Attention"), make_paper(3, "Gone")]
    index.apply(batch, [], 1)
    before, encoded = contents(index), encoder.encoded
    index.apply(batch, [], 1)
    assert contents(index) == before
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


def _follow_for_ever(folder: Path, batch: int) -> None:
    log, index = log_of(400), LocalIndex(folder, WordEncoder(64))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tidings.index.follow.BATCH", batch)
        patch.setattr("tidings.index.writing._COMMIT_SECONDS", 0)
        log.follow(index)


def test_a_process_killed_at_random_points_loses_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    index = LocalIndex(tmp_path / "lived", WordEncoder(64))
    for wait in (0.05, 0.2, 0.6):
        process = context.Process(target=_follow_for_ever, args=(tmp_path / "lived", 7))
        process.start()
        target = index.position() + 10
        deadline = time.monotonic() + 60
        while index.position() < target and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(wait)
        process.kill()
        process.join()
    assert index.position() >= 10
    log, fresh = log_of(400), LocalIndex(tmp_path / "fresh", WordEncoder(64))
    assert log.follow(index) == log.follow(fresh) == 400
    assert contents(index) == contents(fresh)
    assert all(check.ok for check in index.verify())


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
