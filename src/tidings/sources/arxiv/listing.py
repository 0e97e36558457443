"""When a paper was first listed, if no feed said so: an estimate from the schedule, its id and its last change."""

from __future__ import annotations

from datetime import date

from tidings.identifiers import arxiv_date_hint
from tidings.sources.arxiv import calendar
from tidings.sources.formats.arxiv_oai import Described


def first_listing(described: Described) -> date | None:
    """Return the day of announcements on which a paper was probably listed first; None where nobody can tell.

    It is the one that the schedule has for the first version, but none before the month that the id names, because ids
    are given out at the announcement. Moderation holds papers for days or weeks: where a paper has one version and was
    last changed on a later day of announcements of its id's month, it was held until then. A change outside of that
    month is one of the metadata, and so is one on a day without announcements.
    """
    submitted = described.submitted_at
    if submitted is None or submitted.date() < calendar.SCHEDULE_SINCE:
        return None
    first, last = calendar.announcements_of_month(*arxiv_date_hint(described.record.key))
    day = max(calendar.announcement_of(submitted), first)
    stamp = described.stamp
    if stamp and len(described.record.versions) == 1 and day < stamp <= last and calendar.is_announcement_day(stamp):
        return stamp
    return day
