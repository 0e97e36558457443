"""The index of one machine: words in tantivy, meaning in mapped codes and vectors, filters in mapped columns."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from tidings.errors import IndexUnavailableError
from tidings.index import filters, health
from tidings.index.manifest import Manifest, cannot_write, read_manifest, stamp
from tidings.index.snapshot import Candidates, Snapshot
from tidings.index.words import stem
from tidings.index.writing import IndexWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tidings.types import Check, Encoder, Filter, Paper, Terms


class LocalIndex:
    """What finds papers in one folder. Many processes may read while one writes; safe to delete at any time.

    ``archive`` names the store that it follows. A folder made for another one, by another version or encoder, or one
    that is damaged, is emptied by the next writer (vectors that are sound stay); readers are told so by
    IndexUnavailableError until then.
    """

    def __init__(self, folder: Path, encoder: Encoder, *, archive: str = "", read_only: bool = False) -> None:
        self.folder = folder
        self._encoder = encoder
        self._wanted = Manifest(encoder.name, encoder.dimensions, archive)
        self._read_only = read_only
        self._path = folder / "manifest.json"
        self._guard = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._snapshot: Snapshot | None = None

    # --- writing ---

    def position(self) -> int:
        """Return the change-log position up to which it is searchable; 0 when empty or in need of a rebuild."""
        try:
            return self._current().manifest.position
        except IndexUnavailableError:
            return 0

    def is_ready(self) -> bool:
        """Say whether it can be searched; otherwise the next writer builds it from nothing."""
        try:
            self._current()
        except IndexUnavailableError:
            return False
        return True

    def reset(self) -> None:
        """Forget what is searchable; the next writer builds it from nothing. Vectors that are sound stay."""
        with self._locked():
            self._path.unlink(missing_ok=True)

    def apply(self, papers: Iterable[Paper], removed: Iterable[int], position: int) -> None:
        """Write papers, drop removed ids, and make it all searchable as of ``position``. Idempotent."""
        with self.writer() as writer:
            writer.apply(papers, removed, position)

    @contextmanager
    def writer(self) -> Iterator[IndexWriter]:
        """Open the one writing session; it waits for another process's to end. Commits every 20 s and at its end."""
        with self._locked(), self._session() as session:
            yield session

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only one who writes."""
        if self._read_only:
            raise cannot_write(self.folder, PermissionError("it was opened for reading"))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            from filelock import FileLock  # brings asyncio with it, and only writers need it

            held = FileLock(self.folder / "lock").acquire()
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        with held:
            yield

    def _session(self) -> IndexWriter:
        try:
            return IndexWriter(self.folder, self._encoder, health.prepare(self.folder, self._wanted))
        except (OSError, ValueError) as error:
            raise cannot_write(self.folder, error) from error

    # --- searching ---

    def candidates(
        self, words: str, vector: NDArray[np.float32] | None, required: Filter | None, *, depth: int = 1_000
    ) -> Candidates:
        """Return the best ``depth`` papers by words and the best ``depth`` by meaning, together.

        ``vector`` is normalised, shape (dimensions,). ``required`` decides what may appear; an unknown field is
        refused, and a filter that nothing passes finds nothing.
        """
        if required is not None:
            filters.check(required)
        if vector is not None and not vector.any():
            vector = None
        return self._current().candidates(words, vector, required, depth)

    def neighbours(
        self, vector: NDArray[np.float32], k: int, required: Filter | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the k papers nearest to a normalised vector that pass, nearest first, and their cosines."""
        snapshot = self._current()
        if required is None:
            return snapshot.nearest(vector, k, snapshot.findable)
        found = self.candidates("", vector, required, depth=max(k, 300))
        best = np.argsort(-found.cosine, kind="stable")[:k]
        return found.ids[best], found.cosine[best]

    def count(self, required: Filter | None) -> int:
        """Return how many papers pass."""
        if required is not None:
            filters.check(required)
        return self._current().count(required)

    def newest(self, required: Filter | None, limit: int, before: tuple[int, int] | None = None) -> NDArray[np.int64]:
        """Return ids of papers that pass by (day, id), newest first, papers without a day last.

        ``before`` is the (day, id) of the last one seen; day as ``date.toordinal``, 0 for none.
        """
        if required is not None:
            filters.check(required)
        return self._current().newest(required, limit, before)

    def facets(self, ids: NDArray[np.int64]) -> dict[str, dict[str, int]]:
        """Return how many of the papers have each ``year``, ``source`` and primary ``category``."""
        return self._current().facets(ids)

    def sources(self) -> frozenset[str]:
        """Return the names of all sources that a paper came from; none while it cannot be searched."""
        if not self.is_ready():
            return frozenset()
        values = self._current().columns.vocabularies["source"].values
        return frozenset(name for names in values for name in names)

    def years(self) -> dict[int, int]:
        """Return how many papers each year has; papers without a year are left out."""
        snapshot = self._current()
        values, counts = np.unique(snapshot.columns["year"][: snapshot.rows][snapshot.alive], return_counts=True)
        return {int(value): int(count) for value, count in zip(values, counts, strict=True) if value}

    def years_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the year of each paper, 0 when unknown."""
        return self._current().column("year", ids).astype(np.int64)

    def sources_of(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Return the first source of each paper as a place among the names, which are the most frequent first."""
        snapshot = self._current()
        values = snapshot.columns.vocabularies["source"].values
        known, row, counts = np.unique(snapshot.column("source", ids), return_inverse=True, return_counts=True)
        first = [(*(values[number] if number < len(values) else ()), "")[0] for number in known.tolist()]
        papers: Counter[str] = Counter()
        for name, count in zip(first, counts.tolist(), strict=True):
            papers[name] += count
        names = tuple(name for name, _ in papers.most_common())
        return np.array([names.index(name) for name in first], np.int64)[row], names

    def days(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the day of each paper as ``date.toordinal``, 0 when unknown."""
        days: NDArray[np.int32] = self._current().column("day", ids)
        return days

    def vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of papers, shape (n, dimensions); zero rows for papers that are not in the index."""
        snapshot = self._current()
        found = np.zeros((len(ids), snapshot.manifest.dimensions), np.float32)
        inside = snapshot.holds(ids)
        found[inside] = snapshot.vectors.read(ids[inside])
        return found

    def terms(self, ids: NDArray[np.int64]) -> Terms:
        """Return the words of title and abstract of each paper, those of the title counted twice.

        Papers that are not in the index have none.
        """
        snapshot = self._current()
        inside = snapshot.holds(ids)
        lengths = np.zeros(len(ids), np.int64)
        found = snapshot.forward.read(ids[inside])
        lengths[inside] = np.diff(found.starts)
        return found._replace(starts=np.concatenate([[0], np.cumsum(lengths)]))

    def stem(self, word: str) -> str:
        """Return the form under which a word is found, to mark it."""
        return stem(word)

    # --- health ---

    def verify(self) -> list[Check]:
        """Check every row and every file, for ``doctor``."""
        return health.verify(self.folder, self._wanted)

    def _current(self) -> Snapshot:
        """Return the newest state; one system call when it has not changed."""
        seen = stamp(self._path)
        snapshot = self._snapshot
        if snapshot is not None and seen == self._stamp:
            return snapshot
        with self._guard:
            if self._snapshot is None or seen != self._stamp:
                self._snapshot = self._open()
                self._stamp = seen
            return self._snapshot

    def _open(self) -> Snapshot:
        return health.open_snapshot(self.folder, self._wanted, read_manifest(self._path))
