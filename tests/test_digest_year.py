"""A year of digests with arXiv's calendar and a week without power, end to end, against a model that keeps two lists.

Nothing is mocked but the clock: papers are announced as arXiv announces them, a run is tried every hour, mail goes to a
server. Each subscriber has to get exactly the editions that the rules say, and each paper once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.post_help import DAY, Post, post, record
from tidings.digest.sending import run_due
from tidings.sources.arxiv.calendar import is_announcement_day, midnight
from tidings.store import open_store
from tidings.types import Record

ZONES = ("America/New_York", "Europe/Paris", "Australia/Sydney", "Pacific/Kiritimati", "America/Sao_Paulo")
HOURS = (7, 2, 6, 9, 20)


def announced(first: date, days: int) -> Iterator[tuple[datetime, Record]]:
    """Yield a paper for each day of announcements, and when its feed has it: half an hour after midnight in New York."""
    number = 0
    for offset in range(days):
        day = first + offset * DAY
        if is_announcement_day(day):
            number += 1
            yield midnight(day) + timedelta(minutes=30), record(number, day)


def slots(zone: str, hour: int, start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Return the moments and names of editions by looking at the clock on the wall every hour, an hour at a time."""
    found, had, place = list[tuple[datetime, str]](), set[date](), ZoneInfo(zone)
    now = start
    while now < end:
        wall = now.astimezone(place)
        if wall.hour >= hour and wall.date() not in had:
            had.add(wall.date())
            found.append((now, wall.date().isoformat()))
        now += timedelta(hours=1)
    return found


def live(office: Post, days: int, off: tuple[datetime, datetime]) -> None:
    """Let hours go by; nothing runs while the power is off."""
    start = office.clock.at
    papers = list(announced(start.date() + DAY, days))
    for hours in range(days * 24):
        office.clock.at = start + timedelta(hours=hours)
        if off[0] <= office.clock.at < off[1]:
            continue
        arrived = [each for moment, each in papers if moment <= office.clock.at]
        if arrived:
            papers = [each for each in papers if each[0] > office.clock.at]
            office.papers(*arrived)
        run_due(office.catalog, sleep=office.clock.sleep)


def expected(zone: str, hour: int, start: datetime, days: int, off: tuple[datetime, datetime]) -> list[tuple[str, int]]:
    """Return the names of the editions that have something to tell, and how many papers each tells."""
    end = start + days * DAY
    waiting = [moment for moment, _ in announced(start.date() + DAY, days)]
    found = list[tuple[str, int]]()
    lost: tuple[datetime, str] | None = None
    for at, name in slots(zone, hour, start, end):
        if at <= start:
            continue
        if off[0] <= at < off[1]:
            lost = at, name  # the last of those is made when the power is back, unless the next is due then
            continue
        if lost is not None and at > off[1]:
            found += _made(waiting, off[1], lost[1])
        lost = None
        found += _made(waiting, at, name)
    return found


def _made(waiting: list[datetime], now: datetime, name: str) -> list[tuple[str, int]]:
    told = [moment for moment in waiting if moment <= now]
    waiting[:] = waiting[len(told) :]
    return [(name, len(told))] if told else []


def check(tmp_path: Path, start: datetime, days: int, off: tuple[datetime, datetime]) -> None:
    store = open_store(tmp_path)
    with post(store, tmp_path, sources=["arxiv"]) as office:
        office.clock.at = start
        for number, (zone, hour) in enumerate(zip(ZONES, HOURS, strict=True)):
            office.subscribe(
                f"reader{number}@lab.example", kind="search", subject="category:cs.CL", most=100, zone=zone, hour=hour
            )
        live(office, days, off)
        for number, (zone, hour) in enumerate(zip(ZONES, HOURS, strict=True)):
            mine = [
                (edition.name, len(office.catalog.edition(edition.id)[1].stories))
                for subscription, edition in reversed(office.catalog.all_editions(limit=10_000, states=["sent"]))
                if subscription.address == f"reader{number}@lab.example"
            ]
            assert mine == expected(zone, hour, start, days, off), zone
            told = office.told(f"reader{number}@lab.example")
            assert len(told) == len(set(told)) == sum(count for _, count in mine)
        names = {(s.id, e.name) for s, e in office.catalog.all_editions(limit=10_000)}
        assert len(names) == len(office.catalog.all_editions(limit=10_000))
    store.close()


def test_three_weeks_over_a_change_of_clocks_with_days_without_power(tmp_path: Path) -> None:
    off = datetime(2026, 3, 10, 3, tzinfo=UTC), datetime(2026, 3, 14, 15, tzinfo=UTC)
    check(tmp_path, datetime(2026, 3, 2, 12, tzinfo=UTC), 16, off)


@pytest.mark.slow
def test_a_whole_year_with_holidays_and_a_week_without_power(tmp_path: Path) -> None:
    off = datetime(2026, 7, 3, 3, tzinfo=UTC), datetime(2026, 7, 10, 15, tzinfo=UTC)
    check(tmp_path, datetime(2026, 1, 1, 12, tzinfo=UTC), 364, off)
