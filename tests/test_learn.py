"""Learning from words and few likes: what a head finds, why, and what it makes of bad input."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings import learn
from tidings.embed import load_default
from tidings.hashing import bucket
from tidings.index.words import tokens
from tidings.learn import Papers
from tidings.learn.corpus import take
from tidings.learn.heads import MOST
from tidings.types import TERM_BITS, Terms

TOPICS = {
    "bird": "songbird wing feather migration nest plumage flight",
    "rock": "granite basalt sediment erosion mineral crystal lava",
    "court": "judge verdict appeal statute lawyer contract liability",
}


def papers_of(texts: Sequence[str]) -> Papers:
    counted = []
    for text in texts:
        terms, counts = np.unique(
            np.array([bucket(word, TERM_BITS) for word in tokens(text)], np.uint32), return_counts=True
        )
        counted.append((terms, np.minimum(counts, 255).astype(np.uint8)))
    starts = np.append(0, np.cumsum([len(terms) for terms, _ in counted])).astype(np.int64)
    terms = np.concatenate([*(terms for terms, _ in counted), np.zeros(0, np.uint32)]).astype(np.uint32)
    times = np.concatenate([*(counts for _, counts in counted), np.zeros(0, np.uint8)]).astype(np.uint8)
    return Papers(load_default().encode(list(texts)), Terms(starts, terms, times))


def on(topic: str, seed: int) -> str:
    words = np.random.default_rng(seed).permutation(TOPICS[topic].split())
    return f"a study of {' '.join(words[:4])} and of {words[0]}"


@pytest.fixture(scope="module")
def archive() -> Papers:
    return papers_of([on(topic, seed) for seed in range(40) for topic in TOPICS])


@pytest.fixture(scope="module")
def corpus() -> learn.Corpus:
    rows = map(json.loads, (resources.files("tidings") / "data" / "sample.jsonl").read_text().splitlines())
    return learn.corpus_of(papers_of([f"{row['title']}\n{row.get('summary', '')}" for row in rows]))


NONE = papers_of([])
BIRDS = np.arange(0, 120, 3)


def is_about_birds(scores: np.ndarray) -> bool:
    return set(np.argsort(-scores)[: len(BIRDS)]) == set(BIRDS)


def test_a_few_words_find_their_papers(archive: Papers, corpus: learn.Corpus) -> None:
    head = learn.learn(corpus, papers_of(["songbird migration flight feather"]), NONE, NONE)
    assert is_about_birds(learn.score(head, learn.prepare(corpus, archive)))


def test_one_like_finds_its_like(archive: Papers, corpus: learn.Corpus) -> None:
    head = learn.learn(corpus, None, papers_of([on("bird", 99)]), NONE)
    assert is_about_birds(learn.score(head, learn.prepare(corpus, archive)))


def test_only_dismissals_push_away(archive: Papers, corpus: learn.Corpus) -> None:
    head = learn.learn(corpus, None, NONE, papers_of([on("bird", 99)]))
    scores = learn.score(head, learn.prepare(corpus, archive))
    assert scores[BIRDS].max() < np.delete(scores, BIRDS).min()


def test_without_words_and_likes_everything_scores_0(archive: Papers, corpus: learn.Corpus) -> None:
    head = learn.learn(corpus, None, NONE, NONE)
    assert not learn.score(head, learn.prepare(corpus, archive)).any()


def test_a_like_without_text_changes_nothing_of_the_order(archive: Papers, corpus: learn.Corpus) -> None:
    recent = learn.prepare(corpus, archive)
    without = learn.score(learn.learn(corpus, None, papers_of([on("bird", 99)]), NONE), recent)
    beside = learn.score(learn.learn(corpus, None, papers_of([on("bird", 99), ""]), NONE), recent)
    assert np.corrcoef(without, beside)[0, 1] > 0.999


def test_many_heads_score_as_each_alone(archive: Papers, corpus: learn.Corpus) -> None:
    recent = learn.prepare(corpus, archive)
    heads = [learn.learn(corpus, papers_of([words]), NONE, NONE) for words in TOPICS.values()]
    alone = np.stack([learn.score(head, recent) for head in heads])
    assert np.allclose(learn.score_many(heads, recent), alone, atol=1e-3)
    assert learn.score_many([], recent).shape == (0, len(archive.vectors))


def test_an_archive_of_nothing_has_a_corpus_too() -> None:
    empty = Papers(np.zeros((0, 8), np.float32), NONE.terms)
    corpus = learn.corpus_of(empty)
    assert len(learn.score(learn.learn(corpus, None, empty, empty), learn.prepare(corpus, empty))) == 0


def test_a_corpus_kept_in_a_file_scores_the_same(archive: Papers, corpus: learn.Corpus, tmp_path: Path) -> None:
    learn.save(corpus, tmp_path / "corpus")
    kept = learn.load(tmp_path / "corpus")
    text = papers_of(["basalt erosion"])
    one = learn.score(learn.learn(corpus, text, NONE, NONE), learn.prepare(corpus, archive))
    other = learn.score(learn.learn(kept, text, NONE, NONE), learn.prepare(kept, archive))
    assert np.array_equal(one, other)


SOME = st.lists(st.sampled_from([*TOPICS, ""]), max_size=5)


@settings(max_examples=60, deadline=None)
@given(text=st.sampled_from([None, "lava and verdict", ""]), liked=SOME, dismissed=SOME)
def test_the_parts_of_a_score_add_up_to_it(
    archive: Papers, corpus: learn.Corpus, text: str | None, liked: list[str], dismissed: list[str]
) -> None:
    words = None if text is None else papers_of([text])
    likes, dismissals = (papers_of([topic and on(topic, n) for n, topic in enumerate(of)]) for of in (liked, dismissed))
    shown = papers_of([on("bird", 7), on("rock", 8), ""])
    scores = learn.score(learn.learn(corpus, words, likes, dismissals), learn.prepare(corpus, shown))
    for score, parts in zip(scores, learn.contributions(corpus, words, likes, dismissals, shown), strict=True):
        assert len(parts.likes) == len(liked)
        assert len(parts.dismissals) == len(dismissed)
        assert parts.text + parts.likes.sum() + parts.dismissals.sum() + parts.base == pytest.approx(score, abs=1e-3)
        assert parts.meaning + parts.shares.sum() + parts.base == pytest.approx(score, abs=1e-3)


def test_the_sentence_about_the_interest_decides(corpus: learn.Corpus) -> None:
    head = learn.learn(corpus, papers_of([TOPICS["bird"]]), NONE, NONE)
    parts = ["A judge wrote a statute.", "The feather of a songbird.", "Lava is mineral."]
    without = papers_of([" ".join(parts[:n] + parts[n + 1 :]) for n in range(3)])
    assert int(np.argmax(learn.sentences(corpus, head, papers_of([" ".join(parts)]), without))) == 1


def test_a_paper_liked_and_dismissed_counts_as_liked_but_less(archive: Papers, corpus: learn.Corpus) -> None:
    bird, recent = papers_of([on("bird", 99)]), learn.prepare(corpus, archive)
    both = learn.score(learn.learn(corpus, papers_of(["lava mineral"]), bird, bird), recent)
    either = learn.score(learn.learn(corpus, papers_of(["lava mineral"]), bird, NONE), recent)
    assert is_about_birds(learn.score(learn.learn(corpus, None, bird, bird), recent))
    assert both[BIRDS].mean() < either[BIRDS].mean()


def test_a_like_without_a_vector_teaches_its_words(archive: Papers, corpus: learn.Corpus) -> None:
    bird = papers_of([on("bird", 99)])
    wordy = bird._replace(vectors=np.zeros_like(bird.vectors))
    assert is_about_birds(learn.score(learn.learn(corpus, None, wordy, NONE), learn.prepare(corpus, archive)))


def test_a_paper_without_text_scores_like_any_other(corpus: learn.Corpus) -> None:
    head = learn.learn(corpus, None, papers_of([on("bird", 99)]), NONE)
    bird, nothing, rock = learn.score(head, learn.prepare(corpus, papers_of([on("bird", 1), "", on("rock", 1)])))
    assert abs(nothing) < 1
    assert bird > nothing
    assert np.isfinite(rock)


def test_of_very_many_likes_the_newest_are_learnt_from(corpus: learn.Corpus) -> None:
    few = papers_of([on("bird", seed) for seed in range(50)])
    many = take(few, np.tile(np.arange(50), 1000))
    head = learn.learn(corpus, None, many, NONE)
    newest = learn.learn(corpus, None, take(many, np.arange(50_000 - MOST, 50_000)), NONE)
    assert np.array_equal(head.directions, newest.directions)
    parts = learn.contributions(corpus, None, many, NONE, few)[0].likes
    assert not parts[:-MOST].any()
    assert parts[-MOST:].all()


def test_several_tastes_are_each_found_and_told_apart(archive: Papers, corpus: learn.Corpus) -> None:
    liked = papers_of([on(topic, 50 + seed) for seed in range(4) for topic in ("bird", "court")])
    head = learn.learn(corpus, None, liked, NONE)
    scores = learn.score(head, learn.prepare(corpus, archive))
    rocks = np.arange(1, 120, 3)
    assert len(head.directions) >= 2
    assert scores[rocks].max() < np.delete(scores, rocks).min()


def test_a_new_taste_is_learnt_within_ten_likes(archive: Papers, corpus: learn.Corpus) -> None:
    liked = papers_of([on("rock", seed) for seed in range(40)] + [on("bird", seed) for seed in range(10)])
    scores = learn.score(learn.learn(corpus, None, liked, NONE), learn.prepare(corpus, archive))
    assert scores[BIRDS].mean() > scores[2::3].mean() + 1


@pytest.mark.parametrize("likes", [0, 1, 5, 30, 400])
def test_a_head_takes_at_most_8_kilobytes(archive: Papers, corpus: learn.Corpus, likes: int) -> None:
    head = learn.learn(corpus, None, take(archive, np.arange(likes) % 120), NONE)
    assert sum(part.nbytes for part in (head.directions, head.offsets, head.terms, head.weights)) <= 8000
