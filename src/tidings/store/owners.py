"""How an installation comes by its first administrator, and what becomes of the owner who was there alone before."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tidings.errors import ConflictError, NotFoundError
from tidings.people import Account, Role
from tidings.store.accounts import as_account
from tidings.store.engine import reading, writing
from tidings.store.journal import log
from tidings.store.tables import account, metadata

_ADMINISTRATOR = sa.and_(
    account.c.role == int(Role.ADMIN), sa.or_(account.c.email.isnot(None), account.c.subject.isnot(None))
)
_OWNER = sa.and_(account.c.role == int(Role.ADMIN), account.c.email.is_(None), account.c.subject.is_(None))
"""Somebody without a way to sign in: whoever sat at the machine before there were accounts."""


class Owners:
    """The first one. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def has_administrator(self) -> bool:
        """Tell whether somebody who can sign in is administrator, be they kept out or not."""
        with reading(self._engine) as connection:
            return _exists(connection, _ADMINISTRATOR)

    def has_owner(self) -> bool:
        """Tell whether there is an account of a personal installation's owner, which nobody can sign in to."""
        with reading(self._engine) as connection:
            return _exists(connection, _OWNER)

    def appoint_first(self, number: int, now: datetime) -> Account:
        """Make an account the first administrator, unless there is one already; return it as it is then."""
        with writing(self._engine) as connection:
            before = _account(connection, account.c.id == number)
            if before.role == Role.ADMIN or _exists(connection, _ADMINISTRATOR):
                return before
            connection.execute(sa.update(account).where(account.c.id == number).values(role=int(Role.ADMIN)))
            was, subject = str(before.role), f"account:{number}"
            log(connection, number, "first administrator", subject, detail=str(Role.ADMIN), was=was, now=now)
            return _account(connection, account.c.id == number)

    def adopt(self, email: str, name: str, now: datetime) -> Account:
        """Give all that is the owner's to the person of an address, as an administrator.

        Where the address has no account, the owner's becomes its own, under the name. Where it has one, that keeps its
        name and gets everything: a vote that both gave is one, and of two shelves of one name the owner's is marked.

        Raises:
            NotFoundError: there is no such owner.
            ConflictError: the account is kept out.
        """
        with writing(self._engine) as connection:
            row = connection.execute(sa.select(account).where(_OWNER).order_by(account.c.id).limit(1)).one_or_none()
            if row is None:
                raise NotFoundError("there is no owner here without an address, whose things could be given away")
            found = connection.execute(sa.select(account).where(account.c.email == email)).one_or_none()
            if found is not None and found.disabled:
                raise ConflictError(f"{email} is kept out; let them in again first")
            adopted = row.id if found is None else found.id
            change = sa.update(account).where(account.c.id == adopted)
            if found is None:
                connection.execute(change.values(email=email, name=name))
            else:
                _give(connection, row.id, adopted)
                connection.execute(change.values(role=int(Role.ADMIN)))
            log(connection, None, "adopt", f"account:{adopted}", was=f"account:{row.id}", now=now)
            return _account(connection, account.c.id == adopted)


def _exists(connection: sa.Connection, which: sa.ColumnElement[bool]) -> bool:
    return connection.scalar(sa.select(account.c.id).where(which).limit(1)) is not None


def _account(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Account:
    return as_account(connection.execute(sa.select(account).where(which)).one())


def _give(connection: sa.Connection, owner: int, other: int) -> None:
    """Make everything that names one account name another, whatever table it is in, and remove the one."""
    for table in metadata.sorted_tables:
        if "account_id" in table.c:
            _settle_twins(connection, table, owner, other)
            connection.execute(sa.update(table).where(table.c.account_id == owner).values(account_id=other))
    connection.execute(sa.delete(account).where(account.c.id == owner))


def _settle_twins(connection: sa.Connection, table: sa.Table, owner: int, other: int) -> None:
    """Mark or drop what the owner has and the other has too, where a table takes it once for each account."""
    for constraint in table.constraints:
        if not isinstance(constraint, sa.PrimaryKeyConstraint | sa.UniqueConstraint):
            continue
        rest = [column for column in constraint.columns if column.name != "account_id"]
        if not rest or len(rest) == len(constraint.columns):
            continue
        twin = table.alias()
        same = sa.and_(twin.c.account_id == other, *(twin.c[column.name] == column for column in rest))
        clash = sa.and_(table.c.account_id == owner, sa.exists().where(same))
        if "name" in table.c:
            connection.execute(sa.update(table).where(clash).values(name=table.c.name + " (owner)"))
        else:
            connection.execute(sa.delete(table).where(clash))
