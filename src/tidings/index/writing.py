"""Writing the index: one session at a time, kill-safe at every point.

The order is columns, vectors and the papers' words by row, then words for searching, then the manifest. Whatever a
crash leaves half done lies beyond the manifest's position, and applying the same changes again puts it right.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Self

import msgspec
import numpy as np

from tidings.index.columns import ALIVE, KNOWN, Columns
from tidings.index.filters import exact
from tidings.index.forward import Forward, drop_forward_folders, forward_folder, learnt_text, terms_of
from tidings.index.manifest import Manifest, cannot_write, write_manifest
from tidings.index.vectors import Vectors, slug
from tidings.index.words import HEAP_BYTES, document, open_words, paper_text, plain_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

    import tantivy
    from numpy.typing import NDArray

    from tidings.types import Encoder, Paper

_COMMIT_SECONDS = 20.0


class IndexWriter:
    """A session of writing; what it applied is searchable after ``commit``, at the latest when it ends."""

    def __init__(self, folder: Path, encoder: Encoder, manifest: Manifest) -> None:
        self._folder = folder
        self._encoder = encoder
        self._manifest = manifest
        self._rows = manifest.rows
        self.position = manifest.position
        self._columns = Columns(folder / "columns", write=True)
        self._vectors = Vectors(folder / f"vectors-{slug(encoder.name)}", encoder.dimensions, write=True)
        self._forward = Forward(forward_folder(folder, manifest.forward), write=True)
        self._words = open_words(folder / "words", create=True)
        self._writer: tantivy.IndexWriter | None = None
        self._committed_at = time.monotonic()

    def apply(self, papers: Iterable[Paper], removed: Iterable[int], position: int) -> None:
        """Write papers and drop removed ids; searchable after the next commit, which comes every 20 seconds."""
        try:
            self._apply(list({paper.id: paper for paper in papers}.values()), list(removed))
        except (OSError, ValueError) as error:
            raise cannot_write(self._folder, error) from error
        self.position = position
        if time.monotonic() - self._committed_at > _COMMIT_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Make everything applied so far searchable and durable."""
        try:
            self._columns.flush()
            self._vectors.flush()
            self._forward.flush()
            if self._writer is not None:
                self._writer.commit()
            self._publish()
        except (OSError, ValueError) as error:
            raise cannot_write(self._folder, error) from error
        self._committed_at = time.monotonic()

    def close(self) -> None:
        """Commit, take back dead space, and wait until tantivy has merged its segments."""
        self.commit()
        self._take_back_space()
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None
            self._publish()  # so that readers take up the merged segments

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif self._writer is not None:
            with contextlib.suppress(ValueError):  # a writer that died of a full disk cannot roll back either
                self._writer.rollback()
            self._writer = None

    def _apply(self, papers: Sequence[Paper], removed: Sequence[int]) -> None:
        rows = np.array([paper.id for paper in papers], np.int64)
        gone = np.array([number for number in removed if number < self._columns.capacity], np.int64)
        self._reserve(int(rows.max(initial=-1)) + 1)
        self._forget(np.concatenate([rows, gone]))
        self._columns.remove(gone)
        self._forward.remove(gone)
        if not papers:
            return
        texts = plain_texts(papers)
        writer = self._tantivy()
        for paper, (title, abstract) in zip(papers, texts, strict=True):
            writer.add_document(document(paper, title, abstract))
        self._vectors.write(rows, [paper_text(*text) for text in texts], self._encoder)
        self._forward.write(rows, terms_of([learnt_text(*text) for text in texts]))
        self._columns.write(rows, papers)

    def _reserve(self, rows: int) -> None:
        self._columns.reserve(rows)
        self._vectors.reserve(rows)
        self._forward.reserve(rows)
        self._rows = max(self._rows, rows)

    def _forget(self, rows: NDArray[np.int64]) -> None:
        """Delete the words of rows that may have some; a row never written has none."""
        for row in rows[(self._columns["flags"][rows] & KNOWN) != 0].tolist():
            # by query: by term, tantivy 0.27 takes the number for a signed one and deletes nothing
            self._tantivy().delete_documents_by_query(exact("paper", row))
        self._columns["flags"][rows] |= KNOWN

    def _tantivy(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._writer = self._words.writer(heap_size=HEAP_BYTES, num_threads=1)
        return self._writer

    def _take_back_space(self) -> None:
        """Copy the words by row into the next folder; the old one stays until the next session, for who reads it."""
        if not self._forward.is_mostly_dead:
            return
        number = self._manifest.forward + 1
        try:
            self._forward.copy(forward_folder(self._folder, number))
        except OSError:  # a disk without room for the copy; all is well without it
            drop_forward_folders(self._folder, but=self._manifest.forward)
            return
        self._manifest = msgspec.structs.replace(self._manifest, forward=number)
        self._publish()

    def _publish(self) -> None:
        alive = int(np.count_nonzero(self._columns["flags"][: self._rows] & ALIVE))
        self._manifest = msgspec.structs.replace(
            self._manifest,
            position=self.position,
            rows=self._rows,
            papers=alive,
            generation=self._manifest.generation + 1,
        )
        write_manifest(self._folder / "manifest.json", self._manifest)
