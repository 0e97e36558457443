"""One run of a source from its cursor: a page, its cursor and the right to write it are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from tidings.errors import BusyError, FetchError, TidingsError
from tidings.sources import Batch, Source
from tidings.store import Claim, Progress, Store
from tidings.sync.place import Tally, place
from tidings.types import Record

Clock = Callable[[], datetime]

# After a failure: soon at first, then ever more seldom, but a fault that passes is noticed within hours.
_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)


def run(store: Store, source: Source, claim: Claim | None, clock: Clock, tally: Tally) -> Iterator[int]:
    """Take what a source published since its cursor; yield how many records were read so far after each page.

    Whoever stops between two yields, or is killed anywhere, loses nothing that was counted and repeats nothing.

    Raises:
        SourceError: the source failed; its status says so, and what came before stands.
        BusyError: another process took the work over.
    """
    with store.writer(clock()) as writer:
        writer.advance(claim, source.name, started=clock(), note=None, read=0, new=0)
    try:
        for batch in source.fetch(store.progress(source.name).cursor):
            take_page(store, source, batch, claim, clock(), tally)
            yield tally.read
    except BusyError:
        raise
    except TidingsError as error:
        _note_failure(store, source, claim, clock(), error)
        raise
    with store.writer(clock()) as writer:
        writer.advance(claim, source.name, succeeded=clock(), failures=0, error=None)


def take_page(store: Store, source: Source, batch: Batch, claim: Claim | None, now: datetime, tally: Tally) -> None:
    """Store a page: its records, refusals, counts, cursor and the change log, all of it or nothing."""
    counted = Tally()
    with store.writer(now) as writer:
        if source.private:
            records = [item for item in batch.items if isinstance(item, Record)]
            writer.write_holdings(records)
            writer.remove_holdings(source.name, batch.gone)
            counted.read = len(records)
        else:
            place(writer, batch.items, counted)
        before = store.progress(source.name)
        values: dict[str, object] = {"cursor": batch.cursor, "read": tally.read + counted.read}
        values["new"] = tally.new + counted.new
        if batch.newest and (before.newest is None or batch.newest > before.newest):
            values["newest"] = batch.newest
        if batch.note:
            values["note"] = batch.note
        writer.advance(claim, source.name, **values)
    tally.add(counted)


def _note_failure(store: Store, source: Source, claim: Claim | None, now: datetime, error: TidingsError) -> None:
    failures = store.progress(source.name).failures + 1
    with store.writer(now) as writer:
        writer.advance(claim, source.name, failed=now, failures=failures, error=str(error))


def next_run(source: Source, progress: Progress, now: datetime, error: TidingsError | None = None) -> datetime:
    """Return when a source should run again: when news may be out, or after a failure when trying again makes sense."""
    if error is None:
        return source.due(now)
    doublings: int = min(max(progress.failures, 1) - 1, 10)
    pause = min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)
    wished = error.retry_at if isinstance(error, FetchError) and error.retry_at else now
    return max(now + pause, wished)
