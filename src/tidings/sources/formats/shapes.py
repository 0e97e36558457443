"""The shapes of JSON objects that are papers, and which shape an object has."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from tidings.errors import SourceError
from tidings.sources.formats import arxiv, daily, own, proceedings
from tidings.sources.formats.common import Outcome, refusal
from tidings.types import Record

_LITERAL = (b"{'", b"{ '")
_LONGEST_LITERAL = 4 << 20


@dataclass(frozen=True, slots=True)
class Shape:
    """A struct that lines decode into, and what makes a record of it."""

    source: str
    struct: type
    decoder: msgspec.json.Decoder[Any]
    record: Callable[[Any, str], Record]


def _shape(source: str, struct: type, record: Callable[[Any], Record]) -> Shape:
    return Shape(source, struct, msgspec.json.Decoder(struct), lambda value, _name: record(value))


_LISTED = _shape("arxiv", arxiv.Listed, arxiv.from_listed)
_SNAPSHOT = _shape("arxiv", arxiv.Snapshot, arxiv.from_snapshot)
_PROCEEDINGS = _shape("proceedings", proceedings.Line, proceedings.from_line)
_SAMPLE = _shape("sample", own.Sample, own.from_sample)
_RECORD = _shape("record", Record, own.from_record)
_DAILY = Shape("huggingface", daily.Item, msgspec.json.Decoder(daily.Item), daily.from_item)


def shape_of(value: Any) -> Shape | None:  # noqa: PLR0911 - a table in the form of code: the order matters
    """Return the shape of a decoded object by the fields it has, None where it is no paper that we know."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("paper"), dict):
        return _DAILY
    if "source" in value and "key" in value:
        return _RECORD
    if "summary" in value and "area" in value:
        return _SAMPLE
    if isinstance(value.get("categories"), str) and "id" in value:
        return _SNAPSHOT
    if "categories" in value and "id" in value:
        return _LISTED
    if isinstance(value.get("src"), str) and value["src"].endswith(".json"):
        return _PROCEEDINGS
    return None


class Reader:
    """Turns JSON texts and objects into records, expecting the next to have the shape of the last."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shape: Shape | None = None

    @property
    def source(self) -> str:
        return self._shape.source if self._shape else "file"

    def line(self, line: bytes, where: str) -> Iterator[Outcome]:
        """Yield the record of one JSON text, or its refusal; the fast way first."""
        shape = self._shape
        if shape is not None:
            try:
                yield shape.record(shape.decoder.decode(line), self._name)
            except (msgspec.MsgspecError, UnicodeDecodeError, SourceError):
                pass  # another shape, or damaged: the slow way finds out which
            else:
                return
        try:
            value = loads(line)
        except SourceError as error:
            if line.startswith(_LITERAL):
                yield from self._literal(line.decode("utf-8", "replace"), where)
            else:
                yield refusal(self.source, where, error, line)
        else:
            yield from self.value(value, where, line)

    def value(self, value: Any, where: str, raw: bytes | None = None) -> Iterator[Outcome]:
        """Yield the records of a decoded object: one paper, an item written as a Python literal, or a wrapped list."""
        if isinstance(value, str):
            yield from self._literal(value, where)
        elif isinstance(value, dict) and isinstance(value.get("data"), list):
            for position, item in enumerate(value["data"]):
                yield from self.value(item, f"{where}[{position}]")
        else:
            yield self._record(value, where, raw)

    def _record(self, value: Any, where: str, raw: bytes | None) -> Outcome:
        shape = shape_of(value)
        try:
            if shape is None:
                raise SourceError("an object that is no paper in any shape we know")
            self._shape = shape
            return shape.record(msgspec.convert(value, shape.struct, strict=False), self._name)
        except (msgspec.ValidationError, SourceError, RecursionError) as error:
            return refusal(shape.source if shape else self.source, where, error, raw or _encoded(value))

    def _literal(self, text: str, where: str) -> Iterator[Outcome]:
        """Some recorded days hold what Python printed instead of JSON; it is read as data, never run."""
        try:
            if len(text) > _LONGEST_LITERAL:
                raise SourceError("a text instead of an object, and too long to be read as one")
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, SourceError):
            yield refusal(self.source, where, "a text that is no JSON object", text)
        else:
            yield self._record(value, where, text.encode("utf-8", "surrogatepass"))


def loads(line: bytes) -> Any:
    """Return the value of a JSON text, also one with lone surrogates or NaN. Refuse anything else, with the reason."""
    try:
        return json.loads(line.decode("utf-8"), strict=False)
    except UnicodeDecodeError as error:
        raise SourceError(f"not UTF-8: byte {line[error.start]:#04x} at {error.start:,}") from error
    except json.JSONDecodeError as error:
        raise SourceError(f"not JSON: {error.msg} at {error.pos:,}") from error
    except (RecursionError, ValueError) as error:  # nested without end, or a number of thousands of digits
        raise SourceError("not JSON that can be read: too deep, or a number too long") from error


def _encoded(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError):
        return b""
