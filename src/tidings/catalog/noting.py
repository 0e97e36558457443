"""Noting what feeds showed and what was opened of it, with what was known of each paper: what can be learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tidings import learn
from tidings.catalog.clicks import features_of
from tidings.catalog.feeds import VISIT, Feeds
from tidings.catalog.learning import Pool
from tidings.catalog.voices import Asked, Voice, voice_of
from tidings.errors import InputError
from tidings.learn.heads import MOST
from tidings.people import Account, Reader, require
from tidings.store.habits import Placed
from tidings.types import Example, Interest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

MOST_SHOWN = 1_000
"""Papers that can be marked as shown at once."""


class Noting(Feeds):
    """Reading marks; each is its reader's alone."""

    def mark_shown(
        self,
        reader: Reader | None,
        ids: Sequence[str],
        *,
        place: int = 1,
        drawn: tuple[str, float] | None = None,
        of: Sequence[int | str] | None = (),
    ) -> None:
        """Note that a feed showed papers, from this place on; the first time counts. Ids that nothing has are left out.

        Feeds hide such papers from the next visit on. ``drawn`` is the one from outside, with its chance. The feed was
        ``of`` some interests, or of all of one's own; None says that it was of something else, of which nothing is
        learnt.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            NotFoundError: there is no such interest.
            InputError: there are too many, no such place, or no such chance.
        """
        account = require(reader, "interests")
        if len(ids) > MOST_SHOWN or not 1 <= place <= MOST_SHOWN * MOST_SHOWN:
            raise InputError(f"at most {MOST_SHOWN:,} papers are marked at once, from place 1 on")
        if drawn is not None and not 0 < drawn[1] <= 1:
            raise InputError(f"a chance is a number above 0 and up to 1, not {drawn[1]}")
        held = self._store.interests.held(list(ids))
        chosen = [self.interest(reader, name) for name in of or ()]
        known = {} if of is None else self._known_of(account, list(held.values()), chosen)
        places = {
            held[value]: Placed(
                place + offset, drawn[1] if drawn and drawn[0] == value else None, *known.get(held[value], (None, None))
            )
            for offset, value in reversed(list(enumerate(ids)))
            if value in held
        }
        self._store.habits.show(account.id, places, self._clock())

    def mark_opened(self, reader: Reader | None, id: str) -> None:  # noqa: A002
        """Note that a paper was opened.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            NotFoundError: nothing has that id.
        """
        account = require(reader, "interests")
        self._store.habits.open(account.id, self._find(id), self._clock())

    def _known_of(
        self, account: Account, numbers: Sequence[int], chosen: Sequence[Interest]
    ) -> dict[int, tuple[int, bytes]]:
        """Return which of one's own interests spoke for each paper and its features: what was known before this visit.

        What was said of a paper in this visit is what is to be learnt, so it is no part of them; of what was said
        before nothing is left to be learnt.
        """
        if not self._index.is_ready():
            return {}
        said = self._store.interests.verdicts(account.id, numbers)
        own = [each for each in chosen or self._store.interests.of(account.id) if each.account_id == account.id]
        pool, voices, old = self._pool(), list[Voice | None](), set[int]()
        for interest in own:
            judged = {number for number, verdicts in said.items() if interest.id in verdicts}
            examples = self._store.interests.examples(interest.id) if judged else []
            old |= {each.paper_id for each in examples if each.paper_id in judged and each.at < self._clock() - VISIT}
            voices.append(self._voice_before(pool, interest, [e for e in examples if e.paper_id not in judged], judged))
        rows = np.flatnonzero(np.isin(pool.ids, [number for number in numbers if number not in old]))
        return self._spoken(account, pool, [voice for voice in voices if voice and not voice.learnt.is_blank], rows)

    def _voice_before(
        self, pool: Pool, interest: Interest, examples: Sequence[Example], judged: set[int]
    ) -> Voice | None:
        """Return an interest as it spoke before papers were judged in it; ``examples`` are the others."""
        if not judged:
            return self._voice(pool, interest, self._learnt(interest))
        liked = np.array([each.paper_id for each in examples if each.verdict > 0][-MOST:], np.int64)
        dismissed = np.array([each.paper_id for each in examples if each.verdict < 0][-MOST:], np.int64)
        now = self._learnt(interest)
        learnt = self._learn_from(self._corpus(), interest.words, interest.query, liked, dismissed)
        learnt = replace(learnt, line=now.line, common=now.common)
        return voice_of(interest, learnt, learn.score(learnt.head, pool.recent), self._passing(pool, learnt.required))

    def _spoken(
        self, account: Account, pool: Pool, voices: Sequence[Voice], rows: Rows
    ) -> dict[int, tuple[int, bytes]]:
        if not voices or not len(rows):
            return {}
        aside, ids = self._aside(account, pool, Asked(unseen=False), None), pool.ids[rows]
        speakers = np.stack([voice.heights[rows] - voice.line for voice in voices]).argmax(axis=0)
        known = dict[int, tuple[int, bytes]]()
        for number in np.unique(speakers).tolist():
            mine = speakers == number
            found = features_of(voices[number], rows[mine], pool, aside, self._categories(ids[mine]))
            rest = (row.tobytes() for row in found)
            known |= {n: (voices[number].interest.id, row) for n, row in zip(ids[mine].tolist(), rest, strict=True)}
        return known
