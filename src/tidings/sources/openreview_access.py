"""How OpenReview is asked: anonymously, or with a login where one is set. https://docs.openreview.net/reference/api-v2"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from tidings.errors import FetchError, InputError
from tidings.sources.client import Answer, Params
from tidings.sources.formats.common import moment_of
from tidings.sources.registry import Means
from tidings.types import Limit

_REFUSED = timedelta(hours=24)
_RESET = re.compile(r'"resetTime"\s*:\s*"?(?P<said>\d{13}|[0-9T:.Z+-]{19,40})')
_ASK_FOR_LOGIN = "OpenReview refuses anonymous access; give TIDINGS_OPENREVIEW_USER and TIDINGS_OPENREVIEW_KEY_FILE"


class _Token(msgspec.Struct, frozen=True):
    token: str


class Access:
    """Asking OpenReview's API through its gate."""

    limit = Limit("openreview.net", 2.0, most=90, window=1800.0)

    def __init__(self, means: Means) -> None:
        """Take what it may use.

        Raises:
            InputError: only one half of a login is set.
        """
        self._settings = means.settings.openreview
        self._password = self._settings.key
        if (self._settings.user is None) != (self._password is None):
            raise InputError("a login at OpenReview needs TIDINGS_OPENREVIEW_USER and TIDINGS_OPENREVIEW_KEY_FILE both")
        self._client, self._now = means.client, means.now
        self._url = self._settings.url.rstrip("/")
        self._token: str | None = None  # in memory only: it opens the account for a while

    def get(self, path: str, parameters: Params) -> Answer:
        """Ask with the login where there is one, and log in again where the token has lapsed.

        Raises:
            FetchError: OpenReview did not answer, or refuses; ``retry_at`` is then a day away.
        """
        if self._settings.user and self._token is None:
            self._log_in()
        try:
            return self._ask(path, parameters)
        except FetchError as error:
            if error.status != 401 or self._token is None:
                raise self._explained(error) from error
        self._log_in()
        try:
            return self._ask(path, parameters)
        except FetchError as error:
            raise self._explained(error) from error

    def _ask(self, path: str, parameters: Params) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        answer = self._client.get(f"{self._url}/{path}", self.limit, params=parameters, headers=headers)
        if answer.body.lstrip()[:1] == b"<":  # the page of a browser check, in the place of notes
            raise FetchError(f"{answer.url} answered with a web page", status=403)
        return answer

    def _log_in(self) -> None:
        login = {"id": self._settings.user, "password": self._password}
        try:
            answer = self._client.post(f"{self._url}/login", self.limit, json=login)
        except FetchError as error:
            if error.status in {400, 401, 403}:
                said = f"OpenReview does not accept the login of {self._settings.user}"
                raise FetchError(said, status=error.status, retry_at=self._now() + _REFUSED) from error
            raise self._explained(error) from error
        self._token = answer.json(_Token).token

    def _explained(self, error: FetchError) -> FetchError:
        """Return the error as a sentence for whoever can act on it, and with the time when asking makes sense again."""
        if error.status in {401, 403}:
            who = self._settings.user
            said = f"OpenReview refuses what {who} asks for, too" if who else _ASK_FOR_LOGIN
            return FetchError(said, status=error.status, retry_at=self._now() + _REFUSED)
        if error.status == 429:
            told = [moment for moment in (_reset_of(error), error.retry_at) if moment]
            retry_at = min(max(told), self._now() + _REFUSED) if told else None
            return FetchError("OpenReview asks to wait: too many requests", status=429, retry_at=retry_at)
        return error


def _reset_of(error: FetchError) -> datetime | None:
    """Return the time that is said in the refusal, the beginning of which our client puts into its sentence."""
    match = _RESET.search(str(error))
    if match is None:
        return None
    said = match["said"]
    return datetime.fromtimestamp(int(said) / 1000, UTC) if said.isdecimal() else moment_of(said)
