"""One file per kind of file; the first format that knows the first bytes reads the rest."""

from __future__ import annotations

from tidings.sources.formats.acl import ACL
from tidings.sources.formats.common import Format
from tidings.sources.formats.json_files import JSON

FORMATS: tuple[Format, ...] = (JSON, ACL)


def format_of(head: bytes) -> Format | None:
    """Return the format of a file that begins so, None where none knows it."""
    return next((each for each in FORMATS if each.matches(head)), None)
