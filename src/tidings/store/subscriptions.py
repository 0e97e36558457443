"""Subscriptions: who is told what, where and when; and what came back from their addresses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from tidings.errors import ConflictError, NotFoundError
from tidings.store.among import among
from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import present, row_id
from tidings.store.tables import bounce, edition, interest, paper, record, subscription, suppression, told
from tidings.types import Pace, Returned, Subscription, Suppressed

_TOLD = ("active", "paused")
_STANDING = ("waiting", *_TOLD)


class Subscriptions:
    """All subscriptions; who may change which is decided above. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- looking ---

    def get(self, number: int) -> Subscription:
        """Return one.

        Raises:
            NotFoundError: there is none of that number.
        """
        with reading(self._engine) as connection:
            return _get(connection, number)

    def of(self, account_id: int) -> list[Subscription]:
        """Return those of an account, the oldest first, those it left included."""
        return self._where(subscription.c.account_id == account_id)

    def all(self) -> list[Subscription]:
        """Return all, the oldest first."""
        return self._where(sa.true())

    def standing(self, channel: str, address: str, kind: str, subject: str) -> Subscription | None:
        """Return the one that tells an address of this already, or waits to be confirmed."""
        c = subscription.c
        same = sa.and_(c.channel == channel, c.address == address, c.kind == kind, c.subject == subject)
        return next(iter(self._where(same, c.state.in_(_STANDING))), None)

    def due(self, now: datetime, limit: int, after: int = 0) -> list[Subscription]:
        """Return those with an edition due, by number, from the one behind ``after`` on."""
        c = subscription.c
        query = sa.select(subscription).where(c.due <= now, c.state.in_(_TOLD), c.id > after)
        with reading(self._engine) as connection:
            return [_subscription(row) for row in connection.execute(query.order_by(c.id).limit(limit))]

    def next_due(self) -> datetime | None:
        """Return when the next edition of all is due."""
        c = subscription.c
        with reading(self._engine) as connection:
            found = connection.scalar(sa.select(sa.func.min(c.due)).where(c.state.in_(_TOLD)))
        return utc(found) if found else None

    def secret(self, number: int) -> str | None:
        """Return what the calls of a hook are signed with."""
        query = sa.select(subscription.c.secret).where(subscription.c.id == row_id(number))
        with reading(self._engine) as connection:
            return connection.scalar(query)

    def last_days(self, numbers: Iterable[int]) -> dict[int, date]:
        """Return the day of the last edition of each that has had one."""
        c = edition.c
        query = sa.select(c.subscription_id, sa.func.max(c.name)).where(among(c.subscription_id, list(numbers)))
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(c.subscription_id)).all()
        return {row[0]: date.fromisoformat(row[1]) for row in rows}

    def newest_held(self) -> tuple[int, int]:
        """Return the numbers of the newest paper and the newest record that are held; 0 where none is."""
        newest = (sa.select(sa.func.max(table.c.id)).scalar_subquery() for table in (paper, record))
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(*newest)).one()
        return row[0] or 0, row[1] or 0

    def interest_name(self, account_id: int, number: int) -> str | None:
        """Return the name of an account's own interest, or None where it has none of that number."""
        mine = sa.and_(interest.c.id == row_id(number), interest.c.account_id == account_id)
        with reading(self._engine) as connection:
            return connection.scalar(sa.select(interest.c.name).where(mine))

    def _where(self, *which: sa.ColumnElement[bool]) -> list[Subscription]:
        query = sa.select(subscription).where(*which).order_by(subscription.c.id)
        with reading(self._engine) as connection:
            return [_subscription(row) for row in connection.execute(query)]

    # --- changing ---

    def add(self, account_id: int | None, pace: Pace, **values: object) -> Subscription:
        """Make a subscription; ``values`` are its other columns.

        Raises:
            SignInError: the account was deleted or disabled meanwhile.
        """
        with writing(self._engine) as connection:
            if account_id is not None:
                present(connection, account_id)
            kept = {"account_id": account_id, **_columns(pace), **values}
            insert = sa.insert(subscription).values(**kept).returning(subscription.c.id)
            return _get(connection, connection.execute(insert).scalar_one())

    def confirm(self, number: int, *, now: datetime, covered: datetime, due: datetime) -> Subscription:
        """Begin one that waits; one that began stays as it is.

        Raises:
            NotFoundError: there is none of that number.
            ConflictError: it was left or stopped since, or its address gets no mail.
        """
        with writing(self._engine) as connection:
            found = _get(connection, number)
            if found.state in _TOLD:
                return found
            if found.state != "waiting":
                raise ConflictError("this subscription has ended; subscribe again")
            if _suppressed(connection, found.address):
                raise ConflictError(f"{found.address} gets no mail from here: mail came back from it")
            _update(connection, number, state="active", confirmed=now, covered=covered, due=due)
            return _get(connection, number)

    def change(self, number: int, pace: Pace, due: datetime | None) -> Subscription:
        """Give one another pace; ``due`` is when its next edition is then."""
        return self._set(number, **_columns(pace), due=due)

    def pause(self, number: int, resumes: datetime | None, due: datetime | None) -> Subscription:
        """Tell nothing until then, or until it is taken up again.

        Raises:
            NotFoundError, ConflictError: there is none of that number, or it does not run.
        """
        return self._set_running(number, state="paused", resumes=resumes, due=due)

    def resume(self, number: int, due: datetime) -> Subscription:
        """Take one up again that pauses; raises as ``pause``."""
        return self._set_running(number, state="active", resumes=None, due=due)

    def leave(self, number: int) -> None:
        """End one; does nothing where it ended, or is gone."""
        alive = sa.and_(subscription.c.id == row_id(number), subscription.c.state.in_(_STANDING))
        with writing(self._engine) as connection:
            values = {"state": "left", "due": None, "resumes": None}
            connection.execute(sa.update(subscription).where(alive).values(**values))

    def stop(self, number: int, why: str) -> None:
        """Stop one, and say why."""
        with writing(self._engine) as connection:
            stop(connection, subscription.c.id == row_id(number), why)

    def put_off(self, number: int, due: datetime) -> None:
        """Say when the next edition is due, and that a pause that ended is over."""
        self._set(number, due=due, state="active", resumes=None)

    def _set(self, number: int, **values: object) -> Subscription:
        with writing(self._engine) as connection:
            _update(connection, number, **values)
            return _get(connection, number)

    def _set_running(self, number: int, **values: object) -> Subscription:
        with writing(self._engine) as connection:
            if (found := _get(connection, number)).state not in _TOLD:
                raise ConflictError(f"this subscription is {found.state}; only one that runs can pause")
            _update(connection, number, **values)
            return _get(connection, number)

    # --- what came back ---

    def note_return(
        self, address: str, kind: str, detail: str, *, once: bool, now: datetime, soft: int, since: datetime
    ) -> str | None:
        """Keep what came back; return why the address gets no more mail from now on, if that is so.

        A complaint and a hard one end it at once, soft ones when there are ``soft`` of them since a moment. What is
        kept already in the same words is not kept again, where it came but ``once``.
        """
        with writing(self._engine) as connection:
            values = {"address": address, "kind": kind, "detail": detail, "at": now}
            same = sa.and_(bounce.c.address == address, bounce.c.kind == kind, bounce.c.detail == detail)
            if once and connection.scalar(sa.select(bounce.c.id).where(same).limit(1)) is not None:
                return None
            connection.execute(sa.insert(bounce).values(**values))
            why = _ending(connection, address, kind, soft, since)
            if why:
                suppress(connection, address, why, now)
            return why

    def suppress(self, address: str, reason: str, now: datetime) -> None:
        """Let an address get no mail; what it is subscribed to stops."""
        with writing(self._engine) as connection:
            suppress(connection, address, reason, now)

    def unsuppress(self, address: str) -> bool:
        """Let an address get mail again; return whether it got none. What stopped has to be subscribed again."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(bounce).where(bounce.c.address == address))
            done = connection.execute(sa.delete(suppression).where(suppression.c.address == address))
            return bool(done.rowcount)

    def is_suppressed(self, address: str) -> bool:
        """Tell whether an address gets no mail."""
        with reading(self._engine) as connection:
            return _suppressed(connection, address)

    def suppressed(self) -> list[Suppressed]:
        """Return the addresses that get no mail, the latest first."""
        query = sa.select(suppression).order_by(suppression.c.at.desc(), suppression.c.address)
        with reading(self._engine) as connection:
            return [Suppressed(row.address, row.reason, utc(row.at)) for row in connection.execute(query)]

    def returned(self, limit: int) -> list[Returned]:
        """Return what came back, the latest first."""
        query = sa.select(bounce).order_by(bounce.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [Returned(row.id, row.address, row.kind, row.detail, utc(row.at)) for row in rows]


def suppress(connection: sa.Connection, address: str, reason: str, now: datetime) -> None:
    """Let an address get no mail, inside a transaction."""
    insert = insert_of(connection.dialect.name)(suppression).values(address=address, reason=reason, at=now)
    connection.execute(insert.on_conflict_do_nothing(index_elements=["address"]))
    stop(connection, sa.and_(subscription.c.address == address, subscription.c.channel == "mail"), reason)


def stop(connection: sa.Connection, which: sa.ColumnElement[bool], why: str) -> None:
    """Stop subscriptions that stand, inside a transaction."""
    values = {"state": "stopped", "note": why, "due": None, "resumes": None}
    connection.execute(sa.update(subscription).where(which, subscription.c.state.in_(_STANDING)).values(**values))


def _ending(connection: sa.Connection, address: str, kind: str, soft: int, since: datetime) -> str | None:
    if kind == "complaint":
        return "its reader complained about a mail"
    if kind == "hard":
        return "mail to it came back: there is no such mailbox"
    counted = sa.select(sa.func.count()).where(bounce.c.address == address, bounce.c.kind == "soft")
    many = connection.scalar(counted.where(bounce.c.at >= since)) or 0
    return f"mail to it came back {many} times" if many >= soft else None


def _suppressed(connection: sa.Connection, address: str) -> bool:
    return connection.scalar(sa.select(suppression.c.address).where(suppression.c.address == address)) is not None


def _get(connection: sa.Connection, number: int) -> Subscription:
    row = connection.execute(sa.select(subscription).where(subscription.c.id == row_id(number))).one_or_none()
    if row is None:
        raise NotFoundError(f"no subscription has the number {number}")
    return _subscription(row)


def _update(connection: sa.Connection, number: int, **values: object) -> None:
    connection.execute(sa.update(subscription).where(subscription.c.id == row_id(number)).values(**values))


def _columns(pace: Pace) -> dict[str, Any]:
    return {name: getattr(pace, name) for name in Pace.__slots__}


_HIDDEN = {"secret"}
_TIMES = ("resumes", "covered", "due", "created", "confirmed")


def _subscription(row: sa.Row[tuple[object, ...]]) -> Subscription:
    values = {name: value for name, value in row._mapping.items() if name not in _HIDDEN}
    times = {name: utc(values[name]) for name in _TIMES if values[name] is not None}
    return Subscription(**values | times)


def forget_subscriptions(connection: sa.Connection, account_id: int) -> None:
    """Remove the subscriptions of an account, their editions and what these told, inside a transaction.

    That an address gets no mail stays: it is about the address, not the account.
    """
    own = sa.select(subscription.c.id).where(subscription.c.account_id == account_id)
    editions = sa.select(edition.c.id).where(edition.c.subscription_id.in_(own))
    connection.execute(sa.delete(told).where(told.c.edition_id.in_(editions)))
    connection.execute(sa.delete(edition).where(edition.c.subscription_id.in_(own)))
    connection.execute(sa.delete(subscription).where(subscription.c.account_id == account_id))
