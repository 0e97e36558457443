"""The ACL Anthology: its own XML, from a checkout or from a tar archive of one.

https://github.com/acl-org/acl-anthology holds one file for each collection in data/xml.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import msgspec

from tidings.errors import SourceError
from tidings.sources import streams
from tidings.sources.batches import gathered, read_cursor, write_cursor
from tidings.sources.formats.acl import ACL
from tidings.sources.formats.common import Outcome, refusal
from tidings.sources.registry import Means
from tidings.sources.source import Batch
from tidings.types import Limit

_MEMBER = re.compile(r"(?:^|/)data/xml/(?P<name>[^/]+\.xml)$")
_State = tuple[int, int]  # when a file was last written to, in nanoseconds since 1970, and its size


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of a checkout: the files that were read, each as it was then.

    Of an archive: its ETag and time, and the last file that was read of it where not all were yet.
    """

    files: dict[str, _State] = {}
    etag: str | None = None
    modified: str | None = None
    member: str | None = None


class Acl:
    """Every paper of the Anthology, file by file; a file that did not change is not read again."""

    name = "acl"
    private = False

    def __init__(self, means: Means) -> None:
        self._settings = means.settings.acl
        self._client = means.client
        parts = urlsplit(self._settings.place)
        self._is_address = parts.scheme in {"http", "https"}
        self.limit = Limit(parts.hostname or "acl", 1.0) if self._is_address else Limit("acl", 0.0)

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        """Yield the papers of the files that changed since the last run.

        Raises:
            FetchError: the archive could not be had.
            SourceError: it is no archive of the Anthology, or is damaged, or the folder is none.
        """
        state = read_cursor(cursor, _Cursor)
        yield from self._from_archive(state) if self._is_address else self._from_folder(state)

    # --- a checkout ---

    def _from_folder(self, state: _Cursor) -> Iterator[Batch]:
        folder = Path(self._settings.place).expanduser() / "data" / "xml"
        try:
            found = {path.name: (path, _state(path)) for path in sorted(folder.glob("*.xml"))}
        except OSError as error:
            raise SourceError(f"{folder}: cannot be read: {error.strerror or error}") from error
        if not found:
            raise SourceError(
                f"{folder}: no XML of the Anthology; TIDINGS_ACL_PLACE names a checkout or an archive of it"
            )
        files = {name: known for name, known in state.files.items() if name in found}
        changed = {name: path for name, (path, now) in found.items() if files.get(name) != now}

        def done(name: str) -> None:
            files[name] = found[name][1]

        opened = ((name, _read(path)) for name, path in changed.items())
        yield from gathered(opened, done, lambda: write_cursor(_Cursor(files=files)), write_cursor(state))

    # --- an archive ---

    def _from_archive(self, state: _Cursor) -> Iterator[Batch]:
        whole = state if state.member is None else _Cursor()
        with self._client.download(self._settings.place, self.limit, etag=whole.etag, modified=whole.modified) as (
            answer,
            file,
        ):
            if answer.unchanged:
                return
            is_same = answer.etag is not None and answer.etag == state.etag
            begun = _Cursor(etag=answer.etag, modified=answer.modified, member=state.member if is_same else None)
            yield from self._from_tar(file, begun)

    def _from_tar(self, file: IO[bytes], begun: _Cursor) -> Iterator[Batch]:
        member = begun.member

        def done(name: str) -> None:
            nonlocal member
            member = name

        def cursor() -> str:
            return write_cursor(msgspec.structs.replace(begun, member=member))

        try:
            yield from gathered(_members(file, begun.member), done, cursor, cursor())
        except streams.DAMAGE as error:
            raise SourceError(f"{self._settings.place}: cut short or damaged: {error}") from error
        if member is None:
            raise SourceError(f"{self._settings.place}: no archive of the Anthology: nothing in it is data/xml/*.xml")
        yield Batch((), write_cursor(msgspec.structs.replace(begun, member=None)))

    # --- the calendar, of which there is none ---

    def rewind(self, cursor: str | None, since: date) -> str:  # noqa: ARG002
        """Return the cursor that reads everything again: the Anthology does not say when a paper came."""
        return write_cursor(_Cursor())

    def due(self, now: datetime) -> datetime:
        """Return when the Anthology is looked at next."""
        return now + timedelta(minutes=self._settings.every)

    def behind(self, newest: date | None, now: datetime) -> int:  # noqa: ARG002
        """Return 0: proceedings come when they come."""
        return 0


def _state(path: Path) -> _State:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _read(path: Path) -> Iterator[Outcome]:
    try:
        with path.open("rb") as stream:
            yield from ACL.read(stream, path.name)
    except OSError as error:
        yield refusal("acl", path.name, f"cannot be read: {error.strerror or error}")


def _members(file: IO[bytes], after: str | None) -> Iterator[tuple[str, Iterator[Outcome]]]:
    """Yield the collections of an archive in its order, from the one after ``after``."""
    with tarfile.open(fileobj=file, mode="r|*") as archive:
        for member in archive:
            match = _MEMBER.search(member.name)
            content = archive.extractfile(member) if match and member.isfile() and after is None else None
            if match and content is not None:
                yield match["name"], ACL.read(content, match["name"])
            elif match and match["name"] == after:
                after = None
            archive.members = []  # type: ignore[attr-defined] # it would remember every one it has passed
