"""How fast is the results page over HTTP, alone and under load?"""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlencode

import tidings
from benchmarks.search import queries
from benchmarks.tables import DATA, percentile, publish, table

_SECONDS = 10.0
_LOADS = (1, 2, 8, 32)


def main() -> None:
    """Serve the conference papers and ask for result pages, from one client and from many."""
    with tempfile.TemporaryDirectory() as home:
        with tidings.open(home) as catalog:
            catalog.add([DATA / "papers" / "conference_papers.jsonl.xz"])
            papers = [hit.paper for hit in catalog.newest(limit=1_000_000).hits if hit.paper.abstract]
        titles, questions, _ = queries(papers)
        paths = [f"/search?{urlencode({'q': query})}" for query in titles + questions]
        paths += [f"/search?{urlencode({'q': query + ' year:2019..2023'})}" for query in titles]
        random.Random(3).shuffle(paths)
        rows = asyncio.run(_measure(home, paths))
    columns = ("clients", "requests/s", "p50 ms", "p99 ms", "worst ms", "failed", "KB a page")
    publish(
        "pages",
        "How fast is the results page over HTTP?",
        f"Pages of 20 hits with whole abstracts over {len(papers):,} papers; every client asks again at once when it "
        f"is answered, for {_SECONDS:.0f} s; no page is asked for twice in a row; server and clients share two cores.",
        table(columns, rows),
    )


async def _measure(home: str, paths: list[str]) -> list[tuple[object, ...]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tidings", "serve", "--home", home, "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await _wait(port)
        await _load(port, paths, 1, 2.0)
        return [await _load(port, paths, clients, _SECONDS) for clients in _LOADS]
    finally:
        server.terminate()
        server.wait()


async def _wait(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


async def _load(port: int, paths: list[str], clients: int, seconds: float) -> tuple[object, ...]:
    took: list[float] = []
    sizes: list[int] = []
    failed: list[str] = []
    until = time.perf_counter() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = number * 37
        while time.perf_counter() < until:
            turn += 1
            started = time.perf_counter()
            status, size = await _get(reader, writer, paths[turn % len(paths)])
            took.append(1000 * (time.perf_counter() - started))
            sizes.append(size)
            if status != 200:
                failed.append(str(status))
        writer.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    shares = (percentile(took, 0.5), percentile(took, 0.99), max(took))
    return (
        clients,
        f"{len(took) / seconds:.0f}",
        *(f"{ms:.1f}" for ms in shares),
        len(failed),
        sum(sizes) // len(sizes) // 1024,
    )


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> tuple[int, int]:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    size = int(head.split("content-length:")[1].split("\r\n")[0])
    await reader.readexactly(size)
    return int(head.split()[1]), size


if __name__ == "__main__":
    main()
