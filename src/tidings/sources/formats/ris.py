"""RIS: lines of a tag and a value, from TY to ER."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from tidings.errors import SourceError
from tidings.sources.formats.common import Format, Outcome, content_start, first_last, refusal
from tidings.sources.formats.references import Reference, from_reference
from tidings.sources.streams import text_lines

_LONGEST_RECORD = 4 << 20
_KNOWN = re.compile(rb"(?:^|\r)[ \t]*TY {0,2}- ?\w", re.MULTILINE)
_TAG = re.compile(r"\s?(?P<tag>[A-Z][A-Z0-9]) {0,2}-(?: (?P<value>.*)|\s*$)", re.DOTALL)

_Fields = dict[str, list[str]]


def _matches(head: bytes) -> bool:
    return _KNOWN.search(content_start(head)[:8192]) is not None


def _read(stream: IO[bytes], name: str) -> Iterator[Outcome]:
    for number, lines in _records(text_lines(stream)):
        try:
            yield from_reference(_reference(_fields(lines)))
        except SourceError as error:
            yield refusal("ris", f"{name}:{number}", error, "".join(lines))


def _records(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, lines) from a TY to its ER; one without an ER ends where the next begins and has said something."""
    record: list[str] = []
    start, size = 0, 0
    for number, line in enumerate(lines, start=1):
        tag = _TAG.match(line)
        name = tag["tag"] if tag else ""
        if (name == "TY" and len(record) > 1) or name == "ER":
            if record:
                yield start, record
            record = []
        if name == "TY" and not record:
            start, size, record = number, 0, [line]
        elif record and size < _LONGEST_RECORD:
            record.append(line)
            size += len(line)
    if record:
        yield start, record


def _fields(lines: list[str]) -> _Fields:
    """Return the values by tag; a line without a tag continues the one before."""
    fields: _Fields = {}
    values: list[str] = []
    for line in lines:
        match = _TAG.match(line)
        if match:
            values = fields.setdefault(match["tag"], [])
            values.append((match["value"] or "").strip())
        elif values:
            values[-1] = f"{values[-1]} {line.strip()}"
    return fields


def _first(fields: _Fields, *tags: str) -> str:
    return next((value for tag in tags for value in fields.get(tag, ()) if value), "")


def _all(fields: _Fields, *tags: str) -> tuple[str, ...]:
    return tuple(value for tag in tags for value in fields.get(tag, ()) if value)


def _reference(fields: _Fields) -> Reference:
    urls = _all(fields, "UR", "L2", "LK")
    return Reference(
        source="ris",
        title=_first(fields, "TI", "T1", "CT", "BT"),
        authors=tuple(map(first_last, _all(fields, "AU") or _all(fields, "A1"))),
        abstract=_first(fields, "AB", "N2"),
        venue=_first(fields, "T2", "JO", "JF", "JA", "J2", "C3"),
        year=_first(fields, "PY", "Y1", "DA"),
        keywords=tuple(word for value in _all(fields, "KW") for word in value.split(";")),
        doi=_first(fields, "DO"),
        url=urls[0] if urls else "",
        mentions=(*urls, *_all(fields, "M1", "M3", "AN", "N1", "C7", "SE")),
    )


RIS = Format("RIS", "ris", _matches, _read)
