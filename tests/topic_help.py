"""An installation whose topics were given, not fitted: for the tests of what is shown of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.lively_help import lively_house, some_papers
from tests.scripted import START
from tests.web_people import House
from tidings.catalog import Catalog
from tidings.index.topics import write_generation
from tidings.store import Store
from tidings.store.topics import Fit, Fitted
from tidings.types import AREA, LEAF, Record, Topic

WORDS = ("graph", "speech", "protein", "image")
LEAVES = {"graph": 3, "speech": 4, "protein": 5, "image": 6}
"""The topic of papers that have the word in their title."""
NEW = 6
"""The topic that was born lately, between two others."""


def topic(number: int, name: str, level: int, parent: int | None, **values: Any) -> Topic:
    said: dict[str, Any] = {"words": (), "size": 0, "born": START - timedelta(days=300)}
    return Topic(number, name, level, parent, **(said | values))


def topics() -> list[Topic]:
    """Return two areas with two leaves each, one of them new."""
    when = START - timedelta(days=3)
    new = {"born": when, "announced": when, "between": (3, 4), "sure": 0.93, "words": ("image retrieval", "hashing")}
    return [
        topic(1, "Structures", AREA, None),
        topic(2, "Signals", AREA, None),
        topic(3, "Graph kernels", LEAF, 1, words=("graph kernels", "walks")),
        topic(4, "Speech synthesis", LEAF, 2, words=("speech synthesis",)),
        topic(5, "Protein folding", LEAF, 1, words=("protein folding",)),
        topic(6, "Image retrieval", LEAF, 2, **new),
    ]


def give_topics(catalog: Catalog, store: Store, folder: Path) -> None:
    """Let these be the topics of what the archive holds."""
    ids = catalog._index.newest(None, 10_000)
    papers = store.papers(ids.tolist())
    rows = max(paper.id for paper in papers) + 1
    found = np.zeros(rows, np.int32)
    for paper in papers:
        found[paper.id] = next((LEAVES[word] for word in WORDS if word in paper.title), 3 + paper.id % 4)
    vectors = catalog._index.vectors(np.arange(rows))
    leaves = np.array(sorted(LEAVES.values()), np.int32)
    centres = np.stack([vectors[found == leaf].sum(axis=0) for leaf in leaves])
    sure = np.tile(np.array([0.9, 0.5], np.float32), (rows, 1))
    columns = {"topic": found, "sure": sure, "named": found}
    write_generation(folder / "topics", "given", columns, {"leaves": leaves, "centres": centres}, None)
    sizes = {leaf: int((found == leaf).sum()) for leaf in leaves.tolist()}
    fitted = [Fitted(each, None if each.level == AREA else b"") for each in topics()]
    fit = Fit("given", START, "given", int(sum(sizes.values())), rows)
    store.topics.replace(fit, fitted, store.topics.next_id())


@contextmanager
def topical_house(folder: Path, records: list[Record] | None = None, **settings: Any) -> Iterator[House]:
    """Serve an installation that holds some papers and knows their topics."""
    with lively_house(folder, some_papers() if records is None else records, **settings) as made:
        give_topics(made.catalog, made.store, folder)
        yield made
