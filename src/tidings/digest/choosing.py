"""What an edition tells: of what came since, what its reader was not told of yet, no two the same, as much as fits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np

from tidings import moments
from tidings.digest.due import Due
from tidings.digest.gist import gists
from tidings.digest.wording import printed
from tidings.embed import load_default
from tidings.types import Digest, Paper, Story, Subscription

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tidings.catalog import Catalog
    from tidings.catalog.fresh_feeds import Fresh, Known, NewVersion

    Vectors = NDArray[np.float32]

SAME = 0.97
"""Papers whose vectors have this cosine or more tell the same."""
EXPLORES_FROM = 4
"""An edition of so many places or more gives the last one to something outside what its reader usually gets."""

_DEPTH = 4  # times the places: so many candidates are compared with each other
_REMEMBERED = 300  # papers told last that a candidate is compared with
_VERSIONS = 4  # one place in so many may be a new version of a paper that the reader likes
_DAYS_NAMED = 5
_OUTSIDE = "It trends, and is not what you usually get"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Papers by number, best first; how many were told before under another name, and how many had no place."""

    ids: tuple[int, ...]
    merged: int
    left_over: int


def choose(
    ids: Sequence[int],
    told: Collection[int],
    vectors: Callable[[Sequence[int]], Vectors],
    places: int,
) -> Chosen:
    """Return the first papers that are news to a reader, and no two that tell the same.

    ``ids`` are those that pass, best first; ``told`` what the reader was told of. ``vectors`` returns those of papers,
    shape (n, d), normalised, zero where unknown: such a paper is like no other.
    """
    news = [number for number in ids if number not in told]
    pool = news[: _DEPTH * places]
    before = sorted(told)[-_REMEMBERED:]
    rows = vectors([*before, *pool])
    kept, likened, merged = list[int](), list(range(len(before))), 0
    looked_at = len(pool)
    for place, number in enumerate(pool, start=len(before)):
        if len(kept) == places:
            looked_at = place - len(before)
            break
        alike = rows[likened] @ rows[place] >= SAME if likened else np.zeros(0, bool)
        if not alike.any():
            likened.append(place)
            kept.append(number)
        elif alike[: len(before)].any():
            merged += 1
    return Chosen(tuple(kept), merged, len(news) - looked_at)


def within(stories: Sequence[Story], minutes: int | None, words: int) -> list[Story]:
    """Return the first stories that can be read in so many minutes at so many words a minute; at least one."""
    if minutes is None:
        return list(stories)
    left, kept = minutes * words, list[Story]()
    for story in stories:
        left -= words_of(story)
        if kept and left < 0:
            break
        kept.append(story)
    return kept


def words_of(story: Story) -> int:
    """Return how many words a reader reads of a story."""
    return sum(len(text.split()) for text in (story.paper.title, story.reason, story.gist)) + 8  # and its second line


# --- an edition ---


class Editor:
    """Makes the digests of one run; what is said of a paper is worked out once, however many are told of it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._gists: dict[int, str] = {}
        self._papers: dict[int, Paper] = {}

    def digest(
        self, subscription: Subscription, due: Due, told: Collection[int], known: Known, now: datetime
    ) -> Digest:
        """Return what an edition tells its reader, of whom that is known and who was told of some papers before.

        Raises:
            NotFoundError, QueryError: what the subscription follows is gone, or cannot be read any more.
        """
        catalog = self._catalog
        fresh = catalog.fresh(subscription, now, known)
        versions = known.versions.get(subscription.id, ())[: max(1, subscription.most // _VERSIONS)]
        chosen, outside = self._chosen(subscription, fresh, versions, told)
        stories = self._stories(subscription, fresh, (chosen.ids, versions, outside), now)
        kept = within(stories, subscription.minutes, catalog.settings.digest.words)
        dropped = sum(not (story.is_outside or story.changes) for story in stories[len(kept) :])
        merged = chosen.merged + known.joined.get(subscription.id, 0)
        left_over = chosen.left_over + dropped if fresh.passing else 0
        digest = Digest(
            subscription,
            due.name or "",
            tuple(kept),
            fresh.covers,
            fresh.considered,
            merged,
            left_over,
            None,
            now,
        )
        return replace(digest, note=note(digest, due, fresh))

    def _chosen(
        self, subscription: Subscription, fresh: Fresh, versions: Sequence[NewVersion], told: Collection[int]
    ) -> tuple[Chosen, tuple[int, ...]]:
        """Return what passed and is news, and what explores: it takes the last place where there are enough."""
        vectors, ids = self._catalog.vectors_of, fresh.ids.tolist()
        changed = {version.paper_id for version in versions}
        explores = subscription.most >= EXPLORES_FROM and len(fresh.outside) > 0
        places = max(1, subscription.most - len(versions) - explores)
        chosen = choose([number for number in ids if number not in changed], told, vectors, places)
        if not (explores and chosen.ids):
            return chosen, ()
        return chosen, choose(fresh.outside.tolist(), {*told, *changed, *ids}, vectors, 1).ids

    def _stories(
        self,
        subscription: Subscription,
        fresh: Fresh,
        which: tuple[Sequence[int], Sequence[NewVersion], Sequence[int]],
        now: datetime,
    ) -> list[Story]:
        """Return the chosen papers as stories: what passed, new versions, then what explores."""
        chosen, versions, outside = which
        wanted = [*chosen, *(version.paper_id for version in versions), *outside]
        self._papers.update(self._catalog.papers_of([number for number in wanted if number not in self._papers]))
        papers = self._papers
        self._learn_gists([papers[number] for number in wanted if number in papers], subscription, now)
        reasons = fresh.reasons([papers[number] for number in chosen if number in papers])
        stories = [self._story(papers, number, reasons.get(number, "")) for number in chosen if number in papers]
        for version in versions:
            if version.paper_id in papers:
                story = self._story(papers, version.paper_id, f"Version {version.version} of a paper that you like")
                stories.append(replace(story, changes=version.changes))
        beside = [self._story(papers, number, _OUTSIDE) for number in outside if number in papers]
        return [*stories, *(replace(story, is_outside=True) for story in beside)]

    def _story(self, papers: Mapping[int, Paper], number: int, reason: str) -> Story:
        paper = papers[number]
        return Story(paper, reason, self._gists[paper.id])

    def _learn_gists(self, papers: Sequence[Paper], subscription: Subscription, now: datetime) -> None:
        lacking = [paper for paper in papers if paper.id not in self._gists]
        if lacking:
            vectors = self._catalog.vectors_of([paper.id for paper in lacking])
            average = self._catalog.average_of(subscription, now)
            made = gists(lacking, vectors, average, load_default().encode)
            self._gists.update((paper.id, gist) for paper, gist in zip(lacking, made, strict=True))


# --- its account of itself ---


def note(digest: Digest, due: Due, fresh: Fresh) -> str | None:
    """Return what has to be said: what was missed and is caught up on, what is not here yet, why there is nothing."""
    since = moments.in_words(digest.subscription.covered.date())
    said = []
    if due.was_away:
        said.append(f"While you were away: the best of what came since {since}.")
    elif due.missed:
        editions = "an edition" if due.missed == 1 else f"{due.missed} editions"
        said.append(f"{editions.capitalize()} before this one could not be made; it catches up on all since {since}.")
    if fresh.missing and digest.considered:
        said.append(f"Not here yet: the announcements of {_days(fresh.missing)}.")
    if not digest.stories:
        said.append(_why_nothing(digest, fresh))
    return " ".join(said) or None


def _why_nothing(digest: Digest, fresh: Fresh) -> str:
    if digest.considered == 0 and not fresh.expected:
        return "Nothing was announced since the last edition: arXiv announces nothing at weekends and on holidays."
    if digest.considered == 0 and fresh.missing:
        return f"Nothing came: the announcements of {_days(fresh.missing)} have not reached this archive yet."
    if digest.considered == 0:
        return "Nothing came since the last edition."
    if len(fresh.ids) == 0:
        return f"Nothing of “{printed(digest.subscription.name)}” was among what came."
    return "You were told of everything in it before."


def _days(days: Sequence[date]) -> str:
    """Return days in words; many by how many there are, and the first and the last."""
    named = [moments.in_words(day) for day in days]
    if len(named) > _DAYS_NAMED:
        return f"{len(named)} days from {named[0]} to {named[-1]}"
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
