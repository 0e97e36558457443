"""Feeds: the papers of the last days by what a reader likes, each with its reason; why another one is not there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from tidings import learn
from tidings.catalog.learning import FARTHEST_DAYS, Learnt, Pool
from tidings.catalog.reasons import Reasons
from tidings.catalog.steering import Steering, filter_of
from tidings.catalog.voices import BREADTH, DAYS, FRESHNESS, Aside, Asked, Order, Voice, ordered, page, score_at, window
from tidings.index.words import tokens
from tidings.learn.heads import MOST
from tidings.learn.line import heights
from tidings.people import Account, Reader, require
from tidings.types import TAKEN_BACK, Feed, FeedHit, Interest, Or, Paper, Reason, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Ids = NDArray[np.int64]
    Floats = NDArray[np.float64]

VISIT = timedelta(hours=12)
"""What was shown so lately is still there: a page read again is the same, and the next day's has what is new."""
_OCTAVES = 2.0
"""At the ends of the slider from narrow to broad the line stands so much higher or lower: a quarter of the papers, or
four times as many."""
_SENTENCES = 5
_MOST_SCORED = 64
_LATE = 3  # days without anything new before a feed says so


@dataclass(slots=True)
class _Scored:
    """Scores worked out lately."""

    lock: Lock = field(default_factory=Lock)
    voices: OrderedDict[tuple[object, ...], Voice] = field(default_factory=OrderedDict)


class Feeds(Steering, Reasons):
    """Reading what is new."""

    @cached_property
    def _scored(self) -> _Scored:
        return _Scored()

    def feed(
        self,
        reader: Reader | None,
        names: Sequence[int | str] = (),
        *,
        days: int = DAYS,
        limit: int = 30,
        cursor: str | None = None,
        breadth: float = BREADTH,
        freshness: float = FRESHNESS,
        unseen: bool = True,
    ) -> Feed:
        """Return the papers of the last days for some of the interests that one sees, or for all of one's own.

        Those above the line of an interest, and those of authors whom one follows, come first, each part the best
        first. A paper that several interests want stands where the one speaks for it that scores it highest. Muted
        papers and those that were dismissed are left out, and so is what was shown in an earlier visit, unless not
        only what is ``unseen`` is asked for. ``breadth`` from 0 (narrow) to 1 moves the line, ``freshness`` from 0
        (score alone) to 1 (newest first) the order; docs/feeds.md says how. The days end with the newest one held.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            NotFoundError: there is no such interest.
            InputError: a number makes no sense, or the cursor is of another feed.
            IndexUnavailableError: nothing can be found yet.
        """
        account = require(reader, "interests")
        chosen = [self.interest(reader, name) for name in names] or self._store.interests.of(account.id)
        asked = Asked(days, limit, cursor, breadth, freshness, unseen)
        return self._feed(account, [(each, self._learnt(each)) for each in chosen], asked)

    def lab_feed(self, reader: Reader | None, *, asked: Asked | None = None) -> Feed:
        """Return one feed of all interests that members share, each paper with the members who like it.

        Raises:
            SignInError, ForbiddenError, InputError, IndexUnavailableError: as ``feed``.
        """
        account = require(reader, "interests")
        shared = self._store.interests.of_lab()
        return self._feed(account, [(each, self._learnt(each)) for each in shared], asked or Asked())

    def shelf_feed(self, reader: Reader | None, number: int, *, asked: Asked | None = None) -> Feed:
        """Return the feed of a shelf that one sees: papers like those on it, none of them.

        Raises:
            SignInError, ForbiddenError, InputError, IndexUnavailableError: as ``feed``.
            NotFoundError: there is no such shelf, or it is not shown to the reader.
        """
        account, shelf = require(reader, "interests"), self.shelf(reader, number)
        ids = [entry.paper_id for entry in self._store.shelves.entries(shelf.id)][::-1]
        liked = np.array(ids[-MOST:], np.int64)
        learnt = self._learn_from(self._corpus(), "", "", liked, liked[:0])
        stands_for = Interest(
            0, shelf.account_id, shelf.owner, shelf.name, "", "", "private", shelf.created, shelf.created, len(liked)
        )
        return self._feed(account, [(stands_for, learnt)], asked or Asked(), known=liked)

    # --- how it comes about ---

    def _feed(
        self, account: Account, chosen: Sequence[tuple[Interest, Learnt]], asked: Asked, known: Ids | None = None
    ) -> Feed:
        started = perf_counter()
        asked.check()
        pool = self._pool()
        start, end, in_time = window(pool, asked.days)
        voices = [voice for each in chosen if (voice := self._voice(pool, *each, asked.breadth))]
        order, counts = ordered(voices, self._aside(account, pool, asked, known), in_time, pool, asked)
        binding = f"{[(each.id, each.name) for each, _ in chosen]} {replace(asked, limit=1, cursor=None)}"
        shown = page(order, pool, asked, binding)
        note = _note([each for each, _ in chosen], voices, counts, pool, end)
        return Feed(
            hits=self._hits(account, voices, pool, shown.shown),
            total=len(order.rows),
            start=start,
            end=end,
            **counts,
            cursor=shown.cursor,
            note=note,
            milliseconds=1000 * (perf_counter() - started),
        )

    def _voice(self, pool: Pool, interest: Interest, learnt: Learnt, breadth: float) -> Voice | None:
        """Return an interest as it speaks of the candidates; None of one that has nothing to say."""
        if interest.is_empty or (learnt.is_blank and learnt.required is None):
            return None
        key = interest.id, interest.changed, pool.version, pool.made, breadth
        with self._scored.lock:
            if interest.id and key in self._scored.voices:
                self._scored.voices.move_to_end(key)
                return self._scored.voices[key]
        scores = learn.score(learnt.head, pool.recent)
        height = learnt.line.height + _OCTAVES * (1 - 2 * breadth)
        line = -np.inf if learnt.is_blank else score_at(height, scores)
        voice = Voice(interest, learnt, scores, line, self._passing(pool, learnt.required))
        with self._scored.lock:
            self._scored.voices[key] = voice
            while len(self._scored.voices) > _MOST_SCORED:
                self._scored.voices.popitem(last=False)
        return voice

    def _aside(self, account: Account, pool: Pool, asked: Asked, known: Ids | None) -> Aside:
        rules = self._store.habits.rules(account.id)
        muted, followed = (self._ruled(pool, [r for r in rules if r.kind.startswith(k)]) for k in ("mute", "follow"))
        said = self._store.interests.said_by(account.id)
        liked = np.array([number for number, verdict in said if verdict > 0], np.int64)
        dismissed = np.setdiff1d(np.array([number for number, verdict in said if verdict < 0], np.int64), liked)
        seen = np.isin(pool.ids, self._seen(account, liked) if asked.unseen else liked[:0])
        if known is not None:
            seen |= np.isin(pool.ids, known)
        return Aside(muted, np.isin(pool.ids, dismissed), seen, followed)

    def _rules_of(self, account: Account, kind: str) -> list[str]:
        return [rule.value for rule in self._store.habits.rules(account.id) if rule.kind == kind]

    def _ruled(self, pool: Pool, rules: Sequence[Rule]) -> Mask:
        if not rules:
            return np.zeros(len(pool.ids), np.bool_)
        return self._passing(pool, Or(tuple(map(filter_of, rules))))

    def _seen(self, account: Account, liked: Ids) -> Ids:
        """Return what was shown in earlier visits, and what is liked and was not shown in this one."""
        now = self._clock()
        begun = now - VISIT
        earlier = self._store.habits.shown_before(account.id, begun, now - timedelta(days=FARTHEST_DAYS))
        lately = self._store.habits.shown_before(account.id, now + VISIT, begun)
        return np.union1d(np.array(earlier, np.int64), np.setdiff1d(liked, np.array(lately, np.int64)))

    def _hits(self, account: Account, voices: Sequence[Voice], pool: Pool, shown: Order) -> tuple[FeedHit, ...]:
        papers = {paper.id: paper for paper in self._store.papers(pool.ids[shown.rows].tolist())}
        listed, standing_at = list(papers.values()), _heights(voices, shown)
        reasons = self._reasons_of(voices, pool, shown, papers)
        verdicts, standings = self.verdicts(Reader(account), listed), self.standings(listed)
        opened = {n for n, showing in self._store.habits.showings(account.id, list(papers)).items() if showing.opened}
        likers = self._store.interests.likers(list(papers))
        authors = self._rules_of(account, "follow-author")
        hits = []
        for place, row in enumerate(shown.rows.tolist()):
            paper = papers.get(int(pool.ids[row]))
            if paper is None:  # it was merged into another meanwhile
                continue
            speaker = int(shown.voices[place])
            voice = voices[speaker] if speaker >= 0 else None
            reason = reasons.get(paper.id, Reason())
            others = {number: name for number, name in likers.get(paper.id, {}).items() if number != account.id}
            hits.append(
                FeedHit(
                    paper=paper,
                    score=float(voice.scores[row]) if voice else 0.0,
                    height=float(standing_at[place]),
                    is_strong=bool(shown.strong[place]),
                    interest_id=voice.interest.id if voice else 0,
                    interest=voice.interest.name if voice else "",
                    reason=replace(reason, author=followed_author(paper, authors)) if authors else reason,
                    verdict=verdicts.get(paper.id, TAKEN_BACK),
                    opened=paper.id in opened,
                    votes=standings[paper.id].votes,
                    likers=tuple(name or "a member" for name in others.values()),
                )
            )
        return tuple(hits)

    def _reasons_of(
        self, voices: Sequence[Voice], pool: Pool, shown: Order, papers: dict[int, Paper]
    ) -> dict[int, Reason]:
        """Return why each paper stands there, as the voice that speaks for it has it; sentences of the first ones."""
        found: dict[int, Reason] = {}
        for speaker in np.unique(shown.voices[shown.voices >= 0]).tolist():
            mine = np.flatnonzero(shown.voices == speaker)
            spoken = [papers[n] for n in pool.ids[shown.rows[mine]].tolist() if n in papers]
            first = int(np.count_nonzero(mine < _SENTENCES))
            found |= self._reasons(voices[speaker].learnt, spoken, sentences=first)
        return found


def _heights(voices: Sequence[Voice], shown: Order) -> NDArray[np.float64]:
    """Return the height of each paper that is shown, under the voice that speaks for it; 0 without one."""
    found = np.zeros(len(shown.rows))
    for speaker in np.unique(shown.voices[shown.voices >= 0]).tolist():
        mine, scores = shown.voices == speaker, voices[speaker].scores
        found[mine] = heights(scores[shown.rows[mine]], scores)
    return found


def followed_author(paper: Paper, authors: Sequence[str]) -> str | None:
    """Return the followed author that a paper is by, as the paper has the name."""
    wanted = [f" {' '.join(tokens(author, stemmed=False))} " for author in authors]
    return next((n for n in paper.authors if any(w in f" {' '.join(tokens(n, stemmed=False))} " for w in wanted)), None)


def _note(
    chosen: Sequence[Interest], voices: Sequence[Voice], counts: dict[str, int], pool: Pool, end: date
) -> str | None:
    """Return why there is nothing, or nothing strong, and what would help."""
    parts = []
    if not len(pool.ids):
        parts.append("The archive holds no paper of the last year.")
    elif (pool.today - end).days > _LATE:
        parts.append(f"The newest papers here are of {end}.")
    if not chosen:
        parts.append("There is no interest yet: make one of some words, or like a paper.")
    elif not voices:
        parts.append(_wanting(chosen))
    elif counts["looked_at"] and not counts["strong"]:
        parts.append(f"Nothing strong: of {counts['looked_at']:,} papers none is above the line.")
    return " ".join(parts) or None


def _wanting(chosen: Sequence[Interest]) -> str:
    name = f"“{chosen[0].name}” has" if len(chosen) == 1 else "Your interests have"
    if all(each.is_empty for each in chosen):
        said = (
            "only papers that were dismissed" if any(each.dismissed for each in chosen) else "neither words nor likes"
        )
        return f"{name} {said} yet: add words, or like a paper."
    return f"{name} words that no paper here has: add others, or like a paper."
