"""One run of a source from its cursor: a page, its cursor and the right to write it are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tidings.errors import BusyError, FetchError, PausedError, TidingsError
from tidings.store import Claim, Progress, Store, StoreWriter
from tidings.sync.place import Tally, place
from tidings.types import Record

if TYPE_CHECKING:  # every format's reader: a search should not wait for them
    from tidings.sources import Batch, Source

Clock = Callable[[], datetime]

# After a failure: soon at first, then ever more seldom, but a fault that passes is noticed within hours.
_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)
_MOST_DOUBLINGS = 10


def run(store: Store, source: Source, claim: Claim | None, clock: Clock, tally: Tally) -> Iterator[int]:
    """Take what a source published since its cursor; yield how many records were read so far after each page.

    Whoever stops between two yields, or is killed anywhere, loses nothing that was counted and repeats nothing.

    Raises:
        SourceError: the source failed; its status says so, and what came before stands.
        PausedError: no more may be asked for now; this is no failure, and the next run goes on.
        BusyError: another process took the work over.
    """
    _advance(store, source, claim, clock(), started=clock(), note=None, read=0, new=0)
    try:
        for batch in source.fetch(store.progress(source.name).cursor):
            counted = Tally()
            with store.writer(clock()) as writer:
                _take_page(writer, source, batch, counted)
                writer.advance(claim, source.name, **_reached(writer.progress(source.name), batch, counted))
            tally.add(counted)
            yield tally.read
    except BusyError:
        raise
    except PausedError as error:
        _advance(store, source, claim, clock(), note=f"{error}; goes on then")
        raise
    except TidingsError as error:
        failures = store.progress(source.name).failures + 1
        _advance(store, source, claim, clock(), failed=clock(), failures=failures, error=str(error))
        raise
    _advance(store, source, claim, clock(), succeeded=clock(), failures=0, error=None)


def _take_page(writer: StoreWriter, source: Source, batch: Batch, tally: Tally) -> None:
    if not source.private:
        place(writer, batch.items, tally)
        return
    records = [item for item in batch.items if isinstance(item, Record)]
    writer.write_holdings(records)
    writer.remove_holdings(source.name, batch.gone)
    writer.quarantine([item for item in batch.items if not isinstance(item, Record)])
    tally.read = len(batch.items)
    tally.quarantined = len(batch.items) - len(records)


def _reached(before: Progress, batch: Batch, counted: Tally) -> dict[str, object]:
    """Return what is to be kept of the source after a page."""
    reached: dict[str, object] = {"cursor": batch.cursor}
    reached |= {"read": before.read + counted.read, "new": before.new + counted.new}
    if batch.newest and (before.newest is None or batch.newest > before.newest):
        reached["newest"] = batch.newest
    if batch.note:
        reached["note"] = batch.note
    return reached


def _advance(store: Store, source: Source, claim: Claim | None, now: datetime, **values: object) -> None:
    with store.writer(now) as writer:
        writer.advance(claim, source.name, **values)


def next_run(source: Source, progress: Progress, now: datetime, error: TidingsError | None = None) -> datetime:
    """Return when a source should run again: when news may be out, or after a failure when trying again makes sense."""
    if error is None:
        return source.due(now)
    if isinstance(error, PausedError) and error.retry_at:
        return max(error.retry_at, now)
    doublings: int = min(max(progress.failures, 1) - 1, _MOST_DOUBLINGS)
    pause = min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)
    wished = error.retry_at if isinstance(error, FetchError) and error.retry_at else now
    return max(now + pause, wished)
