"""What a source says anew of a paper that it spoke of before. Pure functions; sync reads and writes.

A source speaks through several channels, and each tells a part: arXiv's feed knows the day of the announcement but
not the comment, its history knows the versions but not the announcement. So a record is renewed, not replaced: what a
source does not say now, it has not taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TypeVar

from tidings.types import Count, FieldChange, Record, Version

Value = TypeVar("Value")

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
# What a reader would want to know of; an empty field that is filled later was not changed by anybody.
_TOLD = ("title", "authors", "abstract", "categories", "comment", "journal", "venue")
_IN_ANNOUNCEMENTS = ("title", "abstract")


def undated(record: Record) -> Record:
    """Return the record without dated counts: they are observations, and a new one is no news of the paper."""
    kept = tuple(count for count in record.counts if count.at is None)
    return record if len(kept) == len(record.counts) else replace(record, counts=kept)


def newest_count(record: Record) -> datetime | None:
    """Return when the newest of the record's dated counts was taken."""
    return max((count.at for count in record.counts if count.at), default=None)


def renewed(old: Record, new: Record) -> Record:
    """Return the record as it stands after the source spoke again.

    Text comes from whichever knows the later version, from the full description of a version before its
    announcement, else from what was said last. Days of submission and announcement are the first ones said.
    """
    later, earlier = (new, old) if _knowledge(new) >= _knowledge(old) else (old, new)
    authors = old.authors if _is_announcement(new) and old.authors else later.authors or earlier.authors
    return Record(
        source=old.source,
        key=old.key,
        title=later.title,
        abstract=later.abstract or earlier.abstract,
        authors=authors,  # an announcement joins names and affiliations by commas
        ids=_union(later.ids, earlier.ids),
        categories=later.categories or earlier.categories,
        keywords=later.keywords or earlier.keywords,
        venue=later.venue or earlier.venue,
        year=later.year or earlier.year,
        submitted=_first(old.submitted, new.submitted),
        updated=max((day for day in (old.updated, new.updated) if day), default=None),
        announced=_first(old.announced, new.announced),
        listed=_first(old.listed, new.listed),
        comment=later.comment or earlier.comment,
        journal=later.journal or earlier.journal,
        links=_union(later.links, earlier.links),
        versions=_versions(earlier.versions, later.versions),
        counts=_counts(old.counts, new.counts),
        withdrawn=later.withdrawn or (earlier.withdrawn and _is_announcement(later)),
    )


def recounted(old: Record, new: Record) -> Record:
    """Return the old record with the newer counts: the rest of what the new one says is known already."""
    return replace(old, counts=_counts(old.counts, new.counts))


def differences(old: Record, new: Record) -> tuple[FieldChange, ...]:
    """Return what the source changed between two states of a record, field by field, in the order of a page.

    Where only an announcement was known, what completes its version changes nothing, and what it did not say or said
    in its own way (authors) cannot be compared.
    """
    announced_only = bool(old.versions) and not any(version.submitted for version in old.versions)
    if announced_only and latest_version(old) == latest_version(new):
        return ()
    names = _IN_ANNOUNCEMENTS if announced_only else _TOLD
    changed = [
        FieldChange(name, before, after)
        for name in names
        if (before := _text(getattr(old, name))) and (after := _text(getattr(new, name))) != before
    ]
    if new.withdrawn and not old.withdrawn:
        changed.append(FieldChange("withdrawn", "", "withdrawn"))
    return tuple(changed)


def latest_version(record: Record) -> int | None:
    """Return the number of the newest version that the record knows."""
    return max((version.number for version in record.versions), default=None)


def _knowledge(record: Record) -> tuple[int, bool]:
    """Return the newest version that is known, and whether it is described in full: only then it has a date."""
    newest = max(record.versions, key=lambda version: version.number, default=None)
    return (0, True) if newest is None else (newest.number, newest.submitted is not None)


def _is_announcement(record: Record) -> bool:
    return bool(record.versions) and not _knowledge(record)[1]


def _versions(earlier: tuple[Version, ...], later: tuple[Version, ...]) -> tuple[Version, ...]:
    """Return every version, ordered; of two that have the same number the one with a date, else the later said."""
    known = {version.number: version for version in earlier}
    for version in later:
        if version.submitted or version.number not in known or not known[version.number].submitted:
            known[version.number] = version
    return tuple(known[number] for number in sorted(known))


def _counts(old: tuple[Count, ...], new: tuple[Count, ...]) -> tuple[Count, ...]:
    """Return the newest count of each kind; one without a date is older than any other."""
    newest: dict[str, Count] = {}
    for count in (*old, *new):
        known = newest.get(count.kind)
        if known is None or (count.at or _BEFORE_ALL) >= (known.at or _BEFORE_ALL):
            newest[count.kind] = count
    return tuple(newest.values())


def _union(first: Iterable[Value], second: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _first(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day), default=None)


def _text(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")
