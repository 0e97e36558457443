"""Interests and what their readers said of papers: a log in which every step can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from tidings.errors import ConflictError, NotFoundError
from tidings.store.among import among as one_of
from tidings.store.among import among_named, as_list
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import present, row_id
from tidings.store.tables import account, alias, example, identifier, interest, paper
from tidings.types import TAKEN_BACK, Example, Interest

_MOMENT = timedelta(microseconds=1)


class Said(NamedTuple):
    """What is to be kept of a paper: the verdict, when it was said, how rare its score was before (None: unknown)."""

    paper_id: int
    verdict: int
    at: datetime
    height: float | None = None


class Interests:
    """The interests of all accounts; who may see which is decided above. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- asking ---

    def get(self, number: int) -> Interest:
        """Return one interest.

        Raises:
            NotFoundError: there is none of that number.
        """
        with reading(self._engine) as connection:
            return _get(connection, number)

    def of(self, account_id: int) -> list[Interest]:
        """Return the interests of an account, by name."""
        with reading(self._engine) as connection:
            return _interests(connection.execute(_OF, {"owner": account_id}))

    def of_lab(self) -> list[Interest]:
        """Return the interests that every member sees, by name; none of accounts that are disabled."""
        with reading(self._engine) as connection:
            return _interests(connection.execute(_OF_LAB))

    def named(self, account_id: int, name: str) -> Interest | None:
        """Return an account's interest of a name."""
        with reading(self._engine) as connection:
            which = interest.c.account_id == account_id, interest.c.name == name
            return next(iter(interests_where(connection, *which)), None)

    def examples(self, number: int) -> list[Example]:
        """Return what was said of papers and not taken back, the oldest first."""
        with reading(self._engine) as connection:
            return _as_examples(connection.execute(_EXAMPLES, {"number": row_id(number)}))

    def heights(self, number: int) -> list[float]:
        """Return how rare the score of each liked paper was before it was liked, oldest first, where it is known."""
        query = sa.select(example.c.height).where(
            example.c.interest_id == row_id(number), example.c.height.is_not(None)
        )
        with reading(self._engine) as connection:
            return list(connection.scalars(query.order_by(example.c.id)))

    def latest_heights(self, most: int) -> list[tuple[int, float]]:
        """Return the heights of the latest likes of all interests, oldest first, each with its interest's number."""
        query = sa.select(example.c.interest_id, example.c.height).where(example.c.height.is_not(None))
        with reading(self._engine) as connection:
            found = connection.execute(query.order_by(example.c.id.desc()).limit(most)).all()
        return [(row.interest_id, row.height) for row in reversed(found)]

    def state(self, number: int) -> bytes | None:
        """Return what was kept of an interest beside its examples."""
        with reading(self._engine) as connection:
            return connection.scalar(sa.select(interest.c.state).where(interest.c.id == row_id(number)))

    def verdicts(self, account_id: int, paper_ids: Sequence[int]) -> dict[int, dict[int, int]]:
        """Return what an account says of papers now: by paper, the verdict of each of its interests that has one."""
        found: dict[int, dict[int, int]] = {}
        with reading(self._engine) as connection:
            rows = connection.execute(_VERDICTS, {"ids": as_list(paper_ids), "owner": account_id})
            for row in rows:  # oldest first: the newest line of a paper counts
                said = found.setdefault(row.paper_id, {})
                said.pop(row.interest_id, None)  # so that the last one said stands last
                said[row.interest_id] = row.verdict
        present_only = {n: {i: v for i, v in said.items() if v != TAKEN_BACK} for n, said in found.items()}
        return {number: said for number, said in present_only.items() if said}

    def states(self, account_id: int) -> tuple[tuple[int, datetime], ...]:
        """Return the interests of an account and when each changed last: what is said in them is the same since."""
        query = sa.select(interest.c.id, interest.c.changed).where(interest.c.account_id == account_id)
        with reading(self._engine) as connection:
            return tuple((row.id, utc(row.changed)) for row in connection.execute(query.order_by(interest.c.id)))

    def said_by(self, account_id: int) -> list[tuple[int, int]]:
        """Return the papers that an account likes or dismissed now, in any interest, each with the verdict."""
        with reading(self._engine) as connection:
            return [(row.paper_id, row.verdict) for row in connection.execute(_SAID_BY, {"owner": account_id})]

    def likers(self, paper_ids: Sequence[int]) -> dict[int, dict[int, str | None]]:
        """Return who likes papers in interests that the lab sees: by paper, the first first, the account and its name.

        The name is None where that person is not to be named.
        """
        found: dict[int, dict[int, str | None]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(_LIKERS, {"ids": as_list(paper_ids)}):
                found.setdefault(row.paper_id, {})[row.account_id] = row.name if row.is_named else None
        return found

    def held(self, values: Sequence[str]) -> dict[str, int]:
        """Return the papers of ids in normal form, or ``paper:N``, that the archive holds; merged ones lead on."""
        numbers = {v: int(v[6:]) for v in values if v.startswith("paper:") and v[6:].isdecimal() and len(v) < 20}
        with reading(self._engine) as connection:
            found = {r.value: r.paper_id for r in connection.execute(_BY_IDENTIFIER, {"values": as_list(values)})}
            lives = _living(connection, numbers.values())
        return found | {value: lives[number] for value, number in numbers.items() if number in lives}

    # --- making and changing ---

    def add(
        self,
        account_id: int,
        name: str,
        *,
        words: str,
        query: str,
        visibility: str,
        now: datetime,
        said: Sequence[Said] = (),
        state: bytes | None = None,
        most: int,
    ) -> Interest:
        """Make an interest with its first examples, as one step; those of papers that are gone are left out.

        Raises:
            SignInError: the account was deleted or disabled meanwhile.
            ConflictError: it has one of that name, or ``most`` already.
        """
        with writing(self._engine) as connection:
            present(connection, account_id)
            _make_room(connection, account_id, name, most)
            values = {"account_id": account_id, "name": name, "words": words, "query": query, "visibility": visibility}
            insert = sa.insert(interest).values(**values, created=now, changed=now, state=state)
            number: int = connection.execute(insert.returning(interest.c.id)).scalar_one()
            _say(connection, number, said)
            return _get(connection, number)

    def change(
        self,
        number: int,
        *,
        name: str | None = None,
        words: str | None = None,
        query: str | None = None,
        visibility: str | None = None,
        now: datetime,
    ) -> Interest:
        """Change an interest: all of what is given or, where one is refused, nothing; what is None stays.

        Raises:
            NotFoundError: it is gone.
            ConflictError: its owner has another of that name.
        """
        given = {"name": name, "words": words, "query": query, "visibility": visibility}
        values = {key: value for key, value in given.items() if value is not None}
        with writing(self._engine) as connection:
            before = _get(connection, number)
            if name is not None and _named(connection, before.account_id, name) not in (None, number):
                raise _taken(name)
            if values:
                connection.execute(sa.update(interest).where(interest.c.id == number).values(**values))
                _touch(connection, before, now)
            return _get(connection, number)

    def keep_state(self, number: int, state: bytes | None, now: datetime) -> None:
        """Keep something of an interest beside its examples.

        Raises:
            NotFoundError: the interest is gone.
        """
        with writing(self._engine) as connection:
            _touch(connection, _get(connection, number), now, state=state)

    def remove(self, number: int) -> None:
        """Remove an interest with everything that was said in it."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(example).where(example.c.interest_id == row_id(number)))
            connection.execute(sa.delete(interest).where(interest.c.id == row_id(number)))

    # --- what is said ---

    def say(self, number: int, said: Sequence[Said], now: datetime, state: bytes | None = None) -> list[int]:
        """Keep verdicts as one step, and return the papers that they are of; what is so already is left out.

        A paper that was merged is the one that lives on; of one that is gone nothing is kept. ``state`` is kept with
        what was said, where one is given and anything is.

        Raises:
            NotFoundError: the interest is gone.
            SignInError: its account was disabled meanwhile.
        """
        with writing(self._engine) as connection:
            before = _get(connection, number)
            present(connection, before.account_id)
            kept = _say(connection, number, said)
            if kept:
                _touch(connection, before, now, **({} if state is None else {"state": state}))
            return kept

    def undo(self, number: int, now: datetime) -> list[Example]:
        """Take the last step out of the log; return what it said, nothing where there is no step.

        Raises:
            NotFoundError: the interest is gone.
        """
        with writing(self._engine) as connection:
            before = _get(connection, number)
            last = sa.select(sa.func.max(example.c.step)).where(example.c.interest_id == number).scalar_subquery()
            which = sa.and_(example.c.interest_id == number, example.c.step == last)
            undone = _as_examples(connection.execute(sa.select(example).where(which).order_by(example.c.id)))
            if undone:
                connection.execute(sa.delete(example).where(which))
                _touch(connection, before, now)
            return undone

    def reset(self, number: int, until: datetime, now: datetime) -> list[Example]:
        """Say again what was so at a time, as one step; return what that changed.

        Raises:
            NotFoundError: the interest is gone.
        """
        with writing(self._engine) as connection:
            before = _get(connection, number)
            then = {e.paper_id: e.verdict for e in _at(connection, number, until=until)}
            since = {e.paper_id: e.verdict for e in _at(connection, number)}
            moved = {n: then.get(n, TAKEN_BACK) for n in since | then if then.get(n, 0) != since.get(n, 0)}
            _say(connection, number, [Said(paper_id, verdict, now) for paper_id, verdict in moved.items()])
            if moved:
                _touch(connection, before, now)
            return [Example(paper_id, verdict, now) for paper_id, verdict in moved.items()]


# --- statements that pages ask often ---

_later = example.alias()
IS_LATEST = ~sa.exists().where(
    _later.c.interest_id == example.c.interest_id, _later.c.paper_id == example.c.paper_id, _later.c.id > example.c.id
)
"""That a line is the newest of its paper in its interest."""

_EXAMPLES = (
    sa.select(example.c.paper_id, example.c.verdict, example.c.at)
    .where(
        example.c.interest_id == sa.bindparam("number", type_=sa.Integer), IS_LATEST, example.c.verdict != TAKEN_BACK
    )
    .order_by(example.c.id)
)
_VERDICTS = (
    sa.select(example.c.paper_id, example.c.interest_id, example.c.verdict)
    .join(interest, interest.c.id == example.c.interest_id)
    .where(among_named(example.c.paper_id, "ids"), interest.c.account_id == sa.bindparam("owner", type_=sa.Integer))
    .order_by(example.c.id)
)
_SAID_BY = (
    sa.select(example.c.paper_id, example.c.verdict)
    .join(interest, interest.c.id == example.c.interest_id)
    .where(interest.c.account_id == sa.bindparam("owner", type_=sa.Integer))
    .where(IS_LATEST, example.c.verdict != TAKEN_BACK)
)
_LIKERS = (
    sa.select(example.c.paper_id, interest.c.account_id, account.c.name, account.c.is_named)
    .join(interest, interest.c.id == example.c.interest_id)
    .join(account, account.c.id == interest.c.account_id)
    .where(among_named(example.c.paper_id, "ids"), interest.c.visibility == "lab", account.c.disabled.is_(False))
    .where(IS_LATEST, example.c.verdict > 0)
    .order_by(example.c.id)
)
_BY_IDENTIFIER = sa.select(identifier.c.value, identifier.c.paper_id).where(among_named(identifier.c.value, "values"))
_LED_ON = sa.select(alias.c.paper_id, alias.c.survivor_id).where(among_named(alias.c.paper_id, "ids"))
_ALIVE = sa.select(paper.c.id).where(among_named(paper.c.id, "ids"))


# --- inside a transaction ---


def _get(connection: sa.Connection, number: int) -> Interest:
    found = interests_where(connection, interest.c.id == row_id(number))
    if not found:
        raise NotFoundError(f"no interest has the number {number}")
    return found[0]


def interests_where(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> list[Interest]:
    """Return the interests of a condition, by name, inside a transaction."""
    return _interests(connection.execute(_where(*which)))


def _where(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    counts = _count(1).label("liked"), _count(-1).label("dismissed")
    query = sa.select(interest, account.c.name.label("owner"), account.c.is_named, *counts)
    query = query.join(account, account.c.id == interest.c.account_id).where(*which)
    return query.order_by(sa.func.lower(interest.c.name), interest.c.id)


def _interests(rows: Iterable[sa.Row[Any]]) -> list[Interest]:
    return [
        Interest(
            *(row.id, row.account_id, row.owner, row.name, row.words, row.query, row.visibility),
            *(utc(row.created), utc(row.changed), row.liked, row.dismissed, row.is_named),
        )
        for row in rows
    ]


def _count(verdict: int) -> sa.ScalarSelect[int]:
    mine = example.c.interest_id == interest.c.id
    return sa.select(sa.func.count()).where(mine, example.c.verdict == verdict, IS_LATEST).scalar_subquery()


_OF = _where(interest.c.account_id == sa.bindparam("owner", type_=sa.Integer))
_OF_LAB = _where(interest.c.visibility == "lab", account.c.disabled.is_(False))


def _named(connection: sa.Connection, account_id: int, name: str) -> int | None:
    which = interest.c.account_id == account_id, interest.c.name == name
    return connection.scalar(sa.select(interest.c.id).where(*which))


def _make_room(connection: sa.Connection, account_id: int, name: str, most: int) -> None:
    if _named(connection, account_id, name) is not None:
        raise _taken(name)
    count = connection.scalar(sa.select(sa.func.count()).where(interest.c.account_id == account_id)) or 0
    if count >= most:
        raise ConflictError(f"an account has at most {most} interests; remove one first")


def _taken(name: str) -> ConflictError:
    return ConflictError(f"there is an interest {name!r} already")


def _touch(connection: sa.Connection, before: Interest, now: datetime, **values: bytes | None) -> None:
    """Note that an interest changed, at a moment that none of its states had: what is learnt is kept by it."""
    changed = max(now, before.changed + _MOMENT)
    connection.execute(sa.update(interest).where(interest.c.id == before.id).values(changed=changed, **values))


def _say(connection: sa.Connection, number: int, said: Sequence[Said]) -> list[int]:
    """Write one step; a paper said twice counts as the last one said."""
    lives = _living(connection, {one.paper_id for one in said})
    latest = {lives[one.paper_id]: one for one in said if one.paper_id in lives}
    now = {e.paper_id: e.verdict for e in _at(connection, number, among=list(latest))}
    step = (connection.scalar(sa.select(sa.func.max(example.c.id))) or 0) + 1
    rows = [
        {"interest_id": number, "step": step, "paper_id": n, "verdict": o.verdict, "at": o.at, "height": o.height}
        for n, o in latest.items()
        if now.get(n, TAKEN_BACK) != o.verdict
    ]
    if rows:
        connection.execute(sa.insert(example), rows)
    return [n for n, o in latest.items() if now.get(n, TAKEN_BACK) != o.verdict]


def _living(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, int]:
    """Return the paper that lives on under each number; those that are gone are left out."""
    wanted = {number: row_id(number) for number in numbers}
    led = {r.paper_id: r.survivor_id for r in connection.execute(_LED_ON, {"ids": as_list(wanted.values())})}
    lives = {number: led.get(found, found) for number, found in wanted.items()}
    alive = set(connection.scalars(_ALIVE, {"ids": as_list(lives.values())}))
    return {number: found for number, found in lives.items() if found in alive}


def _at(
    connection: sa.Connection, number: int, *, until: datetime | None = None, among: Sequence[int] | None = None
) -> list[Example]:
    """Return the newest line of each paper: of those before a time, of some papers, where one is given."""
    query = sa.select(example.c.paper_id, example.c.verdict, example.c.at).where(example.c.interest_id == number)
    if until is not None:
        query = query.where(example.c.at < until)
    if among is not None:
        query = query.where(one_of(example.c.paper_id, among))
    rows = _as_examples(connection.execute(query.order_by(example.c.id)))
    return list({row.paper_id: row for row in rows}.values())


def _as_examples(rows: sa.CursorResult[tuple[int, int, datetime]]) -> list[Example]:
    return [Example(row.paper_id, row.verdict, utc(row.at)) for row in rows]
