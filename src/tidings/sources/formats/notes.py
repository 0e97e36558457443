"""Notes of OpenReview's API, version 2: submissions among reviews, comments and decisions.

https://docs.openreview.net/reference/api-v2/entities/note. Times are in milliseconds. Each field of the content stands
in an object as its ``value``; older notes have it plain, and both are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from tidings.errors import SourceError
from tidings.sources.formats.common import (
    Outcome,
    abstract_of,
    ids_of,
    links_of,
    note_of,
    people,
    possible,
    refusal,
    texts,
    title_of,
    year_of,
)
from tidings.types import Record

_SITE = "https://openreview.net"
_OUT = ("/withdrawn_submission", "/desk_rejected_submission")


class _Note(msgspec.Struct, frozen=True, gc=False):
    id: str
    forum: str | None = None
    content: dict[str, Any] = {}
    cdate: int | None = None
    tcdate: int | None = None
    odate: int | None = None
    pdate: int | None = None
    mdate: int | None = None
    tmdate: int | None = None
    ddate: int | None = None


def id_of(raw: msgspec.Raw) -> str | None:
    """Return the id of any note, also of one that is damaged elsewhere."""
    value = _fields(raw).get("id")
    return value if isinstance(value, str) else None


def changed_at(raw: msgspec.Raw) -> datetime | None:
    """Return when a note was last changed in any way."""
    value = _fields(raw).get("tmdate")
    return _moment(value) if isinstance(value, int) else None


def _fields(raw: msgspec.Raw) -> dict[str, Any]:
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def outcomes(notes: Sequence[msgspec.Raw], venue: str) -> list[Outcome]:
    """Return the submissions among the notes as records; what belongs to the forum of another note is passed over."""
    found: list[Outcome] = []
    for raw in notes:
        try:
            note = msgspec.json.decode(raw, type=_Note)
            if note.forum in {None, note.id}:
                found.append(_record(note))
        except (msgspec.MsgspecError, UnicodeDecodeError, SourceError) as error:
            found.append(refusal("openreview", f"{venue}#{id_of(raw) or '?'}", error, bytes(raw)))
    return found


def _record(note: _Note) -> Record:
    said = note.content
    venue_id, venue = _text(said, "venueid") or "", note_of(_text(said, "venue"))
    ids = ids_of(f"openreview:{note.id}")
    if not ids:
        raise SourceError(f"no id of a forum: {note.id!r}")
    return Record(
        source="openreview",
        key=note.id,
        title=title_of(_text(said, "title")),
        abstract=abstract_of(_text(said, "abstract")),
        authors=people(_names(said)),  # none while a review is double-blind
        ids=ids,
        keywords=texts(_strings(said, "keywords")),
        venue=venue,
        year=year_of(venue) or year_of(venue_id),
        submitted=_day(note.cdate or note.tcdate),
        updated=_day(note.mdate or note.tmdate),
        announced=_day(note.odate or note.pdate),
        links=links_of(
            pdf=f"{_SITE}/pdf?id={note.id}" if _text(said, "pdf") else None,
            code=_text(said, "code"),
            discussion=f"{_SITE}/forum?id={note.id}",
        ),
        withdrawn=note.ddate is not None or venue_id.lower().endswith(_OUT),
    )


def _value(said: dict[str, Any], name: str) -> Any:
    value = said.get(name)
    return value.get("value") if isinstance(value, dict) else value


def _text(said: dict[str, Any], name: str) -> str | None:
    value = _value(said, name)
    return value if isinstance(value, str) else None


def _strings(said: dict[str, Any], name: str) -> list[str]:
    value = _value(said, name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _names(said: dict[str, Any]) -> Iterator[str]:
    """Yield the authors; newer venues describe each by a fullname and more."""
    value = _value(said, "authors")
    for author in value if isinstance(value, list) else ():
        name = author.get("fullname") if isinstance(author, dict) else author
        if isinstance(name, str):
            yield name


def _moment(milliseconds: int | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def _day(milliseconds: int | None) -> date | None:
    moment = _moment(milliseconds)
    return possible(moment.date()) if moment else None
