"""When editions are due: over a year in five zones, against a model that counts quarters of hours; pauses, downtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.digest.due import Due, decide, timetable
from tidings.errors import InputError
from tidings.timetable import Slot, Timetable
from tidings.types import Subscription

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
# Both changes of clocks, north and south; half an hour of change; a date line; a change at midnight; none at all.
ZONES = (
    "America/New_York",
    "Europe/Paris",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "America/Scoresbysund",
)


def subscription(zone: str = "UTC", hour: int = 7, weekday: int | None = None, **others: object) -> Subscription:
    usual = Subscription(
        id=1,
        account_id=None,
        channel="mail",
        address="ada@lab.example",
        kind="trending",
        subject="",
        name="Trending",
        cadence="daily" if weekday is None else "weekly",
        weekday=weekday,
        hour=hour,
        zone=zone,
        most=10,
        minutes=None,
        when_empty="skip",
        state="active",
        note=None,
        resumes=None,
        covered=YEAR,
        due=Timetable(zone, hour, weekday).following(YEAR).at,
        created=YEAR,
        confirmed=YEAR,
    )
    return replace(usual, **others)  # type: ignore[arg-type]


# --- the model: it knows nothing of folds and offsets, and looks at a clock on the wall every quarter of an hour ---


def quarters(start: datetime, days: int) -> Iterator[datetime]:
    for number in range(days * 96):
        yield start + number * QUARTER


def slots_by_looking(zone: str, hour: int, weekday: int | None = None, days: int = 366) -> list[Slot]:
    """Return the slots of a year: of each day that the wall shows, the first quarter that is not before the hour."""
    place, found, had = ZoneInfo(zone), list[Slot](), set[date]()
    waiting: date | None = None
    for now in quarters(YEAR - 2 * DAY, days + 2):
        wall = now.astimezone(place)
        if waiting is not None and wall.date() != waiting and waiting not in had:
            had.add(waiting)  # clocks were put forward over the rest of the day
            found.append(Slot(waiting, now))
        waiting = wall.date()
        if wall.hour >= hour and wall.date() not in had:
            had.add(wall.date())
            found.append(Slot(wall.date(), now))
    wanted = [slot for slot in found if weekday is None or slot.day.weekday() == weekday]
    return [slot for slot in wanted if slot.at > YEAR]


@dataclass
class Made:
    """An edition that the simulation made: when, its name, and what it says it missed."""

    at: datetime
    due: Due


def simulate(
    start: Subscription, ticks: Iterator[datetime], act: Callable[[Subscription, datetime], Subscription] | None = None
) -> list[Made]:
    """Run a subscription as the digest does: decide at each tick, and keep what an edition changes."""
    mine, last, made = start, None, list[Made]()
    for now in ticks:
        if act is not None:
            mine = act(mine, now)
        found = decide(mine, now, last)
        if found is None:
            continue
        if found.name is not None:
            made.append(Made(now, found))
            last = date.fromisoformat(found.name)
            mine = replace(mine, covered=now)
        mine = replace(mine, due=found.next, state="active", resumes=None)
    return made


# --- a year ---


@pytest.mark.parametrize("hour", [0, 2, 7, 23])
@pytest.mark.parametrize("zone", ZONES)
def test_every_day_of_a_year_has_one_edition_at_its_hour(zone: str, hour: int) -> None:
    expected = [slot for slot in slots_by_looking(zone, hour) if slot.at < YEAR + 365 * DAY]
    made = simulate(subscription(zone, hour), quarters(YEAR, 365))
    assert [(each.at, each.due.name) for each in made] == [(slot.at, slot.day.isoformat()) for slot in expected]
    assert {each.due.missed for each in made} == {0}
    assert len({each.due.name for each in made}) == len(made)


@pytest.mark.parametrize("zone", ZONES[:5])
def test_a_weekly_one_comes_on_its_day(zone: str) -> None:
    expected = [slot for slot in slots_by_looking(zone, 2, 6) if slot.at < YEAR + 365 * DAY]
    made = simulate(subscription(zone, 2, 6), quarters(YEAR, 365))  # Sundays: that is when clocks are changed
    assert [(each.at, each.due.name) for each in made] == [(slot.at, slot.day.isoformat()) for slot in expected]
    assert len(made) == 52


@pytest.mark.parametrize("zone", ZONES[:5])
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_a_week_without_power_is_one_edition_that_counts_what_it_missed(zone: str, month: int) -> None:
    off, on = datetime(2026, month, 1, 5, 15, tzinfo=UTC), datetime(2026, month, 8, 5, 15, tzinfo=UTC)
    slots = [slot for slot in slots_by_looking(zone, 7) if slot.at < YEAR + 365 * DAY]
    made = simulate(subscription(zone, 7), (now for now in quarters(YEAR, 365) if not off <= now < on))
    lost = [slot for slot in slots if off <= slot.at < on]
    late = [each for each in made if each.due.missed]
    assert [(each.at, each.due.name, each.due.missed) for each in late] == [
        (on, lost[-1].day.isoformat(), len(lost) - 1)
    ]
    kept = [slot.day.isoformat() for slot in slots if slot not in lost[:-1]]
    assert [each.due.name for each in made] == kept


def test_an_hour_that_does_not_exist_is_the_next_moment_and_one_that_exists_twice_is_the_first() -> None:
    spring, autumn = datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 10, 31, 12, tzinfo=UTC)
    night = Timetable("America/New_York", 2)
    assert night.following(spring) == Slot(date(2026, 3, 8), datetime(2026, 3, 8, 7, tzinfo=UTC))  # 3:00 EDT
    twice = Timetable("America/New_York", 1)
    assert twice.following(autumn) == Slot(date(2026, 11, 1), datetime(2026, 11, 1, 5, tzinfo=UTC))  # EDT, not EST
    assert twice.following(datetime(2026, 11, 1, 5, tzinfo=UTC)).day == date(2026, 11, 2)


def test_a_day_that_a_place_left_out_has_none() -> None:
    table = Timetable("Pacific/Apia", 7)  # Samoa went from 29 to 31 December 2011
    first = table.following(datetime(2011, 12, 29, 12, tzinfo=UTC))
    second = table.following(first.at)
    assert [first.day, second.day] == [date(2011, 12, 29), date(2011, 12, 31)]
    assert table.latest(second.at - QUARTER) == first
    assert table.count(first.at, second.at + DAY) == 3 - 1


def test_an_hour_inside_a_gap_that_is_no_whole_hour_is_its_end() -> None:
    lord_howe = Timetable("Australia/Lord_Howe", 2).following(datetime(2026, 10, 3, 12, tzinfo=UTC))
    assert lord_howe.at == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)
    st_johns = Timetable("America/St_Johns", 1).following(datetime(2011, 3, 13, 2, tzinfo=UTC))
    assert st_johns.at == datetime(2011, 3, 13, 3, 31, tzinfo=UTC), "clocks were put forward at 0:01 until 2011"


@given(
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    weekday=st.none() | st.integers(0, 6),
    minutes=st.integers(0, 365 * 24 * 60),
)
@settings(max_examples=200, deadline=None)
def test_what_follows_and_what_was_latest_are_neighbours(
    zone: str, hour: int, weekday: int | None, minutes: int
) -> None:
    table, now = Timetable(zone, hour, weekday), YEAR + timedelta(minutes=minutes)
    latest, following = table.latest(now), table.following(now)
    assert latest.at <= now < following.at
    assert table.following(latest.at) == following
    assert table.latest(following.at) == following
    assert table.count(latest.at, following.at) == 1
    assert table.following(now, following.day).day > following.day


# --- pauses ---


def test_who_pauses_is_told_nothing_until_the_usual_hour_after_it() -> None:
    away, back = datetime(2026, 3, 10, 12, tzinfo=UTC), datetime(2026, 3, 24, 12, tzinfo=UTC)

    def act(mine: Subscription, now: datetime) -> Subscription:
        if now == away:
            due = timetable(mine).following(back - timedelta(seconds=1)).at
            return replace(mine, state="paused", resumes=back, due=due)
        return mine

    made = simulate(subscription("Europe/Paris"), quarters(YEAR, 100), act)
    first = next(each for each in made if each.at > away)
    assert first.due.name == "2026-03-25"
    assert first.due.was_away
    assert first.due.missed == 0
    assert [each.due.was_away for each in made].count(True) == 1


@pytest.mark.parametrize("state", ["waiting", "left", "stopped"])
def test_who_has_not_confirmed_or_has_left_is_due_nothing(state: str) -> None:
    assert decide(subscription(state=state), YEAR + DAY) is None


def test_a_pause_without_an_end_is_due_nothing() -> None:
    assert decide(subscription(state="paused", due=None), YEAR + 30 * DAY) is None


# --- changing the hour or the zone ---


def test_a_day_that_had_its_edition_has_no_second_one_at_another_hour() -> None:
    mine = subscription(hour=18, due=datetime(2026, 3, 2, 18, tzinfo=UTC))
    found = decide(mine, datetime(2026, 3, 2, 18, tzinfo=UTC), last=date(2026, 3, 2))
    assert found is not None
    assert found.name is None
    assert found.next == datetime(2026, 3, 3, 18, tzinfo=UTC)


def test_who_flies_west_over_the_date_line_gets_no_day_twice() -> None:
    east, west = subscription("Pacific/Kiritimati"), "Pacific/Honolulu"
    flown = datetime(2026, 3, 2, 0, tzinfo=UTC)

    def act(mine: Subscription, now: datetime) -> Subscription:
        if now == flown:
            moved = replace(mine, zone=west)
            return replace(moved, due=timetable(moved).following(now, date(2026, 3, 2)).at)
        return mine

    names = [str(each.due.name) for each in simulate(east, quarters(YEAR, 90), act)]
    assert len(names) == len(set(names))
    assert names == sorted(names)


@pytest.mark.parametrize(("zone", "hour", "weekday"), [("Mars/Olympus", 7, None), ("UTC", 24, None), ("UTC", 7, 7)])
def test_a_timetable_that_makes_no_sense_is_refused(zone: str, hour: int, weekday: int | None) -> None:
    with pytest.raises(InputError):
        Timetable(zone, hour, weekday).following(YEAR)
