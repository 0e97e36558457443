"""Whose turn it is to ask a host: one gate for all threads and processes, kept in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from tidings.store.engine import reading, utc, writing
from tidings.store.tables import gate
from tidings.types import Limit

# A request that takes longer than this was made by a process that is no more. Longer than every time-out together.
LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class GateState:
    """When a gate opens next, and how many requests passed it in the present window."""

    next_at: datetime
    used: int


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave to make one request; give it back with ``Gates.leave``."""

    gate: str
    holder: str


class Gates:
    """The gates of all hosts. Safe to share between threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def enter(self, limit: Limit, now: datetime, lease: timedelta = LEASE) -> Pass | datetime:
        """Return a pass, or the time at which to ask again.

        At most one pass per gate is out at a time; a holder that dies loses it when the lease ends.
        """
        with writing(self._engine) as connection:
            row = connection.execute(sa.select(gate).where(gate.c.name == limit.gate)).one_or_none()
            opens = _opens(row, limit, now)
            if opens > now:
                return opens
            fresh = row is None or utc(row.window_start) + timedelta(seconds=limit.window) <= now
            holder = uuid4().hex
            values = {
                "next_at": now + timedelta(seconds=limit.interval),
                "held_until": now + lease,
                "holder": holder,
                "window_start": now if row is None or fresh else utc(row.window_start),
                "used": 1 if row is None or fresh else row.used + 1,
            }
            if row is None:
                connection.execute(sa.insert(gate).values(name=limit.gate, **values))
            else:
                connection.execute(sa.update(gate).where(gate.c.name == limit.gate).values(**values))
            return Pass(limit.gate, holder)

    def leave(self, taken: Pass, limit: Limit, now: datetime, not_before: datetime | None = None) -> None:
        """Give the pass back: the interval begins now. ``not_before`` is what the host asked for (Retry-After).

        A pass whose lease ended meanwhile opens nothing for its successor, but what the host asked for holds.
        """
        with writing(self._engine) as connection:
            row = connection.execute(sa.select(gate).where(gate.c.name == taken.gate)).one()
            wanted = [utc(row.next_at), now + timedelta(seconds=limit.interval)]
            values: dict[str, object] = {"next_at": max([*wanted, not_before] if not_before else wanted)}
            if row.holder == taken.holder:
                values |= {"held_until": None, "holder": None}
            connection.execute(sa.update(gate).where(gate.c.name == taken.gate).values(**values))

    def state(self, limit: Limit, now: datetime) -> GateState:
        """Return how a gate stands."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(gate).where(gate.c.name == limit.gate)).one_or_none()
        if row is None:
            return GateState(now, 0)
        ended = utc(row.window_start) + timedelta(seconds=limit.window) <= now
        return GateState(max(_opens(row, limit, now), now), 0 if ended else row.used)


def _opens(row: sa.Row[tuple[object, ...]] | None, limit: Limit, now: datetime) -> datetime:
    """Return when the gate lets the next request through; now or earlier means at once."""
    if row is None:
        return now
    held_until = utc(row.held_until) if row.held_until else now
    window_ends = utc(row.window_start) + timedelta(seconds=limit.window)
    if held_until > now:
        # nobody knows when the holder is done: look again soon
        return max(utc(row.next_at), min(held_until, now + timedelta(seconds=max(limit.interval, 1.0))))
    if limit.most is not None and row.used >= limit.most and window_ends > now:
        return max(utc(row.next_at), window_ends)
    return utc(row.next_at)
