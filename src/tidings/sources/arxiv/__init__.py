"""arXiv: the day from its feed, the history and missed days by OAI-PMH, single papers from its query API.

All of it passes one gate: arXiv allows one request in three seconds and one connection at a time, summed over its
interfaces and over all machines of whoever asks (https://info.arxiv.org/help/api/tou.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from platform import node
from zlib import crc32

from tidings.errors import InputError
from tidings.sources.arxiv import calendar, oai
from tidings.sources.arxiv.api import Query
from tidings.sources.arxiv.reading import Reading, is_overdue
from tidings.sources.arxiv.state import State
from tidings.sources.batches import read_cursor, write_cursor
from tidings.sources.registry import Means
from tidings.sources.source import Batch
from tidings.types import Limit, Record, Refusal

# The feed is made at midnight in New York. Installations ask a little later, and not all in the same second.
_READY = timedelta(minutes=10)
_SPREAD = timedelta(minutes=20)
_AGAIN = timedelta(minutes=30)
_LATE = timedelta(hours=2)


class Arxiv:
    """The source of the categories that are chosen.

    An announcement is named by the day of its feed. A run asks for the feed (once more a day at least, weekends and
    holidays included, so that a wrong table of holidays loses nothing) and reads the history of each category from the
    day of its last answer. What the feed of a day did not bring, because nobody asked in time, comes by the history
    of a later run, with the day of its first listing estimated (see ``listing``).
    """

    name = "arxiv"
    private = False

    def __init__(self, means: Means) -> None:
        """Take what the source may use.

        Raises:
            InputError: no category is chosen, or one that arXiv does not have.
        """
        self._means, self._settings, self._now = means, means.settings.arxiv, means.now
        self._categories = tuple(dict.fromkeys(map(oai.category_of, self._settings.categories)))
        if not self._categories:
            raise InputError("TIDINGS_ARXIV_CATEGORIES names no category, so there is nothing to ask arXiv for")
        self.limit = Limit("arxiv.org", self._settings.interval)
        installation = f"{node()} {means.settings.root}".encode()
        self._ready = _READY + _SPREAD * (crc32(installation) / (1 << 32))
        self._come_to: State | None = None

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        """Yield the feed if it is new, the history page by page, and last what is held now.

        Raises:
            FetchError: arXiv did not answer, or refused.
            SourceError: an answer cannot be understood, or arXiv does not know a category.
        """
        first = self._now().astimezone(UTC).date() - timedelta(days=self._settings.history)
        state = read_cursor(cursor, State).knowing(self._categories, first)
        reading = Reading(self._means, self.limit, self._categories, state)
        for batch in reading.batches():
            yield batch
            self._come_to = reading.state

    def papers(self, ids: Iterable[str]) -> Iterator[Record | Refusal]:
        """Yield the latest version of each paper, in the order of the ids; a refusal for an id that is none.

        Raises:
            FetchError: arXiv did not answer, or not with all that it has.
            SourceError: its answer cannot be understood.
        """
        yield from Query(self._means.client, self._settings.api_url, self.limit).papers(ids)

    def rewind(self, cursor: str | None, since: date) -> str:
        """Return the cursor whose histories go back to a day, those of the categories that are chosen now; which feeds
        were taken stays known.

        Raises:
            InputError: that day is still to come.
        """
        if since > self._now().astimezone(UTC).date():
            raise InputError(f"{since} is still to come, so arXiv has nothing since then")
        state = read_cursor(cursor, State).knowing(self._categories, since)
        return write_cursor(state.rewound(self._categories, since))

    def due(self, now: datetime) -> datetime:
        """Return when to look again: soon after the next midnight in New York, or in half an hour while the feed of
        this day, which should be there, is not.
        """
        tomorrow = calendar.today(now) + timedelta(days=1)
        next_feed = calendar.midnight(tomorrow).astimezone(UTC) + self._ready
        is_late = self._come_to is not None and is_overdue(self._come_to.feed.day, now)
        return min(now + _AGAIN, next_feed) if is_late else next_feed

    def behind(self, newest: date | None, now: datetime) -> int:
        """Return how many announcements are out and not held; one counts as out from 02:00 of its day in New York.
        Whoever holds none is one behind: the history of the first run decides how many it takes.
        """
        if newest is None:
            return 1
        return len(calendar.announcement_days(newest, calendar.newest_out(now - _LATE)))
