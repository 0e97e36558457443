"""Subscribing to digests: by members, by strangers who confirm their address, by administrators for others.

A subscription that was found, by its owner or by a link that is signed for it, is given to what changes it: whoever
holds one may change it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from tidings.catalog.signing import Signing
from tidings.catalog.topics import Topics
from tidings.catalog.words import email_of, one_line
from tidings.credentials import digest, new_secret
from tidings.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from tidings.people import Account, Reader, Role, Shelf, require
from tidings.rank.query import SOURCES, parse
from tidings.timetable import Timetable
from tidings.types import Pace, Subscription
from tidings.types.digests import CADENCES, CHANNELS, KINDS, WHEN_EMPTY

LONGEST_QUERY = 500
MOST_PAPERS = 100
MOST_MINUTES = 600
MOST_SUBSCRIPTIONS = 50
"""Of one account."""

_LONGEST_NAME = 80
_LONGEST_HOOK = 500
_CATEGORY = re.compile(r"[A-Za-z-]{1,30}(\.[A-Za-z-]{1,30})?", re.ASCII)
_OF_MEMBERS = ("interest", "feed")
_DAY = timedelta(days=1)
# How often an address may be subscribed by strangers, and how often a network may subscribe any, in what time.
_ASKED = (5, 50, timedelta(hours=1))
# An address that did not confirm gets one mail in this time, whoever asks for it.
_CONFIRMATIONS = (1, _DAY)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be told, and where; ``name`` is what it is called."""

    channel: str
    address: str
    kind: str
    subject: str
    name: str


class Subscribing(Topics, Signing):
    """Who is told what, where and when."""

    # --- by members ---

    def subscribe(
        self,
        reader: Reader | None,
        kind: str,
        subject: str,
        pace: Pace,
        *,
        address: str | None = None,
        channel: str = "mail",
    ) -> Subscription:
        """Subscribe oneself at one's own address, which needs no confirming; or anybody, as an administrator.

        ``kind`` and ``subject`` say what is followed: ``trending`` with a category or "", ``search`` with a query,
        ``interest`` with the number of one of one's own, ``feed`` with "", ``shelf`` with the number of one that one
        sees. Whoever is told it at this address already has it at another pace afterwards. ``channel`` webhook takes
        the ``address`` of a hook, anybody's.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not; or the address is another's: that
                has to be asked for (``ask_subscription``).
            InputError, QueryError: there is no such kind, subject, channel or pace, or that is no address.
            NotFoundError: there is no such interest or shelf, or it is not shown to the reader.
            ConflictError: mail to the address came back, or one has too many subscriptions.
        """
        account = require(reader, "digests")
        where = _address(channel, address or account.email or "")
        is_admin = account.role >= Role.ADMIN
        if channel == "mail" and where != account.email and not is_admin:
            raise ForbiddenError("that is not the address of your account; whoever reads it has to confirm it")
        self._has_room(account)
        wanted = _Wanted(channel, where, kind, *self._subject(kind, subject, reader))
        return self._active(self._owner(account, wanted), wanted, pace)

    def subscriptions(self, reader: Reader | None) -> list[Subscription]:
        """Return one's own subscriptions, the oldest first, those one left included.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
        """
        return self._store.subscriptions.of(require(reader, "digests").id)

    def own_subscription(self, reader: Reader | None, number: int) -> Subscription:
        """Return one of one's own, or anybody's to an administrator.

        Raises:
            SignInError, ForbiddenError: as ``subscriptions``.
            NotFoundError: there is none of that number, or it is another's.
        """
        account = require(reader, "digests")
        found = self._store.subscriptions.get(number)
        if found.account_id != account.id and account.role < Role.ADMIN:
            raise NotFoundError(f"no subscription has the number {number}")  # that it exists is private too
        return found

    def hook_secret(self, reader: Reader | None, number: int) -> str:
        """Return what the calls of a hook of one's own are signed with; raises as ``own_subscription``.

        Raises:
            InputError: it is told by mail.
        """
        secret = self._store.subscriptions.secret(self.own_subscription(reader, number).id)
        if secret is None:
            raise InputError("this subscription is told by mail, which is signed by your mail server")
        return secret

    # --- by strangers, and at addresses that are not one's own ---

    def ask_subscription(
        self, address: str, kind: str, subject: str, pace: Pace, *, network: str
    ) -> Subscription | None:
        """Note that somebody wants an address to be told something: it waits until whoever reads it confirms.

        Return the subscription whose confirmation is to be mailed now, or None where no mail is to go: the address has
        it already, gets no mail from here, or was asked within a day. Whoever asks must be told the same in each case,
        before the mail is sent. ``kind`` is trending, search, or shelf with the key of one shown by a link.
        ``network`` is the address that the request comes from.

        Raises:
            InputError, QueryError, NotFoundError: as ``subscribe``.
            TooManyError: too many were asked for, for this address or from this network.
        """
        where = email_of(address)
        wanted = _Wanted("mail", where, kind, *self._subject(kind, subject, None))
        _timetable(pace)
        self._limit("subscribe", where, network, _ASKED)
        standing = self._standing(wanted)
        has_it = standing is not None and standing.state != "waiting"
        if has_it or self._store.subscriptions.is_suppressed(where) or not self._may_ask(where):
            return None
        if standing is not None:
            return self._store.subscriptions.change(standing.id, pace, None)
        return self._add(None, wanted, pace, state="waiting")

    def _last_day(self, subscription: Subscription) -> date | None:
        return self._store.subscriptions.last_days([subscription.id]).get(subscription.id)

    def _may_ask(self, address: str) -> bool:
        most, within = _CONFIRMATIONS
        limits = {f"confirm {digest(address)}": most}
        return self._store.proofs.attempt(limits, within, self._clock()) is None

    # --- by whoever holds one ---

    def link_subscription(self, number: int) -> Subscription:
        """Return the subscription that a link is signed for; the caller has checked the signature.

        Raises:
            NotFoundError: it is gone with its account.
        """
        return self._store.subscriptions.get(number)

    def subscriber(self, subscription: Subscription, scopes: Collection[str]) -> Reader | None:
        """Return whom a subscription is told to, who may do no more here than what the scopes are for.

        None where it is nobody's account, or one that is disabled.
        """
        if subscription.account_id is None:
            return None
        account = self._store.accounts.get(subscription.account_id)
        return None if account.disabled else Reader(account, frozenset(scopes), is_program=True)

    def confirm_subscription(self, subscription: Subscription) -> Subscription:
        """Begin one that waits, since whoever reads its address wants it; one that began already stays as it is.

        Raises:
            NotFoundError: it is gone.
            ConflictError: it ended since, or its address gets no mail.
        """
        now = self._clock()
        table = _timetable(subscription.pace)
        covered, due = table.latest(now).at, table.following(now).at
        return self._store.subscriptions.confirm(subscription.id, now=now, covered=covered, due=due)

    def change_subscription(self, subscription: Subscription, pace: Pace) -> Subscription:
        """Change how often, when and how much. A day that had its edition gets no second one.

        Raises:
            NotFoundError: it is gone.
            InputError: there is no such pace.
        """
        table = _timetable(pace)
        after = max(filter(None, (self._clock(), subscription.resumes)))
        last = self._last_day(subscription)
        runs = subscription.state == "active" or (subscription.state == "paused" and subscription.resumes is not None)
        due = table.following(after, last).at if runs else None
        return self._store.subscriptions.change(subscription.id, pace, due)

    def pause_subscription(self, subscription: Subscription, until: datetime | None = None) -> Subscription:
        """Tell nothing until a moment, or until it is taken up again; what came meanwhile is then told in short.

        Raises:
            NotFoundError: it is gone.
            ConflictError: it does not run.
            InputError: the moment is over.
        """
        if until is not None and until <= self._clock():
            raise InputError("a pause ends in the future")
        due = _timetable(subscription.pace).following(until - timedelta(seconds=1)).at if until else None
        return self._store.subscriptions.pause(subscription.id, until, due)

    def resume_subscription(self, subscription: Subscription) -> Subscription:
        """Take one up again that pauses; raises as ``pause_subscription``."""
        last = self._last_day(subscription)
        due = _timetable(subscription.pace).following(self._clock(), last).at
        return self._store.subscriptions.resume(subscription.id, due)

    def leave(self, number: int) -> None:
        """End a subscription: by its owner, or by a link that is signed for it, from however old a mail.

        Leaving twice is leaving once, and so is leaving what is gone.
        """
        self._store.subscriptions.leave(number)

    # --- from the command line, whose user has the whole archive in his hands anyway ---

    def all_subscriptions(self) -> list[Subscription]:
        """Return all subscriptions, the oldest first."""
        return self._store.subscriptions.all()

    def add_subscription(
        self, address: str, kind: str, subject: str, pace: Pace, *, channel: str = "mail"
    ) -> Subscription:
        """Subscribe an address without asking whoever reads it; raises as ``subscribe``.

        Raises:
            NotFoundError: it is to be told what only a member has, and has no account.
        """
        where = _address(channel, address)
        account = self._store.accounts.by_email(where) if channel == "mail" else None
        if account is None and kind in _OF_MEMBERS:
            raise NotFoundError(f"{where} has no account, and so no {kind}")
        wanted = _Wanted(channel, where, kind, *self._subject(kind, subject, Reader(account) if account else None))
        return self._active(account, wanted, pace)

    # --- making ---

    def _has_room(self, account: Account) -> None:
        standing = [each for each in self._store.subscriptions.of(account.id) if each.state not in ("left", "stopped")]
        if len(standing) >= MOST_SUBSCRIPTIONS:
            raise ConflictError(f"you have {MOST_SUBSCRIPTIONS} subscriptions; leave one first")

    def _owner(self, account: Account, wanted: _Wanted) -> Account | None:
        """Return whose a subscription is: of mail, that of the account with the address."""
        if wanted.channel == "webhook" or wanted.address == account.email:
            return account
        return self._store.accounts.by_email(wanted.address)

    def _standing(self, wanted: _Wanted) -> Subscription | None:
        return self._store.subscriptions.standing(wanted.channel, wanted.address, wanted.kind, wanted.subject)

    def _active(self, account: Account | None, wanted: _Wanted, pace: Pace) -> Subscription:
        """Return a subscription that runs: a new one, or the one that tells the same at another pace."""
        if wanted.channel == "mail" and self._store.subscriptions.is_suppressed(wanted.address):
            raise ConflictError(f"{wanted.address} gets no mail from here: mail came back from it")
        due, standing = _timetable(pace).following(self._clock()).at, self._standing(wanted)
        if standing is None:
            return self._add(account, wanted, pace, state="active", due=due)
        if standing.state == "waiting":
            standing = self.confirm_subscription(standing)
        return self.change_subscription(standing, pace)

    def _add(
        self, account: Account | None, wanted: _Wanted, pace: Pace, *, state: str, due: datetime | None = None
    ) -> Subscription:
        now = self._clock()
        values = {
            **asdict(wanted),
            "secret": new_secret() if wanted.channel == "webhook" else None,
            "state": state,
            "covered": _timetable(pace).latest(now).at,
            "due": due,
            "created": now,
            "confirmed": now if state == "active" else None,
        }
        return self._store.subscriptions.add(account.id if account else None, pace, **values)

    # --- what is followed ---

    def _subject(self, kind: str, subject: str, reader: Reader | None) -> tuple[str, str]:
        """Return what is followed as it is kept, and what it is called."""
        if kind not in KINDS:
            raise InputError(f"{kind[:20]!r} cannot be subscribed to; there are {', '.join(KINDS)}")
        if kind == "trending":
            return _category(subject)
        if kind == "search":
            return self._query(subject)
        if kind == "topic":
            topic = self._find_topic(subject)
            return str(topic.id), one_line(topic.name, _LONGEST_NAME)
        if kind == "shelf":
            shelf = self._shelf_to_follow(subject, reader)
            return str(shelf.id), one_line(shelf.name, _LONGEST_NAME)
        if reader is None:
            raise InputError(f"a {kind} is a member's: sign in")
        if kind == "feed":
            return "", "Your feed"
        name = self._store.subscriptions.interest_name(reader.account.id, _number(subject))
        if name is None:
            raise NotFoundError(f"you have no interest {subject[:20]}")
        return str(_number(subject)), one_line(name, _LONGEST_NAME)

    def _query(self, text: str) -> tuple[str, str]:
        query = one_line(text, LONGEST_QUERY + 1)
        if len(query) > LONGEST_QUERY:
            raise InputError(f"a query to subscribe to has at most {LONGEST_QUERY} characters")
        if parse(query, sources=SOURCES | self._index.sources()).is_empty:
            raise InputError("an empty query finds nothing, so there is nothing to be told of")
        return query, one_line(query, _LONGEST_NAME)

    def _shelf_to_follow(self, subject: str, reader: Reader | None) -> Shelf:
        if reader is None or not subject.isascii() or not subject.isdigit():
            return self.shelf_by_key(subject)
        found = self._store.shelves.get(int(subject))
        if found.account_id != reader.account.id and found.visibility == "private":
            raise NotFoundError(f"no shelf has the number {subject}")
        return found


def _address(channel: str, text: str) -> str:
    if channel not in CHANNELS:
        raise InputError(f"a digest is told by {' or '.join(CHANNELS)}, not by {channel[:20]!r}")
    return email_of(text) if channel == "mail" else _hook(text.strip())


def _hook(text: str) -> str:
    parts = urlsplit(text) if text.isprintable() and len(text) <= _LONGEST_HOOK else None
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname or parts.username or " " in text:
        raise InputError("that is no address of a webhook, as https://chat.lab.example/hooks/abc")
    return text


def _category(text: str) -> tuple[str, str]:
    category = text.strip()
    if not category:
        return "", "Trending"
    if not _CATEGORY.fullmatch(category):
        raise InputError(f"{category[:40]!r} is not a category; they are written as cs.CL")
    return category, f"Trending in {category}"


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise InputError(f"{text[:20]!r} is not a number")
    return int(text)


def _timetable(pace: Pace) -> Timetable:
    """Return when editions of a pace are due.

    Raises:
        InputError: there is no such pace.
    """
    if pace.cadence not in CADENCES:
        raise InputError(f"a digest comes {' or '.join(CADENCES)}, not {pace.cadence[:20]!r}")
    if pace.when_empty not in WHEN_EMPTY:
        raise InputError(f"what is empty is {' or '.join(WHEN_EMPTY)}, not {pace.when_empty[:20]!r}")
    if not 1 <= pace.most <= MOST_PAPERS:
        raise InputError(f"a digest has 1 to {MOST_PAPERS} papers, not {pace.most}")
    if pace.minutes is not None and not 1 <= pace.minutes <= MOST_MINUTES:
        raise InputError(f"a reading budget is 1 to {MOST_MINUTES} minutes, not {pace.minutes}")
    if (pace.cadence == "weekly") != (pace.weekday is not None):
        raise InputError("a weekly digest has a weekday, 0 (Monday) to 6; a daily one has none")
    return Timetable(pace.zone, pace.hour, pace.weekday)
