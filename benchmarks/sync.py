"""How fast do sources fill the archive: the history, a day's catch-up, and a year of days one by one?"""

from __future__ import annotations

import gc
import json
import lzma
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import feedparser
import httpx2

from benchmarks.tables import DATA, publish, table
from tests.arxiv_server import PlayedArxiv
from tests.scripted import Clock
from tidings.catalog import Catalog
from tidings.identifiers import is_arxiv_category
from tidings.settings import Settings
from tidings.sources import Means, make
from tidings.sources.arxiv.feed import read_feed
from tidings.sources.client import Client
from tidings.store import Store, open_store
from tidings.sync import Tally, run

FIRST, LAST = date(2025, 3, 18), date(2026, 4, 30)
CATEGORIES = ["cs.AI", "cs.CL", "cs.CV", "cs.LG"]
_HISTORY = 20_000


def listing(limit: int | None = None) -> list[dict[str, Any]]:
    """Return the lines of the real listing of 2025 and 2026."""
    with lzma.open(DATA / "papers" / "arxiv_cs.jsonl.xz", "rt") as lines:
        return [json.loads(line) for line in islice(lines, limit)]


def settings(home: Path, papers: list[dict[str, Any]]) -> Settings:
    """Return an installation that takes arXiv only: the large categories, and those without which a paper is missed."""
    known = ((paper, list(filter(is_arxiv_category, paper["categories"] or []))) for paper in papers)
    rest = {categories[0] for _, categories in known if categories and not set(categories) & set(CATEGORIES)}
    return Settings(home=home, sources=["arxiv"], arxiv={"categories": CATEGORIES + sorted(rest), "history": 0})


def replayed(home: Path, papers: list[dict[str, Any]], first: date, last: date) -> Iterator[Catalog]:
    """Run an installation from day to day, an hour after each New York midnight; yield it after each run."""
    clock = Clock(datetime(first.year, first.month, first.day, 6, tzinfo=UTC))
    played = httpx2.MockTransport(PlayedArxiv(papers, clock))
    chosen = settings(home, papers)
    catalog = Catalog(open_store(home), chosen, clock=clock, sleep=clock.sleep, transport=played)
    with catalog:
        while clock().date() <= last:
            while catalog.sync_due():
                pass
            yield catalog
            clock.sleep(timedelta(hours=1).total_seconds())


def main() -> None:
    """Measure all three."""
    papers = listing()
    gc.freeze()  # the server's papers live in our process; ours should not pay for looking at them
    with tempfile.TemporaryDirectory() as folder:
        rows = [_history(Path(folder) / "history", papers), _catch_up(Path(folder) / "day", papers)]
        year = _year(Path(folder) / "year", papers)
    publish(
        "sync",
        "How fast do sources fill the archive?",
        "arXiv is played from its real listing by a server in the same process, on a simulated clock: what is measured "
        "is our own time. The history is OAI-PMH in pages of 2,000, parsed, merged and stored, the server's time left "
        "out. The day is a catch-up until its papers can be found, "
        "the server's time included.",
        table(("work", "papers", "seconds", "papers/s", "goal"), rows),
        "The listing of 2025-03-18 to 2026-04-30, day by day through the jobs of an installation:",
        table(("days", "papers", "as in the listing", "with their first day", "seconds", "papers/s"), [year]),
        "The day's feed read by itself, against what most programs use:",
        table(("reader", "entries", "entries/s"), _feeds(papers)),
    )


def _history(home: Path, papers: list[dict[str, Any]]) -> tuple[object, ...]:
    """Parse and store the history of one set; the server's pages are made before the clock starts."""
    clock = Clock(datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=UTC))
    played = PlayedArxiv(papers[:_HISTORY], clock)
    answers = _Remembered(played)
    chosen = Settings(home=home, sources=["arxiv"], arxiv={"categories": ["cs"], "history": 0})
    for store in (open_store(home / "warm"), open_store(home / "measured")):
        gc.collect()
        gc.freeze()
        started = perf_counter()
        read = _run(store, chosen, clock, answers)
        seconds = perf_counter() - started
        store.close()
    return ("history (OAI-PMH)", f"{read:,}", f"{seconds:.1f}", f"{read / seconds:,.0f}", "≥ 3,000/s")


class _Remembered:
    """Answers a request as it was answered the first time, so that the server's work is not measured."""

    def __init__(self, played: PlayedArxiv) -> None:
        self._played, self._answers = played, dict[str, tuple[int, dict[str, str], bytes]]()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        url = str(request.url)
        if url not in self._answers:
            answer = self._played(request)
            self._answers[url] = answer.status_code, dict(answer.headers), answer.read()
        status, headers, body = self._answers[url]
        return httpx2.Response(status, headers=headers, content=body)


def _run(store: Store, chosen: Settings, clock: Clock, answers: _Remembered) -> int:
    transport = httpx2.MockTransport(answers)
    client = Client(store.gates, agent="Tidings benchmark", now=clock, sleep=clock.sleep, transport=transport)
    source = make("arxiv", Means(chosen, client, clock, store.papers_after))
    with store.writer(clock()) as writer:
        writer.advance(None, "arxiv", cursor=source.rewind(None, FIRST))
    tally = Tally()
    for _ in run(store, source, None, clock, tally):
        pass
    return tally.read


def _catch_up(home: Path, papers: list[dict[str, Any]]) -> tuple[object, ...]:
    """Take a day of 2,000 papers until the last of them can be found, the archive holding some already."""
    moved = [paper | {"listed_first": "2026-03-03", "listed_last": "2026-03-03"} for paper in papers[-2_000:]] + [
        paper | {"listed_first": "2026-03-02", "listed_last": "2026-03-02"} for paper in papers[:2_000]
    ]
    for catalog in replayed(home, moved, date(2026, 3, 2), date(2026, 3, 2)):
        held = catalog.stats().papers
    clock = Clock(datetime(2026, 3, 3, 6, tzinfo=UTC))
    played = httpx2.MockTransport(PlayedArxiv(moved, clock))
    gc.collect()
    gc.freeze()
    with Catalog(open_store(home), settings(home, moved), clock=clock, sleep=clock.sleep, transport=played) as catalog:
        started = perf_counter()
        (report,) = catalog.sync(["arxiv"])
        seconds = perf_counter() - started
        new = catalog.stats().papers - held
        if report.error or catalog.lag:
            raise SystemExit(f"the catch-up failed: {report.error}, lag {catalog.lag}")
    return ("a day's catch-up, searchable", f"{new:,}", f"{seconds:.1f}", f"{new / seconds:,.0f}", "≤ 3 s")


def _year(home: Path, papers: list[dict[str, Any]]) -> tuple[object, ...]:
    started = perf_counter()
    for _ in replayed(home, papers, FIRST, LAST):
        pass
    seconds = perf_counter() - started
    store = open_store(home)
    days = {paper.key: str(paper.announced) for paper in store.papers_after(0, 2 * len(papers))}
    store.close()
    listed = {f"arxiv:{paper['id']}": paper["listed_first"] for paper in papers}
    same = len(days.keys() & listed.keys()) if len(days) == len(listed) else 0
    right = sum(days.get(key) == day for key, day in listed.items())
    span = (LAST - FIRST).days + 1
    return (span, f"{len(days):,}", f"{same:,}", f"{right:,}", f"{seconds:.0f}", f"{len(days) / seconds:,.0f}")


def _feeds(papers: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    day = date(2026, 3, 3)
    clock = Clock(datetime(2026, 3, 3, 12, tzinfo=UTC))
    moved = [paper | {"listed_first": str(day), "listed_last": str(day)} for paper in papers[:2_000]]
    played = PlayedArxiv(moved, clock)
    body = played(httpx2.Request("GET", "https://rss.arxiv.org/atom/" + "+".join(CATEGORIES))).read()
    rows = []
    for name, reader in (("feedparser", _by_feedparser), ("Tidings", _by_us)):
        started = perf_counter()
        count = reader(body)
        rows.append((name, f"{count:,}", f"{count / (perf_counter() - started):,.0f}"))
    return rows


def _by_feedparser(body: bytes) -> int:
    return len(feedparser.parse(body).entries)


def _by_us(body: bytes) -> int:
    return len(read_feed(body).items)


if __name__ == "__main__":
    main()
