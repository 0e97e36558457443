"""Hugging Face Daily Papers: the list of each day, and the votes as they grow.

API: https://huggingface.co/.well-known/openapi.json. The day of a list is one of UTC; the archive begins on 2023-05-04.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from tidings.errors import FetchError, SourceError
from tidings.sources.batches import read_cursor, write_cursor
from tidings.sources.client import Answer
from tidings.sources.formats.common import Outcome, refusal
from tidings.sources.formats.daily import observed
from tidings.sources.formats.shapes import Reader
from tidings.sources.registry import Means
from tidings.sources.source import Batch
from tidings.types import Limit, Record

_DAY = timedelta(days=1)
_ASKED = 100  # the most that may be asked for
_LEAST = 50  # what a page holds at least where another follows: the server's own default, should it grant no more
# Lists fill during their day, and are made by people: half a day after its end a list that is missing is late.
_LATE = timedelta(hours=36)


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """``held`` is the last day whose list was read; days before ``since`` are not wanted.

    ``day`` and ``page`` are where a run goes on that was stopped, ``head`` the first paper of the page before;
    ``etags`` are those of the days that are looked at again.
    """

    since: date | None = None
    held: date | None = None
    day: date | None = None
    page: int = 0
    head: str | None = None
    etags: dict[date, str] = {}


class Huggingface:
    """The lists of all days since the last run, those of the last days again for their votes, and what is trending."""

    name = "huggingface"
    private = False
    # Anonymous callers may ask 500 times in five minutes: https://huggingface.co/docs/hub/rate-limits
    limit = Limit("huggingface.co", 0.7, most=450, window=300.0)

    def __init__(self, means: Means) -> None:
        self._settings = means.settings.huggingface
        self._client, self._now = means.client, means.now
        self._url = f"{self._settings.url.rstrip('/')}/daily_papers"
        key = self._settings.key
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        """Yield the lists day by day, a batch for a page, then what is trending now.

        Raises:
            FetchError: Hugging Face did not answer.
            SourceError: its answer is no list of papers.
        """
        today = self._now().astimezone(UTC).date()
        state = self._begun(read_cursor(cursor, _Cursor), today)
        while state.day is not None and state.day <= today:
            state, batch = self._page(state, state.day)
            if batch is not None:
                yield batch
        yield self._trending(state)

    def _begun(self, state: _Cursor, today: date) -> _Cursor:
        """Return the state in which a run begins, or the one in which it was stopped."""
        if state.day is not None:
            return state
        followed = today - (self._settings.follow - 1) * _DAY
        since = state.since or today - self._settings.history * _DAY
        day = max(since, min(state.held or since, followed))
        return msgspec.structs.replace(state, since=since, day=day, page=0, head=None)

    def _page(self, state: _Cursor, day: date) -> tuple[_Cursor, Batch | None]:
        """Ask for one page; return where to go on, and the batch if it brought anything."""
        answer = self._list(state, day)
        outcomes = [] if answer is None or answer.unchanged else self._read(answer, f"{day}[{state.page}]")
        head = next((item.key for item in outcomes if isinstance(item, Record)), None)
        if len(outcomes) >= _LEAST and (head is None or head != state.head):
            after = msgspec.structs.replace(state, page=state.page + 1, head=head)
            return after, Batch(self._observed(outcomes), write_cursor(after))
        followed = day - self._settings.follow * _DAY
        etags = {known: etag for known, etag in state.etags.items() if known > followed}
        if answer is not None and answer.etag and state.page == 0:
            etags[day] = answer.etag
        held = max(day, state.held or day)
        after = msgspec.structs.replace(state, held=held, day=day + _DAY, page=0, head=None, etags=etags)
        if not outcomes:
            return after, None
        return after, Batch(self._observed(outcomes), write_cursor(after), newest=_listed(outcomes, day))

    def _list(self, state: _Cursor, day: date) -> Answer | None:
        """Return a page of a day's list, None where there is no list of that day."""
        parameters: dict[str, str | int | list[str]] = {"date": day.isoformat(), "limit": _ASKED, "p": state.page}
        etag = state.etags.get(day) if state.page == 0 else None
        try:
            return self._client.get(self._url, self.limit, params=parameters, headers=self._headers, etag=etag)
        except FetchError as error:
            if error.status in {400, 404}:  # a day that has not begun everywhere, or had no list
                return None
            raise

    def _trending(self, state: _Cursor) -> Batch:
        parameters: dict[str, str | int | list[str]] = {"sort": "trending", "limit": _ASKED}
        answer = self._client.get(self._url, self.limit, params=parameters, headers=self._headers)
        ended = msgspec.structs.replace(state, day=None)
        return Batch(self._observed(self._read(answer, "trending")), write_cursor(ended))

    def _read(self, answer: Answer, where: str) -> list[Outcome]:
        """Return the papers of an answer, repaired where an item is a text or the list stands inside an object."""
        reader = Reader(where)
        try:
            items = answer.json(list[msgspec.Raw])
        except SourceError:
            found = list(reader.line(answer.body, where))
            if any(isinstance(outcome, Record) for outcome in found):
                return found
            raise
        return [
            outcome
            for position, item in enumerate(items)
            for outcome in self._known(reader, bytes(item), f"{where}[{position}]")
        ]

    def _known(self, reader: Reader, raw: bytes, where: str) -> Iterator[Outcome]:
        for outcome in reader.line(raw, where):
            if outcome.source == self.name:
                yield outcome
            else:
                yield refusal(self.name, where, "not an item of a daily list", raw)

    def _observed(self, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
        seen = self._now()
        return tuple(observed(item, seen) if isinstance(item, Record) else item for item in outcomes)

    def rewind(self, cursor: str | None, since: date) -> str:
        """Return the cursor that reads every list again from that day."""
        state = read_cursor(cursor, _Cursor)
        day = min(since, state.day or state.held or since)  # never over days that were not read yet
        return write_cursor(_Cursor(since=min(day, state.since or day), held=state.held, day=day))

    def due(self, now: datetime) -> datetime:
        """Return when votes are counted next."""
        return now + timedelta(minutes=self._settings.every)

    def behind(self, newest: date | None, now: datetime) -> int:
        """Return how many lists of weekdays are late; there are lists of some weekends, and none on some holidays."""
        last = (now.astimezone(UTC) - _LATE).date()
        after = newest or last - self._settings.history * _DAY
        return sum((after + days * _DAY).weekday() < 5 for days in range(1, (last - after).days + 1))


def _listed(outcomes: Sequence[Outcome], asked: date) -> date:
    """Return the day of a list: a day without one is answered by the list of the day before it."""
    counts = (count for item in outcomes if isinstance(item, Record) for count in item.counts)
    return min(asked, max((count.at.date() for count in counts if count.at), default=asked))
