"""What came since above the line of readers' interests, worked out for many readers together as far as they share it.

What is kept of a hundred readers is read with a query of each kind, and their interests score the candidates in one
product of matrices (``learn.score_many``), since both cost much the same for one reader as for all. Papers below every
line are told to nobody, so only those above one are put in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings import learn
from tidings.catalog.feeds import Feeds, followed_author
from tidings.catalog.learning import FARTHEST_DAYS, Pool
from tidings.catalog.voices import Aside, Asked, Voice, laid_out, voice_of, window
from tidings.errors import NotFoundError
from tidings.rank.feed import LINE_OCTAVES
from tidings.rank.feed import feed as ranked
from tidings.sources.arxiv.calendar import today
from tidings.store.crowd import Members
from tidings.types import FieldChange, Interest, Paper, Reason, Revision, Rule, Subscription

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]
    Floats = NDArray[np.float64]

LATE = timedelta(days=14)
"""A paper that reaches the archive so long after its day is still news; what is older was added as history."""

_OF_INTERESTS = ("interest", "feed")
_WORDS_SAID = 4

Reasons = Callable[[Sequence[Paper]], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Fresh:
    """What came since a subscription was last told something.

    ``ids`` (n,) int64 are those that pass, best first; ``considered`` counts all that were looked at, and ``covers``
    are their days. ``outside`` is what trends beside them, best first. ``passing`` says whether ``ids`` passed a test
    (a search, a line), so that what has no place is left over. ``missing`` are days of announcements that should be
    here and are not. ``reasons`` says of some of the papers why they are there.
    """

    ids: Ids
    considered: int
    covers: tuple[date, ...]
    reasons: Reasons
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
class News:
    """The papers that came since a moment, by number, and their days; ``key`` tells one such answer from another."""

    key: object
    ids: Ids
    covers: tuple[date, ...]
    missing: tuple[date, ...]
    expected: bool


class Speaking(NamedTuple):
    """What interests say of the candidates of feeds: by interest; and how much more is said of each than is usual."""

    pool: Pool
    voices: Mapping[int, Voice]
    doublings: Floats


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of those whom subscriptions are told to. ``versions`` and ``joined`` go by subscription.

    ``versions`` are new ones of papers that a member likes; ``joined`` is how many papers that were told of turned out
    since to be one with what came. ``speaking`` is None where nobody follows an interest.
    """

    members: Members
    versions: Mapping[int, tuple[NewVersion, ...]]
    joined: Mapping[int, int]
    speaking: Speaking | None


class FreshFeeds(Feeds):
    """Feeds as they are told."""

    def look_up(self, subscriptions: Sequence[Subscription], now: datetime) -> Known:
        """Return what is known of the readers of some subscriptions; few hundred at most, since all is held at once.

        Raises:
            QueryError: the query of an interest of one of them cannot be read any more.
            IndexUnavailableError: nothing can be found yet, and somebody follows an interest.
        """
        crowd = self._store.crowd
        members = crowd.members({each.account_id for each in subscriptions if each.account_id is not None})
        followed = {each.account_id for each in subscriptions if each.kind in _OF_INTERESTS}
        mine = [own for number in followed for own in members.interests.get(number or 0, ())]
        changed = crowd.changed(subscriptions, now)
        versions = {number: tuple(_new_versions(found)) for number, found in changed.items()}
        return Known(members, versions, crowd.joined(subscriptions), self._speaking(members, mine) if mine else None)

    def _speaking(self, members: Members, interests: Sequence[Interest]) -> Speaking:
        """Return what interests say of all candidates; those that have nothing to say are left out."""
        corpus, pool = self._corpus(), self._pool()
        learnt = {
            own.id: self._learn_said(corpus, own, members.examples.get(own.id, []), members.states[own.id])
            for own in interests
            if not own.is_empty
        }
        speaking = [own for own in interests if own.id in learnt and not learnt[own.id].is_mute]
        scores = learn.score_many([learnt[own.id].head for own in speaking], pool.recent)
        voices = {
            own.id: voice_of(own, learnt[own.id], own_scores, self._passing(pool, learnt[own.id].required))
            for own, own_scores in zip(speaking, scores, strict=True)
        }
        return Speaking(pool, voices, self._doublings(pool))

    def _fresh_feed(self, subscription: Subscription, news: News, known: Known, trending: Ids, now: datetime) -> Fresh:
        """Return what is above the line of an interest, or of any of one's own, but for what its reader liked."""
        account = known.members.accounts.get(subscription.account_id or 0)
        if account is None:
            raise NotFoundError("a feed is a member's, and there is no such member")
        own = known.members.interests.get(account.id, [])
        chosen = own if subscription.kind == "feed" else [each for each in own if each.id == int(subscription.subject)]
        if subscription.kind == "interest" and not chosen:
            raise NotFoundError("this interest is gone")
        said = [one for each in own for one in known.members.examples.get(each.id, [])]
        liked = np.array([one.paper_id for one in said if one.verdict > 0], np.int64)
        dismissed = np.setdiff1d(np.array([one.paper_id for one in said if one.verdict < 0], np.int64), liked)
        if known.speaking is None:
            return Fresh(
                liked[:0], len(news.ids), news.covers, lambda _: {}, missing=news.missing, expected=news.expected
            )
        aside = self._aside_told(known.members.rules.get(account.id, []), known.speaking, dismissed)
        gone = (today(now) - today(subscription.covered) + LATE) // timedelta(days=1)
        ids, spoken = self._in_order_told(chosen, known.speaking, aside, min(max(gone, 1), FARTHEST_DAYS))
        ids = ids[np.isin(ids, news.ids) & ~np.isin(ids, liked)]
        kept_out = np.concatenate([ids, liked, known.speaking.pool.ids[aside.muted | aside.dismissed]])
        return Fresh(
            ids,
            len(news.ids),
            news.covers,
            lambda papers: self._why(papers, spoken, known.members, account.id),
            outside=trending[~np.isin(trending, kept_out)][: 4 * subscription.most],
            missing=news.missing,
            expected=news.expected,
        )

    def _aside_told(self, rules: Sequence[Rule], speaking: Speaking, dismissed: Ids) -> Aside:
        """Return which candidates a reader muted or dismissed, or are by whom one follows."""
        pool, nothing = speaking.pool, np.zeros(len(speaking.pool.ids), np.bool_)
        muted, followed = (self._ruled(pool, [r for r in rules if r.kind.startswith(k)]) for k in ("mute", "follow"))
        return Aside(muted, np.isin(pool.ids, dismissed), nothing, followed, speaking.doublings)

    def _in_order_told(
        self, chosen: Sequence[Interest], speaking: Speaking, aside: Aside, days: int
    ) -> tuple[Ids, dict[int, Voice]]:
        """Return the papers above a line, or of a followed author, in the order of a feed; and who speaks for each."""
        pool, asked = speaking.pool, Asked()
        voices = [speaking.voices[each.id] for each in chosen if each.id in speaking.voices]
        strong = aside.followed.copy()
        for voice in voices:
            strong |= voice.heights >= voice.line + LINE_OCTAVES * (1 - 2 * asked.breadth)
        rows = np.flatnonzero(strong & window(pool, days)[2])
        listed = ranked(laid_out(voices, aside, pool, rows), asked.taste)
        ids = pool.ids[rows[listed.rows]]
        pairs = zip(ids.tolist(), listed.interests.tolist(), strict=True)
        return ids, {number: voices[speaker] for number, speaker in pairs if speaker >= 0}

    def _why(
        self, papers: Sequence[Paper], spoken: Mapping[int, Voice], members: Members, account_id: int
    ) -> dict[int, str]:
        """Return in one line why each paper passed: its author first, else what the voice has that speaks for it."""
        followed = [rule.value for rule in members.rules.get(account_id, []) if rule.kind == "follow-author"]
        said: dict[int, str] = {}
        for voice in {
            spoken[paper.id].interest.id: spoken[paper.id] for paper in papers if paper.id in spoken
        }.values():
            mine = [paper for paper in papers if paper.id in spoken and spoken[paper.id] is voice]
            said |= {number: _because(why) for number, why in self._reasons(voice.learnt, mine).items()}
        authors = {paper.id: followed_author(paper, followed) for paper in papers} if followed else {}
        return said | {number: f"By {name}, whom you follow" for number, name in authors.items() if name}


def _new_versions(changed: Mapping[int, Revision]) -> Iterable[NewVersion]:
    for number, revision in changed.items():
        if revision.version is not None and revision.version > 1 and revision.changes:
            yield NewVersion(number, revision.version, revision.changes)


def _because(reason: Reason) -> str:
    if reason.likes:
        return f"Like “{reason.likes[0].paper.title}”, which you liked"
    if reason.words:
        return f"It speaks of {', '.join(telling.word for telling in reason.words[:_WORDS_SAID])}"
    return ""
