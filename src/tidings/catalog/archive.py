"""What every part of the façade stands on: the open store, the index that follows it, the settings, the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from tidings.embed import load_default
from tidings.index.follow import follow
from tidings.index.local import LocalIndex
from tidings.settings import Settings
from tidings.store import Store

if TYPE_CHECKING:  # only a sync asks other hosts
    import httpx2

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class Archive:
    """An open archive: the store is the truth, the index is derived from it and follows.

    ``clock``, ``sleep`` and ``transport`` (what carries requests to other hosts) can be others than the real ones.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        clock: Clock = _now,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._store = store
        self.settings = settings
        self._clock, self._sleep, self._transport = clock, sleep, transport

    def now(self) -> datetime:
        """Return the time by the archive's clock."""
        return self._clock()

    def close(self) -> None:
        """Let go of files and connections."""
        self._store.close()

    @cached_property
    def _index(self) -> LocalIndex:
        return LocalIndex(self.settings.root / "index", load_default(), archive=self._store.archive_id)

    def catch_up(self) -> int:
        """Bring the index up to the change log; return the position it reached."""
        self._check_index()
        return follow(self._index, self._store.changes, self._store.papers)

    def _check_index(self) -> None:
        """Drop an index that knows more than the store: the store was restored or replaced under it."""
        if self._index.position() > self._store.position():
            self._index.reset()

    def rebuild(self) -> None:
        """Make the index again from the store."""
        self._index.reset()
        self.catch_up()

    @property
    def lag(self) -> int:
        """How many positions of the change log cannot be searched yet."""
        return self._store.position() - self._index.position()

    @property
    def version(self) -> int:
        """The position of the change log that is searchable; changes whenever an answer could."""
        return self._index.position()
