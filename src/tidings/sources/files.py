"""Files into records: any known format, packed or not, found by content, read as a stream."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from tidings.errors import SourceError
from tidings.sources import streams
from tidings.sources.formats import FORMATS, format_of
from tidings.sources.formats.common import LONGEST_RAW, Outcome, refusal

_DEEPEST = 4  # archives inside archives
_MOST_NAMES = 100
_SPOOLED = 64 << 20
_ZSTANDARD = b"\x28\xb5\x2f\xfd"

Source = Path | IO[bytes]


class FileReader:
    """The records of a file, a folder or a stream, with how far the reading is.

    ``name`` is the file's. ``total_bytes`` is the size on disk, None for a stream; ``read_bytes`` grows towards it.
    ``passed_over`` names the first hundred members of an archive or folder that hold no papers. Iterating yields
    records and refusals; it raises SourceError only where nothing at all can be understood.
    """

    def __init__(self, source: Source, *, name: str | None = None) -> None:
        self._source = source
        self.name = name or (source.name if isinstance(source, Path) else "-")
        self._files, self._closed = _files_in(source) if isinstance(source, Path) else ([], [])
        self._understood = False
        self._is_empty = True
        self._damages = 0
        self.total_bytes = _size(self._files) if isinstance(source, Path) else None
        self.read_bytes = 0
        self.passed_over: list[str] = []

    def __iter__(self) -> Iterator[Outcome]:
        if isinstance(self._source, Path):
            for error in self._closed:
                yield refusal("file", str(error.filename), f"cannot be read: {error.strerror or error}")
            for file in self._files:
                yield from self._read_file(file)
        else:
            yield from self._read_stream(streams.counted(self._source, self._count), self.name, 0)
        if not self._understood:
            raise SourceError(f"{self.name}: {'there is nothing in it' if self._is_empty else _unknown()}")

    def _count(self, size: int) -> None:
        self.read_bytes += size

    def _read_file(self, file: Path) -> Iterator[Outcome]:
        is_member = file != self._source
        name = str(file.relative_to(self._source)) if is_member and isinstance(self._source, Path) else self.name
        try:
            opened = file.open("rb")
        except OSError as error:
            if not is_member:
                raise SourceError(f"{file}: cannot be read: {error.strerror or error}") from error
            yield refusal("file", name, f"cannot be read: {error.strerror or error}")
            return
        with opened:
            yield from self._read_stream(streams.counted(opened, self._count), name, 0, is_member=is_member)

    def _read_stream(self, stream: IO[bytes], name: str, depth: int, *, is_member: bool = False) -> Iterator[Outcome]:
        """Unpack until a format knows the content. What an archive holds besides papers is passed over."""
        source, damages = "file", self._damages
        try:
            head, stream = streams.peeked(stream)
            self._is_empty = self._is_empty and not head
            unpack = streams.decompressor(head)
            found = None if unpack or streams.is_tar(head) else format_of(head)
            if found is not None:
                source = found.source
                self._understood = True
                yield from found.read(stream, name)
            elif depth < _DEEPEST:
                yield from self._unpacked(head, stream, name, depth, is_member)
        except streams.DAMAGE as error:
            self._understood = True
            if damages == self._damages:  # else the member that was being read has said it
                self._damages += 1
                yield refusal(source, name, f"cut short or damaged: {error}; what stood before was read")

    def _unpacked(self, head: bytes, stream: IO[bytes], name: str, depth: int, is_member: bool) -> Iterator[Outcome]:
        unpack = streams.decompressor(head)
        if unpack is not None:
            yield from self._read_stream(unpack(stream), name, depth + 1, is_member=is_member)
        elif streams.is_tar(head):
            yield from self._read_tar(stream, depth)
        elif head.startswith((b"PK\3\4", b"PK\5\6")):
            yield from self._read_zip(stream, depth)
        elif not is_member and head.startswith(_ZSTANDARD):
            raise SourceError(f"{name}: compressed with zstd; unpack it first (zstd -d {name})")
        elif len(self.passed_over) < _MOST_NAMES:
            self.passed_over.append(name)

    def _read_tar(self, stream: IO[bytes], depth: int) -> Iterator[Outcome]:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield from self._read_stream(content, member.name, depth + 1, is_member=True)
                archive.members = []  # type: ignore[attr-defined] # it would remember every one it has passed

    def _read_zip(self, stream: IO[bytes], depth: int) -> Iterator[Outcome]:
        """A zip has its table of contents at the end, so a stream is first laid down in a file without a name."""
        with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as spooled:
            shutil.copyfileobj(stream, spooled)
            with zipfile.ZipFile(spooled) as archive:
                for member in archive.infolist():
                    if member.is_dir():
                        continue
                    with archive.open(member) as content:
                        yield from self._read_stream(content, member.filename, depth + 1, is_member=True)


def read(source: Source, *, name: str | None = None) -> Iterator[Outcome]:
    """Yield what a file, a folder or a binary stream holds: records, and refusals with their place and reason.

    Raise SourceError where nothing can be understood, naming the file and what would be.
    """
    yield from FileReader(source, name=name)


def retry(raw: bytes, source: str) -> Iterator[Outcome]:
    """Read a refused text again, as after a mended fault. ``source`` is the refusal's; never raises."""
    if len(raw) >= LONGEST_RAW:
        yield refusal(source, "retry", "only its beginning was kept; add its file again", raw)
        return
    try:
        yield from FileReader(io.BytesIO(raw), name="retry")
    except SourceError as error:
        yield refusal(source, "retry", error, raw)


def _files_in(path: Path) -> tuple[list[Path], list[OSError]]:
    """Return the file itself, or the files of a folder, sorted, and what its closed folders said.

    Hidden files are left out, and so are pipes and devices; a link that leads nowhere is not, so that it is reported.
    """
    closed: list[OSError] = []
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return [path], closed
        list(os.scandir(path))
    except FileNotFoundError as error:
        raise SourceError(f"{path}: no such file") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
    found = (Path(folder, name) for folder, _, names in os.walk(path, onerror=closed.append) for name in names)
    files = (file for file in found if not _is_hidden(file.relative_to(path)))
    return sorted(file for file in files if file.is_file() or (file.is_symlink() and not file.exists())), closed


def _size(files: Sequence[Path]) -> int | None:
    """Return the bytes that files have together; None where one is a pipe and nobody knows."""
    sizes = 0
    for file in files:
        with suppress(OSError):
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                return None
            sizes += status.st_size
    return sizes


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _unknown() -> str:
    return "nothing in it can be understood; we read " + "; ".join(each.name for each in FORMATS) + ", packed or not"
