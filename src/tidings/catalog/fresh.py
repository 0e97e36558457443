"""What came since: the papers that a subscription may be told of, best first. Nothing here decides or writes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tidings.catalog.fresh_feeds import LATE, Fresh, FreshFeeds, Known, News, Reasons
from tidings.catalog.periods import Period
from tidings.catalog.topic_tree import Membership, leaves_of
from tidings.catalog.topics import Topics
from tidings.errors import NotFoundError
from tidings.rank import search as ranking
from tidings.rank.query import SOURCES, parse
from tidings.sources.arxiv.calendar import announcement_days, today
from tidings.types import And, Between, Filter, Paper, Query, Subscription

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]
    Vectors = NDArray[np.float32]

_MOST = 50_000  # papers that one edition looks at
_KEPT = 64
_DEPTH = 150  # papers of a search; an edition has a hundred at most
_OF_A_BIRTH = 2  # papers that tell of a new topic in a followed area
_ARXIV = "arxiv"
_DAY = timedelta(days=1)


class _Kept(OrderedDict[object, object]):
    """The last things that were worked out: many subscriptions ask for the same."""

    def get_or(self, key: object, make: Callable[[], object]) -> object:
        if key not in self:
            self[key] = make()
            while len(self) > _KEPT:
                self.popitem(last=False)
        return self[key]


class FreshPapers(FreshFeeds, Topics):
    """The papers of subscriptions."""

    @cached_property
    def _fresh_kept(self) -> _Kept:
        return _Kept()

    def newest_held(self) -> tuple[int, int]:
        """Return the numbers of the newest paper and the newest record that are held; 0 where none is."""
        return self._store.subscriptions.newest_held()

    def fresh(self, subscription: Subscription, now: datetime, known: Known) -> Fresh:
        """Return what came since a subscription was last told something, as the index knows it.

        ``known`` is of its reader, see ``look_up``.

        Raises:
            NotFoundError: what it follows is gone, or not shown to its reader any more.
            QueryError: its query cannot be read any more.
        """
        news = self._news(subscription, now)
        minute, window = int(now.timestamp()) // 60, _window(now - subscription.covered)
        key = (subscription.kind, subscription.subject, subscription.most, window, minute, news.key)
        shared = {"trending": self._fresh_trending, "search": self._fresh_search}
        if subscription.kind in shared:
            found = self._fresh_kept.get_or(key, lambda: shared[subscription.kind](subscription, news, now))
            assert isinstance(found, Fresh)
            return found
        if subscription.kind == "shelf":
            return self._fresh_shelf(subscription, now)
        if subscription.kind == "topic":
            return self._fresh_topic(subscription, news)
        return self._fresh_feed(subscription, news, known, self._trending_now(subscription, now), now)

    def vectors_of(self, ids: Sequence[int]) -> Vectors:
        """Return the vectors of papers, shape (n, dimensions), zero where the index does not know one."""
        return self._index.vectors(np.array(ids, np.int64))

    def average_of(self, subscription: Subscription, now: datetime) -> Vectors:
        """Return the mean vector of what came since, shape (dimensions,)."""
        news = self._news(subscription, now)
        made = self._fresh_kept.get_or(("average", news.key), lambda: _mean(self._index.vectors(news.ids)))
        assert isinstance(made, np.ndarray)
        return made

    def papers_of(self, ids: Sequence[int]) -> dict[int, Paper]:
        """Return papers by the numbers that were asked for; what was merged meanwhile as what it is now."""
        found = {paper.id: paper for paper in self._store.papers(ids)} if ids else {}
        for number in set(ids) - found.keys():
            living = self._store.find(f"paper:{number}")
            papers = self._store.papers([living]) if living is not None else []
            found.update((number, paper) for paper in papers)
        return found

    # --- what came at all ---

    def _news(self, subscription: Subscription, now: datetime) -> News:
        since = today(subscription.covered)
        key = ("news", since, subscription.newest, today(now), self._index.position())
        found = self._fresh_kept.get_or(key, lambda: self._read_news(key, since, subscription.newest, today(now)))
        assert isinstance(found, News)
        return found

    def _read_news(self, key: object, since: date, newest: int | None, until: date) -> News:
        """Return the papers of the days after one up to another, and late ones that were not held before."""
        if not self._index.is_ready():
            return News(key, np.zeros(0, np.int64), (), (), expected=True)
        ids = self._index.newest(_days(since - LATE, until), _MOST)
        days = self._index.days(ids)
        is_new = days > since.toordinal()
        if newest is not None:
            is_new |= ids > newest
        covers = tuple(date.fromordinal(int(day)) for day in np.unique(days[is_new]) if day > since.toordinal())
        expected = announcement_days(since, until) if _ARXIV in self.settings.sources else []
        missing = tuple(day for day in expected if day not in covers)
        return News(key, np.sort(ids[is_new]), covers, missing, expected=bool(expected))

    # --- by kind ---

    def _fresh_trending(self, subscription: Subscription, news: News, now: datetime) -> Fresh:
        """Return what came and what climbed among the first since, by rank."""
        board = self._board(Period.last(_window(now - subscription.covered), now), "both")
        of_category = board.of_category.get(subscription.subject, board.order[:0])
        rows = self._visible(board, of_category if subscription.subject else board.order)
        ids = board.ids[rows]
        kept = np.isin(ids, news.ids) | (np.arange(len(ids)) < subscription.most)
        row_of = dict(zip(ids.tolist(), rows.tolist(), strict=True))

        def reason(number: int) -> str:
            return _counted(board.breakdown(row_of[number]).counts) if number in row_of else ""

        return Fresh(
            ids[kept],
            len(news.ids),
            news.covers,
            _each(reason),
            passing=False,
            missing=news.missing,
            expected=news.expected,
        )

    def _fresh_search(self, subscription: Subscription, news: News, now: datetime) -> Fresh:
        query = parse(subscription.subject, sources=SOURCES | self._index.sources())
        days = _days(today(subscription.covered) - LATE, today(now))
        required = days if query.required is None else And((query.required, days))
        trending = self._trending_now(subscription, now)
        if query.words:
            ids, reason = self._related(query, required)
        else:
            ids, reason = self._listed_by_rank(required, trending), _matches(query)
        ids = ids[np.isin(ids, news.ids)]
        outside = trending[~np.isin(trending, ids)][: 4 * subscription.most]
        return Fresh(
            ids,
            len(news.ids),
            news.covers,
            _each(reason),
            outside=outside,
            missing=news.missing,
            expected=news.expected,
        )

    def _trending_now(self, subscription: Subscription, now: datetime) -> Ids:
        """Return what trends since a subscription was last told something, best first."""
        window = _window(now - subscription.covered)

        def look() -> Ids:
            board = self._board(Period.last(window, now), "both")
            return board.ids[self._visible(board, board.order)]

        found = self._fresh_kept.get_or(("trending", window, int(now.timestamp()) // 60), look)
        assert isinstance(found, np.ndarray)
        return found

    def _related(self, query: Query, required: Filter) -> tuple[Ids, Callable[[int], str]]:
        found = self._index.candidates(query.words, self._encode(query.words), required, depth=_DEPTH)
        ranked = ranking.by_relevance(ranking.related(found))
        by_words = set(ranked.ids[ranked.words > 0].tolist())

        def reason(number: int) -> str:
            return _matches(query)(number) if number in by_words else f"Close in meaning to “{query.text}”"

        return ranked.ids, reason

    def _listed_by_rank(self, required: Filter, trending: Ids) -> Ids:
        """Return the papers that pass a filter: those that trend by rank, then the newest."""
        ids = self._index.newest(required, _MOST)
        place = {number: place for place, number in enumerate(trending.tolist())}
        order = np.argsort([place.get(number, len(place)) for number in ids.tolist()], kind="stable")
        return ids[order] if len(ids) else ids

    def _fresh_topic(self, subscription: Subscription, news: News) -> Fresh:
        """Return what came in a topic, the most typical first.

        Where a followed area got a new topic, its most typical papers come before all others, and say so; they may
        have come before it was known that they are something new.
        """
        living, members = self._living_topics(), self._membership()
        found = self._find_topic(int(subscription.subject))
        leaves = leaves_of(living, found.id)
        told = {number: living[number].announced for number in leaves if number != found.id}
        born = [number for number, when in told.items() if when is not None and when > subscription.covered]
        typical = [_typical(members, members.of([number]))[:_OF_A_BIRTH] for number in born]
        came = members.of(leaves)
        places = np.concatenate([*typical, _typical(members, came[np.isin(members.papers[came], news.ids)])])
        ids = np.array(list(dict.fromkeys(members.papers[places].tolist())), np.int64)
        topic_of = dict(zip(members.papers[places].tolist(), members.topics[places].tolist(), strict=True))

        def reason(number: int) -> str:
            leaf = living.get(topic_of.get(number, 0), found)
            if leaf.id not in born:
                return f"Of the topic “{leaf.name}”"
            between = " and ".join(living[each].name for each in leaf.between if each in living)
            return f"Of the new topic “{leaf.name}”{f', between {between}' if between else ''}"

        return Fresh(ids, len(news.ids), news.covers, _each(reason), missing=news.missing, expected=news.expected)

    def _fresh_shelf(self, subscription: Subscription, now: datetime) -> Fresh:
        shelf = self._store.shelves.get(int(subscription.subject))
        shown = {"private": (), "lab": ("lab",), "link": ("lab", "link")}[shelf.visibility]
        is_owner = shelf.account_id == subscription.account_id
        if not is_owner and ("lab" if subscription.account_id else "link") not in shown:
            raise NotFoundError(f"the shelf {shelf.name!r} is not shown any more")
        entries = self._store.shelves.entries(shelf.id)
        put = {entry.paper_id: entry.note for entry in entries if subscription.covered < entry.at <= now}
        ids = np.array(list(put), np.int64)

        def reason(number: int) -> str:
            return put.get(number) or f"Put on {shelf.name}"

        return Fresh(ids, len(put), (), _each(reason))


def _typical(members: Membership, places: Ids) -> Ids:
    """Return places of papers with the most typical first."""
    found: Ids = places[np.argsort(-members.central[places], kind="stable")]
    return found


def _days(first: date, last: date) -> Filter:
    return Between("date", first.toordinal(), last.toordinal())


def _window(gone: timedelta) -> str:
    """Return the window of trending that a time is seen through: one look back is longer than a day."""
    return "3d" if gone <= 2 * _DAY else "week" if gone <= 8 * _DAY else "month"


_WORDS = {"votes": "vote here", "upvotes": "upvote", "comments": "comment", "stars": "star", "citations": "citation"}


def _counted(counts: Mapping[str, int]) -> str:
    """Return what was counted of a paper, in words; "" where nothing was."""
    said = []
    for kind, word in _WORDS.items():
        if count := counts.get(kind, 0):
            first, _, rest = word.partition(" ")
            said.append(f"{count:,} {first}{'' if count == 1 else 's'}{f' {rest}' if rest else ''}")
    return ", ".join(said)


def _each(reason: Callable[[int], str]) -> Reasons:
    """Return what says why of papers, where it is said of each by its number."""
    return lambda papers: {paper.id: reason(paper.id) for paper in papers}


def _matches(query: Query) -> Callable[[int], str]:
    return lambda _: f"Matches “{query.text}”"


def _mean(vectors: Vectors) -> Vectors:
    if not len(vectors):
        return np.zeros(vectors.shape[1], np.float32)
    mean: Vectors = vectors.mean(axis=0)
    return mean
