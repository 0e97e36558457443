"""Topics on the pages: the tree, one topic, what was born lately; following one, and what curators say of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings.catalog.topics import EMERGING_DAYS
from tidings.errors import InputError
from tidings.types import AREA, LEAF
from tidings.web import addresses, plots
from tidings.web.asking import number
from tidings.web.entries import set_text
from tidings.web.forms import Fields, posted
from tidings.web.lists import asked
from tidings.web.readers import reader_of
from tidings.web.showing import acting, current, listed, said_of
from tidings.web.site import Site, of, stable
from tidings.web.trending import Choice

if TYPE_CHECKING:
    from tidings.people import Act
    from tidings.types import Area, Birth, Paper, Topic, TopicDetail, TopicLine
    from tidings.web.asking import Asking
    from tidings.web.plots import Sparkline

_HERE = "/topics"
_BY = {"newest": "newest", "voted": "most votes", "central": "most typical"}
_OPEN = 8
"""Topics of an area that stand on the page at once; the others open in place."""
_ACTS = 200
_MOST_PARTS = 8
_NUMBERED = re.compile(r"(\d{1,9})(?:-.*)?", re.ASCII)
_STEADY = 1.1


@dataclass(frozen=True, slots=True)
class Line:
    """A topic in a list as the templates show it: texts in words, its papers of each week as a line."""

    topic: Topic
    href: str
    size: int
    spark: Sparkline | None
    weeks: tuple[int, ...]
    growth: str
    half_life: str
    example: tuple[str, Markup] | None


@dataclass(frozen=True, slots=True)
class Group:
    """An area with its topics, those that stand at once and those that open."""

    line: Line
    leaves: tuple[Line, ...]
    more: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Born:
    """A topic that was born lately, as the templates show it."""

    line: Line
    area: Topic | None
    between: tuple[Topic, ...]
    first: tuple[tuple[str, Markup, Paper], ...]
    birth: Birth


# --- pages ---


def page(request: Request) -> Response:
    """Answer ``/topics``: areas with their topics."""
    catalog = of(request).catalog
    areas, state, born = catalog.topics(), catalog.topics_state(), catalog.emerging()

    def produce(site: Site) -> Response:
        groups = [_group(area) for area in areas]
        return site.html("topics.html", groups=groups, state=state, born=len(born), days=EMERGING_DAYS)

    names = [(area.line.topic.id, [(leaf.topic, leaf.size) for leaf in area.leaves]) for area in areas]
    return stable(request, produce, (state, len(born), names))


def emerging(request: Request) -> Response:
    """Answer ``/topics/emerging``: what was born lately, and between what."""
    catalog = of(request).catalog
    births, state = catalog.emerging(), catalog.topics_state()

    def produce(site: Site) -> Response:
        return site.html("topics_emerging.html", births=[_born(b) for b in births], state=state, days=EMERGING_DAYS)

    return stable(request, produce, ([(b.line.topic, b.line.size, b.between) for b in births], state))


def one(request: Request) -> Response:
    """Answer ``/topics/12-graph-kernels``; its number or its name alone leads there."""
    catalog = of(request).catalog
    detail = catalog.topic(which_of(request.path_params["which"]))
    topic = detail.line.topic
    if request.url.path != addresses.of_topic(topic):
        return RedirectResponse(addresses.with_parameters(addresses.of_topic(topic), request.query_params.items()), 307)
    wanted = replace(asked(request, ("by",)), path=f"{_HERE}/{topic.id}")  # what is followed outlives a name
    papers = catalog.topic_papers(topic.id, sort=sort_of(wanted), limit=wanted.limit, cursor=wanted.cursor)
    said = said_of(request, [hit.paper for hit in papers.hits])
    if topic.level == LEAF:  # all of them are of this one
        said = replace(said, topics={})

    def produce(site: Site) -> Response:
        values = listed(request, papers, wanted, said)
        return site.html("topic.html", **_detail(detail), **_curating(request, detail), by=_by(wanted), **values)

    return current(request, said, produce, (detail.line, detail.neighbours, papers.total))


# --- what one does ---


def follow(request: Request) -> Response:
    """Make an interest of a topic; lead to its feed."""
    made = of(request).catalog.follow_topic(reader_of(request), request.path_params["number"])
    return RedirectResponse(addresses.of_feed(made.id), 303)


@posted
def rename(request: Request, fields: Fields) -> Response:
    """Give a topic another name."""
    of(request).catalog.rename_topic(reader_of(request), request.path_params["number"], fields.get("name", ""))
    return _back(request)


@posted
def merge(request: Request, fields: Fields) -> Response:
    """Let another topic take this one in; lead to that one."""
    into = number(fields.get("into", ""), "into", 10**7 - 1)
    of(request).catalog.merge_topics(reader_of(request), request.path_params["number"], into)
    return RedirectResponse(f"{_HERE}/{into}#curate", 303)


@posted
def split(request: Request, fields: Fields) -> Response:
    """Make several topics of one."""
    parts = number(fields.get("parts", "2"), "parts", _MOST_PARTS)
    of(request).catalog.split_topic(reader_of(request), request.path_params["number"], parts)
    return _back(request)


@posted
def pin(request: Request, fields: Fields) -> Response:
    """Let a topic stay whatever a refit finds, or not any more."""
    pinned = fields.get("pinned", "")
    if pinned not in ("0", "1"):
        raise InputError("pinned is 1 or 0")
    of(request).catalog.pin_topic(reader_of(request), request.path_params["number"], pinned == "1")
    return _back(request)


ROUTES = [
    Route(_HERE, page),
    Route(f"{_HERE}/emerging", emerging),
    Route(f"{_HERE}/{{number:int}}/follow", follow, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/rename", rename, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/merge", merge, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/split", split, methods=["POST"]),
    Route(f"{_HERE}/{{number:int}}/pin", pin, methods=["POST"]),
    Route(f"{_HERE}/{{which}}", one),
]


def which_of(text: str) -> int | str:
    """Return the topic that an address names: a number, perhaps with a name behind it, else a name."""
    match = _NUMBERED.fullmatch(text)
    return int(match[1]) if match else text


def sort_of(wanted: Asking) -> str:
    """Return how the papers of a topic are ordered."""
    return dict(wanted.more).get("by", "newest")


# --- as the templates show it ---


def _back(request: Request) -> Response:
    return RedirectResponse(f"{_HERE}/{request.path_params['number']}#curate", 303)


def _by(wanted: Asking) -> list[Choice]:
    chosen = sort_of(wanted)
    first = replace(wanted, cursor=None, back=(), number=1)
    return [
        Choice(label, None if name == chosen else replace(first, more=(("by", "" if name == "newest" else name),)).href)
        for name, label in _BY.items()
    ]


def _group(area: Area) -> Group:
    # one more line takes no more room than the words that would hide it
    shown = _OPEN if len(area.leaves) > _OPEN + 1 else _OPEN + 1
    leaves = _lines(area.leaves)
    return Group(_line(area.line), leaves[:shown], leaves[shown:])


def _lines(lines: Iterable[TopicLine]) -> tuple[Line, ...]:
    return tuple(map(_line, lines))


def _line(line: TopicLine) -> Line:
    paper = next(iter(line.papers), None)
    return Line(
        line.topic,
        addresses.of_topic(line.topic),
        line.size,
        plots.sparkline(line.weeks),
        line.weeks,
        _growth(line.growth),
        _age(line.half_life),
        (addresses.of_paper(paper.key), set_text(paper.title)) if paper else None,
    )


def _growth(growth: float) -> str:
    """Return how the share of a topic changes; "" where it hardly does."""
    if growth >= _STEADY:
        return f"growing, {growth:.1f}×"
    return f"shrinking, {growth:.1f}×" if growth <= 1 / _STEADY else ""


def _age(days: int | None) -> str:
    """Return an age in words: 12 days, 7 months, 2.5 years."""
    if days is None:
        return ""
    for size, word in ((365.25, "year"), (30.4, "month")):
        if days >= 2 * size:
            amount = f"{days / size:.1f}".removesuffix(".0") if word == "year" else f"{days / size:.0f}"
            return f"{amount} {word}s"
    return f"{days} day{'' if days == 1 else 's'}"


def _born(birth: Birth) -> Born:
    first = tuple((addresses.of_paper(paper.key), set_text(paper.title), paper) for paper in birth.first)
    return Born(_line(birth.line), birth.area, birth.between, first, birth)


def _detail(detail: TopicDetail) -> dict[str, Any]:
    return {
        "detail": detail,
        "line": _line(detail.line),
        "leaves": _lines(detail.leaves),
        "years": plots.bars(detail.years),
        "first": detail.first,
        "first_title": set_text(detail.first.title) if detail.first else "",
    }


def _curating(request: Request, detail: TopicDetail) -> dict[str, Any]:
    """Return what a curator's forms need; nothing is read for anybody else."""
    may = acting(request).curates
    catalog, topic = of(request).catalog, detail.line.topic
    others = [area for area in catalog.topics() if area.leaves] if may and topic.level == LEAF else []
    return {
        "acts": _acts_on(catalog.acts(reader_of(request), limit=_ACTS), topic) if may else [],
        "others": others,
        "is_area": topic.level == AREA,
        "most_parts": _MOST_PARTS,
        "now": catalog.now(),
    }


def _acts_on(acts: Iterable[Act], topic: Topic) -> list[Act]:
    return [act for act in acts if act.subject == f"topic:{topic.id}"]
