"""Documentation as a test target: every setting, command and field has its place."""

from __future__ import annotations

import re

from tests.conftest import REPOSITORY
from tidings.cli import cli
from tidings.settings import Settings

OPERATING = (REPOSITORY / "docs" / "operating.md").read_text()
README = (REPOSITORY / "README.md").read_text()


def test_every_setting_has_a_heading_with_its_default() -> None:
    for name, field in Settings.model_fields.items():
        heading = f"### TIDINGS_{name.upper()}\n"
        assert heading in OPERATING
        section = OPERATING.split(heading)[1].split("\n#")[0]
        if field.default is not None:
            assert f"`{field.default}`" in section


def test_every_heading_of_a_setting_is_a_setting() -> None:
    headings = set(re.findall(r"^### TIDINGS_(\w+)$", OPERATING, re.MULTILINE))
    assert headings == {name.upper() for name in Settings.model_fields}


def test_every_command_is_shown_in_the_readme_or_the_operators_guide() -> None:
    for name in cli.commands:
        assert f"tidings {name}" in README + OPERATING


def test_links_between_pages_lead_somewhere() -> None:
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
