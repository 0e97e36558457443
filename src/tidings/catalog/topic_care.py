"""Topics kept: fitted anew at night, new papers placed, and what curators say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from time import perf_counter

import numpy as np

from tidings.catalog.topic_bursts import bursts
from tidings.catalog.topic_fitting import (
    Draft,
    Floats,
    Named,
    Numbers,
    Seen,
    drafted,
    full_draft,
    nightly_draft,
    number_column,
    part_drafted,
)
from tidings.catalog.topic_naming import Naming
from tidings.catalog.topic_tree import resolved
from tidings.catalog.topics import Topics
from tidings.catalog.words import LONGEST_NAME, one_line
from tidings.embed import load_default
from tidings.errors import BusyError, InputError
from tidings.index.topics import TopicFiles, drop_generations, topics_lock, write_generation
from tidings.people import Reader, require
from tidings.rank.topics.fit import FEWEST, certainty
from tidings.rank.topics.groups import grouped, nearest, seeds
from tidings.rank.topics.space import Space, points, space_of
from tidings.store.topics import Fit
from tidings.types import LEAF, RefitReport, Topic

RefitProgress = Callable[[str], None]
"""Told what is being done now, in a few words."""

_NIGHTLY = timedelta(days=1)
_SMALL, _GROWN_SMALL = 2_000, 1.2  # a small archive that grew so much since it was fitted anew is so again
_GROWN = 4.0  # any other one, since the last night; what grows from day to day is split by nights
_BLOCK = 16_384
_MOST_PARTS = 8
_SAMPLED = 50_000


class TopicCare(Topics):
    """Changing topics. Whatever a curator says is a line of the audit log, and can be undone there (``undo``)."""

    # --- the machine ---

    def refit(self, *, full: bool = False, progress: RefitProgress | None = None) -> RefitReport:
        """Bring the topics up to date with the archive; a little by default, anew where there are none or ``full``.

        Topics keep their numbers. Until all of it is written, what was there before is served, also when this is
        killed.

        Raises:
            BusyError: another process is doing it, or a curator split a topic meanwhile.
            StoreError: the disk is full, or refuses.
        """
        started, tell = perf_counter(), progress or _tell_nobody
        with topics_lock(self._topics_home):
            self.catch_up()
            seen = self._seen_topics()
            anew = full or self._is_outgrown(seen)
            tell(f"looking at {len(seen.ids):,} papers")
            space = self._space(seen.ids) if anew or seen.files is None else _space_in(seen.files)
            seen = replace(seen, points=self._points(space, seen.ids), space=space)
            tell("finding topics anew" if anew else "looking for what changed")
            draft = full_draft(seen, fresh=full) if anew else self._night(seen)
            tell("naming them")
            naming = Naming(self._index, self._store, seen, draft)
            naming.name_what_changed()
            report = self._serve(seen, draft, space, naming.given)
        return replace(report, seconds=perf_counter() - started)

    def refit_due(self) -> RefitReport | None:
        """Refit the topics if a day went by since the last time and nobody else does; None where nothing is to be done.

        Raises:
            StoreError: the disk is full, or refuses.
        """
        fit = self._store.topics.fit()
        due = fit is None or self._clock() - fit.fitted >= _NIGHTLY or self._open_fit() is None
        if not due or not self._index.is_ready() or not self._index.count(None):
            return None
        try:
            return self.refit()
        except BusyError:
            return None

    def place(self) -> int:
        """Give papers that have no topic yet the nearest one; return how many those were. None before the first fit.

        Raises:
            BusyError: another process is doing it.
        """
        if self._open_fit() is None or not self._index.is_ready():
            return 0
        with topics_lock(self._topics_home):
            fit = self._store.topics.fit()
            if fit is None or fit.encoder != load_default().name:
                return 0
            files = TopicFiles(self._topics_home / fit.generation, write=True)
            ids = self._ids()
            ids = ids[files.column("topic", number_column(ids))[ids] == 0]
            there = self._points(_space_in(files), ids)
            ids, there = ids[there.any(axis=1)], there[there.any(axis=1)]
            if len(ids) and len(files.fit["leaves"]):
                group, _ = nearest(there, files.fit["centres"])
                sure = certainty(there, files.fit["centres"], group)
                files.put(ids, files.fit["leaves"][group].astype(np.int32), sure)
        return len(ids)

    def place_new(self) -> int:
        """Place papers as ``place``, unless another process works on the topics: it will."""
        try:
            return self.place()
        except BusyError:
            return 0

    # --- curators ---

    def rename_topic(self, reader: Reader | None, which: int | str, name: str) -> int:
        """Give a topic a name that no refit changes. Return the line of the log.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            NotFoundError: there is no such topic.
            InputError: no name.
            ConflictError: it has that name already, or another one has.
        """
        account, found = require(reader, "curate"), self._living_topic(which)
        if not (kept := one_line(name, LONGEST_NAME)):
            raise InputError("a topic needs a name")
        return self._store.topics.rename(found.id, kept, account.id, self._clock())

    def merge_topics(self, reader: Reader | None, which: int | str, into: int | str) -> int:
        """Let a topic take in another one: its papers, those to come too. Return the line of the log.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            NotFoundError: there is no such topic.
            ConflictError: they are one, or one is an area.
        """
        account, found, other = require(reader, "curate"), self._living_topic(which), self._living_topic(into)
        return self._store.topics.merge(found.id, other.id, account.id, self._clock())

    def split_topic(self, reader: Reader | None, which: int | str, parts: int = 2) -> int:
        """Make several topics of one; the largest part keeps its number and name. Return the line of the log.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            NotFoundError: there is no such topic.
            InputError: it is an area, or has too few different papers for so many parts.
            BusyError: the topics are being fitted now.
        """
        account, found = require(reader, "curate"), self._living_topic(which)
        if not 2 <= parts <= _MOST_PARTS:
            raise InputError(f"a topic is split into 2 to {_MOST_PARTS} parts")
        if found.level != LEAF:
            raise InputError("an area is not split; split a topic in it")
        with topics_lock(self._topics_home):
            return self._split(found, parts, account.id)

    def pin_topic(self, reader: Reader | None, which: int | str, pinned: bool = True) -> int:
        """Let a topic stay, whatever a refit finds, or not any more. Return the line of the log.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            NotFoundError: there is no such topic.
            ConflictError: that is so already.
        """
        account, found = require(reader, "curate"), self._living_topic(which)
        return self._store.topics.pin(found.id, pinned, account.id, self._clock())

    # --- inside ---

    def _living_topic(self, which: int | str) -> Topic:
        return self._find_topic(which)

    def _ids(self) -> Numbers:
        return np.sort(self._index.newest(None, max(1, self._index.count(None))))

    def _seen_topics(self) -> Seen:
        """Return the archive and its topics as they are before a refit, without the points."""
        fit, files, topics = self._store.topics.fit(), self._open_fit(), self._store.topics.all()
        ids = self._ids()
        size = number_column(ids)
        column = files.column("topic", size)[ids].astype(np.int64) if files else np.zeros(len(ids), np.int64)
        alive = fit is not None and files is not None and fit.encoder == load_default().name
        return Seen(
            ids,
            np.zeros((0, 0), np.float32),
            self._index.days(ids).astype(np.int64),
            column if alive else np.zeros(len(ids), np.int64),
            files.column("named", size)[ids].astype(np.int64) if files and alive else np.zeros(len(ids), np.int64),
            {topic.id: topic for topic in topics},
            resolved(topics),
            self._store.topics.centres() if topics else {},
            self._store.topics.next_id(),
            fit,
            files if alive else None,
            self._clock(),
        )

    def _night(self, seen: Seen) -> Draft:
        last = int(seen.files.fit["last"]) if seen.files else 0
        new = replace(
            seen, topics=np.where(seen.ids > last, 0, seen.topics)
        )  # placed by day: the night may know better
        return nightly_draft(new, bursts(self._index, self._store, new))

    def _is_outgrown(self, seen: Seen) -> bool:
        if seen.fit is None or seen.files is None or not len(seen.files.fit["leaves"]):
            return True
        if len(seen.ids) < _SMALL:
            return len(seen.ids) > _GROWN_SMALL * seen.fit.full_papers
        return len(seen.ids) > _GROWN * seen.fit.papers

    def _space(self, ids: Numbers) -> Space:
        return space_of(self._index.vectors(ids[:: max(1, len(ids) // _SAMPLED)]))

    def _points(self, space: Space, ids: Numbers) -> Floats:
        """Return where papers are; block by block, since all vectors at once would take a third of a gigabyte."""
        blocks = [
            points(space, self._index.vectors(ids[start : start + _BLOCK])) for start in range(0, len(ids), _BLOCK)
        ]
        return np.concatenate(blocks) if blocks else np.zeros((0, space.axes.shape[1]), np.float32)

    def _serve(self, seen: Seen, draft: Draft, space: Space, names: dict[int, Named]) -> RefitReport:
        """Write a draft, let it be what is served, and say what it changed."""
        generation = str(1 + int(seen.fit.generation) if seen.fit else 1)
        write_generation(
            self._topics_home,
            generation,
            seen.columns(draft, names),
            {
                "mean": space.mean,
                "axes": space.axes,
                "centres": draft.centres,
                "leaves": draft.numbers,
                "saved": np.array(draft.saved),
                "last": seen.ids.max(initial=0),
            },
            seen.fit.generation if seen.fit else None,
        )
        grown = len(seen.ids) if draft.full or seen.fit is None else seen.fit.full_papers
        fit = Fit(generation, self._clock(), load_default().name, len(seen.ids), grown)
        fitted, report = drafted(seen, draft, names, self._centres(seen.ids, draft))
        self._store.topics.replace(fit, fitted, seen.next_number)
        drop_generations(self._topics_home, but=generation)
        return replace(report, generation=generation)

    def _centres(self, ids: Numbers, draft: Draft) -> dict[int, bytes]:
        """Return the mean vector of each leaf as it is stored."""
        width = load_default().dimensions
        sums = np.zeros((len(draft.numbers), width), np.float64)
        order = np.argsort(draft.numbers)
        for start in range(0, len(ids), _BLOCK):
            topics = draft.topics[start : start + _BLOCK]
            vectors = self._index.vectors(ids[start : start + _BLOCK])[topics > 0]
            group = order[np.searchsorted(draft.numbers[order], topics[topics > 0])]
            np.add.at(sums, group, vectors)
        lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        kept = (sums / lengths).astype(np.float16)
        return {int(number): row.tobytes() for number, row in zip(draft.numbers, kept, strict=True)}

    def _split(self, found: Topic, parts: int, account_id: int) -> int:
        seen = self._seen_topics()
        if seen.files is None or seen.fit is None:
            raise InputError("the topics have to be fitted first: tidings topics refit")
        space = _space_in(seen.files)
        rows = np.flatnonzero(seen.lookup[seen.topics] == found.id)
        there = self._points(space, seen.ids[rows])
        start = seeds(there, parts, np.random.default_rng(found.id))
        group, _ = grouped(there, start) if len(start) else (np.zeros(0, np.int64), start)
        sizes = np.bincount(group, minlength=parts)
        if len(start) < parts or sizes.min() < min(FEWEST, 1):
            raise InputError(f"{found.name!r} has too few different papers for {parts} parts")
        draft = part_drafted(seen, rows, there, group, sizes)
        naming = Naming(self._index, self._store, seen, draft)
        naming.name(draft.split)
        names = naming.given
        centres = self._centres(seen.ids[rows], draft._replace(topics=draft.topics[rows]))
        generation = str(1 + int(seen.fit.generation))
        write_generation(
            self._topics_home,
            generation,
            seen.columns(draft, names),
            seen.files.fit | {"centres": draft.centres, "leaves": draft.numbers},
            seen.fit.generation,
        )
        fitted, _ = drafted(seen, draft, names, centres)
        fresh = [one for one in fitted if one.topic.id >= seen.next_number]
        line = self._store.topics.split(found.id, fresh, generation, account_id, self._clock())
        drop_generations(self._topics_home, but=generation)
        return line


def _space_in(files: TopicFiles) -> Space:
    return Space(files.fit["mean"], files.fit["axes"])


def _tell_nobody(_: str) -> None:
    pass
