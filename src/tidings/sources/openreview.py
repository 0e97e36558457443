"""OpenReview: the submissions of the venues that are named, by version 2 of its API.

What is documented is in https://docs.openreview.net/reference/api-v2 and in the official client,
https://github.com/openreview/openreview-py. Notes can be had by id after an id, and by the time of their last change,
newest first; there is no filter by that time. So a venue is read whole once a week, in between only as far back as
something changed. Since 2026 anonymous callers may be sent to a browser check: then a login is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec

from tidings.errors import InputError, SourceError
from tidings.sources.batches import from_turn, read_cursor, write_cursor
from tidings.sources.formats import notes as formats
from tidings.sources.formats.common import Outcome
from tidings.sources.openreview_access import Access
from tidings.sources.registry import Means
from tidings.sources.source import Batch
from tidings.types import Limit

_PAGE = 1000  # the most that may be asked for
_FIRST_CHANGED = 200  # most looks bring little, and a note weighs kilobytes
_WHOLE = timedelta(days=7)
_OVERLAP = timedelta(hours=1)  # their clock and ours differ, and a change may show late


class _Venue(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a venue was read: ``whole`` is when the last reading of all of it began that reached the end, ``seen``
    the time up to which changes are held. The rest belongs to a look that was stopped: when it ``began``, and the note
    ``after`` which a reading of all goes on, or the ``offset`` in what changed.
    """

    whole: datetime | None = None
    seen: datetime | None = None
    began: datetime | None = None
    after: str | None = None
    offset: int = 0


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """``turn`` is the venue that a run was at which was stopped."""

    venues: dict[str, _Venue] = {}
    turn: str | None = None


class _Step(NamedTuple):
    """A page of a look, and where the venue stands after it."""

    state: _Venue
    outcomes: Sequence[Outcome] = ()
    is_last: bool = False
    note: str | None = None


class _Notes(msgspec.Struct, frozen=True):
    notes: list[msgspec.Raw]


class Openreview:
    """The submissions of each venue, with their decisions as they are made."""

    name = "openreview"
    private = False
    limit: Limit = Access.limit

    def __init__(self, means: Means) -> None:
        self._settings = means.settings.openreview
        if not self._settings.venues:
            raise InputError(
                "OpenReview needs TIDINGS_OPENREVIEW_VENUES: the ids of venues, as ICLR.cc/2026/Conference"
            )
        self._access, self._now = Access(means), means.now

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        """Yield each venue's submissions: all of them once a week, else those that changed.

        Raises:
            FetchError: OpenReview did not answer, or refuses; ``retry_at`` is then a day away.
            SourceError: its answer is no list of notes.
        """
        known = read_cursor(cursor, _Cursor)
        venues = {venue: known.venues.get(venue, _Venue()) for venue in self._settings.venues}
        left = from_turn(list(venues), known.turn)
        for venue, following in zip(left, [*left[1:], None], strict=True):
            for step in self._look(venue, venues[venue]):
                venues[venue] = step.state
                now_at = _Cursor(venues, following if step.is_last else venue)
                yield Batch(tuple(step.outcomes), write_cursor(now_at), note=step.note)

    def _look(self, venue: str, state: _Venue) -> Iterator[_Step]:
        """Go on with the look that was stopped, else begin the one that is due."""
        if state.offset:
            return self._changed(venue, state)
        is_old = state.whole is None or self._now() - state.whole >= _WHOLE
        return self._whole(venue, state) if is_old or state.began else self._changed(venue, state)

    def _whole(self, venue: str, state: _Venue) -> Iterator[_Step]:
        """Read all of a venue in the order of ids; an empty page is the end."""
        began, after = state.began or self._now(), state.after
        while notes := self._notes(venue, sort="id", limit=_PAGE, **({"after": after} if after else {})):
            last = next((found for raw in reversed(notes) if (found := formats.id_of(raw))), None)
            if last in {None, after}:
                raise SourceError(f"OpenReview answers with the same page of {venue} again and again")
            after = last
            reached = msgspec.structs.replace(state, began=began, after=after)
            yield _Step(reached, formats.outcomes(notes, venue))
        note = None if after else f"OpenReview shows no submissions to {venue}; is that its id?"
        yield _Step(_Venue(whole=began, seen=began - _OVERLAP), is_last=True, note=note)

    def _changed(self, venue: str, state: _Venue) -> Iterator[_Step]:
        """Read what changed since the last look, newest first.

        What changes meanwhile moves the rest to later pages, so nothing is passed over; it is for the next look.
        """
        began, offset, fresh = state.began or self._now(), state.offset, list[msgspec.Raw]()
        while notes := self._notes(venue, sort="tmdate:desc", limit=_PAGE if offset else _FIRST_CHANGED, offset=offset):
            offset += len(notes)
            fresh = [raw for raw in notes if state.seen is None or (formats.changed_at(raw) or began) >= state.seen]
            if len(fresh) < len(notes):
                break
            reached = msgspec.structs.replace(state, began=began, offset=offset)
            yield _Step(reached, formats.outcomes(fresh, venue))
            fresh = []
        held = _Venue(whole=state.whole, seen=began - _OVERLAP)
        yield _Step(held, formats.outcomes(fresh, venue), is_last=True)

    # --- asking ---

    def _notes(self, venue: str, **parameters: str | int) -> list[msgspec.Raw]:
        parameters = {"content.venueid": venue, **parameters}
        notes: list[msgspec.Raw] = self._access.get("notes", parameters).json(_Notes).notes
        return notes

    # --- the calendar, of which there is none ---

    def rewind(self, cursor: str | None, since: date) -> str:
        """Return the cursor that looks again at what changed since that day."""
        start = datetime(since.year, since.month, since.day, tzinfo=UTC)
        venues = {
            name: msgspec.structs.replace(venue, seen=min(start, venue.seen or start), offset=0)
            for name, venue in read_cursor(cursor, _Cursor).venues.items()
        }
        return write_cursor(_Cursor(venues))

    def due(self, now: datetime) -> datetime:
        """Return when the venues are looked at next."""
        return now + timedelta(minutes=self._settings.every)

    def behind(self, newest: date | None, now: datetime) -> int:  # noqa: ARG002
        """Return 0: venues have no calendar."""
        return 0
