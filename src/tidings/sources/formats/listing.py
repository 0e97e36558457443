"""The saved text of a page of trending papers: a few lines of the page, then titles and abstracts in turn.

Two layouts: blank lines between all blocks, or none and the page's last word glued to the first title.
The page says a day but no year, so no date is taken from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from tidings.errors import SourceError
from tidings.plain import collapse
from tidings.sources.formats.common import Format, Outcome, abstract_of, fingerprint, refusal, title_of
from tidings.sources.streams import text_lines
from tidings.types import Record

_SIGN = b"trending papers in your email inbox"
_HEADER = re.compile(
    r"new|get trending papers .*|subscribe|by.{0,200} and the research community|[a-z]{3,9} \d{1,2}", re.IGNORECASE
)
_GLUED = "Subscribe"
_LONGEST_TITLE = 250  # of 269 real ones the longest has 140 characters, and the shortest abstract 300
_SHORTEST_ABSTRACT = 120


def _matches(head: bytes) -> bool:
    return _SIGN in head[:4096].lower()


def _read(stream: IO[bytes], name: str) -> Iterator[Outcome]:
    for number, title, abstract in _papers(_blocks(text_lines(stream))):
        try:
            clean = title_of(title)
            yield Record(source="listing", key=fingerprint(clean), title=clean, abstract=abstract_of(abstract))
        except SourceError as error:
            yield refusal("listing", f"{name}:{number}", error, f"Get {_SIGN.decode()}!\n{title}\n{abstract}")


def _blocks(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of the blocks after the page's own words."""
    in_header = True
    for number, line in enumerate(lines, start=1):
        text = collapse(line)
        if in_header and text:
            if _HEADER.fullmatch(text):
                continue
            in_header = False
            text = text.removeprefix(_GLUED).lstrip()
        if text:
            yield number, text


def _papers(blocks: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    """Yield (line, title, abstract). A title may stand without abstract, and an abstract may have paragraphs."""
    start, title, abstract = 0, "", ""
    for number, text in blocks:
        is_abstract = len(text) > _LONGEST_TITLE or (
            not abstract and len(text) >= _SHORTEST_ABSTRACT and text[-1] in ".!?"
        )
        if title and is_abstract:
            abstract = f"{abstract} {text}".strip()
            continue
        if title:
            yield start, title, abstract
        start, title, abstract = number, text, ""
    if title:
        yield start, title, abstract


LISTING = Format("the saved text of a trending-papers page", "listing", _matches, _read)
