"""Two processes, one archive, ten days: each host asked by one at a time and never too soon, nothing missed or twice."""

from __future__ import annotations

import multiprocessing
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.arxiv_server import PlayedArxiv
from tests.virtual_time import at, shared_time
from tidings.catalog import Catalog
from tidings.settings import Settings
from tidings.sources import NAMES, Means, make
from tidings.store import open_store

START = datetime(2026, 3, 2, 6, tzinfo=UTC)  # the second Sunday of March, in between, is New York's change of clocks
DAYS = 10
_GATES = {"arxiv.org": 3.0, "huggingface.co": 0.7}
_REFUSALS = 0.05
_ASKED_FOR = 45  # seconds of Retry-After


def papers() -> list[dict[str, Any]]:
    """Forty papers on each workday."""
    days = [START.date() + timedelta(days=number) for number in range(DAYS)]
    return [
        {
            "id": f"2603.{100 * number + n:05}",
            "title": f"Paper {n} of day {number} on the patience of machines",
            "authors": ["Ada Lovelace"],
            "categories": ["cs.LG"],
            "abstract": f"We wait {n} seconds on day {number}.",
            "comment": None,
            "listed_first": day,
            "listed_last": day,
        }
        for number, day in enumerate(days)
        if day.weekday() < 5
        for n in range(40)
    ]


class Hosts:
    """arXiv and Daily Papers: slow now and then, busy now and then; every arrival and departure is noted."""

    def __init__(self, clock: Any, log: Any, worker: int) -> None:
        self._clock, self._log, self._worker = clock, log, worker
        self._chance = random.Random(worker)
        self._arxiv = PlayedArxiv(papers(), lambda: at(clock))

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        arrived = self._clock.now()
        self._clock.sleep(self._chance.choice((0.1, 0.4, 2.0, 20.0)))
        refused = self._chance.random() < _REFUSALS
        answer = self._busy() if refused else self._answer(request)
        asked_for = _ASKED_FOR if refused else 0
        self._log.append((request.url.host, arrived, self._clock.now(), asked_for, self._worker))
        return answer

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "huggingface.co":
            return httpx2.Response(200, json=[])
        return self._arxiv(request)

    def _busy(self) -> httpx2.Response:
        return httpx2.Response(429, headers={"Retry-After": str(_ASKED_FOR)})


def work(home: Path, clock: Any, log: Any, worker: int, end: float) -> None:
    """Do what comes due until the end, as `tidings serve` does."""
    settings = Settings(home=home, sources=["arxiv", "huggingface"], arxiv={"categories": ["cs.LG"]})
    transport = httpx2.MockTransport(Hosts(clock, log, worker))
    store = open_store(home)
    try:
        with Catalog(store, settings, clock=lambda: at(clock), sleep=clock.sleep, transport=transport) as catalog:
            while clock.now() < end:
                if catalog.sync_due() is None:
                    clock.sleep(600.0)
    finally:
        clock.leave()


def soak(home: Path, days: int) -> list[tuple[str, float, float, int, int]]:
    """Return every request: host, arrival, departure, how long it was asked to wait, and by which worker."""
    open_store(home).close()
    context = multiprocessing.get_context("spawn")
    end = (START + timedelta(days=days)).timestamp()
    with context.Manager() as manager, shared_time(START, 2) as clock:
        log = manager.list()
        workers = [context.Process(target=work, args=(home, clock, log, number, end)) for number in (1, 2)]
        for process in workers:
            process.start()
        for process in workers:
            process.join()
        assert [process.exitcode for process in workers] == [0, 0]
        return sorted(log, key=lambda entry: entry[1])


def check(requests: list[tuple[str, float, float, int, int]]) -> None:
    """No request comes sooner than its gate allows after the one before, or than the host asked."""
    by_gate = defaultdict(list)
    for host, arrived, left, asked_for, _ in requests:
        by_gate[next(gate for gate in _GATES if host.endswith(gate))].append((arrived, left, asked_for))
    for gate, passed in by_gate.items():
        for (_, left, asked_for), (arrived, _, _) in pairwise(passed):
            assert arrived - left >= max(_GATES[gate], asked_for) - 1e-6, f"{gate}: {arrived - left} s"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_days_of_two_processes_are_polite_and_complete(tmp_path: Path) -> None:
    requests = soak(tmp_path, DAYS)
    check(requests)
    assert {worker for *_, worker in requests} == {1, 2}, "one process did it all"
    assert any(asked_for for *_, asked_for, _ in requests), "no host was ever busy"
    store = open_store(tmp_path)
    announced = {paper.key: paper.announced for paper in store.papers_after(0, 10_000)}
    assert announced == {f"arxiv:{paper['id']}": paper["listed_first"] for paper in papers()}
    store.close()


@pytest.mark.timeout(300)
def test_a_day_of_two_processes_is_polite(tmp_path: Path) -> None:
    requests = soak(tmp_path, 1)
    check(requests)
    assert len(requests) > 20


def test_the_gates_that_are_checked_are_those_of_the_sources(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    means = Means(Settings(home=tmp_path), None, lambda: START, store.papers_after)  # type: ignore[arg-type]
    for name in ("arxiv", "huggingface"):
        assert name in NAMES
        limit = make(name, means).limit
        assert _GATES[limit.gate] == limit.interval
    store.close()
