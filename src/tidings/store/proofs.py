"""What lets an account in: sessions, tokens, links; and how often somebody tried. Only hashes of secrets are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from tidings.errors import ConflictError
from tidings.people import Account, Invitation, Role, Session, Token
from tidings.store.accounts import as_account, valid_link
from tidings.store.among import among
from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import present, row_id
from tidings.store.journal import log
from tidings.store.tables import account, attempt, link, session, token

# A session or a token notes that it was used this often at most: reading a page should not cost a write.
_NOTED_EVERY = timedelta(minutes=10)
_ATTEMPTS_KEPT = timedelta(days=1)


class Proofs:
    """The ways in. Each method is one transaction; a session or a token that is used notes that in another."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- sessions ---

    def open_session(self, number: int, digest: str, label: str, *, now: datetime, expires: datetime) -> None:
        """Note that an account is signed in somewhere.

        Raises:
            SignInError: the account was deleted or disabled meanwhile.
        """
        values = {"digest": digest, "account_id": number, "label": label, "created": now, "seen": now}
        with writing(self._engine) as connection:
            present(connection, number)
            _forget(connection, now)
            connection.execute(sa.insert(session).values(**values, expires=expires))
            connection.execute(sa.update(account).where(account.c.id == number).values(seen=now))

    def by_session(self, digest: str, now: datetime) -> tuple[Account, datetime] | None:
        """Return whose session it is and since when, unless it ended."""
        query = sa.select(account, session.c.seen.label("used"), session.c.created.label("since")).join(
            session, session.c.account_id == account.c.id
        )
        with reading(self._engine) as connection:
            row = connection.execute(query.where(session.c.digest == digest, session.c.expires > now)).one_or_none()
        if row is None:
            return None
        if now - utc(row.used) > _NOTED_EVERY:
            self._note(session, digest, row.id, seen=now)
        return as_account(row), utc(row.since)

    def sessions(self, number: int, now: datetime) -> list[Session]:
        """Return where an account is signed in, the latest first."""
        query = sa.select(session).where(session.c.account_id == number, session.c.expires > now)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(session.c.seen.desc(), session.c.digest)).all()
        return [Session(r.digest, r.label, utc(r.created), utc(r.seen), utc(r.expires)) for r in rows]

    def end_sessions(self, number: int, digests: Sequence[str] | None = None) -> None:
        """End sessions of an account: those of the digests, or all where None are named."""
        which = session.c.account_id == number
        if digests is not None:
            which = sa.and_(which, among(session.c.digest, digests))
        with writing(self._engine) as connection:
            connection.execute(sa.delete(session).where(which))

    # --- tokens ---

    def add_token(
        self, number: int, digest: str, label: str, scopes: Sequence[str], *, now: datetime, expires: datetime | None
    ) -> int:
        """Keep the hash of a token; return its number.

        Raises:
            SignInError: the account was deleted or disabled meanwhile.
        """
        values = {"digest": digest, "account_id": number, "label": label, "scopes": " ".join(scopes)}
        with writing(self._engine) as connection:
            present(connection, number)
            made = sa.insert(token).values(**values, created=now, expires=expires).returning(token.c.id)
            key: int = connection.execute(made).scalar_one()
            return key

    def by_token(self, digest: str, now: datetime) -> tuple[Account, frozenset[str]] | None:
        """Return whose token it is and what it may, unless it expired."""
        query = sa.select(account, token.c.scopes, token.c.used).join(token, token.c.account_id == account.c.id)
        valid = sa.or_(token.c.expires.is_(None), token.c.expires > now)
        with reading(self._engine) as connection:
            row = connection.execute(query.where(token.c.digest == digest, valid)).one_or_none()
        if row is None:
            return None
        if row.used is None or now - utc(row.used) > _NOTED_EVERY:
            self._note(token, digest, row.id, used=now)
        return as_account(row), frozenset(row.scopes.split())

    def tokens(self, number: int) -> list[Token]:
        """Return the tokens of an account, oldest first."""
        query = sa.select(token).where(token.c.account_id == number).order_by(token.c.id)
        with reading(self._engine) as connection:
            return [_token(row) for row in connection.execute(query)]

    def remove_token(self, number: int, token_id: int) -> bool:
        """Revoke a token of an account; return whether it had it."""
        which = sa.and_(token.c.account_id == number, token.c.id == row_id(token_id))
        with writing(self._engine) as connection:
            return bool(connection.execute(sa.delete(token).where(which)).rowcount)

    def _note(self, table: sa.Table, digest: str, number: int, **used: datetime) -> None:
        """Note that a session or a token was used, and that its account was seen."""
        with writing(self._engine) as connection:
            connection.execute(sa.update(table).where(table.c.digest == digest).values(**used))
            connection.execute(sa.update(account).where(account.c.id == number).values(seen=max(used.values())))

    # --- links; they are used by ``Accounts.enter`` ---

    def add_link(self, kind: str, digest: str, email: str, *, now: datetime, expires: datetime) -> None:
        """Keep the hash of a link that lets the reader of a mail in, once; of kind "nobody" it lets nobody in."""
        values = {"kind": kind, "digest": digest, "email": email, "role": int(Role.READER)}
        with writing(self._engine) as connection:
            _forget(connection, now)
            _insert_link(connection, **values, created=now, expires=expires)

    def invite(self, by: int, digest: str, email: str, role: Role, *, now: datetime, expires: datetime) -> None:
        """Keep the hash of an invitation, in place of an earlier one of that address.

        Raises:
            SignInError, ForbiddenError: whoever invites is no administrator any more.
            ConflictError: the address has an account.
        """
        values = {"kind": "invitation", "digest": digest, "email": email, "role": int(role), "account_id": by}
        with writing(self._engine) as connection:
            present(connection, by, Role.ADMIN)
            if connection.scalar(sa.select(account.c.id).where(account.c.email == email)):
                raise ConflictError(f"{email} has an account already")
            connection.execute(sa.delete(link).where(link.c.email == email, link.c.kind == "invitation"))
            number = _insert_link(connection, **values, created=now, expires=expires)
            log(connection, by, "invite", f"invitation:{number}", detail=str(role), now=now)

    def link(self, digest: str, now: datetime) -> str | None:
        """Return the address that a link was sent to, unless it was used or is too old."""
        with reading(self._engine) as connection:
            return connection.scalar(sa.select(link.c.email).where(valid_link(digest, now)))

    def invitations(self, now: datetime, by: int | None = None) -> list[Invitation]:
        """Return who was invited, by that account where one is given, and has not come yet."""
        query = sa.select(link, account.c.name).outerjoin(account, account.c.id == link.c.account_id)
        query = query.where(link.c.kind == "invitation", link.c.expires > now).order_by(link.c.id)
        if by is not None:
            query = query.where(link.c.account_id == by)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [Invitation(r.id, r.email, Role(r.role), r.name, utc(r.created), utc(r.expires)) for r in rows]

    def withdraw_invitation(self, number: int, by: int, now: datetime) -> bool:
        """End an invitation; return whether there was one.

        Raises:
            SignInError, ForbiddenError: whoever does it is no administrator any more.
        """
        with writing(self._engine) as connection:
            present(connection, by, Role.ADMIN)
            which = sa.and_(link.c.id == row_id(number), link.c.kind == "invitation")
            there = bool(connection.execute(sa.delete(link).where(which)).rowcount)
            if there:
                log(connection, by, "withdraw invitation", f"invitation:{number}", now=now)
            return there

    def forget(self, now: datetime) -> None:
        """Forget sessions and links that are too old, and who tried to get in until a day ago."""
        with writing(self._engine) as connection:
            _forget(connection, now)

    # --- attempts ---

    def attempt(self, limits: Mapping[str, int], within: timedelta, now: datetime) -> timedelta | None:
        """Count an attempt under each name; return how long to wait, and count nothing, when one has had enough.

        The time begins with the first attempt and is not prolonged by those that are refused.
        """
        with writing(self._engine) as connection:
            _forget(connection, now)
            tried = _tried(connection, limits, within, now)
            waits = [since + within - now for name, (since, count) in tried.items() if count >= limits[name]]
            if waits:
                return max(waits)
            for name in limits:
                since, count = tried.get(name, (now, 0))
                values = {"since": since, "tried": count + 1}
                statement = insert_of(connection.dialect.name)(attempt).values(name=name, **values)
                connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
            return None


def _forget(connection: sa.Connection, now: datetime) -> None:
    """Forget what lets nobody in any more, and who tried: addresses of networks are nobody's to keep."""
    connection.execute(sa.delete(session).where(session.c.expires <= now))
    connection.execute(sa.delete(link).where(link.c.expires <= now))
    connection.execute(sa.delete(attempt).where(attempt.c.since <= now - _ATTEMPTS_KEPT))


def _tried(
    connection: sa.Connection, limits: Mapping[str, int], within: timedelta, now: datetime
) -> dict[str, tuple[datetime, int]]:
    """Return since when and how often each was tried; a time that is over, or is not yet, is forgotten."""
    rows = connection.execute(sa.select(attempt).where(among(attempt.c.name, limits)))
    found = {row.name: (utc(row.since), row.tried) for row in rows}
    return {name: (since, count) for name, (since, count) in found.items() if since <= now < since + within}


def _token(row: sa.Row[tuple[object, ...]]) -> Token:
    used, expires = row.used and utc(row.used), row.expires and utc(row.expires)
    return Token(row.id, row.label, tuple(row.scopes.split()), utc(row.created), used, expires)


def _insert_link(connection: sa.Connection, **values: object) -> int:
    """Insert a link; return its number."""
    number: int = connection.execute(sa.insert(link).values(**values).returning(link.c.id)).scalar_one()
    return number
