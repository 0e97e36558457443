"""A source that says what a test tells it to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from tidings.errors import TidingsError
from tidings.sources import Batch
from tidings.types import Limit, Record, Refusal

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
Said = Sequence[Record | Refusal] | TidingsError


class Scripted:
    """Pages in order; the cursor counts them. An error stands for a page that cannot be had."""

    limit = Limit("scripted.example", 3.0)

    def __init__(self, pages: Sequence[Said], *, name: str = "arxiv", private: bool = False) -> None:
        self.name, self.private, self._pages = name, private, pages

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        for number in range(int(cursor or 0), len(self._pages)):
            said = self._pages[number]
            if isinstance(said, TidingsError):
                raise said
            day = date(2026, 3, 1) + timedelta(days=number)
            yield Batch(tuple(said), str(number + 1), newest=day, note=f"page {number + 1}")

    def rewind(self, cursor: str | None, since: date) -> str:
        return str(max((since - date(2026, 3, 1)).days, 0))

    def due(self, now: datetime) -> datetime:
        return now + timedelta(hours=1)

    def behind(self, newest: date | None, now: datetime) -> int:
        return 0


class Clock:
    """A clock that moves when somebody sleeps or when it is told to."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=max(seconds, 0.0))
