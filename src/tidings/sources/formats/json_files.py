"""JSON in files: one object per line, a list of objects, or one object, told apart by content and read as a stream."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any

from tidings.errors import SourceError
from tidings.sources.formats.common import LONGEST_RAW, Format, Outcome, content_start, refusal
from tidings.sources.formats.shapes import Reader, loads, shape_of
from tidings.sources.streams import LONGEST_LINE, numbered_lines, peeked

_CHUNK = 1 << 18
_FIRST = re.compile(rb"[\[{]\s*(?:[\"'{\[\]}]|$)")
# A paper has one of these near its beginning, even one whose title comes after three thousand authors.
_MARKS = (b'"title"', b'"src"', b'"paper"', b'"authors"', b"'title'", b"'paper'")
_DECODER = json.JSONDecoder(strict=False)
_NOT_TEXT = re.compile("[\udc80-\udcff]")  # where such an escape is written out in ASCII, it is not this
_BLANK = " \t\r\n"
_TOO_LONG = f"longer than {LONGEST_LINE >> 20} MiB: no paper is"


def _matches(head: bytes) -> bool:
    start = content_start(head)
    if start.rstrip() == b"[]":  # a day without papers
        return True
    if _FIRST.match(start) is None or not any(mark in start for mark in _MARKS):
        return False
    try:
        value, _ = _DECODER.raw_decode(start.removeprefix(b"[").lstrip().decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return True  # damaged, or longer than what is seen of it: the marks must do
    return isinstance(value, str) or shape_of(value) is not None or (isinstance(value, dict) and "data" in value)


def _read(stream: IO[bytes], name: str) -> Iterator[Outcome]:
    head, stream = peeked(stream)
    start = content_start(head)
    reader = Reader(name)
    if start.startswith(b"["):
        yield from _read_list(stream, name, reader)
    elif _is_lines(start):
        yield from _read_lines(stream, name, reader)
    else:
        yield from _read_object(stream, name, reader)


def _is_lines(start: bytes) -> bool:
    """A first line that is a whole value, or too long to be seen whole, is one of many."""
    line, newline, rest = start.partition(b"\n")
    if not newline:
        return len(start) >= 4096
    return len(line) > 200 or any(map(_is_object, (line, *rest.split(b"\n", 3)[:2])))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(loads(line), dict)
    except SourceError:
        return False


def _read_lines(stream: IO[bytes], name: str, reader: Reader) -> Iterator[Outcome]:
    for number, line in numbered_lines(stream):
        if len(line) > LONGEST_LINE:
            yield refusal(reader.source, f"{name}:{number}", _TOO_LONG, line)
        else:
            yield from reader.line(line, f"{name}:{number}")


def _read_object(stream: IO[bytes], name: str, reader: Reader) -> Iterator[Outcome]:
    text = stream.read(LONGEST_LINE + 1)
    if len(text) > LONGEST_LINE:
        yield refusal(reader.source, name, _TOO_LONG, text)
        return
    yield from reader.line(text.removeprefix(codecs.BOM_UTF8), name)


def _read_list(stream: IO[bytes], name: str, reader: Reader) -> Iterator[Outcome]:
    """Read item after item, so that a long list is never held and a list cut short gives its beginning."""
    for position, (item, problem) in enumerate(_items(stream)):
        where = f"{name}[{position}]"
        if problem:
            yield refusal(reader.source, where, problem, item[:LONGEST_RAW].encode("utf-8", "surrogateescape"))
        else:
            yield from reader.value(item, where)


def _items(stream: IO[bytes]) -> Iterator[tuple[Any, str]]:
    """Yield the items of a JSON list, or what stands in their place and what is wrong with it."""
    text = _Window(stream)
    text.skip(_BLANK + "[\ufeff")
    while text.skip(_BLANK + ","):
        if text.rest.startswith("]"):
            return
        try:
            value, raw = text.value()
        except SourceError as error:
            yield text.rest, str(error)
            return
        broken = "" if raw.isascii() else _NOT_TEXT.search(raw)
        yield (raw, f"not UTF-8: byte {ord(broken[0]) - 0xDC00:#04x}") if broken else (value, "")


class _Window:
    """The part of a stream's text that is looked at; it grows until a value is whole."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._ended = False
        self.rest = ""

    def skip(self, characters: str) -> bool:
        """Pass over those characters; tell whether anything follows."""
        self.rest = self.rest.lstrip(characters)
        while not self.rest and self._grow(_CHUNK):
            self.rest = self.rest.lstrip(characters)
        return bool(self.rest)

    def value(self) -> tuple[Any, str]:
        """Return the next value and its text. Refuse one that is no JSON, is cut short, or is longer than any paper."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.rest)
            except json.JSONDecodeError as error:
                self._more(f"not JSON: {error.msg}")
            except (RecursionError, ValueError) as error:
                raise SourceError("not JSON that can be read: too deep, or a number too long") from error
            else:
                raw, self.rest = self.rest[:end], self.rest[end:]
                return value, raw

    def _more(self, problem: str) -> None:
        if len(self.rest) > LONGEST_LINE:
            raise SourceError(_TOO_LONG)
        if not self._grow(max(_CHUNK, len(self.rest))):  # doubling keeps the repeated attempts linear
            raise SourceError(problem)

    def _grow(self, size: int) -> bool:
        if self._ended:
            return False
        data = self._stream.read(size)
        self._ended = not data
        self.rest += self._decoder.decode(data, final=self._ended)
        return not self._ended


JSON = Format("JSON: arXiv metadata, Daily Papers, proceedings, Tidings' own records", "file", _matches, _read)
