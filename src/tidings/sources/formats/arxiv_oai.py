"""Records of arXiv as its OAI-PMH interface writes them: arXivRaw with all versions, arXiv, and Dublin Core.

https://info.arxiv.org/help/oa/index.html, and the templates in github.com/arXiv/oaipmh, which tell what the
documentation does not: a version that withdraws the paper has the source type I; ``created`` of the format arXiv is
since March 2025 the day of the latest version; ``acm-class`` carries the MSC classes (it is not read).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lxml import etree

from tidings import identifiers
from tidings.errors import SourceError
from tidings.sources.formats.arxiv import MONTHS, categories_of, is_withdrawn, mail_date, names_of, unscrambled
from tidings.sources.formats.common import abstract_of, day_of, first_last, ids_of, note_of, people, title_of
from tidings.sources.formats.trees import local_name
from tidings.types import Link, Record, Version

_ID_PREFIX = "oai:arXiv.org:"
_WITHDRAWAL = "I"

Texts = dict[str, list[str]]
Header = etree._Element | None


@dataclass(frozen=True, slots=True)
class Described:
    """A record, the day of its last change at arXiv, and when its first version was submitted, as arXiv writes it."""

    record: Record
    stamp: date | None = None
    submitted: str | None = None

    @property
    def submitted_at(self) -> datetime | None:
        """When the first version was submitted; None where that is not said to the second."""
        parts = (self.submitted or "").split()
        try:
            day, month, year, clock = parts[1:5]
            return datetime.fromisoformat(f"{year}-{MONTHS[month]}-{day:0>2}T{clock}").replace(tzinfo=UTC)
        except (ValueError, KeyError):
            return None


def is_deleted(element: etree._Element) -> bool:
    """Tell whether a record only says that it is no more. arXiv has none so far: what is withdrawn is described."""
    header = _child(element, "header")
    return header is not None and header.get("status") == "deleted"


def name_of(element: etree._Element) -> str | None:
    """Return the arXiv id that a record's header names, be it one or not; None where it names none."""
    return _text(_child(element, "header"), "identifier").removeprefix(_ID_PREFIX) or None


def describe(element: etree._Element) -> Described:
    """Return what a ``<record>`` says.

    Raises:
        SourceError: it lacks an id or a title, or is of a format that we do not read.
    """
    header, metadata = _child(element, "header"), _child(element, "metadata")
    body = next(metadata.iterchildren("*"), None) if metadata is not None else None
    reader = _READERS.get(local_name(body)) if body is not None else None
    if body is None or reader is None:
        raise SourceError(f"no metadata in a format that we read ({', '.join(_READERS)})")
    record, submitted = reader(body, header)
    return Described(record, day_of(_text(header, "datestamp")), submitted)


def _raw(body: etree._Element, header: Header) -> tuple[Record, str | None]:
    texts = _texts(body)
    versions, submitted, is_withdrawal = _versions(body)
    paper_id = _paper_id(texts, header)
    comment, abstract = note_of(_first(texts, "comments")), abstract_of(_first(texts, "abstract"))
    record = Record(
        source="arxiv",
        key=paper_id,
        title=title_of(_first(texts, "title")),
        abstract=abstract,
        authors=people(names_of(_first(texts, "authors"))),
        ids=_ids(paper_id, _first(texts, "doi")),
        categories=categories_of(_first(texts, "categories").split()),
        submitted=versions[0].submitted if versions else None,
        updated=versions[-1].submitted if len(versions) > 1 else None,
        comment=comment,
        journal=note_of(_first(texts, "journal-ref")),
        links=(Link("pdf", f"https://arxiv.org/pdf/{paper_id}"),),
        versions=versions,
        withdrawn=is_withdrawal or is_withdrawn(comment, abstract),
    )
    return record, submitted


def _versions(body: etree._Element) -> tuple[tuple[Version, ...], str | None, bool]:
    """Return the versions, when the first was submitted, and whether the last one withdraws the paper."""
    found: list[tuple[Version, str, bool]] = []
    for child in body.iterchildren("{*}version"):
        number, texts = child.get("version", "").removeprefix("v"), _texts(child)
        if number.isdecimal() and int(number):
            submitted = _first(texts, "date")
            version = Version(int(number), mail_date(submitted))
            found.append((version, submitted, _WITHDRAWAL in _first(texts, "source_type")))
    if not found:
        return (), None, False
    found.sort(key=lambda each: each[0].number)
    first = found[0][1] if found[0][0].number == 1 else None
    return tuple(version for version, _, _ in found), first, found[-1][2]


def _structured(body: etree._Element, header: Header) -> tuple[Record, None]:
    texts = _texts(body)
    paper_id = _paper_id(texts, header)
    comment, abstract = note_of(_first(texts, "comments")), abstract_of(_first(texts, "abstract"))
    submitted, updated = _days(paper_id, day_of(_first(texts, "created")), day_of(_first(texts, "updated")))
    record = Record(
        source="arxiv",
        key=paper_id,
        title=title_of(_first(texts, "title")),
        abstract=abstract,
        authors=people(_structured_names(body)),
        ids=_ids(paper_id, _first(texts, "doi")),
        categories=categories_of(_first(texts, "categories").split()),
        submitted=submitted,
        updated=updated,
        comment=comment,
        journal=note_of(_first(texts, "journal-ref")),
        links=(Link("pdf", f"https://arxiv.org/pdf/{paper_id}"),),
        withdrawn=is_withdrawn(comment, abstract),
    )
    return record, None


def _days(paper_id: str, created: date | None, updated: date | None) -> tuple[date | None, date | None]:
    """Return the days of submission and of the last version. An id is given out when a paper is announced, so a day
    after the month of the id is that of a later version.
    """
    if created and (created.year, created.month) > identifiers.arxiv_date_hint(paper_id):
        return None, max(created, updated or created)
    return created, updated


def _structured_names(body: etree._Element) -> list[str]:
    authors = _child(body, "authors")
    names = []
    for author in authors if authors is not None else ():
        texts = _texts(author)
        names.append(" ".join(_first(texts, part) for part in ("forenames", "keyname", "suffix")))
    return names


def _dublin_core(body: etree._Element, header: Header) -> tuple[Record, None]:
    texts = _texts(body)
    identifiers_said = texts.get("identifier", [])
    addresses = [text for text in identifiers_said if "arxiv.org/abs/" in text]
    others = [text for text in identifiers_said if text not in addresses]
    dois = [text for text in others if text.lower().startswith("doi:")]
    paper_id, _ = identifiers.parse_arxiv_id(addresses[0]) if addresses else (_paper_id({}, header), None)
    abstract, comment = (*texts.get("description", []), "", "")[:2]
    days = sorted(day for day in map(day_of, texts.get("date", [])) if day)
    record = Record(
        source="arxiv",
        key=paper_id,
        title=title_of(_first(texts, "title")),
        abstract=abstract_of(abstract),
        authors=people(map(first_last, texts.get("creator", []))),
        ids=(f"arxiv:{paper_id}", *ids_of(*dois[:1])),
        categories=categories_of(map(_category, _texts(header).get("setSpec", [])) if header is not None else ()),
        submitted=days[0] if days else None,
        updated=days[-1] if len(days) > 1 else None,
        comment=note_of(comment.removeprefix("Comment: ")),
        journal=next((note_of(text) for text in others if text not in dois), None),
        links=(Link("pdf", f"https://arxiv.org/pdf/{paper_id}"),),
        withdrawn=is_withdrawn(note_of(comment), abstract_of(abstract)),
    )
    return record, None


_Reader = Callable[[etree._Element, Header], tuple[Record, str | None]]
_READERS: dict[str, _Reader] = {"arXivRaw": _raw, "arXiv": _structured, "dc": _dublin_core}


def _category(name: str) -> str:
    """Return the category of a set: cs:cs:AI is cs.AI, physics:hep-th is hep-th, math is math."""
    parts = name.split(":")
    return ".".join(parts[1:] or parts)


def _paper_id(texts: Texts, header: Header) -> str:
    text = _first(texts, "id") or _text(header, "identifier").removeprefix(_ID_PREFIX)
    return identifiers.parse_arxiv_id(text)[0]


def _ids(paper_id: str, doi: str) -> tuple[str, ...]:
    """Return the ids of a paper. Where several DOIs are given, the first is the paper's, the others of its errata."""
    return (f"arxiv:{paper_id}", *ids_of(f"doi:{doi.split(maxsplit=1)[0]}")) if doi else (f"arxiv:{paper_id}",)


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next(element.iterchildren(f"{{*}}{name}"), None)


def _text(element: etree._Element | None, name: str) -> str:
    child = _child(element, name) if element is not None else None
    return (child.text or "").strip() if child is not None else ""


def _texts(element: etree._Element) -> Texts:
    """Return the texts of the children by name. Written for speed: a page has 30,000 of them."""
    texts: Texts = {}
    for child in element.iterchildren("*"):
        if text := child.text:
            name = str(child.tag).rpartition("}")[2]
            text = unscrambled(text.strip())
            if name in texts:
                texts[name].append(text)
            else:
                texts[name] = [text]
    return texts


def _first(texts: Texts, name: str) -> str:
    found = texts.get(name)
    return found[0] if found else ""
