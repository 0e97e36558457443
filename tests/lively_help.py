"""An installation with papers of some days, counts from outside, and people who voted: for the pages about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any

from tests.people_help import member
from tests.scripted import START
from tests.test_sync import take
from tests.web_people import House, house
from tidings.people import Reader
from tidings.types import Count, Link, Record

TODAY = START.date()
YESTERDAY = TODAY - timedelta(days=1)
LONG_AGO = TODAY - timedelta(days=900)

_SUBJECTS = ("graph kernels", "speech synthesis", "protein folding", "image retrieval")


def paper_id(number: int) -> str:
    return f"arxiv:2603.{number:05}"


def record(number: int, day: date | None = TODAY, category: str = "cs.CL", **values: Any) -> Record:
    key = f"2603.{number:05}"
    subject = _SUBJECTS[number % len(_SUBJECTS)]
    said: dict[str, Any] = {
        "title": f"Careful {subject}, part {number}",
        "abstract": f"We look at {subject} again, part {number}.",
        "authors": ("Ada Example", "Bo Sample"),
        "ids": (f"arxiv:{key}",),
        "categories": (category,),
        "announced": day,
    }
    return Record("arxiv", key, **(said | values))


def discussed(number: int, upvotes: int, comments: int = 0) -> Record:
    """What the outside says of a paper."""
    counts = (Count("upvotes", upvotes, START), Count("comments", comments, START))
    links = (Link("discussion", f"https://huggingface.co/papers/2603.{number:05}"),)
    return replace(record(number, None), source="huggingface", listed=TODAY, counts=counts, links=links)


def some_papers() -> list[Record]:
    """Twelve papers of today, four of yesterday, one of long ago; two of today's are discussed outside."""
    today = [record(number, category="cs.CL" if number % 2 else "cs.LG") for number in range(1, 13)]
    yesterday = [record(number, YESTERDAY) for number in range(13, 17)]
    return [*today, *yesterday, record(90, LONG_AGO), discussed(2, 128, 5), discussed(4, 9)]


@contextmanager
def lively_house(folder: Path, records: Sequence[Record] | None = None, **settings: Any) -> Iterator[House]:
    """Serve an installation that holds these papers, or some."""
    with house(folder, **settings) as made:
        take(made.store, *(some_papers() if records is None else records))
        made.catalog.catch_up()
        yield made


def voters(made: House, count: int) -> list[Reader]:
    """Return accounts that can vote."""
    return [member(made.catalog, f"Voter{number}") for number in range(count)]


def listed(html: str) -> list[str]:
    """Return the ids of the papers of a page's list, in order."""
    return re.findall(r'<h[23] class="title"><a href="/paper/([^"]+)"', html)


def entry(html: str, id: str) -> str:  # noqa: A002
    """Return the part of a page that is about one paper of its list."""
    for part in html.split('<li class="paper"')[1:]:
        if f'href="/paper/{id}"' in part:
            return part
    raise AssertionError(f"{id} is not listed")


def said(html: str) -> str:
    """Return what a piece of a page says, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())
