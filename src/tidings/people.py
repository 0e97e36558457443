"""People: what flows about them, and what each role may do. Plain frozen data and one pure rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum

from tidings.errors import ForbiddenError, InputError, SignInAgainError, SignInError

RECENT = timedelta(minutes=15)
"""Whoever signed in so long ago at most may make another way in; a browser that was left open makes none."""


class Role(IntEnum):
    """What a member of this installation may do; a higher role may all that a lower one may."""

    READER = 1
    CURATOR = 2
    ADMIN = 3

    @classmethod
    def named(cls, name: str) -> Role:
        """Return the role of that name.

        Raises:
            InputError: there is none.
        """
        try:
            return cls[name.upper()]
        except KeyError as error:
            raise InputError(f"there is no role {name!r}; there are reader, curator and admin") from error

    def __str__(self) -> str:
        return self.name.lower()


# What a token may be used for; a session may do all that its account may. Each takes a role too, whoever asks.
_ROLE_FOR = {
    "read": Role.READER,
    "vote": Role.READER,
    "shelves": Role.READER,
    "submit": Role.READER,
    "interests": Role.READER,
    "digests": Role.READER,
    "feeds": Role.READER,
    "curate": Role.CURATOR,
    "admin": Role.ADMIN,
}
SCOPES = tuple(_ROLE_FOR)
# A token that may nothing but this stands in addresses, where others can read it, and is good for nothing else.
IN_ADDRESSES = frozenset({"feeds"})


@dataclass(frozen=True, slots=True)
class Account:
    """A person. ``is_named`` says whether others see the name beside votes and submissions."""

    id: int
    name: str
    email: str | None
    role: Role
    is_named: bool
    created: datetime
    seen: datetime | None = None
    disabled: bool = False
    has_password: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: an account, what it may be used for here, and the session where there is one: digest and beginning.

    A program comes with a token: it may never change what lets people in (``require_person``).
    """

    account: Account
    scopes: frozenset[str] = frozenset(SCOPES)
    session: str | None = None
    is_program: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A place where an account is signed in; ``id`` names it without letting anyone in."""

    id: str
    label: str
    created: datetime
    seen: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A key for programs, of which only a hash is kept."""

    id: int
    label: str
    scopes: tuple[str, ...]
    created: datetime
    used: datetime | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A place in the lab that waits for somebody."""

    id: int
    email: str
    role: Role
    by: str | None  # the name of whoever invites
    created: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Shelf:
    """A named list of papers. ``visibility`` is private, lab (every member) or link (whoever has its address)."""

    id: int
    account_id: int
    owner: str
    name: str
    visibility: str
    key: str | None  # part of the address that a shelf with a link has, and no other; cannot be guessed
    count: int
    created: datetime
    is_named: bool = True  # whether others see the owner's name


VISIBILITIES = ("private", "lab", "link")


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """A paper on a shelf, with a short note."""

    paper_id: int
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """That a member wants a paper read: it stands on a shelf of theirs that the lab sees.

    ``member`` is the name, None where others do not see it.
    """

    member: str | None
    shelf_id: int
    shelf: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote as ranking sees it: who, for what, when."""

    account_id: int
    paper_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What people here said of a paper: votes, who put it forward, whether a curator picked or hid it."""

    votes: int = 0
    voted: bool = False  # by the reader who asks
    submitter: str | None = None  # where that person chose to be named
    picked: date | None = None
    hidden: str | None = None  # the reason


@dataclass(frozen=True, slots=True)
class Act:
    """A line of the audit log: who did what to what. ``undone`` is the line that took it back.

    ``detail`` says what it became and ``was`` what it had been: the day of a pick, the reason for hiding, the role.
    """

    id: int
    at: datetime
    actor: str | None
    verb: str
    subject: str
    detail: str
    was: str = ""
    undone: int | None = None


def require(reader: Reader | None, scope: str) -> Account:
    """Return the account of a reader who may do what a scope is for.

    Raises:
        SignInError: nobody is signed in.
        ForbiddenError: the account is disabled or has not the role, or the token not the scope.
    """
    role = role_for(scope)
    if reader is None:
        raise SignInError("sign in first")
    if reader.account.disabled:
        raise ForbiddenError("this account is disabled")
    if reader.account.role < role:
        raise ForbiddenError(f"this needs the role {role}; yours is {reader.account.role}")
    if scope not in reader.scopes:
        raise ForbiddenError(f"this token has not the scope {scope}; make one that has")
    return reader.account


def require_person(reader: Reader | None, scope: str = "read") -> Account:
    """Return the account of a reader who may do what a scope is for and is there in person.

    Raises:
        SignInError: nobody is signed in.
        ForbiddenError: it is a program with a token, or as ``require``.
    """
    if reader is not None and reader.is_program:
        raise ForbiddenError("a token may not change what lets people in; sign in on the page")
    return require(reader, scope)


def require_recent(reader: Reader | None, now: datetime) -> Account:
    """Return the account of a reader who signed in lately, as whatever lets people in for longer takes.

    Where there is no session nobody could sign in again, nor need they: the owner is at the machine itself, and a
    trusted proxy vouches anew for each request.

    Raises:
        SignInError, ForbiddenError: as ``require_person``.
        SignInAgainError: the session was opened too long ago.
    """
    account = require_person(reader)
    if not is_recent(reader, now):
        raise SignInAgainError("you signed in some time ago; sign in again to make another way in")
    return account


def is_recent(reader: Reader | None, now: datetime) -> bool:
    """Tell whether a reader signed in lately, or has no session that could grow old."""
    return reader is None or reader.session is None or (reader.since is not None and now - reader.since <= RECENT)


def role_for(scope: str) -> Role:
    """Return the role that a scope takes.

    Raises:
        InputError: there is no such scope.
    """
    if scope not in _ROLE_FOR:
        raise InputError(f"there is no scope {scope!r}; there are {', '.join(SCOPES)}")
    return _ROLE_FOR[scope]
