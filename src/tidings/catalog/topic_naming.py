"""Giving topics their names: which need one, and what a name is judged on."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tidings.catalog.topic_fitting import Draft, Named, Numbers, Seen, leaves_in
from tidings.embed import load_default
from tidings.index.local import LocalIndex
from tidings.index.words import tokens
from tidings.plain import plain
from tidings.rank.topics.names import Corpus, Name, Namer, phrases_of, title_of
from tidings.store import Store

CHANGED = 0.2
"""A name stays until such a share of the papers it was given for is gone, or of those that it stands for is new."""
_BETTER = 0.03  # and then a new one must find so many more of them
_SAMPLE = 30_000
_OWN = 300  # papers of a new topic that are in the sample, at most
_MOST_RENAMED = 40  # in one night
_TOGETHER = 5_000
_WORDS, _PHRASES = 8, 2  # of a topic that is the whole archive
_COMMON = 0.15  # of its papers, that have a phrase in their title
ALL, MIXED = "All papers", "Of many kinds"
"""Names of the area that holds the whole archive, and of the topic that does where its titles have little in common."""


class Naming:
    """Names for topics of a draft; ``given`` are those that were found, by number."""

    def __init__(self, index: LocalIndex, store: Store, seen: Seen, draft: Draft) -> None:
        self._index, self._store, self._seen, self._draft = index, store, seen, draft
        self._topics = seen.followed(draft.topics)
        self.given: dict[int, Named] = {}

    def name_what_changed(self) -> None:
        """Name what is new, and what is another by now and would be found better by another name."""
        leaves = [int(number) for number in np.unique(self._topics) if number]
        fresh = [number for number in leaves if number not in self._seen.known]
        changed = self._changed([number for number in leaves if number in self._seen.known])
        areas = self._changed_areas() if self._draft.full else []
        if fresh or changed or areas:
            self._give(areas, {area: self._in_area(area) for area in areas})
            self.name([*fresh, *changed])

    def name(self, leaves: Iterable[int]) -> None:
        """Name leaves, whatever they are called now."""
        self._give(leaves, {number: self._topics == number for number in leaves})

    # --- which ---

    def _changed(self, leaves: list[int]) -> list[int]:
        """Return the leaves that lost or won so much that their name may be another's by now, most changed first."""
        sizes = np.bincount(self._topics, minlength=self._seen.next_number)
        then = np.bincount(self._seen.named, minlength=self._seen.next_number)
        both = np.bincount(self._topics[self._topics == self._seen.named], minlength=self._seen.next_number)
        share = {n: 1 - both[n] / max(1, sizes[n], then[n]) for n in leaves if not self._seen.known[n].renamed}
        found = sorted((n for n in share if share[n] >= CHANGED), key=lambda n: (-share[n], n))
        return found if self._draft.full else found[:_MOST_RENAMED]

    def _changed_areas(self) -> list[int]:
        """Return the areas that are new, or of whose papers a fifth is another."""
        seen, found = self._seen, []
        for area in sorted(self._draft.areas):
            before = seen.known.get(area)
            if before is None:
                found.append(area)
            elif not before.renamed:
                then = np.isin(seen.followed(seen.topics), [n for n, t in seen.known.items() if t.parent_id == area])
                now = self._in_area(area)
                if np.count_nonzero(then & now) < (1 - CHANGED) * max(then.sum(), now.sum()):
                    found.append(area)
        return found

    def _in_area(self, area: int) -> NDArray[np.bool_]:
        return np.isin(self._topics, leaves_in(self._draft, area))

    # --- how ---

    def _give(self, numbers: Iterable[int], members: dict[int, NDArray[np.bool_]]) -> None:
        taken = {topic.name.casefold() for topic in self._seen.known.values() if topic.gone is None}
        taken |= {name.name.casefold() for name in self.given.values()}
        for number in numbers:
            rows = np.flatnonzero(members[number][self._sample])
            if not len(rows):
                continue
            found = self._of_everything(number, rows) or self._namer.name(rows)
            before = self._seen.known.get(number)
            if before is not None and found.precision < self._namer.precision([before.name], rows) + _BETTER:
                continue
            name = _free(title_of(found.phrases) or f"Topic {number}", found.words, taken)
            taken.add(name.casefold())
            self.given[number] = Named(name, found.words)

    def _of_everything(self, number: int, rows: Numbers) -> Name | None:
        """Return the name of a topic that is the whole archive: nothing else is there for its words to tell it from."""
        if len(rows) < np.count_nonzero(self._topics[self._sample]):
            return None
        counts: Counter[str] = Counter()
        for row in rows.tolist():
            counts.update(phrases_of(self._titles[row]).values())
        words = sorted(counts, key=lambda phrase: (counts[phrase], phrase.count(" ") == 1), reverse=True)
        chosen = tuple(itertools.islice(_apart(words), _WORDS))
        common = [phrase for phrase in chosen[:_PHRASES] if counts[phrase] >= _COMMON * len(rows)]
        if number in self._draft.areas:
            return Name((ALL,), 1.0, chosen)
        return Name(tuple(common) or (MIXED,), 1.0, chosen)

    @cached_property
    def _sample(self) -> Numbers:
        """Rows of papers drawn evenly, and some of each new topic: a small one would hardly be among them."""
        count = len(self._topics)
        every = np.zeros(count, np.bool_)
        every[:: max(1, -(-count // _SAMPLE))] = True
        if not self._draft.full:
            for number in (*self._draft.born, *self._draft.split):
                every[np.flatnonzero(self._topics == number)[:_OWN]] = True
        return np.flatnonzero(every)

    @cached_property
    def _titles(self) -> list[str]:
        """Titles of the sample."""
        ids = self._seen.ids[self._sample].tolist()
        titles: dict[int, str] = {}
        for start in range(0, len(ids), _TOGETHER):
            for paper in self._store.papers(ids[start : start + _TOGETHER]):
                titles[paper.id] = plain(paper.title)
        return [titles.get(number, "") for number in ids]

    @cached_property
    def _namer(self) -> Namer:
        ids = self._seen.ids[self._sample]
        corpus = Corpus(self._titles, self._index.vectors(ids), self._index.terms(ids))
        return Namer(corpus, load_default().encode)


def _apart(phrases: Iterable[str]) -> Iterator[str]:
    """Yield the phrases that share no word with one before them."""
    said: set[str] = set()
    for phrase in phrases:
        words = set(tokens(phrase))
        if not words & said:
            said |= words
            yield phrase


def _free(name: str, words: tuple[str, ...], taken: set[str]) -> str:
    """Return a name that no other topic has: with a further word, else with a number."""
    if name.casefold() not in taken:
        return name
    longer = [f"{name}, {word}" for word in words if word.casefold() not in name.casefold()]
    numbered = [f"{name} ({number})" for number in range(2, len(taken) + 3)]
    return next(text for text in (*longer, *numbered) if text.casefold() not in taken)
