"""What a reader wants to know of, and what is shown for it and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from tidings.types.papers import Paper

LIKED, DISMISSED, TAKEN_BACK = 1, -1, 0
"""What a reader said of a paper; what was taken back is as if never said."""

RULES = ("mute-word", "mute-author", "follow-author")

# --- what a reader says ---


@dataclass(frozen=True, slots=True)
class Interest:
    """Words, perhaps a query, and examples. ``visibility`` is private or lab (every member sees it and its likes).

    ``query`` is in the search language: its filter decides what the feed may show, its words join the interest's own.
    ``changed`` is when its words or examples last did; no two states have the same. ``liked`` and ``dismissed`` count
    papers as they stand now.
    """

    id: int
    account_id: int
    owner: str
    name: str
    words: str
    query: str
    visibility: str
    created: datetime
    changed: datetime
    liked: int = 0
    dismissed: int = 0
    is_named: bool = True  # whether others see the owner's name

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that a feed could be made from: neither words nor a query nor a like."""
        return not (self.words or self.query or self.liked)


@dataclass(frozen=True, slots=True)
class Example:
    """What a reader said of a paper last: ``verdict`` is LIKED or DISMISSED, or TAKEN_BACK in a step that is undone."""

    paper_id: int
    verdict: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """A word or an author that is muted, or an author that is followed, in all of a reader's feeds."""

    kind: str  # one of RULES
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Showing:
    """When and at which place a reader's feeds first showed a paper, and when it was opened.

    ``chance`` is that of the draw by which it was there, None of a paper that was not drawn.
    """

    paper_id: int
    at: datetime
    place: int
    opened: datetime | None
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """Papers of a file, a library or an author: those that the archive holds, and the titles or ids of the others."""

    papers: tuple[Paper, ...]
    missing: tuple[str, ...] = ()


# --- what a feed answers ---


@dataclass(frozen=True, slots=True)
class Influence:
    """What one like gave to a score, in its points."""

    paper: Paper
    share: float


@dataclass(frozen=True, slots=True)
class Telling:
    """What one word gave to a score, in its points; the word as the paper writes it."""

    word: str
    share: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a paper stands where it does. The parts in points: all likes, the interest's own words, all dismissals.

    ``likes`` and ``words`` are the strongest, best first. ``sentence`` of the abstract mattered most. ``author`` is one
    whom the reader follows.
    """

    likes: tuple[Influence, ...] = ()
    words: tuple[Telling, ...] = ()
    sentence: str | None = None
    author: str | None = None
    by_likes: float = 0.0
    by_text: float = 0.0
    by_dismissals: float = 0.0


@dataclass(frozen=True, slots=True)
class FeedHit:
    """A paper in a feed. ``score`` is in standard deviations over the archive, ``height`` how rare such a score is.

    A height of 10 is one recent paper in a thousand. ``is_strong`` says that it is above the line of its interest, or
    by an author whom the reader follows; such a one may stand there without an interest (0 and ""). ``verdict`` is what
    the reader said of it. ``likers`` are other members who like it in an interest that the lab sees. ``alike`` are
    papers that say nearly the same: they are not listed apart. ``chance`` is how likely the one paper from outside the
    reader's interests was to be drawn, None of all others. ``likely`` is the share of papers shown here that stand like
    this one and are liked, None where there is not enough to say.
    """

    paper: Paper
    is_strong: bool
    reason: Reason
    score: float = 0.0
    height: float = 0.0
    interest_id: int = 0
    interest: str = ""
    verdict: int = TAKEN_BACK
    opened: bool = False
    votes: int = 0
    likers: tuple[str, ...] = ()
    alike: tuple[Paper, ...] = ()
    chance: float | None = None
    likely: float | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of a feed, and its account of itself.

    ``start`` to ``end`` are the days of announcement that it looked at, ``looked_at`` how many papers. Of those,
    ``filtered`` do not pass a query, ``muted`` have a muted word or author, ``dismissed`` were dismissed, ``seen`` were
    shown before; ``strong`` are above the line and ``below`` are not. ``total`` is what paging can reach. ``note`` says
    in words why there is nothing, or nothing strong, and what would help.
    """

    hits: tuple[FeedHit, ...]
    total: int
    start: date
    end: date
    looked_at: int = 0
    filtered: int = 0
    muted: int = 0
    dismissed: int = 0
    seen: int = 0
    strong: int = 0
    below: int = 0
    cursor: str | None = None
    note: str | None = None
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a paper is not in a feed, or that it is. ``causes`` are whole sentences, the deciding one first.

    ``rank`` counts from 1 among the papers that the feed looked at; ``short`` is by how much its height misses the
    line, 0 where it does not. ``shown`` is when a feed first showed it. ``is_listed`` says that the feed has
    it above the line. ``likely`` is as in ``FeedHit``.
    """

    paper: Paper
    interest: str
    causes: tuple[str, ...]
    is_listed: bool
    rank: int | None = None
    of: int = 0
    height: float | None = None
    line: float | None = None
    short: float = 0.0
    shown: datetime | None = None
    reason: Reason = field(default_factory=Reason)
    likely: float | None = None
