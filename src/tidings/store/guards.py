"""What has to be there when something is attached to it.

Whoever asks was looked up before, in another transaction: meanwhile a paper may have been merged into another, and an
account may have been disabled or deleted. Inside a writing transaction, neither can happen any more.
"""

from __future__ import annotations

import sqlalchemy as sa

from tidings.errors import ForbiddenError, NotFoundError, SignInError
from tidings.people import Role
from tidings.store.tables import account, alias, paper

_LARGEST_ID = 2**31 - 1


def row_id(number: int) -> int:
    """Return a number that a column of ids can be asked for; one out of its range is that of no row."""
    return number if 0 < number <= _LARGEST_ID else 0


def living(connection: sa.Connection, paper_id: int) -> int:
    """Return the paper that lives on under a number: that one, or the one it was merged into.

    Raises:
        NotFoundError: there is none.
    """
    survivor = sa.select(alias.c.survivor_id).where(alias.c.paper_id == row_id(paper_id)).scalar_subquery()
    found: int | None = connection.scalar(
        sa.select(paper.c.id).where(paper.c.id == sa.func.coalesce(survivor, row_id(paper_id)))
    )
    if found is None:
        raise NotFoundError(f"no paper here has the id paper:{paper_id}")
    return found


def present(connection: sa.Connection, account_id: int, role: Role = Role.READER) -> None:
    """Make sure that an account is there still, may come in, and has a role.

    Raises:
        SignInError: it was deleted or disabled.
        ForbiddenError: it has not the role any more.
    """
    query = sa.select(account.c.role).where(account.c.id == account_id, account.c.disabled.is_(False))
    found = connection.scalar(query)
    if found is None:
        raise SignInError("this account is no more, or disabled")
    if found < role:
        raise ForbiddenError(f"this needs the role {role}")
