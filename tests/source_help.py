"""What the tests of sources share: a world that answers and remembers, and a source that asks it by a clock of its own.

The client is the real one and so are the gates in the store; only the transport is replaced, and the clock moves by
nothing but sleep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2

from tests.scripted import Clock
from tidings.settings import Settings
from tidings.sources import Batch, Means, Source, make
from tidings.sources.client import Client
from tidings.store import open_store
from tidings.types import Paper, Record, Refusal

DATA = Path(__file__).parent / "data"

Answer = Callable[[httpx2.Request], httpx2.Response]


def nobody(request: httpx2.Request) -> httpx2.Response:
    """What a source hears that should ask nobody."""
    raise AssertionError(f"{request.url} was asked for")


def no_papers(_after: int, _limit: int) -> list[Paper]:
    """What is held in an archive that is empty."""
    return []


@dataclass(frozen=True, slots=True)
class Case:
    """A world small enough to read to its end, for the laws that hold for every source.

    ``settings`` are those of the source's own group. ``quiet`` is how many requests a run may make where nothing is
    new. ``hosts`` are the only ones that may be asked. ``foreign``: its records name other sources, as files do.
    """

    settings: Mapping[str, Any]
    start: datetime
    answer: Answer = nobody
    hosts: frozenset[str] = frozenset()
    quiet: int = 0
    foreign: bool = False
    since: date = date(2026, 3, 1)
    held: Callable[[int, int], list[Paper]] = no_papers


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and when it came by the clock of the test."""

    at: datetime
    request: httpx2.Request

    @property
    def params(self) -> dict[str, str]:
        return dict(self.request.url.params)


@dataclass(slots=True)
class Stage:
    """A source in front of a world. ``fails_from`` is the number of the request from which on all hosts are down."""

    name: str
    case: Case
    settings: Settings
    clock: Clock
    asked: list[Asked] = field(default_factory=list)
    fails_from: int | None = None
    client: Client | None = None

    def play(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as the world does, and remember what was asked."""
        request.read()
        self.asked.append(Asked(self.clock(), request))
        if self.fails_from is not None and len(self.asked) > self.fails_from:
            return httpx2.Response(503, text="down for repair")
        return self.case.answer(request)

    def source(self) -> Source:
        """Return the source as a new process would make it."""
        assert self.client is not None
        return make(self.name, Means(self.settings, self.client, self.clock, self.case.held))

    def run(self, cursor: str | None = None, pages: int | None = None) -> list[Batch]:
        """Return the batches of a run, or its first ones."""
        return list(islice(self.source().fetch(cursor), pages))


@contextmanager
def staged(folder: Path, name: str, case: Case) -> Iterator[Stage]:
    """Set up a source in front of a world."""
    settings = Settings(home=folder, **{name: dict(case.settings)})
    stage = Stage(name, case, settings, Clock(case.start))
    store = open_store(folder / "store")
    transport = httpx2.MockTransport(stage.play)
    try:
        with Client(
            store.gates, agent="Tidings/test", now=stage.clock, sleep=stage.clock.sleep, transport=transport
        ) as c:
            stage.client = c
            yield stage
    finally:
        store.close()


def records(batches: Iterable[Batch]) -> list[Record]:
    """Return the records of all batches, in order."""
    return [item for batch in batches for item in batch.items if isinstance(item, Record)]


def refusals(batches: Iterable[Batch]) -> list[Refusal]:
    """Return the refusals of all batches, in order."""
    return [item for batch in batches for item in batch.items if isinstance(item, Refusal)]


def keys(batches: Iterable[Batch]) -> set[tuple[str, str]]:
    """Return what names the records of all batches."""
    return {(record.source, record.key) for record in records(batches)}


def at(year: int, month: int, day: int, hour: int = 12) -> datetime:
    """Return a time of UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)
