"""How long does it take to make, compose and send many digests, all different, and in how much memory?

    python -m benchmarks.digest                # 10,000 readers
    python -m benchmarks.digest 1000           # so many

Two thousand real papers are new on one day. Every reader has an address and a digest of their own: every other one a
search of two or three words, every other one an interest of some words and five likes. A mail server in another
process takes the mails and forgets them. Beside it stands what is done elsewhere: a support vector machine trained for
each reader, as arxiv-sanity-lite does, and the shortest loop that renders a template and mails it.
"""

from __future__ import annotations

import json
import lzma
import multiprocessing
import os
import random
import resource
import smtplib
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from jinja2 import Environment

from benchmarks.tables import DATA, publish, table
from tidings.catalog import Catalog
from tidings.digest.compose import compose
from tidings.digest.letter import on_the_wire
from tidings.digest.links import Linker
from tidings.digest.sending import Report, _Run, run
from tidings.plain import plain
from tidings.settings import Settings
from tidings.store import open_store
from tidings.store.tables import account, edition, example, interest, subscription
from tidings.types import Pace

NOW = datetime(2026, 3, 20, 6, tzinfo=UTC)
EIGHT = NOW + timedelta(hours=2)
_READERS, _PAPERS, _SENT, _BESIDE, _LIKES = 10_000, 2_000, 2_000, 200, 5
_CORES = 2


class Took(NamedTuple):
    """What was done: how often, in how many seconds, of which so many of a processor, and the largest size in MB."""

    done: int
    seconds: float
    processor: float
    megabytes: float

    def row(self, name: str) -> tuple[str, ...]:
        """Return it as a row of a table."""
        each = f"{1000 * self.seconds / self.done:.1f}", f"{1000 * self.processor / self.done:.1f}"
        size = f"{self.megabytes:.0f}" if self.megabytes else ""
        return name, f"{self.done:,}", f"{self.seconds:.1f}", f"{self.processor:.1f}", *each, size


def main(readers: int = _READERS) -> None:
    """Make and compose for all, then send to some, each in a process of its own."""
    random.seed(5)
    with tempfile.TemporaryDirectory() as folder, _server() as port:
        home = Path(folder)
        papers = _fill(home)
        _subscribe(home, papers, readers)
        made, decided = _apart(_make, home, port)
        halves = _together(_compose, home, port)
        composed = Took(sum(h[0] for h in halves), max(h[1] for h in halves), sum(h[2] for h in halves), 0.0)
        sent = _apart(_send, home, port)
        machines, loop = _apart(_machines, papers), _apart(_plain_loop, port, papers)
    sizes = sorted(size for half in halves for size in half[3])
    _publish(readers, (made, decided, composed, sent, machines, loop), sizes)


def _publish(readers: int, found: tuple[Took, Took, Took, Took, Took, Took], sizes: Sequence[int]) -> None:
    made, decided, composed, sent, machines, loop = found
    whole, each = made.seconds + composed.seconds, made.processor + decided.processor + composed.processor
    publish(
        "digest",
        "How long does it take to make and send digests?",
        f"{readers:,} readers, each with a digest of their own of {_PAPERS:,} papers that are new: half follow a "
        f"search, half an interest of some words and {_LIKES} likes. Made and composed in {whole:.0f} seconds on "
        f"{_CORES} cores ({1000 * each / readers:.1f} ms of a processor each), "
        f"while the load of the machine was {os.getloadavg()[2]:.1f}: what else ran on it lengthens both.",
        table(
            ("what", "digests", "seconds", "of a processor", "ms each", "of a processor", "largest, MB"),
            [
                made.row("made: the process that sends, which writes them"),
                decided.row("made: those that decide, together"),
                composed.row(f"composed, by {_CORES} processes"),
                sent.row("sent, by one that does nothing else"),
                machines.row("elsewhere: a support vector machine for each reader"),
                loop.row("elsewhere: a template rendered and mailed in a loop"),
            ],
        ),
        f"HTML as it is sent: {sizes[len(sizes) // 2]:,} bytes in the middle, {sizes[-1]:,} at most, of 100,000 that "
        "are allowed. Sending is to a server on the same machine; each mail is marked in the store before its last dot "
        "and after the answer, each time safely on the disk, which the loop is not. The machine of each reader is "
        "trained as arxiv-sanity-lite trains it (words and pairs of words, 20,000 of them; C = 0.01), on the same "
        "papers, and chooses, but says no reason.",
    )


# --- the archive and its readers ---


def _fill(home: Path) -> list[tuple[str, str]]:
    """Put the last papers of the listings into an archive, all on the present day; return titles and abstracts."""
    with lzma.open(DATA / "papers" / "arxiv_cs.jsonl.xz", "rt") as file:
        lines = [json.loads(line) for line in file]
    lines = [line for line in lines if line["listed_first"] <= NOW.date().isoformat()]
    lines.sort(key=lambda line: str(line["listed_first"]))
    chosen = lines[-_PAPERS:]
    path = home / "papers.jsonl"
    path.write_text("".join(json.dumps(line | {"listed_first": NOW.date().isoformat()}) + "\n" for line in chosen))
    with _open(home, 25, NOW) as catalog:
        catalog.add([path])
    return [(plain(str(line["title"])), plain(str(line["abstract"]))) for line in chosen]


def _subscribe(home: Path, papers: Sequence[tuple[str, str]], readers: int) -> None:
    """Subscribe every other reader to a search, every other one to an interest of their own."""
    with _open(home, 25, NOW) as catalog:
        first = catalog.add_subscription("reader0@lab.example", "search", _words(papers), Pace())
        with catalog._store.engine.begin() as connection:
            found = connection.execute(sa.select(subscription).where(subscription.c.id == first.id)).one()._mapping
            usual = {name: value for name, value in found.items() if name != "id"}
            rows = [_rows(number, usual, _words(papers)) for number in range(1, readers)]
            for place, into in enumerate((account, interest, example, subscription)):
                connection.execute(sa.insert(into), [each for row in rows for each in row[place]])


_Rows = list[dict[str, Any]]


def _rows(number: int, usual: dict[str, Any], words: str) -> tuple[_Rows, _Rows, _Rows, _Rows]:
    """Return a reader's rows of the tables of accounts, interests, examples and subscriptions."""
    told = usual | {"address": f"reader{number}@lab.example", "name": words}
    if number % 2:
        return [], [], [], [told | {"subject": words}]
    own = {"id": number, "name": f"Reader {number}", "email": told["address"], "role": 1, "created": NOW}
    wanted = {"id": number, "account_id": number, "name": words, "words": words, "query": "", "visibility": "private"}
    likes = random.sample(range(1, _PAPERS + 1), _LIKES)
    said = [{"interest_id": number, "paper_id": paper, "verdict": 1, "at": NOW, "step": number} for paper in likes]
    follows = told | {"account_id": number, "kind": "interest", "subject": str(number)}
    return [own], [wanted | {"created": NOW, "changed": NOW}], said, [follows]


def _words(papers: Sequence[tuple[str, str]]) -> str:
    words = [word for word in random.choice(papers)[0].split() if word.isalpha() and len(word) > 4]
    return " ".join(word.lower() for word in random.sample(words, min(3, len(words)))) or "learning"


def _open(home: Path, port: int, now: datetime) -> Catalog:
    mail = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "tidings@lab.example"}
    settings = Settings(home=home, public_url="https://papers.lab.example", mail=mail, digest={"rate": 100_000})
    return Catalog(open_store(home), settings, clock=lambda: now)


# --- what is measured, each in a process of its own ---


def _make(home: Path, port: int) -> tuple[Took, Took]:
    """Make all that is due as a run does; return what that took here, and what it took those that decide."""
    with _open(home, port, EIGHT) as catalog:
        report, started, processor = Report(), time.perf_counter(), time.process_time()
        _Run(catalog, catalog.claim_digests(), report, time.sleep, None)._make()
        seconds, done = time.perf_counter() - started, report.made + report.empty
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    here = Took(done, seconds, time.process_time() - processor, _largest())
    return here, Took(done, seconds, others.ru_utime + others.ru_stime, others.ru_maxrss / 1024)


def _compose(home: Path, port: int, part: int) -> tuple[int, float, float, list[int]]:
    """Compose every other edition from what is written; return how many, how long it took, and the sizes of HTML."""
    with _open(home, port, EIGHT) as catalog:
        linker, sizes, started, processor = Linker.of(catalog.settings), [], time.perf_counter(), time.process_time()
        for waiting in catalog.waiting_editions(10**9)[part::_CORES]:
            found, digest = catalog.edition(waiting.id)
            links = linker.edition(digest.subscription.id, found.id, found.made.date())
            message = compose(digest, catalog.settings, links, found.made)
            on_the_wire(message)
            part_ = message.get_body(("html",))
            sizes.append(len(str(part_.get_payload())) if part_ else 0)
    return len(sizes), time.perf_counter() - started, time.process_time() - processor, sizes


def _send(home: Path, port: int) -> Took:
    with _open(home, port, EIGHT) as catalog:
        with catalog._store.engine.begin() as connection:
            rest = sa.update(edition).where(edition.c.id > _SENT, edition.c.state == "waiting")
            connection.execute(rest.values(next_try=NOW + timedelta(days=1)))
            connection.execute(sa.update(subscription).values(due=NOW + timedelta(days=1)))
            connection.execute(sa.text("update job set locked_until = null where name = 'digest'"))
        started, processor = time.perf_counter(), time.process_time()
        report = run(catalog)
    return Took(report.sent, time.perf_counter() - started, time.process_time() - processor, _largest())


def _machines(papers: Sequence[tuple[str, str]]) -> Took:
    """Choose for some readers as arxiv-sanity-lite does: a machine each, on vectors that are made once."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
    from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

    options = {"ngram_range": (1, 2), "max_features": 20_000, "sublinear_tf": True, "stop_words": "english"}
    vectors = TfidfVectorizer(**options).fit_transform([f"{title} {abstract}" for title, abstract in papers])
    started, processor = time.perf_counter(), time.process_time()
    for _ in range(_BESIDE):
        liked = np.zeros(len(papers), np.int64)
        liked[random.sample(range(len(papers)), _LIKES)] = 1
        machine = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01).fit(vectors, liked)
        np.argsort(-machine.decision_function(vectors))[:10]
    return Took(_BESIDE, time.perf_counter() - started, time.process_time() - processor, _largest())


_PLAIN = "{% for title, abstract in papers %}<h2>{{ title }}</h2><p>{{ abstract }}</p>{% endfor %}"


def _plain_loop(port: int, papers: Sequence[tuple[str, str]]) -> Took:
    """Render and mail ten papers to each of some readers, with nothing else that a digest needs."""
    template = Environment(autoescape=True).from_string(_PLAIN)
    started, processor = time.perf_counter(), time.process_time()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(_SENT):
            message = EmailMessage()
            message["Subject"], message["From"] = "New papers", "tidings@lab.example"
            message["To"] = f"reader{number}@lab.example"
            message.set_content(template.render(papers=random.sample(papers, 10)), subtype="html")
            server.send_message(message)
    return Took(_SENT, time.perf_counter() - started, time.process_time() - processor, _largest())


# --- processes ---


def _apart(work: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function does in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _together(work: Callable[..., Any], *arguments: object) -> list[Any]:
    with multiprocessing.get_context("spawn").Pool(_CORES) as pool:
        return pool.starmap(work, [(*arguments, part) for part in range(_CORES)], chunksize=1)


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
