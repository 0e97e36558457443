"""Why a paper stands in a feed, as its entry says it: your own likes, its words, the sentence that decided."""

from __future__ import annotations

from dataclasses import dataclass

from tidings.catalog.odds import in_words
from tidings.plain import plain
from tidings.types import FeedHit, Paper
from tidings.web import addresses, reasons
from tidings.web.reasons import Reasons

_LIKES = 2
_WORDS = 4
_LIKERS = 3
_LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class Named:
    """A paper by its title, shortened, and its address."""

    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Because:
    """The reason in an entry. ``interest`` and its address are for feeds of several; ``parts`` add up to the score."""

    likes: tuple[Named, ...]
    words: tuple[str, ...]
    author: str | None
    likers: tuple[str, ...]
    more_likers: int
    interest: tuple[str, str] | None
    sentence: str | None
    alike: tuple[Named, ...]
    parts: Reasons | None
    is_read: bool
    chance: float | None  # of the draw by which a paper from outside is there
    odds: str | None  # how likely it would be liked

    @property
    def says_something(self) -> bool:
        """Whether there is a line to be shown."""
        return bool(self.likes or self.words or self.author or self.likers or self.interest)


def because(hit: FeedHit, *, of_several: bool) -> Because:
    """Return why a paper stands in a feed; one of several interests names the one that speaks for it."""
    reason = hit.reason
    return Because(
        likes=tuple(_named(each.paper) for each in reason.likes[:_LIKES]),
        words=tuple(each.word for each in reason.words[:_WORDS]),
        author=reason.author,
        likers=hit.likers[:_LIKERS],
        more_likers=max(0, len(hit.likers) - _LIKERS),
        interest=(hit.interest, addresses.of_feed(hit.interest_id)) if of_several and hit.interest_id else None,
        sentence=reason.sentence,
        alike=tuple(_named(paper) for paper in hit.alike),
        parts=_parts(hit),
        is_read=hit.opened,
        chance=hit.chance,
        odds=in_words(hit.likely) if hit.likely is not None else None,
    )


def _named(paper: Paper) -> Named:
    title = plain(paper.title)
    if len(title) > _LONGEST_TITLE:
        title = f"{title[:_LONGEST_TITLE].rsplit(' ', 1)[0]} …"
    return Named(title, addresses.of_paper(paper.key))


def _parts(hit: FeedHit) -> Reasons | None:
    """Return what the score is made of; None of a paper for which no interest speaks."""
    if not hit.interest:
        return None
    told = {
        "your likes": hit.reason.by_likes,
        "the interest's own words": hit.reason.by_text,
        "what you dismissed": hit.reason.by_dismissals,
    }
    rest = hit.score - sum(told.values())
    return reasons.of_feed(hit.score, {**told, "what is usual": rest})
