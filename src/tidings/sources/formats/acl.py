"""The ACL Anthology's own XML: a collection of volumes of papers."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from lxml import etree

from tidings.errors import SourceError
from tidings.plain import collapse
from tidings.sources.formats.common import (
    Format,
    Outcome,
    abstract_of,
    content_start,
    ids_of,
    links_of,
    people,
    refusal,
    title_of,
    year_of,
)
from tidings.sources.formats.trees import declares_entities
from tidings.types import Record

_NEW_STYLE = re.compile(r"[12]\d{3}\.[a-z0-9]+")
_NOT_A_VENUE = frozenset(("ws",))
_PDF = "https://aclanthology.org/{}.pdf"


@dataclass(frozen=True, slots=True)
class _Volume:
    """What all papers of a volume share."""

    collection: str = ""
    name: str = ""
    title: str = ""
    venue: str | None = None
    year: int | None = None


def _matches(head: bytes) -> bool:
    return content_start(head)[:1] == b"<" and b"<collection" in head[:4096]


def _read(stream: IO[bytes], name: str) -> Iterator[Outcome]:
    """Yield the papers of a collection as its tags close, each forgotten at once. Refuse declared entities."""
    volume = _Volume()
    try:
        for _, element in _closed(stream):
            if element.tag == "meta":
                volume = _volume_of(element)
            elif element.tag == "paper":
                yield _outcome(element, volume, name)
                _forget(element)
    except (etree.XMLSyntaxError, SourceError) as error:
        yield refusal("acl", name, f"not XML that can be read: {error}")


def _closed(stream: IO[bytes]) -> Iterator[tuple[str, etree._Element]]:
    events = etree.iterparse(
        stream,
        events=("start", "end"),
        tag=("collection", "meta", "paper"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    for event, element in events:
        if event == "end":
            yield event, element
        elif element.tag == "collection" and declares_entities(element):
            raise SourceError("it declares entities of its own, which can grow without end; we read none of it")


def _volume_of(meta: etree._Element) -> _Volume:
    parent = meta.getparent()
    collection = parent.getparent() if parent is not None else None
    if parent is None or collection is None:
        raise SourceError("a volume outside of a collection")
    name = parent.get("id", "")
    year = year_of(meta.findtext("year"))
    venues = [text for venue in meta.iterfind("venue") if (text := _text(venue)) and text not in _NOT_A_VENUE]
    return _Volume(
        collection=collection.get("id", ""),
        name=name,
        title=_text(meta.find("booktitle")) or _text(meta.find("journal-title")),
        venue=_venue(venues[0], name, year) if venues else None,
        year=year,
    )


def _venue(venue: str, volume: str, year: int | None) -> str:
    """Return "ACL 2023", "Findings of EMNLP 2023" or, for a workshop, its letters."""
    readable = f"Findings of {volume.upper()}" if venue == "findings" else venue.upper()
    return f"{readable} {year}" if year else readable


def _outcome(paper: etree._Element, volume: _Volume, name: str) -> Outcome:
    try:
        return _record(paper, volume)
    except SourceError as error:
        where = f"{name}#{volume.collection}-{volume.name}.{paper.get('id', '?')}"
        return refusal("acl", where, error, _whole(paper, volume))


def _record(paper: etree._Element, volume: _Volume) -> Record:
    key = _anthology_id(volume.collection, volume.name, paper.get("id", ""))
    fields = {child.tag: child for child in paper if isinstance(child.tag, str)}
    doi = _text(fields.get("doi"))
    code = fields.get("pwccode")
    return Record(
        source="acl",
        key=key,
        title=title_of(_text(fields.get("title"))),
        abstract=abstract_of(_text(fields.get("abstract"))),
        authors=people(map(_person, paper.iterfind("author"))),
        ids=(f"acl:{key}", *ids_of(f"doi:{doi}" if doi else None)),
        venue=volume.venue,
        year=volume.year,
        journal=volume.title or None,
        links=links_of(pdf=_pdf(_text(fields.get("url"))), code=code.get("url") if code is not None else None),
        withdrawn="retracted" in fields or "removed" in fields,
    )


def _anthology_id(collection: str, volume: str, paper: str) -> str:
    """Return 2023.acl-long.1, or P99-1001 for the old style: https://aclanthology.org/info/ids/"""
    if _NEW_STYLE.fullmatch(collection):
        return f"{collection}-{volume}.{paper}"
    if not (volume.isdecimal() and paper.isdecimal() and collection):
        raise SourceError(f"no Anthology id: {collection}-{volume}.{paper}")
    is_workshop = collection[0] == "W" or collection == "C69" or (collection == "D19" and int(volume) >= 5)
    return (
        f"{collection}-{int(volume):02d}{int(paper):02d}"
        if is_workshop
        else f"{collection}-{int(volume)}{int(paper):03d}"
    )


def _pdf(url: str) -> str | None:
    return None if not url else url if url.startswith("http") else _PDF.format(url)


def _text(element: etree._Element | None) -> str:
    """Return the text of an element without its markup; formulas stand between dollars, as TeX wants them."""
    if element is None:
        return ""
    if not len(element):
        return collapse(element.text or "")
    return collapse("".join(_inner_text(element)))


def _inner_text(element: etree._Element) -> Iterator[str]:
    """Yield the texts inside an element; comments and entities have none."""
    yield element.text or ""
    for child in element:
        if child.tag == "tex-math":
            yield f"${''.join(_inner_text(child))}$"
        elif isinstance(child.tag, str):
            yield from _inner_text(child)
        yield child.tail or ""


def _person(author: etree._Element) -> str:
    return f"{author.findtext('first') or ''} {author.findtext('last') or ''}"


def _whole(paper: etree._Element, volume: _Volume) -> bytes:
    """Return the paper inside as much of its collection as reading it again needs."""
    root = etree.Element("collection", id=volume.collection)
    inner = etree.SubElement(root, "volume", id=volume.name)
    meta = etree.SubElement(inner, "meta")
    etree.SubElement(meta, "booktitle").text = volume.title
    etree.SubElement(meta, "year").text = str(volume.year or "")
    inner.append(copy.deepcopy(paper))
    return etree.tostring(root, encoding="utf-8")


def _forget(element: etree._Element) -> None:
    element.clear(keep_tail=True)
    while (before := element.getprevious()) is not None and before.tag == "paper":
        before.getparent().remove(before)  # type: ignore[union-attr]


ACL = Format("the ACL Anthology's XML", "acl", _matches, _read)
