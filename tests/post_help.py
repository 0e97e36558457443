"""An installation that sends digests to a mail server on this machine: for the tests of making and sending."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.mail_server import HOST, Inbox, mail_server
from tests.people_help import open_catalog
from tests.scripted import START, Clock
from tests.test_sync import take
from tidings.catalog import Catalog
from tidings.digest.sending import Report, run
from tidings.store import Store
from tidings.types import Pace, Record, Subscription

PUBLIC = "https://papers.lab.example"
TODAY = START.date()
DAY = timedelta(days=1)
ADA, BOB, EVE = "ada@lab.example", "bob@lab.example", "eve@elsewhere.example"

_WORDS = """
graph kernel speech protein image retrieval galaxy enzyme theorem market neuron policy sampling lattice
reward language quantum climate robot vision privacy compiler cache tensor causal survey benchmark tumour molecule
glacier traffic auction poetry sensor antenna battery forest voting memory planning folding search translation camera
plasma ocean music surgery insect seismic logic crystal laser vaccine desert satellite turbine archive dialogue
"""


def words(chance: random.Random, count: int) -> str:
    return " ".join(chance.sample(_WORDS.split(), count))


def record(number: int, day: date = TODAY, category: str = "cs.CL", **said: Any) -> Record:
    """Return a paper that resembles no other one."""
    chance, key = random.Random(number), f"2603.{number:05}"
    sentences = [f"We study {words(chance, 8)} in {words(chance, 4)}." for _ in range(4)]
    usual: dict[str, Any] = {
        "title": f"{words(chance, 6).capitalize()} {number}",
        "abstract": " ".join(sentences),
        "authors": ("Ada Example", "Bo Sample"),
        "ids": (f"arxiv:{key}",),
        "categories": (category,),
        "announced": day,
    }
    return Record("arxiv", key, **(usual | said))


@dataclass
class Post:
    """The installation, the mailboxes of its readers, and the clock."""

    store: Store
    catalog: Catalog
    inbox: Inbox
    clock: Clock

    def subscribe(self, address: str = ADA, kind: str = "trending", subject: str = "", **pace: Any) -> Subscription:
        return self.catalog.add_subscription(address, kind, subject, Pace(**pace))

    def papers(self, *records: Record) -> list[int]:
        """Let papers arrive; return their numbers."""
        take(self.store, *records)
        self.catalog.catch_up()
        found = [self.store.find(each.ids[0]) for each in records]
        return [number for number in found if number is not None]

    def run(self, **options: Any) -> Report:
        return run(self.catalog, sleep=self.clock.sleep, **options)

    def morning(self, days: int = 1) -> Report:
        """Let days go by until eight in the morning, and run."""
        self.clock.at = self.clock.at.replace(hour=8, minute=0, second=0) + days * DAY
        return self.run()

    def states(self) -> list[str]:
        """Return the states of all editions, in the order they were made."""
        return [edition.state for _, edition in reversed(self.catalog.all_editions(limit=10_000))]

    def told(self, address: str = ADA) -> list[str]:
        """Return the titles that mails told an address of, in order."""
        titles = {each.title for each in map(record, range(1, 400))}
        mails = [message for message in self.inbox.messages if message["To"] == address]
        found = [
            title for message in mails for title in re.findall(r"^ *\d+\. +(.+?)\r?$", text(message), re.MULTILINE)
        ]
        assert set(found) <= titles
        return found


def text(message: Any) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@contextmanager
def post(store: Store, home: Path, **settings: Any) -> Iterator[Post]:
    """Yield an installation, at six in the morning of a Monday."""
    clock = Clock()
    with mail_server(starttls=settings.pop("starttls", None)) as inbox:
        mail = {"host": HOST, "port": inbox.port, "security": "none", "sender": "tidings@lab.example"}
        mail |= settings.pop("mail", {})
        catalog = open_catalog(store, home, clock, public_url=PUBLIC, mail=mail, **settings)
        yield Post(store, catalog, inbox, clock)


def titles(numbers: Sequence[int]) -> set[str]:
    return {record(number).title for number in numbers}
