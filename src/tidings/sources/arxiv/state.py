"""How far arXiv was read: what the cursor holds, and which announcements came by the feed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
from msgspec.structs import replace

from tidings.sources.arxiv import calendar

# Which feeds were missed is remembered that long; an older day counts as one whose feed was never taken.
_MEMORY = timedelta(days=366)


class Feed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The newest feed that was taken, the days before it that were missed, and how to ask for a change only.

    ``query`` is what the condition belongs to: the categories as they were asked for.
    """

    day: date | None = None
    missed: tuple[date, ...] = ()
    query: str = ""
    etag: str | None = None
    modified: str | None = None


class Window(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the history of one category was read.

    Records changed ``since`` that day are to be read, that day included. ``answered`` is when arXiv last answered a
    window that was read whole; ``opened``, ``token`` and ``given`` (the day, in UTC, on which the token was given) tell
    of one that is not yet. ``joined`` is the first of the feeds that were all taken with the category.
    """

    since: date
    answered: datetime | None = None
    opened: datetime | None = None
    token: str | None = None
    given: date | None = None
    joined: date | None = None


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is remembered between runs. ``whole`` is the newest announcement that is held whole."""

    feed: Feed = Feed()
    windows: dict[str, Window] = {}
    whole: date | None = None

    def knowing(self, categories: tuple[str, ...], since: date) -> State:
        """Return the state with a window for each category: a new one begins on that day. One that is not asked for now
        keeps its place, so that nothing is missed should it be asked for again.
        """
        missing = {category: Window(since) for category in categories if category not in self.windows}
        return replace(self, windows=self.windows | missing)

    def with_window(self, category: str, window: Window) -> State:
        """Return the state with one window changed."""
        return replace(self, windows=self.windows | {category: window})

    def with_feed(self, day: date, categories: tuple[str, ...], *, names_all_new: bool) -> State:
        """Return the state after the feed of a day was taken; ``names_all_new`` unless it was cut too early."""
        before = self.feed.day or day
        missed = {*self.feed.missed, *calendar.announcement_days(before, day)} - {day}
        if not names_all_new:
            missed.add(day)
        newest = max(before, day)
        kept = tuple(sorted(each for each in missed if newest - each <= _MEMORY))
        windows = {
            category: replace(window, joined=(window.joined or day) if category in categories else None)
            for category, window in self.windows.items()
        }
        return replace(self, feed=replace(self.feed, day=newest, missed=kept), windows=windows)

    def with_whole(self, day: date) -> State:
        """Return the state with an announcement held whole, and so all before it."""
        return replace(self, whole=max(day, self.whole or day))

    def was_taken(self, day: date, categories: tuple[str, ...]) -> bool:
        """Tell whether the feed of a day was taken with a category that a paper of these categories is in."""
        newest = self.feed.day
        if newest is None or not newest - _MEMORY <= day <= newest or day in self.feed.missed:
            return False
        joined = (window.joined for category, window in self.windows.items() if _covers(category, categories))
        return any(first is not None and first <= day for first in joined)

    def rewound(self, categories: tuple[str, ...], since: date) -> State:
        """Return the state with these windows gone back to a day; what is known of feeds stays."""
        back = {
            category: Window(min(since, self.windows[category].since), joined=self.windows[category].joined)
            for category in categories
        }
        return replace(self, windows=self.windows | back)


def _covers(category: str, categories: tuple[str, ...]) -> bool:
    """Tell whether a category, or an archive, has a paper of these categories."""
    return category in categories or any(each.startswith(f"{category}.") for each in categories)
