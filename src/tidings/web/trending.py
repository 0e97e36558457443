"""The pages that rank papers by votes: the front, the last days, a day, a week, a month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tidings import moments
from tidings.catalog.periods import Period, month_of, week_of
from tidings.errors import NotFoundError
from tidings.web import addresses
from tidings.web.lists import asked, newest_page
from tidings.web.showing import current, listed, said_of
from tidings.web.site import Site, of

if TYPE_CHECKING:
    from tidings.types import Trend
    from tidings.web.asking import Asking

_FEW = 10
"""A front page with fewer papers than this looks further back."""
_USUAL = "3d"
_PAPERS_OF_A_DAY = 50
_CATEGORIES = 12

_WINDOWS = {"day": "today", "3d": "3 days", "week": "week", "month": "month"}
_IN_WINDOW = {
    "day": "today",
    "3d": "in the last three days",
    "week": "in the last seven days",
    "month": "in the last thirty days",
}
_BY = {"both": "all", "here": "here", "world": "elsewhere"}
_BY_TITLES = {"both": "Trending", "here": "Trending here", "world": "Trending elsewhere"}
_BY_NOTES = {
    "both": "",
    "here": " that people here voted for, put forward or picked, by their votes alone",
    "world": " by what others say elsewhere; votes given here do not count",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the things that a list can be turned to; ``href`` is None for what it is already.

    ``words`` say it whole where the label is short.
    """

    label: str
    href: str | None
    count: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a ranked list: its heading, what it shows in words, and what it can be turned to.

    ``earlier`` and ``later`` are the neighbours of a day, a week or a month; ``wider`` what it is part of.
    ``is_past`` says that it is none of the windows that end now.
    """

    title: str
    note: str = ""
    by: tuple[Choice, ...] = ()
    windows: tuple[Choice, ...] = ()
    categories: tuple[Choice, ...] = ()
    category: Choice | None = None
    earlier: Choice | None = None
    later: Choice | None = None
    wider: tuple[Choice, ...] = ()
    day: str = ""
    is_dated: bool = False
    by_whom: str = "both"


Step = Callable[[date], Choice]


def front(request: Request) -> Response:
    """Answer ``/``: what trends today, or in as many days as it takes to fill a page; else the newest papers."""
    catalog, wanted = of(request).catalog, asked(request, ("category", "by"))
    window = catalog.window_with(_FEW)
    if window is None:
        page = catalog.newest(limit=wanted.limit)
        said = said_of(request, [hit.paper for hit in page.hits])
        newest = replace(wanted, path="/new", more=())
        return current(request, said, lambda _: newest_page(request, page, newest, said, is_front=True))
    little = "" if window == "day" else "Little came today, so this looks further back."
    return _window(request, wanted, window, little)


def trending(request: Request) -> Response:
    """Answer ``/trending?window=3d&category=cs.CL&by=here``."""
    wanted = asked(request, ("window", "category", "by"))
    return _window(request, wanted, _one(wanted, "window") or _USUAL)


def day(request: Request) -> Response:
    """Answer ``/papers/date/2025-03-20``."""
    when = day_of(request.path_params["day"])
    week, month = week_of(when), month_of(when)
    wider = (Choice(week_words(week), addresses.of_week(week)), Choice(moments.month(when), addresses.of_month(month)))
    frame = Frame(moments.weekday(when), wider=wider, day=when.isoformat())
    return _dated(request, Period.day(when), frame, _to_day)


def week(request: Request) -> Response:
    """Answer ``/papers/week/2025-W12``."""
    text = request.path_params["week"]
    period = Period.week(text)
    wider = (Choice(moments.month(period.end), addresses.of_month(month_of(period.end))),)
    is_within = period.start.month == period.end.month
    first = str(period.start.day) if is_within else moments.in_words(period.start)
    note = f"{first} to {moments.in_words(period.end)}."
    return _dated(request, period, Frame(week_words(text), note, wider=wider), _to_week)


def month(request: Request) -> Response:
    """Answer ``/papers/month/2025-03``."""
    period = Period.month(request.path_params["month"])
    return _dated(request, period, Frame(moments.month(period.start)), _to_month)


def any_day(request: Request) -> Response:
    """Send ``/papers/date`` on to the day that was asked for in the form, else to the newest day."""
    text = request.query_params.get("day", "")
    if text:
        return RedirectResponse(addresses.of_day(day_of(text)), 303)
    latest = next((hit.paper.date for hit in of(request).catalog.newest(limit=1).hits), None)
    return RedirectResponse(addresses.of_day(latest) if latest else "/new", 303)


ROUTES = [
    Route("/", front, name="home"),
    Route("/trending", trending),
    Route("/papers/date", any_day),
    Route("/papers/date/{day}", day),
    Route("/papers/week/{week}", week),
    Route("/papers/month/{month}", month),
]


# --- the two kinds of list ---


def _window(request: Request, wanted: Asking, window: str, little: str = "") -> Response:
    """Answer with the papers of a window that ends now; ``little`` says why it is not a shorter one."""
    category, by = _one(wanted, "category"), _by(wanted)
    more = ("window", window), ("category", category), ("by", by if by != "both" else "")
    wanted = replace(wanted, path="/trending", more=more)

    def frame(trend: Trend) -> Frame:
        return Frame(
            title=title_of(window, category, by),
            note=" ".join(filter(None, (little, _counted(trend, by, f" came or got votes {_IN_WINDOW[window]}")))),
            windows=tuple(_choice(wanted, label, name == window, window=name) for name, label in _WINDOWS.items()),
            earlier=Choice("day by day", "/papers/date"),
        )

    return _page(request, wanted, Period.last(window, of(request).catalog.now()), frame)


def _dated(request: Request, period: Period, usual: Frame, step: Step) -> Response:
    """Answer with the papers of a day, a week or a month; ``step`` leads to the nearest one that has any."""
    wanted = asked(request, ("category", "by"), page_size=_PAPERS_OF_A_DAY)
    category, by = _one(wanted, "category"), _by(wanted)

    def frame(trend: Trend) -> Frame:
        return replace(
            usual,
            title=f"{usual.title}, {category}" if category else usual.title,
            note=" ".join(filter(None, (usual.note, _counted(trend, by)))),
            earlier=step(trend.previous) if trend.previous else None,
            later=step(trend.next) if trend.next else None,
            is_dated=True,
        )

    return _page(request, wanted, period, frame)


def _page(request: Request, wanted: Asking, period: Period, framed: Callable[[Trend], Frame]) -> Response:
    """Answer with a ranked list. Its frame is made only where the page is."""
    category, by = _one(wanted, "category"), _by(wanted)
    trend = of(request).catalog.trending(
        period, by=by, category=category or None, limit=wanted.limit, cursor=wanted.cursor
    )
    said = said_of(request, [hit.paper for hit in trend.page.hits], why=trend.why)
    scores = [(hit.paper.id, hit.score, trend.why[hit.paper.id].final) for hit in trend.page.hits]
    rests_on = (wanted.more, scores, trend.page.total, trend.previous, trend.next, trend.page.facets["category"])

    def produce(site: Site) -> Response:
        frame = replace(
            framed(trend),
            by=_by_choices(wanted, by),
            categories=_categories(trend, wanted, category),
            category=_choice(wanted, category, False, category="") if category else None,
            by_whom=by,
        )
        return site.html("trending.html", frame=frame, **listed(request, trend.page, wanted, said))

    return current(request, said, produce, rests_on, keep=True)


def _counted(trend: Trend, by: str, usual: str = "") -> str:
    """Return how many papers there are, and by whose votes, in a sentence."""
    total = trend.page.total
    return f"{total:,} paper{'' if total == 1 else 's'}{_BY_NOTES[by] or usual}." if total else ""


def title_of(window: str, category: str, by: str) -> str:
    """Return what the list of a window that ends now is called."""
    return " ".join(filter(None, (_BY_TITLES[by], _IN_WINDOW[window], f"in {category}" if category else "")))


# --- what it can be turned to ---


def _by(wanted: Asking) -> str:
    return _one(wanted, "by") or "both"


def _one(wanted: Asking, name: str) -> str:
    return dict(wanted.more).get(name, "")


def _choice(wanted: Asking, label: str, chosen: bool, count: int | None = None, **changed: str) -> Choice:
    """Return the first page of the list with other parameters."""
    more = tuple((dict(wanted.more) | changed).items())
    href = None if chosen else replace(wanted, more=more, cursor=None, back=(), number=1).href
    return Choice(label, href, count)


def _by_choices(wanted: Asking, by: str) -> tuple[Choice, ...]:
    return tuple(_choice(wanted, label, name == by, by="" if name == "both" else name) for name, label in _BY.items())


def _categories(trend: Trend, wanted: Asking, category: str) -> tuple[Choice, ...]:
    frequent = trend.page.facets["category"][:_CATEGORIES]
    return tuple(
        _choice(wanted, facet.value, facet.value == category, facet.count, category=facet.value) for facet in frequent
    )


def _to_day(when: date) -> Choice:
    return Choice(moments.in_words(when), addresses.of_day(when), words=moments.weekday(when))


def _to_week(when: date) -> Choice:
    return Choice(week_words(week_of(when)), addresses.of_week(week_of(when)))


def _to_month(when: date) -> Choice:
    return Choice(moments.month(when), addresses.of_month(month_of(when)))


def week_words(week: str) -> str:
    """Return a week as it is said: Week 12 of 2025."""
    year, _, number = week.partition("-W")
    return f"Week {int(number)} of {year}"


def day_of(text: str) -> date:
    """Return the day that an address names. NotFoundError where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotFoundError(f"{text[:40]!r} is not a day; days are written as in 2025-03-20.") from error
