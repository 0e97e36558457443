"""What came since: the papers that a subscription may be told of, best first. Nothing here decides or writes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tidings.catalog.feeds import Feeds
from tidings.catalog.learning import FARTHEST_DAYS
from tidings.catalog.periods import Period
from tidings.catalog.topic_tree import leaves_of
from tidings.catalog.topics import Topics
from tidings.catalog.voices import Asked
from tidings.errors import NotFoundError
from tidings.people import Account
from tidings.rank import search as ranking
from tidings.rank.query import SOURCES, parse
from tidings.sources.arxiv.calendar import announcement_days, today
from tidings.types import And, Between, FieldChange, Filter, Interest, Paper, Query, Reason, Subscription

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]
    Vectors = NDArray[np.float32]

LATE = timedelta(days=14)
"""A paper that reaches the archive so long after its day is still news; what is older was added as history."""

_MOST = 50_000  # papers that one edition looks at
_KEPT = 64
_WORDS_SAID = 4
_DEPTH = 150  # papers of a search; an edition has a hundred at most
_ARXIV = "arxiv"
_DAY = timedelta(days=1)

Reasons = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Fresh:
    """What came since a subscription was last told something.

    ``ids`` (n,) int64 are those that pass, best first; ``considered`` counts all that were looked at, and ``covers``
    are their days. ``outside`` is what trends beside them, best first. ``passing`` says whether ``ids`` passed a test
    (a search, a line), so that what has no place is left over. ``missing`` are days of announcements that should be
    here and are not. ``reason`` says of one of the papers why it is there.
    """

    ids: Ids
    considered: int
    covers: tuple[date, ...]
    reason: Reasons
    passing: bool = True
    outside: Ids = field(default_factory=lambda: np.zeros(0, np.int64))
    missing: tuple[date, ...] = ()
    expected: bool = True  # whether announcements were to be expected at all


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A paper that a reader likes and of which there is a new version."""

    paper_id: int
    version: int
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class _News:
    """The papers that came since a moment, by number, and their days; ``key`` tells one such answer from another."""

    key: object
    ids: Ids
    covers: tuple[date, ...]
    missing: tuple[date, ...]
    expected: bool


class _Kept(OrderedDict[object, object]):
    """The last things that were worked out: many subscriptions ask for the same."""

    def get_or(self, key: object, make: Callable[[], object]) -> object:
        if key not in self:
            self[key] = make()
            while len(self) > _KEPT:
                self.popitem(last=False)
        return self[key]


class FreshPapers(Feeds, Topics):
    """The papers of subscriptions."""

    @cached_property
    def _fresh_kept(self) -> _Kept:
        return _Kept()

    def newest_held(self) -> tuple[int, int]:
        """Return the numbers of the newest paper and the newest record that are held; 0 where none is."""
        return self._store.subscriptions.newest_held()

    def fresh(self, subscription: Subscription, now: datetime) -> Fresh:
        """Return what came since a subscription was last told something, as the index knows it.

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
        return self._fresh_feed(subscription, news, now)

    def new_versions(self, subscription: Subscription, now: datetime) -> tuple[NewVersion, ...]:
        """Return the papers that a member likes, of which a new version came since."""
        if subscription.account_id is None:
            return ()
        found = self._store.editions.changed(subscription.account_id, subscription.covered, now)
        return tuple(
            NewVersion(number, revision.version, revision.changes)
            for number, revision in found.items()
            if revision.version is not None and revision.version > 1 and revision.changes
        )

    def joined(self, subscription: Subscription) -> int:
        """Return how many papers that its reader was told of turned out since to be one with what came."""
        after = subscription.newest_record
        return self._store.editions.joined(subscription.address, after) if after is not None else 0

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

    def _news(self, subscription: Subscription, now: datetime) -> _News:
        since = today(subscription.covered)
        key = ("news", since, subscription.newest, today(now), self._index.position())
        found = self._fresh_kept.get_or(key, lambda: self._read_news(key, since, subscription.newest, today(now)))
        assert isinstance(found, _News)
        return found

    def _read_news(self, key: object, since: date, newest: int | None, until: date) -> _News:
        """Return the papers of the days after one up to another, and late ones that were not held before."""
        if not self._index.is_ready():
            return _News(key, np.zeros(0, np.int64), (), (), expected=True)
        ids = self._index.newest(_days(since - LATE, until), _MOST)
        days = self._index.days(ids)
        is_new = days > since.toordinal()
        if newest is not None:
            is_new |= ids > newest
        covers = tuple(date.fromordinal(int(day)) for day in np.unique(days[is_new]) if day > since.toordinal())
        expected = announcement_days(since, until) if _ARXIV in self.settings.sources else []
        missing = tuple(day for day in expected if day not in covers)
        return _News(key, np.sort(ids[is_new]), covers, missing, expected=bool(expected))

    # --- by kind ---

    def _fresh_trending(self, subscription: Subscription, news: _News, now: datetime) -> Fresh:
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
            reason,
            passing=False,
            missing=news.missing,
            expected=news.expected,
        )

    def _fresh_search(self, subscription: Subscription, news: _News, now: datetime) -> Fresh:
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
            ids, len(news.ids), news.covers, reason, outside=outside, missing=news.missing, expected=news.expected
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

    def _related(self, query: Query, required: Filter) -> tuple[Ids, Reasons]:
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

    def _fresh_feed(self, subscription: Subscription, news: _News, now: datetime) -> Fresh:
        """Return what is above the line of an interest, or of any of one's own, but for what its reader liked."""
        if subscription.account_id is None:
            raise NotFoundError("a feed is a member's, and there is no such member")
        account = self._store.accounts.get(subscription.account_id)
        chosen = self._interests_of(account, subscription)
        gone = (today(now) - today(subscription.covered) + LATE) // _DAY
        asked = Asked(days=min(max(gone, 1), FARTHEST_DAYS), unseen=False)
        pool = self._pool()
        found = self._in_order(account, [(each, self._learnt(each)) for each in chosen], asked, pool)
        ids = pool.ids[found.rows]
        liked = [number for number, verdict in self._store.interests.said_by(account.id) if verdict > 0]
        passing = found.strong & np.isin(ids, news.ids) & ~np.isin(ids, liked)
        place_of = {number: place for place, number in enumerate(ids.tolist()) if passing[place]}
        trending = self._trending_now(subscription, now)

        def reason(number: int) -> str:
            place, papers = place_of[number], {number: self._store.papers([number])[0]}
            return _because(self._reasons_of(pool, found, slice(place, place + 1), papers).get(number, Reason()))

        return Fresh(
            ids[passing],
            len(news.ids),
            news.covers,
            reason,
            outside=trending[~np.isin(trending, [*place_of, *liked])][: 4 * subscription.most],
            missing=news.missing,
            expected=news.expected,
        )

    def _interests_of(self, account: Account, subscription: Subscription) -> list[Interest]:
        own = self._store.interests.of(account.id)
        if subscription.kind == "feed":
            return own
        found = [each for each in own if each.id == int(subscription.subject)]
        if not found:
            raise NotFoundError("this interest is gone")
        return found

    def _fresh_topic(self, subscription: Subscription, news: _News) -> Fresh:
        """Return what came in a topic, the most typical first; what began a new one in a followed area says so."""
        living, members = self._living_topics(), self._membership()
        found = self._find_topic(int(subscription.subject), living)
        places = members.of(leaves_of(living, found.id))
        places = places[np.isin(members.papers[places], news.ids)]
        places = places[np.argsort(-members.central[places], kind="stable")]
        ids = members.papers[places]
        topic_of = dict(zip(ids.tolist(), members.topics[places].tolist(), strict=True))

        def reason(number: int) -> str:
            leaf = living.get(topic_of.get(number, 0), found)
            is_new = leaf.announced is not None and leaf.announced > subscription.covered
            return f"Of the new topic “{leaf.name}”" if is_new else f"Of the topic “{leaf.name}”"

        return Fresh(ids, len(news.ids), news.covers, reason, missing=news.missing, expected=news.expected)

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

        return Fresh(ids, len(put), (), reason)


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


def _because(reason: Reason) -> str:
    """Return in one line why a paper passed."""
    if reason.author:
        return f"By {reason.author}, whom you follow"
    if reason.likes:
        return f"Like “{reason.likes[0].paper.title}”, which you liked"
    if reason.words:
        return f"It speaks of {', '.join(telling.word for telling in reason.words[:_WORDS_SAID])}"
    return ""


def _matches(query: Query) -> Reasons:
    return lambda _: f"Matches “{query.text}”"


def _mean(vectors: Vectors) -> Vectors:
    if not len(vectors):
        return np.zeros(vectors.shape[1], np.float32)
    mean: Vectors = vectors.mean(axis=0)
    return mean
