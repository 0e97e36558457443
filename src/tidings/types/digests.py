"""What is told to whom, and when: subscriptions, and the editions that they get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tidings.types.papers import FieldChange, Paper

CHANNELS = ("mail", "webhook")
KINDS = ("trending", "search", "interest", "feed", "shelf", "topic")
CADENCES = ("daily", "weekly")
WHEN_EMPTY = ("skip", "say")


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, when and how much: what a reader may change of a subscription.

    ``hour`` is by the clocks of ``zone``; ``weekday``, Monday 0, is for a weekly one alone. ``most`` papers are told
    at a time, or fewer where ``minutes`` of reading are all there is.
    """

    cadence: str = "daily"
    hour: int = 7
    zone: str = "UTC"
    weekday: int | None = None
    most: int = 10
    minutes: int | None = None
    when_empty: str = "skip"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told what, where and when.

    ``address`` is of mail, in lower case, or of a webhook. ``subject`` is what is followed: a query in the search
    language, the number of an interest, a shelf or a topic, "" for what trends or for all of one's interests. ``hour``
    is in ``zone``; ``weekday``, Monday 0, is of a weekly one. ``minutes`` is a reading budget, where there is one.
    ``state`` is waiting (for its address to be confirmed), active, paused, left, or stopped (``note`` says why).
    What came until ``covered`` was told of; ``due`` is when the next edition is.
    """

    id: int
    account_id: int | None
    channel: str
    address: str
    kind: str
    subject: str
    name: str
    cadence: str
    weekday: int | None
    hour: int
    zone: str
    most: int
    minutes: int | None
    when_empty: str
    state: str
    note: str | None
    resumes: datetime | None
    covered: datetime
    due: datetime | None
    created: datetime
    confirmed: datetime | None
    newest: int | None = None  # the newest paper held when it was last told something, and the newest record
    newest_record: int | None = None

    @property
    def pace(self) -> Pace:
        """How often, when and how much."""
        return Pace(self.cadence, self.hour, self.zone, self.weekday, self.most, self.minutes, self.when_empty)


@dataclass(frozen=True, slots=True)
class Edition:
    """One digest for one reader and day: its line in the outbox. ``answer`` is the server's.

    ``state`` is waiting, sending, sent, empty (nothing to tell, as its reader chose), failed (for good), or unknown
    (what sent it was killed after the server may have taken it: never repeated, for an administrator to see).
    """

    id: int
    subscription_id: int
    name: str
    state: str
    due: datetime
    made: datetime
    tried: int
    next_try: datetime | None
    sent: datetime | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back for an address: ``kind`` is hard (it is gone), soft (it is full …) or complaint."""

    id: int
    address: str
    kind: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address that gets no mail, whoever subscribes it, and why."""

    address: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """A paper in an edition. ``reason`` is one line; ``gist`` the sentences of the abstract that stand for it.

    ``is_outside`` marks the one that explores, outside what the reader usually likes. ``changes`` are of a new
    version of a paper that the reader liked.
    """

    paper: Paper
    reason: str
    gist: str
    is_outside: bool = False
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """What an edition tells, and its account of itself.

    ``covers`` are the days of announcement that it looked at, ``considered`` how many papers, ``merged`` how many were
    papers that the reader had been told of under another name; ``left_over`` passed but had no place. ``note`` says
    why there is nothing, or what was missed and is caught up on here. ``until`` is what is covered afterwards.
    """

    subscription: Subscription
    name: str
    stories: tuple[Story, ...]
    covers: tuple[date, ...]
    considered: int
    merged: int
    left_over: int
    note: str | None
    until: datetime
