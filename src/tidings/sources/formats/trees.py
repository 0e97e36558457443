"""XML that strangers send: never a network, never an entity, and a stray control character costs no page."""

from __future__ import annotations

import re

from lxml import etree

from tidings.errors import SourceError

# What XML 1.0 has no place for, as bytes and as references. One such character makes a whole page no XML.
_STRAY = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8bcBCe-fE-F]|1[\da-fA-F]));"
)


def tree_of(body: bytes) -> etree._Element:
    """Return the root of a document.

    Raises:
        SourceError: it is no XML, was cut short, or declares entities of its own.
    """
    try:
        root = _parsed(body)
    except etree.XMLSyntaxError as error:
        mended = _mended(body)
        if mended == body:
            raise SourceError(f"not XML that can be read: {error}") from error
        try:
            root = _parsed(mended)
        except etree.XMLSyntaxError as other:
            raise SourceError(f"not XML that can be read: {other}") from other
    if declares_entities(root):
        raise SourceError("it declares entities of its own, which can grow without end; we read none of it")
    return root


def declares_entities(element: etree._Element) -> bool:
    """Tell whether the document of an element declares entities, which can grow without end or name local files."""
    declared = element.getroottree().docinfo.internalDTD
    return declared is not None and any(True for _ in declared.iterentities())


def local_name(element: etree._Element) -> str:
    """Return the name of an element without its namespace; that of a comment is empty."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _parsed(body: bytes) -> etree._Element:
    return etree.fromstring(
        body, etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    )


def _mended(body: bytes) -> bytes:
    """Return the text without characters that XML cannot hold, bytes that are no UTF-8 replaced."""
    return _STRAY.sub(b"", body).decode("utf-8", "replace").encode()
