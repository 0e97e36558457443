"""The bundled encoder: what every vector of it must be."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from tokenizers import Tokenizer, models

from tidings.embed import StaticEncoder, load_default, paper_text
from tidings.embed.static import DATA
from tidings.embed.units import Units, words_of

GRAPHS = paper_text(
    "Message passing on molecular graphs",
    "We predict properties of molecules with a neural network that passes messages along chemical bonds.",
)
MOLECULES = paper_text(
    "Learning to predict toxicity of compounds",
    "A graph neural network over atoms and bonds estimates which chemical compounds are toxic.",
)
WAVES = paper_text(
    "Global existence for a semilinear wave equation",
    "We prove global existence of small solutions of a nonlinear wave equation in three space dimensions.",
)


@pytest.fixture(scope="module")
def encoder() -> StaticEncoder:
    return load_default()


def test_rows_are_normalised_and_of_the_promised_shape(encoder: StaticEncoder) -> None:
    vectors = encoder.encode([GRAPHS, WAVES])
    assert vectors.shape == (2, encoder.dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_dimensions_fill_whole_words_of_a_code(encoder: StaticEncoder) -> None:
    assert encoder.dimensions % 64 == 0


def test_no_texts_give_no_rows(encoder: StaticEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimensions)


@pytest.mark.parametrize("text", ["", " \n\t", "\0\0", "…—!", "\ud800", "\U0001f600"])
def test_a_text_without_a_known_unit_is_a_zero_row(encoder: StaticEncoder, text: str) -> None:
    assert not encoder.encode([text]).any()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=200), max_size=5))
def test_any_text_gives_a_unit_or_a_zero_row(texts: list[str]) -> None:
    vectors = load_default().encode(texts)
    norms = np.linalg.norm(vectors, axis=1)
    assert np.isfinite(vectors).all()
    assert all(norm == 0 or abs(norm - 1) < 1e-4 for norm in norms)


def test_a_megabyte_is_read_in_bounded_time(encoder: StaticEncoder) -> None:
    begun = time.perf_counter()
    vectors = encoder.encode(["graph " * 170_000, "x" * 1_000_000, "\ud800 a" * 300_000])
    assert time.perf_counter() - begun < 5
    assert np.isfinite(vectors).all()


def test_control_characters_and_surrogates_do_not_change_the_words_around_them(encoder: StaticEncoder) -> None:
    plain, odd = encoder.encode(["graph neural network", "graph\0neural\ud800network"])
    np.testing.assert_array_equal(plain, odd)


def test_the_same_text_has_the_same_vector(encoder: StaticEncoder) -> None:
    np.testing.assert_array_equal(encoder.encode([GRAPHS, WAVES]), encoder.encode([GRAPHS, WAVES]))


def test_company_does_not_change_a_vector(encoder: StaticEncoder) -> None:
    alone = encoder.encode([GRAPHS])[0]
    together = encoder.encode([WAVES, MOLECULES] * 100 + [GRAPHS])[-1]
    np.testing.assert_array_equal(alone, together)


def test_case_accents_and_repetition_do_not_matter(encoder: StaticEncoder) -> None:
    plain, other = encoder.encode(["schrodinger equation", "SCHRÖDINGER Equation\nequation"])
    assert plain @ other > 0.99


def test_related_papers_are_nearer_than_unrelated_ones(encoder: StaticEncoder) -> None:
    graphs, molecules, waves = encoder.encode([GRAPHS, MOLECULES, WAVES])
    assert graphs @ molecules > graphs @ waves + 0.2


@pytest.mark.parametrize(
    ("query", "meant", "other"),
    [
        ("parameter-efficient finetuning", "low-rank adapters for large language models", "speech enhancement"),
        ("machine translation", "translating from german to english with a seq2seq model", "object detection"),
        ("3d reconstruction from photos", "novel view synthesis with radiance fields", "sentiment analysis of reviews"),
        ("regularity of fluids", "navier-stokes equations", "question answering"),
    ],
)
def test_other_words_for_the_same_thing_are_near(encoder: StaticEncoder, query: str, meant: str, other: str) -> None:
    asked, near, far = encoder.encode([query, meant, other])
    assert asked @ near > asked @ far + 0.1


def test_a_pair_of_words_is_a_unit_of_its_own(encoder: StaticEncoder) -> None:
    together, apart = encoder.encode(["neural network", "network neural"])
    assert not np.allclose(together, apart)


def test_the_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 20_000_000


def test_the_name_is_that_of_the_content(encoder: StaticEncoder) -> None:
    from training.export import content_name

    with safe_open(DATA / "table.safetensors", framework="np") as table:
        parts = [table.get_tensor(part) for part in ("rows", "scales", "pairs")]
    assert encoder.name == content_name((DATA / "tokenizer.json").read_bytes(), *parts)


def test_a_table_of_another_vocabulary_is_refused() -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "graph": 1}, unk_token="[UNK]"))
    units = Units(tokenizer, np.array([[1, 1]]), 2)
    with pytest.raises(ValueError, match="3 units"):
        StaticEncoder("wrong", units, np.zeros((2, 64), dtype=np.int8), np.zeros(2, dtype=np.float32))


def test_pairs_do_not_reach_across_texts() -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1, "b": 2}, unk_token="[UNK]"))
    owners, rows = Units(tokenizer, np.array([[1, 2]]), 3).batch(["a", "b", "a b"])
    assert sorted(zip(owners.tolist(), rows.tolist(), strict=True)) == [(0, 1), (1, 2), (2, 1), (2, 2), (2, 3)]


def test_words_are_runs_of_letters_and_digits() -> None:
    assert words_of("Few-shot GPT_4 for Poincaré's $L^p$") == [
        "few",
        "shot",
        "gpt",
        "4",
        "for",
        "poincare",
        "s",
        "l",
        "p",
    ]


def test_a_longer_match_scores_higher(encoder: StaticEncoder) -> None:
    paper, *queries = encoder.encode([GRAPHS, "graphs", "molecular graphs", "message passing on molecular graphs"])
    scores = [float(paper @ query) for query in queries]
    assert all(left < right for left, right in pairwise(scores))
