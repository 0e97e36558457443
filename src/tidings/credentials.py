"""Secrets: made by chance, kept as hashes, compared in constant time.

Links, sessions and tokens are 256 bits of chance, so a plain SHA-256 of them cannot be reversed; passwords are chosen
by people and need a slow hash (Argon2id, RFC 9106).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from functools import cache
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tidings.errors import InputError

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1_000
_MARK = "tidings_"  # so that a token that lands in a public repository is recognised


def new_secret() -> str:
    """Return 256 bits of chance as text that an address can carry."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """Return a token for programs; its beginning says what it is."""
    return _MARK + new_secret()


def new_key() -> str:
    """Return 96 bits of chance: too many to guess, few enough to read out."""
    return secrets.token_urlsafe(12)


def digest(secret: str) -> str:
    """Return the hash under which a secret of chance is kept and found."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def equal(one: str, other: str) -> bool:
    """Tell whether two secrets are the same, in a time that says nothing of where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def hash_password(password: str) -> str:
    """Return the hash of a password.

    Raises:
        InputError: it is too short or too long, or not text.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise InputError(f"a password needs at least {SHORTEST_PASSWORD} characters")
    if len(password) > LONGEST_PASSWORD:
        raise InputError(f"a password has at most {LONGEST_PASSWORD:,} characters")
    try:
        typed = _as_typed(password)
    except UnicodeEncodeError as error:
        raise InputError("a password is made of characters") from error
    with _ONE_AT_A_TIME:
        return _hasher().hash(typed)


def is_password(password: str, hashed: str | None) -> bool:
    """Tell whether it is the password behind a hash. Without a hash it takes as long, and the answer is no."""
    try:
        with _ONE_AT_A_TIME:
            _hasher().verify(hashed or _nobodys(), _as_typed(password))
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return hashed is not None


# A hash takes 64 MB: many who try at once may wait for each other, but not for memory.
_ONE_AT_A_TIME = Lock()


def _as_typed(password: str) -> bytes:
    """Return the bytes of a password, the same from every keyboard (RFC 8265, section 4.2: NFC)."""
    return unicodedata.normalize("NFC", password).encode()


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash(new_secret())
