"""Links in mails that act for their reader: signed, so that nobody makes one up, and whoever has one needs no account.

A link says what it is for, of which subscription, in which edition and of which paper, with an HMAC-SHA256 over that
(RFC 2104; 128 bits of it, section 5). Nothing is stored, so links of old mails work as long as the secret is kept.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from struct import Struct
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

from tidings.errors import InputError, NotFoundError, StoreError
from tidings.mail import site_address
from tidings.settings import Settings

CONFIRM, LEAVE, CHANGE, PAUSE = "confirm", "leave", "change", "pause"
LIKE, DISMISS, SAVE = "like", "dismiss", "save"

LIVES = {
    CONFIRM: timedelta(days=7),
    LEAVE: None,  # RFC 8058: whoever finds an old mail can still leave
    CHANGE: None,
    PAUSE: None,
    LIKE: timedelta(days=60),
    DISMISS: timedelta(days=60),
    SAVE: timedelta(days=60),
}
"""What links are for, and for how long they work; None is for ever."""

BY_MAIL = "unsubscribe"
"""What the subject of a mail says, and then the token of a link to leave, of whoever leaves by mail."""

_FILE = "secret"
_SHORTEST_SECRET = 16  # bytes
_CLAIM = Struct(">IIIH")  # subscription, edition, paper, day
_FIRST_DAY = date(2020, 1, 1)
_MAC_BYTES = 16
_ASKING = re.compile(rf"\b{BY_MAIL}\s+([A-Za-z0-9_-]{{40}})(?![A-Za-z0-9_-])", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{40}")  # 30 bytes: no padding, and one spelling only


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link says. ``edition`` and ``paper`` are 0 where it is about none; ``day`` is when it was made."""

    purpose: str
    subscription: int
    edition: int
    paper: int
    day: date


class Linker:
    """Makes the signed links of an installation, and reads them."""

    def __init__(self, secret: bytes, site: str) -> None:
        self._secret = secret
        self.site = site
        """The address that readers know, without a slash at its end."""

    @classmethod
    def of(cls, settings: Settings) -> Linker:
        """Return what signs with the secret of an installation; it is made where there is none.

        Raises:
            InputError: the settings do not say where links lead, or the file with the secret cannot be used.
            StoreError: the secret cannot be kept in the home folder.
        """
        return cls(secret_of(settings), site_address(settings))

    def link(self, claim: Claim) -> str:
        """Return the address that says so."""
        return f"{self.site}/mail/{claim.purpose}/{self.token(claim)}"

    def token(self, claim: Claim) -> str:
        """Return a claim as 40 characters that an address can carry."""
        day = (claim.day - _FIRST_DAY).days
        body = _CLAIM.pack(claim.subscription, claim.edition, claim.paper, day)
        return base64.urlsafe_b64encode(body + self._mac(claim.purpose, body)).decode()

    def read(self, purpose: str, token: str, now: datetime) -> Claim:
        """Return what a link for that purpose says.

        Raises:
            NotFoundError: it is none of ours, or for something else, or too old.
        """
        raw = base64.urlsafe_b64decode(token) if _TOKEN.fullmatch(token) else b""
        body, mac = raw[: _CLAIM.size], raw[_CLAIM.size :]
        if purpose not in LIVES or not hmac.compare_digest(mac, self._mac(purpose, body)):
            raise NotFoundError("this link is not whole: copy all of it from the mail")
        subscription, edition, paper, days = _CLAIM.unpack(body)
        claim = Claim(purpose, subscription, edition, paper, _FIRST_DAY + timedelta(days=days))
        life = LIVES[purpose]
        if life is not None and now.date() - claim.day > life:
            raise NotFoundError(f"this link was for {life.days} days; a newer mail has a newer one")
        return claim

    def left_by(self, subject: str, now: datetime) -> int | None:
        """Return the subscription that a mail with such a subject is to end; None where it asks for none of ours."""
        match = _ASKING.search(subject)
        if match is None:
            return None
        try:
            return self.read(LEAVE, match[1], now).subscription
        except NotFoundError:
            return None

    def mark(self, text: str) -> str:
        """Return 16 letters that only this installation gives a text: for ids that others must not meet."""
        return self._mac("mark", text.encode())[:8].hex()

    def edition(self, subscription: int, edition: int, day: date) -> EditionLinks:
        """Return the links in an edition made on a day; its number is 0 for a preview."""
        return EditionLinks(self, subscription, edition, day)

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.digest(self._secret, purpose.encode() + b"\0" + body, "sha256")[:_MAC_BYTES]


@dataclass(frozen=True, slots=True)
class EditionLinks:
    """The links in one edition for one reader."""

    linker: Linker
    subscription: int
    edition: int
    day: date

    @property
    def site(self) -> str:
        """The address that readers know."""
        return self.linker.site

    @property
    def host(self) -> str:
        """The name of the host that readers know."""
        return urlsplit(self.site).hostname or "localhost"

    @property
    def mark(self) -> str:
        """What tells this edition from every other one, of another installation too."""
        return self.linker.mark(f"edition {self.edition} of {self.subscription}")

    def to(self, purpose: str, paper: int = 0) -> str:
        """Return the link for a purpose, perhaps of a paper."""
        return self.linker.link(Claim(purpose, self.subscription, self.edition, paper, self.day))

    def token(self, purpose: str) -> str:
        """Return what the link for a purpose ends with."""
        return self.linker.token(Claim(purpose, self.subscription, self.edition, 0, self.day))


# --- the secret ---


def secret_of(settings: Settings) -> bytes:
    """Return the secret that links are signed with: of the file that is named, else of one in the home folder.

    Raises:
        InputError: the file that is named cannot be read, or holds too little.
        StoreError: the one in the home folder cannot be read, or made.
    """
    if settings.secret_file is not None:
        try:
            return _long_enough(settings.secret_file.expanduser())
        except OSError as error:
            raise InputError(f"TIDINGS_SECRET_FILE cannot be read: {error}") from error
    try:
        return _own_secret(settings.root / _FILE)
    except OSError as error:
        raise StoreError(f"the secret that links are signed with cannot be kept: {error}") from error


def _own_secret(path: Path) -> bytes:
    """Return the secret in a file, made where there is none. Of processes that make it at once, one wins for all."""
    from filelock import FileLock  # brings asyncio with it, and only the first start needs it

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                _write(path, secrets.token_urlsafe(32).encode())
    return _long_enough(path)


def _write(path: Path, secret: bytes) -> None:
    """Write a file whole or not at all. A temporary file is its owner's alone (mode 0600) from the first byte on."""
    with NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _long_enough(path: Path) -> bytes:
    secret = path.read_bytes().strip()
    if len(secret) < _SHORTEST_SECRET:
        raise InputError(f"{path} holds {len(secret)} bytes; a secret needs at least {_SHORTEST_SECRET}")
    return secret
