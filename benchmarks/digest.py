"""How long does it take to make and to send many digests, all different, and in how much memory?

    python -m benchmarks.digest                # 10,000 readers
    python -m benchmarks.digest 1000           # so many

Two thousand real papers of some days are new. Each reader has an interest of their own, a query of one of the papers'
words, and an address of their own; a mail server in another process takes the mails and forgets them.
"""

from __future__ import annotations

import json
import lzma
import multiprocessing
import random
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.tables import DATA, publish, table
from tidings.catalog import Catalog
from tidings.digest.choosing import Editor
from tidings.digest.compose import compose
from tidings.digest.links import Linker
from tidings.digest.making import TOGETHER, decided
from tidings.digest.sending import run
from tidings.plain import plain
from tidings.settings import Settings
from tidings.store import open_store
from tidings.store.editions import Draft
from tidings.store.tables import subscription
from tidings.types import Pace, Subscription

NOW = datetime(2026, 3, 20, 6, tzinfo=UTC)
_READERS, _PAPERS, _SENT = 10_000, 2_000, 2_000


@dataclass
class _Clock:
    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


def main(readers: int = _READERS) -> None:
    """Make and compose for all, then send to some."""
    random.seed(5)
    with tempfile.TemporaryDirectory() as folder, _server() as port:
        home, clock = Path(folder), _Clock()
        titles = _fill(home, clock)
        catalog = _open(home, port, clock)
        first = catalog.add_subscription("reader0@lab.example", "search", _query(titles), Pace())
        _subscribe(catalog, first, [_query(titles) for _ in range(readers - 1)])
        catalog.close()
        composed, seconds, cpu, papers = _compose_all(home, port)
        sent, sending, megabytes = _send_some(home, port)
    publish(
        "digest",
        "How long does it take to make and send digests?",
        f"{readers:,} readers, each with a query of their own over {_PAPERS:,} papers; {papers:,} papers told. Making "
        "is choosing, gists and composing, in two processes. Sending is by one, to a server on the same machine, with "
        "what is written to the store before and after each mail.",
        table(
            ("what", "digests", "seconds", "CPU seconds", "resident, MB"),
            [
                ("made and composed", f"{composed:,}", f"{seconds:.1f}", f"{cpu:.1f}", ""),
                ("made, composed, sent", f"{sent:,}", f"{sending:.1f}", "", f"{megabytes:.0f}"),
            ],
        ),
    )


def _open(home: Path, port: int, clock: _Clock) -> Catalog:
    mail = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "tidings@lab.example"}
    settings = Settings(home=home, public_url="https://papers.lab.example", mail=mail, digest={"rate": 100_000})
    return Catalog(open_store(home), settings, clock=clock)


def _fill(home: Path, clock: _Clock) -> list[str]:
    """Put the last papers of the listings into an archive, all on the present day; return their titles."""
    with lzma.open(DATA / "papers" / "arxiv_cs.jsonl.xz", "rt") as file:
        lines = [json.loads(line) for line in file]
    lines = [line for line in lines if line["listed_first"] <= NOW.date().isoformat()]
    lines.sort(key=lambda line: str(line["listed_first"]))
    chosen = lines[-_PAPERS:]
    path = home / "papers.jsonl"
    path.write_text("".join(json.dumps(line | {"listed_first": NOW.date().isoformat()}) + "\n" for line in chosen))
    catalog = _open(home, 25, clock)
    catalog.add([path])
    catalog.close()
    return [plain(str(line["title"])) for line in chosen]


def _subscribe(catalog: Catalog, first: Subscription, queries: list[str]) -> None:
    """Subscribe one reader to each query, as the first one is, in one transaction."""
    copied = sa.select(*[column for column in subscription.c if column.name != "id"]).where(
        subscription.c.id == first.id
    )
    with catalog._store.engine.begin() as connection:
        row = dict(connection.execute(copied).one()._mapping)
        rows = [
            row | {"address": f"reader{number}@lab.example", "subject": query, "name": query}
            for number, query in enumerate(queries, start=1)
        ]
        connection.execute(sa.insert(subscription), rows)


def _query(titles: list[str]) -> str:
    words = [word for word in random.choice(titles).split() if word.isalpha() and len(word) > 4]
    return " ".join(word.lower() for word in random.sample(words, min(3, len(words)))) or "learning"


def _compose_all(home: Path, port: int) -> tuple[int, float, float, int]:
    """Return how many digests were made and composed, in how many seconds, of which CPU, and how many papers they tell.

    Two processes do it, each for every other hundred of readers.
    """
    context = multiprocessing.get_context("spawn")
    told, start = context.SimpleQueue(), context.Barrier(3)
    workers = [context.Process(target=_compose_half, args=(home, port, half, told, start)) for half in range(2)]
    for worker in workers:
        worker.start()
    start.wait()
    started = time.perf_counter()
    found = [told.get() for _ in workers]
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    composed, cpu, papers = (sum(each) for each in zip(*found, strict=True))
    return composed, seconds, cpu, papers


def _compose_half(home: Path, port: int, half: int, told: Any, start: Any) -> None:
    catalog = _open(home, port, _Clock(NOW + timedelta(hours=2)))
    editor, linker = Editor(catalog), Linker.of(catalog.settings)
    start.wait()
    after, composed, papers, number, began = 0, 0, 0, 0, time.process_time()
    while batch := catalog.due_subscriptions(TOGETHER, after):
        after, number = batch[-1].id, number + 1
        if number % 2 != half:
            continue
        for found in decided(catalog, editor, batch):
            if isinstance(found, Draft) and found.digest.stories:
                links = linker.edition(found.digest.subscription.id, composed + 1, NOW.date())
                composed += len(compose(found.digest, catalog.settings, links, catalog.now()).as_bytes()) > 0
                papers += len(found.digest.stories)
    told.put((composed, time.process_time() - began, papers))


def _send_some(home: Path, port: int) -> tuple[int, float, float]:
    """Make and send in a process of its own; return how many, in how many seconds, and its largest resident size."""
    context = multiprocessing.get_context("spawn")
    told = context.SimpleQueue()
    sender = context.Process(target=_send, args=(home, port, told))
    sender.start()
    found: tuple[int, float, float] = told.get()
    sender.join()
    return found


def _send(home: Path, port: int, told: Any) -> None:
    clock = _Clock(NOW + timedelta(hours=2))
    catalog = _open(home, port, clock)
    with catalog._store.engine.begin() as connection:
        connection.execute(sa.update(subscription).where(subscription.c.id > _SENT).values(state="left", due=None))
    started = time.perf_counter()
    report = run(catalog)
    seconds = time.perf_counter() - started
    told.put((report.sent, seconds, _largest()))


def _largest() -> float:
    """Return the largest resident size of this process, in MB; what it was forked from does not count."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@contextmanager
def _server() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    server.start()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield port
    server.terminate()
    server.join()


def _serve(port: int) -> None:
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Sink

    Controller(Sink(), hostname="127.0.0.1", port=port).start()
    time.sleep(1e6)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
