"""Trending by the façade: what a day, a week, a month and the last days list, in which order, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.people_help import member, open_catalog, statements
from tests.scripted import START, Clock
from tests.test_sync import take
from tidings.catalog import Catalog
from tidings.catalog.periods import Period, month_of, week_of
from tidings.errors import InputError
from tidings.people import Reader, Role
from tidings.rank.trending import Trust, Weights
from tidings.settings.trending import TrendingSettings
from tidings.store import Store
from tidings.types import Count, Record, Trend

TODAY = START.date()
SOME_DAY = Period.day(TODAY)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(store: Store, tmp_path: Path, clock: Clock) -> Catalog:
    return open_catalog(store, tmp_path, clock)


@pytest.fixture
def reader(catalog: Catalog) -> Reader:
    return member(catalog, "Ada")


@pytest.fixture
def curator(catalog: Catalog) -> Reader:
    return member(catalog, "Grace", Role.CURATOR)


def paper_id(number: int) -> str:
    return f"arxiv:2603.{number:05}"


def record(number: int, day: date = TODAY, category: str = "cs.CL", **values: Any) -> Record:
    key = f"2603.{number:05}"
    words = f"Zebra stripe {number} of {category}"
    return Record("arxiv", key, words, ids=(f"arxiv:{key}",), categories=(category,), announced=day, **values)


def upvoted(number: int, upvotes: int, at: datetime = START, **counts: int) -> Record:
    """What the outside says of a paper."""
    said = tuple(Count(kind, value, at) for kind, value in {"upvotes": upvotes, **counts}.items())
    return replace(record(number), source="huggingface", announced=None, listed=at.date(), counts=said)


def listed(trend: Trend) -> list[str]:
    return [hit.paper.key for hit in trend.page.hits]


def last(name: str, clock: Clock) -> Period:
    return Period.last(name, clock())


# --- what is listed, and in which order ---


def test_votes_from_here_and_from_outside_order_a_day(catalog: Catalog, store: Store, reader: Reader) -> None:
    take(store, *(record(n) for n in range(1, 5)), upvoted(2, 40), upvoted(3, 4))
    catalog.vote(reader, paper_id(4))
    assert listed(catalog.trending(SOME_DAY))[:3] == [paper_id(2), paper_id(3), paper_id(4)]


def test_the_parts_of_a_rank_add_up_to_its_score_and_the_counts_are_said(
    catalog: Catalog, store: Store, reader: Reader, clock: Clock
) -> None:
    take(store, record(1), upvoted(1, 40, comments=3, stars=200), record(2))
    catalog.vote(reader, paper_id(1))
    clock.at += timedelta(hours=5)
    trend = catalog.trending(last("3d", clock))
    best = trend.page.hits[0]
    why = trend.why[best.paper.id]
    assert sum(why.parts.values()) == pytest.approx(best.score)
    assert set(why.parts) == {"own", "outside", "age", "velocity", "novelty", "field"}
    assert dict(why.counts) == {"upvotes": 40, "comments": 3, "stars": 200, "citations": 0, "votes": 1}
    assert why.parts["own"] > 0
    assert why.parts["outside"] > why.parts["own"]


def test_without_people_and_without_counts_the_newest_come_first(catalog: Catalog, store: Store, clock: Clock) -> None:
    take(store, *(record(n, TODAY - timedelta(days=n)) for n in range(3)))
    assert listed(catalog.trending(last("3d", clock)))[0] == paper_id(0)


def test_a_window_lists_older_papers_only_when_somebody_voted_for_them_in_it(
    catalog: Catalog, store: Store, reader: Reader, clock: Clock
) -> None:
    take(store, record(1), record(2, TODAY - timedelta(days=40)), record(3, TODAY - timedelta(days=40)))
    catalog.vote(reader, paper_id(2))
    assert set(listed(catalog.trending(last("3d", clock)))) == {paper_id(1), paper_id(2)}


def test_a_day_lists_what_was_first_known_before_what_only_changed_and_marks_it(
    catalog: Catalog, store: Store, clock: Clock
) -> None:
    old = record(9, TODAY - timedelta(days=400), updated=TODAY)
    take(store, old, replace(upvoted(9, 500), listed=TODAY - timedelta(days=399)), record(1))
    hits = catalog.trending(SOME_DAY).page.hits
    assert [(hit.paper.key, hit.is_new) for hit in hits] == [(paper_id(1), True), (paper_id(9), False)]
    assert listed(catalog.trending(Period.week(week_of(TODAY)))) == [paper_id(1)]


def test_a_long_window_marks_what_is_a_day_old_at_most(catalog: Catalog, store: Store, clock: Clock) -> None:
    take(store, record(1), record(2, TODAY - timedelta(days=2)))
    marks = {hit.paper.key: hit.is_new for hit in catalog.trending(last("week", clock)).page.hits}
    assert marks == {paper_id(1): True, paper_id(2): False}
    assert not any(hit.is_new for hit in catalog.trending(last("day", clock)).page.hits)
    assert not any(hit.is_new for hit in catalog.trending(Period.month(month_of(TODAY))).page.hits)


def test_what_somebody_here_puts_forward_is_listed_that_day_however_old_it_is(
    catalog: Catalog, store: Store, reader: Reader, clock: Clock
) -> None:
    take(store, record(1), record(2, TODAY - timedelta(days=900)))
    number = store.find(paper_id(2))
    assert number is not None
    store.voting.submit(reader.account.id, number, clock())
    for period in (SOME_DAY, last("day", clock), last("week", clock), Period.month(month_of(TODAY))):
        assert set(listed(catalog.trending(period))) == {paper_id(1), paper_id(2)}, period
    assert listed(catalog.trending(last("day", clock), by="here")) == [paper_id(2)]
    assert listed(catalog.trending(last("day", clock), by="world")) == [paper_id(1)]


def test_a_curators_pick_is_listed_on_its_day(catalog: Catalog, store: Store, curator: Reader, clock: Clock) -> None:
    take(store, record(1), record(2, TODAY - timedelta(days=900)))
    catalog.pick(curator, paper_id(2), TODAY)
    assert set(listed(catalog.trending(SOME_DAY))) == {paper_id(1), paper_id(2)}


def test_a_hidden_paper_vanishes_at_once_and_comes_back(catalog: Catalog, store: Store, curator: Reader) -> None:
    take(store, record(1), record(2))
    assert len(listed(catalog.trending(SOME_DAY))) == 2
    catalog.hide(curator, paper_id(1), "an advertisement")
    trend = catalog.trending(SOME_DAY)
    assert (listed(trend), trend.page.total) == ([paper_id(2)], 1)
    catalog.unhide(curator, paper_id(1))
    assert len(listed(catalog.trending(SOME_DAY))) == 2


def test_votes_of_a_disabled_account_do_not_count(catalog: Catalog, store: Store, reader: Reader, clock: Clock) -> None:
    take(store, record(1), record(2))
    admin = member(catalog, "Root", Role.ADMIN)
    catalog.vote(reader, paper_id(1))
    assert listed(catalog.trending(SOME_DAY, by="here")) == [paper_id(1)]
    catalog.set_disabled(admin, reader.account.id, True)
    clock.at += timedelta(minutes=1)
    assert listed(catalog.trending(SOME_DAY, by="here")) == []


# --- whose votes count ---


def test_the_lab_and_the_world_are_ranked_apart(catalog: Catalog, store: Store, reader: Reader) -> None:
    take(store, *(record(n) for n in range(1, 4)), upvoted(1, 300))
    catalog.vote(reader, paper_id(2))
    assert listed(catalog.trending(SOME_DAY, by="here")) == [paper_id(2)]
    world = catalog.trending(SOME_DAY, by="world")
    assert listed(world)[0] == paper_id(1)
    assert all(why.parts["own"] == 0 for why in world.why.values())


def test_a_stranger_counts_less_at_first_where_strangers_make_accounts(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    take(store, record(1))
    scores = []
    for sign_up, name in ((False, "Ada"), (True, "Alan")):
        catalog = open_catalog(store, tmp_path / name, clock, sign_up=sign_up)
        voter = member(catalog, name)
        catalog.vote(voter, paper_id(1))
        scores.append(catalog.trending(SOME_DAY, by="here").page.hits[0].score)
        catalog.unvote(voter, paper_id(1))
    assert scores[1] < scores[0]


# --- what can be asked ---


def test_a_category_narrows_and_an_archive_matches_its_categories(catalog: Catalog, store: Store) -> None:
    take(store, record(1), record(2, category="cs.LG"), record(3, category="hep-th"))
    assert listed(catalog.trending(SOME_DAY, category="cs.LG")) == [paper_id(2)]
    assert set(listed(catalog.trending(SOME_DAY, category="cs"))) == {paper_id(1), paper_id(2)}
    assert listed(catalog.trending(SOME_DAY, category="hep-th")) == [paper_id(3)]
    assert listed(catalog.trending(SOME_DAY, category="math.AG")) == []
    counted = {facet.value: facet.count for facet in catalog.trending(SOME_DAY).page.facets["category"]}
    assert counted == {"cs.CL": 1, "cs.LG": 1, "hep-th": 1}


@pytest.mark.parametrize(
    "ask",
    [
        lambda catalog: catalog.trending(SOME_DAY, category="all of them"),
        lambda catalog: catalog.trending(SOME_DAY, by="me"),
        lambda catalog: catalog.trending(SOME_DAY, limit=0),
        lambda catalog: catalog.trending(SOME_DAY, cursor="garbage"),
        lambda catalog: catalog.trending(Period.last("year", START)),
        lambda _: Period.week("2025-W54"),
        lambda _: Period.week("2025-3"),
        lambda _: Period.week("9999-W53"),
        lambda _: Period.month("2025-13"),
        lambda _: Period.month("0000-01"),
    ],
)
def test_what_makes_no_sense_is_refused(catalog: Catalog, ask: Callable[[Catalog], object]) -> None:
    with pytest.raises(InputError):
        ask(catalog)


def test_pages_follow_each_other_and_a_cursor_belongs_to_its_list(catalog: Catalog, store: Store) -> None:
    take(store, *(record(n) for n in range(1, 8)))
    first = catalog.trending(SOME_DAY, limit=3)
    second = catalog.trending(SOME_DAY, limit=3, cursor=first.page.cursor)
    third = catalog.trending(SOME_DAY, limit=3, cursor=second.page.cursor)
    assert third.page.cursor is None
    assert len({*listed(first), *listed(second), *listed(third)}) == first.page.total == 7
    with pytest.raises(InputError):
        catalog.trending(SOME_DAY, by="here", cursor=first.page.cursor)


def test_a_period_knows_the_nearest_days_with_papers(catalog: Catalog, store: Store) -> None:
    take(store, record(1, date(2026, 1, 5)), record(2, date(2026, 2, 3)), record(3, date(2026, 2, 20)), record(4))
    trend = catalog.trending(Period.month("2026-02"))
    assert (trend.previous, trend.next) == (date(2026, 1, 5), TODAY)
    trend = catalog.trending(Period.day(date(2026, 1, 5)))
    assert (trend.previous, trend.next) == (None, date(2026, 2, 3))


def test_the_ends_of_the_calendar_are_days_too(catalog: Catalog, store: Store) -> None:
    take(store, record(1))
    for day in (date.min, date.max):
        assert listed(catalog.trending(Period.day(day))) == []


def test_weeks_and_months_have_their_days() -> None:
    week = Period.week("2025-W12")
    assert (week.start, week.end, week.days) == (date(2025, 3, 17), date(2025, 3, 23), 7)
    month = Period.month("2024-02")
    assert (month.start, month.end, month.days) == (date(2024, 2, 1), date(2024, 2, 29), 29)
    assert (week_of(date(2024, 12, 30)), month_of(date(2024, 12, 30))) == ("2025-W01", "2024-12")


def test_the_shortest_window_with_enough_is_chosen_and_none_where_nothing_is(
    catalog: Catalog, store: Store, clock: Clock
) -> None:
    assert catalog.window_with(2) is None
    take(store, record(1, TODAY - timedelta(days=20)))
    clock.at += timedelta(minutes=10)
    assert catalog.window_with(2) == "month"
    take(store, record(2), record(3, TODAY - timedelta(days=1)))
    clock.at += timedelta(minutes=10)
    assert (catalog.window_with(1), catalog.window_with(2), catalog.window_with(3)) == ("day", "3d", "month")


# --- what it costs ---


def test_a_vote_counts_within_twenty_seconds_and_not_at_every_look(
    catalog: Catalog, store: Store, reader: Reader, clock: Clock
) -> None:
    take(store, record(1), record(2), record(3))
    before = catalog.trending(SOME_DAY)
    catalog.vote(reader, listed(before)[-1])
    assert listed(catalog.trending(SOME_DAY)) == listed(before)
    clock.at += timedelta(seconds=20)
    assert listed(catalog.trending(SOME_DAY))[0] == listed(before)[-1]


def test_looking_costs_the_same_few_statements_however_many_papers_are_shown(
    catalog: Catalog, store: Store, reader: Reader, clock: Clock
) -> None:
    take(store, *(record(n) for n in range(1, 60)))
    counted = []
    for limit in (2, 50):
        clock.at += timedelta(minutes=1)
        with statements(store) as seen:
            catalog.trending(SOME_DAY, limit=limit)
        counted.append(len(seen))
        with statements(store) as seen:
            catalog.trending(SOME_DAY, limit=limit)
        counted.append(len(seen))
    assert counted[0] >= counted[2]
    assert counted[1] == counted[3] <= 4


def test_an_old_board_serves_while_another_request_works_out_the_new_one(
    catalog: Catalog, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(store, record(1))
    assert listed(catalog.trending(SOME_DAY)) == [paper_id(1)]
    take(store, record(2))
    clock.at += timedelta(minutes=1)
    begun, go_on, candidates = Event(), Event(), store.trends.candidates

    def slowly(*arguments: Any, **options: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return candidates(*arguments, **options)

    monkeypatch.setattr(store.trends, "candidates", slowly)
    other = Thread(target=catalog.trending, args=(SOME_DAY,))
    other.start()
    assert begun.wait(10)
    assert listed(catalog.trending(SOME_DAY)) == [paper_id(1)]
    go_on.set()
    other.join(10)
    assert len(listed(catalog.trending(SOME_DAY))) == 2


def test_moments_are_whole_seconds_of_utc(catalog: Catalog, store: Store, reader: Reader, clock: Clock) -> None:
    clock.at = datetime(2026, 3, 2, 6, 0, 7, 654_321, tzinfo=UTC)
    take(store, record(1), upvoted(1, 4, at=clock()))
    catalog.vote(reader, paper_id(1))
    number = store.find(paper_id(1))
    assert number is not None
    moments = [*store.trends.votes([number]).moment, *store.trends.observations([number], ["upvotes"]).moment]
    assert len(moments) == 2
    assert all(abs(moment - clock().timestamp()) < 1 for moment in moments)


# --- what the settings and the guide say ---


def test_the_settings_decide_what_a_vote_is_worth_and_how_fast_it_ages(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    take(store, record(1), record(2), upvoted(2, 12))
    voter = member(open_catalog(store, tmp_path / "people", clock), "Ada")
    orders = []
    for own in (3.0, 60.0):
        catalog = open_catalog(store, tmp_path / str(own), clock, trending={"own": own})
        catalog.vote(voter, paper_id(1))
        orders.append(listed(catalog.trending(SOME_DAY)))
    assert orders == [[paper_id(2), paper_id(1)], [paper_id(1), paper_id(2)]]
    clock.at += timedelta(hours=36)
    ages = []
    for half_life in (36.0, 10_000.0):
        catalog = open_catalog(store, tmp_path / f"h{half_life}", clock, trending={"half_life": half_life})
        trend = catalog.trending(last("3d", clock))
        ages.append(trend.why[trend.page.hits[0].paper.id].parts["age"])
    assert ages[0] < ages[1] < 0


def test_the_defaults_of_the_settings_are_those_of_the_ranking() -> None:
    settings, weights, trust = TrendingSettings(), Weights(), Trust()
    assert (settings.half_life, settings.own, settings.doubt) == (weights.half_life, weights.own, weights.doubt)
    assert (settings.daily, settings.newcomer, settings.ramp) == (trust.daily, trust.newcomer, trust.ramp_days)


def test_the_guide_says_the_numbers_that_hold() -> None:
    guide = " ".join((REPOSITORY / "docs" / "trending.md").read_text().split())
    weights, trust = Weights(), Trust()
    upvote, comment, star, citation = weights.outside
    lost = 24 / weights.half_life
    assert (upvote, comment, star, citation) == (1, 1 / 2, 1 / 20, 1)
    assert "An upvote counts 1, a comment ½, a citation 1, a star 1/20" in guide
    assert f"A vote given here counts as {weights.own:.0f} upvotes from elsewhere" in guide
    assert f"Each vote counts half after {weights.half_life:.0f} hours in a window of three days" in guide
    assert f"loses 24/{weights.half_life:.0f} = {lost:.2f} points a day" in guide
    assert f"it needs **{2**lost:.2f} times** its votes" in guide
    hours = [weights.over(timedelta(days=days)).half_life for days in (1, 7, 30)]
    assert "{:.0f} hours in a day, {:.0f} in a week, {:.0f} in a month".format(*hours) in guide
    assert (weights.velocity, weights.fresh, weights.fresh_half_life) == (0.5, 0.5, 24)
    assert "Half a point for each doubling of what came in the last day" in guide
    assert "is taken to have half a vote, half of that a day later" in guide
    assert f"the field's level counts as {weights.doubt:.0f} votes of evidence" in guide
    assert f"The votes of one account on one day (UTC) weigh {trust.daily:.0f} together" in guide
    assert trust.newcomer == 1 / 10
    assert f"weighs a tenth on an account's first day, and grows to a whole one in {trust.ramp_days:.0f} days" in guide


# --- what is to become of them ---


def test_what_rises_elsewhere_is_said_with_where_it_ends(catalog: Catalog, store: Store, clock: Clock) -> None:
    take(store, *(record(n) for n in range(1, 8)), *(upvoted(n, 60 if n == 7 else 2) for n in range(2, 8)))
    trend = catalog.trending(last("3d", clock))
    why = {hit.paper.key: trend.why[hit.paper.id] for hit in trend.page.hits}
    assert [key for key, each in why.items() if each.is_rising] == [paper_id(7)]
    low, high = why[paper_id(7)].final or (0, 0)
    assert 60 < low < high
    assert why[paper_id(1)].final is None  # nobody counted it
    here = catalog.trending(last("3d", clock), by="here")
    assert not any(each.is_rising or each.final for each in here.why.values())
    clock.at += timedelta(days=3)
    later = catalog.trending(SOME_DAY)
    assert not any(each.is_rising or each.final for each in later.why.values())
