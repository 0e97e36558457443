"""Tags and their examples. Each method is one transaction; who did what is a line of the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from tidings.errors import ConflictError, NotFoundError
from tidings.people import Role
from tidings.store.among import among
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import living, present, row_id
from tidings.store.journal import log
from tidings.store.tables import tag, tag_example
from tidings.store.upsert import upsert
from tidings.types import Tag

MOST_TAGS = 500
"""More are refused: a page scores its papers by each."""


class Tags:
    """All tags."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- asking ---

    def all(self) -> list[Tag]:
        """Return every tag, by name."""
        with reading(self._engine) as connection:
            return [_tag(row) for row in connection.execute(_TAGS.order_by(sa.func.lower(tag.c.name)))]

    def examples(self, number: int) -> list[tuple[int, int]]:
        """Return the papers of a tag that curators spoke of with what they said, 1 or -1, the oldest first."""
        query = sa.select(tag_example.c.paper_id, tag_example.c.verdict).where(tag_example.c.tag_id == row_id(number))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(tag_example.c.at, tag_example.c.paper_id)).all()
        return [(row.paper_id, row.verdict) for row in rows]

    def said_of(self, paper_ids: Sequence[int]) -> list[tuple[int, int, int]]:
        """Return what curators said of papers: the tag, the paper, and 1 or -1; one query, however many they are."""
        query = sa.select(tag_example.c.tag_id, tag_example.c.paper_id, tag_example.c.verdict)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(among(tag_example.c.paper_id, paper_ids))).all()
        return [(row.tag_id, row.paper_id, row.verdict) for row in rows]

    # --- curators ---

    def add(self, name: str, description: str, account_id: int, now: datetime) -> Tag:
        """Make a tag.

        Raises:
            ConflictError: one has that name, or there are too many.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            _refuse_taken(connection, 0, name)
            if (connection.scalar(sa.select(sa.func.count()).select_from(tag)) or 0) >= MOST_TAGS:
                raise ConflictError(f"there are {MOST_TAGS} tags; remove one first")
            values = {"name": name, "description": description, "created": now, "changed": now}
            number: int = connection.execute(sa.insert(tag).values(**values).returning(tag.c.id)).scalar_one()
            log(connection, account_id, "add tag", f"tag:{number}", detail=name, now=now)
            return _get(connection, number)

    def change(self, number: int, name: str | None, description: str | None, account_id: int, now: datetime) -> Tag:
        """Change a tag; what is None stays.

        Raises:
            NotFoundError: there is none.
            ConflictError: another one has that name.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            found = _get(connection, number)
            if name is not None:
                _refuse_taken(connection, number, name)
            values = {"name": name or found.name, "description": description or found.description}
            connection.execute(sa.update(tag).where(tag.c.id == number).values(**values, changed=_later(found, now)))
            detail, was = values["name"], found.name if name else ""
            log(connection, account_id, "change tag", f"tag:{number}", detail=detail, was=was, now=now)
            return _get(connection, number)

    def remove(self, number: int, account_id: int, now: datetime) -> None:
        """Remove a tag and its examples.

        Raises:
            NotFoundError: there is none.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            found = _get(connection, number)
            connection.execute(sa.delete(tag_example).where(tag_example.c.tag_id == number))
            connection.execute(sa.delete(tag).where(tag.c.id == number))
            log(connection, account_id, "remove tag", f"tag:{number}", was=found.name, now=now)

    def teach(self, number: int, paper_id: int, verdict: int, account_id: int, now: datetime) -> Tag:
        """Say that a paper fits a tag (1), does not (-1), or is no example any more (0).

        Raises:
            NotFoundError: there is no such tag or paper.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            found, paper = _get(connection, number), living(connection, paper_id)
            if verdict:
                upsert(connection, tag_example, [{"tag_id": number, "paper_id": paper, "verdict": verdict, "at": now}])
            else:
                c = tag_example.c
                connection.execute(sa.delete(tag_example).where(c.tag_id == number, c.paper_id == paper))
            connection.execute(sa.update(tag).where(tag.c.id == number).values(changed=_later(found, now)))
            return _get(connection, number)


def _later(found: Tag, now: datetime) -> datetime:
    """Return when a tag changes now: no two of its states have the same time."""
    return max(now, found.changed + timedelta(microseconds=1))


def _refuse_taken(connection: sa.Connection, number: int, name: str) -> None:
    others = connection.scalars(sa.select(tag.c.name).where(tag.c.id != number))
    if name.casefold() in {other.casefold() for other in others}:  # lower() of SQLite knows ASCII only
        raise ConflictError(f"there is a tag {name!r} already")


def _counted(verdict: int) -> sa.ScalarSelect[int]:
    c = tag_example.c
    return sa.select(sa.func.count()).where(c.tag_id == tag.c.id, c.verdict == verdict).scalar_subquery()


_TAGS: sa.Select[tuple[object, ...]] = sa.select(tag, _counted(1).label("fits"), _counted(-1).label("misfits"))


def _get(connection: sa.Connection, number: int) -> Tag:
    row = connection.execute(_TAGS.where(tag.c.id == row_id(number))).one_or_none()
    if row is None:
        raise NotFoundError(f"no tag has the number {number}")
    return _tag(row)


def _tag(row: sa.Row[tuple[object, ...]]) -> Tag:
    return Tag(row.id, row.name, row.description, utc(row.created), utc(row.changed), row.fits, row.misfits)
