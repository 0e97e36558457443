"""Keeping the index in step with the store: a loop over the change log that may be killed anywhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tidings.index.local import LocalIndex
    from tidings.types import Change, Paper

BATCH = 2_000
PAUSE = 1.0  # seconds: often enough to keep up, seldom enough to keep segments few

Batch = tuple[list["Paper"], list[int], int]


def follow(
    index: LocalIndex,
    changes: Callable[[int, int], list[Change]],
    papers: Callable[[list[int]], list[Paper]],
    stop: Event | None = None,
) -> int:
    """Apply the change log from where the index stands until it ends, and return the position reached.

    ``changes(after, limit)`` returns the next lines, ``papers(ids)`` those that exist. A paper is read as it is now,
    not as it was at its line: what was removed since is dropped, and its later line does the same again.
    """
    position = index.position()
    if index.is_ready() and not changes(position, 1):
        return position
    with index.writer() as writer:
        for present, gone, position in _read_ahead(changes, papers, writer.position):
            writer.apply(present, gone, position)
            if stop is not None and stop.is_set():
                break
        return writer.position


@contextmanager
def keeping_up(catch_up: Callable[[], object], pause: float = PAUSE) -> Iterator[None]:
    """Let the index follow meanwhile, every ``pause`` seconds in a thread of its own, and be up to date at the end.

    Raises what kept it from following, once the work is done.
    """
    done = Event()
    with ThreadPoolExecutor(1, thread_name_prefix="index") as pool:
        following = pool.submit(_catch_up_until, done, catch_up, pause)
        try:
            yield
        finally:
            done.set()
    following.result()


def _catch_up_until(done: Event, catch_up: Callable[[], object], pause: float) -> None:
    while not done.wait(pause):
        catch_up()
    catch_up()


def _read_ahead(
    changes: Callable[[int, int], list[Change]], papers: Callable[[list[int]], list[Paper]], position: int
) -> Iterator[Batch]:
    """Yield batches; the next one is read from the store while the last one is written to the index."""
    with ThreadPoolExecutor(1, thread_name_prefix="follow") as pool:
        coming = pool.submit(_read, changes, papers, position)
        while (batch := coming.result()) is not None:
            coming = pool.submit(_read, changes, papers, batch[2])
            yield batch


def _read(
    changes: Callable[[int, int], list[Change]], papers: Callable[[list[int]], list[Paper]], position: int
) -> Batch | None:
    lines = changes(position, BATCH)
    if not lines:
        return None
    ids = sorted({line.paper_id for line in lines})
    present = papers(ids)
    there = {paper.id for paper in present}
    return present, [number for number in ids if number not in there], lines[-1].position
