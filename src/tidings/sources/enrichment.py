"""What sources share that tell more of the papers we hold: the walk over them, and what may be said of one.

Such a source has no list of what is new: it has to be asked for every paper, and for its citations again and again.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import msgspec

from tidings.errors import InputError
from tidings.sources.batches import read_cursor, write_cursor
from tidings.sources.formats.common import Outcome, counts_of, links_of, note_of, texts, title_of
from tidings.sources.registry import Means
from tidings.sources.source import Batch
from tidings.types import Limit, Paper, Record

# Citations of older papers change slowly: they are counted again in every fourth round only.
_RECENT = timedelta(days=2 * 365)
_WHOLE_EVERY = 4
_PAGE = 500  # papers read from the store at once

# A paper has one id of these kinds; who names another one speaks of another paper.
_ONE_PER_PAPER = ("arxiv:", "acl:")
_PREPRINT_SERVER = re.compile(r"(?:arxiv|corr|biorxiv|medrxiv|chemrxiv|ssrn)\b", re.IGNORECASE)


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the walk stands.

    Papers up to ``last`` were asked for in the present round, which began on the day ``round``; the first one has the
    ``number`` 0. Papers above ``known`` came after the round before it, and were never asked for.
    """

    last: int = 0
    round: date | None = None
    number: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A paper, and the id in normal form that the source is asked for it by."""

    paper: Paper
    identifier: str


class Enrichment(ABC):
    """A source that is asked for the papers we hold.

    The first round goes over all of them in the order of their internal ids, and then follows those that are added.
    ``again`` days after a round began the next one does: over the papers of the last two years, and every fourth round
    over all. A batch is a request.
    """

    name: str
    limit: Limit
    private = False
    size: int  # papers in a request

    def __init__(self, means: Means, *, every: int, again: int) -> None:
        self._client, self._now, self._held = means.client, means.now, means.held
        self._every, self._again = timedelta(minutes=every), timedelta(days=again)

    @abstractmethod
    def _identifier(self, paper: Paper) -> str | None:
        """Return the id by which the source may know a paper, in normal form; None where there is none."""

    @abstractmethod
    def _ask(self, asked: Sequence[Asked]) -> list[Outcome]:
        """Return what the source knows of these papers, in one request."""

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        """Yield what the source knows of the papers that it was not asked for yet, or not for long.

        Raises:
            FetchError: it did not answer, or refused; what was yielded before stands.
            SourceError: its answer as a whole cannot be understood.
        """
        today = self._now().astimezone(UTC).date()
        place = read_cursor(cursor, Place)
        began = place.round or today
        asked = known = 0
        while True:
            place = msgspec.structs.replace(place, round=began)
            for group, last in self._groups(place, began):
                items = self._ask(group) if group else []
                asked, known = asked + len(group), known + sum(isinstance(item, Record) for item in items)
                place = msgspec.structs.replace(place, last=last)
                note = f"{known:,} of {asked:,} papers known" if asked else None
                yield Batch(tuple(items), write_cursor(place), note=note)
            if today - began < self._again:
                return
            place, began = Place(number=place.number + 1, known=place.last), today

    def _groups(self, place: Place, began: date) -> Iterator[tuple[list[Asked], int]]:
        """Yield what to ask for at once, and the last paper that is dealt with then; the last group may be empty."""
        group: list[Asked] = []
        last = dealt_with = place.last
        for paper in self._papers(place.last):
            last = paper.id
            identifier = self._identifier(paper) if _is_wanted(paper, place, began) else None
            if identifier is not None:
                group.append(Asked(paper, identifier))
            if len(group) == self.size:
                yield group, last
                group, dealt_with = [], last
        if last > dealt_with:
            yield group, last

    def _papers(self, after: int) -> Iterator[Paper]:
        while papers := self._held(after, _PAGE):
            yield from papers
            after = papers[-1].id

    def rewind(self, cursor: str | None, since: date) -> str:  # noqa: ARG002
        """Return the cursor of a first round over all papers; the day plays no part, as every paper is asked for."""
        return write_cursor(Place(round=self._now().astimezone(UTC).date()))

    def due(self, now: datetime) -> datetime:
        """Return when papers that were added meanwhile are asked for."""
        return now + self._every

    def behind(self, newest: date | None, now: datetime) -> int:  # noqa: ARG002
        """Return 0: there are no announcements."""
        return 0


def _is_wanted(paper: Paper, place: Place, began: date) -> bool:
    """Whether this round asks for a paper: all do for a new one, a whole round for all, the others for recent ones."""
    if paper.id > place.known or place.number % _WHOLE_EVERY == 0:
        return True
    since = began - _RECENT
    return paper.date >= since if paper.date else (paper.year or 0) >= since.year


def required_key(key: str | None, who: str, setting: str) -> str:
    """Return the key.

    Raises:
        InputError: there is none; the message names the setting.
    """
    if key is None:
        raise InputError(f"{who} needs a key; {setting} names a file with one")
    return key


def described(
    asked: Asked,
    said: Iterable[str],
    *,
    source: str,
    key: str,
    title: object,
    at: datetime,
    citations: int | None,
    venue: str | None = None,
    year: int | None = None,
    keywords: Iterable[str] = (),
    journal: str | None = None,
    pdf: str | None = None,
) -> Record | None:
    """Return what a source says of a paper; None where the ids that it ``said`` are those of another paper.

    Authors and abstract stay empty: those of a paper come from who publishes it. The server that keeps a preprint is no
    venue.

    Raises:
        SourceError: it has no title.
    """
    ids = _agreeing(asked, tuple(said))
    if ids is None:
        return None
    return Record(
        source=source,
        key=key,
        title=title_of(title),
        ids=ids,
        keywords=texts(keywords),
        venue=venue_of(venue),
        year=year,
        journal=note_of(journal),
        links=links_of(pdf=pdf),
        counts=counts_of(at, citations=citations),
    )


def venue_of(name: str | None) -> str | None:
    """Return a venue on one line; None where it is none, or only the server that keeps a preprint."""
    venue = note_of(name)
    return None if venue is None or _PREPRINT_SERVER.match(venue) else venue


def journal_of(name: str | None, volume: str | None, issue: str | None = None, pages: str | None = None) -> str | None:
    """Return where a paper was printed, as "Nature 521(7553), 436-444"; None without a name and a volume."""
    name = venue_of(name)
    if name is None or not volume:
        return None
    return f"{name} {volume}" + (f"({issue})" if issue else "") + (f", {pages}" if pages else "")


def _agreeing(asked: Asked, said: Sequence[str]) -> tuple[str, ...] | None:
    """Return the id that was asked for, then those said that agree with the paper's; None where it is another paper.

    Sources merge papers that we keep apart. Asked for one arXiv paper and answering of another one, such a record must
    not tie the two together.
    """
    others = [value for value in said if _contradicts(value, asked.paper)]
    if others and asked.identifier not in said:
        return None
    return tuple(dict.fromkeys((asked.identifier, *(value for value in said if value not in others))))


def _contradicts(value: str, paper: Paper) -> bool:
    kind = value[: value.index(":") + 1]
    own = [mine for mine in paper.ids if mine.startswith(kind)]
    return kind in _ONE_PER_PAPER and bool(own) and value not in own
