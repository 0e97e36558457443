"""Work that comes due while Tidings serves: today the syncs. One process beside those that answer does it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tidings.errors import TidingsError

if TYPE_CHECKING:
    from tidings.catalog import Catalog

# Seconds. Looking costs one read of one small table; nothing that comes due is in a greater hurry.
_LOOK_EVERY = 10.0


def work(catalog: Catalog, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Do what comes due, the longest due first, until interrupted.

    How a source failed is on the status page. What keeps all of them from running, as a full disk, is said here, and
    it may pass.
    """
    while True:
        try:
            report = catalog.sync_due()
        except TidingsError as error:
            sys.stderr.write(f"tidings: {error}; trying again\n")
            report = None
        if report is None:
            sleep(_LOOK_EVERY)
