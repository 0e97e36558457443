"""What one asks of a feed: why a paper is not in it; and what a young interest asks its reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings import learn
from tidings.catalog.feeds import VISIT, followed_author
from tidings.catalog.learning import Learnt, Pool
from tidings.catalog.noting import Noting
from tidings.catalog.steering import filter_of
from tidings.catalog.voices import DAYS, Asked, window
from tidings.errors import InputError
from tidings.learn.asking import ask, first_screen
from tidings.learn.line import heights
from tidings.people import Account, Reader, require
from tidings.types import DISMISSED, And, Filter, Interest, Paper, Reason, Showing, Term, WhyNot

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ASKED = 50

_NEWEST = 5_000
"""Papers that can be asked about, the newest."""


class _Place(NamedTuple):
    """Where a paper stands among the papers of a feed's days, and where the line is; rank from 1."""

    rank: int
    of: int
    height: float
    line: float

    @property
    def short(self) -> float:
        return max(0.0, self.line - self.height)


class Asking(Noting):
    """Questions and answers about feeds; each is its reader's alone."""

    def why_not(
        self,
        reader: Reader | None,
        id: str,  # noqa: A002
        interest: int | str | None = None,
        *,
        days: int = DAYS,
    ) -> WhyNot:
        """Return why the feed of an interest does not list a paper; of one's own the interest nearest to the paper.

        Every cause that holds is told, in the order in which a feed leaves papers out.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            NotFoundError: nothing here has that id, or there is no such interest.
            InputError: there is no interest to ask, or the days make no sense.
            IndexUnavailableError: nothing can be found yet.
        """
        account, paper = require(reader, "interests"), self.paper(id)
        Asked(days=days).check()
        chosen = self.interest(reader, interest) if interest is not None else self._to_be_asked(account, paper)
        learnt, pool = self._learnt(chosen), self._pool()
        place = None if chosen.is_empty or learnt.is_blank else self._place(learnt, pool, paper, days)
        shown = self._store.habits.showings(account.id, [paper.id]).get(paper.id)
        author = followed_author(paper, self._rules_of(account, "follow-author"))
        causes = [
            *self._out_of_time(paper, pool, days),
            *self._out_of_question(account, paper, chosen, learnt, is_followed=author is not None),
            *self._known(account, paper, shown),
        ]
        below = [_below(place)] if place and place.short and author is None else []
        if not causes and not below:
            causes += self._folded(account, (chosen, learnt), pool, paper, days)
        reason = self._reasons(learnt, [paper], sentences=1).get(paper.id, Reason())
        return WhyNot(
            paper=paper,
            interest=chosen.name,
            causes=(*causes, *below),
            is_listed=not causes and not below,
            rank=place.rank if place else None,
            of=place.of if place else 0,
            height=place.height if place else None,
            line=place.line if place else None,
            short=place.short if place else 0.0,
            shown=shown.at if shown and shown.place else None,
            reason=reason,
            likely=self._shares_liked([place.height], [len(learnt.liked_ids)])[0] if place else None,
        )

    def _to_be_asked(self, account: Account, paper: Paper) -> Interest:
        if not self._store.interests.of(account.id):
            raise InputError("you have no interest yet, so no feed lists anything")
        return self._nearest_interest(account, paper.id)

    def _place(self, learnt: Learnt, pool: Pool, paper: Paper, days: int) -> _Place:
        scores = learn.score(learnt.head, pool.recent)
        score = scores[pool.ids == paper.id]  # to the last digit what the feed has, or one on the line may differ
        if not len(score):
            score = learn.score(
                learnt.head, learn.prepare(self._corpus(), self._papers_of(np.array([paper.id], np.int64)))
            )
        in_time = window(pool, days)[2]
        rank = 1 + int(np.count_nonzero(scores[in_time] > score[0]))
        return _Place(rank, int(np.count_nonzero(in_time)), float(heights(score, scores)[0]), learnt.strong_from)

    def _out_of_time(self, paper: Paper, pool: Pool, days: int) -> Iterator[str]:
        start, end, _ = window(pool, days)
        if not self._index.vectors(np.array([paper.id], np.int64)).any():
            yield "It cannot be found yet: the index is catching up."
        if paper.date is None:
            yield "Nobody says when it was announced, so it is in no feed."
        elif paper.date > pool.today:
            yield f"It is announced on {paper.date}, which is still to come."
        elif not start <= paper.date <= end:
            yield f"It was announced on {paper.date}; this feed looks at {start} to {end}."
        elif paper.id not in pool.ids:
            yield f"Feeds look at the newest {len(pool.ids):,} papers, and it is older."

    def _out_of_question(
        self, account: Account, paper: Paper, chosen: Interest, learnt: Learnt, *, is_followed: bool
    ) -> Iterator[str]:
        if chosen.is_empty:
            yield f"“{chosen.name}” has neither words nor likes yet, so its feed lists nothing."
        elif learnt.is_blank and learnt.required is None:
            yield f"“{chosen.name}” has words that no paper here has, so its feed lists nothing."
        if learnt.required is not None and not is_followed and not self._has(paper, learnt.required):
            yield f"It does not pass the query of “{chosen.name}”: {chosen.query}"
        for rule in self._store.habits.rules(account.id):
            if rule.kind.startswith("mute") and self._has(paper, filter_of(rule)):
                yield f"You muted the {rule.kind.removeprefix('mute-')} “{rule.value}” on {rule.at:%Y-%m-%d}."

    def _known(self, account: Account, paper: Paper, shown: Showing | None) -> Iterator[str]:
        verdict = self.verdicts(Reader(account), [paper]).get(paper.id)
        is_of_earlier = shown is not None and shown.place > 0 and shown.at < self._clock() - VISIT
        if verdict == DISMISSED:
            yield "You dismissed it."
        elif shown is not None and is_of_earlier:
            yield f"You were shown it on {shown.at:%Y-%m-%d}, at place {shown.place}."
        elif verdict and not (shown and shown.place):
            yield "You like it already."

    def _folded(
        self, account: Account, chosen: tuple[Interest, Learnt], pool: Pool, paper: Paper, days: int
    ) -> Iterator[str]:
        found = self._in_order(account, [chosen], Asked(days), pool)
        for row, others in zip(found.rows.tolist(), found.alike, strict=True):
            if paper.id in pool.ids[others]:
                instead = self._store.papers([int(pool.ids[row])])
                yield f"It says nearly the same as “{instead[0].title if instead else 'another'}”, which is listed."

    def _has(self, paper: Paper, required: Filter) -> bool:
        """Return whether a paper passes a filter."""
        return bool(len(self._index.newest(And((Term(paper.key, "id"), required)), 1)))

    # --- teaching ---

    def teach(self, reader: Reader | None, interest: int | str, n: int = 10) -> tuple[Paper, ...]:
        """Return papers to ask about in an interest of one's own: those whose answers would teach it most.

        Of one that knows nothing yet it is a choice of what there is. The same question gets the same papers until
        something is said. What was said or muted, and what its query does not let through, is not asked about.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not, or it is another's.
            NotFoundError: there is no such interest.
            InputError: the number makes no sense.
            IndexUnavailableError: nothing can be found yet.
        """
        account, own = require(reader, "interests"), self._own_interest(reader, interest)
        if not 1 <= n <= MOST_ASKED:
            raise InputError(f"1 to {MOST_ASKED} papers can be asked about, not {n}")
        learnt, pool = self._learnt(own), self._pool()
        free = np.flatnonzero(self._free(account, learnt, pool))[:_NEWEST]
        random = np.random.default_rng([own.id, int(own.changed.timestamp() * 1_000_000)])
        chosen = free[self._chosen_to_ask(random, learnt, pool, free, n)]
        return tuple(self._store.papers(pool.ids[chosen].tolist()))

    def _free(self, account: Account, learnt: Learnt, pool: Pool) -> NDArray[np.bool_]:
        """Return which candidates can be asked about."""
        aside = self._aside(account, pool, Asked(unseen=False), np.concatenate(self._judged(account)))
        free: NDArray[np.bool_] = self._passing(pool, learnt.required) & ~aside.muted & ~aside.seen
        return free

    def _chosen_to_ask(
        self, random: np.random.Generator, learnt: Learnt, pool: Pool, free: NDArray[np.int64], n: int
    ) -> NDArray[np.int64]:
        vectors = self._index.vectors(pool.ids[free])
        known = learnt.liked.vectors if len(learnt.liked_ids) or learnt.text is None else learnt.text.vectors
        known = known[known.any(axis=1)]
        scores = learn.score(learnt.head, pool.recent)
        if learnt.is_blank or not len(known):
            return first_screen(random, vectors, np.zeros(len(free)), n).places
        standing = heights(scores, scores)[free]
        return ask(random, vectors, standing, known, count=n).places


def _below(place: _Place) -> str:
    where = f"It stands at place {place.rank:,} of {place.of:,}"
    return (
        f"{where}: at a height of {place.height:.1f}, and the line is at {place.line:.1f}, {place.short:.1f} above it."
    )
