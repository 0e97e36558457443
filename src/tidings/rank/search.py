"""Candidates in, a page of ranked papers out: pure functions between the index and the catalog."""

from __future__ import annotations

import math
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from tidings.errors import InputError
from tidings.rank.fuse import fuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tidings.index.snapshot import Candidates

    Vectors = NDArray[np.float32]

SORTS = ("relevance", "newest")
RELEVANT = 0.5
"""Sorted by date, papers below this share of the best score are left out: the newest of all would be mostly chance."""
RELATED = 2.0
"""Standard deviations above the mean cosine from which a paper without any of the words is an answer at all: one in
forty papers would be by chance. In a large archive the candidates all lie above it."""
BEST_MATCH = 0.5
"""In similarity to several examples, the share of the nearest example; the rest is for what they have in common."""
MOST_PROBES = 8

_PLACE = struct.Struct(">8sdq")


@dataclass(frozen=True, slots=True)
class Ranking:
    """Papers in their order. ``places`` is what they are ordered by before the id (a score, or a day), descending."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    words: NDArray[np.float64]
    meaning: NDArray[np.float64]
    places: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Ranking:
        """Return some of the papers, in the order of ``rows``."""
        return Ranking(self.ids[rows], self.scores[rows], self.words[rows], self.meaning[rows], self.places[rows])


@dataclass(frozen=True, slots=True)
class RankedPage:
    """A page of a ranking; ``total`` counts all papers of the ranking, ``cursor`` asks for the next page."""

    ranking: Ranking
    total: int
    cursor: str | None


def check(sort: str, limit: int) -> None:
    """Refuse an unknown sort and a limit below 1."""
    if sort not in SORTS:
        raise InputError(f"unknown sort {sort!r}: there are {' and '.join(SORTS)}")
    if limit < 1:
        raise InputError(f"a limit of {limit} asks for nothing; it must be 1 or more")


def related(found: Candidates) -> Candidates:
    """Return the candidates that have a word of the question, or lie RELATED deviations nearer to it than most papers.

    A small archive has fewer papers than candidates are asked for; without this, everything would answer everything.
    """
    far = found.cosine_mean + RELATED * found.cosine_deviation
    kept = (found.bm25 > 0) | ((found.cosine >= far) & (found.cosine_deviation > 0))
    return replace(found, ids=found.ids[kept], bm25=found.bm25[kept], cosine=found.cosine[kept])


def by_relevance(found: Candidates) -> Ranking:
    """Return all candidates, the best score first; of equal ones the larger id, which came later."""
    fused = fuse(found.bm25, found.bm25_bound, found.cosine, found.cosine_mean, found.cosine_deviation)
    return _ordered(Ranking(found.ids, fused.score, fused.words, fused.meaning, fused.score))


def by_date(ranking: Ranking, days: NDArray[np.int32]) -> Ranking:
    """Return the relevant papers of a ranking, newest first; ``days`` has one entry per paper, 0 for none."""
    if len(ranking) == 0:
        return ranking
    dated = Ranking(ranking.ids, ranking.scores, ranking.words, ranking.meaning, days.astype(np.float64))
    return _ordered(dated.at(ranking.scores >= RELEVANT * ranking.scores.max()))


def _ordered(ranking: Ranking) -> Ranking:
    return ranking.at(np.lexsort((-ranking.ids, -ranking.places)))


# --- pages ---------------------------------------------------------------------------------------


def page(ranking: Ranking, limit: int, cursor: str | None, query: str, sort: str) -> RankedPage:
    """Return the papers behind the cursor, at most ``limit``.

    A cursor names the last paper seen, not a number of papers, so nothing is shown twice or left out when papers
    come or go between two pages. Raises InputError for a cursor of another query or sort, or none of ours.
    """
    check(sort, limit)
    rest = ranking if cursor is None else _behind(ranking, *decode_cursor(cursor, query, sort))
    shown = rest.at(slice(limit))
    following = None
    if len(rest) > limit:
        following = encode_cursor(float(shown.places[-1]), int(shown.ids[-1]), query, sort)
    return RankedPage(shown, len(ranking), following)


def _behind(ranking: Ranking, place: float, last: int) -> Ranking:
    return ranking.at((ranking.places < place) | ((ranking.places == place) & (ranking.ids < last)))


def encode_cursor(place: float, last: int, query: str, sort: str) -> str:
    """Return text that is safe in an address: the place (score or day) and id of the last paper, bound to its query."""
    return urlsafe_b64encode(_PLACE.pack(_fingerprint(query, sort), place, last)).decode()


def decode_cursor(cursor: str, query: str, sort: str) -> tuple[float, int]:
    """Return the place and id that a cursor names. Raises InputError where it is no cursor of this query and sort."""
    try:
        fingerprint, place, last = _PLACE.unpack(urlsafe_b64decode(cursor.encode("ascii")))
    except (ValueError, struct.error) as error:
        raise InputError("this is no cursor of ours; start again from the first page") from error
    if fingerprint != _fingerprint(query, sort) or not math.isfinite(place):
        raise InputError("this cursor belongs to another query; start again from the first page")
    return place, last


def _fingerprint(query: str, sort: str) -> bytes:
    text = f"{sort}\0{' '.join(query.split())}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


# --- similar -------------------------------------------------------------------------------------


def centre(examples: Vectors, text: NDArray[np.float32] | None = None) -> NDArray[np.float32] | None:
    """Return the normalised vector, shape (dimensions,), of what the examples have in common.

    ``examples`` has shape (m, dimensions), m may be 0; zero rows, which say nothing, are left out. A text counts as
    much as all examples together. None where nothing is left.
    """
    known = examples[examples.any(axis=1)]
    directions = [known.mean(axis=0)] if len(known) else []
    if text is not None and text.any():
        directions.append(text)
    total = sum((_normalised(direction) for direction in directions), np.zeros(examples.shape[1], np.float32))
    return _normalised(total) if total.any() else None


def probes(examples: Vectors, text: NDArray[np.float32] | None = None) -> Vectors:
    """Return the vectors to search with, shape (p, dimensions): the centre, then what it is the centre of.

    Papers near one of several examples may be far from their centre, so each is searched for, up to MOST_PROBES.
    """
    middle = centre(examples, text)
    if middle is None:
        return examples[:0]
    single = _known(examples, text)
    return np.concatenate([middle[None, :], single])[:MOST_PROBES] if len(single) > 1 else middle[None, :]


def resemblance(vectors: Vectors, examples: Vectors, text: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Return how much papers resemble the examples, shape (n,), on the scale of a cosine.

    A share of BEST_MATCH is the cosine with the nearest example (or the text), the rest that with their centre.
    NaN where there is nothing to resemble.
    """
    middle = centre(examples, text)
    if middle is None:
        return np.full(len(vectors), np.nan, np.float32)
    nearest = (vectors @ _known(examples, text).T).max(axis=1)
    found: NDArray[np.float32] = BEST_MATCH * nearest + (1 - BEST_MATCH) * (vectors @ middle)
    return found


def pooled(found: Sequence[Candidates]) -> Candidates:
    """Return the candidates of several searches as those of one, each paper once.

    What is true of the question (bound, mean, deviation, words) is the first search's; so are the cosines where that
    search found the paper. A BM25 is the best that any search saw.
    """
    from tidings.index.snapshot import Candidates

    first = found[0]
    every = np.concatenate([one.ids for one in found])
    ids, rows, places = np.unique(every, return_index=True, return_inverse=True)
    bm25 = np.zeros(len(ids), np.float32)
    np.maximum.at(bm25, places, np.concatenate([one.bm25 for one in found]))
    cosine = np.concatenate([one.cosine for one in found])[rows]
    return Candidates(
        ids, bm25, cosine, first.bm25_bound, first.cosine_mean, first.cosine_deviation, first.stems, first.corrected
    )


def similar(
    found: Candidates,
    vectors: Vectors,
    examples: Vectors,
    example_ids: Sequence[int],
    text: NDArray[np.float32] | None = None,
) -> Ranking:
    """Return the candidates by words and resemblance, best first; the examples themselves are never among them.

    ``vectors`` (n, dimensions) belong to the candidates, ``examples`` (m, dimensions) to the papers asked about.
    """
    ranking = by_relevance(replace(found, cosine=resemblance(vectors, examples, text)))
    return ranking.at(~np.isin(ranking.ids, np.asarray(example_ids, np.int64)))


def _known(examples: Vectors, text: NDArray[np.float32] | None) -> Vectors:
    rows = examples if text is None else np.concatenate([examples, text[None, :]])
    return rows[rows.any(axis=1)]


def _normalised(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vector)
    found: NDArray[np.float32] = vector / length if length else vector
    return found
