"""The words of each paper by its id: what tantivy finds in it, whatever happened to the files."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.index_help import WordEncoder, log_of, make_paper, words_of
from tidings.errors import IndexUnavailableError
from tidings.hashing import bucket
from tidings.index import forward
from tidings.index.forward import Forward, forward_folder, terms_of
from tidings.index.local import LocalIndex
from tidings.index.words import tokens
from tidings.types import TERM_BITS, Terms


def expected(text: str) -> list[tuple[int, int]]:
    """The slow way: every token by itself."""
    return sorted((term, min(count, 255)) for term, count in Counter(map(term_of, tokens(text))).items())


def term_of(stem: str) -> int:
    return bucket(stem, TERM_BITS)


def rows(terms: Terms) -> list[list[tuple[int, int]]]:
    pairs = list(zip(terms.terms.tolist(), terms.counts.tolist(), strict=True))
    return [pairs[start:end] for start, end in zip(terms.starts, terms.starts[1:], strict=False)]


any_text = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(max_codepoint=127), max_size=40),
    st.lists(st.sampled_from(["running", "Runs", "it's", "x_1", "GPT-4", "naïve", "深度学习", "x" * 70, "\ud800"])).map(
        " ".join
    ),
)


@settings(deadline=None)
@given(st.lists(any_text, max_size=5))
def test_the_words_of_a_text_are_those_that_the_index_finds(texts: list[str]) -> None:
    assert rows(terms_of(texts)) == [expected(text) for text in texts]


def test_what_is_remembered_of_words_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "_REMEMBERED", 3)
    forward._term_of_ascii.clear()
    forward._term_of_stem.clear()
    texts = ["one two three four five", "six seven één twée drïe vïer"]
    assert rows(terms_of(texts)) == [expected(text) for text in texts]
    assert len(forward._term_of_ascii) <= 3
    assert len(forward._term_of_stem) <= 3


def test_a_count_ends_at_255() -> None:
    assert terms_of(["word " * 300]).counts.tolist() == [255]


def test_the_words_of_a_title_count_twice(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    index.apply([make_paper(4, "Graph networks", abstract="A network of cells")], [], 1)
    assert dict(words_of(index, [4])[0]) == {
        term_of("graph"): 2,
        term_of("network"): 3,
        term_of("a"): 1,
        term_of("of"): 1,
        term_of("cell"): 1,
    }


def test_papers_that_are_not_there_have_no_words(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    index.apply([make_paper(1, "Graph"), make_paper(2, "Gone"), make_paper(3, "!")], [], 1)
    index.apply([], [2], 2)
    assert [len(words) for words in words_of(index, [90_000, 2, 1, 3, 0, -1, 1])] == [0, 0, 1, 0, 0, 0, 1]
    assert rows(index.terms(np.zeros(0, np.int64))) == []


def test_a_paper_whose_words_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    words = Forward(tmp_path, write=True)
    words.reserve(3)
    assert words.write(np.array([1, 2]), terms_of(["graph cells", "proofs"])) == 2
    assert words.write(np.array([2, 1]), terms_of(["proofs", "graph cell networks"])) == 1
    assert rows(words.read(np.array([1, 2]))) == [expected("graph cell networks"), expected("proofs")]


def test_a_reader_sees_words_that_were_written_into_a_file_that_grew(tmp_path: Path) -> None:
    writer = Forward(tmp_path, write=True)
    writer.reserve(2)
    writer.write(np.array([1]), terms_of(["graph"]))
    reader = Forward(tmp_path, write=False)
    long = " ".join(f"word{number}" for number in range(300_000))
    writer.write(np.array([1]), terms_of([long]))
    assert len(reader.read(np.array([1])).terms) > 280_000


def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "_WORDS_STEP", 64)
    monkeypatch.setattr(forward, "_CHUNK", 3)


def _write_again(index: LocalIndex, times: int, count: int = 12) -> None:
    for turn in range(times):
        index.apply([make_paper(number, f"graph cells {turn} {number}") for number in range(1, count)], [], turn + 1)


def test_a_file_that_is_mostly_dead_is_copied_without_what_is_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small(monkeypatch)
    index = LocalIndex(tmp_path, WordEncoder())
    _write_again(index, 9)
    assert words_of(index, [7, 11]) == [expected(f"graph cells 8 {n} " * 2) for n in (7, 11)]
    assert all(check.ok for check in index.verify())
    assert index._current().manifest.forward > 0
    size = (forward_folder(tmp_path, index._current().manifest.forward) / "words").stat().st_size
    assert size <= 2 * 4 * 64
    index.apply([], [], 20)
    assert [folder.name for folder in tmp_path.glob("forward-*")] == [f"forward-{index._current().manifest.forward}"]


def test_a_reader_that_was_there_before_the_copy_reads_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _small(monkeypatch)
    index = LocalIndex(tmp_path, WordEncoder())
    _write_again(index, 1)
    before = index._current()
    _write_again(index, 9)
    assert rows(before.forward.read(np.array([7, 11]))) in (words_of(index, [7, 11]), [[], []])
    assert words_of(index, [7]) == [expected("graph cells 8 7 " * 2)]


def test_a_disk_without_room_for_the_copy_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _small(monkeypatch)

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Forward, "copy", full)
    index = LocalIndex(tmp_path, WordEncoder())
    _write_again(index, 9)
    assert index.position() == 9
    assert [folder.name for folder in tmp_path.glob("forward-*")] == ["forward-0"]
    assert words_of(index, [7]) == [expected("graph cells 8 7 " * 2)]


def test_a_process_that_is_killed_in_the_copy_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small(monkeypatch)
    index = LocalIndex(tmp_path, WordEncoder())
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("tidings.index.forward.sync_folder", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        _write_again(index, 9)
    reached = index.position()
    assert len(list(tmp_path.glob("forward-*"))) == 2
    index.apply([make_paper(50, "Proofs")], [], reached)
    assert index.position() == reached
    assert words_of(index, [50]) == [expected("proofs proofs")]
    assert all(check.ok for check in index.verify())


def test_an_index_of_the_first_format_is_built_again_and_keeps_its_vectors(tmp_path: Path) -> None:
    log = log_of(20)
    log.follow(LocalIndex(tmp_path, WordEncoder()))
    manifest = tmp_path / "manifest.json"
    manifest.write_text(
        re.sub(
            r'"forward":\d+,|"format":\d+',
            lambda found: "" if "forw" in found[0] else '"format":1',
            manifest.read_text(),
        )
    )
    for path in (tmp_path / "forward-0").iterdir():
        path.unlink()
    encoder = WordEncoder()
    index = LocalIndex(tmp_path, encoder)
    with pytest.raises(IndexUnavailableError, match="made by another version"):
        index.terms(np.array([1]))
    assert log.follow(index) == 20
    assert encoder.encoded == 0
    assert words_of(index, [3]) == [expected(f"{log.papers[3].title} " * 2)]


def test_verify_finds_words_that_a_sample_may_miss(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    index.apply([make_paper(number, f"graph {number}") for number in range(1, 300)], [], 1)
    places = np.memmap(tmp_path / "forward-0" / "places", np.int64, mode="r+")
    places[298] = 0
    found = {check.name: check for check in index.verify()}
    assert not found["index words by paper"].ok
    assert "1 of 299 rows" in found["index words by paper"].message
    assert found["index vectors"].ok
    assert words_of(index, [297]) == [expected("graph 297 " * 2)]


@pytest.mark.parametrize("place", [0, -5, 1 << 24, 10**6 << 24 | 4, 1 << 24 | 5])
def test_a_place_that_cannot_be_true_is_told_and_read_as_nothing_or_bounded(tmp_path: Path, place: int) -> None:
    words = Forward(tmp_path, write=True)
    words.reserve(3)
    words.write(np.array([1, 2]), terms_of(["graph cells", "of proofs"]))
    words._places.items[1] = place
    assert words.broken(np.array([1, 2])).tolist() == ([] if place == 1 << 24 else [1])
    assert rows(words.read(np.array([2]))) == [expected("of proofs")]


def test_the_end_is_found_where_the_last_paper_ends(tmp_path: Path) -> None:
    words = Forward(tmp_path, write=True)
    words.reserve(4)
    words.write(np.array([1, 2]), terms_of(["graph cells", "of proofs"]))
    words._places.items[3] = 10**9 << 24 | 7  # what a power cut may leave
    again = Forward(tmp_path, write=True)
    again.write(np.array([3]), terms_of(["attention"]))
    assert rows(again.read(np.array([1, 2, 3]))) == [
        expected(text) for text in ("graph cells", "of proofs", "attention")
    ]


def test_a_change_of_a_paper_replaces_its_words(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    paper = make_paper(1, "Graph", abstract="cells")
    index.apply([paper], [], 1)
    index.apply([replace(paper, abstract="proofs")], [], 2)
    assert words_of(index, [1]) == [expected("graph graph proofs")]
