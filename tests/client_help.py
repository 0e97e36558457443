"""What the tests of the client share: a clock that moves when somebody sleeps, and a client for a local host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests import network
from tidings.sources.client import Client
from tidings.store import Gates
from tidings.types import Limit

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LIMIT = Limit("local", interval=3.0)


@dataclass
class Clock:
    """A clock that stands still but for sleeping."""

    moment: datetime = START
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)

    @property
    def passed(self) -> float:
        return (self.moment - START).total_seconds()


@contextmanager
def client_for(host: network.Host, gates: Gates | None, clock: Clock, **more: Any) -> Iterator[Client]:
    """A client that may ask a local host."""
    more.setdefault("trusted", frozenset((host.place,)))
    with Client(gates, agent="Tidings/test", now=clock.now, sleep=clock.sleep, **more) as client:
        yield client
