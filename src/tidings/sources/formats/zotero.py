"""The CSV that Zotero exports, known by its columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import IO

from tidings.errors import SourceError
from tidings.sources.formats.common import Format, Outcome, content_start, first_last, refusal
from tidings.sources.formats.references import Reference, from_reference
from tidings.sources.streams import text_lines

_LONGEST_FIELD = 1 << 20
_KNOWN = re.compile(rb'^(?=[^\n]*"?Item Type"?,)(?=[^\n]*"?Title"?,)')
_NO_PAPER = frozenset(("note", "attachment", "annotation"))


def _matches(head: bytes) -> bool:
    return _KNOWN.match(content_start(head)) is not None


def _read(stream: IO[bytes], name: str) -> Iterator[Outcome]:
    csv.field_size_limit(_LONGEST_FIELD)  # a quote that is never closed must not swallow the file
    rows = csv.reader(text_lines(stream))
    header = next(rows)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield refusal("zotero", f"{name}:{rows.line_num}", f"not CSV: {error}")
            continue
        yield from _outcome(header, row, f"{name}:{rows.line_num}")


def _outcome(header: list[str], row: list[str], where: str) -> Iterator[Outcome]:
    fields = dict(zip(header, row, strict=False))
    if not any(row) or fields.get("Item Type", "").lower() in _NO_PAPER:
        return
    try:
        yield from_reference(_reference(fields))
    except SourceError as error:
        yield refusal("zotero", where, error, _as_csv(header, row))


def _reference(fields: dict[str, str]) -> Reference:
    tags = f"{fields.get('Manual Tags', '')};{fields.get('Automatic Tags', '')}"
    venue = fields.get("Publication Title") or fields.get("Conference Name") or fields.get("Proceedings Title")
    return Reference(
        source="zotero",
        title=fields.get("Title", ""),
        authors=tuple(map(first_last, fields.get("Author", "").split(";"))),
        abstract=fields.get("Abstract Note", ""),
        venue=venue or "",
        year=fields.get("Publication Year") or fields.get("Date") or "",
        keywords=tuple(tags.split(";")),
        doi=fields.get("DOI", ""),
        url=fields.get("Url", ""),
        mentions=tuple(fields.get(name, "") for name in ("Extra", "Number", "Archive Location", "Call Number")),
    )


def _as_csv(header: list[str], row: list[str]) -> str:
    """Return the row under its header, so that it can be read again by itself."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows((header, row))
    return text.getvalue()


ZOTERO = Format("Zotero's CSV", "zotero", _matches, _read)
