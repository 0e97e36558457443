"""Saved answers of arXiv: OAI-PMH responses, feeds, answers of the query API, and single records out of any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from lxml import etree

from tidings.errors import SourceError
from tidings.sources.formats import arxiv_atom, arxiv_oai
from tidings.sources.formats.common import Format, Outcome, content_start, refusal
from tidings.sources.formats.trees import declares_entities, local_name
from tidings.types import Record

_ROOTS = re.compile(rb"<(?:OAI-PMH|ListRecords|GetRecord|record|feed|entry|rss|item)[\s>]")
_MARKS = (b"oai:arXiv.org:", b"arxiv.org/schemas/atom", b"arxiv.org/OAI/", b"arxiv.org/abs/")


def record_of(element: etree._Element) -> Record:
    """Return the record of a ``<record>``, ``<entry>`` or ``<item>``.

    Raises:
        SourceError: it is none that can be understood.
    """
    if local_name(element) == "record":
        return arxiv_oai.describe(element).record
    return arxiv_atom.announced(element).record if arxiv_atom.is_announcement(element) else arxiv_atom.queried(element)


def refused(element: etree._Element, where: str, reason: object) -> Outcome:
    """Return the refusal of a record, with its XML as it can be read again."""
    return refusal("arxiv", where, reason, etree.tostring(element, encoding="utf-8", with_tail=False))


def name_of(element: etree._Element) -> str | None:
    """Return the id that a record or an entry names; None where it names none."""
    return arxiv_oai.name_of(element) if local_name(element) == "record" else arxiv_atom.name_of(element)


def _matches(head: bytes) -> bool:
    start = content_start(head)
    return start[:1] == b"<" and _ROOTS.search(start[:4096]) is not None and any(mark in head for mark in _MARKS)


def _read(stream: IO[bytes], name: str) -> Iterator[Outcome]:
    """Yield the records as their elements close, each forgotten at once. Refuse declared entities."""
    try:
        for number, element in enumerate(_closed(stream), start=1):
            if number == 1 and declares_entities(element):
                raise SourceError("it declares entities of its own, which can grow without end; we read none of it")
            if local_name(element) != "record" or not arxiv_oai.is_deleted(element):
                yield _outcome(element, f"{name}#{name_of(element) or number}")
            _forget(element)
    except (etree.XMLSyntaxError, SourceError) as error:
        yield refusal("arxiv", name, f"not XML that can be read: {error}")


def _closed(stream: IO[bytes]) -> Iterator[etree._Element]:
    events = etree.iterparse(
        stream,
        tag=("{*}record", "{*}entry", "{*}item"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    return (element for _, element in events)


def _outcome(element: etree._Element, where: str) -> Outcome:
    try:
        return record_of(element)
    except SourceError as error:
        return refused(element, where, error)


def _forget(element: etree._Element) -> None:
    element.clear(keep_tail=True)
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]


ARXIV_XML = Format("arXiv's XML", "arxiv", _matches, _read)
