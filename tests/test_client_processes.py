"""Two processes that ask one host: in real time, since that is what the host sees."""

from __future__ import annotations

import multiprocessing
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tests import network
from tests.conftest import empty
from tidings.sources.client import Client
from tidings.store import open_store
from tidings.types import Limit

INTERVAL = 0.2
TIMES = 4


def hammer(home: Path, url: str | None, host: str, place: str) -> None:
    """Ask as fast as the gate allows."""
    store = open_store(home, url)
    trusted = frozenset((place,))
    with Client(store.gates, agent="a", now=lambda: datetime.now(UTC), sleep=time.sleep, trusted=trusted) as client:
        for _ in range(TIMES):
            client.get(f"{host}/", Limit("host", INTERVAL))
    store.close()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_two_processes_never_ask_sooner_than_the_interval_allows(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = request.getfixturevalue("postgresql_url") if database == "postgresql" else None
    if url:
        empty(url)
    open_store(tmp_path, url).close()
    inside: list[int] = []

    def slowly(_: network.Asked) -> network.Reply:
        inside.append(len(host.asked) - len(host.answered))
        time.sleep(INTERVAL / 4)
        return network.Reply(b"fine")

    with network.host() as host:
        host.plays("/", slowly)
        spawn = multiprocessing.get_context("spawn")
        processes = [spawn.Process(target=hammer, args=(tmp_path, url, host.url, host.place)) for _ in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(host.asked) == 2 * TIMES
    pauses = [asked.at - answered for answered, (_, asked) in zip(host.answered, pairwise(host.asked), strict=False)]
    assert min(pauses) >= INTERVAL
    assert set(inside) == {1}
