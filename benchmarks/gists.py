"""Does the gist of an abstract find its own paper again, and what does a digest cost?"""

from __future__ import annotations

import json
import lzma
import time
from datetime import UTC, date, datetime
from itertools import islice
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import DATA, publish, table
from tidings.digest import gist
from tidings.digest.compose import compose
from tidings.digest.links import Linker
from tidings.digest.wording import printed, sentences
from tidings.embed import load_default, paper_text
from tidings.settings import Settings
from tidings.types import Digest, Paper, Story, Subscription

_PAPERS = 2_000
_SKIPPED = 20_000
_MAILS = 500
_IN_A_MAIL = 10
_NOW = datetime(2025, 6, 19, 5, tzinfo=UTC)
_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)


def main() -> None:
    """Take 2,000 papers for those of a day; look each gist up among them."""
    papers = _papers()
    encode = load_default().encode
    vectors = encode([paper_text(paper.title, paper.abstract) for paper in papers])
    rows = [
        ("the first sentence", *_found([(sentences(printed(p.abstract)) or ("",))[0] for p in papers], vectors)),
        ("the first sentences that fit", *_found([gist.first_sentences(p.abstract) for p in papers], vectors)),
    ]
    for weight in _WEIGHTS:
        with patch.object(gist, "COMMON", weight):
            gists = gist.gists(papers, vectors, vectors.mean(axis=0), encode)
        rows.append((f"gist, {weight:g} off for the average", *_found(gists, vectors)))
    publish(
        "gists",
        "Does the gist of an abstract find its own paper again, and what does a digest cost?",
        f"{_PAPERS:,} papers of arXiv, each looked up among all of them by the vector of what stands for it.",
        table(("what stands for a paper", "found first", "mean reciprocal rank", "characters"), rows),
        f"A digest of {_IN_A_MAIL} papers is composed and written out in {_cost(papers):.1f} ms of one core.",
    )


def _papers() -> list[Paper]:
    with lzma.open(DATA / "papers" / "arxiv_cs.jsonl.xz", "rt") as lines:
        rows = [json.loads(line) for line in islice(lines, _SKIPPED, _SKIPPED + _PAPERS)]
    return [
        Paper(n, f"arxiv:{row['id']}", row["title"], row["abstract"], tuple(row["authors"]), (f"arxiv:{row['id']}",))
        for n, row in enumerate(rows, 1)
    ]


def _found(texts: list[str], vectors: NDArray[np.float32]) -> tuple[str, str, str]:
    scores = load_default().encode(texts) @ vectors.T
    ranks = 1 + (scores > np.diag(scores)[:, None]).sum(axis=1)
    return f"{(ranks == 1).mean():.1%}", f"{(1 / ranks).mean():.3f}", f"{np.mean([len(text) for text in texts]):.0f}"


def _cost(papers: list[Paper]) -> float:
    """Return the milliseconds that a mail takes."""
    settings = Settings(public_url="https://papers.lab.example")
    linker = Linker(b"a secret of thirty-two bytes ....", "https://papers.lab.example")
    stories = [Story(paper, "because you liked “Compacter”", gist.first_sentences(paper.abstract)) for paper in papers]
    started = time.process_time()
    for number in range(_MAILS):
        first = number % (_PAPERS - _IN_A_MAIL)
        digest = _digest(number + 1, tuple(stories[first : first + _IN_A_MAIL]))
        compose(digest, settings, linker.edition(digest.subscription.id, number + 1, _NOW.date()), _NOW).as_bytes()
    return 1000 * (time.process_time() - started) / _MAILS


def _digest(number: int, stories: tuple[Story, ...]) -> Digest:
    subscription = Subscription(
        id=number,
        account_id=number,
        channel="mail",
        address=f"reader{number}@lab.example",
        kind="feed",
        subject="",
        name="Your feed",
        cadence="daily",
        weekday=None,
        hour=7,
        zone="Europe/Paris",
        most=_IN_A_MAIL,
        minutes=None,
        when_empty="skip",
        state="active",
        note=None,
        resumes=None,
        covered=_NOW,
        due=_NOW,
        created=_NOW,
        confirmed=_NOW,
    )
    return Digest(subscription, "2025-06-19", stories, (date(2025, 6, 18),), _PAPERS, 0, 0, None, _NOW)
