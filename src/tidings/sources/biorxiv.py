"""bioRxiv and medRxiv: what was posted, day by day, each version of a preprint as a row of its own.

API: https://api.biorxiv.org. A page is documented to hold 100 rows and has held 30 since 2026, so we go on by the
number that came. The subject areas of either server are not listed by the API: one that is misspelt in the settings
takes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from tidings import identifiers
from tidings.errors import InputError, SourceError
from tidings.sources.batches import from_turn, read_cursor, write_cursor
from tidings.sources.formats.common import (
    Outcome,
    abstract_of,
    first_last,
    ids_of,
    links_of,
    people,
    possible,
    refusal,
    texts,
    title_of,
)
from tidings.sources.registry import Means
from tidings.sources.source import Batch
from tidings.types import Limit, Record, Version

_NAMES = {"biorxiv": "bioRxiv", "medrxiv": "medRxiv"}
_DAY = timedelta(days=1)
_WINDOW = 3 * _DAY  # small enough that what is posted meanwhile moves few rows to other pages
_SETTLED = timedelta(hours=36)  # their day ends in New York, and what was posted shows hours later
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DATE_IN_DOI = re.compile(r"/(\d{4})\.(\d{2})\.(\d{2})\.")
_NOTHING = re.compile(r"no (?:posts|articles|papers|results)", re.IGNORECASE)


class _Server(msgspec.Struct, frozen=True, omit_defaults=True):
    """``held`` is the last day that was read when it was over; the rest is where a run goes on that was stopped:
    the row ``at`` of the window from ``first`` to ``last``, in a run that ``began`` with that day.
    """

    held: date | None = None
    began: date | None = None
    first: date | None = None
    last: date | None = None
    at: int = 0


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """``turn`` is the server that a run was at which was stopped."""

    servers: dict[str, _Server] = {}
    turn: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    messages: list[dict[str, Any]] = []
    collection: list[msgspec.Raw] = []


class _Row(msgspec.Struct, frozen=True, gc=False):
    """A version of a preprint. ``date`` is when it was posted, at times not padded: 2024-1-5."""

    doi: str
    title: str
    date: str
    version: int
    authors: str | None = None
    category: str | None = None
    abstract: str | None = None
    published: str | None = None
    type: str | None = None
    server: str | None = None


class Biorxiv:
    """The preprints of both servers, oldest first, a few days at a time."""

    name = "biorxiv"
    private = False
    limit = Limit("biorxiv.org", 1.0)

    def __init__(self, means: Means) -> None:
        self._settings = means.settings.biorxiv
        self._servers = list(dict.fromkeys(server.lower() for server in self._settings.servers))
        if not self._servers or not set(self._servers) <= _NAMES.keys():
            raise InputError("TIDINGS_BIORXIV_SERVERS can be biorxiv, medrxiv or both")
        self._categories = {category.casefold() for category in self._settings.categories}
        self._client, self._now = means.client, means.now
        self._url = self._settings.url.rstrip("/")

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        """Yield what was posted since the last run, a batch for a page.

        Raises:
            FetchError: the server did not answer.
            SourceError: its answer is no list of preprints, or says that something went wrong.
        """
        known = read_cursor(cursor, _Cursor)
        servers = dict(known.servers)
        left = from_turn(self._servers, known.turn)
        for server, following in zip(left, [*left[1:], None], strict=True):
            state = self._begun(servers.get(server, _Server()))
            while state.first is not None:
                state, items = self._page(server, state)
                servers[server] = state
                turn = following if state.first is None else server
                newest = state.held if following is None and state.at == 0 else None
                yield Batch(items, write_cursor(_Cursor(servers, turn)), newest=newest)

    def _begun(self, state: _Server) -> _Server:
        if state.first is not None:
            return state
        first = state.held or self._today() - self._settings.history * _DAY
        return msgspec.structs.replace(state, began=first, first=first, last=self._window_end(first), at=0)

    def _window_end(self, first: date) -> date:
        return min(first + _WINDOW - _DAY, self._today())

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()

    def _page(self, server: str, state: _Server) -> tuple[_Server, tuple[Outcome, ...]]:
        """Ask for the rows from ``state.at`` on; return where to go on, and the preprints."""
        url = f"{self._url}/details/{server}/{state.first}/{state.last}/{state.at}/json"
        answer: _Answer = self._client.get(url, self.limit).json(_Answer)
        said = answer.messages[0] if answer.messages else {}
        status = str(said.get("status", "ok"))
        if status.lower() != "ok" and not answer.collection and not _NOTHING.search(status):
            raise SourceError(f"{_NAMES[server]} says: {status[:200]}")
        at = state.at + len(answer.collection)
        outcomes = (
            _outcome(raw, server, f"{server}/{state.first}[{state.at + n}]") for n, raw in enumerate(answer.collection)
        )
        items = tuple(item for item in outcomes if self._is_wanted(item))
        if answer.collection and at < _total(said):
            return msgspec.structs.replace(state, at=at), items
        return self._window_ended(state, has_rows=at > 0), items

    def _window_ended(self, state: _Server, *, has_rows: bool) -> _Server:
        """Return the next window, or the state after the run.

        A window without any row is none that is held: the API has answered so for days on which much was posted.
        """
        assert state.first is not None and state.last is not None and state.began is not None
        held = state.held
        if has_rows:
            settled = (self._now().astimezone(UTC) - _SETTLED).date()
            held = max(held or state.began, min(state.last, settled))
        first = state.last + _DAY
        if first > self._today():
            return _Server(held=held or state.began)
        return msgspec.structs.replace(state, held=held, first=first, last=self._window_end(first), at=0)

    def _is_wanted(self, item: Outcome) -> bool:
        if not self._categories or not isinstance(item, Record):
            return True
        return any(keyword.casefold() in self._categories for keyword in item.keywords)

    def rewind(self, cursor: str | None, since: date) -> str:
        """Return the cursor that reads again from that day."""
        known = read_cursor(cursor, _Cursor).servers
        states = {server: known.get(server, _Server()) for server in self._servers}
        held = {server: state.held or state.began or since for server, state in states.items()}
        return write_cursor(_Cursor({server: _Server(held=min(since, day)) for server, day in held.items()}))

    def due(self, now: datetime) -> datetime:
        """Return when new preprints are looked for next."""
        return now + timedelta(minutes=self._settings.every)

    def behind(self, newest: date | None, now: datetime) -> int:  # noqa: ARG002
        """Return 0: preprints are posted at any time."""
        return 0


def _total(said: dict[str, Any]) -> float:
    """Return how many rows the window has, which is said as a number or as a text; without end where it is not said."""
    try:
        return int(said["total"])
    except (KeyError, TypeError, ValueError):
        return float("inf")


def _outcome(raw: msgspec.Raw, server: str, where: str) -> Outcome:
    try:
        return _record(msgspec.json.decode(raw, type=_Row, strict=False), server)
    except (msgspec.MsgspecError, UnicodeDecodeError, SourceError) as error:
        return refusal("biorxiv", where, error, bytes(raw))


def _record(row: _Row, server: str) -> Record:
    """Return what one version says; the archive joins the versions of a preprint."""
    own = identifiers.doi(row.doi)
    doi = own.removeprefix("doi:")
    posted = _date(_DATE.fullmatch(row.date.strip()))
    if posted is None or row.version < 1:
        raise SourceError(f"no day or no number of a version: {row.date!r}, {row.version}")
    is_first = row.version == 1
    name = next((known for known in _NAMES.values() if known.lower() == (row.server or "").lower()), _NAMES[server])
    return Record(
        source="biorxiv",
        key=doi,
        title=title_of(row.title),
        abstract=abstract_of(row.abstract),
        authors=people(first_last(author) for author in (row.authors or "").split(";")),
        ids=(own, *_published(row)),
        keywords=texts((row.category or "",)),
        venue=name,
        submitted=_date(_DATE_IN_DOI.search(own)) or (posted if is_first else None),
        updated=posted,
        announced=posted if is_first else None,
        links=links_of(pdf=f"https://www.{name.lower()}.org/content/{doi}v{row.version}.full.pdf"),
        versions=(Version(row.version, posted),),
        withdrawn="withdraw" in (row.type or "").lower() or row.title.strip().upper().startswith("WITHDRAWN"),
    )


def _published(row: _Row) -> tuple[str, ...]:
    """Return the DOI under which a journal published it; NA stands for none."""
    published = (row.published or "").strip()
    return ids_of(f"doi:{published}") if published.startswith("10.") else ()


def _date(match: re.Match[str] | None) -> date | None:
    try:
        return possible(date(*map(int, match.groups()))) if match else None
    except ValueError:
        return None
