"""Putting papers forward: by an id or an address. What is not held yet is asked of whoever publishes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from tidings import identifiers
from tidings.catalog.community import Community
from tidings.catalog.syncing import Syncing
from tidings.errors import InputError, SourceError, TooManyError
from tidings.people import Reader, require
from tidings.sync import Tally, take_batch
from tidings.types import Paper

if TYPE_CHECKING:  # what asks other hosts is imported by those who ask
    from tidings.sources.client import Client

_DAY = timedelta(days=1)
# Somebody waits for the answer: what takes longer than this is to be tried again later.
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Submission:
    """A paper that somebody put forward: whether it was held before, and whether nobody had put it forward yet."""

    paper: Paper
    was_held: bool
    is_first: bool


class Submitting(Community, Syncing):
    """Putting papers forward."""

    def submit(self, reader: Reader | None, text: str) -> Submission:
        """Put a paper forward by an arXiv id, a DOI, an OpenReview or ACL id, or the address of such a paper.

        One that is not held is asked of whoever publishes it, becomes part of the archive, and can be found.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            InputError: it names no paper.
            NotFoundError: whoever would publish it knows no such paper; of ``paper:12``, nothing here has that number.
            TooManyError: this account put enough forward for a day.
            FetchError: who was asked did not answer; nothing was kept.
            SourceError: the answer cannot be understood, or is about something else than a paper.
        """
        account = require(reader, "submit")
        try:
            identifier = identifiers.parse(text)
        except SourceError as error:
            raise InputError(str(error)) from error
        number = self._store.find(identifier)
        self._count_submission(account.id)
        was_held = number is not None
        if number is None:
            self._take(identifier)
            number = self._find(identifier)
        is_first = self._store.voting.submit(account.id, number, self._clock())
        return Submission(self._store.papers([number])[0], was_held, is_first)

    def _count_submission(self, account_id: int) -> None:
        """Count one more: a person puts a handful forward in a day, a program could fill every list."""
        most = self.settings.trending.submissions
        wait = self._store.proofs.attempt({f"submit by {account_id}": most}, _DAY, self._clock())
        if wait is not None:
            said = f"{most} papers a day can be put forward by one account; go on in {_in_hours(wait)}"
            raise TooManyError(said, int(wait.total_seconds()) + 1)

    def _take(self, identifier: str) -> None:
        """Bring a paper into the archive, and the index up to it."""
        from tidings.sources import Means, single

        if identifier.startswith("paper:"):
            self._find(identifier)  # says that there is none
        means = Means(self.settings, self._impatient, self._clock, self._store.papers_after)
        record = single.paper(identifier, means)
        take_batch(self._store, [record], self._clock(), Tally())
        self.catch_up()

    @cached_property
    def _impatient(self) -> Client:
        """The client of those who wait for a person: it gives up early."""
        from tidings.sources.client import Patience

        patience = Patience(connect=5.0, read=10.0, answer=15.0, wait=_PATIENCE, attempts=2)
        return self._open_client(self._sleep, patience=patience)

    def close(self) -> None:
        """Let go of files and connections."""
        if "_impatient" in self.__dict__:
            self._impatient.close()
        super().close()


def _in_hours(wait: timedelta) -> str:
    hours = -(-int(wait.total_seconds()) // 3600)
    return f"{hours} hours" if hours > 1 else "an hour"
