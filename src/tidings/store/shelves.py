"""Shelves: people's named lists of papers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from tidings.errors import ConflictError, NotFoundError
from tidings.people import Shelf, ShelfEntry, Wish
from tidings.store.among import among, among_named, as_list
from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import living, present, row_id
from tidings.store.tables import account, shelf, shelf_entry


class Shelves:
    """The shelves of all accounts; who may see which is decided above. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, account_id: int, name: str, visibility: str, key: str | None, now: datetime) -> Shelf:
        """Make a shelf.

        Raises:
            SignInError: the account was deleted or disabled meanwhile.
            ConflictError: it has one of that name.
        """
        with writing(self._engine) as connection:
            present(connection, account_id)
            if _named(connection, account_id, name) is not None:
                raise _taken(name)
            return _get(connection, _insert(connection, account_id, name, visibility, key=key, now=now))

    def ensure(self, account_id: int, name: str, now: datetime) -> Shelf:
        """Return an account's shelf of a name, made and private where there is none.

        Raises:
            SignInError: the account was deleted or disabled meanwhile.
        """
        with writing(self._engine) as connection:
            present(connection, account_id)
            number = _named(connection, account_id, name)
            if number is None:
                number = _insert(connection, account_id, name, "private", key=None, now=now)
            return _get(connection, number)

    def get(self, number: int) -> Shelf:
        """Return one shelf.

        Raises:
            NotFoundError: there is none of that number.
        """
        with reading(self._engine) as connection:
            return _get(connection, number)

    def by_key(self, key: str) -> Shelf | None:
        """Return the shelf with that key in its address."""
        with reading(self._engine) as connection:
            return next(iter(_where(connection, shelf.c.key == key, shelf.c.visibility == "link")), None)

    def of(self, account_id: int) -> list[Shelf]:
        """Return the shelves of an account, by name."""
        with reading(self._engine) as connection:
            return _where(connection, shelf.c.account_id == account_id)

    def of_lab(self) -> list[Shelf]:
        """Return the shelves that every member sees, by name."""
        with reading(self._engine) as connection:
            return _where(connection, shelf.c.visibility == "lab")

    def change(self, number: int, *, name: str | None, visibility: str | None, key: str | None) -> Shelf:
        """Rename a shelf, or say who sees it: both or, where one is refused, neither; what is None stays.

        ``key`` is for one that whoever has its address sees from now on; one that is shown so already keeps its own.

        Raises:
            NotFoundError: it is gone.
            ConflictError: its owner has another of that name.
        """
        with writing(self._engine) as connection:
            before, values = _get(connection, number), dict[str, str | None]()
            if name is not None:
                if _named(connection, before.account_id, name) not in (None, number):
                    raise _taken(name)
                values["name"] = name
            if visibility not in (None, before.visibility):
                values |= {"visibility": visibility, "key": key}
            if values:
                connection.execute(sa.update(shelf).where(shelf.c.id == number).values(**values))
            return _get(connection, number)

    def remove(self, number: int) -> None:
        """Remove a shelf; its papers stay in the archive."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(shelf_entry).where(shelf_entry.c.shelf_id == number))
            connection.execute(sa.delete(shelf).where(shelf.c.id == number))

    def put(self, number: int, paper_id: int, note: str | None, now: datetime) -> None:
        """Put a paper on a shelf, or change its note; None leaves the note that there is.

        Raises:
            NotFoundError: the shelf or the paper is gone.
        """
        with writing(self._engine) as connection:
            values = {"shelf_id": _get(connection, number).id, "paper_id": living(connection, paper_id)}
            insert = insert_of(connection.dialect.name)(shelf_entry).values(**values, note=note or "", at=now)
            keys = list(values)
            if note is None:
                connection.execute(insert.on_conflict_do_nothing(index_elements=keys))
            else:
                connection.execute(insert.on_conflict_do_update(index_elements=keys, set_={"note": note}))

    def take(self, number: int, paper_id: int) -> None:
        """Take a paper off a shelf.

        Raises:
            NotFoundError: the paper is gone.
        """
        with writing(self._engine) as connection:
            survivor = living(connection, paper_id)
            which = sa.and_(shelf_entry.c.shelf_id == number, shelf_entry.c.paper_id == survivor)
            connection.execute(sa.delete(shelf_entry).where(which))

    def entries(self, number: int, limit: int | None = None, offset: int = 0) -> list[ShelfEntry]:
        """Return what is on a shelf, the latest first; all of it without a limit."""
        query = sa.select(shelf_entry).where(shelf_entry.c.shelf_id == number)
        query = query.order_by(shelf_entry.c.at.desc(), shelf_entry.c.paper_id.desc())
        if limit is not None:
            query = query.limit(limit).offset(offset)
        with reading(self._engine) as connection:
            return [ShelfEntry(row.paper_id, row.note, utc(row.at)) for row in connection.execute(query)]

    def wanted(self, limit: int, offset: int = 0) -> tuple[list[int], int]:
        """Return the papers on shelves that every member sees, those of most members first, and how many they are.

        Of those of as many members, what came to a shelf last is first.
        """
        members = sa.func.count(shelf.c.account_id.distinct())
        of_lab = sa.select(shelf_entry.c.paper_id).join(shelf, shelf.c.id == shelf_entry.c.shelf_id)
        of_lab = of_lab.where(shelf.c.visibility == "lab").group_by(shelf_entry.c.paper_id)
        latest = sa.func.max(shelf_entry.c.at)
        page = of_lab.order_by(members.desc(), latest.desc(), shelf_entry.c.paper_id.desc()).limit(limit).offset(offset)
        with reading(self._engine) as connection:
            total = connection.scalar(sa.select(sa.func.count()).select_from(of_lab.subquery())) or 0
            return list(connection.scalars(page)), total

    def wishes(self, paper_ids: Sequence[int]) -> dict[int, list[Wish]]:
        """Return on which shelves that every member sees each of the papers stands, the first wish first."""
        columns = (shelf_entry, shelf.c.name.label("shelf"), account.c.name, account.c.is_named)
        query = sa.select(*columns).join(shelf, shelf.c.id == shelf_entry.c.shelf_id)
        query = query.join(account, account.c.id == shelf.c.account_id)
        query = query.where(among(shelf_entry.c.paper_id, paper_ids), shelf.c.visibility == "lab")
        found: dict[int, list[Wish]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query.order_by(shelf_entry.c.at, shelf.c.id)):
                wish = Wish(row.name if row.is_named else None, row.shelf_id, row.shelf, row.note, utc(row.at))
                found.setdefault(row.paper_id, []).append(wish)
        return found

    def saved(self, account_id: int, paper_ids: Sequence[int]) -> dict[int, set[int]]:
        """Return on which of an account's shelves each of the papers stands; those that stand on none are left out."""
        found: dict[int, set[int]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(_SAVED, {"ids": as_list(paper_ids), "owner": account_id}):
                found.setdefault(row.paper_id, set()).add(row.shelf_id)
        return found


_SAVED = (
    sa.select(shelf_entry.c.paper_id, shelf_entry.c.shelf_id)
    .join(shelf, shelf.c.id == shelf_entry.c.shelf_id)
    .where(among_named(shelf_entry.c.paper_id, "ids"), shelf.c.account_id == sa.bindparam("owner", type_=sa.Integer))
)
"""Every page of somebody who is signed in asks this."""


def _get(connection: sa.Connection, number: int) -> Shelf:
    found = _where(connection, shelf.c.id == row_id(number))
    if not found:
        raise NotFoundError(f"no shelf has the number {number}")
    return found[0]


def _where(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> list[Shelf]:
    count = sa.select(sa.func.count()).where(shelf_entry.c.shelf_id == shelf.c.id).scalar_subquery()
    query = sa.select(shelf, account.c.name.label("owner"), account.c.is_named, count.label("papers"))
    query = query.join(account, account.c.id == shelf.c.account_id).where(*which)
    rows = connection.execute(query.order_by(sa.func.lower(shelf.c.name), shelf.c.id)).all()
    return [
        Shelf(r.id, r.account_id, r.owner, r.name, r.visibility, r.key, r.papers, utc(r.created), r.is_named)
        for r in rows
    ]


def _named(connection: sa.Connection, account_id: int, name: str) -> int | None:
    return connection.scalar(sa.select(shelf.c.id).where(shelf.c.account_id == account_id, shelf.c.name == name))


def _insert(
    connection: sa.Connection, account_id: int, name: str, visibility: str, *, key: str | None, now: datetime
) -> int:
    values = {"account_id": account_id, "name": name, "visibility": visibility, "key": key, "created": now}
    number: int = connection.execute(sa.insert(shelf).values(**values).returning(shelf.c.id)).scalar_one()
    return number


def _taken(name: str) -> ConflictError:
    return ConflictError(f"you have a shelf {name!r} already")
