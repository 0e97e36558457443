"""How papers are found: search, similar, newest, a day, and one by its id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from time import monotonic, perf_counter

import numpy as np
from numpy.typing import NDArray

from tidings import identifiers
from tidings.catalog.archive import Archive
from tidings.embed import load_default
from tidings.errors import InputError, NotFoundError, SourceError
from tidings.index.snapshot import Candidates
from tidings.plain import plain
from tidings.rank import search as ranking
from tidings.rank.query import SOURCES, field_term, parse
from tidings.types import Day, Facet, HeldRecord, Hit, Page, Paper, Parts, Query, Revision

# The facets of a filter without words count this many of its newest papers.
_COUNTED = 20_000
# A reader is told when more papers than this cannot be found yet.
_NOTABLE_LAG = 1000


class Finding(Archive):
    """Asking the archive; nothing here changes it."""

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

    def revisions(self, id: str) -> tuple[Revision, ...]:  # noqa: A002
        """Return what each source changed in its record of a paper, newest first.

        Raises:
            NotFoundError: nothing has that id.
        """
        return self._store.revisions(self._find(id))[::-1]

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


def _facet_order(name: str, counts: Mapping[str, int]) -> list[tuple[str, int]]:
    by_value = sorted(counts.items(), reverse=True)
    return by_value if name == "year" else sorted(by_value, key=lambda item: -item[1])
