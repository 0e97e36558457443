"""One clock for several processes: it stands while anybody works, and jumps to the next waking when all sleep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.managers import BaseManager
from threading import Condition
from typing import Any


class VirtualTime:
    """The time of all workers. Each call comes from a thread of its own in the manager's process."""

    def __init__(self, start: float, workers: int) -> None:
        self._now, self._working = start, workers
        self._changed = Condition()
        self._sleeping: dict[int, float] = {}
        self._tickets = 0

    def now(self) -> float:
        """Return the present time in seconds since 1970."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Return when that much time has passed."""
        with self._changed:
            self._tickets += 1
            ticket = self._tickets
            self._sleeping[ticket] = self._now + max(seconds, 0.0)
            self._working -= 1
            self._advance()
            self._changed.wait_for(lambda: ticket not in self._sleeping)

    def leave(self) -> None:
        """Be no longer waited for."""
        with self._changed:
            self._working -= 1
            self._advance()

    def _advance(self) -> None:
        if self._working == 0 and self._sleeping:
            first = min(self._sleeping, key=lambda ticket: (self._sleeping[ticket], ticket))
            self._now = max(self._now, self._sleeping.pop(first))
            self._working += 1
            self._changed.notify_all()


class _Manager(BaseManager):
    pass


_Manager.register("VirtualTime", VirtualTime)


@contextmanager
def shared_time(start: datetime, workers: int) -> Iterator[Any]:
    """Yield a clock that can be given to processes; ``at`` reads it."""
    with _Manager() as manager:
        yield manager.VirtualTime(start.timestamp(), workers)  # type: ignore[attr-defined]


def at(clock: Any) -> datetime:
    """Return the time of a shared clock."""
    return datetime.fromtimestamp(clock.now(), UTC)
