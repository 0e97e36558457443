"""What the archive holds, and whether all is well."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tidings.catalog.syncing import Syncing
from tidings.moments import at, away
from tidings.types import Check, SourceStatus, Stats

_LATE = timedelta(days=1)


class Checking(Syncing):
    """Counting and examining; nothing here changes the archive."""

    def stats(self) -> Stats:
        """Return what the archive holds."""
        return self._held(self._store.counts())

    def doctor(self, *, thorough: bool = False) -> list[Check]:
        """Return what is well and what is not; thorough reads every row of the index."""
        counts = self._store.counts()
        checks = self._examined(counts, self._statuses(counts))
        return checks + (self._index.verify() if thorough else [])

    def state(self) -> tuple[Stats, list[Check], tuple[SourceStatus, ...]]:
        """Return what ``stats``, ``doctor`` and ``sources`` do; what is held is counted once for all three."""
        counts = self._store.counts()
        sources = self._statuses(counts)
        return self._held(counts), self._examined(counts, sources), sources

    def _held(self, counts: dict[str, Any]) -> Stats:
        folder = self.settings.root
        return Stats(
            papers=counts["papers"],
            records=sum(counts["by_source"].values()),
            quarantined=counts["quarantined"],
            by_source=counts["by_source"],
            by_year=self._index.years() if self._index.is_ready() else {},
            first_day=counts["first_day"],
            last_day=counts["last_day"],
            bytes_store=_size(folder.glob("tidings.db*")),
            bytes_index=_size((folder / "index").rglob("*")),
        )

    def _examined(self, counts: dict[str, Any], sources: Iterable[SourceStatus]) -> list[Check]:
        lag = self.lag
        checks = [
            Check("store", True, f"{counts['papers']:,} papers, {sum(counts['by_source'].values()):,} records"),
            Check(
                "index",
                self._index.is_ready(),
                "ready" if self._index.is_ready() else "missing or damaged; see --rebuild",
            ),
            Check("lag", lag == 0, "up to date" if lag == 0 else f"{lag:,} changes cannot be searched yet"),
            Check("quarantine", True, f"{counts['quarantined']:,} records refused; see `tidings quarantine list`"),
        ]
        now = self._clock()
        checks += [_check_source(status, now) for status in sources if status.enabled]
        if "arxiv" in self.settings.sources:
            checks.append(_check_holidays(now.year))
        return checks


def _check_source(status: SourceStatus, now: datetime) -> Check:
    """Return how an enabled source does: what keeps it from telling the news first, in words."""
    problem = _problem(status, now)
    if problem:
        return Check(status.name, False, problem)
    if status.running:
        return Check(status.name, True, "being synced now")
    if status.succeeded is None:
        return Check(status.name, True, "not synced yet; `tidings serve` or `tidings sync` does it")
    said = "; ".join(filter(None, (f"synced {away(status.succeeded, now)}", status.note)))
    return Check(status.name, True, said)


def _check_holidays(year: int) -> Check:
    from tidings.sources.arxiv.calendar import holidays_known

    if holidays_known(year):
        return Check("holidays", True, f"arXiv's of {year} are known")
    return Check("holidays", False, f"arXiv's of {year} are not known: news is expected on them too; upgrade Tidings")


def _problem(status: SourceStatus, now: datetime) -> str | None:
    if status.lacks:
        return status.lacks
    if status.running or status.started is None or status.next_run is None:
        return None
    following = f"next try {at(status.next_run, now)} ({away(status.next_run, now)})"
    if status.error:
        return f"{status.error}; {following}"
    if status.succeeded is None:
        return f"its first sync was begun and not ended; {following}"
    return _lateness(status, status.succeeded, following, now)


def _lateness(status: SourceStatus, succeeded: datetime, following: str, now: datetime) -> str | None:
    """Return what is late though nothing failed: news that is out, or runs that nobody makes."""
    if status.behind > 1 or (status.behind and succeeded < now - _LATE):
        return f"{status.behind} announcements are out and not held; {following}"
    if status.next_run and status.next_run < now - _LATE:
        return f"due since {at(status.next_run, now)}, and nothing ran it; `tidings serve` or `tidings sync` does it"
    return None


def _size(files: Iterable[Path]) -> int:
    """Return the bytes that files take; one that vanishes meanwhile counts nothing."""
    sizes = []
    for file in files:
        with suppress(OSError):
            status = file.stat()
            sizes.append(min(status.st_size, 512 * status.st_blocks))  # mapped files may have holes
    return sum(sizes)
