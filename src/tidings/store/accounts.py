"""Accounts: who there is, what each may do, and that somebody can always look after the others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tidings.errors import ConflictError, NotFoundError, SignInError
from tidings.people import Account, Role
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import present, row_id
from tidings.store.journal import log
from tidings.store.subscriptions import forget_subscriptions
from tidings.store.tables import (
    account,
    act,
    example,
    hidden,
    interest,
    link,
    pick,
    rule,
    session,
    shelf,
    shelf_entry,
    shown,
    submission,
    token,
    vote,
)

# Whose curation stays when the account goes.
NOBODY = 0


class Accounts:
    """The people of an installation. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- asking ---

    def get(self, number: int) -> Account:
        """Return one account.

        Raises:
            NotFoundError: there is none of that number.
        """
        with reading(self._engine) as connection:
            return _get(connection, number)

    def by_email(self, email: str) -> Account | None:
        """Return the account of an address."""
        with reading(self._engine) as connection:
            return _one(connection, account.c.email == email)

    def by_subject(self, subject: str) -> Account | None:
        """Return the account of a person at the identity provider."""
        with reading(self._engine) as connection:
            return _one(connection, account.c.subject == subject)

    def with_password(self, email: str) -> tuple[Account, str | None] | None:
        """Return the account of an address and the hash of its password; one query, whatever there is."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(account).where(account.c.email == email)).one_or_none()
        return (as_account(row), row.password) if row is not None else None

    def all(self) -> list[Account]:
        """Return all accounts, oldest first."""
        with reading(self._engine) as connection:
            return [as_account(row) for row in connection.execute(sa.select(account).order_by(account.c.id))]

    def kept_of(self, number: int) -> dict[str, Any]:
        """Return every column of an account by name, for its own person; of the password only whether there is one.

        Raises:
            NotFoundError: there is none of that number.
        """
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(account).where(account.c.id == row_id(number))).one_or_none()
        if row is None:
            raise _unknown(number)
        kept = {name: utc(value) if isinstance(value, datetime) else value for name, value in row._mapping.items()}
        return kept | {"role": str(Role(row.role)), "password": row.password is not None}

    # --- coming ---

    def owner(self, name: str, now: datetime) -> Account | None:
        """Return the one account of a personal installation, made where there is none; None where others are."""
        with reading(self._engine) as connection:
            first = connection.execute(sa.select(account).limit(2)).all()
        if not first:
            with writing(self._engine) as connection:
                first = connection.execute(sa.select(account).limit(2)).all()
                if not first:
                    return _insert(connection, name, None, Role.ADMIN, now)
        alone = len(first) == 1 and first[0].email is None and first[0].subject is None
        return as_account(first[0]) if alone and first[0].role == Role.ADMIN else None

    def add(self, name: str, email: str, role: Role, now: datetime) -> Account:
        """Make an account by hand; the log has it.

        Raises:
            ConflictError: the address has one.
        """
        with writing(self._engine) as connection:
            if _one(connection, account.c.email == email):
                raise ConflictError(f"{email} has an account already")
            made = _insert(connection, name, email, role, now)
            log(connection, None, "add account", f"account:{made.id}", detail=str(role), now=now)
            return made

    def join(self, name: str, email: str | None, subject: str | None, now: datetime) -> Account:
        """Return the account of a person who comes with somebody else's word, made where there is none."""
        with writing(self._engine) as connection:
            for column, value in ((account.c.subject, subject), (account.c.email, email)):
                if value is not None and (found := _one(connection, column == value)):
                    return found
            return _insert(connection, name, email, Role.READER, now, subject=subject)

    def enter(self, digest: str, name: str, now: datetime, *, strangers: bool) -> Account | None:
        """Use a link: return the account that it lets in, made where there is none, as an invitation says.

        Of two who use it at once one is let in, and every other link to its address ends with it. None: it was used or
        is too old, or it is a stranger's and ``strangers`` may not come uninvited.
        """
        with writing(self._engine) as connection:
            email = connection.scalar(sa.select(link.c.email).where(valid_link(digest, now)))
            if email is None:
                return None
            invited = sa.select(link).where(link.c.email == email, link.c.kind == "invitation", link.c.expires > now)
            invitation = connection.execute(invited).one_or_none()
            connection.execute(sa.delete(link).where(link.c.email == email))
            found = _one(connection, account.c.email == email)
            if found or not (invitation or strangers):
                return found
            if invitation is None:
                return _insert(connection, name, email, Role.READER, now)
            return _welcome(connection, name, invitation, now)

    def bind(self, number: int, subject: str) -> Account:
        """Note who an account is at the identity provider.

        Raises:
            SignInError: the provider knows it as somebody else: an address may be given to another person, a subject
                never is (OpenID Connect Core 1.0, section 5.7).
        """
        with writing(self._engine) as connection:
            before = connection.scalar(sa.select(account.c.subject).where(account.c.id == number))
            if before not in (None, subject) and _issuer(before) == _issuer(subject):
                raise SignInError("this address belongs to somebody else's account; ask an administrator")
            connection.execute(sa.update(account).where(account.c.id == number).values(subject=subject))
            return _get(connection, number)

    # --- changing ---

    def change(self, number: int, *, name: str | None = None, is_named: bool | None = None) -> Account:
        """Change how others see an account; what is None stays."""
        given = {"name": name, "is_named": is_named}
        values = {key: value for key, value in given.items() if value is not None}
        with writing(self._engine) as connection:
            if values:
                connection.execute(sa.update(account).where(account.c.id == number).values(**values))
            return _get(connection, number)

    def set_password(self, number: int, hashed: str) -> None:
        """Give an account a password; its sessions end, and links under way."""
        with writing(self._engine) as connection:
            connection.execute(sa.update(account).where(account.c.id == number).values(password=hashed))
            connection.execute(sa.delete(session).where(session.c.account_id == number))
            _end_links_to(connection, number)

    def set_role(self, number: int, role: Role, by: int | None, now: datetime) -> Account:
        """Give an account another role. Who is an administrator no more has invited nobody.

        ``by`` is the administrator who does it, None the command line.

        Raises:
            SignInError, ForbiddenError: whoever does it is no administrator any more.
            NotFoundError: no account has that number.
            ConflictError: no administrator would be left.
        """
        with writing(self._engine) as connection:
            _may_administer(connection, by)
            before = _get(connection, number)
            if before.role == role:
                return before
            connection.execute(sa.update(account).where(account.c.id == number).values(role=int(role)))
            if before.role == Role.ADMIN:
                _keep_an_administrator(connection)
                connection.execute(sa.delete(link).where(link.c.account_id == number))
            log(connection, by, "role", f"account:{number}", detail=str(role), was=str(before.role), now=now)
            return _get(connection, number)

    def set_disabled(self, number: int, disabled: bool, by: int | None, now: datetime) -> Account:
        """Keep an account out, or let it in again. All that lets it in ends: sessions, tokens, links.

        Raises:
            SignInError, ForbiddenError, NotFoundError, ConflictError: as for the role.
        """
        with writing(self._engine) as connection:
            _may_administer(connection, by)
            before = _get(connection, number)
            if before.disabled == disabled:
                return before
            connection.execute(sa.update(account).where(account.c.id == number).values(disabled=disabled))
            if disabled:
                _keep_an_administrator(connection)
                _shut_out(connection, number)
            log(connection, by, "disable" if disabled else "enable", f"account:{number}", now=now)
            return _get(connection, number)

    def remove(self, number: int, verb: str, now: datetime) -> None:
        """Remove an account and everything in it. Its curation stands, without its name; so does a line in the log.

        Raises:
            NotFoundError: no account has that number.
            ConflictError: it is the last administrator and others are left.
        """
        with writing(self._engine) as connection:
            before = _get(connection, number)
            _shut_out(connection, number)
            shelves = sa.select(shelf.c.id).where(shelf.c.account_id == number)
            connection.execute(sa.delete(shelf_entry).where(shelf_entry.c.shelf_id.in_(shelves)))
            forget_subscriptions(connection, number)
            interests = sa.select(interest.c.id).where(interest.c.account_id == number)
            connection.execute(sa.delete(example).where(example.c.interest_id.in_(interests)))
            for table in (shelf, vote, submission, interest, shown, rule):
                connection.execute(sa.delete(table).where(table.c.account_id == number))
            for kept, nobody in ((pick, NOBODY), (hidden, NOBODY), (act, None)):
                connection.execute(sa.update(kept).where(kept.c.account_id == number).values(account_id=nobody))
            connection.execute(sa.delete(account).where(account.c.id == number))
            if before.role == Role.ADMIN:
                _keep_an_administrator(connection)
            log(connection, None, verb, f"account:{number}", was=str(before.role), now=now)


def as_account(row: sa.Row[tuple[object, ...]]) -> Account:
    """Return the account in a row of its table."""
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


def valid_link(digest: str, now: datetime) -> sa.ColumnElement[bool]:
    """Return that a link has a digest and may be used."""
    return sa.and_(link.c.digest == digest, link.c.kind.in_(("sign-in", "invitation")), link.c.expires > now)


def _one(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Account | None:
    row = connection.execute(sa.select(account).where(which)).one_or_none()
    return as_account(row) if row is not None else None


def _get(connection: sa.Connection, number: int) -> Account:
    found = _one(connection, account.c.id == row_id(number))
    if found is None:
        raise _unknown(number)
    return found


def _unknown(number: int) -> NotFoundError:
    return NotFoundError(f"no account has the number {number}")


def _insert(
    connection: sa.Connection, name: str, email: str | None, role: Role, now: datetime, *, subject: str | None = None
) -> Account:
    values = {"name": name, "email": email, "role": int(role), "subject": subject, "created": now}
    number = connection.execute(sa.insert(account).values(**values).returning(account.c.id)).scalar_one()
    return _get(connection, number)


def _welcome(connection: sa.Connection, name: str, invitation: sa.Row[tuple[object, ...]], now: datetime) -> Account:
    made = _insert(connection, name, invitation.email, Role(invitation.role), now)
    was, role = f"invitation:{invitation.id}", str(made.role)
    log(connection, made.id, "join", f"account:{made.id}", detail=role, was=was, now=now)
    return made


def _may_administer(connection: sa.Connection, by: int | None) -> None:
    if by is not None:
        present(connection, by, Role.ADMIN)


def _issuer(subject: str | None) -> str:
    return (subject or "").partition(" ")[0]


def _end_links_to(connection: sa.Connection, number: int) -> None:
    email = sa.select(account.c.email).where(account.c.id == number).scalar_subquery()
    connection.execute(sa.delete(link).where(link.c.email == email))


def _shut_out(connection: sa.Connection, number: int) -> None:
    """End whatever lets an account in, and whatever it would let others in by."""
    _end_links_to(connection, number)
    for table in (session, token, link):
        connection.execute(sa.delete(table).where(table.c.account_id == number))


def _keep_an_administrator(connection: sa.Connection) -> None:
    """Refuse a change after which nobody could administer. One without an address can only where it is alone."""
    able = sa.select(account).where(account.c.role == int(Role.ADMIN), account.c.disabled.is_(False))
    admins = connection.execute(able).all()
    if any(admin.email or admin.subject for admin in admins):
        return
    others = connection.scalar(sa.select(sa.func.count()).select_from(account)) or 0
    if others > len(admins):
        raise ConflictError("an installation needs an administrator; make another one first")
