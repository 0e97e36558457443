"""Feeds: the papers of the last days by what a reader likes, each with its reason; why another one is not there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings import learn
from tidings.catalog.learning import FARTHEST_DAYS, Learnt, Pool
from tidings.catalog.reasons import Reasons
from tidings.catalog.served import Served
from tidings.catalog.steering import Steering, filter_of
from tidings.catalog.voices import (
    BREADTH,
    DAYS,
    FRESHNESS,
    Aside,
    Asked,
    Voice,
    counted,
    laid_out,
    page_from,
    seed_of,
    voice_of,
    window,
)
from tidings.index.words import tokens
from tidings.learn.heads import MOST
from tidings.moments import in_words
from tidings.people import Account, Reader, require
from tidings.rank.feed import feed as ranked
from tidings.types import TAKEN_BACK, Feed, FeedHit, Interest, Or, Paper, Reason, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Ids = NDArray[np.int64]
    Floats = NDArray[np.float64]

VISIT = timedelta(hours=12)
"""What was shown so lately is still there: a page read again is the same, and the next day's has what is new."""
_SENTENCES = 5
_MOST_SCORED = 64
_LATE = 3  # days without anything new before a feed says so


@dataclass(slots=True)
class _Scored:
    """Scores worked out lately."""

    lock: Lock = field(default_factory=Lock)
    voices: OrderedDict[tuple[object, ...], Voice] = field(default_factory=OrderedDict)
    judged: OrderedDict[tuple[object, ...], tuple[Ids, Ids]] = field(default_factory=OrderedDict)


class Feeds(Steering, Reasons, Served):
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
        outside: bool = True,
    ) -> Feed:
        """Return the papers of the last days for some of the interests that one sees, or for all of one's own.

        Those above the line of an interest, and those of authors whom one follows, come first, each part the best
        first. A paper that several interests want stands where the one speaks for it that scores it highest. Muted
        papers and those that were dismissed are left out, and so is what was shown in an earlier visit, unless not
        only what is ``unseen`` is asked for. ``breadth`` from 0 (narrow) to 1 moves the line, ``freshness`` from 0
        (score alone) to 1 (newest first) the order; docs/feeds.md says how. The days end with the newest one held.
        Among those of all of one's own interests stands one paper from ``outside`` of them, drawn anew each day.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            NotFoundError: there is no such interest.
            InputError: a number makes no sense, or the cursor is of another feed.
            IndexUnavailableError: nothing can be found yet.
        """
        account = require(reader, "interests")
        chosen = [self.interest(reader, name) for name in names] or self._store.interests.of(account.id)
        asked = Asked(days, limit, cursor, breadth, freshness, unseen, outside=outside and not names)
        return self._feed(account, [(each, self._learnt(each)) for each in chosen], asked)

    def lab_feed(self, reader: Reader | None, *, asked: Asked | None = None) -> Feed:
        """Return one feed of all interests that members share, each paper with the members who like it.

        Raises:
            SignInError, ForbiddenError, InputError, IndexUnavailableError: as ``feed``.
        """
        account = require(reader, "interests")
        shared = self._store.interests.of_lab()
        return self._feed(account, [(each, self._learnt(each)) for each in shared], _without_draw(asked))

    def shelf_feed(self, reader: Reader | None, number: int, *, asked: Asked | None = None) -> Feed:
        """Return the feed of a shelf that one sees: papers like those on it, none of them.

        Raises:
            SignInError, ForbiddenError, InputError, IndexUnavailableError: as ``feed``.
            NotFoundError: there is no such shelf, or it is not shown to the reader.
        """
        account = require(reader, "interests")
        shelf = self.shelf(Reader(account), number)
        ids = [entry.paper_id for entry in self._store.shelves.entries(shelf.id)][::-1]
        liked = np.array(ids[-MOST:], np.int64)
        learnt = self._learn_from(self._corpus(), "", "", liked, liked[:0])
        stands_for = Interest(
            0, shelf.account_id, shelf.owner, shelf.name, "", "", "private", shelf.created, shelf.created, len(liked)
        )
        return self._feed(account, [(stands_for, learnt)], _without_draw(asked), known=liked)

    # --- how it comes about ---

    def _feed(
        self, account: Account, chosen: Sequence[tuple[Interest, Learnt]], asked: Asked, known: Ids | None = None
    ) -> Feed:
        started = perf_counter()
        asked.check()
        pool = self._pool()
        start, end, _ = window(pool, asked.days)
        found = self._in_order(account, chosen, asked, pool, known)
        binding = f"{[(each.id, each.name) for each, _ in chosen]} {replace(asked, limit=1, cursor=None)}"
        page, cursor = page_from(pool.ids[found.rows], asked.cursor, asked.limit, binding)
        return Feed(
            hits=self._hits(account, pool, found, page),
            total=len(found.rows),
            start=start,
            end=end,
            **found.counts,
            cursor=cursor,
            note=_note([each for each, _ in chosen], found, pool, end),
            milliseconds=1000 * (perf_counter() - started),
        )

    def _in_order(
        self,
        account: Account,
        chosen: Sequence[tuple[Interest, Learnt]],
        asked: Asked,
        pool: Pool,
        known: Ids | None = None,
    ) -> Ranked:
        """Return the candidates of the days that are asked for in the order of a feed; ``known`` are no news."""
        rows = np.flatnonzero(window(pool, asked.days)[2])
        voices = [voice for each in chosen if (voice := self._voice(pool, *each))]
        aside = self._aside(account, pool, asked, known)
        candidates = laid_out(voices, aside, pool, rows, self._lifts(voices, pool, aside, rows))
        seed = seed_of(account.id, pool.today) if asked.outside and voices else None
        listed = ranked(candidates, asked.taste, seed=seed)
        return Ranked(
            voices=voices,
            rows=rows[listed.rows],
            speakers=listed.interests,
            strong=listed.strong,
            alike=[rows[list(others)] if others else rows[:0] for others in listed.alike],
            counts=counted(candidates, aside, rows, asked.taste),
            outside=listed.outside,
            chance=listed.chance,
        )

    def _voice(self, pool: Pool, interest: Interest, learnt: Learnt) -> Voice | None:
        """Return an interest as it speaks of the candidates; None of one that has nothing to say."""
        if interest.is_empty or (learnt.is_blank and learnt.required is None):
            return None
        key = interest.id, interest.changed, pool.version, pool.made
        with self._scored.lock:
            if interest.id and key in self._scored.voices:
                self._scored.voices.move_to_end(key)
                return self._scored.voices[key]
        scores = learn.score(learnt.head, pool.recent)
        voice = voice_of(interest, learnt, scores, self._passing(pool, learnt.required))
        with self._scored.lock:
            self._scored.voices[key] = voice
            while len(self._scored.voices) > _MOST_SCORED:
                self._scored.voices.popitem(last=False)
        return voice

    def _aside(self, account: Account, pool: Pool, asked: Asked, known: Ids | None) -> Aside:
        rules = self._store.habits.rules(account.id)
        muted, followed = (self._ruled(pool, [r for r in rules if r.kind.startswith(k)]) for k in ("mute", "follow"))
        liked, dismissed = self._judged(account)
        seen = np.isin(pool.ids, self._seen(account, liked) if asked.unseen else liked[:0])
        if known is not None:
            seen |= np.isin(pool.ids, known)
        return Aside(muted, np.isin(pool.ids, dismissed), seen, followed, self._doublings(pool))

    def _judged(self, account: Account) -> tuple[Ids, Ids]:
        """Return the papers that an account likes in an interest, and those that it dismissed and likes in none."""
        key = self._store.interests.states(account.id), self.version
        with self._scored.lock:
            if key in self._scored.judged:
                return self._scored.judged[key]
        said = self._store.interests.said_by(account.id)
        liked = np.array([number for number, verdict in said if verdict > 0], np.int64)
        dismissed = np.setdiff1d(np.array([number for number, verdict in said if verdict < 0], np.int64), liked)
        with self._scored.lock:
            self._scored.judged[key] = liked, dismissed
            while len(self._scored.judged) > _MOST_SCORED:
                self._scored.judged.popitem(last=False)
        return liked, dismissed

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

    def _hits(self, account: Account, pool: Pool, found: Ranked, page: slice) -> tuple[FeedHit, ...]:
        ids = pool.ids[found.rows[page]].tolist()
        alike = [pool.ids[rows].tolist() for rows in found.alike[page]]
        every = {paper.id: paper for paper in self._store.papers([*ids, *(n for others in alike for n in others)])}
        papers = [every[number] for number in ids if number in every]  # one may have been merged meanwhile
        about, reasons = self._about(account, papers), self._reasons_of(pool, found, page, every)
        likely, hits = self._likely_of(found, page), []
        for place, (number, others) in enumerate(zip(ids, alike, strict=True), start=page.start):
            if number not in every:
                continue
            hit = FeedHit(
                paper=every[number],
                is_strong=bool(found.strong[place]),
                reason=about.explained(every[number], reasons.get(number, Reason())),
                verdict=about.verdicts.get(number, TAKEN_BACK),
                opened=number in about.opened,
                votes=about.votes[number],
                likers=about.likers.get(number, ()),
                alike=tuple(every[other] for other in others if other in every),
                chance=found.chance if place == found.outside else None,
            )
            hits.append(found.spoken_for(hit, place, likely[place - page.start]))
        return tuple(hits)

    def _likely_of(self, found: Ranked, page: slice) -> list[float | None]:
        """Return how likely each paper of a page is liked, as far as there is a voice that knows."""
        spoken = zip(found.rows[page].tolist(), found.speakers[page].tolist(), strict=True)
        voices = [(row, found.voices[speaker] if speaker >= 0 else None) for row, speaker in spoken]
        known = [(voice, float(voice.heights[row])) for row, voice in voices if voice and not voice.learnt.is_blank]
        shares = iter(self._shares_liked([h for _, h in known], [len(v.learnt.liked_ids) for v, _ in known]))
        return [next(shares) if voice and not voice.learnt.is_blank else None for _, voice in voices]

    def _about(self, account: Account, papers: Sequence[Paper]) -> _About:
        """Return what is known of the papers of a page beside their scores: a query each, however many there are."""
        ids = [paper.id for paper in papers]
        liked = self._store.interests.likers(ids)
        names = {n: [name for who, name in found.items() if who != account.id] for n, found in liked.items()}
        return _About(
            verdicts=self.verdicts(Reader(account), papers),
            votes={number: standing.votes for number, standing in self.standings(papers).items()},
            opened={n for n, showing in self._store.habits.showings(account.id, ids).items() if showing.opened},
            likers={number: tuple(name or "a member" for name in found) for number, found in names.items()},
            followed=self._rules_of(account, "follow-author"),
        )

    def _reasons_of(self, pool: Pool, found: Ranked, page: slice, papers: dict[int, Paper]) -> dict[int, Reason]:
        """Return why each paper stands there, as the voice that speaks for it has it; sentences of the first ones."""
        ids, speakers = pool.ids[found.rows[page]], found.speakers[page]
        reasons: dict[int, Reason] = {}
        for speaker in np.unique(speakers[speakers >= 0]).tolist():
            mine = np.flatnonzero(speakers == speaker)
            spoken = [papers[number] for number in ids[mine].tolist() if number in papers]
            first = int(np.count_nonzero(mine < _SENTENCES))
            reasons |= self._reasons(found.voices[speaker].learnt, spoken, sentences=first)
        return reasons


class Ranked(NamedTuple):
    """What a feed lists, best first: rows of the pool, the voice that speaks for each (-1: none), is it strong.

    ``alike`` are the rows folded into each; ``counts`` are of all that was looked at. ``outside`` is the place of the
    paper that was drawn, with its ``chance``.
    """

    voices: Sequence[Voice]
    rows: Ids
    speakers: Ids
    strong: Mask
    alike: Sequence[Ids]
    counts: dict[str, int]
    outside: int | None = None
    chance: float = 1.0

    def spoken_for(self, hit: FeedHit, place: int, likely: float | None) -> FeedHit:
        """Return a hit with what the voice says that speaks for it."""
        if self.speakers[place] < 0:
            return hit
        voice, row = self.voices[int(self.speakers[place])], self.rows[place]
        named = replace(hit, interest_id=voice.interest.id, interest=voice.interest.name)
        return replace(named, score=float(voice.scores[row]), height=float(voice.heights[row]), likely=likely)


class _About(NamedTuple):
    """What is known of the papers of a page, by internal id; ``followed`` are authors."""

    verdicts: dict[int, int]
    votes: dict[int, int]
    opened: set[int]
    likers: dict[int, tuple[str, ...]]
    followed: list[str]

    def explained(self, paper: Paper, reason: Reason) -> Reason:
        return replace(reason, author=followed_author(paper, self.followed)) if self.followed else reason


def _without_draw(asked: Asked | None) -> Asked:
    """Return how a feed is asked for that is not of one's own interests: nothing is outside of others'."""
    return replace(asked or Asked(), outside=False)


def followed_author(paper: Paper, authors: Sequence[str]) -> str | None:
    """Return the followed author that a paper is by, as the paper has the name."""
    wanted = [f" {' '.join(tokens(author, stemmed=False))} " for author in authors]
    return next((n for n in paper.authors if any(w in f" {' '.join(tokens(n, stemmed=False))} " for w in wanted)), None)


def _note(chosen: Sequence[Interest], found: Ranked, pool: Pool, end: date) -> str | None:
    """Return why there is nothing, or nothing strong, and what would help."""
    parts = []
    if not len(pool.ids):
        parts.append("The archive holds no paper of the last year.")
    elif (pool.today - end).days > _LATE:
        parts.append(f"The newest papers here are of {in_words(end)}.")
    if not chosen:
        parts.append("There is no interest yet: make one of some words, or like a paper.")
    elif not found.voices:
        parts.append(_wanting(chosen))
    elif found.counts["looked_at"] and not found.counts["strong"]:
        parts.append(f"Nothing strong: of {found.counts['looked_at']:,} papers none is above the line.")
    return " ".join(parts) or None


def _wanting(chosen: Sequence[Interest]) -> str:
    name = f"“{chosen[0].name}” has" if len(chosen) == 1 else "Your interests have"
    if all(each.is_empty for each in chosen):
        said = (
            "only papers that were dismissed" if any(each.dismissed for each in chosen) else "neither words nor likes"
        )
        return f"{name} {said} yet: add words, or like a paper."
    return f"{name} words that no paper here has: add others, or like a paper."
