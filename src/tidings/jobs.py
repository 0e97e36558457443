"""Work that comes due while Tidings serves: syncs, digests, topics, lessons. One process beside the others does it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tidings.digest.bounces import read_due
from tidings.digest.sending import run_due
from tidings.errors import TidingsError

if TYPE_CHECKING:
    from tidings.catalog import Catalog
    from tidings.settings import Settings

# Seconds. Looking costs one read of one small table; nothing that comes due is in a greater hurry.
_LOOK_EVERY = 10.0
_TIDY_EVERY = timedelta(hours=1)


def work(catalog: Catalog, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Do what comes due, the longest due first, until interrupted; once an hour, forget what lets nobody in any more.

    How a source failed, and mail, is on the status page. What keeps all of them from running, as a full disk, is said
    here, and it may pass.
    """
    tidied: datetime | None = None
    while True:
        try:
            report = catalog.sync_due() if is_syncing(catalog.settings) else None
            _tell(catalog, sleep)
            _tend_topics(catalog)
            catalog.improve_due()
            if tidied is None or catalog.now() - tidied >= _TIDY_EVERY:
                catalog.forget()
                tidied = catalog.now()
        except TidingsError as error:
            sys.stderr.write(f"tidings: {error}; trying again\n")
            report = None
        if report is None:
            sleep(_LOOK_EVERY)


def _tend_topics(catalog: Catalog) -> None:
    """Give new papers a topic, once a day see what became of topics, and put what is new on the map."""
    if catalog.settings.topics:
        placed, report = catalog.place_new(), catalog.refit_due()
        if placed or report is not None:
            catalog.draw_map_due()


def is_syncing(settings: Settings) -> bool:
    """Tell whether there are syncs to be run."""
    return settings.sync and bool(settings.sources)


def _tell(catalog: Catalog, sleep: Callable[[float], None]) -> None:
    """Send the digests that are due, and see what came back."""
    if catalog.settings.digest.send:
        run_due(catalog, sleep=sleep)
        read_due(catalog)
