"""The outbox as those see it who fill and empty it: the digest, by turns; and who looks how that goes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from tidings.catalog.fresh import FreshPapers
from tidings.catalog.fresh_feeds import Known
from tidings.errors import BusyError
from tidings.people import Reader, require
from tidings.store import Claim
from tidings.store.editions import STATES, Draft, Waiting, as_digest
from tidings.store.progress import Progress
from tidings.types import Digest, Edition, Story, Subscription

JOB = "digest"
"""The job of making and sending: one process does it at a time."""

_UNSETTLED = ("waiting", "sending", "failed", "unknown")


class Outbox(FreshPapers):
    """Editions on their way. What has a claim may only be done by who has the job; it ends with BusyError else."""

    # --- whose turn it is ---

    def digests_are_due(self) -> bool:
        """Tell whether there is something to make or to send, and it is time to. Looking costs no write."""
        self._store.jobs.ensure([JOB], self._clock())
        now, state = self._clock(), self._store.jobs.states()[JOB]
        if state.next_run_at > now or (state.locked_until is not None and state.locked_until >= now):
            return False
        times = (self._store.subscriptions.next_due(), self._store.editions.next_try())
        is_late = any(moment is not None and moment <= now for moment in times)
        return is_late or bool(self._store.editions.latest(1, ["sending"]))

    def claim_digests(self) -> Claim:
        """Take the job, due or not.

        Raises:
            BusyError: another process is at it.
        """
        self._store.jobs.ensure([JOB], self._clock())
        return self._store.jobs.claim(JOB, self._clock())

    def release_digests(self, claim: Claim, next_run: datetime, **values: object) -> None:
        """Give the job back, due then; ``values`` are kept of how it went (``digest_progress``)."""
        try:
            if values:
                with self._store.writer(self._clock()) as writer:
                    writer.advance(claim, JOB, **values)
        except BusyError:
            return  # whoever has it by now will say how it went
        self._store.jobs.release(claim, next_run)

    def digest_progress(self) -> Progress:
        """Return how making and sending went the last time."""
        return self._store.progress(JOB)

    def digests_rest_until(self) -> datetime | None:
        """Return until when sending pauses, if it does."""
        self._store.jobs.ensure([JOB], self._clock())
        until = self._store.jobs.states()[JOB].next_run_at
        return until if until > self._clock() else None

    @contextmanager
    def job(self, name: str, every: timedelta) -> Iterator[bool]:
        """Yield whether a job is due that comes again after some time, and do it alone.

        Raises:
            BusyError: another process is at it.
        """
        self._store.jobs.ensure([name], self._clock())
        if self._store.jobs.states()[name].next_run_at > self._clock():
            yield False
            return
        claim = self._store.jobs.claim(name, self._clock())
        try:
            yield True
        finally:
            self._store.jobs.release(claim, self._clock() + every)

    # --- making ---

    def due_subscriptions(self, limit: int, after: int = 0) -> list[Subscription]:
        """Return subscriptions with an edition due, by number, from the one behind ``after`` on."""
        return self._store.subscriptions.due(self._clock(), limit, after)

    def last_days(self, subscriptions: Sequence[Subscription]) -> dict[int, date]:
        """Return the day of the last edition of each subscription that has had one, by its number."""
        return self._store.subscriptions.last_days(each.id for each in subscriptions)

    def may_be_told(self, subscription: Subscription, known: Known) -> bool:
        """Tell whether whose subscription it is may still come in; a stranger's is nobody's."""
        if subscription.account_id is None:
            return True
        account = known.members.accounts.get(subscription.account_id)
        return account is not None and not account.disabled

    def told(self, addresses: Collection[str]) -> dict[str, set[int]]:
        """Return the papers that each address was told of, by number."""
        return self._store.editions.told(addresses)

    def supersede(self, claim: Claim) -> int:
        """Give up what waits of subscriptions whose next edition is due: that one tells it. Return how many."""
        return self._store.editions.supersede(claim, self._clock())

    def make_editions(self, claim: Claim, drafts: Sequence[Draft]) -> list[bool]:
        """Write editions, see ``Editions.make``."""
        return self._store.editions.make(claim, drafts, self._clock())

    def put_off_subscription(self, subscription: Subscription, due: datetime) -> None:
        """Say when the next edition is due, and make none now."""
        self._store.subscriptions.put_off(subscription.id, due)

    def stop_subscription(self, subscription: Subscription, why: str) -> None:
        """Stop a subscription that cannot go on."""
        self._store.subscriptions.stop(subscription.id, why)

    # --- sending ---

    def abandon_editions(self, claim: Claim) -> int:
        """Declare unknown what a process that is gone was sending; return how many."""
        return self._store.editions.abandon(claim, self._clock())

    def withdraw_editions(self, claim: Claim) -> int:
        """Give up what waits for readers who left meanwhile; return how many."""
        return self._store.editions.withdraw(claim, self._clock())

    def waiting_editions(self, limit: int) -> list[Waiting]:
        """Return editions that may leave now, the one due longest first."""
        return self._store.editions.waiting(self._clock(), limit)

    def edition(self, number: int) -> tuple[Edition, Digest]:
        """Return an edition and what it tells, its papers as they are now.

        Raises:
            NotFoundError: there is none of that number.
        """
        found, kept = self._store.editions.get(number)
        subscription = self._store.subscriptions.get(found.subscription_id)
        papers = self.papers_of([story.paper for story in kept.stories])
        stories: dict[int, Story] = {}
        for story in kept.stories:
            paper = papers.get(story.paper)
            if paper is not None and paper.id not in stories:  # two of them may have been merged since
                stories[paper.id] = Story(paper, story.reason, story.gist, story.is_outside, story.changes)
        return found, as_digest(kept, subscription, found.name, list(stories.values()))

    def secret_of_hook(self, subscription: Subscription) -> str:
        """Return what the calls of a hook are signed with."""
        return self._store.subscriptions.secret(subscription.id) or ""

    def take_edition(self, claim: Claim, number: int) -> bool:
        """Mark an edition as being sent, see ``Editions.take``."""
        return self._store.editions.take(claim, number, self._clock())

    def finish_edition(self, claim: Claim, number: int, state: str, answer: str) -> None:
        """Say that an edition was sent, or that nobody knows."""
        self._store.editions.finish(claim, number, state, answer, self._clock())

    def put_off_edition(self, claim: Claim, number: int, wait: timedelta, answer: str) -> None:
        """Let an edition wait: it was certainly not taken."""
        self._store.editions.put_off(claim, number, self._clock() + wait, answer)

    def give_up_edition(self, claim: Claim, number: int, answer: str) -> None:
        """Note that an edition failed for good; what it told is news again."""
        self._store.editions.give_up(claim, number, answer, self._clock())

    # --- looking ---

    def editions(
        self, reader: Reader | None, *, limit: int = 100, states: Sequence[str] = STATES
    ) -> list[tuple[Subscription, Edition]]:
        """Return the editions of everybody in one of these states, the latest first, each with its subscription.

        Raises:
            SignInError, ForbiddenError: the reader is no administrator.
        """
        require(reader, "admin")
        return self.all_editions(limit=limit, states=states)

    def last_editions(self, reader: Reader | None) -> list[tuple[Subscription, Edition | None]]:
        """Return every subscription with its last edition, which has the server's answer; raises as ``editions``."""
        require(reader, "admin")
        return self.every_last_edition()

    def own_editions(self, subscription: Subscription, *, limit: int = 30) -> list[Edition]:
        """Return the editions of a subscription that was found, the latest first."""
        return self._store.editions.latest(limit, subscription_id=subscription.id)

    def all_editions(self, *, limit: int = 100, states: Sequence[str] = STATES) -> list[tuple[Subscription, Edition]]:
        """Return the same for the command line, whose user has the whole archive in his hands anyway."""
        known = {each.id: each for each in self._store.subscriptions.all()}
        found = self._store.editions.latest(limit, states)
        return [(known[each.subscription_id], each) for each in found if each.subscription_id in known]

    def every_last_edition(self) -> list[tuple[Subscription, Edition | None]]:
        """Return the same for the command line."""
        last = self._store.editions.last_of_each()
        return [(each, last.get(each.id)) for each in self._store.subscriptions.all()]

    def unsettled_editions(self) -> list[tuple[Subscription, Edition]]:
        """Return the editions that are on their way, failed for good, or of which nobody knows."""
        return self.all_editions(states=_UNSETTLED)
