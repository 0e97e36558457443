"""Topics kept: fitted anew at night, new papers placed, and what curators say of them."""

from __future__ import annotations

from collections.abc import Callable

from tidings.catalog.topics import Topics
from tidings.catalog.words import LONGEST_NAME, one_line
from tidings.errors import InputError
from tidings.people import Reader, require
from tidings.types import RefitReport, Topic

RefitProgress = Callable[[str], None]
"""Told what is being done now, in a few words."""


class TopicCare(Topics):
    """Changing topics. Whatever a curator says is a line of the audit log, and can be undone there (``undo``)."""

    # --- the machine ---

    def refit(self, *, full: bool = False, progress: RefitProgress | None = None) -> RefitReport:
        """Bring the topics up to date with the archive; a little by default, anew where there are none or ``full``.

        Topics keep their numbers. Until all of it is written, what was there before is served, also when this is
        killed.

        Raises:
            BusyError: another process is doing it.
            StoreError: the disk is full, or refuses.
        """
        raise NotImplementedError

    def place(self) -> int:
        """Give papers that have no topic yet the nearest one; return how many those were. None before the first fit.

        Raises:
            BusyError: another process is doing it.
        """
        raise NotImplementedError

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
        raise NotImplementedError

    def pin_topic(self, reader: Reader | None, which: int | str, pinned: bool = True) -> int:
        """Let a topic stay, whatever a refit finds, or not any more. Return the line of the log.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            NotFoundError: there is no such topic.
            ConflictError: that is so already.
        """
        account, found = require(reader, "curate"), self._living_topic(which)
        return self._store.topics.pin(found.id, pinned, account.id, self._clock())

    def _living_topic(self, which: int | str) -> Topic:
        return self._find_topic(which, self._living_topics())
