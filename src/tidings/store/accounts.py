"""Accounts and what lets them in: sessions, tokens, links. Only hashes of secrets are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from tidings.errors import ConflictError, NotFoundError
from tidings.people import Account, Invitation, Role, Session, Token
from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.tables import (
    account,
    act,
    attempt,
    hidden,
    link,
    pick,
    session,
    shelf,
    shelf_entry,
    submission,
    token,
    vote,
)

# A session or a token notes that it was used this often at most: reading a page should not cost a write.
_NOTED_EVERY = timedelta(minutes=10)


class Accounts:
    """The people of an installation. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- accounts ---

    def add(self, name: str, email: str | None, role: Role, now: datetime, *, subject: str | None = None) -> Account:
        """Make an account.

        Raises:
            ConflictError: the address has one.
        """
        values = {"name": name, "email": email, "role": int(role), "subject": subject, "created": now}
        try:
            with writing(self._engine) as connection:
                if email and connection.scalar(sa.select(account.c.id).where(account.c.email == email)):
                    raise ConflictError(f"{email} has an account already")
                number = connection.execute(sa.insert(account).values(**values).returning(account.c.id)).scalar_one()
        except sa.exc.IntegrityError as error:
            raise ConflictError(f"{email or subject} has an account already") from error
        return self.get(number)

    def get(self, number: int) -> Account:
        """Return one account.

        Raises:
            NotFoundError: there is none of that number.
        """
        found = self._one(account.c.id == number)
        if found is None:
            raise NotFoundError(f"no account has the number {number}")
        return found

    def by_email(self, email: str) -> Account | None:
        """Return the account of an address."""
        return self._one(account.c.email == email)

    def by_subject(self, subject: str) -> Account | None:
        """Return the account of a person at the identity provider."""
        return self._one(account.c.subject == subject)

    def password_of(self, number: int) -> str | None:
        """Return the hash of an account's password, if it has one."""
        with reading(self._engine) as connection:
            found: str | None = connection.scalar(sa.select(account.c.password).where(account.c.id == number))
            return found

    def all(self) -> list[Account]:
        """Return all accounts, oldest first."""
        with reading(self._engine) as connection:
            return [_account(row) for row in connection.execute(sa.select(account).order_by(account.c.id))]

    def change(self, number: int, **values: object) -> Account:
        """Change fields of an account (name, email, role, is_named, disabled, password, subject, seen).

        Raises:
            ConflictError: the last administrator would be lost, or another account has the address.
        """
        try:
            with writing(self._engine) as connection:
                connection.execute(sa.update(account).where(account.c.id == number).values(**values))
                if values.get("disabled") or "role" in values:
                    _keep_an_administrator(connection)
                if values.get("disabled") or "password" in values:
                    connection.execute(sa.delete(session).where(session.c.account_id == number))
        except sa.exc.IntegrityError as error:
            raise ConflictError(f"{values.get('email')} has an account already") from error
        return self.get(number)

    def remove(self, number: int) -> None:
        """Remove an account and everything in it. Its curation stands, without its name.

        Raises:
            ConflictError: it is the last administrator and others are left.
        """
        with writing(self._engine) as connection:
            shelves = sa.select(shelf.c.id).where(shelf.c.account_id == number)
            connection.execute(sa.delete(shelf_entry).where(shelf_entry.c.shelf_id.in_(shelves)))
            for table in (shelf, vote, submission, session, token):
                connection.execute(sa.delete(table).where(table.c.account_id == number))
            for kept in (pick, hidden):
                connection.execute(sa.update(kept).where(kept.c.account_id == number).values(account_id=0))
            connection.execute(sa.update(act).where(act.c.account_id == number).values(account_id=None))
            email = connection.scalar(sa.select(account.c.email).where(account.c.id == number))
            connection.execute(sa.delete(link).where(link.c.email == email))
            connection.execute(sa.delete(account).where(account.c.id == number))
            _keep_an_administrator(connection)

    def _one(self, which: sa.ColumnElement[bool]) -> Account | None:
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(account).where(which)).one_or_none()
        return _account(row) if row is not None else None

    # --- sessions ---

    def open_session(self, number: int, digest: str, label: str, now: datetime, expires: datetime) -> None:
        """Note that an account is signed in somewhere."""
        values = {"digest": digest, "account_id": number, "label": label, "created": now, "seen": now}
        with writing(self._engine) as connection:
            connection.execute(sa.delete(session).where(session.c.expires <= now))
            connection.execute(sa.insert(session).values(**values, expires=expires))

    def by_session(self, digest: str, now: datetime) -> Account | None:
        """Return whose session it is, unless it ended."""
        query = sa.select(account, session.c.seen.label("session_seen")).join(
            session, session.c.account_id == account.c.id
        )
        with reading(self._engine) as connection:
            row = connection.execute(query.where(session.c.digest == digest, session.c.expires > now)).one_or_none()
        if row is None:
            return None
        if now - utc(row.session_seen) > _NOTED_EVERY:
            self._note(session, session.c.digest == digest, "seen", now, row.id)
        return _account(row)

    def sessions(self, number: int, now: datetime) -> list[Session]:
        """Return where an account is signed in, the latest first."""
        query = sa.select(session).where(session.c.account_id == number, session.c.expires > now)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(session.c.seen.desc())).all()
        return [Session(r.digest, r.label, utc(r.created), utc(r.seen), utc(r.expires)) for r in rows]

    def close_sessions(self, number: int, digests: Sequence[str] = ()) -> None:
        """End sessions of an account: those of the digests, or all."""
        which = session.c.account_id == number
        if digests:
            which = sa.and_(which, session.c.digest.in_(digests))
        with writing(self._engine) as connection:
            connection.execute(sa.delete(session).where(which))

    # --- tokens ---

    def add_token(
        self, number: int, digest: str, label: str, scopes: Sequence[str], *, now: datetime, expires: datetime | None
    ) -> int:
        """Keep the hash of a token; return its number."""
        values = {"digest": digest, "account_id": number, "label": label, "scopes": " ".join(scopes)}
        with writing(self._engine) as connection:
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
            self._note(token, token.c.digest == digest, "used", now, row.id)
        return _account(row), frozenset(row.scopes.split())

    def tokens(self, number: int) -> list[Token]:
        """Return the tokens of an account."""
        query = sa.select(token).where(token.c.account_id == number).order_by(token.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [
            Token(
                r.id,
                r.label,
                tuple(r.scopes.split()),
                utc(r.created),
                r.used and utc(r.used),
                r.expires and utc(r.expires),
            )
            for r in rows
        ]

    def remove_token(self, number: int, token_id: int) -> bool:
        """Revoke a token of an account; return whether it had it."""
        which = sa.and_(token.c.account_id == number, token.c.id == token_id)
        with writing(self._engine) as connection:
            return bool(connection.execute(sa.delete(token).where(which)).rowcount)

    def _note(self, table: sa.Table, which: sa.ColumnElement[bool], column: str, now: datetime, number: int) -> None:
        with writing(self._engine) as connection:
            connection.execute(sa.update(table).where(which).values({column: now}))
            connection.execute(sa.update(account).where(account.c.id == number).values(seen=now))

    # --- links ---

    def add_link(
        self, kind: str, digest: str, email: str, role: Role, by: str, *, now: datetime, expires: datetime
    ) -> None:
        """Keep the hash of a link that lets its reader in once."""
        values = {"kind": kind, "digest": digest, "email": email, "role": int(role), "by": by, "created": now}
        with writing(self._engine) as connection:
            connection.execute(sa.delete(link).where(link.c.expires <= now))
            connection.execute(sa.insert(link).values(**values, expires=expires))

    def link(self, kind: str, digest: str, now: datetime) -> Invitation | None:
        """Return what a link stands for, unless it was used or expired."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(link).where(_valid(kind, digest, now))).one_or_none()
        return _invitation(row) if row is not None else None

    def use_link(self, kind: str, digest: str, now: datetime) -> Invitation | None:
        """Return what a link stands for and end it; of two who use it at once, one gets it."""
        with writing(self._engine) as connection:
            row = connection.execute(sa.delete(link).where(_valid(kind, digest, now)).returning(link)).one_or_none()
        return _invitation(row) if row is not None else None

    def invitations(self, now: datetime) -> list[Invitation]:
        """Return who was invited and has not come yet."""
        query = sa.select(link).where(link.c.kind == "invitation", link.c.expires > now).order_by(link.c.id)
        with reading(self._engine) as connection:
            return [_invitation(row) for row in connection.execute(query)]

    def withdraw_invitation(self, number: int) -> bool:
        """End an invitation; return whether there was one."""
        with writing(self._engine) as connection:
            which = sa.and_(link.c.id == number, link.c.kind == "invitation")
            return bool(connection.execute(sa.delete(link).where(which)).rowcount)

    # --- attempts ---

    def try_again(self, names: Sequence[str], most: int, within: timedelta, now: datetime) -> timedelta | None:
        """Count an attempt under each name; return how long to wait when one of them has had enough, else None."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(attempt).where(attempt.c.since <= now - timedelta(days=1)))
            waits = [self._count(connection, name, most, within, now) for name in names]
        return max((wait for wait in waits if wait), default=None)

    def _count(
        self, connection: sa.Connection, name: str, most: int, within: timedelta, now: datetime
    ) -> timedelta | None:
        row = connection.execute(sa.select(attempt).where(attempt.c.name == name)).one_or_none()
        if row is None or utc(row.since) + within <= now:
            statement = insert_of(connection.dialect.name)(attempt).values(name=name, since=now, tried=1)
            fresh = {"since": now, "tried": 1}
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=fresh))
            return None
        if row.tried >= most:
            return utc(row.since) + within - now
        connection.execute(sa.update(attempt).where(attempt.c.name == name).values(tried=row.tried + 1))
        return None


def _account(row: sa.Row[tuple[object, ...]]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        email=row.email,
        role=Role(row.role),
        is_named=row.is_named,
        created=utc(row.created),
        seen=utc(row.seen) if row.seen else None,
        disabled=row.disabled,
        has_password=row.password is not None,
    )


def _invitation(row: sa.Row[tuple[object, ...]]) -> Invitation:
    return Invitation(row.id, row.email, Role(row.role), row.by, utc(row.created), utc(row.expires))


def _valid(kind: str, digest: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(link.c.kind == kind, link.c.digest == digest, link.c.expires > now)


def _keep_an_administrator(connection: sa.Connection) -> None:
    able = sa.and_(account.c.role == int(Role.ADMIN), account.c.disabled.is_(False))
    others = connection.scalar(sa.select(sa.func.count()).select_from(account))
    if others and not connection.scalar(sa.select(sa.func.count()).where(able)):
        raise ConflictError("an installation needs an administrator; make another one first")
