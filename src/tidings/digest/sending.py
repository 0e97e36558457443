"""Making the editions that are due, and sending what waits: one run of one process at a time."""

from __future__ import annotations

import logging
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING

from tidings import mail
from tidings.digest import hooks
from tidings.digest.compose import compose
from tidings.digest.delivery import LATER, NEVER, SENT, UNKNOWN, WITHDRAWN, Mailer, Outcome
from tidings.digest.links import Linker
from tidings.digest.makers import decided_of_all
from tidings.digest.making import TOGETHER, Ended, Found, NoneNow
from tidings.errors import BusyError, InputError, StoreError, TidingsError
from tidings.store.editions import Draft
from tidings.types import Digest, Edition, Subscription

if TYPE_CHECKING:
    from tidings.catalog import Catalog
    from tidings.store import Claim
    from tidings.store.editions import Waiting

_log = logging.getLogger(__name__)

_LOOKED_AT = 10_000  # editions that wait, at a time
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_UNTIL_SET = timedelta(minutes=5)  # until the settings are looked at again that lack something
_LONGEST_PUT_OFF = timedelta(hours=6)
_DOUBLINGS = 10
_DECIDED_ANEW = 3  # passes


@dataclass(slots=True)
class Report:
    """What a run did. ``rests`` says why sending pauses, where it does; ``error`` why it could not be done at all."""

    made: int = 0
    empty: int = 0
    stopped: int = 0
    sent: int = 0
    put_off: int = 0
    failed: int = 0
    unknown: int = 0
    rests: str | None = None
    error: str | None = None


@dataclass(slots=True)
class _Pace:
    """How fast mail leaves: so many a minute to one domain."""

    rate: int
    given: dict[str, deque[datetime]] = field(default_factory=dict)

    def free_at(self, address: str, now: datetime) -> datetime:
        """Return when the domain of an address may be given another mail."""
        times = self.given.get(_domain(address))
        return now if times is None or len(times) < self.rate else max(now, times[0] + _MINUTE)

    def give(self, address: str, now: datetime) -> None:
        self.given.setdefault(_domain(address), deque(maxlen=self.rate)).append(now)


def run_due(catalog: Catalog, *, sleep: Callable[[float], None] = time.sleep) -> Report | None:
    """Do what is due, if anything is and nobody else is at it; return what was done."""
    if not catalog.digests_are_due():
        return None
    try:
        return run(catalog, sleep=sleep)
    except BusyError:
        return None


def run(
    catalog: Catalog, *, sleep: Callable[[float], None] = time.sleep, trusted: ssl.SSLContext | None = None
) -> Report:
    """Make every edition that is due, and send what waits. ``trusted`` is as in ``mail.connected``.

    Raises:
        BusyError: another process is at it.
        StoreError: the store cannot be written; whoever was being sent to is unknown until the next run says so.
    """
    claim, report = catalog.claim_digests(), Report()
    rest = timedelta()
    try:
        rest = _Run(catalog, claim, report, sleep, trusted).everything()
        if report.error:
            rest = max(rest, _UNTIL_SET)
    except (BusyError, StoreError):
        raise
    except TidingsError as error:
        report.error, rest = str(error), _after(catalog, catalog.digest_progress().failures)
    except KeyboardInterrupt:
        catalog.release_digests(claim, catalog.now())
        raise
    _release(catalog, claim, report, rest)
    return report


def _release(catalog: Catalog, claim: Claim, report: Report, rest: timedelta) -> None:
    now, problem = catalog.now(), report.error or report.rests
    if problem:
        failures = catalog.digest_progress().failures + 1
        catalog.release_digests(claim, now + rest, failed=now, failures=failures, error=problem)
    else:
        catalog.release_digests(claim, now, succeeded=now, failures=0, error=None, read=report.sent, new=report.made)


def _after(catalog: Catalog, failures: int) -> timedelta:
    """Return for how long to leave alone what failed so many times before."""
    wait: timedelta = catalog.settings.digest.again * _MINUTE * 2 ** min(failures, _DOUBLINGS)
    return min(wait, _HOUR)


class _Run:
    """One run: what it needs, and what it did so far."""

    def __init__(
        self,
        catalog: Catalog,
        claim: Claim,
        report: Report,
        sleep: Callable[[float], None],
        trusted: ssl.SSLContext | None,
    ) -> None:
        self._catalog, self._claim, self._report, self._sleep = catalog, claim, report, sleep
        self._settings = catalog.settings.digest
        self._linker = Linker.of(catalog.settings)
        self._mailer = Mailer(catalog.settings.mail, trusted)
        self._hooks = frozenset(self._settings.hooks)
        self._caller = hooks.caller(self._hooks)
        self._lacks = _what_mail_lacks(catalog)
        self._refused = 0  # in a row

    def everything(self) -> timedelta:
        """Make and send; return for how long sending is to pause."""
        self._report.unknown += self._catalog.abandon_editions(self._claim)
        self._catalog.withdraw_editions(self._claim)
        self._catalog.supersede(self._claim)
        self._catalog.catch_up()
        self._make()
        with closing(self._mailer), self._caller:
            return self._send()

    # --- making ---

    def _make(self) -> None:
        """Make what is due; what was refused since it told what another edition told meanwhile is decided anew."""
        for _ in range(_DECIDED_ANEW):
            were_taken = [self._write(batch) for batch in decided_of_all(self._catalog, self._due())]
            if all(were_taken):
                return

    def _due(self) -> Iterator[list[Subscription]]:
        """Yield the subscriptions that are due and can be reached, by the hundred."""
        after = 0
        while batch := self._catalog.due_subscriptions(TOGETHER, after):
            after = batch[-1].id
            if reached := [each for each in batch if self._can_reach(each.channel)]:
                yield reached

    def _write(self, batch: Sequence[Found]) -> bool:
        """Write what was decided, editions in one transaction, each before it leaves; say whether all were taken."""
        catalog, drafts = self._catalog, [found for found in batch if isinstance(found, Draft)]
        for found in batch:
            if isinstance(found, NoneNow):
                catalog.put_off_subscription(found.subscription, found.due)
            elif isinstance(found, Ended):
                catalog.stop_subscription(found.subscription, found.why)
                self._report.stopped += 1
        made = catalog.make_editions(self._claim, drafts)
        for draft, is_made in zip(drafts, made, strict=True):
            self._report.made += is_made and draft.state == "waiting"
            self._report.empty += is_made and draft.state == "empty"
        return all(made)

    def _can_reach(self, channel: str) -> bool:
        """Tell whether anything can leave that way; where mail cannot, the report says what lacks."""
        if channel == "mail" and self._lacks:
            self._report.error = self._lacks
        return channel != "mail" or self._lacks is None

    # --- sending ---

    def _send(self) -> timedelta:
        """Send what waits, domain by domain at its rate, until nothing does or too much is refused."""
        pace = _Pace(self._settings.rate)
        while waiting := self._catalog.waiting_editions(_LOOKED_AT):
            later, now = list["Waiting"](), self._catalog.now()
            for each in waiting:
                if not self._can_reach(each.channel):
                    continue
                if pace.free_at(each.address, now := self._catalog.now()) > now:
                    later.append(each)
                    continue
                pace.give(each.address, now)
                self._send_one(each)
                if self._refused >= self._settings.errors:
                    return self._rest()
            if not any(self._can_reach(each.channel) for each in waiting):
                return timedelta()
            if later and len(later) == len(waiting):
                soonest = min(pace.free_at(each.address, now) for each in later)
                self._sleep(max(0.0, (soonest - now).total_seconds()))
        return timedelta()

    def _rest(self) -> timedelta:
        pause = self._settings.pause * _MINUTE
        until = self._catalog.now() + pause
        self._report.rests = f"{self._refused} editions in a row were refused; sending pauses until {until:%H:%M} UTC"
        _log.warning("%s", self._report.rests)
        return pause

    def _send_one(self, waiting: Waiting) -> None:
        edition, digest = self._catalog.edition(waiting.id)

        def mark() -> bool:
            return self._catalog.take_edition(self._claim, waiting.id)

        if waiting.channel == "webhook":
            outcome = self._call(digest, edition.id, mark)
        elif (message := self._composed(edition, digest)) is not None:
            outcome = self._mailer.deliver(message, mark)
        else:
            outcome = Outcome(LATER, "a fault of Tidings itself; the log of the server says which")
        self._settle(digest.subscription, waiting.id, edition.tried + 1, outcome)

    def _composed(self, edition: Edition, digest: Digest) -> EmailMessage | None:
        links = self._linker.edition(digest.subscription.id, edition.id, edition.made.date())
        try:
            return compose(digest, self._catalog.settings, links, edition.made)
        except Exception:  # noqa: BLE001 - it must be seen, and must not keep the others from theirs
            _log.error("unforeseen error in the mail of edition %s", edition.id, exc_info=True)
            return None

    def _call(self, digest: Digest, number: int, mark: Callable[[], bool]) -> Outcome:
        url = digest.subscription.address
        if not hooks.is_allowed(url, self._hooks):
            return Outcome(NEVER, "a hook is called by https, or has to be named in TIDINGS_DIGEST_HOOKS")
        body = hooks.body_of(digest, number, self._linker.site)
        signature = hooks.sign(self._catalog.secret_of_hook(digest.subscription), body, self._catalog.now())
        return hooks.call(self._caller, url, body, signature, mark)

    def _settle(self, subscription: Subscription, number: int, tried: int, outcome: Outcome) -> None:
        """Keep how a delivery ended."""
        catalog, report = self._catalog, self._report
        if outcome.state in (SENT, UNKNOWN):
            catalog.finish_edition(self._claim, number, outcome.state, outcome.answer)
            report.sent += outcome.state == SENT
            report.unknown += outcome.state == UNKNOWN
            self._refused = 0 if outcome.state == SENT else self._refused + 1
        elif outcome.state == WITHDRAWN:
            catalog.withdraw_editions(self._claim)
        elif outcome.state == LATER and tried < self._settings.tries:
            wait = min(self._settings.again * _MINUTE * 2 ** min(tried - 1, _DOUBLINGS), _LONGEST_PUT_OFF)
            catalog.put_off_edition(self._claim, number, wait, outcome.answer)
            report.put_off += 1
            self._refused += 1
        else:
            catalog.give_up_edition(self._claim, number, outcome.answer)
            report.failed += 1
            self._refused += 1
            self._learn(subscription, outcome)

    def _learn(self, subscription: Subscription, outcome: Outcome) -> None:
        """Draw the consequence of what failed for good."""
        if subscription.channel == "webhook":
            if outcome.is_gone:
                self._catalog.stop_subscription(subscription, f"the hook is gone: {outcome.answer}")
        elif outcome.is_gone:
            self._catalog.note_return(subscription.address, "hard", outcome.answer)


def _what_mail_lacks(catalog: Catalog) -> str | None:
    try:
        mail.check(catalog.settings)
    except InputError as error:
        return str(error)
    return None


def _domain(address: str) -> str:
    return address.rpartition("@")[2] if "@" in address else address
