"""What a person shows after signing in: a session; and what a program shows: a token."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from tidings.catalog.archive import Archive
from tidings.catalog.words import LONGEST_LABEL, one_line
from tidings.credentials import digest, new_secret, new_token
from tidings.errors import InputError, NotFoundError, SignInError
from tidings.people import (
    IN_ADDRESSES,
    SCOPES,
    Account,
    Reader,
    Session,
    Token,
    require,
    require_person,
    require_recent,
    role_for,
)

SESSION_LIFE = timedelta(days=90)
LONGEST_TOKEN_LIFE = 3650  # days


class Keys(Archive):
    """Sessions and tokens; of both, only hashes are kept."""

    # --- sessions ---

    def _open_session(self, account: Account, label: str) -> str:
        secret, now = new_secret(), self._clock()
        label = one_line(label, LONGEST_LABEL) or "a browser"
        number = self._able(account).id
        self._store.proofs.open_session(number, digest(secret), label, now=now, expires=now + SESSION_LIFE)
        return secret

    def _able(self, account: Account) -> Account:
        if account.disabled:
            raise SignInError("this account is disabled; ask an administrator")
        return account

    def reader_of_session(self, secret: str) -> Reader | None:
        """Return who is signed in by a session's secret, if it still holds."""
        hashed = digest(secret)
        found = self._store.proofs.by_session(hashed, self._clock())
        if found is None or found[0].disabled:
            return None
        account, since = found
        return Reader(account, session=hashed, since=since)

    def sessions(self, reader: Reader | None) -> list[Session]:
        """Return where one is signed in.

        Raises:
            SignInError, ForbiddenError: nobody is signed in in person.
        """
        return self._store.proofs.sessions(require_person(reader).id, self._clock())

    def end_sessions(self, reader: Reader | None, ids: Collection[str] | None = None) -> None:
        """End the sessions of these ids, or all of one's own where None are named; raises as ``sessions``."""
        number = require_person(reader).id
        self._store.proofs.end_sessions(number, None if ids is None else list(ids))

    def sign_out(self, reader: Reader) -> None:
        """End the session that the reader came with."""
        if reader.session:
            self._store.proofs.end_sessions(reader.account.id, [reader.session])

    def forget(self) -> None:
        """Forget what lets nobody in any more, and who tried to get in more than a day ago; once an hour is enough."""
        self._store.proofs.forget(self._clock())

    # --- tokens ---

    def reader_of_token(self, token: str) -> Reader:
        """Return who a token stands for, and what it may.

        Raises:
            SignInError: nobody has that token, or it expired, or its account is disabled, or it is for addresses only.
        """
        reader = self._reader_of(token)
        if reader.scopes == IN_ADDRESSES:
            raise SignInError("this token is for the addresses of feeds, and for nothing else")
        return reader

    def reader_of_address(self, token: str) -> Reader:
        """Return who a token in the address of a feed stands for; only one that may nothing else belongs there.

        Raises:
            SignInError: as ``reader_of_token``, or the token may do more.
        """
        reader = self._reader_of(token)
        if reader.scopes != IN_ADDRESSES:
            raise SignInError("a token that may do more than read feeds does not belong in an address; revoke it")
        return reader

    def _reader_of(self, token: str) -> Reader:
        found = self._store.proofs.by_token(digest(token), self._clock())
        if found is None or found[0].disabled:
            raise SignInError("this token is not known, or has expired")
        account, scopes = found
        return Reader(account, scopes, is_program=True)

    def make_token(self, reader: Reader | None, label: str, scopes: Collection[str], days: int | None = None) -> str:
        """Return a new token; it can be seen this once. Without ``days`` it lasts until it is revoked.

        Raises:
            SignInError, ForbiddenError: nobody is signed in in person, or has not the role that a scope takes.
            SignInAgainError: one signed in too long ago.
            InputError: there is no such scope, or no scope at all, or so many days make no sense.
        """
        if not scopes:
            raise InputError(f"a token needs scopes among {', '.join(SCOPES)}")
        if days is not None and not 1 <= days <= LONGEST_TOKEN_LIFE:
            raise InputError(f"a token lasts from 1 to {LONGEST_TOKEN_LIFE:,} days, not {days}")
        account = require_recent(reader, self._clock())
        for scope in sorted(scopes, key=role_for):
            require(reader, scope)
        token, now, label = new_token(), self._clock(), one_line(label, LONGEST_LABEL) or "token"
        expires = now + timedelta(days=days) if days else None
        kept = [scope for scope in SCOPES if scope in scopes]
        self._store.proofs.add_token(account.id, digest(token), label, kept, now=now, expires=expires)
        return token

    def tokens(self, reader: Reader | None) -> list[Token]:
        """Return one's tokens; raises as ``sessions``."""
        return self._store.proofs.tokens(require_person(reader).id)

    def remove_token(self, reader: Reader | None, number: int) -> None:
        """Revoke a token of one's own; raises as ``sessions``.

        Raises:
            NotFoundError: one has no such token.
        """
        if not self._store.proofs.remove_token(require_person(reader).id, number):
            raise NotFoundError(f"you have no token {number}")
