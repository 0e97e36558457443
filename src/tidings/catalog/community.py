"""What people do with papers: vote, put forward, keep on shelves, curate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from tidings.catalog.finding import Finding
from tidings.catalog.words import LONGEST_NAME, LONGEST_NOTE, one_line
from tidings.credentials import new_key
from tidings.errors import ForbiddenError, InputError, NotFoundError
from tidings.people import VISIBILITIES, Act, Reader, Shelf, ShelfEntry, Standing, Wish, require
from tidings.types import Hit, Page, Paper

QUEUE = "To read"

_FARTHEST = 2**31 - 1
_KEY = re.compile(r"[A-Za-z0-9_-]{16}")


class Community(Finding):
    """Votes, shelves and curation; each method says who may."""

    # --- votes ---

    def vote(self, reader: Reader | None, id: str) -> int:  # noqa: A002
        """Vote for a paper; twice is once. Return how many votes it has.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not vote.
            NotFoundError: nothing has that id.
        """
        account = require(reader, "vote")
        return self._store.voting.vote(account.id, self._find(id), self._clock())

    def unvote(self, reader: Reader | None, id: str) -> int:  # noqa: A002
        """Take one's vote back. Return how many votes the paper has; raises as ``vote``."""
        account = require(reader, "vote")
        return self._store.voting.unvote(account.id, self._find(id))

    def standings(self, papers: Sequence[Paper], reader: Reader | None = None) -> dict[int, Standing]:
        """Return what people here said of papers, by internal id; what oneself did only to who may read."""
        own = reader.account.id if reader and "read" in reader.scopes else None
        return self._store.voting.standings([paper.id for paper in papers], own)

    # --- curation: every act is in the audit log, and can be undone ---

    def pick(self, reader: Reader | None, id: str, day: date | None = None) -> int:  # noqa: A002
        """Mark a paper as a curator's pick of a day (today's where none is said). Return the line of the log.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            NotFoundError: nothing has that id.
            ConflictError: that is so already.
        """
        account, paper = require(reader, "curate"), self._find(id)
        now = self._clock()
        return self._store.voting.pick(paper, day or now.date(), account.id, now)

    def unpick(self, reader: Reader | None, id: str) -> int:  # noqa: A002
        """Take a pick back. Return the line of the log; raises as ``pick``."""
        account, paper = require(reader, "curate"), self._find(id)
        return self._store.voting.unpick(paper, account.id, self._clock())

    def hide(self, reader: Reader | None, id: str, reason: str) -> int:  # noqa: A002
        """Keep a paper off the trending lists. Return the line of the log; raises as ``pick``.

        Raises:
            InputError: there is no reason.
        """
        account, paper = require(reader, "curate"), self._find(id)
        if not (reason := one_line(reason, LONGEST_NOTE)):
            raise InputError("say why: hiding a paper needs a reason")
        return self._store.voting.hide(paper, reason, account.id, self._clock())

    def unhide(self, reader: Reader | None, id: str) -> int:  # noqa: A002
        """Let a paper be listed again. Return the line of the log; raises as ``pick``."""
        account, paper = require(reader, "curate"), self._find(id)
        return self._store.voting.unhide(paper, account.id, self._clock())

    def acts(self, reader: Reader | None, *, limit: int = 100, before: int | None = None) -> list[Act]:
        """Return the audit log, the newest line first.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            InputError: the limit is senseless.
        """
        require(reader, "curate")
        _check(limit)
        return self._store.journal.acts(limit, before)

    def undo(self, reader: Reader | None, number: int) -> int:
        """Bring back what had been before an act of a curator. Return the line of the log that says so.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            NotFoundError: the log has no such line.
            ConflictError: it was undone already, or cannot be, or the same was changed again since.
        """
        account = require(reader, "curate")
        of_topic = self._store.journal.act(number).subject.startswith("topic:")
        undo = self._store.topics.undo if of_topic else self._store.voting.undo
        return undo(number, account.id, self._clock())

    # --- shelves ---

    def shelves(self, reader: Reader | None) -> tuple[list[Shelf], list[Shelf]]:
        """Return one's own shelves, and those of others that every member sees.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
        """
        account = require(reader, "shelves")
        others = [shelf for shelf in self._store.shelves.of_lab() if shelf.account_id != account.id]
        return self._store.shelves.of(account.id), others

    def shelf(self, reader: Reader | None, number: int) -> Shelf:
        """Return a shelf of one's own or of the lab.

        Raises:
            SignInError: nobody is signed in.
            NotFoundError: there is none of that number, or it is somebody's that is not shown to the lab.
        """
        account = require(reader, "shelves")
        found = self._store.shelves.get(number)
        if found.account_id != account.id and found.visibility != "lab":
            raise NotFoundError(f"no shelf has the number {number}")  # that it exists is private too
        return found

    def shelf_by_key(self, key: str) -> Shelf:
        """Return the shelf that an address leads to; whoever has the address may see it.

        Raises:
            NotFoundError: no shelf has that address, or not any more.
        """
        found = self._store.shelves.by_key(key) if _KEY.fullmatch(key) else None
        if found is None:
            raise NotFoundError("no shelf has this address")
        return found

    def on_shelf(self, shelf: Shelf, *, limit: int = 50, offset: int = 0) -> tuple[Page, dict[int, ShelfEntry]]:
        """Return the papers of a shelf that was found, the latest first, and the entry of each by internal id.

        Raises:
            InputError: the limit or the offset is senseless.
        """
        _check(limit, offset)
        entries = self._store.shelves.entries(shelf.id, limit, offset)
        papers = self._store.papers([entry.paper_id for entry in entries])
        return Page(tuple(Hit(paper, 0.0) for paper in papers), shelf.count), {e.paper_id: e for e in entries}

    def lab_queue(
        self, reader: Reader | None, *, limit: int = 50, offset: int = 0
    ) -> tuple[Page, dict[int, list[Wish]]]:
        """Return what the lab wants to read, what most members want first, and who wants each by internal id.

        That is what stands on shelves that every member sees; what is on any other is nobody else's business.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            InputError: the limit or the offset is senseless.
        """
        require(reader, "shelves")
        _check(limit, offset)
        wanted, total = self._store.shelves.wanted(limit, offset)
        papers = self._store.papers(wanted)
        return Page(tuple(Hit(paper, 0.0) for paper in papers), total), self._store.shelves.wishes(wanted)

    def saved(self, reader: Reader | None, papers: Sequence[Paper]) -> dict[int, set[int]]:
        """Return on which of one's own shelves papers stand, by internal id; nothing to whoever may not see shelves."""
        if reader is None or "shelves" not in reader.scopes:
            return {}
        return self._store.shelves.saved(reader.account.id, [paper.id for paper in papers])

    def make_shelf(self, reader: Reader | None, name: str, visibility: str = "private") -> Shelf:
        """Make a shelf.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            InputError: no name, or no such visibility.
            ConflictError: one has that name.
        """
        account = require(reader, "shelves")
        shown = _visibility(visibility)
        return self._store.shelves.add(account.id, _name(name), shown, _key_for(shown), self._clock())

    def change_shelf(
        self, reader: Reader | None, number: int, *, name: str | None = None, visibility: str | None = None
    ) -> Shelf:
        """Rename a shelf of one's own, or show it to others; both or neither; what is None stays.

        A shelf that is shown by a link gets an address that none had, and loses it when it is closed.

        Raises:
            SignInError, NotFoundError, InputError, ConflictError: as for making one; ForbiddenError: it is another's.
        """
        own = self._own_shelf(reader, number)
        new_name = None if name is None else _name(name)
        shown = None if visibility is None else _visibility(visibility)
        return self._store.shelves.change(own.id, name=new_name, visibility=shown, key=_key_for(shown))

    def remove_shelf(self, reader: Reader | None, number: int) -> None:
        """Remove a shelf of one's own; raises as ``change_shelf``."""
        self._store.shelves.remove(self._own_shelf(reader, number).id)

    def put(self, reader: Reader | None, number: int, id: str, note: str | None = None) -> None:  # noqa: A002
        """Put a paper on a shelf of one's own, or change its note; None leaves the note that there is.

        Raises:
            SignInError, NotFoundError, ForbiddenError: as ``change_shelf``.
        """
        own = self._own_shelf(reader, number)
        kept = None if note is None else one_line(note, LONGEST_NOTE)
        self._store.shelves.put(own.id, self._find(id), kept, self._clock())

    def save(self, reader: Reader | None, id: str) -> Shelf:  # noqa: A002
        """Put a paper on one's shelf "To read", which is made where there is none; return the shelf.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            NotFoundError: nothing has that id.
        """
        account, paper = require(reader, "shelves"), self._find(id)
        queue = self._store.shelves.ensure(account.id, QUEUE, self._clock())
        self._store.shelves.put(queue.id, paper, None, self._clock())
        return self._store.shelves.get(queue.id)

    def take(self, reader: Reader | None, number: int, id: str) -> None:  # noqa: A002
        """Take a paper off a shelf of one's own; raises as ``change_shelf``."""
        self._store.shelves.take(self._own_shelf(reader, number).id, self._find(id))

    def _own_shelf(self, reader: Reader | None, number: int) -> Shelf:
        found = self.shelf(reader, number)
        if reader is None or found.account_id != reader.account.id:
            raise ForbiddenError(f"the shelf {found.name!r} is somebody else's; only its owner changes it")
        return found


def _name(text: str) -> str:
    if not (name := one_line(text, LONGEST_NAME)):
        raise InputError("a shelf needs a name")
    return name


def _visibility(text: str) -> str:
    if text not in VISIBILITIES:
        raise InputError(f"a shelf is {', '.join(VISIBILITIES)}; not {text!r}")
    return text


def _key_for(visibility: str | None) -> str | None:
    return new_key() if visibility == "link" else None


def _check(limit: int, offset: int = 0) -> None:
    if limit < 1 or not 0 <= offset <= _FARTHEST:
        raise InputError(f"a limit of {limit} from {offset} on asks for nothing")
