"""Killed anywhere in the middle of a send: nobody gets an edition twice, none is forgotten, unknowns are reported."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from tests.mail_server import HOST, Inbox, mail_server
from tests.post_help import PUBLIC, record
from tests.test_sync import take
from tidings.catalog import Catalog
from tidings.digest import makers
from tidings.digest.sending import run
from tidings.errors import BusyError
from tidings.settings import Settings
from tidings.store import Store, open_store
from tidings.types import Pace

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
EIGHT = START + timedelta(hours=2)
LEASE = timedelta(minutes=16)  # after which the job of a process that was killed is free

# A process that has imported everything, and forks the ones that are killed: importing takes longer than sending.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tidings.catalog", "tidings.digest.sending", "tests.test_digest_crash"])


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with mail_server() as made:
        yield made


def prepare(home: Path, readers: int) -> None:
    """Make an archive with papers and so many subscriptions that are due at seven."""
    store = open_store(home)
    take(store, *(record(number) for number in range(1, 31)))
    catalog = _catalog(store, home, 25)
    catalog.catch_up()
    for number in range(readers):
        subject = ("", "cs.CL", "cs")[number % 3]
        catalog.add_subscription(f"reader{number}@lab.example", "trending", subject, Pace(most=3))
    store.close()


def _catalog(store: Store, home: Path, port: int, now: datetime = START) -> Catalog:
    mail = {"host": HOST, "port": port, "security": "none", "sender": "tidings@lab.example"}
    settings = Settings(home=home, public_url=PUBLIC, mail=mail, digest={"rate": 100_000})
    return Catalog(store, settings, clock=lambda: now)


def send_all(home: Path, port: int, now: datetime, ready: Any) -> None:
    """Send until nothing waits: what is killed."""
    makers.ALONE = sys.maxsize  # they only read; whoever writes and sends is what is killed here, from the start
    catalog = _catalog(open_store(home), home, port, now)
    ready.set()
    try:
        run(catalog)
    except BusyError:
        sys.exit(7)


def send(home: Path, port: int, now: datetime) -> BaseProcess:
    ready = _PROCESSES.Event()
    process = _PROCESSES.Process(target=send_all, args=(home, port, now, ready))
    process.start()
    assert ready.wait(timeout=60)
    return process


def killed(process: BaseProcess, after: float) -> bool:
    """Kill a send after some seconds; return whether it was still at it."""
    process.join(timeout=after)
    was_running = process.exitcode is None
    process.kill()
    process.join()
    return was_running


def finish(home: Path, port: int, now: datetime) -> None:
    process = send(home, port, now)
    process.join(timeout=3600)  # where the machine has much else to do
    assert process.exitcode == 0


def assert_once_each(home: Path, inbox: Inbox, readers: int, kills: int) -> Counter[str]:
    """Everybody has one edition; who got no mail has one of which nobody knows; return the states."""
    store = open_store(home)
    catalog = _catalog(store, home, inbox.port)
    found = catalog.all_editions(limit=10 * readers)
    got = Counter(inbox.readers)
    assert max(got.values(), default=0) <= 1, "nobody gets an edition twice"
    assert Counter(subscription.address for subscription, _ in found) == {
        f"reader{number}@lab.example": 1 for number in range(readers)
    }, "none is forgotten, and none is made twice"
    states = Counter(edition.state for _, edition in found)
    assert set(states) <= {"sent", "unknown"}
    for subscription, edition in found:
        assert edition.state == "unknown" or got[subscription.address] == 1, "what is sent arrived"
    assert states["unknown"] <= kills, "a kill leaves at most one of which nobody knows"
    reported = {subscription.address for subscription, _ in catalog.unsettled_editions()}
    assert {each for each in map("reader{}@lab.example".format, range(readers)) if not got[each]} <= reported
    told = store.editions.told(set(got))
    assert all(len(papers) == 3 for papers in told.values())
    store.close()
    return states


def kill_at_random(home: Path, inbox: Inbox, kills: int, longest: float, seed: int) -> int:
    """Kill a send again and again, each time the lease of the one before being over; return how often it was at it."""
    chance, hit = random.Random(seed), 0
    for number in range(kills):
        process = send(home, inbox.port, EIGHT + number * LEASE)
        hit += killed(process, chance.uniform(0.0, longest))
    finish(home, inbox.port, EIGHT + kills * LEASE)
    return hit


def test_a_send_that_is_killed_five_times_sends_everybody_one(tmp_path: Path, inbox: Inbox) -> None:
    prepare(tmp_path / "home", 100)
    hit = kill_at_random(tmp_path / "home", inbox, 5, 0.6, seed=5)
    assert hit
    assert_once_each(tmp_path / "home", inbox, 100, hit)


@pytest.mark.slow
def test_a_send_to_two_thousand_that_is_killed_fifty_times_sends_everybody_one(tmp_path: Path, inbox: Inbox) -> None:
    prepare(tmp_path / "home", 2_000)
    hit = kill_at_random(tmp_path / "home", inbox, 50, 2.0, seed=50)
    assert hit > 25
    states = assert_once_each(tmp_path / "home", inbox, 2_000, hit)
    print(f"killed {hit} times while at it; {dict(states)}; {len(inbox.raw):,} mails arrived")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_one_killed_while_it_makes_editions_makes_each_once(tmp_path: Path, inbox: Inbox, seed: int) -> None:
    prepare(tmp_path / "home", 300)
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    hit = kill_at_random(tmp_path / "copy", inbox, 5, 0.3, seed)
    assert_once_each(tmp_path / "copy", inbox, 300, hit)


def test_two_at_once_send_everybody_one(tmp_path: Path, inbox: Inbox) -> None:
    prepare(tmp_path / "home", 40)
    processes = [send(tmp_path / "home", inbox.port, EIGHT) for _ in range(2)]
    for process in processes:
        process.join(timeout=300)
    assert sorted(process.exitcode or 0 for process in processes) in ([0, 0], [0, 7]), "one has the job"
    assert set(assert_once_each(tmp_path / "home", inbox, 40, 0)) == {"sent"}
