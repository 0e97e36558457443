"""The outbox and its memory: an edition is written here, with what it tells, before it leaves; and it leaves once.

waiting → sending → sent. Refused, it waits again or has failed for good; whoever sent it being gone, it is unknown, and
never sent again. What an edition told counts as told from the moment it is written; failed for good, it is news again.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tidings.errors import NotFoundError, StoreError
from tidings.store.among import among, among_named, as_list
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import row_id
from tidings.store.jobs import Claim, hold
from tidings.store.tables import edition, subscription, told
from tidings.store.upsert import upsert
from tidings.types import Digest, Edition, FieldChange, Story, Subscription

STATES = ("waiting", "sending", "sent", "empty", "failed", "unknown")

_RUNS = ("active", "paused")
_NEWEST = ("newest", "newest_record")
_KILLED = "whoever sent it was killed or lost the connection: the server may have taken it"
_SUPERSEDED = "it waited until the next edition was due, which tells all of it"
_LEFT = "its subscription ended before it was sent"


@dataclass(frozen=True, slots=True)
class Draft:
    """An edition to be written: what it tells, whether it leaves at all, and how things stand for its reader then."""

    digest: Digest
    state: str  # waiting, or empty
    due: datetime
    newest: tuple[int, int]  # the newest paper and the newest record that are held now
    next_due: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """An edition that waits to leave, and where to."""

    id: int
    channel: str
    address: str


class KeptStory(msgspec.Struct, frozen=True):
    """A story as it is kept: its paper by number."""

    paper: int
    reason: str
    gist: str
    is_outside: bool
    changes: tuple[FieldChange, ...]


class KeptDigest(msgspec.Struct, frozen=True):
    """What an edition tells, as it is kept, with how things stood for its reader before it."""

    stories: tuple[KeptStory, ...]
    covers: tuple[date, ...]
    considered: int
    merged: int
    left_over: int
    note: str | None
    until: datetime
    since: datetime
    newest: tuple[int | None, int | None]


class Editions:
    """All editions. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- making ---

    def make(self, claim: Claim, drafts: Sequence[Draft], now: datetime) -> list[bool]:
        """Write editions, what they tell, and what is covered afterwards: all of it or nothing. Say which were written.

        One is not where the day has its edition already, the subscription ended or changed meanwhile, or its address
        was told of one of the papers in the meantime: it is to be decided anew.

        Raises:
            BusyError: another process has taken the work over.
        """
        with writing(self._engine) as connection:
            hold(connection, claim, now)
            fit = _fitting(connection, drafts)
            _write(connection, [draft for draft, fits in zip(drafts, fit, strict=True) if fits], now)
            return fit

    def told(self, addresses: Collection[str]) -> dict[str, set[int]]:
        """Return the papers that each address was told of; of one that never was, none."""
        found: dict[str, set[int]] = {address: set() for address in addresses}
        query = sa.select(told.c.address, told.c.paper_id).where(among(told.c.address, list(addresses)))
        with reading(self._engine) as connection:
            for address, number in connection.execute(query):
                found[address].add(number)
        return found

    # --- leaving ---

    def waiting(self, now: datetime, limit: int) -> list[Waiting]:
        """Return editions that may leave now, the one due longest first."""
        c = edition.c
        query = sa.select(c.id, subscription.c.channel, subscription.c.address)
        query = query.join(subscription, subscription.c.id == c.subscription_id)
        query = query.where(c.state == "waiting", c.next_try <= now).order_by(c.next_try, c.id).limit(limit)
        with reading(self._engine) as connection:
            return [Waiting(*row) for row in connection.execute(query)]

    def next_try(self) -> datetime | None:
        """Return when the next edition that waits may leave."""
        query = sa.select(sa.func.min(edition.c.next_try)).where(edition.c.state == "waiting")
        with reading(self._engine) as connection:
            found = connection.scalar(query)
        return utc(found) if found else None

    def take(self, claim: Claim, number: int, now: datetime) -> bool:
        """Mark an edition as being sent; return False where that may not be: it does not wait, or its reader left.

        Raises:
            BusyError: another process has taken the work over.
        """
        runs = sa.select(subscription.c.id).where(subscription.c.state.in_(_RUNS))
        which = sa.and_(_waits(number), edition.c.subscription_id.in_(runs))
        values = {"state": "sending", "holder": claim.holder, "tried": edition.c.tried + 1, "next_try": None}
        with writing(self._engine) as connection:
            hold(connection, claim, now)
            return bool(connection.execute(sa.update(edition).where(which).values(**values)).rowcount)

    def finish(self, claim: Claim, number: int, state: str, answer: str, now: datetime) -> None:
        """Say how sending ended: sent or unknown. Does nothing where somebody else declared it unknown already."""
        mine = sa.and_(edition.c.id == number, edition.c.state == "sending", edition.c.holder == claim.holder)
        values = {"state": state, "answer": answer, "sent": now}
        with writing(self._engine) as connection:
            connection.execute(sa.update(edition).where(mine).values(**values))

    def put_off(self, claim: Claim, number: int, next_try: datetime, answer: str) -> None:
        """Let an edition wait until then: it was certainly not taken."""
        counted = sa.case((edition.c.state == "waiting", edition.c.tried + 1), else_=edition.c.tried)
        values = {"state": "waiting", "next_try": next_try, "answer": answer, "tried": counted}
        with writing(self._engine) as connection:
            connection.execute(sa.update(edition).where(_own(claim, number)).values(**values))

    def give_up(self, claim: Claim, number: int, answer: str, now: datetime) -> None:
        """Note that an edition failed for good: it was certainly not taken, and what it told is news again."""
        with writing(self._engine) as connection:
            counted = sa.case((edition.c.state == "waiting", edition.c.tried + 1), else_=edition.c.tried)
            row = connection.execute(
                sa.update(edition)
                .where(_own(claim, number))
                .values(state="failed", answer=answer, sent=now, next_try=None, tried=counted)
                .returning(edition.c.subscription_id, edition.c.data)
            ).one_or_none()
            if row is not None:
                _take_back(connection, number, row.subscription_id, row.data)

    def supersede(self, claim: Claim, now: datetime) -> int:
        """Give up what waits of subscriptions whose next edition is due; return how many that were.

        The next one is due from when the first was, and covers it: who was not reached for days gets one mail.
        """
        c = subscription.c
        late = sa.select(edition).join(subscription, c.id == edition.c.subscription_id)
        late = late.where(edition.c.state == "waiting", c.state.in_(_RUNS), c.due <= now)
        with writing(self._engine) as connection:
            hold(connection, claim, now)
            rows = connection.execute(late.order_by(edition.c.id.desc())).all()
            for row in rows:
                values = {"state": "failed", "answer": _SUPERSEDED, "sent": now, "next_try": None}
                connection.execute(sa.update(edition).where(edition.c.id == row.id).values(**values))
                _take_back(connection, row.id, row.subscription_id, row.data)
                behind = sa.and_(c.id == row.subscription_id, c.due > utc(row.due))
                connection.execute(sa.update(subscription).where(behind).values(due=utc(row.due)))
            return len(rows)

    def withdraw(self, claim: Claim, now: datetime) -> int:
        """Give up what waits for readers who left meanwhile; return how many that were."""
        runs = sa.select(subscription.c.id).where(subscription.c.state.in_(_RUNS))
        which = sa.and_(edition.c.state == "waiting", edition.c.subscription_id.not_in(runs))
        values = {"state": "failed", "answer": _LEFT, "sent": now, "next_try": None}
        with writing(self._engine) as connection:
            hold(connection, claim, now)
            gone = sa.update(edition).where(which).values(**values).returning(edition.c.id)
            numbers = list(connection.scalars(gone))
            connection.execute(sa.delete(told).where(among(told.c.edition_id, numbers)))
            return len(numbers)

    def abandon(self, claim: Claim, now: datetime) -> int:
        """Declare unknown what somebody else was sending: only one at a time may, so that one is gone. Say how many."""
        which = sa.and_(edition.c.state == "sending", edition.c.holder != claim.holder)
        values = {"state": "unknown", "answer": _KILLED, "sent": now}
        with writing(self._engine) as connection:
            hold(connection, claim, now)
            return connection.execute(sa.update(edition).where(which).values(**values)).rowcount

    # --- looking ---

    def get(self, number: int) -> tuple[Edition, KeptDigest]:
        """Return an edition and what it tells.

        Raises:
            NotFoundError: there is none of that number.
        """
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(edition).where(edition.c.id == row_id(number))).one_or_none()
        if row is None:
            raise NotFoundError(f"no edition has the number {number}")
        return _edition(row), _unpacked(row.data)

    def latest(self, limit: int, states: Sequence[str] = STATES, subscription_id: int | None = None) -> list[Edition]:
        """Return editions in one of these states, of one subscription where it is named, the latest first."""
        query = sa.select(*_PLAIN).where(edition.c.state.in_(states))
        if subscription_id is not None:
            query = query.where(edition.c.subscription_id == row_id(subscription_id))
        with reading(self._engine) as connection:
            return [_edition(row) for row in connection.execute(query.order_by(edition.c.id.desc()).limit(limit))]

    def last_of_each(self) -> dict[int, Edition]:
        """Return the last edition of each subscription, by its number."""
        last = sa.select(sa.func.max(edition.c.id)).group_by(edition.c.subscription_id)
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(*_PLAIN).where(edition.c.id.in_(last))).all()
        return {row.subscription_id: _edition(row) for row in rows}

    def counts(self) -> dict[str, int]:
        """Return how many editions are in each state."""
        query = sa.select(edition.c.state, sa.func.count()).group_by(edition.c.state)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def as_digest(kept: KeptDigest, subscription: Subscription, name: str, stories: Sequence[Story]) -> Digest:
    """Return what an edition tells, with its papers."""
    return Digest(
        subscription,
        name,
        tuple(stories),
        kept.covers,
        kept.considered,
        kept.merged,
        kept.left_over,
        kept.note,
        kept.until,
    )


# --- making ---


def _fitting(connection: sa.Connection, drafts: Sequence[Draft]) -> list[bool]:
    """Return which editions may be written; of two to one address that tell the same paper, the first."""
    numbers = [draft.digest.subscription.id for draft in drafts]
    c, e = subscription.c, edition.c
    standing = {row.id: row for row in connection.execute(sa.select(c.id, c.state, c.due).where(among(c.id, numbers)))}
    made = sa.select(e.subscription_id, e.name).where(among(e.subscription_id, numbers))
    names = {draft.digest.name for draft in drafts}
    had = {tuple(row) for row in connection.execute(made.where(among(e.name, names)))}
    telling, fit = set[tuple[str, int]](), list[bool]()
    for draft in drafts:
        digest, stands = draft.digest, standing.get(draft.digest.subscription.id)
        first = {(digest.subscription.address, story.paper.id) for story in digest.stories if not story.changes}
        is_told = bool(first & telling) or _is_told(connection, digest)
        fits = (digest.subscription.id, digest.name) not in had and not is_told and _is_as_it_was(stands, draft)
        if fits:
            telling |= first
            had.add((digest.subscription.id, digest.name))
        fit.append(fits)
    return fit


def _is_told(connection: sa.Connection, digest: Digest) -> bool:
    first = as_list(story.paper.id for story in digest.stories if not story.changes)
    values = {"address": digest.subscription.address, "papers": first}
    return connection.scalar(_TOLD, values) is not None


_TOLD = (
    sa.select(told.c.paper_id)
    .where(told.c.address == sa.bindparam("address", type_=sa.Text), among_named(told.c.paper_id, "papers"))
    .limit(1)
)


def _is_as_it_was(row: Any, draft: Draft) -> bool:
    before = draft.digest.subscription
    if row is None or row.due is None or before.due is None:
        return False
    return row.state == before.state and row.state in _RUNS and utc(row.due) == before.due


def _write(connection: sa.Connection, drafts: Sequence[Draft], now: datetime) -> None:
    """Write editions and what they tell; say what is covered, and when the next ones are due."""
    if not drafts:
        return
    which = subscription.c.id == sa.bindparam("which")
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in ("covered", "due", *_NEWEST)}
    values |= {"state": "active", "resumes": None}  # a pause that had an end is over when something is due
    connection.execute(sa.update(subscription).where(which).values(values), [_advanced(draft) for draft in drafts])
    insert = sa.insert(edition).returning(edition.c.id, sort_by_parameter_order=True)
    numbers = list(connection.scalars(insert, [_row(draft, now) for draft in drafts]))
    rows: list[dict[str, object]] = [
        {"address": draft.digest.subscription.address, "paper_id": story.paper.id, "edition_id": number, "at": now}
        for draft, number in zip(drafts, numbers, strict=True)
        for story in draft.digest.stories
    ]
    upsert(connection, told, rows)


def _advanced(draft: Draft) -> dict[str, object]:
    newest = dict(zip((f"new_{name}" for name in _NEWEST), draft.newest, strict=True))
    number, until = draft.digest.subscription.id, draft.digest.until
    return {"which": number, "new_covered": until, "new_due": draft.next_due, **newest}


def _row(draft: Draft, now: datetime) -> dict[str, object]:
    return {
        "subscription_id": draft.digest.subscription.id,
        "name": draft.digest.name,
        "state": draft.state,
        "due": draft.due,
        "made": now,
        "next_try": now if draft.state == "waiting" else None,
        "data": _packed(draft.digest),
    }


def _packed(digest: Digest) -> bytes:
    stories = tuple(
        KeptStory(each.paper.id, each.reason, each.gist, each.is_outside, each.changes) for each in digest.stories
    )
    kept = KeptDigest(
        stories,
        digest.covers,
        digest.considered,
        digest.merged,
        digest.left_over,
        digest.note,
        digest.until,
        digest.subscription.covered,
        (digest.subscription.newest, digest.subscription.newest_record),
    )
    return zlib.compress(msgspec.json.encode(kept), 1)


_kept = msgspec.json.Decoder(KeptDigest)


def _unpacked(data: bytes) -> KeptDigest:
    try:
        return _kept.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(f"an edition in the database is damaged; restore it from a backup ({error})") from error


# --- leaving ---


def _waits(number: int) -> sa.ColumnElement[bool]:
    return sa.and_(edition.c.id == number, edition.c.state == "waiting")


def _own(claim: Claim, number: int) -> sa.ColumnElement[bool]:
    """Return that an edition waits, or is being sent by who has the claim."""
    sending = sa.and_(edition.c.state == "sending", edition.c.holder == claim.holder)
    return sa.and_(edition.c.id == number, sa.or_(edition.c.state == "waiting", sending))


def _take_back(connection: sa.Connection, number: int, subscription_id: int, data: bytes) -> None:
    """Let what an edition told be news again: its reader has not seen it."""
    connection.execute(sa.delete(told).where(told.c.edition_id == number))
    kept, c = _unpacked(data), subscription.c
    later = sa.and_(c.id == subscription_id, c.covered > kept.since)
    values = {"covered": kept.since, **dict(zip(_NEWEST, kept.newest, strict=True))}
    connection.execute(sa.update(subscription).where(later).values(**values))


_PLAIN = [column for column in edition.c if column.name not in ("data", "holder")]
_TIMES = ("due", "made", "next_try", "sent")


def _edition(row: sa.Row[tuple[object, ...]]) -> Edition:
    values = {name: row._mapping[name] for name in Edition.__slots__}
    return Edition(**values | {name: utc(values[name]) for name in _TIMES if values[name] is not None})
