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
    of one that is not yet. ``joined`` is the first feed that was taken with the category.
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

    def for_categories(self, categories: tuple[str, ...], since: date) -> State:
        """Return the state with a window for each category and for no other; one that was added begins its own."""
        windows = {category: self.windows.get(category, Window(since)) for category in categories}
        return replace(self, windows=windows)

    def with_window(self, category: str, window: Window) -> State:
        """Return the state with one window changed."""
        return replace(self, windows=self.windows | {category: window})

    def with_feed(self, day: date, *, names_all_new: bool) -> State:
        """Return the state after the feed of a day was taken; ``names_all_new`` unless it was cut too early."""
        before = self.feed.day or day
        missed = {*self.feed.missed, *calendar.announcement_days(before, day)} - {day}
        if not names_all_new:
            missed.add(day)
        newest = max(before, day)
        kept = tuple(sorted(each for each in missed if newest - each <= _MEMORY))
        windows = {
            category: window if window.joined else replace(window, joined=day)
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

    def rewound(self, since: date) -> State:
        """Return the state whose windows all go back to a day; what is known of feeds stays."""
        windows = {
            category: Window(min(since, window.since), joined=window.joined)
            for category, window in self.windows.items()
        }
        return replace(self, windows=windows)


def _covers(category: str, categories: tuple[str, ...]) -> bool:
    """Tell whether a category, or an archive, has a paper of these categories."""
    return category in categories or any(each.startswith(f"{category}.") for each in categories)
