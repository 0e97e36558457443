"""Topics: what a fit found, and what curators made of it. A number is never given to another topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa

from tidings.errors import BusyError, ConflictError, NotFoundError
from tidings.people import Role
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import present, row_id
from tidings.store.journal import log, mark_undone, undoable
from tidings.store.tables import act, topic, topic_fit
from tidings.types import LEAF, Topic

_texts = msgspec.json.Decoder(tuple[str, ...])
_numbers = msgspec.json.Decoder(tuple[int, ...])


@dataclass(frozen=True, slots=True)
class Fit:
    """Which folder of files holds the topic of each paper; ``full_papers`` is what the last full fit was made of."""

    generation: str
    fitted: datetime
    encoder: str
    papers: int
    full_papers: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """A topic as a fit leaves it; ``centre`` is float16 of the encoder's width, None of an area."""

    topic: Topic
    centre: bytes | None = None


class Topics:
    """All topics, those that are gone too. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- asking ---

    def fit(self) -> Fit | None:
        """Return what is served now; None before the first fit."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(topic_fit)).one_or_none()
        return Fit(row.generation, utc(row.fitted), row.encoder, row.papers, row.full_papers) if row else None

    def change(self) -> tuple[object, ...]:
        """Return what differs whenever a topic does: which fit is served, and the last line of the audit log."""
        fit = (sa.select(column).scalar_subquery() for column in (topic_fit.c.generation, topic_fit.c.fitted))
        with reading(self._engine) as connection:
            return tuple(connection.execute(sa.select(*fit, sa.select(sa.func.max(act.c.id)).scalar_subquery())).one())

    def all(self) -> list[Topic]:
        """Return every topic there ever was, by number."""
        with reading(self._engine) as connection:
            return [_topic(row) for row in connection.execute(sa.select(*_SHOWN).order_by(topic.c.id))]

    def centres(self) -> dict[int, bytes]:
        """Return the mean vectors of leaves, float16, by number."""
        query = sa.select(topic.c.id, topic.c.centre).where(topic.c.centre.is_not(None)).order_by(topic.c.id)
        with reading(self._engine) as connection:
            return {row.id: row.centre for row in connection.execute(query)}

    # --- a fit ---

    def replace(self, fit: Fit, fitted: Sequence[Fitted], next_id: int) -> None:
        """Serve another fit: write its topics, and let its files be the ones that are read, in one transaction.

        What curators said meanwhile stays: a name they gave, a pin, a merge. ``next_id`` is the number that the next
        new topic would have had when the fit began.

        Raises:
            BusyError: a curator made a topic meanwhile; the fit has to be made again.
        """
        with writing(self._engine) as connection:
            if _next_id(connection) != next_id:
                raise BusyError("a curator split a topic meanwhile; refit once more")
            known = set(connection.scalars(sa.select(topic.c.id)))
            for one in fitted:
                if one.topic.id in known:
                    connection.execute(sa.update(topic).where(topic.c.id == one.topic.id).values(**_refitted(one)))
                else:
                    connection.execute(sa.insert(topic).values(**_columns(one)))
            connection.execute(sa.delete(topic_fit))
            values = {name: getattr(fit, name) for name in ("generation", "fitted", "encoder", "papers", "full_papers")}
            connection.execute(sa.insert(topic_fit).values(**values))

    def next_id(self) -> int:
        """Return the number that the next new topic has."""
        with reading(self._engine) as connection:
            return _next_id(connection)

    # --- curators ---

    def rename(self, number: int, name: str, account_id: int, now: datetime) -> int:
        """Give a topic a name that no fit changes; "" gives it back. Return the line of the audit log.

        Raises:
            NotFoundError: there is no such topic.
            ConflictError: it has that name already, or another one has it.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            found = _living(connection, number)
            if name and found.renamed and found.name == name:
                raise ConflictError(f"topic {number} is named {name!r} already")
            _refuse_taken(connection, number, name)
            return _rename(connection, found, name, account_id, now)

    def pin(self, number: int, pinned: bool, account_id: int, now: datetime) -> int:
        """Let a topic stay whatever a fit finds, or not any more. Return the line of the audit log.

        Raises:
            NotFoundError: there is no such topic.
            ConflictError: that is so already.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            found = _living(connection, number)
            if found.pinned == pinned:
                raise ConflictError(f"topic {number} is {'' if pinned else 'not '}pinned{' already' if pinned else ''}")
            return _pin(connection, found, pinned, account_id, now)

    def merge(self, number: int, into: int, account_id: int, now: datetime) -> int:
        """Let a leaf take in another one. Return the line of the audit log.

        Raises:
            NotFoundError: one of them is no topic.
            ConflictError: they are one, or no leaves.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            found, other = _living(connection, number), _living(connection, into)
            if found.id == other.id:
                raise ConflictError("a topic cannot be merged into itself")
            if found.level != LEAF or other.level != LEAF:
                raise ConflictError("areas cannot be merged; merge the topics in them")
            return _merge(connection, found.id, other.id, account_id, now)

    def split(self, number: int, parts: Sequence[Fitted], generation: str, account_id: int, now: datetime) -> int:
        """Put new leaves beside the one that they were part of, in files of another generation.

        Return the line of the audit log; undoing it merges them into that leaf again.

        Raises:
            NotFoundError: there is no such topic.
            BusyError: another topic was made meanwhile.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            _living(connection, number)
            if parts[0].topic.id != _next_id(connection):
                raise BusyError("another topic was made meanwhile; split once more")
            for one in parts:
                connection.execute(sa.insert(topic).values(**_columns(one)))
            connection.execute(sa.update(topic_fit).values(generation=generation))
            numbers = msgspec.json.encode([one.topic.id for one in parts]).decode()
            return log(connection, account_id, "split topic", f"topic:{number}", detail=numbers, now=now)

    def undo(self, number: int, account_id: int, now: datetime) -> int:
        """Bring back what had been before an act on a topic; return the line of the audit log that says so.

        Raises:
            NotFoundError: the log has no such line.
            ConflictError: it was undone already, or cannot be, or the same was changed again since.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            done = undoable(connection, number)
            by = _undo(connection, done, account_id, now)
            mark_undone(connection, number, by)
            return by


def _undo(connection: sa.Connection, done: sa.Row[tuple[object, ...]], account_id: int, now: datetime) -> int:
    found = _any(connection, int(done.subject.removeprefix("topic:")))
    changed = ConflictError(f"line {done.id} cannot be undone: the same was changed again since")
    if done.verb == "rename topic":
        if _given_name(found) != done.detail:
            raise changed
        return _rename(connection, found, done.was, account_id, now)
    if done.verb == "pin topic":
        if str(found.pinned) != done.detail:
            raise changed
        return _pin(connection, found, done.was == "True", account_id, now)
    if done.verb == "merge topic":
        if str(found.merged_into or "") != done.detail:
            raise changed
        return _merge(connection, found.id, int(done.was) if done.was else None, account_id, now)
    if done.verb == "split topic":
        parts = _numbers.decode(done.detail)
        if any(_any(connection, part).merged_into is not None for part in parts):
            raise changed
        return [_merge(connection, part, found.id, account_id, now) for part in parts][-1]
    raise ConflictError(f"{done.verb!r} cannot be undone here")


def _rename(connection: sa.Connection, found: Topic, name: str, account_id: int, now: datetime) -> int:
    values: dict[str, object] = {"renamed": bool(name)} | ({"name": name} if name else {})
    connection.execute(sa.update(topic).where(topic.c.id == found.id).values(**values))
    subject, was = f"topic:{found.id}", _given_name(found)
    return log(connection, account_id, "rename topic", subject, detail=name, was=was, now=now)


def _pin(connection: sa.Connection, found: Topic, pinned: bool, account_id: int, now: datetime) -> int:
    connection.execute(sa.update(topic).where(topic.c.id == found.id).values(pinned=pinned))
    subject = f"topic:{found.id}"
    return log(connection, account_id, "pin topic", subject, detail=str(pinned), was=str(found.pinned), now=now)


def _merge(connection: sa.Connection, number: int, into: int | None, account_id: int, now: datetime) -> int:
    was = connection.scalar(sa.select(topic.c.merged_into).where(topic.c.id == number))
    values = {"merged_into": into, "gone": None if into is None else now}
    connection.execute(sa.update(topic).where(topic.c.id == number).values(**values))
    subject = f"topic:{number}"
    return log(connection, account_id, "merge topic", subject, detail=str(into or ""), was=str(was or ""), now=now)


def _given_name(found: Topic) -> str:
    return found.name if found.renamed else ""


def _refuse_taken(connection: sa.Connection, number: int, name: str) -> None:
    taken = sa.select(topic.c.id).where(
        sa.func.lower(topic.c.name) == name.lower(), topic.c.id != number, topic.c.gone.is_(None)
    )
    if name and (other := connection.scalar(taken)) is not None:
        raise ConflictError(f"topic {other} is named {name!r}")


def _any(connection: sa.Connection, number: int) -> Topic:
    row = connection.execute(sa.select(*_SHOWN).where(topic.c.id == row_id(number))).one_or_none()
    if row is None:
        raise NotFoundError(f"no topic has the number {number}")
    return _topic(row)


def _living(connection: sa.Connection, number: int) -> Topic:
    found = _any(connection, number)
    if found.gone is not None:
        raise NotFoundError(f"topic {number} is no more")
    return found


def _next_id(connection: sa.Connection) -> int:
    return (connection.scalar(sa.select(sa.func.max(topic.c.id))) or 0) + 1


def _columns(one: Fitted) -> dict[str, object]:
    kept = one.topic
    return _refitted(one) | {
        "id": kept.id,
        "level": kept.level,
        "name": kept.name,
        "born": kept.born,
        "announced": kept.announced,
        "born_between": msgspec.json.encode(kept.between).decode(),
        "sure": kept.sure,
        "pinned": kept.pinned,
        "gone": kept.gone,
    }


def _refitted(one: Fitted) -> dict[str, object]:
    """Return what a fit may change of a topic that was there; the pin and the merge are curators'."""
    kept = one.topic
    stays = sa.or_(topic.c.pinned, topic.c.merged_into.is_not(None))
    return {
        "parent_id": kept.parent_id,
        "name": sa.case((topic.c.renamed, topic.c.name), else_=kept.name),
        "words": msgspec.json.encode(kept.words).decode(),
        "size": kept.size,
        "centre": one.centre,
        "gone": sa.case((stays, topic.c.gone), else_=sa.literal(kept.gone, topic.c.gone.type)),
    }


def _topic(row: sa.Row[tuple[object, ...]]) -> Topic:
    return Topic(
        row.id,
        row.name,
        row.level,
        row.parent_id,
        _texts.decode(row.words),
        row.size,
        utc(row.born),
        utc(row.announced) if row.announced else None,
        _numbers.decode(row.born_between),
        row.sure,
        row.renamed,
        row.pinned,
        utc(row.gone) if row.gone else None,
        row.merged_into,
    )


_SHOWN = [column for column in topic.c if column.name != "centre"]
