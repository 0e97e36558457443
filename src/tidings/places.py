"""Where a paper is to be found: its page here, its pages elsewhere, and which addresses of others we link to."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from tidings.types import Paper

_WEB = re.compile(r"https?://(?P<host>[\w.-]*\w)(?::\d+)?(?:[/?#][^\s\\<>\"]*)?", re.IGNORECASE)
"""No user name before the host, no blanks, no backslashes: what browsers and readers could take for another host."""


@lru_cache(maxsize=4096)
def of_paper(key: str, suffix: str = "") -> str:
    """Return the address of a paper's page; ``suffix`` is ``.bib`` or ``.ris`` for its citation."""
    return f"/paper/{quote(key, safe=':/@!,;')}{suffix}"


def is_linkable(url: str) -> bool:
    """Tell whether a source's address may become a link: http or https, with a host, nothing else."""
    return _WEB.fullmatch(url) is not None


def outside(paper: Paper) -> tuple[tuple[str, str], ...]:
    """Return the (name, address) pairs of a paper elsewhere, the most wanted first, each address once."""
    named = [*_from_ids(paper), *((_name_of(link.kind, link.url), link.url) for link in paper.links)]
    seen: set[str] = set()
    kept = []
    for name, url in sorted(named, key=_rank):
        if url.rstrip("/") not in seen and is_linkable(url):
            seen.add(url.rstrip("/"))
            kept.append((name, url))
    return tuple(kept)


_ID_PAGES = {
    "arxiv": ("arXiv", "https://arxiv.org/abs/{}"),
    "doi": ("DOI", "https://doi.org/{}"),
    "acl": ("ACL Anthology", "https://aclanthology.org/{}/"),
    "openreview": ("OpenReview", "https://openreview.net/forum?id={}"),
    "hf": ("Hugging Face", "https://huggingface.co/papers/{}"),
}
_ORDER = ("PDF", "arXiv", "DOI", "code", "project", "OpenReview", "ACL Anthology", "Hugging Face")
_HOSTS = {
    "arxiv.org": "arXiv",
    "doi.org": "DOI",
    "openreview.net": "OpenReview",
    "aclanthology.org": "ACL Anthology",
    "huggingface.co": "Hugging Face",
}


def _from_ids(paper: Paper) -> list[tuple[str, str]]:
    """Return the pages that a paper's ids name; an arXiv id also gives the PDF."""
    pages = []
    for identifier in paper.ids:
        scheme, _, value = identifier.partition(":")
        if scheme in _ID_PAGES:
            name, form = _ID_PAGES[scheme]
            pages.append((name, form.format(quote(value, safe="/:;()."))))
        if scheme == "arxiv" and paper.link("pdf") is None:
            pages.append(("PDF", f"https://arxiv.org/pdf/{quote(value, safe='/')}"))
    return pages


def _name_of(kind: str, url: str) -> str:
    if kind == "pdf":
        return "PDF"
    return site_of(url) if kind == "page" else kind


def site_of(url: str) -> str:
    """Return the name of the site that an address is on."""
    host = _host(url)
    return _HOSTS.get(host, host)


def _host(url: str) -> str:
    match = _WEB.fullmatch(url)
    return match["host"].lower().removeprefix("www.") if match else ""


def _rank(named: tuple[str, str]) -> int:
    return _ORDER.index(named[0]) if named[0] in _ORDER else len(_ORDER)
