"""How well does a tag find its papers from a line of description, and from 1, 5 and 20 examples?"""

from __future__ import annotations

import json
import lzma
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import difference_interval, mean_interval
from benchmarks.tables import DATA, publish, table
from tidings.embed import load_default, paper_text
from tidings.index.forward import learnt_text, terms_of
from tidings.learn.tagging import LINE, Common, common_of, confidence, tag_head, tag_scores
from tidings.plain import plain
from tidings.types import TERM_BITS, Terms

COUNTS = (0, 1, 5, 20)
_DRAWS = 3
_FEWEST, _AREA_FEWEST = 24, 60  # papers that a keyword or an area has at least
_KEYWORDS = 120
_K1, _B = 1.2, 0.75
Floats = NDArray[np.float32]


class Task(NamedTuple):
    """A tag: ``right`` (n,) bool are its papers, ``told`` the papers whose authors said anything of this kind."""

    kind: str
    name: str
    right: NDArray[np.bool_]
    told: NDArray[np.bool_]


class World(NamedTuple):
    vectors: Floats
    terms: Terms
    common: Common
    half: NDArray[np.bool_]  # papers that examples are drawn from


def main() -> None:
    """Measure, and write the table."""
    rows = _rows()
    world, tasks = _world(rows), _tasks(rows)
    results, sure, right = _measure(world, tasks)
    publish(
        "tags",
        "How well does a tag find its papers?",
        f"Average precision over {len(rows):,} conference papers whose authors give keywords or an area: {_KEYWORDS} "
        f"keywords drawn among those of {_FEWEST} papers or more, and {sum(task.kind == 'area' for task in tasks)} "
        f"areas. Examples come from one half of the papers ({_DRAWS} draws), precision from the other; 0 examples is "
        "the name of the keyword or area alone. BM25 and cosine get the same words and examples: BM25 asks for all "
        "words of both, cosine for the sum of their vectors. Intervals of 95 % over tags. Authors leave out much that "
        "is true.",
        _table(results),
        _calibration(sure, right),
    )


# --- the data ---


def _rows() -> list[dict[str, Any]]:
    with lzma.open(DATA / "papers" / "conference_papers.jsonl.xz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        row for row in rows if (row.get("keywords") or row.get("primary_area")) and len(row.get("abstract") or "") > 200
    ]


def _world(rows: Sequence[dict[str, Any]]) -> World:
    made = [(plain(row["title"]), plain(row["abstract"])) for row in rows]
    vectors = load_default().encode([paper_text(title, abstract).strip() for title, abstract in made])
    terms = terms_of([learnt_text(title, abstract) for title, abstract in made])
    return World(vectors, terms, common_of(vectors), np.random.default_rng(1).random(len(rows)) < 0.5)


def _tasks(rows: Sequence[dict[str, Any]]) -> list[Task]:
    keywords, areas = [_keywords(row) for row in rows], [_area(row) for row in rows]
    told = np.array([bool(said) for said in keywords])
    counted = Counter(word for said in keywords for word in said)
    named = sorted(word for word, count in counted.items() if _FEWEST <= count <= 0.06 * len(rows))
    chosen = np.random.default_rng(2).permutation(len(named))[:_KEYWORDS]
    tasks = [Task("keyword", named[at], np.array([named[at] in said for said in keywords]), told) for at in chosen]
    told = np.array([bool(area) for area in areas])
    common = [area for area, count in sorted(Counter(filter(None, areas)).items()) if count >= _AREA_FEWEST]
    return [*tasks, *(Task("area", area, np.array([area == each for each in areas]), told) for area in common)]


def _keywords(row: dict[str, Any]) -> set[str]:
    text = row.get("keywords") or ""
    return {word.strip().casefold() for word in text.split(";" if ";" in text else ",") if word.strip()}


def _area(row: dict[str, Any]) -> str:
    """Return the area of a paper; those that a conference only numbered are one."""
    return re.sub(r" I+$", "", row.get("primary_area") or "").strip()


# --- the ways ---


class Bm25:
    """Okapi BM25 over the words that an index keeps of each paper (Robertson, Zaragoza, 2009)."""

    def __init__(self, terms: Terms) -> None:
        self.terms, self.count = terms, len(terms.starts) - 1
        self.owners = np.repeat(np.arange(self.count), np.diff(terms.starts))
        lengths = np.bincount(self.owners, terms.counts, self.count)
        frequency = np.bincount(terms.terms, minlength=2**TERM_BITS)
        rarity = np.log1p((self.count - frequency + 0.5) / (frequency + 0.5))
        damping = _K1 * (1 - _B + _B * lengths / lengths.mean())
        self.values = rarity[terms.terms] * terms.counts * (_K1 + 1) / (terms.counts + damping[self.owners])

    def scores(self, asked: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the score of each paper; ``asked`` (2 ** TERM_BITS,) says how often the question has a word."""
        return np.bincount(self.owners, self.values * asked[self.terms.terms], self.count)


def _words_of(terms: Terms, places: Sequence[int]) -> NDArray[np.float64]:
    found = np.zeros(2**TERM_BITS)
    for place in places:
        found[terms.terms[terms.starts[place] : terms.starts[place + 1]]] += 1
    return found


def _ways(world: World, bm25: Bm25, name: str) -> dict[str, Callable[[NDArray[np.int64]], NDArray[Any]]]:
    text, words = load_default().encode([name])[0], _words_of(terms_of([name]), [0])
    none = world.vectors[:0]

    def ours(chosen: NDArray[np.int64]) -> NDArray[Any]:
        return tag_scores([tag_head(world.common, text, world.vectors[chosen], none)], world.vectors)[0]

    def cosine(chosen: NDArray[np.int64]) -> NDArray[Any]:
        return world.vectors @ (text + world.vectors[chosen].sum(axis=0))

    def by_words(chosen: NDArray[np.int64]) -> NDArray[Any]:
        return bm25.scores(words + _words_of(world.terms, chosen.tolist()))

    return {"ours": ours, "cosine": cosine, "BM25": by_words}


# --- the answers ---


Results = dict[tuple[str, int, str], list[float]]


def _measure(world: World, tasks: Sequence[Task]) -> tuple[Results, Floats, NDArray[np.bool_]]:
    results: Results = {}
    sure, right = list[Floats](), list[NDArray[np.bool_]]()
    bm25 = Bm25(world.terms)
    for number, task in enumerate(tasks):
        draws, ways = np.random.default_rng(number), _ways(world, bm25, task.name)
        train, test = np.flatnonzero(task.right & world.half), np.flatnonzero(task.told & ~world.half)
        for count in COUNTS:
            if count > len(train) or not task.right[test].any():
                continue
            chosen = [np.sort(draws.permutation(train)[:count]) for _ in range(_DRAWS if count else 1)]
            for way, score in ways.items():
                scores = [score(examples)[test] for examples in chosen]
                found = [_precision(one, task.right[test]) for one in scores]
                results.setdefault((task.kind, count, way), []).append(float(np.mean(found)))
                if way == "ours":
                    sure.append(scores[0])
                    right.append(task.right[test])
    return results, np.concatenate(sure), np.concatenate(right)


def _precision(scores: NDArray[Any], right: NDArray[np.bool_]) -> float:
    ranked = right[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked].mean())


def _table(results: Results) -> str:
    rows = []
    for kind in ("keyword", "area"):
        for count in COUNTS:
            ours = results[kind, count, "ours"]
            cells = [_interval(results[kind, count, way]) for way in ("ours", "cosine", "BM25")]
            gains = [difference_interval(ours, results[kind, count, way]) for way in ("cosine", "BM25")]
            rows.append(
                (kind, count, len(ours), *cells, *(f"{d:+.3f} ({low:+.3f} to {high:+.3f})" for d, low, high in gains))
            )
    return table(("truth", "examples", "tags", "ours", "cosine", "BM25", "over cosine", "over BM25"), rows)


def _interval(values: Sequence[float]) -> str:
    mean, low, high = mean_interval(values)
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def _calibration(scores: Floats, right: NDArray[np.bool_]) -> str:
    """Compare what confidences say with how many are right, over all tags and counts."""
    sure = confidence(scores)
    edges = [0.0, 0.05, 0.1, 0.15, 0.2, LINE, 0.3, 0.4, 0.5, 1.01]
    rows = []
    for low, high in pairwise(edges):
        inside = (sure >= low) & (sure < high)
        if inside.any():
            rows.append(
                (
                    f"{low:.2f} to {min(high, 1):.2f}",
                    f"{inside.sum():,}",
                    f"{sure[inside].mean():.3f}",
                    f"{right[inside].mean():.3f}",
                )
            )
    found = right[sure >= LINE].sum() / right.sum()
    said = (
        f"How sure tags are, and how often authors agree. Above the line of {LINE} are {found:.0%} of what authors say."
    )
    return said + "\n\n" + table(("confidence", "papers and tags", "said", "authors agree"), rows)
