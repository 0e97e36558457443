"""Addresses that mail comes back from, and those that get no mail."""

from __future__ import annotations

from datetime import timedelta

from tidings.catalog.archive import Archive
from tidings.catalog.words import email_of, one_line
from tidings.errors import InputError, NotFoundError
from tidings.people import Reader, require
from tidings.types import Returned, Suppressed

_LONGEST_REASON = 500


class Returns(Archive):
    """What came back, and what is done about it: an address that is suppressed gets no mail, whoever subscribes it."""

    def suppressed(self, reader: Reader | None) -> list[Suppressed]:
        """Return the addresses that get no mail, the latest first.

        Raises:
            SignInError, ForbiddenError: the reader is no administrator.
        """
        require(reader, "admin")
        return self.all_suppressed()

    def suppress(self, reader: Reader | None, address: str, reason: str) -> None:
        """Let an address get no mail, whoever subscribes it; what it is subscribed to stops. Raises as ``suppressed``.

        Raises:
            InputError: it is no address.
        """
        require(reader, "admin")
        why = one_line(reason, _LONGEST_REASON) or "an administrator said so"
        self._store.subscriptions.suppress(email_of(address), why, self._clock())

    def unsuppress(self, reader: Reader | None, address: str) -> None:
        """Let an address be subscribed again. Raises as ``suppressed``.

        Raises:
            InputError: it is no address.
            NotFoundError: it gets mail.
        """
        require(reader, "admin")
        self.allow_address(address)

    def returned(self, reader: Reader | None, *, limit: int = 100) -> list[Returned]:
        """Return what came back, the latest first; raises as ``suppressed``."""
        require(reader, "admin")
        return self.all_returned(limit=limit)

    def take_return(self, reader: Reader | None, address: str, kind: str, detail: str) -> str | None:
        """Note what came back, as a mail service tells by a call; return why the address gets no more mail, if so.

        ``kind`` is hard, soft or complaint. Raises as ``suppressed``.

        Raises:
            InputError: it is no address, or there is no such kind.
        """
        require(reader, "admin")
        return self.note_return(email_of(address), kind, detail)

    # --- from the command line, and by whoever reads the mailbox ---

    def all_suppressed(self) -> list[Suppressed]:
        """Return the addresses that get no mail, the latest first."""
        return self._store.subscriptions.suppressed()

    def all_returned(self, *, limit: int = 100) -> list[Returned]:
        """Return what came back, the latest first."""
        return self._store.subscriptions.returned(limit)

    def allow_address(self, address: str) -> None:
        """Let an address be subscribed again; raises as ``unsuppress``."""
        if not self._store.subscriptions.unsuppress(email_of(address)):
            raise NotFoundError(f"{address} is not among those that get no mail")

    def note_return(self, address: str, kind: str, detail: str, *, once: bool = False) -> str | None:
        """Note what came back for an address; return why it gets no more mail from now on, if that is so.

        What was noted in the same words before is not noted again, where it came but ``once``.

        Raises:
            InputError: there is no such kind.
        """
        if kind not in ("hard", "soft", "complaint"):
            raise InputError(f"what comes back is hard, soft or a complaint; not {kind[:20]!r}")
        now, rules = self._clock(), self.settings.digest
        return self._store.subscriptions.note_return(
            address,
            kind,
            one_line(detail, _LONGEST_REASON),
            once=once,
            now=now,
            soft=rules.soft_bounces,
            since=now - timedelta(days=rules.soft_days),
        )
