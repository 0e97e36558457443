"""One tree of errors. Each has a code; the code decides the HTTP status and the exit status, here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class TidingsError(Exception):
    """Base of all errors we raise on purpose. The message is a sentence for the person who has to act on it."""

    code = "error"
    http_status = 500
    exit_status = 1


class QueryError(TidingsError):
    """A query that cannot be read. ``position`` counts characters from 0; ``suggestion`` is a query that would work."""

    code = "query"
    http_status = 400
    exit_status = 2

    def __init__(self, message: str, position: int = 0, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.position = position
        self.suggestion = suggestion


class InputError(TidingsError):
    """An argument that makes no sense: a cursor of another query, a limit of 0, an unknown sort."""

    code = "input"
    http_status = 400
    exit_status = 2


class NotFoundError(TidingsError):
    """Nothing has that id."""

    code = "not_found"
    http_status = 404
    exit_status = 3


class SignInError(TidingsError):
    """Nobody is signed in, or what was shown as proof is wrong, used or too old."""

    code = "sign_in"
    http_status = 401
    exit_status = 8


class SignInAgainError(SignInError):
    """Somebody is signed in, but too long ago for what is to be done."""


class ForbiddenError(TidingsError):
    """The person is known and may not do that."""

    code = "forbidden"
    http_status = 403
    exit_status = 8


class ConflictError(TidingsError):
    """What is there already forbids it: a name that is taken, the last administrator."""

    code = "conflict"
    http_status = 409
    exit_status = 2


class TooManyError(TidingsError):
    """Too many attempts. ``retry_after`` is how many seconds to wait."""

    code = "too_many"
    http_status = 429
    exit_status = 7

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SourceError(TidingsError):
    """A source, a file or a record that cannot be understood."""

    code = "source"
    http_status = 502
    exit_status = 4


class FetchError(SourceError):
    """A source that did not answer, or refused to. ``status`` is its HTTP status where it had one;
    ``retry_at`` is when it asked to be left alone until, or when trying again makes sense.
    """

    code = "fetch"

    def __init__(self, message: str, *, status: int | None = None, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_at = retry_at


class PausedError(FetchError):
    """What we allow ourselves to ask of a host is used up, or it asked for a pause: the work goes on by itself."""

    code = "paused"

    def __init__(self, message: str, *, retry_at: datetime) -> None:
        super().__init__(message, retry_at=retry_at)


class MailError(TidingsError):
    """A mail that its server did not take."""

    code = "mail"
    http_status = 502
    exit_status = 4


class BusyError(TidingsError):
    """Another process is doing that work now."""

    code = "busy"
    http_status = 409
    exit_status = 7


class StoreError(TidingsError):
    """The home folder or the database cannot be used: read-only, full, locked, or made by a newer version."""

    code = "store"
    http_status = 503
    exit_status = 5


class IndexUnavailableError(TidingsError):
    """The index is missing, damaged or of another version; ``what`` says which, the cure is always the same."""

    code = "index"
    http_status = 503
    exit_status = 6

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; the next `tidings add` makes it again, or `tidings doctor --rebuild`")
