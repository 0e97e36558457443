"""What people here say of papers: votes, submissions, a curator's picks and what is hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from tidings.errors import ConflictError
from tidings.people import Role, Standing, Vote
from tidings.store.among import among, among_named, as_list
from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.guards import living, present
from tidings.store.journal import log, mark_undone, undoable
from tidings.store.tables import account, hidden, paper, pick, submission, vote

Setter = Callable[[sa.Connection, int, str, int, datetime], int]


class Voting:
    """Votes and curation. Each method is one transaction, and what it is about is looked up in it (``guards``).

    So what is attached to a paper that is merged in the same moment is attached to the one that lives on, and nothing
    is left of an account that is deleted in the same moment. Those that attach something raise NotFoundError where
    the paper is gone and SignInError where the account is.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- votes ---

    def vote(self, account_id: int, paper_id: int, now: datetime) -> int:
        """Vote for a paper; voting twice is voting once. Return how many votes it has now."""
        with writing(self._engine) as connection:
            present(connection, account_id)
            paper_id = living(connection, paper_id)
            values = {"account_id": account_id, "paper_id": paper_id, "at": now}
            statement = insert_of(connection.dialect.name)(vote).values(**values)
            connection.execute(statement.on_conflict_do_nothing())
            return _count(connection, paper_id)

    def unvote(self, account_id: int, paper_id: int) -> int:
        """Take a vote back. Return how many votes the paper has now."""
        with writing(self._engine) as connection:
            paper_id = living(connection, paper_id)
            mine = sa.and_(vote.c.account_id == account_id, vote.c.paper_id == paper_id)
            connection.execute(sa.delete(vote).where(mine))
            return _count(connection, paper_id)

    def votes_of(self, account_id: int) -> list[Vote]:
        """Return the votes of an account, the newest first."""
        query = sa.select(vote).where(vote.c.account_id == account_id).order_by(vote.c.at.desc())
        with reading(self._engine) as connection:
            return [Vote(row.account_id, row.paper_id, utc(row.at)) for row in connection.execute(query)]

    def votes_for(self, paper_ids: Iterable[int]) -> list[Vote]:
        """Return the votes for papers."""
        query = sa.select(vote).where(among(vote.c.paper_id, paper_ids))
        with reading(self._engine) as connection:
            return [Vote(row.account_id, row.paper_id, utc(row.at)) for row in connection.execute(query)]

    def votes_since(self, start: datetime) -> list[Vote]:
        """Return the votes cast since then."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(vote).where(vote.c.at >= start))
            return [Vote(row.account_id, row.paper_id, utc(row.at)) for row in rows]

    def standings(self, paper_ids: Sequence[int], account_id: int | None = None) -> dict[int, Standing]:
        """Return what people said of papers, and the account's vote: one query, however many papers.

        Votes of accounts that are disabled do not count.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(_STANDINGS, {"ids": as_list(paper_ids), "reader": account_id or 0}).all()
        found = {row.id: Standing(row.votes, row.voted, row.name, row.day, row.reason) for row in rows}
        return {number: found.get(number, Standing()) for number in paper_ids}

    # --- submissions and curation ---

    def submit(self, account_id: int, paper_id: int, now: datetime) -> bool:
        """Note who put a paper forward; return False when somebody had before."""
        with writing(self._engine) as connection:
            present(connection, account_id)
            values = {"account_id": account_id, "paper_id": living(connection, paper_id), "at": now}
            statement = insert_of(connection.dialect.name)(submission).values(**values)
            first = statement.on_conflict_do_nothing().returning(submission.c.paper_id)
            return connection.scalar(first) is not None

    def submissions_of(self, account_id: int) -> list[Vote]:
        """Return the papers that an account put forward, the newest first."""
        query = sa.select(submission).where(submission.c.account_id == account_id).order_by(submission.c.at.desc())
        with reading(self._engine) as connection:
            return [Vote(row.account_id, row.paper_id, utc(row.at)) for row in connection.execute(query)]

    def submitted_since(self, start: datetime) -> list[Vote]:
        """Return the papers put forward since then."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(submission).where(submission.c.at >= start))
            return [Vote(row.account_id, row.paper_id, utc(row.at)) for row in rows]

    def pick(self, paper_id: int, day: date, account_id: int, now: datetime) -> int:
        """Mark a paper as a curator's pick of a day; return the line of the audit log.

        Raises:
            ConflictError: it is that day's already.
        """
        return self._set(_set_pick, paper_id, day.isoformat(), account_id, now)

    def unpick(self, paper_id: int, account_id: int, now: datetime) -> int:
        """Take a pick back; return the line of the audit log.

        Raises:
            ConflictError: it is none.
        """
        return self._set(_set_pick, paper_id, "", account_id, now)

    def picks(self, start: date, end: date) -> dict[int, date]:
        """Return the picks of the days from start to end, both included."""
        query = sa.select(pick.c.paper_id, pick.c.day).where(pick.c.day >= start, pick.c.day <= end)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def picks_of(self, account_id: int) -> dict[int, date]:
        """Return the papers that an account picked, with the day of each."""
        query = sa.select(pick.c.paper_id, pick.c.day).where(pick.c.account_id == account_id)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query.order_by(pick.c.day, pick.c.paper_id))}

    def hide(self, paper_id: int, reason: str, account_id: int, now: datetime) -> int:
        """Keep a paper off the lists; return the line of the audit log.

        Raises:
            ConflictError: it is hidden for that reason already.
        """
        return self._set(_set_hidden, paper_id, reason, account_id, now)

    def unhide(self, paper_id: int, account_id: int, now: datetime) -> int:
        """Let a paper be listed again; return the line of the audit log.

        Raises:
            ConflictError: it is not hidden.
        """
        return self._set(_set_hidden, paper_id, "", account_id, now)

    def all_hidden(self) -> dict[int, str]:
        """Return every hidden paper with the reason."""
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(sa.select(hidden.c.paper_id, hidden.c.reason))}

    def hidden_by(self, account_id: int) -> dict[int, str]:
        """Return the papers that an account hid, with the reason of each."""
        query = sa.select(hidden.c.paper_id, hidden.c.reason).where(hidden.c.account_id == account_id)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query.order_by(hidden.c.at, hidden.c.paper_id))}

    def undo(self, number: int, account_id: int, now: datetime) -> int:
        """Bring back what had been before an act of a curator; return the line of the audit log that says so.

        Raises:
            NotFoundError: the log has no such line.
            ConflictError: it was undone already, or cannot be, or somebody changed the same thing since.
        """
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            done = undoable(connection, number)
            if done.verb not in _SETTERS:
                raise ConflictError(f"{done.verb!r} cannot be undone here")
            present_state, setter = _SETTERS[done.verb]
            paper_id = living(connection, int(done.subject.removeprefix("paper:")))
            if present_state(connection, paper_id) != done.detail:
                raise ConflictError(f"line {number} cannot be undone: the same was changed again since")
            by = setter(connection, paper_id, done.was, account_id, now)
            mark_undone(connection, number, by)
            return by

    def _set(self, setter: Setter, paper_id: int, value: str, account_id: int, now: datetime) -> int:
        with writing(self._engine) as connection:
            present(connection, account_id, Role.CURATOR)
            return setter(connection, living(connection, paper_id), value, account_id, now)


def _set_pick(connection: sa.Connection, paper_id: int, day: str, account_id: int, now: datetime) -> int:
    """Make a paper the pick of a day, or of none where the day is ""; return the line of the audit log."""
    was = _picked(connection, paper_id)
    if was == day:
        raise ConflictError(f"it is the pick of {day} already" if day else "it is no pick")
    connection.execute(sa.delete(pick).where(pick.c.paper_id == paper_id))
    if day:
        values = {"paper_id": paper_id, "day": date.fromisoformat(day), "account_id": account_id}
        connection.execute(sa.insert(pick).values(**values))
    verb = "pick" if day else "unpick"
    return log(connection, account_id, verb, f"paper:{paper_id}", detail=day, was=was, now=now)


def _set_hidden(connection: sa.Connection, paper_id: int, reason: str, account_id: int, now: datetime) -> int:
    """Hide a paper for a reason, or list it again where that is ""; return the line of the audit log."""
    was = _hidden_for(connection, paper_id)
    if was == reason:
        raise ConflictError("it is hidden for that reason already" if reason else "it is not hidden")
    connection.execute(sa.delete(hidden).where(hidden.c.paper_id == paper_id))
    if reason:
        values = {"paper_id": paper_id, "reason": reason, "account_id": account_id, "at": now}
        connection.execute(sa.insert(hidden).values(**values))
    verb = "hide" if reason else "unhide"
    return log(connection, account_id, verb, f"paper:{paper_id}", detail=reason, was=was, now=now)


def _picked(connection: sa.Connection, paper_id: int) -> str:
    day = connection.scalar(sa.select(pick.c.day).where(pick.c.paper_id == paper_id))
    return day.isoformat() if day else ""


def _hidden_for(connection: sa.Connection, paper_id: int) -> str:
    return connection.scalar(sa.select(hidden.c.reason).where(hidden.c.paper_id == paper_id)) or ""


# How what a verb changes is read, and set.
_SETTERS: dict[str, tuple[Callable[[sa.Connection, int], str], Setter]] = {
    "pick": (_picked, _set_pick),
    "unpick": (_picked, _set_pick),
    "hide": (_hidden_for, _set_hidden),
    "unhide": (_hidden_for, _set_hidden),
}


def _count(connection: sa.Connection, paper_id: int) -> int:
    return connection.scalar(_able(sa.select(sa.func.count())).where(vote.c.paper_id == paper_id)) or 0


def _able(query: sa.Select[Any]) -> sa.Select[Any]:
    """Return a query of votes for those of accounts that are not disabled."""
    joined = vote.join(account, account.c.id == vote.c.account_id)
    return query.select_from(joined).where(account.c.disabled.is_(False))


def _standings() -> sa.Select[Any]:
    """Return the statement that every page of papers asks; it is built once."""
    counted = _able(sa.select(sa.func.count())).where(vote.c.paper_id == paper.c.id).correlate(paper).scalar_subquery()
    mine = sa.select(vote.c.paper_id).where(
        vote.c.paper_id == paper.c.id, vote.c.account_id == sa.bindparam("reader", type_=sa.Integer)
    )
    submitter = account.alias("submitter")
    name = sa.case((submitter.c.is_named, submitter.c.name)).label("name")
    voted = mine.correlate(paper).exists().label("voted")
    query = sa.select(paper.c.id, counted.label("votes"), voted, name, pick.c.day, hidden.c.reason)
    joined = paper.outerjoin(submission, submission.c.paper_id == paper.c.id)
    joined = joined.outerjoin(submitter, submitter.c.id == submission.c.account_id)
    joined = joined.outerjoin(pick, pick.c.paper_id == paper.c.id).outerjoin(hidden, hidden.c.paper_id == paper.c.id)
    return query.select_from(joined).where(among_named(paper.c.id, "ids"))


_STANDINGS = _standings()
