"""One run: the day's feed first, because it is small and new, then the history of each category."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace

from tidings.errors import FetchError, SourceError
from tidings.moments import weekday
from tidings.sources.arxiv import calendar, oai
from tidings.sources.arxiv.feed import LONGEST, DayFeed, UnknownCategoryError, read_feed
from tidings.sources.arxiv.listing import first_listing
from tidings.sources.arxiv.state import State, Window
from tidings.sources.batches import write_cursor
from tidings.sources.formats.arxiv_oai import Described
from tidings.sources.formats.common import Outcome
from tidings.sources.registry import Means
from tidings.sources.source import Batch
from tidings.types import Limit

# While an announcement is overdue the history is asked for it, but not with each look at the feed: it takes minutes.
_OVERDUE_PAUSE = timedelta(hours=6)
_LEAVE_ALONE = frozenset((403, 429))


class Reading:
    """A run of the source for some categories, from a state. ``state`` is where it has come to."""

    def __init__(self, means: Means, limit: Limit, categories: tuple[str, ...], state: State) -> None:
        self._settings, self._client, self._now = means.settings.arxiv, means.client, means.now
        self._limit, self._categories, self.state = limit, categories, state
        self._notes: list[str] = []
        self._known = oai.Known()

    def batches(self) -> Iterator[Batch]:
        """Yield the feed, the pages of the history, and last what is held now.

        A feed that cannot be had does not keep the history from being read; its failure is raised at the end. But
        where arXiv asks to be left alone, or does not know a category, nothing more is asked.
        """
        failure: SourceError | None = None
        try:
            yield from self._feed()
        except SourceError as error:
            if _ends_the_run(error):
                raise
            failure = error
        for category in self._categories:
            if self._is_due(self.state.windows[category]):
                yield from self._history(category)
        yield self._end()
        if failure is not None:
            raise failure

    def _batch(self, items: tuple[Outcome, ...], newest: date | None = None, note: str | None = None) -> Batch:
        return Batch(items, write_cursor(self.state), newest, note)

    # --- the feed ---

    def _feed(self) -> Iterator[Batch]:
        feed = self._ask_for_feed()
        if feed is None or not feed.size:
            return
        self.state = self.state.with_feed(feed.day, self._categories, names_all_new=feed.names_all_new)
        if feed.is_cut:
            self._notes.append(f"the feed was cut at {LONGEST:,} entries; the history completes it")
        yield self._batch(feed.items, None if feed.is_cut else feed.day, "; ".join(self._notes) or None)

    def _ask_for_feed(self) -> DayFeed | None:
        """Return the feed if it has changed since it was last asked for."""
        known, query = self.state.feed, "+".join(self._categories)
        is_same = known.query == query
        try:
            answer = self._client.get(
                f"{self._settings.feed_url}/{query}",
                self._limit,
                etag=known.etag if is_same else None,
                modified=known.modified if is_same else None,
            )
            if answer.unchanged:
                return None
            read = read_feed(answer.body)
        except FetchError as error:
            if error.status != 400:
                raise
            raise _unknown(query, "it answers with 400") from error
        except UnknownCategoryError as error:
            raise _unknown(query, str(error)) from error
        except SourceError as error:
            raise SourceError(f"{answer.url}: {error}") from error
        self.state = replace(self.state, feed=replace(known, query=query, etag=answer.etag, modified=answer.modified))
        return read

    # --- the history ---

    def _is_due(self, window: Window) -> bool:
        """Tell whether there may be news since the window was last read whole: an announcement, or one overdue."""
        now = self._now()
        if window.token is not None or window.answered is None:
            return True
        if window.answered < calendar.midnight(calendar.newest_out(now)):
            return True
        return self._is_overdue(now) and now - window.answered >= _OVERDUE_PAUSE

    def _history(self, category: str) -> Iterator[Batch]:
        """Yield the pages of a category's window. One whose token has expired goes on from the day it had come to."""
        seen: set[str] = set()
        has_restarted = False
        while True:
            try:
                page = self._page(category)
            except oai.ExpiredTokenError as error:
                if has_restarted:
                    raise SourceError(f"{category}: {error}") from error
                has_restarted = True
                self._forget_token(category)
                continue
            if page.token in seen:
                raise SourceError(f"{category}: arXiv leads back to a page that was read; the rest is tried later")
            self._advance(category, page)
            if page.deleted:
                self._notes.append(f"of {category}, {page.deleted:,} are no more at arXiv")
            yield self._batch(tuple(map(self._listed, page.items)))
            if page.token is None:
                return
            seen.add(page.token)

    def _page(self, category: str) -> oai.HistoryPage:
        asked: dict[str, str | int | list[str]] = {"verb": "ListRecords"}
        window, now = self.state.windows[category], self._now()
        if window.token and window.given != now.astimezone(UTC).date():
            self._forget_token(category)
            window = self.state.windows[category]
        if window.token:
            asked["resumptionToken"] = window.token
        else:
            since = max(window.since, oai.EARLIEST).isoformat()
            asked |= {"metadataPrefix": oai.FORMAT, "set": oai.set_of(category), "from": since}
        answer = self._client.get(self._settings.oai_url, self._limit, params=asked)
        try:
            return oai.read_page(answer.body, now, self._known)
        except oai.ExpiredTokenError:
            raise
        except SourceError as error:
            raise SourceError(f"{category}, {answer.url}: {error}") from error

    def _forget_token(self, category: str) -> None:
        window = self.state.windows[category]
        self.state = self.state.with_window(category, replace(window, token=None, given=None, opened=None))

    def _advance(self, category: str, page: oai.HistoryPage) -> None:
        """Note how far a page has led. The next window begins on the day on which the first page was answered."""
        window = self.state.windows[category]
        opened = window.opened or page.answered
        if page.token is None:
            after = Window(opened.date(), answered=opened, joined=window.joined)
        else:
            given = self._now().astimezone(UTC).date()
            after = replace(window, since=_reached(window.since, page), opened=opened, token=page.token, given=given)
        self.state = self.state.with_window(category, after)

    def _listed(self, item: Described | Outcome) -> Outcome:
        """Return the record with the day of its first listing, where the feed of that day was not taken."""
        if not isinstance(item, Described):
            return item
        record, day = item.record, first_listing(item)
        if day is None or self.state.was_taken(day, record.categories):
            return record
        return dataclasses.replace(record, announced=day)

    # --- what is held at the end ---

    def _end(self) -> Batch:
        now = self._now()
        reached = self._reached(now)
        if reached and self.state.whole:
            days = calendar.announcement_days(self.state.whole, reached)
            missed = sum(not self.state.was_taken(day, self._categories) for day in days)
            if missed:
                self._notes.append(f"caught up {_announcements(missed)} from the history")
        if reached:
            self.state = self.state.with_whole(reached)
        self._notes.extend(self._explanation(now))
        newest = max((day for day in (reached, self.state.feed.day) if day), default=None)
        return self._batch((), newest, "; ".join(self._notes) or None)

    def _reached(self, now: datetime) -> date | None:
        """Return the newest announcement that the history held when it was read; None before all of it was.

        Today's counts only once its feed is there: nobody knows by the clock whether it is late.
        """
        answered = [self.state.windows[category].answered for category in self._categories]
        if not all(answered):
            return None
        day = calendar.newest_out(min(each for each in answered if each))
        if day == calendar.today(now) and self._is_overdue(now):
            return calendar.newest_out(calendar.midnight(day) - timedelta(hours=1))
        return day

    def _is_overdue(self, now: datetime) -> bool:
        return is_overdue(self.state.feed.day, now)

    def _explanation(self, now: datetime) -> Iterator[str]:
        """Yield why nothing new came, where the calendar knows it."""
        day = calendar.today(now)
        if not calendar.is_announcement_day(day):
            following = weekday(calendar.next_announcement(now))
            yield f"no announcement on {weekday(day)}; the next is expected on {following}, 00:00 New York time"
        elif self._is_overdue(now):
            yield f"the announcement of {weekday(day)} is not out yet"


def is_overdue(held: date | None, now: datetime) -> bool:
    """Tell whether the feed of this very day should be there and is not held. A feed of another day is gone."""
    day = calendar.today(now)
    return calendar.is_announcement_day(day) and (held is None or held < day)


def _reached(since: date, page: oai.HistoryPage) -> date:
    """Return from where a window goes on should its token expire: records come by the day of their last change."""
    stamps = page.stamps
    is_ordered = bool(stamps) and stamps[0] >= since and list(stamps) == sorted(stamps)
    return stamps[-1] if is_ordered else since


def _unknown(query: str, said: str) -> UnknownCategoryError:
    names = query.replace("+", ", ")
    return UnknownCategoryError(f"arXiv does not know every category of TIDINGS_ARXIV_CATEGORIES ({names}): {said}")


def _ends_the_run(error: SourceError) -> bool:
    if isinstance(error, FetchError):
        return error.retry_at is not None or error.status in _LEAVE_ALONE
    return isinstance(error, UnknownCategoryError)


def _announcements(count: int) -> str:
    return f"{count:,} announcement{'s' if count > 1 else ''}"
