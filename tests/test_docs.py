"""Documentation as a test target: every setting, command and field has its place."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import REPOSITORY
from tidings.cli import cli
from tidings.settings import FILE, Settings, groups
from tidings.sources import NAMES

OPERATING = (REPOSITORY / "docs" / "operating.md").read_text()
README = (REPOSITORY / "README.md").read_text()


def settings() -> dict[str, object]:
    """Return the default of every setting by its name in the environment, those of the groups included."""
    alone = {name: field for name, field in Settings.model_fields.items() if name not in groups()}
    grouped = {
        f"{group}_{name}": field for group, kind in groups().items() for name, field in kind.model_fields.items()
    }
    return {f"TIDINGS_{name.upper()}": field.default for name, field in (alone | grouped).items()}


def test_every_setting_has_a_heading_with_its_default() -> None:
    for name, default in settings().items():
        heading = f"### {name}\n"
        assert heading in OPERATING
        section = OPERATING.split(heading)[1].split("\n#")[0]
        if default is not None and default != []:
            assert f"`{', '.join(default) if isinstance(default, list) else default}`" in section, name


def test_every_heading_of_a_setting_is_a_setting() -> None:
    assert set(re.findall(r"^### (TIDINGS_\w+)$", OPERATING, re.MULTILINE)) == set(settings())


def test_every_source_is_named_where_sources_are_switched_on() -> None:
    section = OPERATING.split("### TIDINGS_SOURCES\n")[1].split("\n#")[0]
    assert all(f"`{name}`" in section for name in NAMES)


def test_the_file_of_the_guide_says_what_it_seems_to_say(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(OPERATING.split("```toml\n")[1].split("```")[0])
    read = Settings(home=tmp_path)
    assert (read.sources, read.contact) == (["arxiv", "huggingface", "folder"], "librarian@lab.example")
    assert (read.arxiv.categories, read.folder.paths) == (["cs.CL", "stat.ML"], ["/srv/papers"])


def test_every_command_is_shown_in_the_readme_or_the_operators_guide() -> None:
    for name in cli.commands:
        assert f"tidings {name}" in README + OPERATING


def test_links_between_pages_lead_somewhere() -> None:
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
