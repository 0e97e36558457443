"""The page about sources: it names every one with its settings, and the source it shows how to write keeps the laws."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from inspect import signature
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from tests import source_help, test_sources_contract
from tests.conftest import REPOSITORY
from tests.source_help import Stage, records, staged
from tidings import settings
from tidings.settings import Settings
from tidings.sources import NAMES, registry

PAGE = (REPOSITORY / "docs" / "sources.md").read_text()
BLOCKS = re.findall(r"^```(?:python|json)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SOURCE, REGISTRATION, GROUP, FIELD, FIXTURE, CASE = BLOCKS
LAWS = [
    law
    for name, law in vars(test_sources_contract).items()
    if name.startswith("test_") and isinstance(law, FunctionType)
]


def groups() -> dict[str, type[BaseModel]]:
    """Return the settings of each source."""
    kinds = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, BaseModel)}


# --- the page ---


def test_every_source_has_a_heading() -> None:
    headings = re.findall(r"^##+ ([a-z]+)$", PAGE, re.MULTILINE)
    assert sorted(headings) == sorted(NAMES)


def test_every_setting_of_a_source_is_named_under_its_heading_and_no_other_is() -> None:
    for name in NAMES:
        section = re.split(r"^##", PAGE.split(f"## {name}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
        _, _, line = section.partition("Settings: ")
        named = re.findall(r"`TIDINGS_(\w+)`", line.split("\n\n")[0])
        assert named == [f"{name}_{field}".upper() for field in groups()[name].model_fields]


def test_arxiv_is_thanked_and_nobody_is_made_to_endorse_us() -> None:
    text = " ".join(PAGE.split())
    assert "Thank you to arXiv for use of its open access interoperability." in text
    assert (
        "not reviewed or approved by, nor does it necessarily express or reflect the policies or opinions of, arXiv"
        in text
    )


def test_what_the_page_says_of_intervals_is_so(tmp_path: Path) -> None:
    from tidings.sources.biorxiv import Biorxiv
    from tidings.sources.crossref import Crossref
    from tidings.sources.huggingface import Huggingface
    from tidings.sources.openalex import Openalex
    from tidings.sources.openreview import Openreview
    from tidings.sources.semanticscholar import Semanticscholar

    assert (Huggingface.limit.interval, Huggingface.limit.most, Huggingface.limit.window) == (0.7, 450, 300)
    assert (Openreview.limit.interval, Biorxiv.limit.interval, Crossref.limit.interval) == (2, 1, 1)
    assert (Semanticscholar.limit.interval, Openalex.limit.most) == (1.1, 10_000)
    assert (Semanticscholar.size, Openalex.size, Crossref.size) == (500, 100, 50)
    assert Settings(home=tmp_path).arxiv.interval == 3


# --- the source that it shows how to write ---


def test_the_source_and_what_makes_it_known_have_at_most_sixty_lines() -> None:
    assert sum(1 for line in (SOURCE + REGISTRATION + GROUP + FIELD).splitlines() if line.strip()) <= 60


def module(monkeypatch: pytest.MonkeyPatch, name: str, text: str, **known: Any) -> ModuleType:
    """Return a module with that text, as if it were a file."""
    made = ModuleType(name)
    vars(made).update(known)
    monkeypatch.setitem(sys.modules, name, made)
    exec(compile(text, name, "exec", dont_inherit=True), vars(made))
    return made


@pytest.fixture
def staging(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., AbstractContextManager[Stage]]:
    """Does what the page says, and sets the source up as the contract does with each."""
    module(monkeypatch, "tidings.sources.preprints", SOURCE)
    line = re.fullmatch(r'\s+"(\w+)": "([\w:]+)",\s*', REGISTRATION)
    assert line
    monkeypatch.setitem(registry._CLASSES, line[1], line[2])
    field = f"class Settings(Settings):\n{FIELD}"
    extended = module(monkeypatch, "extended_settings", f"{GROUP}\n{field}", **vars(settings))
    monkeypatch.setattr(source_help, "Settings", extended.Settings)
    data = tmp_path / "data"
    (data / "preprints").mkdir(parents=True)
    (data / "preprints" / "papers.json").write_text(FIXTURE)
    monkeypatch.setattr(source_help, "DATA", data)
    case = module(monkeypatch, "tests.source_cases.preprints", CASE)

    @contextmanager
    def set_up(*, damaged: bool = False) -> Iterator[Stage]:
        folder = tmp_path / ("damaged" if damaged else "good")
        (folder / "world").mkdir(parents=True)
        with staged(folder, line[1], case.build(folder / "world", damaged=damaged)) as stage:
            yield stage

    return set_up


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_source_of_the_page_keeps_every_law(
    law: FunctionType, staging: Callable[..., AbstractContextManager[Stage]]
) -> None:
    assert list(signature(law).parameters) == ["staging"]
    law(staging)


def test_the_source_of_the_page_reads_what_its_fixture_holds(
    staging: Callable[..., AbstractContextManager[Stage]],
) -> None:
    with staging() as stage:
        first, second, third = records(stage.run())
    assert (first.ids, first.authors) == (("doi:10.1000/one",), ("Ada Weaver",))
    assert (second.abstract, second.ids, str(second.announced)) == ("We read.", (), "2026-03-01")
    assert third.authors == ()
