"""Deciding what many editions tell, on every core: processes that read, and write nothing.

Whoever sends needs neither the index nor vectors, and stays small; who decides needs both, and is gone when all is
decided. A maker is a program with two pipes: batches of subscriptions go in, what is to be done about each comes out.
It ends when the first pipe does, so none outlives who started it, however that one died; and one that dies itself is
made good by deciding its batch here.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime
from itertools import chain, islice
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, cast

from tidings.digest.choosing import Editor
from tidings.digest.making import TOGETHER, Found, decided
from tidings.settings import Settings
from tidings.types import Subscription

if TYPE_CHECKING:
    from tidings.catalog import Catalog

ALONE = 500
"""So many subscriptions are decided in the time in which a maker starts."""

_AHEAD = 2  # batches for each maker, asked for before they are wanted
_log = logging.getLogger(__name__)

Batch = Sequence[Subscription]


def decided_of_all(catalog: Catalog, subscriptions: Iterator[list[Subscription]]) -> Iterator[list[Found]]:
    """Yield what is to be done about each batch, in order; of many, several are worked on at once."""
    first = list(islice(subscriptions, 1 + ALONE // TOGETHER))
    makers = _cores() if sum(map(len, first)) > ALONE else 0
    if not makers:
        editor = Editor(catalog)
        yield from (list(decided(catalog, editor, batch)) for batch in first)
        return
    with ExitStack() as stack:
        started = [stack.enter_context(_Maker(catalog.settings)) for _ in range(makers)]
        yield from _in_order(catalog, started, chain(first, subscriptions))


def _in_order(catalog: Catalog, makers: list[_Maker], batches: Iterator[list[Subscription]]) -> Iterator[list[Found]]:
    """Yield what makers decide, in the order of the batches, a few ahead of what is wanted."""
    free = SimpleQueue[_Maker]()
    for maker in makers:
        free.put(maker)

    def ask(batch: Batch) -> list[Found] | None:
        maker = free.get()
        try:
            return maker.ask(catalog.now(), batch)
        finally:
            free.put(maker)

    asked = deque[tuple[Batch, Future[list[Found] | None]]]()
    with ThreadPoolExecutor(len(makers)) as pool:
        while True:
            for batch in islice(batches, _AHEAD * len(makers) - len(asked)):
                asked.append((batch, pool.submit(ask, batch)))
            if not asked:
                return
            oldest, future = asked.popleft()
            found = future.result()
            yield list(decided(catalog, Editor(catalog), oldest)) if found is None else found


class _Maker:
    """A process that decides, see the module."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> _Maker:
        command = [sys.executable, "-m", "tidings.digest.makers"]
        # a maker has a core; further threads of linear algebra would only spin for it
        alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=alone)  # noqa: S603 - of our own making
        self._send(self._settings)
        return self

    def ask(self, now: datetime, batch: Batch) -> list[Found] | None:
        """Return what is to be done about subscriptions as of a moment; None where the maker is gone.

        Raises:
            TidingsError: whatever kept the maker from it.
        """
        if not self._send((now, list(batch))):
            return None
        try:
            found = pickle.load(cast("IO[bytes]", self._process.stdout))  # noqa: S301 - from a process of ours
        except (EOFError, OSError, pickle.UnpicklingError):
            _log.warning("a process that makes digests has died; the rest of its work is done by the one that sends")
            return None
        if isinstance(found, Exception):
            raise found
        return cast("list[Found]", found)

    def _send(self, what: object) -> bool:
        pipe = cast("IO[bytes]", self._process.stdin)
        try:
            pickle.dump(what, pipe)
            pipe.flush()
        except OSError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # it only reads
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # something was left in it
                cast("IO[bytes]", pipe).close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _serve() -> None:
    """Decide what is asked on standard input until it ends; what others print goes to standard error."""
    from tidings.catalog import Catalog
    from tidings.store import open_store

    told, asked = os.fdopen(os.dup(1), "wb"), sys.stdin.buffer
    os.dup2(2, 1)
    settings: Settings = pickle.load(asked)  # noqa: S301 - from the process that started this one
    at = deque[datetime](maxlen=1)
    with Catalog(open_store(settings.root, settings.database_url), settings, clock=lambda: at[0]) as catalog:
        editor = Editor(catalog)
        while (batch := _next(asked)) is not None:
            at.append(batch[0])
            try:
                found: object = list(decided(catalog, editor, batch[1]))
            except Exception as error:  # noqa: BLE001 - it is raised again where it was asked
                found = error
            if not _is_told(found, told):
                return


def _is_told(found: object, told: IO[bytes]) -> bool:
    """Tell what was decided; return whether anybody is there to hear it."""
    try:
        pickle.dump(found, told)
        told.flush()
    except BrokenPipeError:
        with suppress(OSError):
            told.close()
        return False
    return True


def _next(asked: IO[bytes]) -> tuple[datetime, Batch] | None:
    try:
        return cast("tuple[datetime, Batch]", pickle.load(asked))  # noqa: S301 - as above
    except EOFError:
        return None


if __name__ == "__main__":
    _serve()
