"""Feeds by the façade: what they list and leave out, why, and what they answer to odd interests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.interest_help import AUTHORS, EACH, FILLING, NAMES, THEMES, TODAY, archive, key, keys, record
from tests.people_help import member, open_catalog, statements
from tests.scripted import Clock
from tests.test_sync import take
from tidings.catalog import Catalog, learning
from tidings.catalog.voices import Asked
from tidings.errors import ConflictError, InputError, NotFoundError
from tidings.moments import in_words
from tidings.people import Reader, Role
from tidings.store import Store
from tidings.store.tables import example
from tidings.types import DISMISSED, LIKED, Feed, Record

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL = 8
"""Days that hold the whole archive."""


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
    return member(catalog, "Ada")


@pytest.fixture
def eve(catalog: Catalog) -> Reader:
    return member(catalog, "Eve")


def listed(feed: Feed) -> list[str]:
    return [hit.paper.key for hit in feed.hits]


def theme_of(paper: str) -> str:
    return NAMES[int(paper.partition(":")[2].partition(".")[2][0])]


def themes(feed: Feed) -> set[str]:
    """Return the themes of the papers that are above the line."""
    return {theme_of(hit.paper.key) for hit in feed.hits if hit.is_strong}


def whole(catalog: Catalog, reader: Reader, *names: str, **asked: Any) -> Feed:
    return catalog.feed(reader, names, **{"days": ALL, "limit": 500, "outside": False, **asked})


# --- what it lists ---


@pytest.mark.parametrize(
    "made",
    [
        {"words": "spectral networks of graph nodes and edges"},
        {"likes": keys("graphs", 0)},
        {"likes": keys("graphs", 0, 3, 5)},
        {"query": "graph nodes edges"},  # a saved search: its words count like the interest's own
    ],
)
def test_words_or_a_like_bring_their_kind_first(catalog: Catalog, ada: Reader, made: dict[str, Any]) -> None:
    catalog.make_interest(ada, "Graphs", **made)
    feed = catalog.feed(ada, ["Graphs"], days=ALL)
    assert themes(feed) == {"graphs"}
    assert {theme_of(paper) for paper in listed(feed)[:12]} == {"graphs"}
    assert (feed.looked_at, feed.start, feed.end) == (len(NAMES) * EACH, TODAY - 7 * DAY, TODAY)
    assert feed.strong + feed.below + feed.seen + feed.filtered == feed.looked_at
    assert feed.note is None


def test_two_interests_share_a_page_and_each_paper_says_for_which(catalog: Catalog, ada: Reader) -> None:
    for theme in ("graphs", "planets"):
        catalog.make_interest(ada, theme, likes=keys(theme, 0, 1, 2))
    feed = catalog.feed(ada, days=ALL)
    assert all(hit.interest == theme_of(hit.paper.key) for hit in feed.hits if hit.is_strong)
    assert {hit.interest for hit in feed.hits[:4]} == {"graphs", "planets"}
    assert themes(catalog.feed(ada, ["planets"], days=ALL)) == {"planets"}


def test_each_paper_has_its_reason(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph networks", likes=keys("graphs", 0, 1))
    feed = catalog.feed(ada, days=ALL)
    for hit in feed.hits[:3]:
        reason = hit.reason
        assert {like.paper.key for like in reason.likes} <= set(keys("graphs", 0, 1))
        assert reason.likes
        assert reason.words
        assert {word.word.lower() for word in reason.words} <= {*THEMES["graphs"], *FILLING}
        assert reason.sentence is not None
        assert reason.sentence in hit.paper.abstract
        shares = [like.share for like in reason.likes]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(reason.by_likes, abs=1e-6)
        assert reason.by_text != 0
        assert reason.by_dismissals == 0


def test_the_query_of_an_interest_decides_what_its_feed_may_show(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph nodes", query='author:"Ada Lovelace"')
    feed = whole(catalog, ada)
    assert {hit.paper.authors for hit in feed.hits} == {(AUTHORS[0],)}
    assert feed.filtered == feed.looked_at - len(feed.hits)


def test_an_interest_that_is_a_filter_alone_lists_all_that_passes_newest_first(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Hers", query='author:"Ada Lovelace"')
    feed = whole(catalog, ada, breadth=0.0, freshness=1.0)
    assert feed.strong == len(feed.hits) == 32
    assert {hit.paper.authors for hit in feed.hits} == {(AUTHORS[0],)}
    days = [hit.paper.date for hit in feed.hits if hit.paper.date]
    assert days == sorted(days, reverse=True)


def test_the_days_end_with_the_newest_that_is_held(catalog: Catalog, ada: Reader, clock: Clock) -> None:
    catalog.make_interest(ada, "Graphs", words="graph")
    assert catalog.feed(ada, days=1).looked_at == EACH // 8 * len(NAMES)
    clock.at += 30 * DAY
    late = catalog.feed(ada, days=2)
    assert (late.start, late.end, late.looked_at) == (TODAY - DAY, TODAY, EACH // 4 * len(NAMES))
    assert late.note is not None
    assert f"The newest papers here are of {in_words(TODAY)}." in late.note


def test_a_paper_of_tomorrow_waits(catalog: Catalog, store: Store, ada: Reader, clock: Clock) -> None:
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0))
    take(store, record("graphs", 900, announced=TODAY + 3 * DAY))
    catalog.catch_up()
    assert key("graphs", 900) not in listed(whole(catalog, ada))
    assert "still to come" in catalog.why_not(ada, key("graphs", 900)).causes[0]
    clock.at += 3 * DAY
    assert key("graphs", 900) in listed(whole(catalog, ada))


def test_narrow_and_broad_move_the_line(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks nodes")
    narrow, usual, broad = (whole(catalog, ada, breadth=breadth).strong for breadth in (0.0, 0.5, 1.0))
    assert 0 < narrow < usual < broad
    assert usual == pytest.approx(len(NAMES) * EACH / 16, abs=2)  # one in sixteen, before anything is liked
    assert broad == pytest.approx(4 * usual, abs=4)


def test_fresh_means_the_newest_first(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks nodes")
    strong = [hit.paper.date for hit in whole(catalog, ada, freshness=1.0).hits if hit.is_strong and hit.paper.date]
    assert strong == sorted(strong, reverse=True)
    assert len(set(strong)) > 1


def test_pages_show_everything_once(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks nodes")
    every, cursor, found = listed(whole(catalog, ada)), None, list[str]()
    while True:
        page = catalog.feed(ada, days=ALL, limit=23, cursor=cursor, outside=False)
        found += listed(page)
        if (cursor := page.cursor) is None:
            break
        catalog.mark_shown(ada, listed(page))
    assert found == every
    assert len(set(found)) == page.total


@pytest.mark.parametrize(
    "asked",
    [
        {"days": 0},
        {"days": 367},
        {"limit": 0},
        {"breadth": -0.1},
        {"breadth": 1.1},
        {"freshness": float("nan")},
        {"freshness": 2},
        {"cursor": "x"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(catalog: Catalog, ada: Reader, asked: dict[str, Any]) -> None:
    catalog.make_interest(ada, "Graphs", words="graph")
    with pytest.raises(InputError):
        catalog.feed(ada, **asked)
    other = catalog.feed(ada, limit=3, breadth=0.4).cursor
    with pytest.raises(InputError, match="another query"):
        catalog.feed(ada, limit=3, cursor=other)
    with pytest.raises(NotFoundError):
        catalog.feed(ada, ["Nothing"])


# --- what it leaves out ---


def test_what_was_dismissed_is_in_no_feed_and_less_like_it(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks nodes")
    catalog.make_interest(ada, "All", words="graph protein speech planet")
    before = whole(catalog, ada, "Graphs")
    first = before.hits[0].paper.key
    catalog.dismiss(ada, first, "Graphs")
    after = whole(catalog, ada, "Graphs")
    assert after.dismissed == 1
    assert first not in listed(after) + listed(whole(catalog, ada)) + listed(whole(catalog, ada, unseen=False))
    assert after.hits[0].reason.by_dismissals < 0 == before.hits[0].reason.by_dismissals
    catalog.take_back(ada, first)
    assert first in listed(whole(catalog, ada))


def test_what_is_liked_in_one_interest_and_dismissed_in_another_is_not_dismissed(catalog: Catalog, ada: Reader) -> None:
    for name in ("One", "Two"):
        catalog.make_interest(ada, name, words="graph neural networks nodes")
    paper = listed(whole(catalog, ada))[0]
    catalog.mark_shown(ada, [paper])
    catalog.dismiss(ada, paper, "One")
    catalog.like(ada, paper, "Two")
    assert whole(catalog, ada).dismissed == 0
    assert paper in listed(whole(catalog, ada))


def test_what_was_shown_stays_for_the_visit_and_is_gone_the_next_day(
    catalog: Catalog, ada: Reader, eve: Reader, clock: Clock
) -> None:
    for reader in (ada, eve):
        catalog.make_interest(reader, "Graphs", words="graph neural networks nodes")
    page = listed(catalog.feed(ada, ["Graphs"], days=ALL, limit=5))
    catalog.mark_shown(ada, page)
    catalog.mark_opened(ada, page[1])
    again = catalog.feed(ada, ["Graphs"], days=ALL, limit=5)
    assert listed(again) == page
    assert [hit.opened for hit in again.hits] == [False, True, False, False, False]
    clock.at += 13 * HOUR
    later = whole(catalog, ada)
    assert set(page).isdisjoint(listed(later))
    assert later.seen == 5
    assert set(page) <= set(listed(whole(catalog, ada, unseen=False)))
    assert listed(catalog.feed(eve, ["Graphs"], days=ALL, limit=5)) == page


def test_a_paper_that_is_liked_is_known_and_leaves_with_the_visit(catalog: Catalog, ada: Reader, clock: Clock) -> None:
    catalog.make_interest(ada, "Graphs", words="graph", likes=keys("graphs", 0))
    assert key("graphs", 0) not in listed(whole(catalog, ada))  # it brought the interest about, and is no news
    paper = listed(catalog.feed(ada, days=ALL))[0]
    catalog.mark_shown(ada, [paper])
    catalog.like(ada, paper)
    assert {hit.paper.key: hit.verdict for hit in whole(catalog, ada).hits}[paper] == LIKED
    assert paper in listed(whole(catalog, ada, "Graphs"))
    clock.at += 13 * HOUR
    assert paper not in listed(whole(catalog, ada))


def test_muted_words_and_authors_are_in_no_feed(catalog: Catalog, ada: Reader, eve: Reader) -> None:
    for reader in (ada, eve):
        catalog.make_interest(reader, "Graphs", words="graph neural networks nodes")
    assert catalog.mute(ada, "word", " Spectrals ").value == "spectrals"  # any form of the word
    catalog.mute(ada, "author", "Hopper, Grace")
    muted = " ".join(record("graphs", 3).abstract.lower().split()[-3:-1])
    catalog.mute(ada, "word", muted)
    feed = whole(catalog, ada)
    text = [f"{hit.paper.title} {hit.paper.abstract}".lower() for hit in feed.hits]
    assert not any("spectral" in each or muted in each for each in text)
    assert ("Grace Hopper",) not in {hit.paper.authors for hit in feed.hits}
    assert feed.muted > 0
    assert whole(catalog, eve).muted == 0
    catalog.unmute(ada, "word", "SPECTRALS")
    catalog.unmute(ada, "word", muted)
    catalog.unmute(ada, "author", "Grace Hopper")
    assert (catalog.rules(ada), whole(catalog, ada).muted) == ([], 0)
    with pytest.raises(NotFoundError):
        catalog.unmute(ada, "word", "spectrals")
    with pytest.raises(NotFoundError):
        catalog.unfollow(ada, "Grace Hopper")


def test_followed_authors_are_listed_whatever_they_write(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks nodes", query="year:2026")
    catalog.follow(ada, "Émilie du Châtelet")
    feed = whole(catalog, ada)
    hers = [hit for hit in feed.hits if hit.paper.authors == ("Émilie du Châtelet",)]
    assert len(hers) == 32
    assert all(hit.is_strong and hit.reason.author == "Émilie du Châtelet" for hit in hers)
    assert all(hit.reason.author is None for hit in feed.hits if hit not in hers)
    catalog.mute(ada, "author", "Emilie du Chatelet")
    catalog.mute(ada, "author", "Émilie du Châtelet")
    assert {rule.kind for rule in catalog.rules(ada)} == {"mute-author"}  # muting ends following
    assert whole(catalog, ada).muted == 32


def test_without_an_interest_followed_authors_are_a_feed(catalog: Catalog, ada: Reader) -> None:
    catalog.follow(ada, "Kaiming He")
    feed = whole(catalog, ada)
    assert {hit.paper.authors for hit in feed.hits} == {("Kaiming He",)}
    assert all((hit.interest_id, hit.interest, hit.is_strong) == (0, "", True) for hit in feed.hits)


@pytest.mark.parametrize(("what", "value"), [("word", " !? "), ("word", ""), ("author", "12"), ("topic", "x")])
def test_what_nothing_could_have_is_not_muted(catalog: Catalog, ada: Reader, what: str, value: str) -> None:
    with pytest.raises(InputError):
        catalog.mute(ada, what, value)
    assert catalog.rules(ada) == []


def test_marks_of_papers_that_nothing_has_are_left_out(catalog: Catalog, ada: Reader, store: Store) -> None:
    catalog.mark_shown(ada, ["arxiv:9999.99999", key("graphs", 1), "nonsense", key("graphs", 1)], place=3)
    assert {showing.place for showing in store.habits.all_showings(ada.account.id)} == {4}
    for ids, place in ((keys("graphs", 0), 0), (["x"] * 1_001, 1)):
        with pytest.raises(InputError):
            catalog.mark_shown(ada, ids, place=place)
    with pytest.raises(NotFoundError):
        catalog.mark_opened(ada, "arxiv:9999.99999")


# --- votes ---


def test_votes_above_the_usual_lift_a_paper_by_an_octave_at_most(
    catalog: Catalog, store: Store, ada: Reader, eve: Reader, clock: Clock
) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks nodes")
    before = listed(catalog.feed(ada, ["Graphs"], days=ALL))
    for reader in (ada, eve, *(member(catalog, f"Voter{number}") for number in range(8))):
        catalog.vote(reader, before[6])
    catalog.vote(eve, key("planets", 0))
    clock.at += timedelta(minutes=6)
    after = catalog.feed(ada, ["Graphs"], days=ALL)
    assert before[6] in listed(after)[:6]
    assert [paper for paper in listed(after) if paper != before[6]][:4] == before[:4]
    assert not next(hit for hit in whole(catalog, ada, "Graphs").hits if hit.paper.key == key("planets", 0)).is_strong
    catalog.hide(member(catalog, "Root", Role.CURATOR), before[6], "advertisement")
    clock.at += timedelta(minutes=6)
    assert listed(catalog.feed(ada, ["Graphs"], days=ALL)) == before


# --- one from outside ---


def drawn(feed: Feed) -> tuple[int, str, float]:
    """Return the place, the id and the chance of the one paper that was drawn."""
    [found] = [(place, hit.paper.key, hit.chance) for place, hit in enumerate(feed.hits) if hit.chance is not None]
    return found


def test_one_paper_from_outside_stands_among_the_first_and_changes_with_the_day(
    catalog: Catalog, ada: Reader, eve: Reader, clock: Clock
) -> None:
    for reader in (ada, eve):
        catalog.make_interest(reader, "Graphs", likes=keys("graphs", 0, 1, 2))
    place, paper, chance = drawn(catalog.feed(ada, days=ALL))
    assert (place, theme_of(paper) == "graphs") == (4, False)
    assert drawn(catalog.feed(ada, days=ALL)) == (place, paper, chance)
    below = catalog.feed(ada, days=ALL, breadth=0.5).below
    assert chance == pytest.approx(1 / below, rel=0.1)
    others = {drawn(catalog.feed(eve, days=ALL))[1]}
    for _ in range(3):
        clock.at += DAY
        others.add(drawn(catalog.feed(ada, days=ALL))[1])
    assert len(others | {paper}) > 2


def test_nothing_is_drawn_where_there_is_no_usual_or_one_does_without(catalog: Catalog, ada: Reader) -> None:
    catalog.follow(ada, "Kaiming He")
    assert all(hit.chance is None for hit in catalog.feed(ada, days=ALL).hits)
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0, 1, 2), visibility="lab")
    shelf = catalog.make_shelf(ada, "Planets")
    catalog.put(ada, shelf.id, key("planets", 0))
    for feed in (
        catalog.feed(ada, ["Graphs"], days=ALL),
        catalog.feed(ada, days=ALL, outside=False),
        catalog.lab_feed(ada, asked=Asked(days=ALL, outside=True)),
        catalog.shelf_feed(ada, shelf.id, asked=Asked(days=ALL, outside=True)),
    ):
        assert feed.hits
        assert all(hit.chance is None for hit in feed.hits)
    drawn(catalog.feed(ada, days=ALL))


def test_the_chance_of_what_was_drawn_is_kept(catalog: Catalog, store: Store, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0, 1, 2))
    feed = catalog.feed(ada, days=ALL)
    _, paper, chance = drawn(feed)
    catalog.mark_shown(ada, listed(feed), drawn=(paper, chance))
    kept = {showing.paper_id: showing.chance for showing in store.habits.all_showings(ada.account.id)}
    assert kept.pop(catalog.paper(paper).id) == chance
    assert set(kept.values()) == {None}
    for wrong in (0.0, 1.1, float("nan")):
        with pytest.raises(InputError):
            catalog.mark_shown(ada, listed(feed), drawn=(paper, wrong))


# --- odd interests ---


def test_no_interest_and_an_empty_one_say_what_would_help(catalog: Catalog, ada: Reader) -> None:
    nothing = catalog.feed(ada)
    assert (nothing.hits, nothing.note) == (
        (),
        "There is no interest yet: make one of some words, or like a paper.",
    )
    catalog.make_interest(ada, "Empty")
    assert catalog.feed(ada).note == "“Empty” has neither words nor likes yet: add words, or like a paper."
    catalog.make_interest(ada, "Empty too")
    assert catalog.feed(ada).note == "Your interests have neither words nor likes yet: add words, or like a paper."


def test_dismissals_alone_are_no_taste(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Nothing")
    catalog.dismiss(ada, key("graphs", 0), "Nothing")
    feed = catalog.feed(ada)
    assert (feed.hits, feed.note) == (
        (),
        "“Nothing” has only papers that were dismissed yet: add words, or like a paper.",
    )
    catalog.like(ada, key("speech", 0), "Nothing")
    assert theme_of(listed(whole(catalog, ada))[0]) == "speech"


def test_words_that_no_paper_has_say_so(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Odd", words="★ ★ ★")
    assert catalog.feed(ada).note == "“Odd” has words that no paper here has: add others, or like a paper."


def test_a_paper_without_abstract_can_be_liked(catalog: Catalog, store: Store, ada: Reader) -> None:
    take(store, record("graphs", 700, abstract="", title="Spectral graph networks"))
    take(store, Record("arxiv", "2603.00701", "★", ids=("arxiv:2603.00701",), announced=TODAY))
    catalog.catch_up()
    catalog.like(ada, key("graphs", 700))
    assert themes(whole(catalog, ada)) == {"graphs"}
    catalog.make_interest(ada, "Signs", likes=["arxiv:2603.00701"])
    assert catalog.feed(ada, ["Signs"]).strong == 0


def test_a_like_of_a_paper_that_is_no_longer_there_hardly_counts(catalog: Catalog, store: Store, ada: Reader) -> None:
    made = catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0, 1))
    before = {hit.paper.key: hit.score for hit in whole(catalog, ada).hits}
    gone = {"interest_id": made.id, "paper_id": 99_999, "verdict": LIKED, "at": made.created, "step": 9}
    with store.engine.begin() as connection:
        connection.execute(sa.insert(example).values(gone))
    catalog.change_interest(ada, "Graphs", words="nodes")
    catalog.change_interest(ada, "Graphs", words="")  # so that it is learnt again
    after = {hit.paper.key: hit.score for hit in whole(catalog, ada).hits}
    assert after == pytest.approx(before, abs=0.02)
    assert [paper.key for paper, _ in catalog.examples(ada, "Graphs")[0]] == keys("graphs", 1, 0)
    assert len(catalog.export_interest(ada, "Graphs")["examples"]) == 2
    assert len(catalog.teach(ada, "Graphs")) == 10


def test_what_is_liked_in_one_interest_and_dismissed_in_another_counts_in_each(catalog: Catalog, ada: Reader) -> None:
    paper = key("graphs", 3)
    catalog.make_interest(ada, "Liked", likes=[paper])
    catalog.make_interest(ada, "Dismissed", words="graph networks nodes edges")
    before = {hit.paper.key: hit.score for hit in whole(catalog, ada, "Dismissed").hits}
    catalog.dismiss(ada, paper, "Dismissed")
    assert themes(whole(catalog, ada, "Liked")) == {"graphs"}
    after = {hit.paper.key: hit.score for hit in whole(catalog, ada, "Dismissed").hits}
    assert before != after
    assert whole(catalog, ada, "Liked").dismissed == 0


def test_a_like_before_the_index_has_caught_up_counts_when_it_has(catalog: Catalog, store: Store, ada: Reader) -> None:
    take(store, record("graphs", 800))
    catalog.like(ada, key("graphs", 800))
    assert catalog.feed(ada, days=ALL).strong == 0
    catalog.catch_up()
    assert themes(whole(catalog, ada)) == {"graphs"}


def test_of_very_many_likes_the_newest_are_learnt_from(
    catalog: Catalog, ada: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "MOST", 3)
    catalog.make_interest(ada, "All", likes=keys("speech", *range(20)))
    catalog.like_all(ada, keys("graphs", 0, 1, 2), "All")
    assert themes(whole(catalog, ada)) == {"graphs"}
    assert catalog.interest(ada, "All").liked == 23


def test_when_nothing_is_strong_it_says_so(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks nodes")
    strong = [hit.paper.key for hit in whole(catalog, ada).hits if hit.is_strong]
    for paper in strong:
        catalog.dismiss(ada, paper)
    catalog.make_interest(ada, "The same", words="graph neural networks nodes")
    feed = whole(catalog, ada, "The same")
    assert (feed.strong, feed.dismissed) == (0, len(strong))
    assert feed.hits
    assert feed.note == f"Nothing strong: of {feed.looked_at:,} papers none is above the line."


def test_an_archive_without_papers_says_so(store: Store, tmp_path: Path, clock: Clock) -> None:
    from tidings.store import open_store

    empty = open_store(tmp_path / "empty")
    catalog = open_catalog(empty, tmp_path / "empty", clock)
    catalog.catch_up()
    reader = member(catalog, "Ada")
    catalog.make_interest(reader, "Graphs", words="graph")
    feed = catalog.feed(reader)
    assert (feed.hits, feed.end) == ((), TODAY)
    assert feed.note is not None
    assert "no paper of the last year" in feed.note
    empty.close()


# --- the lab, shelves ---


def test_the_lab_has_one_feed_of_what_its_members_share(catalog: Catalog, ada: Reader, eve: Reader) -> None:
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0, 1, 2), visibility="lab")
    catalog.make_interest(ada, "Secret", likes=keys("planets", 0, 1, 2))
    catalog.make_interest(eve, "Voices", likes=keys("speech", 0, 1, 2), visibility="lab")
    feed = catalog.lab_feed(ada, asked=Asked(days=ALL, limit=500))
    assert themes(feed) == {"graphs", "speech"}
    assert {hit.interest for hit in feed.hits} == {"Graphs", "Voices"}


def test_who_likes_what_is_seen_inside_the_lab_where_it_is_shared(catalog: Catalog, ada: Reader, eve: Reader) -> None:
    paper = key("graphs", 4)
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0, 1), visibility="lab")
    catalog.make_interest(ada, "Secret", likes=keys("graphs", 6))
    catalog.like(ada, paper, "Graphs")
    catalog.make_interest(eve, "Mine", words="graph neural networks nodes")
    likers = {hit.paper.key: hit.likers for hit in whole(catalog, eve).hits}
    assert likers[paper] == ("Ada",)
    assert likers[key("graphs", 6)] == ()
    catalog.change_account(ada, is_named=False)
    assert {hit.paper.key: hit.likers for hit in whole(catalog, eve).hits}[paper] == ("a member",)
    assert {hit.likers for hit in whole(catalog, ada, unseen=False).hits} == {()}  # one's own like is no news


def test_a_shelf_has_a_feed_of_papers_like_its_own(catalog: Catalog, ada: Reader, eve: Reader) -> None:
    shelf = catalog.make_shelf(ada, "Planets")
    for paper in keys("planets", 0, 1, 2):
        catalog.put(ada, shelf.id, paper)
    feed = catalog.shelf_feed(ada, shelf.id, asked=Asked(days=ALL, limit=500))
    assert themes(feed) == {"planets"}
    assert set(keys("planets", 0, 1, 2)).isdisjoint(listed(feed))
    assert {hit.interest for hit in feed.hits} == {"Planets"}
    with pytest.raises(NotFoundError):
        catalog.shelf_feed(eve, shelf.id)
    empty = catalog.make_shelf(ada, "Nothing yet")
    assert catalog.shelf_feed(ada, empty.id).hits == ()


# --- why not ---


def test_why_a_paper_is_not_there(catalog: Catalog, store: Store, ada: Reader, clock: Clock) -> None:
    with pytest.raises(InputError, match="no interest yet"):
        catalog.why_not(ada, key("graphs", 0))
    catalog.make_interest(ada, "Graphs", words="graph neural networks nodes", query="-enzyme")
    feed = whole(catalog, ada)
    there = catalog.why_not(ada, feed.hits[0].paper.key, days=ALL)
    assert (there.is_listed, there.causes, there.rank, there.short) == (True, (), 1, 0.0)
    below = catalog.why_not(ada, listed(feed)[-1], days=ALL)
    assert not below.is_listed
    assert below.short == pytest.approx((below.line or 0) - (below.height or 0))
    assert f"of {feed.looked_at}" in below.causes[0]
    assert "above it" in below.causes[0]
    old = catalog.why_not(ada, key("graphs", 7), days=3)
    assert f"It was announced on {TODAY - 7 * DAY}; this feed looks at" in old.causes[0]


def test_why_not_tells_muting_dismissing_the_query_and_what_was_shown(
    catalog: Catalog, store: Store, ada: Reader, clock: Clock
) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks nodes", query="-enzyme")
    first, second, third = listed(catalog.feed(ada, days=ALL))[:3]
    catalog.mark_shown(ada, [second], place=2)
    catalog.dismiss(ada, first, "Graphs")
    author = catalog.paper(third).authors[0]
    catalog.mute(ada, "author", author)
    clock.at += 13 * HOUR
    assert "You dismissed it." in catalog.why_not(ada, first, days=ALL).causes
    shown = catalog.why_not(ada, second, days=ALL)
    assert f"You were shown it on {TODAY}, at place 2." in shown.causes
    assert shown.shown == clock.at - 13 * HOUR
    assert f"You muted the author “{author}” on {TODAY}." in catalog.why_not(ada, third, days=ALL).causes
    enzyme = next(n for n in range(EACH) if "enzyme" in record("proteins", n).abstract)
    assert any("does not pass the query" in cause for cause in catalog.why_not(ada, key("proteins", enzyme)).causes)
    take(store, Record("arxiv", "2603.66666", "No day at all", ids=("arxiv:2603.66666",)))
    late = catalog.why_not(ada, "arxiv:2603.66666").causes
    assert late[0] == "It cannot be found yet: the index is catching up."
    catalog.catch_up()
    assert "Nobody says when it was announced" in catalog.why_not(ada, "arxiv:2603.66666").causes[0]
    with pytest.raises(NotFoundError):
        catalog.why_not(ada, "arxiv:9999.99999")


def test_why_not_agrees_with_the_feed(catalog: Catalog, ada: Reader) -> None:
    for theme in ("graphs", "planets"):
        catalog.make_interest(ada, theme, likes=keys(theme, 0, 1, 2))
    for theme in ("graphs", "planets"):
        strong = {hit.paper.key for hit in whole(catalog, ada, theme).hits if hit.is_strong}
        for paper in [key(other, number) for other in NAMES for number in range(0, EACH, 9)]:
            assert catalog.why_not(ada, paper, theme, days=ALL).is_listed == (paper in strong)


# --- teaching ---


def test_a_young_interest_asks_about_papers_that_were_not_judged(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph", likes=keys("graphs", 0))
    catalog.dismiss(ada, key("graphs", 1), "Graphs")
    catalog.mute(ada, "author", "Grace Hopper")
    asked = catalog.teach(ada, "Graphs", 10)
    assert len({paper.id for paper in asked}) == 10
    assert asked == catalog.teach(ada, "Graphs", 10)
    assert {key("graphs", 0), key("graphs", 1)}.isdisjoint(paper.key for paper in asked)
    assert all(paper.authors != ("Grace Hopper",) for paper in asked)
    catalog.like(ada, asked[0].key, "Graphs")
    assert catalog.teach(ada, "Graphs", 10) != asked


def test_an_interest_that_knows_nothing_asks_about_what_there_is(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Empty")
    assert {theme_of(paper.key) for paper in catalog.teach(ada, "Empty", 20)} == set(NAMES)
    for count in (0, 51):
        with pytest.raises(InputError):
            catalog.teach(ada, "Empty", count)


# --- how it works ---


def test_statements_do_not_grow_with_papers_or_likes(catalog: Catalog, store: Store, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph", likes=keys("graphs", 0))
    catalog.feed(ada, days=ALL, limit=5)
    with statements(store) as few:
        catalog.feed(ada, days=ALL, limit=5)
    catalog.like_all(ada, keys("graphs", *range(20)), "Graphs")
    catalog.feed(ada, days=ALL, limit=100)
    with statements(store) as many:
        catalog.feed(ada, days=ALL, limit=100)
    assert len(many) <= len(few)


def test_what_was_learnt_in_one_process_is_the_same_in_another(
    catalog: Catalog, store: Store, ada: Reader, clock: Clock
) -> None:
    catalog.make_interest(ada, "Graphs", words="graph", likes=keys("graphs", 0, 3))
    other = open_catalog(store, Path(catalog.settings.home), clock)
    assert listed(other.feed(ada, days=ALL)) == listed(catalog.feed(ada, days=ALL))
    catalog.like(ada, key("planets", 3), "Graphs")
    assert [hit.score for hit in other.feed(ada).hits] == [hit.score for hit in catalog.feed(ada).hits]


def test_what_is_common_is_kept_in_a_file_of_the_day(
    catalog: Catalog, store: Store, ada: Reader, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_WORTH_KEEPING", 1)
    folder = catalog.settings.root / "learnt"
    catalog.make_interest(ada, "Graphs", words="graph nodes")
    before = listed(catalog.feed(ada, days=ALL))
    [file] = folder.iterdir()
    again = open_catalog(store, Path(catalog.settings.home), clock)
    assert listed(again.feed(ada, days=ALL)) == before
    file.write_bytes(b"damaged")
    assert listed(open_catalog(store, Path(catalog.settings.home), clock).feed(ada, days=ALL)) == before
    clock.at += DAY
    catalog.feed(ada)
    assert [each.name for each in folder.iterdir()] != [file.name]
    assert len(list(folder.iterdir())) == 1


def test_a_paper_that_came_is_in_the_next_feed(catalog: Catalog, store: Store, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0))
    catalog.feed(ada)
    take(store, replace(record("graphs", 0), key="2603.00555", ids=("arxiv:2603.00555",), title="Spectral graph nodes"))
    catalog.catch_up()
    assert "arxiv:2603.00555" in listed(whole(catalog, ada))


def test_an_undo_of_nothing_and_what_a_verdict_is_called(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph")
    with pytest.raises(ConflictError):
        catalog.undo_last(ada, "Graphs")
    paper = listed(whole(catalog, ada))[0]
    catalog.dismiss(ada, paper)
    assert catalog.verdicts(ada, [catalog.paper(paper)]) == {catalog.paper(paper).id: DISMISSED}


def test_the_line_of_everybody_sinks_when_likes_stand_low_wherever_they_are_given(
    catalog: Catalog, ada: Reader, eve: Reader, clock: Clock
) -> None:
    catalog.make_interest(ada, "Planets", words="planet orbit")
    catalog.make_interest(eve, "Voices", words="speech acoustic")
    before = catalog.why_not(ada, key("graphs", 0), "Planets").line
    for number in range(12):
        catalog.like(eve, key("proteins", number), "Voices")
    assert catalog.why_not(ada, key("graphs", 0), "Planets").line == before
    clock.at += timedelta(days=1)
    after = catalog.why_not(ada, key("graphs", 0), "Planets").line
    assert before is not None
    assert after is not None
    assert after < before
