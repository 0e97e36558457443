"""Folders that are watched for files with papers: whatever ``tidings add`` understands."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from tidings.errors import InputError, SourceError
from tidings.sources.batches import gathered, read_cursor, write_cursor
from tidings.sources.files import FileReader
from tidings.sources.formats.common import Outcome, refusal
from tidings.sources.registry import Means
from tidings.sources.source import Batch
from tidings.types import Limit

_STILL = timedelta(seconds=5)  # a file that was written to since then may not be whole
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".swp", "~")

_State = tuple[int, int]  # when a file was last written to, in nanoseconds since 1970, and its size


class _Cursor(msgspec.Struct, frozen=True):
    """The files that were read to their end, each as it was then."""

    files: dict[str, _State] = {}


class Folder:
    """Every file below the folders, once, and again when it changes. Its records keep the sources they name.

    Links are followed, each folder is entered once. Hidden files are passed over and so are those that are being
    downloaded; a file that was just written to waits for the next look.
    """

    name = "folder"
    private = False
    limit = Limit("folder", 0.0)

    def __init__(self, means: Means) -> None:
        self._settings = means.settings.folder
        if not self._settings.paths:
            raise InputError("the folder source needs TIDINGS_FOLDER_PATHS: the folders to watch")
        self._folders = [Path(path).expanduser() for path in self._settings.paths]
        self._now = means.now

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        """Yield what new and changed files hold; a file that nobody can read is one refusal.

        Raises:
            SourceError: none of the folders is there.
        """
        missing = [folder for folder in self._folders if not folder.is_dir()]
        if len(missing) == len(self._folders):
            raise SourceError(f"no such folder: {', '.join(map(str, missing))}")
        before = read_cursor(cursor, _Cursor).files
        found = {_text(path): path for path in self._files()}
        known = {name: state for name, state in before.items() if name in found or _is_below(name, missing)}
        changed = [name for name, path in found.items() if self._is_to_be_read(path, known.get(name))]
        if missing:
            yield Batch((), write_cursor(_Cursor(before)), note=f"no such folder: {', '.join(map(str, missing))}")
        yield from self._batches({name: found[name] for name in changed}, known, write_cursor(_Cursor(before)))

    def _batches(self, changed: dict[str, Path], known: dict[str, _State], stored: str) -> Iterator[Batch]:
        begun: dict[str, _State | None] = {}

        def opened() -> Iterator[tuple[str, Iterator[Outcome]]]:
            for name, path in changed.items():
                begun[name] = _state(path)
                yield name, _outcomes(path)

        def done(name: str) -> None:
            state = _state(changed[name])
            if state is not None and state == begun[name]:  # else it changed under our eyes: the next look reads it
                known[name] = state

        yield from gathered(opened(), done, lambda: write_cursor(_Cursor(known)), stored)

    def _files(self) -> Iterator[Path]:
        entered: set[tuple[int, int]] = set()
        for folder in self._folders:
            for place, folders, names in os.walk(folder, followlinks=True):
                number = _number(Path(place))
                if number is None or number in entered:  # gone meanwhile, or a link to where we were
                    folders.clear()
                    continue
                entered.add(number)
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                yield from (Path(place, name) for name in sorted(names) if _is_finished(name))

    def _is_to_be_read(self, path: Path, known: _State | None) -> bool:
        state = _state(path)
        if state is None or state == known or not state[1]:
            return False
        age = self._now() - datetime.fromtimestamp(state[0] / 1e9, UTC)
        return not timedelta(0) <= age < _STILL

    def rewind(self, cursor: str | None, since: date) -> str:
        """Return the cursor that reads the files again that were written to since that day."""
        start = datetime(since.year, since.month, since.day, tzinfo=UTC).timestamp() * 1e9
        files = read_cursor(cursor, _Cursor).files
        return write_cursor(_Cursor({name: state for name, state in files.items() if state[0] < start}))

    def due(self, now: datetime) -> datetime:
        """Return when the folders are looked at next."""
        return now + timedelta(minutes=self._settings.every)

    def behind(self, newest: date | None, now: datetime) -> int:  # noqa: ARG002
        """Return 0: files come when they come."""
        return 0


def _is_finished(name: str) -> bool:
    return not name.startswith(".") and not name.lower().endswith(_UNFINISHED)


def _number(folder: Path) -> tuple[int, int] | None:
    """Return what a folder is known by, however it is reached."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _state(path: Path) -> _State | None:
    """Return the state of a file that can be read; None for what is gone, closed, or no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode) or not os.access(path, os.R_OK):
        return None
    return status.st_mtime_ns, status.st_size


def _text(path: Path) -> str:
    """Return the path as text that JSON can hold; bytes that are no characters stand by number."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_below(name: str, folders: Sequence[Path]) -> bool:
    """Whether a file lies in one of the folders: what a drive that is not there now holds is not forgotten."""
    return any(name.startswith(_text(folder) + os.sep) for folder in folders)


def _outcomes(path: Path) -> Iterator[Outcome]:
    try:
        yield from FileReader(path)
    except SourceError as error:
        yield refusal("folder", _text(path), error)
