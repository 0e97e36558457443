"""Two hundred interests that arrive one after another: does a new one disturb the old ones?"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import json_lines, plain, shared
from benchmarks.feeds.papers import papers_of
from benchmarks.promises.asking import quality
from benchmarks.tables import table
from tidings.learn import Corpus, Head, Papers, corpus_of, learn, prepare, score_many
from tidings.learn.corpus import take
from tidings.learn.line import new_line

COUNT, STAGE = 200, 20
LIKES, TESTS = 20, 10
OTHERS = 4000  # papers of no interest, beside which each interest's own are to be found
Floats = NDArray[np.float64]
Accuracies = tuple[list[float], Floats, Floats]


class _World(NamedTuple):
    """Likes and tests of interest i are rows i of ``likes`` and ``tests``; ``others`` are the rest, oldest first."""

    papers: Papers
    likes: NDArray[np.int64]
    tests: NDArray[np.int64]
    others: NDArray[np.int64]


def arriving() -> str:
    """Let the interests arrive, and compare with one classifier that is taught each in turn."""
    world, ways = _world(), (("heads", _heads), ("means of vectors", _means), ("one softmax, taught in turn", _softmax))
    rows = [_row(name, *way(world)) for name, way in ways]
    columns = (
        "learnt as",
        "accuracy, mean over the stream",
        "accuracy, last",
        "AUC on arrival",
        "AUC at the end",
        "forgetting, points",
    )
    return "\n\n".join(
        (
            "## Two hundred interests arriving one after another",
            f"Areas and venues of conferences in the order of their years, each with {LIKES} likes and {TESTS} papers "
            "held back. Accuracy: which of the interests so far a held-back paper is of (many venues share their "
            "subjects; chance at the end is 0.005). Forgetting: how much worse each finds its own held-back papers "
            f"among {OTHERS:,} others at the end of the stream than when it arrived, while the archive behind it grows "
            "and is measured anew. The goal was 0.5 points at most.",
            table(columns, rows),
            _memory(world),
        )
    )


def _row(name: str, stages: list[float], before: Floats, after: Floats) -> tuple[str, ...]:
    forgotten = f"{100 * (before - after).mean():.2f}"
    return name, f"{np.mean(stages):.3f}", f"{stages[-1]:.3f}", f"{before.mean():.3f}", f"{after.mean():.3f}", forgotten


@cache
def _world() -> _World:
    groups: dict[tuple[int, str], list[tuple[str, str]]] = defaultdict(list)
    for row in json_lines(shared("papers", "conference_papers.jsonl.xz")):
        if plain(row.get("abstract")):
            year = int(re.findall(r"\d{4}", row["src"])[-1])
            kind = row.get("primary_area") or (row.get("track") if row.get("track") != "main" else "") or ""
            groups[year, f"{row['src']} {kind}"].append((plain(row.get("title")), plain(row["abstract"])))
    large = [key for key, found in groups.items() if len(found) >= LIKES + TESTS]
    random = np.random.default_rng(0)
    large.sort(key=lambda key: (key[1].endswith(" "), random.random()))  # areas say more than whole venues
    chosen = sorted(large[:COUNT])
    texts = [groups[key][at] for key in chosen for at in random.permutation(len(groups[key]))[: LIKES + TESTS]]
    own = set(texts)
    rest = [text for key in sorted(groups) for text in groups[key] if text not in own]
    texts += [rest[at] for at in np.sort(random.permutation(len(rest))[:OTHERS])]
    rows = np.arange(COUNT * (LIKES + TESTS)).reshape(COUNT, LIKES + TESTS)
    others = np.arange(rows.size, len(texts))
    return _World(papers_of(texts), rows[:, :LIKES], rows[:, LIKES:], others)


def _corpus(world: _World, arrived: int) -> Corpus:
    """Return what is common among all papers there were when so many interests had arrived."""
    others = world.others[: max(500, len(world.others) * arrived // COUNT)]
    return corpus_of(take(world.papers, np.concatenate((others, world.likes[:arrived].ravel()))))


def _made(world: _World, corpus: Corpus, arrived: int) -> list[Head]:
    nothing = take(world.papers, world.others[:0])
    return [learn(corpus, None, take(world.papers, likes), nothing) for likes in world.likes[:arrived]]


def _heads(world: _World) -> Accuracies:
    def scored(arrived: int) -> NDArray[np.float32]:
        corpus = _corpus(world, arrived)
        return score_many(_made(world, corpus, arrived), prepare(corpus, world.papers))

    return _streamed(world, scored)


def _means(world: _World) -> Accuracies:
    def scored(arrived: int) -> NDArray[np.float32]:
        means = world.papers.vectors[world.likes[:arrived]].mean(axis=1)
        return (means / np.linalg.norm(means, axis=1, keepdims=True)) @ world.papers.vectors.T

    return _streamed(world, scored)


def _softmax(world: _World) -> Accuracies:
    """One classifier for all, which only sees the interests that arrive: what is usual, and forgets."""
    vectors = world.papers.vectors - world.papers.vectors[world.others].mean(axis=0)
    weights = np.zeros((COUNT, vectors.shape[1]))

    def scored(arrived: int) -> NDArray[np.float32]:
        new = np.arange(arrived - STAGE, arrived)
        rows, labels = world.likes[new].ravel(), np.repeat(new, LIKES)
        for _ in range(200):
            logits = 10 * vectors[rows] @ weights[:arrived].T
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            shares[np.arange(len(rows)), labels] -= 1
            weights[:arrived] -= shares.T @ vectors[rows] / LIKES
        return (weights[:arrived] @ vectors.T).astype(np.float32)

    return _streamed(world, scored)


def _streamed(world: _World, scored: Callable[[int], NDArray[np.float32]]) -> Accuracies:
    """Return the accuracy at each stage, and each interest's AUC on arrival and at the end."""
    stages, before = [], np.zeros(COUNT)
    for arrived in range(STAGE, COUNT + 1, STAGE):
        scores = scored(arrived)
        tests = world.tests[:arrived]
        right = scores[:, tests.ravel()].argmax(axis=0) == np.repeat(np.arange(arrived), TESTS)
        stages.append(float(right.mean()))
        own = np.array([_auc(world, scores[number], number) for number in range(arrived)])
        before[arrived - STAGE : arrived] = own[arrived - STAGE :]
    return stages, before, own


def _auc(world: _World, scores: NDArray[np.float32], number: int) -> float:
    rows = np.concatenate((world.tests[number], world.others))
    return quality(scores[rows].astype(np.float64), np.arange(len(rows)) < TESTS)[1]


def _memory(world: _World) -> str:
    heads = _made(world, _corpus(world, COUNT), COUNT)
    sizes = [_bytes(head) for head in heads]
    line, random = new_line(), np.random.default_rng(0)
    for height in random.normal(7, 2, 1000):
        line = line.after(float(height))
    kept = len(json.dumps(line.state()))
    return (
        f"Kept of an interest: {np.mean(sizes):,.0f} bytes of head (at most {max(sizes):,}); the state of its line is "
        f"{len(json.dumps(new_line().state()))} bytes when new, {kept:,} after 1,000 likes. The goal was 8 KB."
    )


def _bytes(head: Head) -> int:
    return sum(np.asarray(getattr(head, field.name)).nbytes for field in fields(head))
