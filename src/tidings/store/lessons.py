"""What everybody's feeds showed and what became of it, as a lesson for all; and what was learnt from it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.interests import IS_LATEST
from tidings.store.tables import example, interest, model, shown
from tidings.types import LIKED, LessonReport


class Lesson(NamedTuple):
    """A paper that a feed showed, and whether it was opened or is liked by whom it was shown to."""

    account_id: int
    interest_id: int
    at: datetime
    place: int
    chance: float | None
    features: bytes
    opened: bool
    liked: bool


class Model(NamedTuple):
    """What was learnt, and how that came about; ``data`` is None where nothing is served."""

    data: bytes | None
    report: LessonReport


class Lessons:
    """Of all accounts together. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def shown(self, since: datetime, until: datetime, most: int) -> list[Lesson]:
        """Return what was shown in a time with all that was known of it, the latest ``most``, by time and place."""
        said = sa.select(example.c.id).join(interest, interest.c.id == example.c.interest_id)
        said = said.where(interest.c.account_id == shown.c.account_id, example.c.paper_id == shown.c.paper_id)
        liked = said.where(example.c.verdict == LIKED, IS_LATEST).correlate(shown).exists()
        known = sa.and_(shown.c.features.is_not(None), shown.c.place > 0, shown.c.at >= since, shown.c.at < until)
        query = sa.select(shown, liked.label("liked")).where(known).order_by(shown.c.at.desc(), shown.c.place.desc())
        with reading(self._engine) as connection:
            rows = connection.execute(query.limit(most)).all()
        return [_lesson(row) for row in reversed(rows)]

    def keep(self, name: str, learnt: Model) -> None:
        """Serve what was learnt from now on, in place of what was."""
        values = {"made": learnt.report.made, "data": learnt.data, "report": msgspec.json.encode(learnt.report)}
        with writing(self._engine) as connection:
            insert = insert_of(connection.dialect.name)(model).values(name=name, **values)
            connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))

    def made(self) -> dict[str, datetime]:
        """Return when each thing was learnt last."""
        with reading(self._engine) as connection:
            return {row.name: utc(row.made) for row in connection.execute(sa.select(model.c.name, model.c.made))}

    def models(self) -> dict[str, Model]:
        """Return what was learnt, by name."""
        with reading(self._engine) as connection:
            return {row.name: _model(row) for row in connection.execute(sa.select(model))}


def _lesson(row: sa.Row[tuple[object, ...]]) -> Lesson:
    opened = row.opened is not None
    return Lesson(row.account_id, row.interest_id, utc(row.at), row.place, row.chance, row.features, opened, row.liked)


def _model(row: sa.Row[tuple[object, ...]]) -> Model:
    return Model(row.data, msgspec.json.decode(row.report, type=LessonReport))
