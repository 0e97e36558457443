"""The façade: whatever a person can do is one method here, and only here are things wired together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from time import monotonic, perf_counter
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tidings import identifiers
from tidings.embed import load_default
from tidings.errors import InputError, NotFoundError, SourceError
from tidings.index.follow import follow, keeping_up
from tidings.index.local import LocalIndex
from tidings.index.snapshot import Candidates
from tidings.plain import plain
from tidings.rank import search as ranking
from tidings.rank.query import SOURCES, field_term, parse
from tidings.settings import Settings
from tidings.store import Store, open_store
from tidings.sync import Tally, split, take, take_batch
from tidings.types import AddReport, Check, Day, Facet, HeldRecord, Hit, Page, Paper, Parts, Quarantined, Query, Stats

Progress = Callable[[str, int, int | None], None]  # name of the file, bytes read, bytes in all if known

# The facets of a filter without words count this many of its newest papers.
_COUNTED = 20_000
# A reader is told when more papers than this cannot be found yet.
_NOTABLE_LAG = 1000


def open(home: Path | str | None = None, settings: Settings | None = None) -> Catalog:  # noqa: A001
    """Open the archive in a folder, creating it where needed.

    Raises:
        StoreError: the folder cannot be used, or a newer version made it.
    """
    if settings is None:
        settings = Settings() if home is None else Settings(home=Path(home))
    elif home is not None:
        settings = settings.model_copy(update={"home": Path(home)})
    return Catalog(open_store(settings.root, settings.database_url), settings)


class Catalog:
    """An open archive. Safe to share between threads; use as a context manager or call ``close``."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self.settings = settings

    def __enter__(self) -> Catalog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections."""
        self._store.close()

    @cached_property
    def _index(self) -> LocalIndex:
        return LocalIndex(self.settings.root / "index", load_default(), archive=self._store.archive_id)

    # --- adding ---

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

    # --- finding ---

    def search(self, query: str, *, limit: int = 20, cursor: str | None = None, sort: str = "relevance") -> Page:
        """Return the papers most related to a query, or those that a filter lets through, newest first.

        An empty query finds nothing.

        Raises:
            QueryError: the query cannot be read.
            InputError: the sort is unknown, the limit senseless, or the cursor of another query.
        """
        started = perf_counter()
        ranking.check(sort, limit)
        parsed = parse(query, sources=SOURCES | self._index.sources())
        if parsed.is_empty:
            return Page((), 0)
        page = self._ranked(parsed, limit, cursor, sort) if parsed.words else self._listed(parsed, limit, cursor)
        notes = " ".join(filter(None, (self._lag_note(), page.note)))
        return replace(page, note=notes or None, milliseconds=1000 * (perf_counter() - started))

    def _lag_note(self) -> str | None:
        lag = self._lag_lately(int(monotonic()))
        return f"{lag:,} papers are not searchable yet; the index is catching up." if lag > _NOTABLE_LAG else None

    @lru_cache(maxsize=1)  # noqa: B019 - one small number, of a catalog that lives as long as its process
    def _lag_lately(self, _: int) -> int:
        """Return the lag in this second; asking at every search would cost a twentieth of it."""
        return self.lag

    def _ranked(self, query: Query, limit: int, cursor: str | None, sort: str) -> Page:
        found = self._index.candidates(
            query.words, self._encode(query.words), query.required, depth=self.settings.depth
        )
        ranked = ranking.by_relevance(ranking.related(found))
        if sort == "newest":
            ranked = ranking.by_date(ranked, self._index.days(ranked.ids))
        page = self._page(ranking.page(ranked, limit, cursor, query.text, sort), found)
        note = f"No paper has these words; these are for “{found.corrected}”." if found.corrected else None
        return replace(page, facets=self._facets(ranked.ids), note=note)

    def _listed(self, query: Query, limit: int, cursor: str | None) -> Page:
        """Return the papers that pass a query without words, newest first."""
        before = None
        if cursor is not None:
            day, last = ranking.decode_cursor(cursor, query.text, "newest")
            before = int(day), last
        ids = self._index.newest(query.required, max(limit + 1, _COUNTED), before)
        papers = self._store.papers(ids[:limit].tolist())
        following = None
        if len(ids) > limit:
            last = int(ids[limit - 1])
            following = ranking.encode_cursor(
                float(self._index.days(ids[limit - 1 : limit])[0]), last, query.text, "newest"
            )
        total = self._index.count(query.required)
        counted = ids if before is None else self._index.newest(query.required, _COUNTED)
        return Page(tuple(Hit(paper, 0.0) for paper in papers), total, following, self._facets(counted))

    def similar(self, ids: Sequence[str] = (), *, text: str | None = None, limit: int = 20) -> Page:
        """Return the papers most like these papers, or like a text, or both; never the papers themselves.

        Raises:
            NotFoundError: an id is unknown.
            InputError: neither a paper nor a text was given.
        """
        started = perf_counter()
        ranking.check("relevance", limit)
        examples = [self.paper(value) for value in ids]
        if not examples and not (text and text.strip()):
            raise InputError("similar to what? Name a paper or give a text.")
        own = [paper.id for paper in examples]
        vectors = self._index.vectors(np.array(own, np.int64))
        direction = self._encode(text) if text else None
        words = " ".join([*(f"{paper.title} {paper.abstract}" for paper in examples), text or ""])
        depth = self.settings.depth
        probes = ranking.probes(vectors, direction)
        found = [self._index.candidates(words, probe, None, depth=depth) for probe in probes[:1]]
        found += [self._index.candidates("", probe, None, depth=depth // len(probes)) for probe in probes[1:]]
        pooled = ranking.pooled(found or [self._index.candidates(words, None, None, depth=depth)])
        ranked = ranking.similar(pooled, self._index.vectors(pooled.ids), vectors, own, direction)
        page = self._page(ranking.page(ranked, limit, None, "", "relevance"), pooled)
        return replace(page, cursor=None, stems=frozenset(), milliseconds=1000 * (perf_counter() - started))

    def _encode(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = load_default().encode([plain(text)])[0]
        return vector

    def _page(self, ranked: ranking.RankedPage, found: Candidates) -> Page:
        """Return the ranked ids as papers; one that was removed meanwhile is left out."""
        papers = {paper.id: paper for paper in self._store.papers(ranked.ranking.ids.tolist())}
        rows = zip(
            *(getattr(ranked.ranking, name).tolist() for name in ("ids", "scores", "words", "meaning")), strict=True
        )
        hits = tuple(
            Hit(papers[number], score, Parts(words, meaning))
            for number, score, words, meaning in rows
            if number in papers
        )
        return Page(hits, ranked.total, ranked.cursor, stems=found.stems)

    def _facets(self, ids: NDArray[np.int64]) -> dict[str, tuple[Facet, ...]]:
        """Return what the papers can be narrowed by, the most frequent value first, years newest first."""
        counted = self._index.facets(ids)
        return {
            name: tuple(Facet(value, count, field_term(name, value)) for value, count in _facet_order(name, counts))
            for name, counts in counted.items()
        }

    def paper(self, id: str) -> Paper:  # noqa: A002
        """Return one paper by any external id or address, or ``paper:12``; a merged paper's old id leads to it.

        Raises:
            NotFoundError: nothing has that id.
        """
        return self._store.papers([self._find(id)])[0]

    def records(self, id: str) -> tuple[HeldRecord, ...]:  # noqa: A002
        """Return what each source says of a paper, and why it is the same paper.

        Raises:
            NotFoundError: nothing has that id.
        """
        return self._store.records(self._find(id))

    def _find(self, text: str) -> int:
        try:
            found = self._store.find(identifiers.parse(text))
        except SourceError as error:
            raise NotFoundError(str(error)) from error
        if found is None:
            raise NotFoundError(f"no paper here has the id {text}")
        return found

    def newest(self, *, limit: int = 50, cursor: str | None = None) -> Page:
        """Return the newest papers, day by day, papers without a day last."""
        ranking.check("newest", limit)
        before = None
        if cursor is not None:
            ordinal, last = ranking.decode_cursor(cursor, "", "newest")
            before = (date.fromordinal(int(ordinal)) if ordinal else None), last
        papers = self._store.newest(limit + 1, before)
        following = None
        if len(papers) > limit:
            last_shown = papers[limit - 1]
            ordinal = last_shown.date.toordinal() if last_shown.date else 0
            following = ranking.encode_cursor(float(ordinal), last_shown.id, "", "newest")
        hits = tuple(Hit(paper, 0.0) for paper in papers[:limit])
        return Page(hits, self._store.counts()["papers"], following)

    def day(self, day: date, *, limit: int = 200, cursor: str | None = None) -> Day:
        """Return the papers of one day, those first known on it marked as new, those only updated after them."""
        ranking.check("newest", limit)
        offset = 0
        if cursor is not None:
            _, offset = ranking.decode_cursor(cursor, day.isoformat(), "day")
        papers = self._store.on_day(day, limit + 1, offset)
        following = ranking.encode_cursor(0.0, offset + limit, day.isoformat(), "day") if len(papers) > limit else None
        hits = tuple(Hit(paper, 0.0, is_new=paper.date == day) for paper in papers[:limit])
        earlier, later = self._store.days_around(day)
        return Day(Page(hits, self._store.count_on_day(day), following), earlier, later, day)

    def stem(self, word: str) -> str:
        """Return the form under which a word is found."""
        return self._index.stem(word)

    # --- keeping ---

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


def _facet_order(name: str, counts: Mapping[str, int]) -> list[tuple[str, int]]:
    by_value = sorted(counts.items(), reverse=True)
    return by_value if name == "year" else sorted(by_value, key=lambda item: -item[1])


def _size(files: Iterable[Path]) -> int:
    """Return the bytes that files take; one that vanishes meanwhile counts nothing."""
    sizes = []
    for file in files:
        with suppress(OSError):
            status = file.stat()
            sizes.append(min(status.st_size, 512 * status.st_blocks))  # mapped files may have holes
    return sum(sizes)
