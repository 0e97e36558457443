"""A lab whose readers click: does the second stage put pages in a better order, and does it know when it does not?"""

from __future__ import annotations

import lzma
from collections import defaultdict
from csv import DictReader
from datetime import datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import json_lines, shared
from benchmarks.feeds.readers import Reader, curated
from benchmarks.promises.streams import END, FIRST, SHOWN, WINDOW, Places, corpus, head_of, readers
from benchmarks.tables import table
from tidings.hashing import bucket
from tidings.learn import Recent, prepare, score
from tidings.learn.corpus import take
from tidings.learn.line import heights
from tidings.learn.scoring import words_of
from tidings.learn.second import CUT, FEATURES, HELD, Clicks, decide, page_gains, scores, stacked

MISCLICK = 0.01
Floats = NDArray[np.float64]


def second_stage() -> str:
    """Simulate clicks, decide, and hold the decision against what was truly liked."""
    clicks, truth = _clicks()
    rows = [
        _row("all features", clicks, truth),
        _row("without votes, followed, category", _without(clicks, "votes", "followed", "category"), truth),
        _row("nothing but noise", _noise(clicks), truth),
        _row("all, of readers who mind votes and authors", *_minding(clicks, truth)),
    ]
    columns = (
        "ranker learnt from",
        "pages held back",
        "served",
        "new",
        "difference",
        "promoted",
        "served, truth",
        "new, truth",
    )
    return "\n\n".join(
        (
            "## The second stage, on a lab's own clicks",
            f"The readers of above, each with a page of the {SHOWN} best papers of every week, in the order of their "
            "heads. A paper at place p, from 1, is looked at with a chance of 1 / log2(1 + p); what the list took is "
            f"then liked, and {MISCLICK:.0%} of the rest opened by mistake. Votes are those counted on Hugging Face by "
            "then; followed are the authors of two liked papers or more. Trees (LightGBM, lambdarank) learn from the "
            f"earlier pages and are held against the heads' order on the latest {HELD:.0%}: nDCG@{CUT} of clicks, with "
            "the 95 % interval of the difference by which it is decided. Truth: the same with every paper that the "
            "list took, looked at or not. The last row is made up: of the same clicks only those on papers with votes "
            "or followed authors, to see that what is there to learn is learnt and promoted.",
            table(columns, rows),
        )
    )


def _row(name: str, clicks: Clicks, truth: NDArray[np.int64]) -> tuple[str, ...]:
    decision = decide(clicks)
    border = int(np.unique(clicks.pages)[int(len(np.unique(clicks.pages)) * (1 - HELD))])
    late = clicks.pages >= border
    known = Clicks(*(column[late] for column in clicks._replace(grades=truth, places=np.zeros_like(clicks.places))))
    gains = [
        page_gains(known, order).mean() for order in (known.heads, scores(decision.model, known.features, known.heads))
    ]
    return (
        name,
        str(decision.pages),
        f"{decision.served:.3f}",
        f"{decision.new:.3f}",
        f"[{decision.low:+.3f}, {decision.high:+.3f}]",
        "yes" if decision.promoted else "no",
        *(f"{gain:.3f}" for gain in gains),
    )


def _without(clicks: Clicks, *names: str) -> Clicks:
    features = clicks.features.copy()
    features[:, [FEATURES.index(name) for name in names]] = 0
    return clicks._replace(features=features)


def _minding(clicks: Clicks, truth: NDArray[np.int64]) -> tuple[Clicks, NDArray[np.int64]]:
    """Return what would be clicked and true of readers who like what has votes or whose authors they follow only."""
    minded = clicks.features[:, [FEATURES.index("votes"), FEATURES.index("followed")]].any(axis=1)
    return clicks._replace(grades=np.where(minded, clicks.grades, 0)), np.where(minded, truth, 0)


def _noise(clicks: Clicks) -> Clicks:
    random = np.random.default_rng(1).normal(size=clicks.features.shape).astype(np.float32)
    random[:, FEATURES.index("category")] = 0
    return clicks._replace(features=random)


@cache
def _clicks() -> tuple[Clicks, NDArray[np.int64]]:
    """Return the clicks of the year, page after page, and the grades had everything been looked at."""
    pool, _ = curated()
    everybody, random, pages = readers(), np.random.default_rng(0), []
    for start in range(FIRST.toordinal() + 7, END.toordinal(), 7):
        window = np.flatnonzero((pool.days > start - WINDOW) & (pool.days < start + 7))
        recent = prepare(corpus(), take(pool.papers, window))
        pages += [_page(reader, start, window, recent) for reader in everybody]
    kept = [page for page in pages if page is not None]
    features, served, liked = (np.concatenate(column) for column in zip(*kept, strict=True))
    sizes = [len(page[1]) for page in kept]
    places = np.concatenate([np.arange(size) for size in sizes])
    looked = random.random(len(places)) < 1 / np.log2(2 + places)
    opened = looked & (random.random(len(places)) < MISCLICK)
    grades = np.where(liked & looked, 2, opened.astype(np.int64))
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    return Clicks(features, numbers, places, grades, served), 2 * liked.astype(np.int64)


def _page(
    reader: Reader, start: int, window: Places, recent: Recent
) -> tuple[NDArray[np.float32], Floats, NDArray[np.bool_]] | None:
    """Return features, scores and whether liked of one reader's page of a week, in the order shown."""
    pool, _ = curated()
    of_week = pool.days[window] >= start
    known = reader.likes[pool.days[reader.likes] < start]
    if not of_week.any():
        return None
    head = head_of(known, reader.words)
    found, by_words = score(head, recent), words_of(head.terms, head.weights, recent)
    best = np.flatnonzero(of_week)[np.argsort(-found[of_week], kind="stable")[:SHOWN]]
    places = window[best]
    columns = (
        (found - by_words)[best],
        by_words[best],
        heights(found[best], found[~of_week]),
        np.full(len(best), len(known)),
        start + 7 - pool.days[places],
        [_votes_by(int(place), start + 7) for place in places],
        _followed(known, places),
        _categories()[places],
    )
    return (
        stacked([np.asarray(column) for column in columns]),
        found[best].astype(np.float64),
        np.isin(places, reader.likes),
    )


def _followed(known: Places, places: Places) -> list[bool]:
    authors = _authors()
    counted: dict[str, int] = defaultdict(int)
    for place in known.tolist():
        for author in authors[place]:
            counted[author] += 1
    return [any(counted.get(author, 0) > 1 for author in authors[place]) for place in places.tolist()]


@cache
def _authors() -> list[list[str]]:
    return [row["authors"] for row in _rows()]


@cache
def _categories() -> NDArray[np.int64]:
    return np.array([bucket((row["categories"] or [""])[0], 8) for row in _rows()])


@cache
def _rows() -> list[dict[str, list[str]]]:
    """Return the rows of the listing in the order of the pool."""
    rows = {row["id"]: row for row in json_lines(shared("papers", "arxiv_cs.jsonl.xz"))}
    return list(rows.values())


@cache
def _votes() -> dict[int, list[tuple[int, int]]]:
    """Return what was counted of each paper, place in the pool: days and votes."""
    place = {str(row["id"]): number for number, row in enumerate(_rows())}
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    with lzma.open(shared("votes", "votes.csv.xz"), "rt", encoding="utf-8", newline="") as lines:
        for row in DictReader(lines):
            if row["arxiv_id"] in place:
                day = datetime.fromisoformat(row["observed_at"]).toordinal()
                found[place[row["arxiv_id"]]].append((day, int(row["upvotes"])))
    return found


def _votes_by(place: int, day: int) -> int:
    return max((votes for looked, votes in _votes().get(place, ()) if looked < day), default=0)
