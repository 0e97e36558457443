"""What is learnt from an interest, and the papers that it is scored against: kept in the process, thrown away freely.

Everything here can be made again from the store and the index. What is common in the archive is learnt once a day from
a sample and kept in a file beside the index, so that the command line starts fast.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from tidings import learn
from tidings.catalog.community import Community
from tidings.embed import load_default, paper_text
from tidings.errors import InputError
from tidings.index.forward import learnt_text, terms_of
from tidings.learn.heads import MOST
from tidings.learn.line import Line, heights, line_from, new_common_line, new_line
from tidings.plain import plain
from tidings.rank.query import SOURCES, parse
from tidings.types import And, Between, Example, Filter, Interest, Reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]
    Floats = NDArray[np.float32]

FARTHEST_DAYS = 366
"""How far back a feed can look."""
MOST_RECENT = 30_000
"""Papers that feeds look at, the newest of those days."""

_SAMPLE = 20_000
_GROWN = 1.1  # what is common is learnt again when the archive has so many times its papers
_WORTH_KEEPING = 2_000  # papers; of a smaller archive it is learnt in no time
_LARGE = 5_000  # so many candidates are not laid out again at every change
_KEPT = timedelta(seconds=20)
_MOST_LEARNT = 256
_LIKES_IN_COMMON = 500
"""The latest likes of everybody, through which the line in common is drawn once a day: a tenth of a second."""


class Pool(NamedTuple):
    """The candidates of all feeds: papers with a day, the newest first; ``recent`` is laid out for scoring.

    ``ids`` int64 (n,); ``days`` int32 (n,) as ``date.toordinal``; ``vectors`` float32 (n, d), of length 1 or 0;
    ``version`` and ``made`` say when.
    """

    ids: Ids
    days: NDArray[np.int32]
    vectors: Floats
    recent: learn.Recent
    version: int
    made: datetime
    today: date


@dataclass(frozen=True, slots=True)
class Learnt:
    """What one state of an interest teaches: the head that scores, the line, and what both were learnt from.

    ``common`` is the height of the line in common. ``reasons`` are those that were worked out already, by paper, with
    its telling sentence or without.
    """

    head: learn.Head
    line: Line
    text: learn.Papers | None
    liked_ids: Ids
    liked: learn.Papers
    dismissed_ids: Ids
    dismissed: learn.Papers
    required: Filter | None
    common: float = 0.0
    reasons: dict[tuple[int, bool], Reason] = field(default_factory=dict, compare=False)

    @property
    def strong_from(self) -> float:
        """The height from which on a paper is strong: the interest's own line and the one in common."""
        return self.line.height + self.common

    @property
    def is_blank(self) -> bool:
        """Whether it can tell no paper from another."""
        return not (len(self.head.directions) and self.head.directions.any()) and not len(self.head.terms)

    @property
    def is_mute(self) -> bool:
        """Whether it says nothing of any paper, not even which may pass."""
        return self.is_blank and self.required is None


_Key = tuple[int, datetime, int, int]


@dataclass(slots=True)
class _Kept:
    """What was worked out lately."""

    lock: Lock = field(default_factory=Lock)
    corpus: tuple[date, int, learn.Corpus] | None = None
    common: tuple[date, float] | None = None
    pool: Pool | None = None
    learnt: OrderedDict[_Key, Learnt] = field(default_factory=OrderedDict)


class Learning(Community):
    """Heads, lines and candidates; nothing here asks who may."""

    @cached_property
    def _learning(self) -> _Kept:
        return _Kept()

    # --- what is common ---

    def _corpus(self) -> learn.Corpus:
        """Return what is common in the archive, as of today."""
        today, papers = self._clock().date(), self._index.count(None)
        with self._learning.lock:
            kept = self._learning.corpus
            if kept is None or kept[0] != today or papers > _GROWN * kept[1]:
                kept = self._learning.corpus = (today, papers, self._load_corpus(today, papers))
            return kept[2]

    def _load_corpus(self, today: date, papers: int) -> learn.Corpus:
        folder = self.settings.root / "learnt"
        file = folder / f"common-{self._fingerprint}-{today:%Y%m%d}-{_size_class(papers)}.npz"
        if papers < _WORTH_KEEPING:
            return self._learn_corpus()
        with suppress(OSError, ValueError, KeyError):
            return learn.load(file)
        corpus = self._learn_corpus()
        with suppress(OSError):  # a home that is full or read-only costs time, not the answer
            _keep(corpus, file)
        return corpus

    def _learn_corpus(self) -> learn.Corpus:
        ids = self._index.newest(None, max(1, self._index.count(None)))
        return learn.corpus_of(self._papers_of(ids[:: max(1, -(-len(ids) // _SAMPLE))]))

    @cached_property
    def _fingerprint(self) -> str:
        named = f"{self._store.archive_id}\0{load_default().name}\0{learn.Corpus._fields}"
        return blake2b(named.encode(), digest_size=6).hexdigest()

    def _common_height(self) -> float:
        """Return the height of the line in common, as of today: what all interests' latest likes say together."""
        today = self._clock().date()
        with self._learning.lock:
            kept = self._learning.common
            if kept is None or kept[0] != today:
                found = self._store.interests.latest_heights(_LIKES_IN_COMMON)
                kept = self._learning.common = (today, line_in_common(found).height)
            return kept[1]

    def _papers_of(self, ids: Ids) -> learn.Papers:
        """Return papers as learning sees them; those that are not in the index are empty rows."""
        return learn.Papers(self._index.vectors(ids), self._index.terms(ids))

    # --- candidates ---

    def _pool(self) -> Pool:
        """Return the candidates of all feeds, as of now; of many, those of some seconds ago."""
        now, version, corpus = self._clock(), self.version, self._corpus()
        with self._learning.lock:
            kept = self._learning.pool
            if kept is None or not _is_good(kept, now, version):
                kept = self._learning.pool = self._make_pool(corpus, now, version, kept)
            return kept

    def _make_pool(self, corpus: learn.Corpus, now: datetime, version: int, before: Pool | None) -> Pool:
        today = now.date()
        window = Between("date", today.toordinal() - FARTHEST_DAYS, today.toordinal() + 1)
        ids = self._index.newest(window, MOST_RECENT)
        if before is not None and before.today == today and np.array_equal(ids, before.ids) and len(ids) > _LARGE:
            return before._replace(version=version, made=now)
        papers = self._papers_of(ids)
        recent = learn.prepare(corpus, papers)
        return Pool(ids, self._index.days(ids), papers.vectors, recent, version, now, today)

    def _passing(self, pool: Pool, required: Filter | None) -> NDArray[np.bool_]:
        """Return which candidates pass a filter, shape (n,)."""
        if required is None or not len(pool.ids):
            return np.ones(len(pool.ids), np.bool_)
        window = Between("date", int(pool.days[-1]), int(pool.days[0]))
        found = self._index.newest(And((window, required)), 2 * MOST_RECENT)
        passing: NDArray[np.bool_] = np.isin(pool.ids, found)
        return passing

    # --- one interest ---

    def _learnt(self, interest: Interest) -> Learnt:
        """Return what the present state of an interest teaches."""
        corpus = self._corpus()
        key = interest.id, interest.changed, self.version, id(corpus)
        kept = self._learning
        with kept.lock:
            if key in kept.learnt:
                kept.learnt.move_to_end(key)
                return kept.learnt[key]
        learnt = self._learn(corpus, interest)
        with kept.lock:
            kept.learnt[key] = learnt
            while len(kept.learnt) > _MOST_LEARNT:
                kept.learnt.popitem(last=False)
        return learnt

    def _learn(self, corpus: learn.Corpus, interest: Interest) -> Learnt:
        interests = self._store.interests
        return self._learn_said(corpus, interest, interests.examples(interest.id), interests.state(interest.id))

    def _learn_said(
        self, corpus: learn.Corpus, interest: Interest, examples: Sequence[Example], state: bytes | None
    ) -> Learnt:
        """Return what an interest teaches, of which this was said and that was kept."""
        liked = _newest([e.paper_id for e in examples if e.verdict > 0])
        dismissed = _newest([e.paper_id for e in examples if e.verdict < 0])
        learnt = self._learn_from(corpus, interest.words, interest.query, liked, dismissed)
        return replace(learnt, line=_line(state), common=self._common_height())

    def _learn_from(self, corpus: learn.Corpus, words: str, query: str, liked: Ids, dismissed: Ids) -> Learnt:
        """Return what words and examples teach; the line is that of a new interest."""
        parsed = parse(query, sources=SOURCES | self._index.sources()) if query else None
        text = self._words_as_paper(" ".join(filter(None, (words, parsed.words if parsed else ""))))
        likes, dislikes = self._papers_of(liked), self._papers_of(dismissed)
        head = learn.learn(corpus, text, likes, dislikes)
        required = parsed.required if parsed else None
        return Learnt(head, new_line(), text, liked, likes, dismissed, dislikes, required)

    def _words_as_paper(self, words: str) -> learn.Papers | None:
        return self._as_papers([("", words)]) if words else None

    def _as_papers(self, texts: Sequence[tuple[str, str]]) -> learn.Papers:
        """Return texts, each a title and an abstract, as if they were papers."""
        made = [(plain(title), plain(abstract)) for title, abstract in texts]
        vectors = load_default().encode([paper_text(title, abstract).strip() for title, abstract in made])
        return learn.Papers(vectors, terms_of([learnt_text(title, abstract) for title, abstract in made]))

    def _height(self, learnt: Learnt, paper_id: int) -> float | None:
        """Return how rare the score of a paper is now; None where that tells nothing."""
        if learnt.is_blank or paper_id in learnt.liked_ids or paper_id in learnt.dismissed_ids:
            return None
        pool = self._pool()
        if not len(pool.ids):
            return None
        one = learn.prepare(self._corpus(), self._papers_of(np.array([paper_id], np.int64)))
        return float(heights(learn.score(learnt.head, one), learn.score(learnt.head, pool.recent))[0])


def line_state(state: bytes | None, line: Line | None) -> bytes:
    """Return what is kept of an interest with another line in it; None takes the line out."""
    kept = _decoded(state)
    kept.pop("line", None)
    return msgspec.json.encode(kept | ({"line": line.state()} if line else {}))


def line_through(found: Sequence[float]) -> Line:
    """Return the line after likes of papers that stood at these heights, oldest first."""
    line = new_line()
    for height in found:
        line = line.after(height)
    return line


def line_in_common(found: Sequence[tuple[int, float]]) -> Line:
    """Return the line in common after likes, oldest first: each the number of its interest and its height."""
    common, lines = new_common_line(), dict[int, Line]()
    for number, height in found:
        line = lines.get(number) or new_line()
        common = common.after(height - line.height)
        lines[number] = line.after(height)
    return common


def _line(state: bytes | None) -> Line:
    kept = _decoded(state).get("line")
    if kept is None:
        return new_line()
    try:
        return line_from(kept)
    except InputError:  # another version's: it is learnt again
        return new_line()


def _decoded(state: bytes | None) -> dict[str, object]:
    return msgspec.json.decode(state, type=dict[str, object]) if state else {}


def _newest(ids: list[int]) -> Ids:
    return np.array(ids[-MOST:], np.int64)


def _is_good(pool: Pool, now: datetime, version: int) -> bool:
    if pool.today != now.date():
        return False
    return pool.version == version or (len(pool.ids) > _LARGE and now - pool.made < _KEPT)


def _size_class(papers: int) -> int:
    """Return a number that grows by one with each tenth that an archive grows."""
    return int(np.log(max(papers, 1)) / np.log(_GROWN))


def _keep(corpus: learn.Corpus, file: Path) -> None:
    """Write a corpus beside its place, then put it there, and drop those of other days."""
    file.parent.mkdir(exist_ok=True)
    made = file.with_suffix(".part")
    learn.save(corpus, made)
    made.replace(file)
    for other in file.parent.glob("common-*.npz"):
        if other != file:
            other.unlink(missing_ok=True)
