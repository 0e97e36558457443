"""Whose turn it is: one gate for all threads and processes, on both databases. Time is what the tests say it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tidings.store import Gates, Pass, Store
from tidings.store.gates import LEASE
from tidings.types import Limit

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LIMIT = Limit("arxiv", interval=3.0)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def entered(gates: Gates, seconds: float, limit: Limit = LIMIT, lease: timedelta = LEASE) -> Pass:
    taken = gates.enter(limit, at(seconds), lease)
    assert isinstance(taken, Pass), f"the gate is closed until {taken}"
    return taken


def refused(gates: Gates, seconds: float, limit: Limit = LIMIT) -> float:
    """Return when to ask again, in seconds after the start."""
    answer = gates.enter(limit, at(seconds))
    assert isinstance(answer, datetime)
    assert answer > at(seconds)
    return (answer - START).total_seconds()


def test_the_first_one_enters(store: Store) -> None:
    assert entered(store.gates, 0).gate == "arxiv"


def test_while_one_is_inside_others_look_again_soon(store: Store) -> None:
    entered(store.gates, 0)
    assert refused(store.gates, 0) == 3.0
    assert refused(store.gates, 100) == 103.0
    assert refused(store.gates, LEASE.total_seconds() - 1) == LEASE.total_seconds()


def test_the_interval_begins_when_a_request_ends(store: Store) -> None:
    taken = entered(store.gates, 0)
    store.gates.leave(taken, LIMIT, at(10))
    assert refused(store.gates, 10) == 13.0
    assert refused(store.gates, 12.999) == 13.0
    entered(store.gates, 13)


def test_gates_are_apart(store: Store) -> None:
    entered(store.gates, 0)
    entered(store.gates, 0, Limit("crossref", interval=1.0))


def test_gates_of_two_openings_are_the_same(store: Store) -> None:
    other = Gates(store.engine)
    taken = entered(store.gates, 0)
    assert refused(other, 0) == 3.0
    other.leave(taken, LIMIT, at(1))
    assert refused(store.gates, 1) == 4.0


def test_a_window_lets_so_many_through_and_no_more(store: Store) -> None:
    limit = Limit("hub", interval=1.0, most=3, window=300.0)
    for number in range(3):
        store.gates.leave(entered(store.gates, 10.0 * number, limit), limit, at(10.0 * number))
    assert refused(store.gates, 30, limit) == 300.0
    assert refused(store.gates, 299, limit) == 300.0
    assert store.gates.state(limit, at(30)).used == 3
    assert store.gates.state(limit, at(30)).next_at == at(300)
    entered(store.gates, 300, limit)
    assert store.gates.state(limit, at(300)).used == 1


def test_a_window_begins_with_its_first_request(store: Store) -> None:
    limit = Limit("hub", interval=1.0, most=1, window=300.0)
    store.gates.leave(entered(store.gates, 1000, limit), limit, at(1000))
    assert refused(store.gates, 1002, limit) == 1300.0


def test_a_holder_that_died_keeps_nobody_out_for_ever(store: Store) -> None:
    entered(store.gates, 0)
    seconds = LEASE.total_seconds()
    assert refused(store.gates, seconds - 0.001) == seconds
    entered(store.gates, seconds)


def test_a_lease_can_be_longer(store: Store) -> None:
    entered(store.gates, 0, lease=timedelta(hours=1))
    assert refused(store.gates, 3599) == 3600.0
    entered(store.gates, 3600)


def test_one_that_comes_back_from_the_dead_opens_nothing_for_its_successor(store: Store) -> None:
    late = entered(store.gates, 0)
    successor = entered(store.gates, 301)
    store.gates.leave(late, LIMIT, at(302))
    assert refused(store.gates, 320) == 323.0
    store.gates.leave(successor, LIMIT, at(330))
    entered(store.gates, 333)


def test_what_a_host_asked_for_holds_for_all(store: Store) -> None:
    taken = entered(store.gates, 0)
    store.gates.leave(taken, LIMIT, at(1), not_before=at(600))
    assert refused(store.gates, 4) == 600.0
    assert refused(store.gates, 599) == 600.0
    entered(store.gates, 600)


def test_what_a_host_asked_for_holds_even_from_one_whose_lease_ended(store: Store) -> None:
    late = entered(store.gates, 0)
    successor = entered(store.gates, 301)
    store.gates.leave(late, LIMIT, at(302), not_before=at(900))
    store.gates.leave(successor, LIMIT, at(303))
    assert refused(store.gates, 400) == 900.0


def test_a_wish_of_the_past_shortens_nothing(store: Store) -> None:
    store.gates.leave(entered(store.gates, 0), LIMIT, at(1), not_before=at(-100))
    assert refused(store.gates, 1) == 4.0


def test_a_short_wish_after_a_long_one_shortens_nothing(store: Store) -> None:
    late = entered(store.gates, 0)
    successor = entered(store.gates, 301)
    store.gates.leave(late, LIMIT, at(302), not_before=at(900))
    store.gates.leave(successor, LIMIT, at(303), not_before=at(310))
    assert refused(store.gates, 400) == 900.0


def test_a_gate_that_nobody_passed_is_open(store: Store) -> None:
    state = store.gates.state(LIMIT, START)
    assert (state.next_at, state.used) == (START, 0)


def test_a_gate_says_when_it_opens_and_how_often_it_was_passed(store: Store) -> None:
    taken = entered(store.gates, 0)
    assert store.gates.state(LIMIT, at(1)).used == 1
    assert store.gates.state(LIMIT, at(1)).next_at > at(1)
    store.gates.leave(taken, LIMIT, at(2))
    assert store.gates.state(LIMIT, at(2)).next_at == at(5)
    assert store.gates.state(LIMIT, at(9)).next_at == at(9)
    assert store.gates.state(LIMIT, at(100_000)).used == 0
