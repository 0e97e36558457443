"""One file per kind of file; the first format that knows the first bytes reads the rest."""

from __future__ import annotations

from tidings.sources.formats.acl import ACL
from tidings.sources.formats.arxiv_xml import ARXIV_XML
from tidings.sources.formats.bibtex import BIBTEX
from tidings.sources.formats.common import Format
from tidings.sources.formats.json_files import JSON
from tidings.sources.formats.listing import LISTING
from tidings.sources.formats.ris import RIS
from tidings.sources.formats.zotero import ZOTERO

FORMATS: tuple[Format, ...] = (JSON, ACL, ARXIV_XML, ZOTERO, LISTING, RIS, BIBTEX)


def format_of(head: bytes) -> Format | None:
    """Return the format of a file that begins so, None where none knows it."""
    return next((each for each in FORMATS if each.matches(head)), None)
