"""Papers in formats that others read: BibTeX, RIS, and plain values for JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import singledispatch
from itertools import count
from typing import Any

import msgspec

from tidings import identifiers
from tidings.plain import collapse, plain, surname, title_key
from tidings.types import Feed, FeedHit, Hit, Interest, Page, Paper, Reason, Trend, WhyNot

_SHORT_WORDS = frozenset(
    (
        *(
            "a",
            "an",
            "and",
            "are",
            "as",
            "at",
            "by",
            "can",
            "do",
            "does",
            "for",
            "from",
            "how",
            "in",
            "into",
            "is",
            "it",
        ),
        *("of", "on", "or", "the", "to", "toward", "towards", "via", "what", "when", "why", "with"),
    )
)
_JOURNAL = re.compile(
    r"journal|transactions|letters|review|nature|science|^tmlr|^tacl|^jmlr|^pnas|annals|acta", re.IGNORECASE
)
_SPECIAL = re.compile(r"\\(?:[A-Za-z]+|.)?|[&%#_{}^$]|(?<!\S)~|~(?!\S)", re.DOTALL)  # a tie between words stays
_ESCAPED = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
_CAPITALS = re.compile(r"(?<![\w{\\$])[A-Za-z0-9]*[A-Za-z0-9-][A-Z][\w-]*")


# --- JSON ----------------------------------------------------------------------------------------


@singledispatch
def to_json(value: Paper | Hit | Page | Trend | Interest | Feed | WhyNot) -> dict[str, Any]:
    """Return plain values, in the one shape of the command line's ``--json`` and of the API.

    A paper has the fields of ``types.Paper``, but ``id`` is its best external id and our own number stays inside;
    dates are ISO text; missing values are null, never left out. A hit has paper, score, parts (words, meaning) and
    is_new. A page has hits, total, cursor, facets (name to a list of value, count, query), note and milliseconds. A
    trend has hits, whose parts are those of its ranking, beside counts; total, cursor, categories, previous and next.
    An interest goes by its number. A feed has hits, each with its reason, and counts of what it looked at and left out;
    a reason names likes and papers alike by their id and title.
    """
    raise TypeError(f"no JSON shape for {type(value).__name__}")


@to_json.register
def _(paper: Paper) -> dict[str, Any]:
    fields = _plain_values(paper)
    fields["id"] = fields.pop("key")
    return fields


@to_json.register
def _(hit: Hit) -> dict[str, Any]:
    parts = _plain_values(hit.parts)
    return {"paper": to_json(hit.paper), "score": hit.score, "parts": parts, "is_new": hit.is_new}


@to_json.register
def _(page: Page) -> dict[str, Any]:
    return {
        "hits": [to_json(hit) for hit in page.hits],
        "total": page.total,
        "cursor": page.cursor,
        "facets": _plain_values(page.facets),
        "note": page.note,
        "milliseconds": round(page.milliseconds, 2),
    }


@to_json.register
def _(trend: Trend) -> dict[str, Any]:
    return {
        "hits": [
            {
                "paper": to_json(hit.paper),
                "score": hit.score,
                "parts": _plain_values(trend.why[hit.paper.id].parts),
                "counts": _plain_values(trend.why[hit.paper.id].counts),
                "final": trend.why[hit.paper.id].final,
                "is_rising": trend.why[hit.paper.id].is_rising,
                "is_new": hit.is_new,
            }
            for hit in trend.page.hits
        ],
        "total": trend.page.total,
        "cursor": trend.page.cursor,
        "categories": _plain_values(trend.page.facets.get("category", ())),
        "previous": trend.previous.isoformat() if trend.previous else None,
        "next": trend.next.isoformat() if trend.next else None,
    }


@to_json.register
def _(interest: Interest) -> dict[str, Any]:
    fields = _plain_values(interest)
    owner = fields.pop("owner") if fields.pop("is_named") else None
    del fields["account_id"]
    return {"number": fields.pop("id"), "owner": owner, **fields}


@to_json.register
def _(feed: Feed) -> dict[str, Any]:
    fields = _plain_values(replace(feed, hits=()))
    return {**fields, "milliseconds": round(feed.milliseconds, 2), "hits": [_feed_hit(hit) for hit in feed.hits]}


@to_json.register
def _(why: WhyNot) -> dict[str, Any]:
    fields = _plain_values(replace(why, reason=Reason()))
    return {**fields, "paper": to_json(why.paper), "reason": _reason(why.reason)}


def _feed_hit(hit: FeedHit) -> dict[str, Any]:
    fields = _plain_values(replace(hit, alike=(), reason=Reason()))
    alike = [{"id": paper.key, "title": paper.title} for paper in hit.alike]
    return {**fields, "paper": to_json(hit.paper), "reason": _reason(hit.reason), "alike": alike}


def _reason(reason: Reason) -> dict[str, Any]:
    likes = [{"id": like.paper.key, "title": like.paper.title, "share": like.share} for like in reason.likes]
    return {**_plain_values(replace(reason, likes=())), "likes": likes}


def _plain_values(value: object) -> dict[str, Any]:
    """Return what JSON would hold: lists for tuples, ISO text for dates."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return found


# --- BibTeX --------------------------------------------------------------------------------------


def bibtex(papers: Iterable[Paper]) -> str:
    """Return one entry per different paper, in their order, as UTF-8 BibTeX; "" for no paper.

    Keys are like hu2021lora and depend on the paper alone; where several papers of one export share a key, all but
    the one with the smallest external id get a number, so the order of the papers does not matter.
    """
    papers = {paper.key: paper for paper in papers}.values()
    keys = _unique_keys(papers)
    return "\n".join(_entry(paper, keys[paper.key]) for paper in papers)


def _unique_keys(papers: Iterable[Paper]) -> dict[str, str]:
    found: dict[str, str] = {}
    taken: set[str] = set()
    for paper in sorted(papers, key=lambda paper: paper.key):
        key = next(key for key in _keys(citation_key(paper)) if key not in taken)
        taken.add(key)
        found[paper.key] = key
    return found


def _keys(base: str) -> Iterator[str]:
    """Yield base, base-2, base-3 and so on."""
    yield base
    yield from (f"{base}-{number}" for number in count(2))


def citation_key(paper: Paper) -> str:
    """Return surname, year and the first word of weight in the title, in ASCII letters and digits: hu2021lora."""
    name = _ascii(surname(paper.authors[0])) if paper.authors else ""
    words = (title_key(word) for word in re.split(r"[\s:,;/–—-]+", plain(paper.title)))
    first = next((word for word in map(_ascii, words) if word and word not in _SHORT_WORDS), "")
    return f"{name or 'anonymous'}{_year(paper) or ''}{first}"


def _ascii(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text)


def _year(paper: Paper) -> int | None:
    return paper.year or (paper.date.year if paper.date else None)


def _kind(paper: Paper) -> str:
    """Return what the paper appeared in: a journal, a conference, or nothing yet."""
    if paper.venue:
        return "journal" if _JOURNAL.search(paper.venue) else "conference"
    return "journal" if paper.journal else "preprint"


def _entry(paper: Paper, key: str) -> str:
    kind = {"journal": "article", "conference": "inproceedings", "preprint": "misc"}[_kind(paper)]
    lines = [f"  {name} = {{{value}}}," for name, value in _fields(paper) if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def _fields(paper: Paper) -> Iterator[tuple[str, str]]:
    kind = _kind(paper)
    yield "title", _title(paper.title)
    yield "author", " and ".join(_author(name) for name in paper.authors if name.strip())
    if kind == "conference":
        yield "booktitle", _tex(paper.venue or "")
    if kind == "journal":
        yield "journal", _tex(paper.venue or paper.journal or "")
    yield "year", str(_year(paper) or "")
    arxiv = _id(paper, "arxiv")
    if arxiv:
        yield "eprint", arxiv
        yield "archivePrefix", "arXiv"
        yield "primaryClass", next(filter(identifiers.is_arxiv_category, paper.categories), "")
    yield "doi", _verbatim(_id(paper, "doi"))
    yield "url", _verbatim(_address(paper))


def _id(paper: Paper, scheme: str) -> str:
    found = (one.partition(":")[2] for one in (paper.key, *paper.ids) if one.startswith(f"{scheme}:"))
    return next(found, "")


def _address(paper: Paper) -> str:
    addresses = (identifiers.address(one) for one in (paper.key, *paper.ids))
    return paper.link("page") or next(filter(None, addresses), "")


def _author(name: str) -> str:
    """Return a name as BibTeX splits it; a name with "and" inside is one name, in braces."""
    written = _tex(name)
    return f"{{{written}}}" if " and " in f" {written.lower()} " else written


def _verbatim(text: str) -> str:
    """Return a DOI or an address: BibTeX takes it as it is, only braces and blanks would break the entry."""
    return "".join({"{": "%7B", "}": "%7D", "\\": "%5C"}.get(c, c) for c in text if not c.isspace())


def _tex(text: str) -> str:
    """Return text for a BibTeX field: what is TeX already stays, other special characters are escaped.

    Braces and dollars stay where they are balanced; else the text is made plain first, which drops them.
    """
    text = collapse(text)
    if not _is_balanced(text):
        text = plain(text).replace("\\", "").replace("{", "").replace("}", "")
    inside = False

    def written(match: re.Match[str]) -> str:
        nonlocal inside
        sign = match[0]
        if sign == "$":
            inside = not inside
            return sign
        if inside or len(sign) > 1 or sign in "{}":
            return sign
        return _ESCAPED.get(sign, f"\\{sign}")

    return _SPECIAL.sub(written, text)


def _is_balanced(text: str) -> bool:
    """Return whether braces nest, even for a parser that knows no escapes, and dollars come in pairs."""
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0 and text.replace(r"\$", "").count("$") % 2 == 0 and not text.endswith("\\")


def _title(title: str) -> str:
    """Return a title whose words with capitals inside (LoRA, BERT) stand in braces, as BibTeX styles lower the rest."""
    written = _tex(title)
    if "$" in title or "{" in title:
        return f"{{{written}}}"
    return _CAPITALS.sub(lambda match: f"{{{match[0]}}}", written)


# --- RIS -----------------------------------------------------------------------------------------


def ris(papers: Iterable[Paper]) -> str:
    """Return one RIS record per paper, in their order; text is plain, as reference managers show it."""
    return "\n".join("".join(f"{tag}  - {value}\n" for tag, value in _tags(paper)) + "ER  - \n" for paper in papers)


def _tags(paper: Paper) -> Iterator[tuple[str, str]]:
    yield "TY", {"journal": "JOUR", "conference": "CPAPER", "preprint": "GEN"}[_kind(paper)]
    yield "TI", _line(paper.title)
    for name in paper.authors:
        yield "AU", _inverted(_line(name))
    optional = (
        ("PY", str(_year(paper) or "")),
        ("DA", f"{paper.submitted:%Y/%m/%d}" if paper.submitted else ""),
        ("T2", _line(paper.venue or paper.journal or "")),
        ("AB", _line(paper.abstract)),
        ("DO", _id(paper, "doi")),
        ("UR", _address(paper)),
        ("L1", paper.link("pdf") or ""),
    )
    yield from ((tag, _line(value)) for tag, value in optional if value)
    for keyword in paper.keywords:
        yield "KW", _line(keyword)


def _line(text: str) -> str:
    return collapse(plain(text))


def _inverted(name: str) -> str:
    """Return "Hu, Edward J." for "Edward J. Hu": RIS has the surname first. One word stays as it is."""
    if "," in name or " " not in name:
        return name
    given, _, last = name.rpartition(" ")
    return f"{last}, {given}"
