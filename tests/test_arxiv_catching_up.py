"""Days that nobody asked for, what they are worth later, and when to look again."""

from __future__ import annotations

import json
import lzma
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.arxiv_help import announced, listed, new_york, paper, stand
from tests.source_help import records
from tidings.sources import Batch
from tidings.sources.arxiv import calendar

WEEK = ("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-09", "2026-03-10")


def days_of(papers: list[dict[str, Any]]) -> dict[str, date]:
    return {each["id"]: date.fromisoformat(each["listed_first"]) for each in papers}


def test_five_missed_days_come_by_the_history_each_paper_with_the_day_of_its_listing(tmp_path: Path) -> None:
    papers = listed(*WEEK)
    with stand(tmp_path, papers, new_york(2026, 3, 2)) as arxiv:
        first = arxiv.run()
        assert first[-1].note is None
        later = arxiv.run(new_york(2026, 3, 10))
    assert announced(first + later) == days_of(papers)
    assert later[-1].note == "caught up 5 announcements from the history"
    assert later[-1].newest == date(2026, 3, 10)


def test_a_month_away_is_caught_up_in_one_run(tmp_path: Path) -> None:
    days = [day.isoformat() for day in calendar.announcement_days(date(2026, 1, 15), date(2026, 2, 20))]
    papers = listed(*days)
    with stand(tmp_path, papers, new_york(2026, 1, 16), page_size=5) as arxiv:
        batches = arxiv.run() + arxiv.run(new_york(2026, 2, 20))
    assert announced(batches) == days_of(papers)
    assert batches[-1].note == f"caught up {len(days) - 2} announcements from the history"


def test_a_missed_friday_is_caught_up_on_the_weekend(tmp_path: Path) -> None:
    papers = listed("2026-03-05", "2026-03-06")
    with stand(tmp_path, papers, new_york(2026, 3, 5)) as arxiv:
        batches = arxiv.run() + arxiv.run(new_york(2026, 3, 7))
    assert announced(batches) == days_of(papers)
    assert batches[-1].newest == date(2026, 3, 6)
    assert (batches[-1].note or "").startswith("caught up 1 announcement from the history; no announcement on Saturday")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 3, 4), date(2026, 3, 13)),  # clocks go forward on Sunday, 8 March
        (date(2026, 10, 28), date(2026, 11, 6)),  # and back on 1 November
        (date(2025, 12, 19), date(2026, 1, 8)),  # the year ends
        (date(2026, 6, 17), date(2026, 6, 25)),  # a holiday on Friday: nothing on Monday
        (date(2026, 11, 24), date(2026, 12, 2)),  # Thanksgiving
    ],
)
@pytest.mark.parametrize("away", [False, True])
def test_every_paper_has_its_day_in_weeks_that_are_not_like_others(
    tmp_path: Path, first: date, last: date, away: bool
) -> None:
    """Once asked after each midnight, once not at all between the first and the last day."""
    days = [first, *calendar.announcement_days(first, last)]
    papers = listed(*(day.isoformat() for day in days))
    with stand(tmp_path, papers, calendar.midnight(first).astimezone(UTC)) as arxiv:
        batches = arxiv.run()
        source = arxiv.source
        while (due := source.due(arxiv.stage.clock())) < calendar.midnight(last + timedelta(days=1)):
            if away and due < calendar.midnight(last):
                arxiv.stage.clock.at = due
                continue
            batches += arxiv.run(due)
            assert arxiv.source.behind(batches[-1].newest, arxiv.stage.clock()) == 0
    assert announced(batches) == days_of(papers)
    assert batches[-1].newest == days[-1]


def test_a_paper_that_moderation_held_is_of_the_day_on_which_it_appeared(tmp_path: Path) -> None:
    """Submitted on 24 February, listed on 4 March, which nobody asked for; the id is of February no more."""
    held = paper("2603.00050", "2026-03-04", submitted=datetime(2026, 2, 24, 12, tzinfo=UTC))
    within = paper("2603.00051", "2026-03-05", submitted=datetime(2026, 3, 2, 12, tzinfo=UTC))
    with stand(tmp_path, [*listed("2026-03-02"), held, within], new_york(2026, 3, 2)) as arxiv:
        batches = arxiv.run() + arxiv.run(new_york(2026, 3, 6))
    days = announced(batches)
    assert (days["2603.00050"], days["2603.00051"]) == (date(2026, 3, 4), date(2026, 3, 5))


def test_an_old_paper_whose_metadata_was_changed_is_not_news(tmp_path: Path) -> None:
    """A datestamp of today is no announcement of today: bulk edits stamp papers of all years."""
    old = paper("1905.00001", "2026-03-04", submitted=datetime(2019, 5, 31, 12, tzinfo=UTC))
    older = paper("0704.0001", "2026-03-04", submitted=datetime(2007, 4, 2, 12, tzinfo=UTC))
    oldest = paper("math/0309136", "2026-03-04", submitted=datetime(2003, 9, 8, 12, tzinfo=UTC))
    with stand(tmp_path, [old, older, oldest], new_york(2026, 3, 3)) as arxiv:
        batches = arxiv.run() + arxiv.run(new_york(2026, 3, 6))
    assert announced(batches) == {"1905.00001": date(2019, 6, 3), "0704.0001": None, "math/0309136": None}


def test_what_a_feed_named_is_not_dated_again_by_the_history(tmp_path: Path) -> None:
    """Held until Thursday, whose feed was taken; the schedule has it for Tuesday, which was missed."""
    late = paper("2603.00050", "2026-03-05", submitted=datetime(2026, 3, 2, 12, tzinfo=UTC))
    with stand(tmp_path, [*listed("2026-03-02"), late], new_york(2026, 3, 2)) as arxiv:
        batches = arxiv.run() + arxiv.run(new_york(2026, 3, 5))
    assert announced(batches)["2603.00050"] == date(2026, 3, 5)


def test_papers_of_the_evening_are_dated_by_the_day_of_their_feed(tmp_path: Path) -> None:
    """The history has them from about 22:30, the feed from midnight."""
    papers = listed("2026-03-04", "2026-03-05")
    with stand(tmp_path, papers, new_york(2026, 3, 4, 23)) as arxiv:
        batches = arxiv.run()
        assert announced(batches) == days_of(papers)
        assert batches[-1].newest == date(2026, 3, 4)
        batches += arxiv.run(new_york(2026, 3, 5))
    assert announced(batches) == days_of(papers) and batches[-1].newest == date(2026, 3, 5)


def test_how_many_announcements_are_out_and_not_held(tmp_path: Path) -> None:
    with stand(tmp_path, [], new_york(2026, 3, 2)) as arxiv:
        source = arxiv.source
    friday = date(2026, 3, 6)
    assert source.behind(friday, new_york(2026, 3, 8, 23)) == 0  # the weekend
    assert source.behind(friday, new_york(2026, 3, 9, 1, 59)) == 0
    assert source.behind(friday, new_york(2026, 3, 9, 2)) == 1
    assert source.behind(friday, new_york(2026, 3, 13, 12)) == 5
    assert source.behind(date(2026, 11, 26), new_york(2026, 11, 29)) == 0  # Thanksgiving and its weekend
    assert source.behind(date(2026, 3, 10), new_york(2026, 3, 9)) == 0
    assert source.behind(None, new_york(2026, 3, 9)) == 1


def test_it_is_due_soon_after_every_midnight_in_new_york_and_not_at_the_same_second_everywhere(tmp_path: Path) -> None:
    ready = set()
    for name in ("here", "there", "elsewhere"):
        with stand(tmp_path / name, [], new_york(2026, 3, 2)) as arxiv:
            source = arxiv.source
        for now in (new_york(2026, 3, 7, 0, 40), new_york(2026, 3, 8, 12), new_york(2026, 10, 31, 23)):
            due = source.due(now)
            assert due > now and due == source.due(now)
            midnight = calendar.midnight(calendar.today(now) + timedelta(days=1))
            assert timedelta(minutes=10) <= due - midnight <= timedelta(minutes=30)
        ready.add(source.due(new_york(2026, 3, 2)))
    assert len(ready) == 3


def test_40_days_of_real_listings_with_days_away_end_with_every_paper_on_its_day(
    tmp_path: Path, shared_data: Path
) -> None:
    """Real listings of three busy categories, asked when due, but with days on which nobody asks."""
    chance = random.Random(5)
    first, last = date(2025, 4, 1), date(2025, 5, 10)
    papers = []
    with lzma.open(shared_data / "papers" / "arxiv_cs.jsonl.xz") as file:
        for line in file:
            found = json.loads(line)
            if date.fromisoformat(found["listed_first"]) > last:
                break
            if date.fromisoformat(found["listed_first"]) >= first:
                papers.append(found)
    categories = ["cs.AI", "cs.CL", "cs.CV"]
    batches: list[Batch] = []
    with stand(tmp_path, papers, new_york(2025, 4, 1), categories=categories, page_size=500) as arxiv:
        source = arxiv.source
        while arxiv.stage.clock() < new_york(2025, 5, 11):
            batches += arxiv.run()
            arxiv.stage.clock.at = source.due(arxiv.stage.clock()) + timedelta(days=chance.choice((0, 0, 0, 1, 3)))
    taken = {each["id"] for each in papers if {*categories} & {*each["categories"]}}
    truth = {key: day for key, day in days_of(papers).items() if key in taken}
    days = announced(batches)
    assert len(truth) > 4_000 and {key: days.get(key) for key in truth} == truth
    assert sum(len(records([batch])) for batch in batches) < 4 * len(days)
