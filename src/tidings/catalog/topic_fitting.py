"""From what the archive holds to topics as they are stored: arrays and rows in, a draft out, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidings.index.topics import TopicFiles
from tidings.rank.topics.births import RECENT_DAYS, Born, Burst
from tidings.rank.topics.fit import area_count, areas, certainty, fit, kept_numbers, leaf_count
from tidings.rank.topics.groups import means
from tidings.rank.topics.nightly import Night, night
from tidings.rank.topics.space import Space, points
from tidings.store.topics import Fit, Fitted
from tidings.types import AREA, LEAF, RefitReport, Topic

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

_SEED = 20_250_101
_DAY = 86_400.0


@dataclass(frozen=True)
class Seen:
    """The archive before a refit: n papers by id, and the topics that there ever were.

    ``topics`` and ``named`` (n,) are numbers as in the files, before merges are followed; ``lookup`` follows them.
    ``files`` is None where none can be used: never written, lost, or of another encoder.
    """

    ids: Numbers
    points: Floats
    days: Numbers
    topics: Numbers
    named: Numbers
    known: Mapping[int, Topic]
    lookup: Numbers
    centres: Mapping[int, bytes]
    next_number: int
    fit: Fit | None
    files: TopicFiles | None
    now: datetime
    space: Space | None = None

    def followed(self, topics: Numbers) -> Numbers:
        """Return numbers with merges followed; one that is new stands for itself."""
        inside = topics < len(self.lookup)
        return np.where(inside, np.append(self.lookup, 0)[np.where(inside, topics, -1)], topics)

    def is_curated(self, number: int) -> bool:
        """Tell whether a curator wants a topic as it is: pinned, named, or taken in by another."""
        topic = self.known.get(number)
        if topic is None:
            return False
        return topic.pinned or topic.renamed or topic.merged_into is not None

    def columns(self, draft: Draft, names: Mapping[int, Named]) -> dict[str, NDArray[Any]]:
        """Return the columns of the files: by row, a paper's id."""
        size = number_column(self.ids)
        topic, named = np.zeros(size, np.int32), np.zeros(size, np.int32)
        sure = np.zeros((size, 2), np.float32)
        topic[self.ids] = draft.topics
        followed = self.followed(draft.topics)
        named[self.ids] = np.where(np.isin(followed, list(names)), followed, self.named)
        place = np.full(int(max(draft.numbers.max(initial=0), draft.topics.max(initial=0))) + 1, -1, np.int64)
        place[draft.numbers] = np.arange(len(draft.numbers))
        if len(self.points) and len(draft.numbers):
            sure[self.ids] = certainty(self.points, draft.centres, place[draft.topics])
        elif self.files is not None:
            sure[self.ids] = self.files.column("sure", size)[self.ids]
        return {"topic": topic, "named": named, "sure": sure}


class Named(NamedTuple):
    """A name that was found, and the words that tell of the topic."""

    name: str
    words: tuple[str, ...]


class Draft(NamedTuple):
    """Topics as they are to be: ``topics`` (n,) by paper, 0 for none; ``numbers`` (k,) of leaves at ``centres`` (k, d).

    ``parents`` are the areas of leaves, ``areas`` those in use.
    """

    topics: Numbers
    numbers: Numbers
    centres: Floats
    parents: Mapping[int, int]
    areas: frozenset[int]
    saved: float
    full: bool
    born: Mapping[int, Born]
    split: tuple[int, ...] = ()
    retired: tuple[int, ...] = ()


def number_column(ids: Numbers) -> int:
    """Return how many rows a column needs that holds these papers."""
    return int(ids.max(initial=-1)) + 1


# --- drafts ---


def full_draft(seen: Seen, *, fresh: bool) -> Draft:
    """Return topics found anew: from the centres that were known, or ``fresh``, but for what curators want kept."""
    random = np.random.default_rng(_SEED)
    numbers, centres = _starts(seen, fresh)
    wanted = max(leaf_count(int(seen.points.any(axis=1).sum())), len(numbers))
    leaves = fit(seen.points, wanted, random, centres if len(numbers) else None)
    given, next_number = kept_numbers(seen.topics, leaves.group, len(leaves.centres), numbers, seen.next_number)
    sizes = np.bincount(leaves.group[leaves.group >= 0], minlength=len(given))
    found = areas(leaves.centres, sizes, area_count(len(given)))
    owners = _area_numbers(seen, np.where(leaves.group >= 0, np.append(found, -1)[leaves.group], -1), next_number)
    kept = [at for at, number in enumerate(given.tolist()) if sizes[at] or seen.is_curated(number)]
    parents = {int(given[at]): int(owners[found[at]]) for at in kept}
    return Draft(
        np.where(leaves.group >= 0, np.append(given, 0)[leaves.group], 0),
        given[kept],
        leaves.centres[kept],
        parents,
        frozenset(parents.values()),
        0.0,
        True,
        {},
        retired=tuple(number for number in _living_leaves(seen) if number not in parents),
    )


def _living_leaves(seen: Seen) -> list[int]:
    return [number for number, topic in seen.known.items() if topic.level == LEAF and topic.gone is None]


def _starts(seen: Seen, fresh: bool) -> tuple[Numbers, Floats]:
    """Return the numbers and centres of the leaves that a full fit begins with."""
    merged = [n for n, topic in seen.known.items() if topic.merged_into is not None]
    wanted = [n for n in sorted([*_living_leaves(seen), *merged]) if not fresh or seen.is_curated(n)]
    if seen.files is not None:
        group = np.full(seen.next_number, -1, np.int64)
        group[wanted] = np.arange(len(wanted))
        own = group[np.minimum(seen.topics, seen.next_number - 1)]
        there = means(seen.points[own >= 0], own[own >= 0], len(wanted))
    else:
        width = seen.space.mean.shape[0] if seen.space else 0
        stored = {n: np.frombuffer(seen.centres[n], np.float16) for n in wanted if n in seen.centres}
        wanted = [n for n in stored if len(stored[n]) == width]
        there = (
            points(seen.space, np.stack([stored[n] for n in wanted]))
            if wanted and seen.space
            else np.zeros((0, seen.points.shape[1]), np.float32)
        )
    known = there.any(axis=1)
    return np.array(wanted, np.int64)[known], there[known]


def _area_numbers(seen: Seen, found: Numbers, next_number: int) -> Numbers:
    """Return the number of each area, of which papers are in ``found`` (n,): that of the one it shares most with."""
    parent = np.zeros(seen.next_number, np.int64)
    for number, topic in seen.known.items():
        parent[number] = topic.parent_id or 0
    count = int(found.max(initial=-1)) + 1
    return kept_numbers(parent[seen.followed(seen.topics)], found, count, np.zeros(0, np.int64), next_number)[0]


def nightly_draft(seen: Seen, bursts: Sequence[Burst]) -> Draft:
    """Return topics after a night: new papers placed, and as little moved as ``rank.topics.nightly`` says."""
    assert seen.files is not None
    numbers = seen.files.fit["leaves"].astype(np.int64)
    passed = (seen.now - seen.fit.fitted).total_seconds() / _DAY if seen.fit else 1.0
    fixed = frozenset(n for n in numbers.tolist() if seen.is_curated(n))
    saved = float(seen.files.fit["saved"])
    since = seen.now - timedelta(days=RECENT_DAYS)
    young = frozenset(n for n, topic in seen.known.items() if topic.announced and topic.announced > since)
    given = Night(
        seen.points,
        seen.topics,
        bursts,
        numbers,
        seen.files.fit["centres"],
        fixed,
        young,
        saved,
        passed,
        seen.next_number,
    )
    morning = night(given, np.random.default_rng(_SEED + seen.next_number))
    parents = {n: topic.parent_id or 0 for n, topic in seen.known.items() if topic.level == LEAF}
    for new, old in morning.split:
        parents[new] = parents[int(seen.followed(np.array([old]))[0])] if old in seen.known else parents[old]
    for new, born in morning.born:
        parents[new] = parents.get(int(seen.followed(np.array(born.between[:1]))[0]), 0)
    parents = {n: parents[n] for n in morning.numbers.tolist()}
    return Draft(
        morning.topics,
        morning.numbers,
        morning.centres,
        parents,
        frozenset(n for n, topic in seen.known.items() if topic.level == AREA and topic.gone is None),
        morning.saved,
        False,
        dict(morning.born),
        tuple(new for new, _ in morning.split),
        morning.retired,
    )


def part_drafted(seen: Seen, rows: Numbers, there: Floats, group: Numbers, sizes: Numbers) -> Draft:
    """Return topics in which the papers of one, in ``rows``, are several: all groups but the largest are new ones."""
    assert seen.files is not None
    largest = int(sizes.argmax())
    topics = seen.topics.copy()
    own = seen.known[int(seen.followed(topics[rows[:1]])[0])]
    fresh = [at for at in range(len(sizes)) if at != largest]
    for number, at in enumerate(fresh, seen.next_number):
        topics[rows[group == at]] = number
    new = seen.next_number + np.arange(len(fresh))
    numbers = np.concatenate([seen.files.fit["leaves"].astype(np.int64), new])
    middles = means(there, group, len(sizes))
    centres = np.concatenate([seen.files.fit["centres"], middles[fresh]])
    centres[numbers == own.id] = middles[largest]
    parents = {n: topic.parent_id or 0 for n, topic in seen.known.items() if topic.level == LEAF}
    parents |= {int(number): own.parent_id or 0 for number in new}
    areas_now = frozenset(n for n, topic in seen.known.items() if topic.level == AREA and topic.gone is None)
    parents = {n: parents[n] for n in numbers.tolist()}
    saved = float(seen.files.fit["saved"])
    return Draft(topics, numbers, centres, parents, areas_now, saved, False, {}, tuple(int(number) for number in new))


# --- what is stored ---


def drafted(
    seen: Seen, draft: Draft, names: Mapping[int, Named], centres: Mapping[int, bytes]
) -> tuple[list[Fitted], RefitReport]:
    """Return the topics to be stored, and what changed; the report has no generation and took no time yet."""
    followed = seen.followed(draft.topics)
    sizes = np.bincount(followed, minlength=max(seen.next_number, int(followed.max(initial=0)) + 1))
    fitted = [Fitted(_leaf(seen, draft, names, n, int(sizes[n])), centres.get(n)) for n in draft.numbers.tolist()]
    fitted += [_area(seen, draft, names, n, sizes) for n in sorted(draft.areas)]
    gone = [n for n, topic in seen.known.items() if topic.level == AREA and topic.gone is None and n not in draft.areas]
    fitted += [Fitted(replace(seen.known[n], gone=seen.now, size=0)) for n in (*draft.retired, *gone)]
    before = seen.followed(seen.topics)
    report = RefitReport(
        draft.full,
        papers=len(seen.ids),
        leaves=sum(one.topic.level == LEAF and one.topic.gone is None for one in fitted),
        areas=len(draft.areas),
        placed=int(np.count_nonzero((before == 0) & (followed > 0))),
        moved=int(np.count_nonzero((before > 0) & (followed != before))),
        born=tuple(draft.born),
        split=draft.split,
        retired=draft.retired,
        renamed=tuple(n for n in names if n in seen.known),
        generation="",
        seconds=0.0,
    )
    return fitted, report


def _leaf(seen: Seen, draft: Draft, names: Mapping[int, Named], number: int, size: int) -> Topic:
    parent = draft.parents[number] or None
    if (before := seen.known.get(number)) is not None:
        name, words = names.get(number, Named(before.name, before.words))
        return replace(before, parent_id=parent, size=size, name=name, words=words)
    born = draft.born.get(number)
    name, words = names.get(number, Named(f"Topic {number}", ()))
    topic = Topic(number, name, LEAF, parent, words, size, seen.now)
    if born is not None:
        return replace(topic, announced=seen.now, between=born.between, sure=born.sure)
    return topic


def _area(seen: Seen, draft: Draft, names: Mapping[int, Named], number: int, sizes: Numbers) -> Fitted:
    inside = [n for n, parent in draft.parents.items() if parent == number]
    size = int(sum(sizes[n] for n in inside))
    before = seen.known.get(number) or Topic(number, f"Topic {number}", AREA, None, (), size, seen.now)
    name, words = names.get(number, Named(before.name, before.words))
    return Fitted(replace(before, size=size, name=name, words=words))


def leaves_in(draft: Draft, area: int) -> Sequence[int]:
    """Return the leaves of an area."""
    return [number for number, parent in draft.parents.items() if parent == area]
