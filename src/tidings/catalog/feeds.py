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
    voice_of,
    window,
)
from tidings.index.words import tokens
from tidings.learn.heads import MOST
from tidings.people import Account, Reader, require
from tidings.rank.feed import Listed
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
        rows = np.flatnonzero(in_time)
        voices = [voice for each in chosen if (voice := self._voice(pool, *each))]
        aside = self._aside(account, pool, asked, known)
        candidates = laid_out(voices, aside, pool, rows)
        listed = ranked(candidates, asked.taste)
        counts = counted(candidates, aside, rows, asked.taste)
        binding = f"{[(each.id, each.name) for each, _ in chosen]} {replace(asked, limit=1, cursor=None)}"
        page, cursor = page_from(candidates.ids[listed.rows], asked.cursor, asked.limit, binding)
        return Feed(
            hits=self._hits(account, voices, pool, _shown(listed, rows, page)),
            total=len(listed.rows),
            start=start,
            end=end,
            **counts,
            cursor=cursor,
            note=_note([each for each, _ in chosen], voices, counts, pool, end),
            milliseconds=1000 * (perf_counter() - started),
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

    def _hits(self, account: Account, voices: Sequence[Voice], pool: Pool, shown: _Shown) -> tuple[FeedHit, ...]:
        ids = pool.ids[shown.rows].tolist()
        alike = {number: pool.ids[list(rows)].tolist() for number, rows in zip(ids, shown.alike, strict=True)}
        folded = {paper.id: paper for paper in self._store.papers([n for others in alike.values() for n in others])}
        papers = {paper.id: paper for paper in self._store.papers(ids)}
        about = self._about(account, list(papers.values()))
        reasons = self._reasons_of(voices, pool, shown, papers)
        hits = []
        for place, (number, row, speaker) in enumerate(zip(ids, shown.rows, shown.voices, strict=True)):
            if number not in papers:  # it was merged into another meanwhile
                continue
            hit = FeedHit(
                paper=papers[number],
                is_strong=bool(shown.strong[place]),
                reason=about.explained(papers[number], reasons.get(number, Reason())),
                verdict=about.verdicts.get(number, TAKEN_BACK),
                opened=number in about.opened,
                votes=about.votes[number],
                likers=about.likers.get(number, ()),
                alike=tuple(folded[other] for other in alike[number] if other in folded),
            )
            if speaker >= 0:
                voice = voices[int(speaker)]
                score, height = float(voice.scores[row]), float(voice.heights[row])
                hit = replace(
                    hit, score=score, height=height, interest_id=voice.interest.id, interest=voice.interest.name
                )
            hits.append(hit)
        return tuple(hits)

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

    def _reasons_of(
        self, voices: Sequence[Voice], pool: Pool, shown: _Shown, papers: dict[int, Paper]
    ) -> dict[int, Reason]:
        """Return why each paper stands there, as the voice that speaks for it has it; sentences of the first ones."""
        found: dict[int, Reason] = {}
        for speaker in np.unique(shown.voices[shown.voices >= 0]).tolist():
            mine = np.flatnonzero(shown.voices == speaker)
            spoken = [papers[n] for n in pool.ids[shown.rows[mine]].tolist() if n in papers]
            first = int(np.count_nonzero(mine < _SENTENCES))
            found |= self._reasons(voices[speaker].learnt, spoken, sentences=first)
        return found


class _Shown(NamedTuple):
    """A page of a feed by rows of the pool: which voice speaks for each paper, is it strong, what is folded into it."""

    rows: Ids
    voices: Ids
    strong: Mask
    alike: tuple[tuple[int, ...], ...]


class _About(NamedTuple):
    """What is known of the papers of a page, by internal id; ``followed`` are authors."""

    verdicts: dict[int, int]
    votes: dict[int, int]
    opened: set[int]
    likers: dict[int, tuple[str, ...]]
    followed: list[str]

    def explained(self, paper: Paper, reason: Reason) -> Reason:
        return replace(reason, author=followed_author(paper, self.followed)) if self.followed else reason


def _shown(listed: Listed, rows: Ids, page: slice) -> _Shown:
    """Return a page of what was listed among some rows of the pool."""
    alike = tuple(tuple(rows[list(others)].tolist()) for others in listed.alike[page])
    return _Shown(rows[listed.rows[page]], listed.interests[page], listed.strong[page], alike)


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
