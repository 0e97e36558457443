"""What a person does to the archive: adding files, undoing merges, looking after what was refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from tidings.catalog.archive import Archive
from tidings.errors import NotFoundError, SourceError
from tidings.index.follow import keeping_up
from tidings.sync import Tally, split, take, take_batch
from tidings.types import AddReport, Paper, Quarantined

Progress = Callable[[str, int, int | None], None]  # name of the file, bytes read, bytes in all if known


class Keeping(Archive):
    """Adding and undoing."""

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
                    self._add_file(path, tally, now or self._clock(), progress)
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
        paper_id = split(self._store, record_id, self._clock())
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

        started, tally, now = perf_counter(), Tally(), self._clock()
        chosen = [self.refused(number) for number in numbers] or self.quarantine()
        for refused in chosen:
            take_batch(self._store, list(retry(refused.raw, refused.source)), now, tally, releasing=refused.id)
        self.catch_up()
        return _report(tally, perf_counter() - started, [])


def _report(tally: Tally, seconds: float, failed: Sequence[str]) -> AddReport:
    counts = {name: getattr(tally, name) for name in ("read", "new", "updated", "merged", "unchanged", "quarantined")}
    return AddReport(**counts, reasons=dict(tally.reasons), failed=tuple(failed), seconds=seconds)
