"""Tags: a curator describes one in a line, and papers get it at once; examples make it better."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from tidings.catalog.learning import Learning
from tidings.catalog.words import LONGEST_NAME, LONGEST_NOTE, one_line
from tidings.embed import load_default
from tidings.errors import InputError, NotFoundError
from tidings.learn.tagging import LINE, Common, TagHead, common_of, confidence, tag_head, tag_scores
from tidings.people import Reader, require
from tidings.plain import plain
from tidings.store.tags import MOST_TAGS
from tidings.types import Hit, Page, Paper, PaperTag, Tag

MOST_OF_A_PAPER = 3
"""A paper shows the tags that it is surest of, so many at most."""
_SAMPLE = 20_000
_NEWEST = 30_000  # papers that a tag's page looks at


@dataclass(slots=True)
class _Kept:
    """What was worked out lately."""

    lock: Lock = field(default_factory=Lock)
    common: tuple[object, Common] | None = None
    heads: OrderedDict[tuple[int, datetime, int], TagHead] = field(default_factory=OrderedDict)


class Tags(Learning):
    """Asking about tags; anybody may. Making and teaching them is for curators, and each method says so."""

    @cached_property
    def _tagging(self) -> _Kept:
        return _Kept()

    # --- asking ---

    def tags(self) -> list[Tag]:
        """Return all tags, by name."""
        return self._store.tags.all()

    def tag(self, which: int | str) -> Tag:
        """Return a tag by its number or its name; a name goes before a number in words.

        Raises:
            NotFoundError: there is none.
        """
        text = str(which)
        tags = self.tags()
        named = [tag for tag in tags if isinstance(which, str) and tag.name.casefold() == text.casefold()]
        found = named or [tag for tag in tags if str(tag.id) == text]
        if not found:
            raise NotFoundError(f"there is no tag {text[:LONGEST_NAME]!r}")
        return found[0]

    def tags_of(self, papers: Sequence[Paper]) -> dict[int, tuple[PaperTag, ...]]:
        """Return the tags of papers, by internal id, the surest first, three at most; in doubt a paper has none."""
        tags = self.tags() if papers else []
        if not tags or not self._index.is_ready():
            return {}
        ids = [paper.id for paper in papers]
        sure = self._sure(tags, np.array(ids, np.int64), self._store.tags.said_of(ids))
        found = {}
        for column, paper in enumerate(papers):
            best = [row for row in np.argsort(-sure[:, column], kind="stable") if sure[row, column] >= LINE]
            if best:
                chosen = best[:MOST_OF_A_PAPER]
                found[paper.id] = tuple(PaperTag(tags[row], round(float(sure[row, column]), 4)) for row in chosen)
        return found

    def tagged(self, which: int | str, *, limit: int = 50, offset: int = 0) -> tuple[Page, dict[int, float]]:
        """Return the papers of a tag among the newest 30,000, the surest first, and how sure each is, by internal id.

        Raises:
            NotFoundError: there is no such tag.
            InputError: the limit or the offset is senseless.
        """
        if limit < 1 or offset < 0:
            raise InputError(f"a limit of {limit} from {offset} on asks for nothing")
        found = self.tag(which)
        ids = self._index.newest(None, _NEWEST) if self._index.is_ready() else np.zeros(0, np.int64)
        said = [(found.id, paper, verdict) for paper, verdict in self._store.tags.examples(found.id)]
        sure = self._sure([found], ids, said)[0] if len(ids) else np.zeros(0, np.float32)
        order = np.lexsort((-ids, -sure))[: int(np.count_nonzero(sure >= LINE))]
        chosen = order[offset : offset + limit]
        papers = self._store.papers(ids[chosen].tolist())
        confidences = dict(zip(ids[chosen].tolist(), sure[chosen].tolist(), strict=True))
        return Page(tuple(Hit(paper, 0.0) for paper in papers), len(order)), confidences

    def tag_examples(self, which: int | str) -> dict[int, int]:
        """Return the papers that curators spoke of, by internal id: 1 where the tag fits, -1 where it does not.

        Raises:
            NotFoundError: there is no such tag.
        """
        return dict(self._store.tags.examples(self.tag(which).id))

    # --- curators ---

    def add_tag(self, reader: Reader | None, name: str, description: str = "") -> Tag:
        """Make a tag; without a description its name describes it. It works at once.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            InputError: no name.
            ConflictError: there is one of that name, or there are too many.
        """
        account, kept = require(reader, "curate"), _name(name)
        described = one_line(description, LONGEST_NOTE) or kept
        return self._store.tags.add(kept, described, account.id, self._clock())

    def change_tag(
        self, reader: Reader | None, which: int | str, *, name: str | None = None, description: str | None = None
    ) -> Tag:
        """Change a tag; what is None stays. Raises as ``add_tag``, and NotFoundError where there is none."""
        account, found = require(reader, "curate"), self.tag(which)
        kept = None if name is None else _name(name)
        described = None if description is None else one_line(description, LONGEST_NOTE) or kept or found.name
        return self._store.tags.change(found.id, kept, described, account.id, self._clock())

    def remove_tag(self, reader: Reader | None, which: int | str) -> None:
        """Remove a tag with its examples; raises as ``change_tag``."""
        account, found = require(reader, "curate"), self.tag(which)
        self._store.tags.remove(found.id, account.id, self._clock())

    def teach_tag(self, reader: Reader | None, which: int | str, id: str, fits: bool | None) -> Tag:  # noqa: A002
        """Say that a paper fits a tag, or does not; None takes back what was said.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            NotFoundError: there is no such tag, or nothing has that id.
        """
        account, found, paper = require(reader, "curate"), self.tag(which), self._find(id)
        verdict = 0 if fits is None else 1 if fits else -1
        return self._store.tags.teach(found.id, paper, verdict, account.id, self._clock())

    # --- inside ---

    def _sure(
        self, tags: Sequence[Tag], ids: NDArray[np.int64], said: Sequence[tuple[int, int, int]]
    ) -> NDArray[np.float32]:
        """Return how sure tags are of papers, float32 (tags, n); what curators ``said`` of one is quite sure."""
        found = confidence(tag_scores([self._tag_head(tag) for tag in tags], self._index.vectors(ids)))
        rows = {tag.id: row for row, tag in enumerate(tags)}
        for number, paper, verdict in said:
            if number in rows:  # it may have been made meanwhile
                found[rows[number], ids == paper] = 1.0 if verdict > 0 else 0.0
        return found

    def _tag_head(self, tag: Tag) -> TagHead:
        common, kept = self._tag_common(), self._tagging
        key = tag.id, tag.changed, id(common)
        with kept.lock:
            if key in kept.heads:
                kept.heads.move_to_end(key)
                return kept.heads[key]
        examples = self._store.tags.examples(tag.id)
        fits, misfits = (np.array([n for n, said in examples if said == sign], np.int64) for sign in (1, -1))
        words = tag.name if tag.description == tag.name else f"{tag.name}: {tag.description}"
        text = load_default().encode([plain(words)])
        head = tag_head(common, text[0], self._index.vectors(fits), self._index.vectors(misfits))
        with kept.lock:
            kept.heads[key] = head
            while len(kept.heads) > 2 * MOST_TAGS:
                kept.heads.popitem(last=False)
        return head

    def _tag_common(self) -> Common:
        """Return what is common in the archive, as of today; learnt again when it grew by a tenth."""
        count = self._index.count(None)
        key = self._clock().date(), int(np.log(max(count, 1)) / np.log(1.1))
        with self._tagging.lock:
            kept = self._tagging.common
            if kept is None or kept[0] != key:
                ids = self._index.newest(None, max(1, count))
                sample = self._index.vectors(ids[:: max(1, -(-len(ids) // _SAMPLE))])
                kept = self._tagging.common = (key, common_of(sample))
            return kept[1]


def _name(text: str) -> str:
    """Return the name of a tag as it is kept.

    Raises:
        InputError: there is nothing to be seen in it.
    """
    if not (name := one_line(text, LONGEST_NAME)):
        raise InputError("a tag needs a name")
    return name
