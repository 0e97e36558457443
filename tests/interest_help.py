"""A small archive of four themes, so that there is something to be interested in; made once and copied."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

from tests.people_help import open_catalog
from tests.scripted import START, Clock
from tests.test_sync import take
from tests.web_people import House, house
from tidings.catalog import Catalog
from tidings.store import Store, open_store
from tidings.types import Record

TODAY = START.date()
EACH = 40
_THEMES = {
    "graphs": """graph networks nodes edges message spectral adjacency vertices laplacian connectivity walks motifs
        isomorphism subgraphs homophily neighbourhood bipartite cliques pagerank embedding""",
    "proteins": """protein folding residues amino enzyme docking ligand peptide antibody mutation backbone helix
        binding crystallography ribosome genome homologs conformations kinase membrane""",
    "speech": """speech acoustic phoneme audio speaker transcription voice vocoder prosody microphone dialect
        utterances waveform diarization pronunciation listening spectrogram recordings accents whispering""",
    "planets": """planet orbit telescope transit stellar atmosphere exoplanet dwarf asteroid comet photometry moon
        eclipse giants habitable magnitude crater galaxy astronomers observatory""",
}
_FILLING = """ability account answer average balance basis benefit border branch budget candidate capacity career center
    chance character choice circle claim climate column comfort committee concern contact context contract corner
    council courage credit culture custom damage debate decade degree delay demand detail device dinner district
    doubt driver economy effort energy engine episode estate example expert factor failure farmer feature finger
    forest fortune friend garden gesture harbour heart holiday horizon hotel industry insight island journey judge
    kitchen labour leader letter library machine manner market matter meaning meeting mirror moment mountain"""
THEMES = {name: words.split() for name, words in _THEMES.items()}
FILLING = _FILLING.split()
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
    random = Random(f"{theme} {number}")
    words, filling = random.sample(THEMES[theme], 10), random.sample(FILLING, 14)
    parts = [f"The {' '.join(filling[at : at + 5])} of {' '.join(words[at : at + 3])}." for at in (0, 3, 6)]
    name = key(theme, number)
    given: dict[str, Any] = {
        "title": f"{words[0]} {filling[5]} {words[1]} {filling[6]} {words[2]}".capitalize(),
        "abstract": " ".join(parts),
        "ids": (name,),
        "announced": day_of(number),
        "authors": (AUTHORS[number % 5],),
        "categories": ("cs.LG",),
    }
    return Record("arxiv", **{"key": name.partition(":")[2], **given, **values})


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


@contextmanager
def interested_house(folder: Path, **settings: Any) -> Iterator[House]:
    """Serve a copy of the archive."""
    with house(folder, begun=_made(), **settings) as made:
        yield made
