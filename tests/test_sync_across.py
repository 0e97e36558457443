"""One paper from everywhere: whatever order its sources speak in, it is one paper that says what each of them knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path

from tests.test_merge import PREPRINT
from tests.test_sync import NOW
from tidings.store import Store, open_store
from tidings.sync import Tally, take_batch
from tidings.types import Count, Record, Version

ANNOUNCED = replace(PREPRINT, submitted=None, announced=date(2021, 6, 18), versions=(Version(1),))
HISTORY = replace(
    PREPRINT, versions=(Version(1, date(2021, 6, 17)), Version(2, date(2021, 10, 16))), comment="Draft V2"
)
DAILY = Record(
    "huggingface",
    PREPRINT.key,
    PREPRINT.title,
    PREPRINT.abstract,
    PREPRINT.authors,
    PREPRINT.ids,
    listed=date(2021, 6, 19),
    counts=(Count("upvotes", 12, datetime(2021, 6, 19, 9, tzinfo=UTC)),),
)
REVIEWED = Record(
    "openreview",
    "nZeVKeeFYf9",
    "LoRA: Low-Rank Adaptation of Large Language Models",
    PREPRINT.abstract,
    ("Edward J Hu", "yelong shen", "Phillip Wallis"),
    ("openreview:nZeVKeeFYf9",),
    venue="ICLR 2022 Poster",
    year=2022,
)
PRINTED = Record(
    "acl",
    "2022.made-up.1",
    "{LoRA}: Low-Rank Adaptation of Large Language Models",
    PREPRINT.abstract,
    ("Edward Hu", "Yelong Shen", "Phillip Wallis"),
    ("acl:2022.made-up.1",),
    venue="MADE-UP",
    year=2022,
)
EVERYWHERE = (ANNOUNCED, HISTORY, DAILY, REVIEWED, PRINTED)


def placed(folder: Path, records: tuple[Record, ...]) -> Store:
    store = open_store(folder)
    for record in records:
        take_batch(store, [record], NOW, Tally())
    return store


def test_feed_history_daily_papers_openreview_and_the_anthology_make_one_paper(tmp_path: Path) -> None:
    seen = set()
    open_store(tmp_path / "first").close()
    for number, order in enumerate(permutations(EVERYWHERE)):
        if number % 10:  # every tenth of 120 orders: each source is first, and last
            continue
        store = placed(tmp_path / str(number), order)
        assert store.counts()["papers"] == 1
        assert store.counts()["by_source"] == {"acl": 1, "arxiv": 1, "huggingface": 1, "openreview": 1}
        paper = replace(next(iter(store.papers_after(0, 10))), id=0)
        seen.add(paper)
        store.close()
    (paper,) = seen
    assert paper.key == "arxiv:2106.09685"
    assert paper.announced == date(2021, 6, 18)
    assert paper.listed == date(2021, 6, 19)
    assert paper.submitted == date(2021, 6, 17)
    assert [version.number for version in paper.versions] == [1, 2]
    assert (paper.comment, paper.venue, paper.count("upvotes")) == ("Draft V2", "MADE-UP", 12)
    assert set(paper.ids) == {"arxiv:2106.09685", "openreview:nZeVKeeFYf9", "acl:2022.made-up.1"}


def test_a_cross_list_and_a_replacement_are_no_new_papers(tmp_path: Path) -> None:
    crossed = replace(ANNOUNCED, announced=date(2021, 6, 22), categories=("cs.CL", "cs.AI", "cs.LG"))
    replaced = replace(ANNOUNCED, announced=None, updated=date(2021, 10, 19), versions=(Version(2),))
    store = placed(tmp_path, (ANNOUNCED, crossed, replaced))
    (paper,) = store.papers_after(0, 10)
    assert (paper.announced, paper.updated) == (date(2021, 6, 18), date(2021, 10, 19))
    assert paper.categories == ("cs.CL", "cs.AI")
    store.close()
