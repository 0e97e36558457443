"""External ids: one normal form each, and the parsing of what people paste.

Normal forms are ``arxiv:2106.09685``, ``doi:10.18653/v1/p19-1001``, ``openreview:B1xsqj09Fm``,
``acl:2023.acl-long.1`` and, for a paper of this archive, ``paper:123``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from tidings.errors import SourceError

_LONGEST = 2_000

# Archives of old ids and of categories: https://arxiv.org/category_taxonomy and the archives subsumed since
_ARCHIVE_NAMES = """
    astro-ph cond-mat cs econ eess gr-qc hep-ex hep-lat hep-ph hep-th math math-ph nlin nucl-ex nucl-th physics
    q-bio q-fin quant-ph stat acc-phys adap-org alg-geom ao-sci atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas
    dg-ga funct-an mtrl-th patt-sol plasm-ph q-alg solv-int supr-con
"""
_ARCHIVES = frozenset(_ARCHIVE_NAMES.split())
_CATEGORY = re.compile(
    r"(?P<archive>[a-z]+(?:-[a-z]+)?)(?:\.[A-Za-z]{2}|\.[a-z]+-[a-z]+|(?<=cond-mat)\.(?:other|soft)|(?<=physics)\.optics)?"
)

_ARXIV_ID = re.compile(
    r"(?:arxiv:\s*)?"
    r"(?:(?P<new>(?P<yymm>[0-9]{2}(?:0[1-9]|1[0-2]))\.(?P<serial>[0-9]{4,5}))"
    r"|(?P<archive>[a-z]+(?:-[a-z]+)?)(?:\.[a-z]{2})?/(?P<number>[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{3}))"
    r"(?:v(?P<version>[1-9][0-9]{0,2}))?",
    re.IGNORECASE,
)
_ARXIV_SITES = "arxiv.org export.arxiv.org browse.arxiv.org ar5iv.org ar5iv.labs.arxiv.org alphaxiv.org"
_ARXIV_HOSTS = frozenset((*_ARXIV_SITES.split(), "huggingface.co", "hf.co"))
_ARXIV_PATH = re.compile(
    r"/(?:abs|pdf|html|ps|format|src|e-print|list|papers)/(?P<id>.+?)(?:\.pdf|\.md)?/?", re.IGNORECASE
)
_DOI = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]+)*/[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(?P<id>.+)")
# Publishers put the DOI of a paper into the address of its page, and the kind of page behind it.
_DOI_PREFIX = re.compile(
    r"^(?:doi:\s*|(?:https?://)?[\w.-]{1,100}\.[a-z]{2,20}/(?:[\w.-]{1,100}/){0,4}?)(?=10\.)", re.IGNORECASE
)
_PREPRINT_VERSION = re.compile(r"v[0-9]+$")  # bioRxiv's pages name a version, its DOIs do not
_PAGE_ENDINGS = (".pdf", ".full", "/full", "/abstract", "/meta", "/pdf", "/html", "/epdf")
_OPENREVIEW = re.compile(r"[A-Za-z0-9_-]{4,64}")
_ACL = re.compile(
    r"(?P<old>[A-Z][0-9]{2}-[0-9]{4})|(?P<new>[12][0-9]{3}\.[a-z0-9]+-[a-z0-9_]+\.[a-z0-9]+)", re.IGNORECASE
)
_ACL_PATH = re.compile(
    r"/(?:anthology/)?(?:papers/(?:[A-Z]/[A-Z][0-9]{2}/)?)?(?P<id>.+?)(?:v[0-9]+)?(?:\.pdf|\.bib)?/?"
)
_INTERNAL = re.compile(r"[1-9][0-9]{0,18}")


def parse_arxiv_id(text: str) -> tuple[str, int | None]:
    """Split an arXiv id or URL into the id and the version, if it names one.

    The archive is part of an old id (hep-th/9901001 is not math/9901001);
    the subject class is not (math.GT/0309136 is math/0309136). Refuse everything else.
    """
    text = text.strip()[:_LONGEST]
    match = _ARXIV_ID.fullmatch(text) or _ARXIV_ID.fullmatch(_arxiv_path(text))
    if match is None or not _is_possible(match):
        raise SourceError(f"not an arXiv id: {_short(text)}")
    paper_id = match["new"] or f"{match['archive'].lower()}/{match['number']}"
    return paper_id, int(match["version"]) if match["version"] else None


def arxiv_date_hint(paper_id: str) -> tuple[int, int]:
    """Return (year, month) in which an arXiv id was given out; the paper may have been submitted a month before."""
    plain_id, _ = parse_arxiv_id(paper_id)
    digits = plain_id.partition("/")[2] or plain_id
    year = int(digits[:2])
    return (1900 if year >= 91 else 2000) + year, int(digits[2:4])


def is_arxiv_category(term: str) -> bool:
    """Tell a category (cs.CL, hep-th) from the ACM and MSC codes that stand among them (I.2.7, 68T50)."""
    match = _CATEGORY.fullmatch(term)
    return match is not None and match["archive"] in _ARCHIVES


def doi(text: str) -> str:
    """Return the normal form of a DOI, however prefixed; an arXiv DOI gives the arXiv id. Refuse all else."""
    found = _parse_doi(text.strip()[:_LONGEST])
    if found is None:
        raise SourceError(f"not a DOI: {_short(text)}")
    return found


def parse(text: str) -> str:
    """Return the normal form of an external id or of the URL of a paper's page. Refuse what names no paper."""
    text = text.strip()[:_LONGEST]
    found = _parse_prefixed(text) or _parse_url(text) or _parse_bare(text)
    if found is None:
        raise SourceError(
            f"not the id of a paper: {_short(text)}; expected something like arxiv:2106.09685, doi:10.1000/182, "
            "openreview:B1xsqj09Fm, acl:2023.acl-long.1 or the address of such a paper"
        )
    return found


def address(identifier: str) -> str | None:
    """Return the address of the page that belongs to a normal form; None for an internal or unknown id."""
    scheme, _, value = identifier.partition(":")
    page = _PAGES.get(scheme)
    return page + value + ("/" if scheme == "acl" else "") if page and value else None


_PAGES = {
    "arxiv": "https://arxiv.org/abs/",
    "doi": "https://doi.org/",
    "openreview": "https://openreview.net/forum?id=",
    "acl": "https://aclanthology.org/",
}


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "…")


def _is_possible(match: re.Match[str]) -> bool:
    """Four digits after the point until 2014, five since 2015: https://info.arxiv.org/help/arxiv_identifier.html"""
    if match["new"] is None:
        return match["archive"].lower() in _ARCHIVES
    month = int(match["yymm"])
    return 704 <= month <= 1412 if len(match["serial"]) == 4 else month >= 1501


def _parse_prefixed(text: str) -> str | None:
    scheme, colon, value = text.partition(":")
    value = value.strip()
    if not colon or not value:
        return None
    parser = _PARSERS.get(scheme.lower())
    return parser(value) if parser else None


def _parse_bare(text: str) -> str | None:
    return _parse_arxiv(text) or _parse_doi(text) or _parse_acl(text)


def _parse_arxiv(text: str) -> str | None:
    try:
        return "arxiv:" + parse_arxiv_id(text)[0]
    except SourceError:
        return None


def _parse_acl(text: str) -> str | None:
    match = _ACL.fullmatch(text)
    if match is None:
        return None
    return "acl:" + (match["old"].upper() if match["old"] else match["new"].lower())


def _parse_doi(text: str) -> str | None:
    prefix = _DOI_PREFIX.match(text)
    text = unquote(text[prefix.end() :] if prefix else text).strip().rstrip(".,;").lower()
    if prefix and "/" in prefix[0]:
        text = _without_page(text)
    match = _DOI.fullmatch(text)
    if match is None:
        return None
    preprint = _ARXIV_DOI.fullmatch(match[0])
    return (_parse_arxiv(preprint["id"]) if preprint else None) or f"doi:{match[0]}"


def _without_page(text: str) -> str:
    """Cut what a publisher's address says after the DOI: ``/full.pdf``, a query."""
    text = re.split(r"[?#]", text, maxsplit=1)[0]
    for ending in _PAGE_ENDINGS:
        text = text.removesuffix(ending)
    return _PREPRINT_VERSION.sub("", text) if text.startswith("10.1101/") else text


def _parse_openreview(text: str) -> str | None:
    return f"openreview:{text}" if _OPENREVIEW.fullmatch(text) else None


def _parse_internal(text: str) -> str | None:
    return f"paper:{text}" if _INTERNAL.fullmatch(text) else None


_PARSERS: dict[str, Callable[[str], str | None]] = {
    "arxiv": _parse_arxiv,
    "doi": _parse_doi,
    "openreview": _parse_openreview,
    "acl": _parse_acl,
    "paper": _parse_internal,
}


def _split(text: str) -> tuple[str, str, str] | None:
    """Return host without www, path and query of an address, with or without its scheme."""
    if "/" not in text:
        return None
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # brackets that are no IPv6 address
        return None
    return host, unquote(parts.path), parts.query


def _arxiv_path(text: str) -> str:
    """Return the id inside the address of an arXiv paper, or an empty string."""
    parts = _split(text)
    if parts is None or parts[0] not in _ARXIV_HOSTS:
        return ""
    match = _ARXIV_PATH.fullmatch(parts[1])
    return match["id"] if match else ""


def _parse_url(text: str) -> str | None:
    parts = _split(text)
    if parts is None:
        return None
    host, path, query = parts
    if host in _ARXIV_HOSTS:
        return _parse_arxiv(text)
    if host in {"openreview.net", "api2.openreview.net"}:
        return _parse_openreview(parse_qs(query).get("id", [""])[0])
    if host in {"aclanthology.org", "aclweb.org"}:
        match = _ACL_PATH.fullmatch(path)
        return _parse_acl(match["id"]) if match else None
    return _parse_doi(text)
