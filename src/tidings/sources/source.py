"""What a source is: a few answers to "what is new since this cursor?", each with the cursor to go on from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from tidings.types import Limit, Record, Refusal


@dataclass(frozen=True, slots=True)
class Batch:
    """What one answer of a source held.

    It is stored in one transaction with ``cursor``, so whoever stops after it goes on after it. ``newest`` is the day
    of the newest announcement that is now held whole; ``note`` is what a person should know of this run, in words;
    ``gone`` are keys that a private source no longer has.
    """

    items: tuple[Record | Refusal, ...]
    cursor: str
    newest: date | None = None
    note: str | None = None
    gone: tuple[str, ...] = ()


class Source(Protocol):
    """Where papers come from.

    ``name`` is also ``Record.source`` of what it yields. ``limit`` is the gate that its requests pass. A ``private``
    source's records are kept apart: they never enter the archive.
    """

    name: str
    limit: Limit
    private: bool

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        """Yield what was published since the cursor, oldest first; None is the first run.

        The cursor is this source's own text and may be stopped after any batch. A record that cannot be understood is
        a Refusal, and the rest goes on.

        Raises:
            FetchError: the source did not answer, or refused; what was yielded before stands.
            SourceError: its answer as a whole cannot be understood.
        """

    def rewind(self, cursor: str | None, since: date) -> str:
        """Return the cursor that goes back to a day, keeping what is independent of it."""

    def due(self, now: datetime) -> datetime:
        """Return when there may be news next, after a run that ended well now."""

    def behind(self, newest: date | None, now: datetime) -> int:
        """Return how many announcements are out and not held; 0 for a source without a calendar."""
