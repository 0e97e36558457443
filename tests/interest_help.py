"""A small archive of four themes, so that there is something to be interested in; made once and copied."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.people_help import open_catalog
from tests.scripted import START, Clock
from tests.test_sync import take
from tidings.catalog import Catalog
from tidings.store import Store, open_store
from tidings.types import Record

TODAY = START.date()
EACH = 40
THEMES = {
    "graphs": ("graph", "neural", "networks", "nodes", "edges", "message", "passing", "spectral"),
    "proteins": ("protein", "folding", "residues", "structure", "amino", "sequence", "docking", "enzyme"),
    "speech": ("speech", "recognition", "acoustic", "phoneme", "audio", "speaker", "transcription", "voice"),
    "planets": ("planet", "orbit", "telescope", "transit", "stellar", "atmosphere", "exoplanet", "dwarf"),
}
NAMES = tuple(THEMES)
AUTHORS = ("Ada Lovelace", "Kaiming He", "Émilie du Châtelet", "Grace Hopper", "王小明")


def key(theme: str, number: int) -> str:
    """Return the external id of a paper of a theme."""
    return f"arxiv:2603.{NAMES.index(theme)}{number:04}"


def keys(theme: str, *numbers: int) -> list[str]:
    return [key(theme, number) for number in numbers]


def day_of(number: int) -> date:
    """Return when the papers of that number were announced: the last eight days in turn."""
    return TODAY - timedelta(days=number % 8)


def record(theme: str, number: int, **values: Any) -> Record:
    words = THEMES[theme]
    one, two, three, four = (words[(number + step * (1 + number // 8)) % 8] for step in range(4))
    abstract = f"We study {one} and {two}. Our {three} is better than any {four} before. Trial {number} was long ago."
    given = {
        "abstract": abstract,
        "announced": day_of(number),
        "authors": (AUTHORS[number % 5],),
        "categories": ("cs.LG",),
    }
    name = key(theme, number)
    return Record(
        "arxiv", name.partition(":")[2], f"On {one} {two} {three}, part {number}", ids=(name,), **{**given, **values}
    )


@cache
def _made() -> Path:
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = open_store(folder)
    take(store, *(record(theme, number) for theme in NAMES for number in range(EACH)))
    open_catalog(store, folder, Clock()).catch_up()
    store.close()
    return folder


@contextmanager
def archive(folder: Path, clock: Clock, **settings: Any) -> Iterator[tuple[Catalog, Store]]:
    """Open a copy of the archive."""
    shutil.copytree(_made(), folder, dirs_exist_ok=True)
    store = open_store(folder)
    yield open_catalog(store, folder, clock, **settings), store
    store.close()
