"""BibTeX and BibLaTeX, entry by entry: a broken entry is refused and the next one read.

Our own reader: the libraries hold the whole file and its copy, and none gives a broken entry back with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO

from tidings.errors import SourceError
from tidings.sources.formats.common import Format, Outcome, content_start, first_last, refusal
from tidings.sources.formats.references import Reference, from_reference
from tidings.sources.streams import LONGEST_LINE, text_lines
from tidings.tex import readable

_LONGEST_ENTRY = 4 << 20
_START = re.compile(r"\s*@\s*(?P<type>[A-Za-z]+)\s*(?P<opening>[{(])")
_LATER_START = re.compile(_START.pattern.removeprefix(r"\s*"))  # searched for: blanks must not be tried from each
_SURE_START = re.compile(r"@[A-Za-z]+\s*[{(][^\s={}\"]*\s*,")  # where an unclosed entry must have ended
_KNOWN = re.compile(
    rb"(?:^|\r)[ \t]*@\s*"
    rb"(?:[A-Za-z]{3,30}\s*[{(]\s*(?:[^\s={}\"]*\s*,|[A-Za-z]+\s*=|\})|(?:string|comment|preamble)\s*[{(])",
    re.MULTILINE | re.IGNORECASE,
)
_KEY = re.compile(r"[^,={}\"]*(?:,|(?=[})]\s*$))")
_NAME = re.compile(r"[\s,]*(?P<name>[^\s={},\"#()]+)\s*=\s*")
_BARE = re.compile(r"[^\s,#{}\"()]+")
_BRACE_OR_QUOTE = re.compile(r"\\.|[{}\"]", re.DOTALL)
_BRACE = re.compile(r"[{}]")
_JOIN = re.compile(r"\s*#\s*")
_END = re.compile(r"[\s,]*[})]")
_AND = re.compile(" and ", re.IGNORECASE)
_NO_PAPER = frozenset(("string", "comment", "preamble"))
_MONTHS = {
    name: name.title() for name in ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
}


def _matches(head: bytes) -> bool:
    return _KNOWN.search(content_start(head)) is not None


def _read(stream: IO[bytes], name: str) -> Iterator[Outcome]:
    macros: dict[str, str] = dict(_MONTHS)
    for number, kind, text in _entries(text_lines(stream)):
        try:
            if kind == "string":
                macros.update(_fields(text, _START.match(text).end(), macros))  # type: ignore[union-attr]
            elif kind not in _NO_PAPER:
                yield from_reference(_reference(_entry(text, macros)))
        except SourceError as error:
            if kind not in _NO_PAPER:
                yield refusal("bibtex", f"{name}:{number}", error, text)


def _entries(lines: Iterator[str]) -> Iterator[tuple[int, str, str]]:
    """Yield (line, type, text) from an ``@`` to its closing brace, or to the next entry where none closes it."""
    block: list[str] = []
    start, depth, size = 0, 0, 0
    for number, line in enumerate(lines, start=1):
        if block and _SURE_START.match(line):
            yield from _split(start, "".join(block))
            block = []
        if not block:
            start, depth, size = number, 0, 0
        if block or _START.match(line):
            depth += line.count("{") - line.count("}")
            block.append(line[: max(0, LONGEST_LINE - size)])
            size += len(line)
            if depth <= 0 and _may_close(block, line):
                yield from _split(start, "".join(block))
                block = []
    if block:
        yield from _split(start, "".join(block))


def _may_close(block: list[str], line: str) -> bool:
    """An entry in parentheses has its braces balanced on every line, and ends where a line does with a parenthesis."""
    opening = _START.match(block[0])
    return opening is None or opening["opening"] == "{" or line.rstrip().endswith(")")


def _split(number: int, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the entries of a text that begins with one; rarely there are several on one line."""
    start, counted = _START.match(text), 0
    while start:
        end = _end(text, start)
        number, counted = number + text.count("\n", counted, start.start("type")), start.start("type")
        yield number, start["type"].lower(), text[start.start() : end].lstrip()
        start = _LATER_START.search(text, end)


def _end(text: str, start: re.Match[str]) -> int:
    try:
        return _closing_brace(text, start.end() - 1) if start["opening"] == "{" else len(text)
    except SourceError:
        return len(text)


def _entry(text: str, macros: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of an entry, lower-case names, macros put in. Refuse one that is too long or does not close."""
    if len(text) > _LONGEST_ENTRY:
        raise SourceError("an entry that is never closed, or longer than any")
    start = _START.match(text)
    if start is None:
        raise SourceError("no entry")
    key = _KEY.match(text, start.end())
    return _fields(text, key.end() if key else start.end(), macros)


def _fields(text: str, position: int, macros: Mapping[str, str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    while name := _NAME.match(text, position):
        value, position = _value(text, name.end(), macros)
        fields.setdefault(name["name"].lower(), value)
    if not _END.match(text, position):
        line = text.count("\n", 0, position) + 1
        raise SourceError(f"a field or a closing brace expected on line {line} of the entry")
    return fields


def _value(text: str, position: int, macros: Mapping[str, str]) -> tuple[str, int]:
    """Return a value, its parts joined, and where it ends."""
    parts = []
    while True:
        opening = text[position : position + 1]
        if opening == "{":
            end = _closing_brace(text, position)
            parts.append(text[position + 1 : end - 1])
        elif opening == '"':
            end = _closing_quote(text, position)
            parts.append(text[position + 1 : end - 1])
        else:
            bare = _BARE.match(text, position)
            end = bare.end() if bare else position
            parts.append(macros.get(bare[0].lower(), bare[0]) if bare else "")
        joined = _JOIN.match(text, end)
        if joined is None:
            return "".join(parts), end
        position = joined.end()


def _closing_brace(text: str, position: int) -> int:
    depth = 0
    for brace in _BRACE.finditer(text, position):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.end()
    raise SourceError("a brace that is never closed")


def _closing_quote(text: str, position: int) -> int:
    depth = 0
    for mark in _BRACE_OR_QUOTE.finditer(text, position + 1):
        if mark[0] == "{":
            depth += 1
        elif mark[0] == "}":
            depth -= 1
        elif mark[0] == '"' and depth == 0:
            return mark.end()
    raise SourceError("a quotation mark that is never closed")


def _reference(fields: Mapping[str, str]) -> Reference:
    title = fields.get("title", "")
    subtitle = fields.get("subtitle", "")
    eprint = fields.get("eprint", "")
    kind = (fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv").lower()
    return Reference(
        source="bibtex",
        title=readable(f"{title}: {subtitle}" if title and subtitle else title),
        authors=tuple(_people(fields.get("author", ""))),
        abstract=readable(fields.get("abstract", "")),
        venue=readable(fields.get("journal") or fields.get("journaltitle") or fields.get("booktitle") or ""),
        year=fields.get("year") or fields.get("date") or "",
        keywords=tuple(re.split("[;,]", readable(fields.get("keywords") or fields.get("keyword") or ""))),
        doi=fields.get("doi", "").replace("\\", ""),
        arxiv=fields.get("arxivid") or (eprint if kind == "arxiv" else ""),
        url=fields.get("url", "").replace("\\", ""),
        mentions=(fields.get("note", ""), fields.get("howpublished", ""), fields.get("number", "")),
    )


def _people(text: str) -> Iterator[str]:
    """Yield names in reading order; "and" inside braces belongs to a name, and "others" is nobody."""
    for name in _outside_braces(text):
        whole = name.strip()
        if whole.startswith("{") and whole.endswith("}") and _closing_brace(whole, 0) == len(whole):
            yield readable(whole)
        elif whole and whole.lower() != "others":
            yield first_last(readable(whole))


def _outside_braces(text: str) -> Iterator[str]:
    text = " ".join(text.split())
    if "{" not in text:
        yield from _AND.split(text)
        return
    start = 0
    for joint in _AND.finditer(text):
        before = text[start : joint.start()]
        if before.count("{") == before.count("}"):
            yield before
            start = joint.end()
    yield text[start:]


BIBTEX = Format("BibTeX", "bibtex", _matches, _read)
