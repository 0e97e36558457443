"""Plays arXiv: the day's feed, the history by OAI-PMH and the query API, from given papers and a clock.

    played = PlayedArxiv(papers, clock)
    client = Client(gates, agent="…", now=clock, sleep=clock.sleep, transport=httpx2.MockTransport(played))

A paper is a mapping with id, title, authors (names), categories, abstract, comment, listed_first and listed_last (days
as ISO texts or dates), and where a test needs them doi, journal, submitted (a datetime) and withdrawn (true: its last
version is a withdrawal). These are the rules, those of arXiv's own code (github.com/arXiv/arxiv-feed, arXiv/oaipmh):

- Day D begins in New York. The feed of D can be had from D 00:00 to the next midnight there, under an ETag; what is
  not asked for in time is gone. A day without papers has a feed without entries.
- On ``listed_first`` a paper is version 1: new where its primary category was asked for, else cross. On a later
  ``listed_last`` it is version 2: replace or replace-cross. New before cross before replaced, then id descending, cut
  after 2,000 entries; so the cut drops replacements first.
- The history shows D from 22:30 of the evening before, under the datestamp D: ``listed_first`` until ``listed_last``
  is out, then that, with both versions. Sets are categories and archives (cs:cs:LG, physics:hep-th, cs:cs), ``from``
  is inclusive, records come by datestamp and id, 2,000 a page. A token works until the day ends in UTC.
- Version 1 was submitted two hours before the deadline that leads to its first listing, version 2 two hours before
  that of its last. Holidays are not played: a paper is listed when it is said to be.
- Codes of ACM and MSC stand among a paper's categories as they do at arXiv. A paper without any of arXiv's is played
  in ``category``.
- The query API knows ``id_list``, ``start`` and ``max_results``, 10 where nothing is said; it answers with the latest
  version, leaves out what it does not know and calls an id that is none an error.

``requests`` keeps the time and address of each request. ``refuse`` makes the next requests fail.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

import httpx2

NEW_YORK = ZoneInfo("America/New_York")
FEED_HOST, HISTORY_HOST, QUERY_HOST = "rss.arxiv.org", "oaipmh.arxiv.org", "export.arxiv.org"

_PHYSICS_NAMES = "astro-ph cond-mat gr-qc hep-ex hep-lat hep-ph hep-th math-ph nlin nucl-ex nucl-th physics quant-ph"
_PHYSICS = frozenset(_PHYSICS_NAMES.split())
_ARCHIVES = _PHYSICS | {"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"}
_CATEGORY = re.compile(r"([a-z]+(?:-[a-z]+)?)(?:\.[A-Z]{2}|\.[a-z]+(?:-[a-z]+)?)?")
_ID = re.compile(r"(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?")
_HISTORY_OPENS = timedelta(hours=1, minutes=30)  # before midnight: the evening's 22:30
_DEADLINE = time(14)
_ARGUMENTS = {"verb", "metadataPrefix", "from", "until", "set"}
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Played:
    """One paper as it is played."""

    id: str
    title: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    abstract: str
    comment: str | None
    first: date
    last: date
    doi: str | None
    journal: str | None
    submitted: datetime
    withdrawn: bool

    def stamp(self, out: date) -> date | None:
        """Return the datestamp when the days up to ``out`` are out; None before the paper is."""
        return self.last if self.last <= out else self.first if self.first <= out else None

    def versions(self, out: date) -> list[datetime]:
        """Return when the versions that are out were submitted."""
        later = [before_deadline(self.last)] if self.first < self.last <= out else []
        return [self.submitted, *later]


class PlayedArxiv:
    """A handler of requests for ``httpx2.MockTransport``."""

    def __init__(
        self,
        papers: Iterable[Mapping[str, Any]],
        now: Callable[[], datetime],
        *,
        page_size: int = 2000,
        longest_feed: int = 2000,
        category: str = "cs.CV",
    ) -> None:
        self._now, self._page_size, self._longest_feed = now, page_size, longest_feed
        self._by_id: dict[str, Played] = {}
        self._by_day: dict[date, list[Played]] = defaultdict(list)
        self._by_set: dict[str, dict[date, list[Played]]] = defaultdict(lambda: defaultdict(list))
        self._refusals: list[httpx2.Response] = []
        self.requests: list[tuple[datetime, str]] = []
        for paper in papers:
            self._keep(_played(paper, category))

    def _keep(self, paper: Played) -> None:
        self._by_id[paper.id] = paper
        sets = {name for term in paper.categories for name in _sets_of(term)}
        for day in {paper.first, paper.last}:
            self._by_day[day].append(paper)
            for name in sets:
                self._by_set[name][day].append(paper)

    def refuse(self, *answers: httpx2.Response) -> None:
        """Answer the next requests with these, one each."""
        self._refusals.extend(answers)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        self.requests.append((self._now(), str(request.url)))
        if self._refusals:
            return self._refusals.pop(0)
        parameters = parse_qs(request.url.query.decode())
        if request.url.host == FEED_HOST:
            return self._feed(request)
        if request.url.host == HISTORY_HOST:
            return self._history(parameters)
        if request.url.host == QUERY_HOST:
            return self._query(parameters)
        return httpx2.Response(404)

    # --- the day's feed ---

    def _feed(self, request: httpx2.Request) -> httpx2.Response:
        kind, _, query = request.url.path.strip("/").partition("/")
        asked = query.split("+")
        if unknown := [term for term in asked if not _is_category(term)]:
            return _xml(_ERROR_FEED.format(query=escape(query), reason=escape(f"Bad archive {unknown[0]!r}.")), 400)
        today = self._now().astimezone(NEW_YORK).date()
        etag = f'"{kind}-{query}-{today}"'
        midnight = datetime.combine(today, time(), NEW_YORK)
        left = datetime.combine(today + timedelta(days=1), time(), NEW_YORK) - self._now().astimezone(NEW_YORK)
        headers = {"ETag": etag, "Cache-Control": f"max-age={int(left.total_seconds())}"}
        if request.headers.get("if-none-match") == etag:
            return httpx2.Response(304, headers=headers)
        entries = list(self.listed(today, asked))[: self._longest_feed]
        write = _rss if kind == "rss" else _atom
        return _xml(write(query, midnight, entries), headers=headers)

    def listed(self, day: date, asked: Sequence[str]) -> Iterator[tuple[str, Played]]:
        """Yield the entries of a day's feed before it is cut: how each paper is announced, and the paper."""
        wanted = set(asked)
        found = []
        for paper in self._by_day.get(day, ()):
            if not wanted & {term for category in paper.categories for term in _with_archive(category)}:
                continue
            is_primary = bool(wanted & set(_with_archive(paper.categories[0])))
            rank = (0 if is_primary else 1) if day == paper.first else (2 if is_primary else 3)
            found.append((rank, paper))
        found.sort(key=lambda entry: entry[1].id, reverse=True)
        found.sort(key=lambda entry: entry[0])
        return ((("new", "cross", "replace", "replace-cross")[rank], paper) for rank, paper in found)

    # --- the history ---

    def _history(self, asked: Mapping[str, list[str]]) -> httpx2.Response:
        now = self._now().astimezone(UTC)
        if any(len(values) > 1 for values in asked.values()):
            return self._failed("badArgument", "Duplicate parameters not allowed")
        given = {name: values[0] for name, values in asked.items()}
        skip = 0
        if "resumptionToken" in given:
            if set(given) != {"verb", "resumptionToken"}:
                return self._failed("badArgument", "No other parameters allowed with resumptionToken")
            given = dict(part.split("=", 1) for part in unquote(given["resumptionToken"]).split("&") if "=" in part)
            if given.pop("given", "") != now.date().isoformat() or not given.get("skip", "").isdigit():
                return self._failed(
                    "badResumptionToken", "The value of the resumptionToken argument is invalid or expired."
                )
            given = {name: unquote(value) for name, value in given.items()}
            skip = int(given.pop("skip"))
        if given.get("verb") != "ListRecords" or set(given) - _ARGUMENTS:
            return self._failed("badVerb" if "verb" not in given else "badArgument", "")
        if given.get("metadataPrefix") != "arXivRaw":
            return self._failed("cannotDisseminateFormat", "Did not recognize requested format")
        return self._records(given, skip, now)

    def _records(self, given: dict[str, str], skip: int, now: datetime) -> httpx2.Response:
        name = given.get("set", "")
        since = date.fromisoformat(given.get("from", "2005-09-16"))
        if not _is_set(name) or since < date(2005, 9, 16) or since > now.date():
            return self._failed("badArgument", "Set does not exist")
        out = (now + _HISTORY_OPENS).astimezone(NEW_YORK).date()
        found = self._stamped(name, since, min(out, now.date()))
        page = found[skip : skip + self._page_size]
        if not page:
            return self._failed("noRecordsMatch", "")
        token = ""
        if len(found) > skip + len(page):
            held = given | {"skip": str(skip + len(page)), "given": now.date().isoformat()}
            expires = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
            token = f'<resumptionToken expires="{expires:%Y-%m-%dT%H:%M:%SZ}">{escape(quote(urlencode(held)))}</resumptionToken>'
        records = "".join(_raw(paper, stamp, out) for stamp, paper in page)
        return _xml(_HISTORY.format(now=now, body=f"<ListRecords>{records}{token}</ListRecords>"))

    def _stamped(self, name: str, since: date, out: date) -> list[tuple[date, Played]]:
        days = self._by_set.get(name, {})
        found: list[tuple[date, Played]] = []
        for number in range((out - since).days + 1):
            day = since + timedelta(days=number)
            here = [paper for paper in days.get(day, ()) if paper.stamp(out) == day]
            found.extend((day, paper) for paper in sorted(here, key=lambda paper: paper.id))
        return found

    def _failed(self, code: str, reason: str) -> httpx2.Response:
        return _xml(
            _HISTORY.format(now=self._now().astimezone(UTC), body=f'<error code="{code}">{escape(reason)}</error>')
        )

    # --- the query API ---

    def _query(self, asked: Mapping[str, list[str]]) -> httpx2.Response:
        ids = [part for part in asked.get("id_list", [""])[0].split(",") if part]
        if wrong := [part for part in ids if not _ID.fullmatch(part)]:
            return _xml(_QUERY_ERROR.format(id=escape(wrong[0])), 400)
        start, most = int(asked.get("start", ["0"])[0]), int(asked.get("max_results", ["10"])[0])
        out = self._now().astimezone(NEW_YORK).date()
        known = [self._by_id.get(re.sub(r"v\d+$", "", part)) for part in ids]
        found = [paper for paper in known if paper is not None and paper.stamp(out)]
        entries = "".join(_queried(paper, out) for paper in found[start : start + most])
        return _xml(_QUERY.format(total=len(found), start=start, most=most, entries=entries))


def _played(paper: Mapping[str, Any], category: str) -> Played:
    first, last = (_day(paper[name]) for name in ("listed_first", "listed_last"))
    categories = tuple(paper.get("categories") or ())
    return Played(
        id=paper["id"],
        title=paper["title"],
        authors=tuple(paper.get("authors") or ()),
        categories=categories if any(map(_is_category, categories)) else (category, *categories),
        abstract=paper.get("abstract") or "",
        comment=paper.get("comment"),
        first=first,
        last=max(first, last),
        doi=paper.get("doi"),
        journal=paper.get("journal"),
        submitted=paper.get("submitted") or before_deadline(first),
        withdrawn=bool(paper.get("withdrawn")),
    )


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def before_deadline(day: date) -> datetime:
    """Return a time whose submissions are listed on that day: noon of the weekday before."""
    before = day - timedelta(days=1)
    while before.weekday() >= _SATURDAY:
        before -= timedelta(days=1)
    return datetime.combine(before, time(_DEADLINE.hour - 2), NEW_YORK).astimezone(UTC)


def _is_category(term: str) -> bool:
    match = _CATEGORY.fullmatch(term)
    return match is not None and match[1] in _ARCHIVES


def _with_archive(term: str) -> tuple[str, ...]:
    archive, dot, _ = term.partition(".")
    return (term, archive) if dot else (term,)


def _sets_of(term: str) -> list[str]:
    if not _is_category(term):
        return []
    archive, dot, kind = term.partition(".")
    named = f"{'physics' if archive in _PHYSICS else archive}:{archive}"
    return [named, f"{named}:{kind}"] if dot else [named]


def _is_set(name: str) -> bool:
    group, _, rest = name.partition(":")
    term = rest.replace(":", ".")
    return _is_category(term) and name in _sets_of(term) and bool(group)


def _xml(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx2.Response:
    kind = {"Content-Type": "application/xml; charset=utf-8"}
    return httpx2.Response(status, content=text.encode(), headers=kind | dict(headers or {}))


# --- how the answers are written ---

_ERROR_FEED = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Feed error for query: http://rss.arxiv.org/atom/{query}</title>
<subtitle>{reason}</subtitle></feed>"""

_ATOM = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us">
  <id>http://rss.arxiv.org/atom/{query}</id>
  <title>{title} updates on arXiv.org</title>
  <updated>{built}</updated>
  <subtitle>{title} updates on the arXiv.org e-print archive.</subtitle>
{entries}</feed>"""

_RSS = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
  <channel>
    <title>{title} updates on arXiv.org</title>
    <link>http://rss.arxiv.org/rss/{query}</link>
    <lastBuildDate>{built}</lastBuildDate>
    <pubDate>{day}</pubDate>
    <skipDays><day>Saturday</day><day>Sunday</day></skipDays>
{entries}  </channel>
</rss>"""

_HISTORY = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/ http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">
    <responseDate>{now:%Y-%m-%dT%H:%M:%SZ}</responseDate>
    <request>http://oaipmh.arxiv.org/oai</request>
    {body}
</OAI-PMH>"""

_QUERY = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <title>arXiv Query</title>
  <opensearch:itemsPerPage>{most}</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
{entries}</feed>"""

_QUERY_ERROR = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/</id><title>arXiv Search Results</title>
<entry><id>https://arxiv.org/api/errors#incorrect_id_format_for_{id}</id><title>Error</title>
<summary>incorrect id format for {id}</summary></entry></feed>"""


def _atom(query: str, midnight: datetime, entries: Iterable[tuple[str, Played]]) -> str:
    day, title = midnight.isoformat(), escape(query.replace("+", ", "))
    built = (midnight.astimezone(UTC) + timedelta(seconds=20)).isoformat()
    body = "".join(_entry(kind, paper, day) for kind, paper in entries)
    return _ATOM.format(query=escape(query), title=title, built=built, entries=body)


def _entry(kind: str, paper: Played, day: str) -> str:
    number = 2 if kind.startswith("replace") else 1
    terms = "".join(f"<category term={quoteattr(term)}/>" for term in paper.categories)
    return (
        f"<entry><id>oai:arXiv.org:{paper.id}v{number}</id><title>{escape(paper.title)}</title>"
        f'<link href="https://arxiv.org/abs/{paper.id}" rel="alternate" type="text/html"/>'
        f"<summary>{_summary(kind, paper, number)}</summary>{terms}<published>{day}</published>{_extras(kind, paper)}"
        "</entry>\n"
    )


def _rss(query: str, midnight: datetime, entries: Iterable[tuple[str, Played]]) -> str:
    day, title = f"{midnight:%a, %d %b %Y 00:00:00 %z}", escape(query.replace("+", ", "))
    body = "".join(_item(kind, paper, day) for kind, paper in entries)
    return _RSS.format(
        query=escape(query),
        title=title,
        built=f"{midnight.astimezone(UTC):%a, %d %b %Y %H:%M:%S %z}",
        day=day,
        entries=body,
    )


def _item(kind: str, paper: Played, day: str) -> str:
    number = 2 if kind.startswith("replace") else 1
    terms = "".join(f"<category>{escape(term)}</category>" for term in paper.categories)
    return (
        f"<item><title>{escape(paper.title)}</title><link>https://arxiv.org/abs/{paper.id}</link>"
        f"<description>{_summary(kind, paper, number)}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{paper.id}v{number}</guid>{terms}<pubDate>{day}</pubDate>'
        f"{_extras(kind, paper)}</item>\n"
    )


def _summary(kind: str, paper: Played, number: int) -> str:
    return f"arXiv:{paper.id}v{number} Announce Type: {kind} \nAbstract: {escape(paper.abstract)}"


def _extras(kind: str, paper: Played) -> str:
    doi = f"<arxiv:DOI>{escape(paper.doi)}</arxiv:DOI>" if paper.doi else ""
    journal = f"<arxiv:journal_reference>{escape(paper.journal)}</arxiv:journal_reference>" if paper.journal else ""
    names = escape(", ".join(paper.authors))
    licence = "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
    return (
        f"<arxiv:announce_type>{kind}</arxiv:announce_type><dc:rights>{licence}</dc:rights>{doi}{journal}"
        f"<dc:creator>{names}</dc:creator>"
    )


def _raw(paper: Played, stamp: date, out: date) -> str:
    dates = paper.versions(out)
    last = len(dates) - 1
    versions = "".join(
        f'<version version="v{number + 1}"><date>{at:%a, %d %b %Y %H:%M:%S} GMT</date>'
        + (
            "<size>0kb</size><source_type>I</source_type>"
            if paper.withdrawn and number == last
            else "<size>901kb</size>"
        )
        + "</version>"
        for number, at in enumerate(dates)
    )
    sets = "".join(f"<setSpec>{name}</setSpec>" for term in paper.categories for name in _sets_of(term)[-1:])
    optional = {"comments": paper.comment, "journal-ref": paper.journal, "doi": paper.doi}
    given = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in optional.items() if text)
    return (
        f"<record><header><identifier>oai:arXiv.org:{paper.id}</identifier><datestamp>{stamp}</datestamp>{sets}</header>"
        '<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/" xsi:schemaLocation="http://arxiv.org/OAI/arXivRaw/ '
        f'http://arxiv.org/OAI/arXivRaw.xsd"><id>{paper.id}</id><submitter>A. Submitter</submitter>{versions}'
        f"<title>{escape(paper.title)}</title><authors>{escape(', '.join(paper.authors))}</authors>"
        f"<categories>{escape(' '.join(paper.categories))}</categories>{given}"
        f"<abstract>{escape(paper.abstract)}\n</abstract></arXivRaw></metadata></record>\n"
    )


def _queried(paper: Played, out: date) -> str:
    dates = paper.versions(out)
    terms = "".join(f"<category term={quoteattr(term)}/>" for term in paper.categories)
    people = "".join(f"<author><name>{escape(name)}</name></author>" for name in paper.authors)
    comment = f"<arxiv:comment>{escape(paper.comment)}</arxiv:comment>" if paper.comment else ""
    return (
        f"<entry><id>http://arxiv.org/abs/{paper.id}v{len(dates)}</id><title>{escape(paper.title)}</title>"
        f"<updated>{dates[-1]:%Y-%m-%dT%H:%M:%SZ}</updated><summary>{escape(paper.abstract)}</summary>{terms}"
        f"<published>{dates[0]:%Y-%m-%dT%H:%M:%SZ}</published>{comment}"
        f"<arxiv:primary_category term={quoteattr(paper.categories[0])}/>{people}</entry>\n"
    )
