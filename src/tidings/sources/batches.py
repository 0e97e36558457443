"""What sources share: cursors as JSON text, and what many files hold as batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from tidings.errors import SourceError
from tidings.sources.formats.common import Outcome
from tidings.sources.source import Batch

State = TypeVar("State", bound=msgspec.Struct)

# As many records as sync stores in one transaction.
MOST = 2000


def read_cursor(cursor: str | None, kind: type[State]) -> State:
    """Return the state that a cursor is the text of; a new one where there is none yet.

    Raises:
        SourceError: it is the text of no such state.
    """
    if cursor is None:
        return kind()
    try:
        return msgspec.json.decode(cursor, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SourceError(f"the place where the last run stopped cannot be read: {error}") from error


def write_cursor(state: msgspec.Struct) -> str:
    """Return the text of a state."""
    return msgspec.json.encode(state).decode()


def from_turn(names: Sequence[str], turn: str | None) -> Sequence[str]:
    """Return the names from the one whose turn it was when a run was stopped; all where there is no such."""
    return names[names.index(turn) :] if turn in names else names


def gathered(
    files: Iterable[tuple[str, Iterable[Outcome]]], done: Callable[[str], None], cursor: Callable[[], str], stored: str
) -> Iterator[Batch]:
    """Yield what named files hold in batches of at most 2,000; small files share one.

    ``done`` is told of a file when its last record is about to be yielded, and ``cursor`` is asked for each batch:
    so no cursor speaks of a file that was not read to its end. Nothing is yielded where there is nothing to store and
    the cursor is the one that is ``stored``.
    """
    items: list[Outcome] = []
    for name, outcomes in files:
        for outcome in outcomes:
            if len(items) == MOST:
                stored = cursor()
                yield Batch(tuple(items), stored)
                items.clear()
            items.append(outcome)
        done(name)
    if items or cursor() != stored:
        yield Batch(tuple(items), cursor())
