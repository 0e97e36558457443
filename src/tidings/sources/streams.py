"""Bytes before they mean anything: counted, decompressed, cut into lines, never held as a whole."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import ReadableBuffer, WriteableBuffer

HEAD = 1 << 16  # bytes by which a format is known
LONGEST_LINE = 16 << 20
_BUFFER = 1 << 18
_RETURN = re.compile(r"(?<=\r)(?!\n)")
_BYTE_ORDER_MARK = codecs.BOM_UTF8

# What a stream raises where it was cut short or its bytes were changed.
DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error, tarfile.TarError, zipfile.BadZipFile)


class Joined(io.RawIOBase):
    """A stream whose first bytes were already read, with a count of the bytes that went through."""

    def __init__(self, head: bytes, rest: IO[bytes], count: Callable[[int], None] | None = None) -> None:
        self._head = head
        self._rest = rest
        self._count = count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data: ReadableBuffer = self._head[: len(view)] if self._head else self._rest.read(len(view))
        if self._head:
            self._head = self._head[len(view) :]
        elif self._count is not None:
            self._count(len(memoryview(data)))
        view[: len(memoryview(data))] = data
        return len(memoryview(data))


class FromUtf16(io.RawIOBase):
    """UTF-16 told by its mark, read as UTF-8; what is no character becomes U+FFFD."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while not self._pending:
            data = self._stream.read(_BUFFER)
            text = self._decoder.decode(data, final=not data)
            self._pending = text.encode("utf-8", "replace")
            if not data:
                break
        part = self._pending[: len(view)]
        self._pending = self._pending[len(view) :]
        view[: len(part)] = part
        return len(part)


def counted(stream: IO[bytes], count: Callable[[int], None]) -> IO[bytes]:
    """Return the stream, buffered, telling ``count`` of every byte taken from it."""
    return io.BufferedReader(Joined(b"", stream, count), _BUFFER)


def peeked(stream: IO[bytes]) -> tuple[bytes, IO[bytes]]:
    """Return the first bytes of a stream and the stream as if they had not been read."""
    parts: list[bytes] = []
    missing = HEAD
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    head = b"".join(parts)
    return head, io.BufferedReader(Joined(head, stream), _BUFFER)


def decompressor(head: bytes) -> Callable[[IO[bytes]], IO[bytes]] | None:
    """Return what unpacks a stream that begins so, None where nothing is to be done."""
    if head.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile
    if head.startswith(b"\x1f\x8b"):
        return lambda stream: cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        return bz2.BZ2File
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return lambda stream: cast("IO[bytes]", io.BufferedReader(FromUtf16(stream)))
    return None


def is_tar(head: bytes) -> bool:
    """Tell a tar archive by its first header, whose checksum must fit."""
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def numbered_lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, line) of lines that say something, without a byte order mark.

    A line over 16 MiB comes cut to that many bytes plus one; the rest of it is passed over, never held.
    """
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if len(line) > LONGEST_LINE:
            skip_line(stream, line)
            yield number, line
        elif not line.isspace() and line:
            yield number, line


def skip_line(stream: IO[bytes], line: bytes) -> None:
    """Read on to the end of a line of which ``line`` is the beginning."""
    while line and not line.endswith(b"\n"):
        line = stream.readline(1 << 20)


def decoded(data: bytes) -> str:
    """Return text that is UTF-8, else Windows-1252, which old exports are written in."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def text_lines(stream: IO[bytes]) -> Iterator[str]:
    """Yield decoded lines with their ends (also those of old Macs); one over 16 MiB is cut and its rest passed over."""
    mark = _BYTE_ORDER_MARK
    while line := stream.readline(LONGEST_LINE):
        if not line.endswith(b"\n"):
            skip_line(stream, line)
        text = decoded(line.removeprefix(mark)).replace("\0", "")
        mark = b""
        if "\r" in text[:-2]:
            yield from _RETURN.split(text)
        else:
            yield text
