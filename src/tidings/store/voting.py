"""What people here say of papers: votes, submissions, a curator's picks and what is hidden, and the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from tidings.errors import NotFoundError
from tidings.people import Act, Standing, Vote
from tidings.store.dialect import insert_of
from tidings.store.engine import reading, utc, writing
from tidings.store.reader import among
from tidings.store.tables import account, act, hidden, pick, submission, vote


class Voting:
    """Votes and curation. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- votes ---

    def vote(self, account_id: int, paper_id: int, now: datetime) -> int:
        """Vote for a paper; voting twice is voting once. Return how many votes it has now."""
        with writing(self._engine) as connection:
            statement = insert_of(connection.dialect.name)(vote)
            values = {"account_id": account_id, "paper_id": paper_id, "at": now}
            connection.execute(statement.values(**values).on_conflict_do_nothing())
            return _count(connection, paper_id)

    def unvote(self, account_id: int, paper_id: int) -> int:
        """Take a vote back. Return how many votes the paper has now."""
        with writing(self._engine) as connection:
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
        """Return what people said of papers: four queries, however many papers."""
        counted = sa.select(vote.c.paper_id, sa.func.count()).where(among(vote.c.paper_id, paper_ids))
        mine = sa.select(vote.c.paper_id).where(among(vote.c.paper_id, paper_ids), vote.c.account_id == account_id)
        put = sa.select(submission.c.paper_id, account.c.name, account.c.is_named)
        put = put.join(account, account.c.id == submission.c.account_id)
        picked = sa.select(pick.c.paper_id, pick.c.day).where(among(pick.c.paper_id, paper_ids))
        closed = sa.select(hidden.c.paper_id, hidden.c.reason).where(among(hidden.c.paper_id, paper_ids))
        with reading(self._engine) as connection:
            votes = {row[0]: row[1] for row in connection.execute(counted.group_by(vote.c.paper_id))}
            voted = set(connection.scalars(mine)) if account_id is not None else set()
            rows = connection.execute(put.where(among(submission.c.paper_id, paper_ids)))
            submitters = {row.paper_id: row.name for row in rows if row.is_named}
            picks = {row[0]: row[1] for row in connection.execute(picked)}
            reasons = {row[0]: row[1] for row in connection.execute(closed)}
        return {
            n: Standing(votes.get(n, 0), n in voted, submitters.get(n), picks.get(n), reasons.get(n)) for n in paper_ids
        }

    # --- submissions and curation ---

    def submit(self, account_id: int, paper_id: int, now: datetime) -> bool:
        """Note who put a paper forward; return False when somebody had before."""
        with writing(self._engine) as connection:
            statement = insert_of(connection.dialect.name)(submission)
            values = {"account_id": account_id, "paper_id": paper_id, "at": now}
            return bool(connection.execute(statement.values(**values).on_conflict_do_nothing()).rowcount)

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
        """Mark a paper as a curator's pick of a day; return the line of the audit log."""
        with writing(self._engine) as connection:
            statement = insert_of(connection.dialect.name)(pick)
            values = {"day": day, "account_id": account_id}
            statement = statement.values(paper_id=paper_id, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["paper_id"], set_=values))
            return log(connection, account_id, "pick", f"paper:{paper_id}", detail=day.isoformat(), now=now)

    def unpick(self, paper_id: int, account_id: int, now: datetime) -> int:
        """Take a pick back; return the line of the audit log."""
        with writing(self._engine) as connection:
            day = connection.scalar(sa.delete(pick).where(pick.c.paper_id == paper_id).returning(pick.c.day))
            return log(
                connection, account_id, "unpick", f"paper:{paper_id}", detail=day.isoformat() if day else "", now=now
            )

    def picks(self, start: date, end: date) -> dict[int, date]:
        """Return the picks of the days from start to end, both included."""
        query = sa.select(pick.c.paper_id, pick.c.day).where(pick.c.day >= start, pick.c.day <= end)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def hide(self, paper_id: int, reason: str, account_id: int, now: datetime) -> int:
        """Keep a paper off the lists; return the line of the audit log."""
        with writing(self._engine) as connection:
            statement = insert_of(connection.dialect.name)(hidden)
            values = {"reason": reason, "account_id": account_id, "at": now}
            statement = statement.values(paper_id=paper_id, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["paper_id"], set_=values))
            return log(connection, account_id, "hide", f"paper:{paper_id}", detail=reason, now=now)

    def unhide(self, paper_id: int, account_id: int, now: datetime) -> int:
        """Let a paper be listed again; return the line of the audit log."""
        with writing(self._engine) as connection:
            gone = sa.delete(hidden).where(hidden.c.paper_id == paper_id).returning(hidden.c.reason)
            return log(
                connection, account_id, "unhide", f"paper:{paper_id}", detail=connection.scalar(gone) or "", now=now
            )

    def all_hidden(self) -> dict[int, str]:
        """Return every hidden paper with the reason."""
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(sa.select(hidden.c.paper_id, hidden.c.reason))}

    # --- the audit log ---

    def log(self, account_id: int | None, verb: str, subject: str, detail: str, now: datetime) -> int:
        """Note that somebody did something; return the line."""
        with writing(self._engine) as connection:
            return log(connection, account_id, verb, subject, detail=detail, now=now)

    def acts(self, limit: int, before: int | None = None) -> list[Act]:
        """Return lines of the audit log, the newest first."""
        query = sa.select(act, account.c.name).outerjoin(account, account.c.id == act.c.account_id)
        if before is not None:
            query = query.where(act.c.id < before)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(act.c.id.desc()).limit(limit)).all()
        return [Act(r.id, utc(r.at), r.name, r.verb, r.subject, r.detail, r.undone) for r in rows]

    def act(self, number: int) -> Act:
        """Return one line.

        Raises:
            NotFoundError: the log has none of that number.
        """
        query = sa.select(act, account.c.name).outerjoin(account, account.c.id == act.c.account_id)
        with reading(self._engine) as connection:
            row = connection.execute(query.where(act.c.id == number)).one_or_none()
        if row is None:
            raise NotFoundError(f"the log has no line {number}")
        return Act(row.id, utc(row.at), row.name, row.verb, row.subject, row.detail, row.undone)

    def mark_undone(self, number: int, by: int) -> None:
        """Note that a line was taken back by another."""
        with writing(self._engine) as connection:
            connection.execute(sa.update(act).where(act.c.id == number).values(undone=by))


def log(
    connection: sa.Connection, account_id: int | None, verb: str, subject: str, *, detail: str, now: datetime
) -> int:
    """Write a line of the audit log inside a transaction; return its number."""
    values = {"at": now, "account_id": account_id, "verb": verb, "subject": subject, "detail": detail}
    number: int = connection.execute(sa.insert(act).values(**values).returning(act.c.id)).scalar_one()
    return number


def _count(connection: sa.Connection, paper_id: int) -> int:
    return connection.scalar(sa.select(sa.func.count()).where(vote.c.paper_id == paper_id)) or 0
