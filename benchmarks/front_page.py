"""How fast are the front page and a vote, with 350,000 papers and a million votes, and is any vote lost?

    python -m benchmarks.front_page             # everything: some minutes, and all of both cores
    python -m benchmarks.front_page 20000 50000 # so many papers, so many votes

The papers are real, and so are their days and their counts of upvotes over time; the clock of the installation is put
back to the day on which they end. People and votes are made up: who votes goes by chance, for what by how new it is.
"""

from __future__ import annotations

import asyncio
import csv
import json
import lzma
import multiprocessing
import random
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.tables import DATA, percentile, publish, table
from tidings.catalog import Catalog
from tidings.credentials import digest, new_secret
from tidings.people import Role
from tidings.settings import Settings
from tidings.store import open_store
from tidings.store import tables as t
from tidings.types import Count, Record

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
_PAPERS, _VOTES = 350_000, 1_000_000
_ACCOUNTS, _SIGNED_IN = 5_000, 400
_RECENT_DAYS = 30
_SECONDS, _RATE, _WRITES = 20.0, 200, 0.2
_BATCH = 50_000


def main(papers: int = _PAPERS, votes: int = _VOTES) -> None:
    """Fill an archive, serve it from two processes, and ask."""
    random.seed(11)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        held, sessions = _fill(home, papers, votes)
        with _served(home) as port:
            rows, lost = asyncio.run(_measure(home, port, sessions))
    publish(
        "front_page",
        "How fast are the front page and a vote?",
        f"{held:,} papers, {votes:,} votes of {_ACCOUNTS:,} accounts. The last row offers {_RATE} requests/s for "
        f"{_SECONDS:.0f} s, one in {round(1 / _WRITES)} a vote; server and clients share two cores. Votes that were "
        f"answered and are not in the store: {lost}.",
        table(("request", "requests/s", "p50 ms", "p99 ms", "worst ms", "failed"), rows),
    )


# --- the archive ---


def _fill(home: Path, papers: int, votes: int) -> tuple[int, list[str]]:
    """Return how many papers there are, and the secrets of sessions."""
    store = open_store(home)
    catalog = Catalog(store, Settings(home=home), clock=lambda: NOW)
    catalog.add([_newest(home, papers)])
    catalog.add([_counted(home)])
    if papers > 65_000:
        rest = ("arxiv_math.jsonl.xz", "conference_papers.jsonl.xz", "acl_anthology_xml.tar.xz")
        catalog.add([DATA / "papers" / name for name in rest])
    sessions = _people(store.engine)
    _vote(store.engine, votes)
    held = catalog.stats().papers
    catalog.close()
    return held, sessions


def _newest(home: Path, papers: int) -> Path:
    """Write the last papers of the listings before the day that the clock says."""
    with lzma.open(DATA / "papers" / "arxiv_cs.jsonl.xz", "rt") as file:
        lines = [line for line in file if json.loads(line)["listed_first"] <= NOW.date().isoformat()]
    lines.sort(key=lambda line: json.loads(line)["listed_first"])
    path = home / "papers.jsonl"
    path.write_text("".join(lines[-papers:]))
    return path


def _counted(home: Path) -> Path:
    """Write what Hugging Face counted of papers, look by look, in our own format."""
    from tidings.sources import dump

    seen: dict[str, list[Count]] = {}
    listed: dict[str, date | None] = {}
    with lzma.open(DATA / "votes" / "votes.csv.xz", "rt") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["observed_at"]).astimezone(UTC)
            if at <= NOW:
                seen.setdefault(row["arxiv_id"], []).append(Count("upvotes", int(row["upvotes"]), at))
                listed[row["arxiv_id"]] = date.fromisoformat(row["list_date"]) if row["list_date"] else None
    path = home / "counts.jsonl"
    with path.open("wb") as out:
        for key, counts in seen.items():
            record = Record(
                "huggingface", key, f"arXiv {key}", ids=(f"arxiv:{key}",), listed=listed[key], counts=tuple(counts)
            )
            out.write(dump(record))
    return path


def _people(engine: sa.Engine) -> list[str]:
    secrets = [new_secret() for _ in range(_SIGNED_IN)]
    made = NOW - timedelta(days=100)
    accounts = [
        {"id": n, "name": f"Reader {n}", "email": f"r{n}@lab.example", "role": int(Role.READER), "created": made}
        for n in range(1, _ACCOUNTS + 1)
    ]
    sessions = [
        {
            "digest": digest(secret),
            "account_id": number,
            "label": "benchmark",
            "created": NOW,
            "seen": NOW + timedelta(days=1),
            "expires": NOW + timedelta(days=90),
        }
        for number, secret in enumerate(secrets, start=1)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(t.account), accounts)
        connection.execute(sa.insert(t.session), sessions)
    return secrets


def _vote(engine: sa.Engine, votes: int) -> None:
    """Cast the votes: half for papers of the last days, the rest for any; each at a time after its paper came."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(t.paper.c.id, t.paper.c.day).where(t.paper.c.day.is_not(None))).all()
    known = [(row.id, datetime.combine(row.day, datetime.min.time(), UTC)) for row in rows if row.day <= NOW.date()]
    recent = [each for each in known if NOW - each[1] < timedelta(days=_RECENT_DAYS)] or known
    for start in range(0, votes, _BATCH):
        cast = {}
        for _ in range(min(_BATCH, votes - start)):
            paper, came = random.choice(recent if random.random() < 0.5 else known)
            at = min(came + timedelta(hours=random.expovariate(1 / 30)), NOW)
            cast[paper, random.randrange(_SIGNED_IN + 1, _ACCOUNTS + 1)] = at
        values = [{"paper_id": paper, "account_id": account, "at": at} for (paper, account), at in cast.items()]
        with engine.begin() as connection:
            connection.execute(sa.insert(t.vote).prefix_with("or ignore"), values)


# --- the server ---


@contextmanager
def _served(home: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    servers = [context.Process(target=_serve, args=(home, port), daemon=True) for _ in range(2)]
    for server in servers:
        server.start()
    yield port
    for server in servers:
        server.terminate()
        server.join()


def _serve(home: Path, port: int) -> None:
    import uvicorn

    from tidings.web.app import create_app

    away = NOW - datetime.now(UTC)
    settings = Settings(home=home)
    catalog = Catalog(open_store(home), settings, clock=lambda: datetime.now(UTC) + away)
    opened = socket.socket(socket.AF_INET)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    opened.bind(("127.0.0.1", port))
    opened.listen(2048)
    config = uvicorn.Config(
        create_app(catalog, settings), log_level="warning", access_log=False, timeout_keep_alive=600
    )
    uvicorn.Server(config).run([opened])


# --- asking ---


async def _measure(home: Path, port: int, sessions: Sequence[str]) -> tuple[list[tuple[object, ...]], int]:
    await _wait(port)
    store = open_store(home)
    with store.engine.connect() as connection:
        recent = connection.scalars(sa.select(t.paper.c.id).where(t.paper.c.day > NOW.date() - timedelta(days=4))).all()
    asker = _Asker(port, sessions, recent)
    for _ in range(40):
        await asker.page(signed_in=False)
    rows = [
        await asker.alone("the front page, signed out", lambda: asker.page(signed_in=False)),
        await asker.alone("the front page, signed in", lambda: asker.page(signed_in=True)),
        await asker.alone("a vote", asker.vote),
    ]
    rows.append(await asker.offered())
    with store.engine.connect() as connection:
        kept = {
            (row.paper_id, row.account_id)
            for row in connection.execute(sa.select(t.vote).where(t.vote.c.account_id <= _SIGNED_IN))
        }
    store.close()
    return rows, len(asker.cast - kept)


async def _wait(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


class _Asker:
    """Asks by connections that stay open; remembers which votes were answered."""

    def __init__(self, port: int, sessions: Sequence[str], papers: Sequence[int]) -> None:
        self._port, self._sessions, self._papers = port, sessions, papers
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._turn = 0
        self.cast: set[tuple[int, int]] = set()
        self.failed = 0

    async def page(self, *, signed_in: bool) -> float:
        """Ask for the front page; return the milliseconds it took."""
        self._turn += 1
        secret = self._sessions[self._turn % len(self._sessions)] if signed_in else None
        status, took = await self._ask("GET", "/", secret)
        self.failed += status != 200
        return took

    async def vote(self) -> float:
        """Vote for a paper of the last days that this account did not vote for yet."""
        self._turn += 1
        number = self._turn % len(self._sessions)
        paper = self._papers[(self._turn // len(self._sessions)) * 7 % len(self._papers)]
        status, took = await self._ask("POST", f"/paper/paper:{paper}/vote", self._sessions[number], "vote=1")
        if status == 200:
            self.cast.add((paper, number + 1))
        else:
            self.failed += 1
        return took

    async def alone(self, name: str, ask: Any, times: int = 300) -> tuple[object, ...]:
        """Ask again and again, one after the other."""
        self.failed, started = 0, time.perf_counter()
        took = [await ask() for _ in range(times)]
        return self._row(name, took, time.perf_counter() - started)

    async def offered(self) -> tuple[object, ...]:
        """Ask at a steady rate, whether the answers come or not: a slow answer must not slow the asking."""
        self.failed, took = 0, list[float]()
        tasks, started = [], time.perf_counter()
        for number in range(int(_SECONDS * _RATE)):
            await asyncio.sleep(max(0.0, started + number / _RATE - time.perf_counter()))
            is_vote = random.random() < _WRITES
            tasks.append(asyncio.create_task(self.vote() if is_vote else self.page(signed_in=number % 2 == 0)))
        took = list(await asyncio.gather(*tasks))
        return self._row("reads and votes together", took, time.perf_counter() - started)

    def _row(self, name: str, took: Sequence[float], seconds: float) -> tuple[object, ...]:
        shares = (percentile(took, 0.5), percentile(took, 0.99), max(took))
        return name, f"{len(took) / seconds:.0f}", *(f"{share:.1f}" for share in shares), self.failed

    async def _ask(self, method: str, path: str, secret: str | None, body: str = "") -> tuple[int, float]:
        started = time.perf_counter()
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "X-Forwarded-For: 192.0.2.1", "Accept: text/html"]
        if secret:
            lines.append(f"Cookie: tidings={secret}")
        if method == "POST":
            lines[3] = "Accept: application/json"
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        self._free.append((reader, writer))
        return int(head.split()[1]), 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
