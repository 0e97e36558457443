"""What a person does to the archive: adding files, undoing merges, the quarantine, and whether all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from tidings.catalog.archive import Archive
from tidings.errors import NotFoundError, SourceError
from tidings.index.follow import keeping_up
from tidings.sync import Tally, split, take, take_batch
from tidings.types import AddReport, Check, Paper, Quarantined, Stats

Progress = Callable[[str, int, int | None], None]  # name of the file, bytes read, bytes in all if known


class Keeping(Archive):
    """Adding, undoing, and looking after what is held."""

    def add(
        self,
        paths: Sequence[Path | str | BinaryIO],
        *,
        now: datetime | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Put the papers of files and folders into the archive; return when all of it can be found.

        A file that cannot be read at all is named in the report and does not stop the others.
        """
        started, tally, failed = perf_counter(), Tally(), list[str]()
        self._check_index()
        with keeping_up(self.catch_up):
            for path in paths:
                try:
                    self._add_file(path, tally, now or datetime.now(UTC), progress)
                except SourceError as error:
                    failed.append(str(error))
                except OSError as error:
                    failed.append(f"{path}: {error.strerror or error}")
        return _report(tally, perf_counter() - started, failed)

    def _add_file(self, path: Path | str | BinaryIO, tally: Tally, now: datetime, progress: Progress | None) -> None:
        from tidings.sources import FileReader  # every format's reader: a search should not wait for them

        reader = FileReader(Path(path) if isinstance(path, str) else path)
        for _ in take(self._store, reader, now, tally):
            if progress:
                progress(reader.name, reader.read_bytes, reader.total_bytes)

    def add_sample(self) -> bool:
        """Load the sample archive into an empty home; return whether it was empty."""
        from tidings.sources import sample_path

        if self._store.position():
            return False
        self.add([sample_path()])
        return True

    def split(self, record_id: int) -> Paper:
        """Undo a merge: give a record a paper of its own, for good, and return that paper.

        Raises:
            NotFoundError: nothing has that record id.
            InputError: the record is the only one of its paper.
        """
        paper_id = split(self._store, record_id, datetime.now(UTC))
        self.catch_up()
        return self._store.papers([paper_id])[0]

    def quarantine(self) -> list[Quarantined]:
        """Return what was refused, oldest first."""
        return self._store.quarantined()

    def refused(self, number: int) -> Quarantined:
        """Return one refusal.

        Raises:
            NotFoundError: the quarantine has none of that number.
        """
        found = self._store.quarantined([number])
        if not found:
            raise NotFoundError(f"nothing in quarantine has the number {number}")
        return found[0]

    def retry(self, numbers: Sequence[int] = ()) -> AddReport:
        """Read refused texts again, all or those of the numbers; what is understood now enters the archive.

        Raises:
            NotFoundError: the quarantine has none of that number.
        """
        from tidings.sources import retry

        started, tally, now = perf_counter(), Tally(), datetime.now(UTC)
        chosen = [self.refused(number) for number in numbers] or self.quarantine()
        for refused in chosen:
            take_batch(self._store, list(retry(refused.raw, refused.source)), now, tally, releasing=refused.id)
        self.catch_up()
        return _report(tally, perf_counter() - started, [])

    def stats(self) -> Stats:
        """Return what the archive holds."""
        counts = self._store.counts()
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

    def doctor(self, *, thorough: bool = False) -> list[Check]:
        """Return what is well and what is not; thorough reads every row of the index."""
        counts = self._store.counts()
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
        return checks + (self._index.verify() if thorough else [])


def _report(tally: Tally, seconds: float, failed: Sequence[str]) -> AddReport:
    counts = {name: getattr(tally, name) for name in ("read", "new", "updated", "merged", "unchanged", "quarantined")}
    return AddReport(**counts, reasons=dict(tally.reasons), failed=tuple(failed), seconds=seconds)


def _size(files: Iterable[Path]) -> int:
    """Return the bytes that files take; one that vanishes meanwhile counts nothing."""
    sizes = []
    for file in files:
        with suppress(OSError):
            status = file.stat()
            sizes.append(min(status.st_size, 512 * status.st_blocks))  # mapped files may have holes
    return sum(sizes)
