"""What a reader's feeds showed, and which words and authors are muted or followed in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from tidings.errors import ConflictError
from tidings.store.among import among_named, as_list
from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import present
from tidings.store.tables import paper, rule, shown
from tidings.types import Rule, Showing


class Placed(NamedTuple):
    """Where a feed showed a paper, from 1, and what was known of it then.

    ``chance`` is that of the draw by which it was there, None where it was not drawn; ``interest_id`` spoke for it, and
    ``features`` are its ``learn.second.FEATURES`` as float32, None where nothing is to be learnt from the showing.
    """

    place: int
    chance: float | None = None
    interest_id: int | None = None
    features: bytes | None = None


class Habits:
    """Of all accounts. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- what was shown ---

    def show(self, account_id: int, places: Mapping[int, Placed], now: datetime) -> None:
        """Note that papers were shown, each at its place; the first time counts. Those that are gone are left out.

        Raises:
            SignInError: the account was deleted or disabled meanwhile.
        """
        with writing(self._engine) as connection:
            present(connection, account_id)
            alive = connection.scalars(_ALIVE, {"ids": as_list(places)})
            rows = [{"account_id": account_id, "paper_id": n, "at": now, **places[n]._asdict()} for n in alive]
            if rows:
                connection.execute(insert_of(connection.dialect.name)(shown).on_conflict_do_nothing(), rows)

    def open(self, account_id: int, paper_id: int, now: datetime) -> None:
        """Note that a paper was opened, the first time; one that no feed showed has the place 0.

        Raises:
            SignInError: the account was deleted or disabled meanwhile.
        """
        with writing(self._engine) as connection:
            present(connection, account_id)
            if not list(connection.scalars(_ALIVE, {"ids": as_list([paper_id])})):
                return
            values = {"account_id": account_id, "paper_id": paper_id, "at": now, "place": 0, "opened": now}
            insert = insert_of(connection.dialect.name)(shown).values(**values)
            first = sa.func.coalesce(shown.c.opened, now)
            keys = ["account_id", "paper_id"]
            connection.execute(insert.on_conflict_do_update(index_elements=keys, set_={"opened": first}))

    def showings(self, account_id: int, paper_ids: Sequence[int]) -> dict[int, Showing]:
        """Return when papers were shown to an account, of those that were."""
        with reading(self._engine) as connection:
            rows = connection.execute(_SHOWINGS, {"ids": as_list(paper_ids), "owner": account_id})
            return {row.paper_id: _showing(row) for row in rows}

    def all_showings(self, account_id: int) -> list[Showing]:
        """Return all that was shown to an account, the first first."""
        query = sa.select(shown).where(shown.c.account_id == account_id).order_by(shown.c.at, shown.c.paper_id)
        with reading(self._engine) as connection:
            return [_showing(row) for row in connection.execute(query)]

    def shown_before(self, account_id: int, moment: datetime, since: datetime) -> list[int]:
        """Return the papers that were first shown to an account before a moment and after another."""
        with reading(self._engine) as connection:
            values = {"owner": account_id, "moment": moment, "since": since}
            return list(connection.scalars(_SHOWN_BEFORE, values))

    # --- rules ---

    def rules(self, account_id: int) -> list[Rule]:
        """Return what an account mutes and follows, by kind and value."""
        with reading(self._engine) as connection:
            rows = connection.execute(_RULES, {"owner": account_id})
            return [Rule(row.kind, row.value, utc(row.at)) for row in rows]

    def add_rule(self, account_id: int, kind: str, value: str, now: datetime, *, most: int) -> None:
        """Keep a rule; twice is once.

        Raises:
            SignInError: the account was deleted or disabled meanwhile.
            ConflictError: the account has ``most`` rules already.
        """
        with writing(self._engine) as connection:
            present(connection, account_id)
            others = sa.and_(rule.c.account_id == account_id, sa.not_(_is(kind, value)))
            if (connection.scalar(sa.select(sa.func.count()).where(others)) or 0) >= most:
                raise ConflictError(f"an account has at most {most} rules; take one back first")
            values = {"account_id": account_id, "kind": kind, "value": value, "at": now}
            connection.execute(insert_of(connection.dialect.name)(rule).values(**values).on_conflict_do_nothing())

    def remove_rule(self, account_id: int, kind: str, value: str) -> bool:
        """Forget a rule; return whether it was there."""
        with writing(self._engine) as connection:
            which = sa.and_(rule.c.account_id == account_id, _is(kind, value))
            return connection.execute(sa.delete(rule).where(which)).rowcount > 0


_RULES = (
    sa.select(rule)
    .where(rule.c.account_id == sa.bindparam("owner", type_=sa.Integer))
    .order_by(rule.c.kind, rule.c.value)
)
_OWNER = shown.c.account_id == sa.bindparam("owner", type_=sa.Integer)
_ALIVE = sa.select(paper.c.id).where(among_named(paper.c.id, "ids"))
_SHOWINGS = sa.select(shown).where(among_named(shown.c.paper_id, "ids"), _OWNER)
_SHOWN_BEFORE = sa.select(shown.c.paper_id).where(
    _OWNER,
    shown.c.place > 0,
    shown.c.at < sa.bindparam("moment", type_=sa.DateTime(timezone=True)),
    shown.c.at >= sa.bindparam("since", type_=sa.DateTime(timezone=True)),
)


def _showing(row: sa.Row[Any]) -> Showing:
    return Showing(row.paper_id, utc(row.at), row.place, utc(row.opened) if row.opened else None, row.chance)


def _is(kind: str, value: str) -> sa.ColumnElement[bool]:
    return sa.and_(rule.c.kind == kind, rule.c.value == value)
