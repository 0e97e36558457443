"""What is learnt of everybody's feeds: a second stage where clicks show more than heads know, and how likely a like is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from tests.interest_help import TODAY, archive, keys
from tests.people_help import member
from tests.scripted import START, Clock
from tidings.catalog import Catalog, odds
from tidings.catalog.clicks import clicks_of, lifts_of, read, weights_of
from tidings.learn.second import FEATURES
from tidings.people import Reader
from tidings.store import Store
from tidings.store.lessons import Lesson
from tidings.store.tables import example, interest, shown
from tidings.types import Feed, LessonReport, Paper

DAY, ALL = timedelta(days=1), 8
PAGES, PAPERS = 260, 24
Clicked = Callable[[Paper, float], bool]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[tuple[Catalog, Store]]:
    with archive(tmp_path, clock) as both:
        yield both


@pytest.fixture
def catalog(opened: tuple[Catalog, Store]) -> Catalog:
    return opened[0]


@pytest.fixture
def store(opened: tuple[Catalog, Store]) -> Store:
    return opened[1]


@pytest.fixture
def ada(catalog: Catalog) -> Reader:
    reader = member(catalog, "Ada")
    catalog.make_interest(reader, "Graphs", words="graph networks nodes edges")
    return reader


def seen(catalog: Catalog, reader: Reader) -> Feed:
    """Show a reader the feed, as the page does."""
    feed = catalog.feed(reader, days=ALL, limit=PAPERS, outside=False)
    catalog.mark_shown(reader, [hit.paper.key for hit in feed.hits])
    return feed


def crowd(catalog: Catalog, store: Store, ada: Reader, clicked: Clicked, seed: int = 0) -> None:
    """Let many readers of the same interest see what she saw in the days before, and like what they like."""
    papers = {hit.paper.id: hit.paper for hit in seen(catalog, ada).hits}
    random = np.random.default_rng(seed)
    with store.engine.begin() as connection:
        hers = connection.execute(sa.select(shown)).mappings().all()
        rows, whose, said = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
        for page in range(PAGES):
            number, at = 1_000 + page, START - timedelta(days=30) + timedelta(minutes=page)
            rows += [dict(row) | {"account_id": number, "interest_id": number, "at": at} for row in hers]
            face = {"name": "x", "words": "", "query": "", "visibility": "private", "created": at, "changed": at}
            whose.append({"id": number, "account_id": number, **face})
            likes = [row["paper_id"] for row in hers if clicked(papers[row["paper_id"]], random.random())]
            said += [{"interest_id": number, "paper_id": n, "verdict": 1, "at": at, "step": 1} for n in likes]
        for table, made in ((shown, rows), (interest, whose), (example, said)):
            connection.execute(sa.insert(table), made)


def likes_what_is_young(paper: Paper, chance: float) -> bool:
    """Like papers of the last days, whatever they say: a rule that no head knows."""
    assert paper.date is not None
    return chance < (0.5 if paper.date > TODAY - 2 * DAY else 0.02)


def likes_anything(_: Paper, chance: float) -> bool:
    return chance < 0.12


def young_ones_on_top(feed: Feed) -> int:
    return sum(hit.paper.date is not None and hit.paper.date > TODAY - 2 * DAY for hit in feed.hits[:5])


# --- the second stage ---


def test_clicks_that_follow_a_rule_which_no_head_knows_promote_a_second_stage(
    catalog: Catalog, store: Store, ada: Reader, clock: Clock
) -> None:
    pytest.importorskip("lightgbm")
    crowd(catalog, store, ada, likes_what_is_young)
    before = catalog.feed(ada, days=ALL, outside=False)
    report = catalog.improve()["ranker"]
    assert (report.promoted, report.note.startswith("better than what was served")) == (clock.at, True)
    clock.at += timedelta(minutes=2)
    after = catalog.feed(ada, days=ALL, outside=False)
    assert young_ones_on_top(after) > young_ones_on_top(before)
    assert {hit.paper.id for hit in after.hits if hit.is_strong} == {h.paper.id for h in before.hits if h.is_strong}
    heights = {hit.paper.id: hit.height for hit in before.hits}
    assert all(heights.get(hit.paper.id, hit.height) == hit.height for hit in after.hits)
    clock.at += DAY
    again = catalog.improve()["ranker"]
    assert (again.promoted, again.note.startswith("no better than")) == (report.promoted, True)


def test_clicks_on_anything_promote_nothing(catalog: Catalog, store: Store, ada: Reader, clock: Clock) -> None:
    pytest.importorskip("lightgbm")
    crowd(catalog, store, ada, likes_anything)
    before = catalog.feed(ada, days=ALL)
    report = catalog.improve()["ranker"]
    assert (report.promoted, report.note.startswith("no better than")) == (None, True)
    clock.at += timedelta(minutes=2)
    assert [hit.paper.id for hit in catalog.feed(ada, days=ALL).hits] == [hit.paper.id for hit in before.hits]


def test_without_the_extra_feeds_go_by_the_heads_and_what_was_promoted_waits(
    catalog: Catalog,
    store: Store,
    ada: Reader,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pytest.importorskip("lightgbm")
    crowd(catalog, store, ada, likes_what_is_young)
    before = [hit.paper.id for hit in catalog.feed(ada, days=ALL).hits]
    promoted = catalog.improve()["ranker"].promoted
    assert promoted == clock.at
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    from tidings.learn import second

    second._booster.cache_clear()
    clock.at += timedelta(minutes=2)
    assert [hit.paper.id for hit in catalog.feed(ada, days=ALL).hits] == before
    assert "feeds go by the heads alone" in caplog.text
    report = catalog.improve()["ranker"]
    assert (report.promoted, "tidings[ranker]" in report.note) == (promoted, True)


def test_a_second_stage_for_other_features_is_dropped(catalog: Catalog, store: Store, ada: Reader) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    data = lightgbm.Dataset(np.random.default_rng(0).random((50, 2)), np.arange(50))
    foreign = lightgbm.train({"verbosity": -1}, data, 2).model_to_string().encode()
    from tidings.store.lessons import Model

    store.lessons.keep("ranker", Model(foreign, LessonReport(START, "of another version", START)))
    assert catalog.feed(ada, days=ALL).hits
    catalog.improve()
    kept = store.lessons.models()["ranker"]
    assert (kept.data, kept.report.promoted) == (None, None)


def test_few_clicks_are_not_enough_and_say_so(catalog: Catalog, ada: Reader) -> None:
    seen(catalog, ada)
    notes = {name: report.note for name, report in catalog.improve().items()}
    assert notes["ranker"].startswith("not enough yet: 0 pages and 0 clicks")
    assert notes["likely"].startswith("not enough yet: 0 papers shown and 0 liked")


# --- what is noted ---


def features(store: Store) -> dict[int, dict[str, float]]:
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(shown).where(shown.c.features.is_not(None))).all()
    return {r.paper_id: dict(zip(FEATURES, np.frombuffer(r.features, np.float32).tolist(), strict=True)) for r in rows}


def test_what_was_known_of_a_paper_is_noted_when_it_is_shown(catalog: Catalog, store: Store, ada: Reader) -> None:
    catalog.follow(ada, "Ada Lovelace")
    feed = seen(catalog, ada)
    known = features(store)
    for hit in feed.hits:
        found = known[hit.paper.id]
        assert found["meaning"] + found["words"] == pytest.approx(hit.score, abs=1e-5)
        assert found["height"] == pytest.approx(hit.height)
        assert (found["likes"], found["votes"]) == (0, 0)
        assert hit.paper.date is not None
        assert found["age"] == (TODAY - hit.paper.date).days
        assert found["followed"] == ("Ada Lovelace" in hit.paper.authors)


def test_a_like_before_the_note_tells_nothing_of_itself(catalog: Catalog, store: Store, ada: Reader) -> None:
    feed = catalog.feed(ada, days=ALL, limit=PAPERS, outside=False)
    for hit in feed.hits[:2]:
        catalog.like(ada, hit.paper.key, "Graphs")
    catalog.mark_shown(ada, [hit.paper.key for hit in feed.hits])
    known = features(store)
    assert [known[hit.paper.id]["height"] for hit in feed.hits] == pytest.approx([hit.height for hit in feed.hits])


def test_nothing_is_to_be_learnt_of_what_was_liked_long_ago_or_shown_elsewhere(
    catalog: Catalog, store: Store, ada: Reader, clock: Clock
) -> None:
    catalog.like(ada, keys("graphs", 1)[0], "Graphs")
    clock.at += DAY
    catalog.mark_shown(ada, keys("graphs", 1, 2))
    catalog.mark_shown(ada, keys("planets", 1, 2), of=None)
    assert list(features(store)) == [catalog.paper(keys("graphs", 2)[0]).id]


# --- how likely ---


def test_how_likely_a_like_is_is_said_where_enough_was_shown(
    catalog: Catalog, store: Store, ada: Reader, clock: Clock
) -> None:
    assert all(hit.likely is None for hit in catalog.feed(ada, days=ALL).hits)
    crowd(catalog, store, ada, likes_anything)
    assert catalog.improve()["likely"].note.endswith("were liked")
    clock.at += timedelta(minutes=2)
    shares = [hit.likely for hit in catalog.feed(ada, days=ALL, outside=False).hits]
    assert shares == pytest.approx([0.12] * len(shares), abs=0.05)
    likely = catalog.why_not(ada, keys("graphs", 3)[0], days=ALL).likely
    assert likely == pytest.approx(0.12, abs=0.05)
    assert odds.in_words(shares[0] or 0) in ("about 1 in 8", "about 1 in 10", "about 1 in 6")


def test_learning_comes_due_once_a_day(catalog: Catalog, clock: Clock) -> None:
    assert [catalog.improve_due(), catalog.improve_due()] == [True, False]
    clock.at += DAY
    assert catalog.improve_due()


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "fewer than 1 in 100"),
        (0.012, "about 1 in 100"),
        (0.24, "about 1 in 4"),
        (0.5, "about 1 in 2"),
        (0.77, "about 3 in 4"),
        (1.0, "about 9 in 10"),
    ],
)
def test_shares_are_said_as_people_say_them(share: float, words: str) -> None:
    assert odds.in_words(share) == words


# --- pages, weights and lifts ---


def lesson(**values: object) -> Lesson:
    made = Lesson(1, 1, START, 1, None, np.zeros(len(FEATURES), np.float32).tobytes(), False, False)
    return made._replace(**values)  # type: ignore[arg-type]


def test_pages_are_of_one_reader_interest_and_day_and_what_was_drawn_is_on_none() -> None:
    lessons = [
        lesson(at=START + DAY, place=2),
        lesson(place=3, liked=True, opened=True),
        lesson(place=1, opened=True),
        lesson(place=5, chance=0.1),
        lesson(account_id=2, place=1),
        lesson(features=b"of another version"),
    ]
    kept, found = read(lessons)
    assert len(kept) == 5
    clicks = clicks_of(kept, found)
    assert clicks.pages.tolist() == [0, 0, 1, 2]
    assert clicks.places.tolist() == [0, 2, 0, 1]
    assert clicks.grades.tolist() == [1, 2, 0, 0]
    assert len(clicks_of(*read([])).pages) == 0


def test_what_was_drawn_weighs_by_how_unlikely_that_was() -> None:
    found = weights_of([lesson(), lesson(chance=0.001), lesson(chance=0.002), lesson(chance=0.5)])
    assert found.tolist() == pytest.approx([1, 1000 / 500.667, 500 / 500.667, 0.25], rel=1e-3)


def test_a_lift_gives_the_same_heights_to_other_papers() -> None:
    heights, scores = np.array([5.0, 4.0, 4.0, 1.0]), np.array([0.1, 0.3, 0.2, 0.9])
    assert (heights + lifts_of(heights, scores)).tolist() == [1.0, 4.0, 4.0, 5.0]
    assert len(lifts_of(heights[:0], scores[:0])) == 0
