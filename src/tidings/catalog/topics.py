"""Topics: what the archive found in itself. A tree of areas and leaves, what was born lately, the topic of a paper."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from tidings.catalog.interests import Interests
from tidings.catalog.topic_tree import Kept, Known, Membership, leaves_of
from tidings.errors import IndexUnavailableError, InputError, NotFoundError
from tidings.index.topics import TopicFiles
from tidings.people import Reader, require
from tidings.rank.search import decode_cursor, encode_cursor
from tidings.store.topics import Fit
from tidings.types import (
    AREA,
    LEAF,
    TOPIC_SORTS,
    Area,
    Birth,
    Hit,
    Interest,
    Page,
    Paper,
    PaperTopic,
    Topic,
    TopicDetail,
    TopicLine,
    TopicsState,
)

EMERGING_DAYS = 60
_SHOWN = 3  # papers that stand for a topic
_FOLLOWED = 5  # papers that an interest made from a topic begins with
_LOOKED_AT = 1_000  # papers of a topic whose authors, venues and votes are looked at, the newest
_NAMES = 10
_NEIGHBOURS = 6
_FACTS_KEPT = 64
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a topic's page tells besides its papers: it takes reading a thousand of them."""

    neighbours: tuple[Topic, ...]
    first: Paper | None
    authors: tuple[tuple[str, int], ...]
    venues: tuple[tuple[str, int], ...]
    years: dict[int, int]


@dataclass(slots=True)
class _Opened:
    """The files that were opened last, and what was worked out of them and of the store."""

    lock: Lock = field(default_factory=Lock)
    files: TopicFiles | None = None
    known: Kept[Known] = field(default_factory=Kept)
    members: Kept[Membership] = field(default_factory=Kept)
    trees: Kept[tuple[Area, ...]] = field(default_factory=Kept)
    facts: Kept[_Facts] = field(default_factory=lambda: Kept(_FACTS_KEPT))


class Topics(Interests):
    """Asking about topics; anybody may. Before the first fit there are none, and nothing of this is an error."""

    @cached_property
    def _topics(self) -> _Opened:
        return _Opened()

    # --- the tree ---

    def topics(self) -> tuple[Area, ...]:
        """Return the areas with their leaves, the largest first; none before the first fit."""
        known, members = self._known_topics(), self._membership()
        return self._topics.trees.get((known.change, members.key), lambda: self._tree(known, members))

    def topics_state(self) -> TopicsState:
        """Return when topics were fitted last, and what there is."""
        fit, living = self._store.topics.fit(), self._living_topics().values()
        count = {level: sum(topic.level == level for topic in living) for level in (AREA, LEAF)}
        return TopicsState(fit.fitted if fit else None, fit.papers if fit else 0, count[LEAF], count[AREA])

    def topic(self, which: int | str) -> TopicDetail:
        """Return all about a topic by its number or its name; what was merged leads to what took it in.

        Raises:
            NotFoundError: there is none.
        """
        known, members = self._known_topics(), self._membership()
        living, found = known.living, self._find_topic(which)
        key = known.change, members.key, found.id
        facts = self._topics.facts.get(key, lambda: self._facts(found, living, members))
        parts = [number for number in leaves_of(living, found.id) if number != found.id]
        lines = self._lines_of([found, *(living[number] for number in parts)], living, members)
        return TopicDetail(
            lines[found.id],
            area=living.get(found.parent_id or 0),
            leaves=_largest_first(lines[number] for number in parts),
            neighbours=facts.neighbours,
            first=facts.first,
            newest=self.topic_papers(found.id, limit=_NAMES),
            voted=self.topic_papers(found.id, sort="voted", limit=_NAMES),
            authors=facts.authors,
            venues=facts.venues,
            years=facts.years,
        )

    def topic_papers(
        self, which: int | str, *, sort: str = "newest", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Return papers of a topic: the newest first, those with most votes here and elsewhere, or the most central.

        By votes the newest 1,000 are looked at.

        Raises:
            NotFoundError: there is no such topic.
            InputError: the sort is unknown, the limit senseless, or the cursor of another question.
        """
        if sort not in TOPIC_SORTS:
            raise InputError(f"unknown sort {sort!r}: there are {', '.join(TOPIC_SORTS)}")
        if limit < 1:
            raise InputError(f"a limit of {limit} asks for nothing; it must be 1 or more")
        members, found = self._membership(), self._find_topic(which)
        living = self._known_topics().living
        ids, worth = self._ordered_of(members, members.of(leaves_of(living, found.id)), sort)
        name = f"topic:{found.id}"
        total = len(ids)
        if cursor is not None:
            worth_seen, last = decode_cursor(cursor, name, sort)
            behind = (worth < worth_seen) | ((worth == worth_seen) & (ids < last))
            ids, worth = ids[behind], worth[behind]
        following = None
        if len(ids) > limit:
            following = encode_cursor(float(worth[limit - 1]), int(ids[limit - 1]), name, sort)
        papers = self._store.papers(ids[:limit].tolist())
        return Page(tuple(Hit(paper, 0.0) for paper in papers), total, following)

    def emerging(self, *, days: int = EMERGING_DAYS) -> tuple[Birth, ...]:
        """Return the topics born in the last days, the newest first.

        Raises:
            InputError: the number of days is senseless.
        """
        if not 0 < days < 36_600:
            raise InputError(f"{days} days are none to look back on")
        known, members = self._known_topics(), self._membership()
        since = self._clock() - timedelta(days=days)
        born = [topic for topic in known.living.values() if topic.announced and topic.announced >= since]
        lines = self._lines_of(
            sorted(born, key=lambda topic: (topic.born, topic.id), reverse=True), known.living, members
        )
        return tuple(self._birth(line, known, members) for line in lines.values())

    def topics_of(self, papers: Sequence[Paper]) -> dict[int, PaperTopic]:
        """Return the topic of each paper that has one, by internal id."""
        fit = self._open_fit()
        if fit is None or not papers:
            return {}
        known = self._known_topics()
        living, rows = known.living, np.array([paper.id for paper in papers], np.int64)
        numbers, sure = _looked_up(known.lookup, fit.at("topic", rows)), fit.at("sure", rows)[:, 0]
        return {
            paper.id: PaperTopic(living[number], living.get(living[number].parent_id or 0), round(float(value), 4))
            for paper, number, value in zip(papers, numbers.tolist(), sure, strict=True)
            if number in living
        }

    # --- for the map ---

    def topics_folder(self) -> Path | None:
        """Return the folder of the present generation, where ``map.npy`` is kept; None before the first fit."""
        fit = self._open_fit()
        return fit.folder if fit else None

    def topic_by_row(self) -> NDArray[np.int32]:
        """Return the leaf of each row of the index (a row is a paper's id), shape (rows,), 0 for none."""
        members = self._membership()
        found = np.zeros(int(members.papers.max(initial=-1)) + 1, np.int32)
        found[members.papers] = members.topics
        return found

    # --- following ---

    def follow_topic(self, reader: Reader | None, which: int | str) -> Interest:
        """Make an interest of a topic's words and its most central papers.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            NotFoundError: there is no such topic.
            ConflictError: one has an interest of that name.
        """
        require(reader, "interests")
        found = self._find_topic(which)
        central = self.topic_papers(found.id, sort="central", limit=_FOLLOWED)
        likes = [f"paper:{hit.paper.id}" for hit in central.hits]
        return self.make_interest(reader, found.name, words=", ".join(found.words or (found.name,)), likes=likes)

    # --- inside ---

    def _known_topics(self) -> Known:
        """Return all topics as of now; they are read when one of them changed, and looked up at every page."""
        change = self._store.topics.change()
        return self._topics.known.get(change, lambda: Known.of(change, self._store.topics.all()))

    def _living_topics(self) -> Mapping[int, Topic]:
        return self._known_topics().living

    def _find_topic(self, which: int | str) -> Topic:
        """Return a living topic; a name goes before a number in words, a leaf before an area of the same name."""
        known = self._known_topics()
        living, lookup = known.living, known.lookup
        if isinstance(which, str):
            slug = topic_slug(which)
            named = [topic for topic in living.values() if slug and topic_slug(topic.name) == slug]
            if named:
                return max(named, key=lambda topic: topic.level)
            if not (which.isdecimal() and len(which) < 10):
                raise NotFoundError(f"there is no topic {which[:100]!r}")
        number = int(which)
        if not 0 < number < len(lookup) or int(lookup[number]) not in living:
            raise NotFoundError(f"no topic has the number {number}")
        return living[int(lookup[number])]

    @property
    def _topics_home(self) -> Path:
        return self.settings.root / "topics"

    def _open_fit(self) -> TopicFiles | None:
        """Return the files that are served now; None before the first fit, or where they were lost."""
        with self._topics.lock:
            for _ in range(2):  # it may be replaced between reading its name and opening it
                fit: Fit | None = self._store.topics.fit()
                if fit is None:
                    return None
                kept = self._topics.files
                folder = self._topics_home / fit.generation
                if kept is not None and kept.folder == folder:
                    return kept
                try:
                    self._topics.files = TopicFiles(folder)
                except IndexUnavailableError:
                    continue
                return self._topics.files
        return None

    def _membership(self) -> Membership:
        """Return which paper is in which topic, as of now."""
        files, known = self._open_fit(), self._known_topics()
        today = self._clock().date().toordinal()
        key = (files.folder, files.placed(), self.version, today, known.change) if files else None
        return self._topics.members.get(key, lambda: self._make_membership(files, known.lookup, today, key))

    def _make_membership(
        self, files: TopicFiles | None, lookup: NDArray[np.int64], today: int, key: object
    ) -> Membership:
        ids = self._index.newest(None, max(1, self._index.count(None))) if files else np.zeros(0, np.int64)
        size = int(ids.max(initial=-1)) + 1
        numbers = files.column("topic", size)[ids] if files else np.zeros(0, np.int32)
        topics = _looked_up(lookup, numbers)
        inside = np.flatnonzero(topics)
        inside = inside[np.argsort(topics[inside], kind="stable")]  # within a topic they stay newest first
        ids, topics = ids[inside], topics[inside]
        sure = files.column("sure", size)[ids] if files else np.zeros((0, 2), np.float32)
        days = self._index.days(ids).astype(np.int64) if len(ids) else ids
        return Membership(ids, topics, days, sure[:, 0], sure[:, 1], today, key)

    def _tree(self, known: Known, members: Membership) -> tuple[Area, ...]:
        lines = self._lines_of(list(known.living.values()), known.living, members)
        found = [
            Area(lines[topic.id], _largest_first(lines[leaf] for leaf in leaves_of(known.living, topic.id)))
            for topic in known.living.values()
            if topic.level == AREA
        ]
        return tuple(sorted((area for area in found if area.leaves), key=lambda area: -area.line.size))

    def _facts(self, topic: Topic, living: Mapping[int, Topic], members: Membership) -> _Facts:
        places = members.of(leaves_of(living, topic.id))
        papers = self._newest_of(members, places, _LOOKED_AT)
        return _Facts(
            self._neighbours(topic, living),
            self._first(members, places),
            tuple(Counter(name for paper in papers for name in paper.authors).most_common(_NAMES)),
            tuple(Counter(paper.venue for paper in papers if paper.venue).most_common(_NAMES)),
            self._years(members.papers[places]),
        )

    def _lines_of(
        self, topics: Sequence[Topic], living: Mapping[int, Topic], members: Membership
    ) -> dict[int, TopicLine]:
        """Return topics as they stand in lists, by number; two reads of the store, however many they are."""
        places = {topic.id: members.of(leaves_of(living, topic.id)) for topic in topics}
        best = {number: members.papers[_most_central(members, own)].tolist() for number, own in places.items()}
        papers = {paper.id: paper for paper in self._store.papers(sorted({n for ids in best.values() for n in ids}))}
        return {
            topic.id: TopicLine(
                topic,
                len(places[topic.id]),
                members.weeks(places[topic.id]),
                members.growth(places[topic.id]),
                members.half_life(places[topic.id]),
                tuple(papers[number] for number in best[topic.id] if number in papers),
            )
            for topic in topics
        }

    def _birth(self, line: TopicLine, known: Known, members: Membership) -> Birth:
        topic, places = line.topic, members.of([line.topic.id])
        dated = places[members.days[places] > 0]
        first = dated[np.argsort(members.days[dated], kind="stable")[:_SHOWN]]
        return Birth(
            line,
            known.living.get(topic.parent_id or 0),
            tuple(known.every[number] for number in topic.between if number in known.every),
            tuple(self._store.papers(members.papers[first].tolist())),
            topic.sure or 0.0,
            topic.born,
        )

    def _newest_of(self, members: Membership, places: NDArray[np.int64], count: int) -> list[Paper]:
        order = np.argsort(-members.days[places], kind="stable")[:count]
        return self._store.papers(members.papers[places[order]].tolist())

    def _first(self, members: Membership, places: NDArray[np.int64]) -> Paper | None:
        dated = places[members.days[places] > 0]
        if not len(dated):
            return None
        return next(iter(self._store.papers([int(members.papers[dated[members.days[dated].argmin()]])])), None)

    def _years(self, ids: NDArray[np.int64]) -> dict[int, int]:
        found = self._index.facets(ids).get("year", {}) if len(ids) else {}
        return {int(year): found[year] for year in sorted(found) if int(year)}

    def _ordered_of(
        self, members: Membership, places: NDArray[np.int64], sort: str
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return ids and what they are ordered by, the best first."""
        ids = members.papers[places]
        if sort == "newest":
            worth = members.days[places].astype(np.float64)
        elif sort == "central":
            worth = members.central[places].astype(np.float64)
        else:
            papers = self._newest_of(members, places, _LOOKED_AT)
            here = self.standings(papers)
            ids = np.array([paper.id for paper in papers], np.int64)
            worth = np.array([here[p.id].votes + (p.count("upvotes") or 0) for p in papers], np.float64)
        order = np.lexsort((-ids, -worth))
        return ids[order], worth[order]

    def _neighbours(self, topic: Topic, living: Mapping[int, Topic]) -> tuple[Topic, ...]:
        fit = self._open_fit()
        if fit is None:
            return ()
        others = [other for other in living.values() if other.level == topic.level and other.id != topic.id]
        own = self._direction(fit, leaves_of(living, topic.id))
        near = [float(own @ self._direction(fit, leaves_of(living, other.id))) for other in others]
        return tuple(others[place] for place in np.argsort(-np.array(near), kind="stable")[:_NEIGHBOURS])

    def _direction(self, fit: TopicFiles, leaves: Sequence[int]) -> NDArray[np.float32]:
        total: NDArray[np.float32] = fit.fit["centres"][np.isin(fit.fit["leaves"], leaves)].sum(axis=0)
        length = float(np.linalg.norm(total))
        return total / length if length else total


def topic_slug(name: str) -> str:
    """Return a name as it stands in an address."""
    return _NOT_IN_SLUG.sub("-", name.casefold()).strip("-")


def _largest_first(lines: Iterable[TopicLine]) -> tuple[TopicLine, ...]:
    return tuple(sorted(lines, key=lambda line: -line.size))


def _most_central(members: Membership, places: NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = places[np.argsort(-members.central[places], kind="stable")[:_SHOWN]]
    return found


def _looked_up(lookup: NDArray[np.int64], numbers: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the living topics of numbers, 0 for none."""
    padded = np.concatenate([lookup, [0]])
    return padded[np.where((numbers > 0) & (numbers < len(lookup)), numbers, len(lookup))]
