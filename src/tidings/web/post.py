"""Sending mail beside answering: the answer goes first, so the time it takes says nothing about whose address it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from email.message import EmailMessage
from functools import cached_property

import anyio
import anyio.to_thread
from starlette.background import BackgroundTask

from tidings import mail
from tidings.catalog import Catalog
from tidings.catalog.signing import INVITATION_LIFE, LINK_LIFE, Letter
from tidings.digest.links import CONFIRM, LIVES, Claim, Linker
from tidings.errors import InputError, TidingsError
from tidings.settings import Settings
from tidings.types import Subscription

_log = logging.getLogger(__name__)

_AT_ONCE = 2
"""Mails that leave at once: a server that is slow must not hold the threads that answer requests."""


class Post:
    """The way that letters take to their readers."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self._catalog, self._settings = catalog, settings

    @cached_property
    def _limiter(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(_AT_ONCE)

    @property
    def lacks(self) -> str | None:
        """What is missing so that mail can be sent, in words; None where nothing is."""
        try:
            mail.check(self._settings)
        except InputError as error:
            return str(error)
        return None

    @cached_property
    def mails(self) -> bool:
        """Whether mail can be sent."""
        return self.lacks is None

    def link(self, letter: Letter, following: str = "") -> str:
        """Return the link of a letter, for whoever hands it over by another way.

        Raises:
            InputError: the settings do not say where links lead.
        """
        return mail.link_to(self._settings, letter.secret, following)

    def later(self, letter: Letter, following: str) -> BackgroundTask:
        """Return what sends a letter once the answer is out; a failure is in the log."""
        return BackgroundTask(self._try, letter, following)

    @cached_property
    def linker(self) -> Linker:
        """What makes the signed links of mails, and reads them.

        Raises:
            InputError: the settings do not say where links lead, or where the secret is.
            StoreError: the secret cannot be kept.
        """
        return Linker.of(self._settings)

    def confirmation(self, subscription: Subscription) -> BackgroundTask:
        """Return what asks an address, once the answer is out, whether it wants a digest; a failure is in the log."""
        return BackgroundTask(self._try_message, lambda: self._asked(subscription))

    def _asked(self, subscription: Subscription) -> EmailMessage:
        now = self._catalog.now()
        link = self.linker.link(Claim(CONFIRM, subscription.id, 0, 0, now.date()))
        days = LIVES[CONFIRM]
        assert days is not None, "a link that confirms must end"
        return mail.confirmation_mail(self._settings, subscription.address, link, now, days=days.days)

    async def send(self, letter: Letter) -> None:
        """Send a letter now.

        Raises:
            MailError: the server did not take it.
            InputError: a setting is missing.
        """
        message = self._written(letter, "")
        await anyio.to_thread.run_sync(mail.send, self._settings.mail, message, limiter=self._limiter)

    async def _try(self, letter: Letter, following: str) -> None:
        await self._try_message(lambda: self._written(letter, following))

    async def _try_message(self, written: Callable[[], EmailMessage]) -> None:
        try:
            message = written()
            await anyio.to_thread.run_sync(mail.send, self._settings.mail, message, limiter=self._limiter)
        except TidingsError as error:
            _log.error("%s", error)

    def _written(self, letter: Letter, following: str) -> EmailMessage:
        link, now = self.link(letter, following), self._catalog.now()
        if letter.kind == "invitation":
            return mail.invitation_mail(self._settings, letter.to, link, now, days=INVITATION_LIFE.days, by=letter.by)
        minutes = int(LINK_LIFE.total_seconds()) // 60
        return mail.sign_in_mail(self._settings, letter.to, link, now, minutes=minutes)
