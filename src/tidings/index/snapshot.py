"""One state of the index, for reading: what a search sees does not change under it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import tantivy

from tidings.index import filters
from tidings.index.codes import products, smallest
from tidings.index.columns import ALIVE, Columns
from tidings.index.forward import Forward, forward_folder
from tidings.index.terms import QueryTerms, query_terms
from tidings.index.vectors import Scored, Vectors, slug
from tidings.index.words import SCHEMA, count_of, open_words, recency, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tidings.index.manifest import Manifest
    from tidings.types import Filter

EXACT_ROWS = 20_000  # a filter by words that lets no more pass becomes a mask
_SAMPLE_ROWS = 2_048
_SCORED_BY_MEANING = 32  # so many papers found by meaning alone get their exact BM25
_CHUNK = 128
_FILTERS_KEPT = 8
_pool = ThreadPoolExecutor(4, thread_name_prefix="words")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Papers found by words or meaning, unordered, with both scores and what the scores compare to.

    ``ids`` (n,) int64. ``bm25`` (n,) float32, exact for all found by words and for the nearest 32 of the others;
    0 for the rest, who score less than any found by words. ``cosine`` (n,) float32, NaN without a vector in the
    question, 0 for a paper without a known word. ``bm25_bound`` is more than any paper can reach for these words;
    ``cosine_mean`` and ``cosine_deviation`` are over the whole index. ``corrected`` is what was searched instead of
    words that no paper has.
    """

    ids: NDArray[np.int64]
    bm25: NDArray[np.float32]
    cosine: NDArray[np.float32]
    bm25_bound: float
    cosine_mean: float
    cosine_deviation: float
    stems: frozenset[str]
    corrected: str | None


_NO_ROWS = np.zeros(0, np.int64)
_NOTHING: Scored = (_NO_ROWS, np.zeros(0, np.float32))


class Snapshot:
    """Columns, vectors and words, by word and by paper, as of one manifest."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.rows = manifest.rows
        self.columns = Columns(folder / "columns", write=False)
        self.vectors = Vectors(folder / f"vectors-{slug(manifest.encoder)}", manifest.dimensions, write=False)
        self.forward = Forward(forward_folder(folder, manifest.forward), write=False)
        self.searcher = open_words(folder / "words").searcher()
        self._filters: dict[Filter, _Passing] = {}

    # --- searching ---

    def candidates(
        self, words: str, vector: NDArray[np.float32] | None, required: Filter | None, depth: int
    ) -> Candidates:
        """Return the best ``depth`` papers by words and the best ``depth`` by meaning, together; see LocalIndex."""
        terms = query_terms(self.searcher, words)
        passing = None if required is None else self._passing(required)
        by_words = _pool.submit(self._by_words, terms, passing, depth) if terms.known else None
        by_meaning = _NOTHING if vector is None else self._by_meaning(vector, passing, depth)
        scored = by_words.result() if by_words is not None else _NOTHING
        return self._joined(scored, by_meaning, vector, terms)

    def _passing(self, required: Filter) -> _Passing:
        """Return a filter as it works here; those asked for last are kept: many ask for the papers of the same days."""
        found = self._filters.get(required)
        if found is None:
            if len(self._filters) >= _FILTERS_KEPT:
                self._filters.clear()
            found = self._filters[required] = _Passing(self, required)
        return found

    def nearest(self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> Scored:
        """Return at most k allowed rows and their cosines, best first."""
        rows, cosines = self.vectors.nearest(vector, allowed, max(k, 300))
        return rows[:k], cosines[:k]

    def _by_words(self, terms: QueryTerms, passing: _Passing | None, depth: int) -> Scored:
        query = terms.query()
        return self._scored(query if passing is None else _only(query, passing.query), depth)

    def _scored(self, query: tantivy.Query, limit: int) -> Scored:
        """Return rows and scores of the best papers. Words may be ahead of the manifest, while someone writes."""
        hits = self.searcher.search(query, limit, count=False).hits
        rows, scores = rows_of(self.searcher, hits), np.array([score for score, _ in hits], np.float32)
        return rows[rows < self.rows], scores[rows < self.rows]

    def _by_meaning(self, vector: NDArray[np.float32], passing: _Passing | None, depth: int) -> Scored:
        if passing is None:
            return self.vectors.nearest(vector, self.findable, depth)
        rows, cosines = self.vectors.nearest(vector, self.findable & passing.mask, depth)
        if passing.mask_is_exact:
            return rows, cosines
        surviving = np.isin(rows, self._surviving(rows, passing.query))
        return rows[surviving], cosines[surviving]

    def _surviving(self, rows: NDArray[np.int64], query: tantivy.Query) -> NDArray[np.int64]:
        """Return those rows that the query finds."""
        found = [
            self._scored(filters.every([query, filters.any_of(rows[start : start + _CHUNK])]), _CHUNK)[0]
            for start in range(0, len(rows), _CHUNK)
        ]
        return np.concatenate(found) if found else _NO_ROWS

    def _joined(
        self,
        by_words: Scored,
        by_meaning: Scored,
        vector: NDArray[np.float32] | None,
        terms: QueryTerms,
    ) -> Candidates:
        ids, bm25 = by_words
        fresh = np.isin(by_meaning[0], ids, invert=True)
        others, nearness = by_meaning[0][fresh], by_meaning[1][fresh]
        every = np.concatenate([ids, others])
        cosine = np.full(len(every), np.nan, np.float32)
        scores = np.concatenate([bm25, np.zeros(len(others), np.float32)])
        mean = deviation = 0.0
        if vector is not None:
            cosine = np.concatenate([self.vectors.cosines(vector, ids), nearness])
            mean, deviation = self.cosine_statistics(vector)
            if terms.known and len(others):
                scores[len(ids) :] = self._bm25(terms, others, nearness)
        stems = frozenset(terms.frequencies)
        return Candidates(every, scores, cosine, terms.bound, mean, deviation, stems, terms.corrected)

    def _bm25(self, terms: QueryTerms, rows: NDArray[np.int64], cosine: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the BM25 of the rows nearest by cosine, 0 for the others."""
        scores = np.zeros(len(rows), np.float32)
        nearest = np.argsort(-cosine)[:_SCORED_BY_MEANING]
        place = dict(zip(rows[nearest].tolist(), nearest.tolist(), strict=True))
        query = terms.query()
        for start in range(0, len(nearest), _CHUNK):
            found, values = self._scored(_only(query, filters.any_of(rows[nearest[start : start + _CHUNK]])), _CHUNK)
            scores[[place[row] for row in found.tolist()]] = values
        return scores

    # --- what is true of the whole index ---

    @cached_property
    def alive(self) -> NDArray[np.bool_]:
        """Which rows hold a paper, one entry per row."""
        mask: NDArray[np.bool_] = (self.columns["flags"][: self.rows] & ALIVE) != 0
        return mask

    def holds(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of the ids are of papers that are there."""
        inside: NDArray[np.bool_] = (ids >= 0) & (ids < self.rows)
        inside[inside] = self.alive[ids[inside]]
        return inside

    @cached_property
    def findable(self) -> NDArray[np.bool_]:
        """Which rows hold a paper with a vector."""
        return self.alive & self.vectors.present[: self.rows]

    @cached_property
    def sample(self) -> NDArray[np.float32]:
        """The vectors of rows at even distances, shape (at most 2048, dimensions)."""
        rows = np.flatnonzero(self.findable)
        return self.vectors.read(rows[:: max(1, -(-len(rows) // _SAMPLE_ROWS))])

    def cosine_statistics(self, vector: NDArray[np.float32]) -> tuple[float, float]:
        """Return mean and standard deviation of the vector's cosine with the papers, from the sample."""
        cosines = products(self.sample, vector)
        return (float(cosines.mean()), float(cosines.std())) if len(cosines) else (0.0, 0.0)

    # --- filtering without ranking ---

    def count(self, required: Filter | None) -> int:
        """Return how many papers pass."""
        if required is None:
            return self.manifest.papers
        if filters.needs_words(required):
            return count_of(self.searcher, filters.tantivy_query(required))
        return int(np.count_nonzero(filters.surely_and_maybe(required, self.columns, self.rows)[1]))

    def newest(self, required: Filter | None, limit: int, before: tuple[int, int] | None) -> NDArray[np.int64]:
        """Return ids by day and id, newest first."""
        if required is not None and filters.needs_words(required):
            return self._newest_by_words(required, limit, before)
        mask = self.alive if required is None else filters.surely_and_maybe(required, self.columns, self.rows)[1]
        days = self.columns["day"][: self.rows]
        if before is not None:
            day, last = before
            mask = mask & ((days < day) | ((days == day) & (np.arange(self.rows) < last)))
        rows = np.flatnonzero(mask)
        order = -((days[rows].astype(np.int64) << 32) | rows)
        best = smallest(order, limit)
        return rows[best[np.argsort(order[best])]]

    def _newest_by_words(self, required: Filter, limit: int, before: tuple[int, int] | None) -> NDArray[np.int64]:
        query = filters.tantivy_query(required)
        if before is not None:
            older = recency(*before) - 1
            if older < 0:
                return _NO_ROWS
            kind = tantivy.FieldType.Unsigned
            query = filters.every([query, tantivy.Query.range_query(SCHEMA, "recency", kind, 0, older)])
        hits = self.searcher.search(query, limit, count=False, order_by_field="recency").hits
        rows = rows_of(self.searcher, hits)
        return rows[rows < self.rows]

    def facets(self, ids: NDArray[np.int64]) -> dict[str, dict[str, int]]:
        """Return how many of the papers have each year, source and primary category, most frequent first."""
        numbers, counts = np.unique(self.column("year", ids), return_counts=True)
        years = Counter(
            {str(year): count for year, count in zip(numbers.tolist(), counts.tolist(), strict=True) if year}
        )
        sources: Counter[str] = Counter()
        categories: Counter[str] = Counter()
        for value, count in self._values("source", ids):
            sources.update(dict.fromkeys(value, count))
        for value, count in self._values("category", ids):
            categories.update(dict.fromkeys(value[:1], count))
        named = {"year": years, "source": sources, "category": categories}
        return {name: dict(counter.most_common()) for name, counter in named.items()}

    def column(self, name: str, ids: NDArray[np.int64]) -> NDArray[Any]:
        """Return a column's values for papers, 0 (unknown) for those that came or went since."""
        inside = ids < self.rows
        return np.where(inside, self.columns[name][np.where(inside, ids, 0)], 0) if self.rows else np.zeros_like(ids)

    def _values(self, name: str, ids: NDArray[np.int64]) -> list[tuple[tuple[str, ...], int]]:
        values = self.columns.vocabularies[name].values
        numbers, counts = np.unique(self.column(name, ids), return_counts=True)
        pairs = zip(numbers.tolist(), counts.tolist(), strict=True)
        return [(values[number], count) for number, count in pairs if number < len(values)]


class _Passing:
    """A filter on one snapshot: as a query, and as a mask that is exact unless words let too many papers pass."""

    def __init__(self, snapshot: Snapshot, required: Filter) -> None:
        self._snapshot = snapshot
        self._required = required
        self.query = filters.tantivy_query(required)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """Which rows pass, or may pass; one entry per row."""
        if self._rows is None:
            return filters.surely_and_maybe(self._required, self._snapshot.columns, self._snapshot.rows)[1]
        mask = np.zeros(self._snapshot.rows, np.bool_)
        mask[self._rows[self._rows < len(mask)]] = True
        return mask

    @cached_property
    def mask_is_exact(self) -> bool:
        return self._rows is not None or not filters.needs_words(self._required)

    @cached_property
    def _rows(self) -> NDArray[np.int64] | None:
        """The rows that pass, when only words can tell and they are few."""
        if not filters.needs_words(self._required):
            return None
        searcher = self._snapshot.searcher
        if count_of(searcher, self.query) > EXACT_ROWS:
            return None
        return rows_of(searcher, searcher.search(self.query, EXACT_ROWS, count=False).hits)


def _only(query: tantivy.Query, condition: tantivy.Query) -> tantivy.Query:
    """Return the query restricted to a condition that does not score."""
    unscored = tantivy.Query.const_score_query(condition, 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, unscored)])
