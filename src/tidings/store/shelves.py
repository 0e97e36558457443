"""Shelves: people's named lists of papers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from tidings.errors import ConflictError, NotFoundError
from tidings.people import Shelf, ShelfEntry
from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.reader import among
from tidings.store.tables import account, shelf, shelf_entry


class Shelves:
    """The shelves of all accounts; who may see which is decided above."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, account_id: int, name: str, visibility: str, key: str, now: datetime) -> Shelf:
        """Make a shelf.

        Raises:
            ConflictError: the account has one of that name.
        """
        values = {"account_id": account_id, "name": name, "visibility": visibility, "key": key, "created": now}
        try:
            with writing(self._engine) as connection:
                number = connection.execute(sa.insert(shelf).values(**values).returning(shelf.c.id)).scalar_one()
        except sa.exc.IntegrityError as error:
            raise ConflictError(f"you have a shelf {name!r} already") from error
        return self.get(number)

    def get(self, number: int) -> Shelf:
        """Return one shelf.

        Raises:
            NotFoundError: there is none of that number.
        """
        found = self._where(shelf.c.id == number)
        if not found:
            raise NotFoundError(f"no shelf has the number {number}")
        return found[0]

    def by_key(self, key: str) -> Shelf | None:
        """Return the shelf with that key in its address."""
        return next(iter(self._where(shelf.c.key == key)), None)

    def of(self, account_id: int) -> list[Shelf]:
        """Return the shelves of an account, by name."""
        return self._where(shelf.c.account_id == account_id)

    def of_lab(self) -> list[Shelf]:
        """Return the shelves that every member sees, by name."""
        return self._where(shelf.c.visibility == "lab")

    def change(self, number: int, **values: object) -> Shelf:
        """Change the name, visibility or key of a shelf.

        Raises:
            ConflictError: its owner has another of that name.
        """
        try:
            with writing(self._engine) as connection:
                connection.execute(sa.update(shelf).where(shelf.c.id == number).values(**values))
        except sa.exc.IntegrityError as error:
            raise ConflictError(f"there is a shelf {values.get('name')!r} already") from error
        return self.get(number)

    def remove(self, number: int) -> None:
        """Remove a shelf; its papers stay in the archive."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(shelf_entry).where(shelf_entry.c.shelf_id == number))
            connection.execute(sa.delete(shelf).where(shelf.c.id == number))

    def put(self, number: int, paper_id: int, note: str, now: datetime) -> None:
        """Put a paper on a shelf, or change its note."""
        with writing(self._engine) as connection:
            statement = insert_of(connection.dialect.name)(shelf_entry)
            statement = statement.values(shelf_id=number, paper_id=paper_id, note=note, at=now)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["shelf_id", "paper_id"], set_={"note": note})
            )

    def take(self, number: int, paper_id: int) -> None:
        """Take a paper off a shelf."""
        with writing(self._engine) as connection:
            which = sa.and_(shelf_entry.c.shelf_id == number, shelf_entry.c.paper_id == paper_id)
            connection.execute(sa.delete(shelf_entry).where(which))

    def entries(self, number: int, limit: int, offset: int = 0) -> list[ShelfEntry]:
        """Return what is on a shelf, the latest first."""
        query = sa.select(shelf_entry).where(shelf_entry.c.shelf_id == number)
        query = query.order_by(shelf_entry.c.at.desc(), shelf_entry.c.paper_id.desc()).limit(limit).offset(offset)
        with reading(self._engine) as connection:
            return [ShelfEntry(row.paper_id, row.note, utc(row.at)) for row in connection.execute(query)]

    def holding(self, numbers: Sequence[int], paper_ids: Sequence[int]) -> dict[int, set[int]]:
        """Return on which of these shelves each of the papers stands."""
        query = sa.select(shelf_entry.c.paper_id, shelf_entry.c.shelf_id)
        query = query.where(among(shelf_entry.c.shelf_id, numbers), among(shelf_entry.c.paper_id, paper_ids))
        found: dict[int, set[int]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found.setdefault(row.paper_id, set()).add(row.shelf_id)
        return found

    def _where(self, which: sa.ColumnElement[bool]) -> list[Shelf]:
        count = sa.select(sa.func.count()).where(shelf_entry.c.shelf_id == shelf.c.id).scalar_subquery()
        query = sa.select(shelf, account.c.name.label("owner"), count.label("papers"))
        query = query.join(account, account.c.id == shelf.c.account_id).where(which)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(sa.func.lower(shelf.c.name), shelf.c.id)).all()
        return [Shelf(r.id, r.account_id, r.owner, r.name, r.visibility, r.key, r.papers, utc(r.created)) for r in rows]
