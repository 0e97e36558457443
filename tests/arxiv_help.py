"""The arXiv source in front of a played arXiv, by a clock of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
from httpx2 import QueryParams

from tests.arxiv_server import FEED_HOST, HISTORY_HOST, PlayedArxiv, before_deadline
from tests.source_cases.arxiv import paper
from tests.source_help import Case, Stage, records, staged
from tidings.renew import renewed
from tidings.sources import Batch
from tidings.sources.arxiv import Arxiv
from tidings.sources.arxiv.calendar import NEW_YORK
from tidings.types import Record

__all__ = ["Stand", "announced", "listed", "new_york", "paper", "settled", "stand"]


def new_york(year: int, month: int, day: int, hour: int = 1, minute: int = 0) -> datetime:
    """Return a time as it is said in New York."""
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


def listed(*days: str, last: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Return a paper of cs.LG for each day, and its last listing where one is said. Ids go by the month of deadlines."""
    found = []
    for number, day in enumerate(days, start=1):
        deadline = before_deadline(date.fromisoformat(day))
        found.append(paper(f"{deadline:%y%m}.{number:05}", day, (last or {}).get(day)))
    return found


@dataclass(slots=True)
class Stand:
    """What a test of the source needs. ``answers`` replace those of the played arXiv, by host, one after the other."""

    stage: Stage
    played: PlayedArxiv
    cursor: str | None = None
    answers: dict[str, list[httpx2.Response]] = field(default_factory=dict)

    @property
    def source(self) -> Arxiv:
        """Return the source as a new process would make it."""
        source = self.stage.source()
        assert isinstance(source, Arxiv)
        return source

    def run(self, at: datetime | None = None, pages: int | None = None) -> list[Batch]:
        """Return the batches of a run, which begins then; the next run goes on after them."""
        if at is not None:
            self.stage.clock.at = max(at, self.stage.clock.at)
        self.stage.asked.clear()
        found = []
        for batch in islice(self.source.fetch(self.cursor), pages):
            self.cursor = batch.cursor
            found.append(batch)
        return found

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        waiting = self.answers.get(request.url.host)
        return waiting.pop(0) if waiting else self.played(request)

    def asked(self, host: str) -> list[httpx2.Request]:
        """Return what the last run asked a host."""
        return [asked.request for asked in self.stage.asked if asked.request.url.host == host]

    def history(self) -> list[QueryParams]:
        """Return how the last run asked for the history."""
        return [request.url.params for request in self.asked(HISTORY_HOST)]

    def feeds(self) -> list[httpx2.Request]:
        """Return how the last run asked for feeds."""
        return self.asked(FEED_HOST)


@contextmanager
def stand(
    folder: Path, papers: Iterable[Mapping[str, Any]], start: datetime, *, page_size: int = 2000, **settings: Any
) -> Iterator[Stand]:
    """Set the source up in front of papers; without other settings it takes cs.LG and ten days of history."""
    holder: list[Stand] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        return holder[0].answer(request)

    case = Case({"categories": ["cs.LG"], "history": 10} | settings, start, answer)
    with staged(folder, "arxiv", case) as stage:
        holder.append(Stand(stage, PlayedArxiv(papers, stage.clock, page_size=page_size)))
        yield holder[0]


def settled(batches: Iterable[Batch]) -> dict[str, Record]:
    """Return what the archive would know of each paper after all that was said."""
    said: dict[str, list[Record]] = {}
    for record in records(batches):
        said.setdefault(record.key, []).append(record)
    return {key: reduce(renewed, each) for key, each in said.items()}


def announced(batches: Iterable[Batch]) -> dict[str, date | None]:
    """Return the day of the first listing of each paper as the archive would know it."""
    return {key: record.announced for key, record in settled(batches).items()}
