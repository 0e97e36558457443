"""Items of the Daily Papers API of Hugging Face: what the community put forward, day by day."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from tidings import identifiers
from tidings.sources.formats.common import abstract_of, counts_of, day_of, links_of, moment_of, people, texts, title_of
from tidings.types import Record

_DAY_IN_NAME = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")


class Person(msgspec.Struct, gc=False, rename="camel"):
    name: str | None = None
    hidden: bool = False


class Listed(msgspec.Struct, gc=False, rename="camel"):
    """The paper inside an item; here ``publishedAt`` is the day arXiv got it."""

    id: str
    title: str | None = None
    summary: str | None = None
    authors: list[Person] = []
    published_at: str | None = None
    submitted_on_daily_at: str | None = None
    upvotes: int | None = None
    ai_keywords: list[str] | None = msgspec.field(name="ai_keywords", default=None)
    github_repo: str | None = None
    github_stars: int | None = None
    project_page: str | None = None
    withdrawn_at: str | None = None


class Item(msgspec.Struct, gc=False, rename="camel"):
    """An item of a day's answer; here ``publishedAt`` is the listing."""

    paper: Listed
    title: str | None = None
    summary: str | None = None
    published_at: str | None = None
    num_comments: int | None = None


def from_item(item: Item, name: str = "") -> Record:
    """Return the record of an item. What was counted is dated by the day that listed it."""
    paper = item.paper
    paper_id, _ = identifiers.parse_arxiv_id(paper.id)
    at = listed_at(item, name)
    return Record(
        source="huggingface",
        key=paper_id,
        title=title_of(paper.title or item.title),
        abstract=abstract_of(paper.summary or item.summary),
        authors=people(person.name for person in paper.authors if person.name and not person.hidden),
        ids=(f"arxiv:{paper_id}",),
        keywords=texts(paper.ai_keywords or ()),
        submitted=day_of(paper.published_at),
        links=links_of(
            pdf=f"https://arxiv.org/pdf/{paper_id}",
            code=paper.github_repo,
            project=paper.project_page,
            discussion=f"https://huggingface.co/papers/{paper_id}",
        ),
        listed=at.date() if at else None,
        counts=counts_of(at, upvotes=paper.upvotes, comments=item.num_comments, stars=paper.github_stars),
        withdrawn=bool(paper.withdrawn_at),
    )


def observed(record: Record, at: datetime) -> Record:
    """Return the record with its counts dated by when they were seen, as an answer of today's is, and not a file's."""
    return replace(record, counts=tuple(replace(count, at=at) for count in record.counts))


def listed_at(item: Item, name: str = "") -> datetime | None:
    """Return when a day listed the paper.

    Recorded answers disagree: the outer time is at times the paper's own, shifted by hours. So the time of
    submission to the list counts first, then the day that the file is named after, then the outer time.
    """
    submitted = moment_of(item.paper.submitted_on_daily_at)
    if submitted is not None:
        return submitted
    named = _DAY_IN_NAME.search(name)
    day = day_of(named[1]) if named else None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else moment_of(item.published_at)
