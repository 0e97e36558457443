"""Noting what feeds showed and what was opened of it, with what was known of each paper: what can be learnt from."""

from __future__ import annotations

from collections.abc import Sequence

from tidings.catalog.feeds import Feeds
from tidings.errors import InputError
from tidings.people import Reader, require
from tidings.store.habits import Placed

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
    ) -> None:
        """Note that a feed showed papers, from this place on; the first time counts. Ids that nothing has are left out.

        Feeds hide such papers from the next visit on. ``drawn`` is the one from outside, with its chance.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            InputError: there are too many, no such place, or no such chance.
        """
        account = require(reader, "interests")
        if len(ids) > MOST_SHOWN or not 1 <= place <= MOST_SHOWN * MOST_SHOWN:
            raise InputError(f"at most {MOST_SHOWN:,} papers are marked at once, from place 1 on")
        if drawn is not None and not 0 < drawn[1] <= 1:
            raise InputError(f"a chance is a number above 0 and up to 1, not {drawn[1]}")
        held = self._store.interests.held(list(ids))
        places = {
            held[value]: Placed(place + offset, drawn[1] if drawn and drawn[0] == value else None)
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
