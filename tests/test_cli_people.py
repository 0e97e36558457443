"""People on the command line: as a script sees it, and what its links are worth."""

from __future__ import annotations

import json
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

import tidings
from tidings.cli import main
from tidings.settings import Settings

LINK = r"http://localhost:8000/sign-in/link/([\w-]{43})\n"
ADA = "ada@lab.example"


@dataclass(frozen=True)
class Ran:
    """What a command printed, and the status that it ended with."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, home: Path, stdin: str = "", **settings: str) -> Ran:
    """Run a command as the shell does, but in this process: starting another takes a second."""
    given = {f"TIDINGS_{name.upper()}": value for name, value in settings.items()}
    stdout, stderr = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        patch.setattr(sys, "argv", ["tidings", "user", *arguments])
        patch.setattr(sys, "stdin", StringIO(stdin))
        for name, value in {"TIDINGS_HOME": str(home), "COLUMNS": "120", **given}.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return Ran(code if isinstance(code, int) else 0, stdout.getvalue(), stderr.getvalue())


def done(*arguments: str, home: Path, **settings: str) -> str:
    """Run a command that must succeed; return what it printed."""
    ran = run(*arguments, home=home, **settings)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    done("add", ADA, "--name", "Ada", "--admin", home=folder)
    return folder


def test_the_first_administrator_is_made_and_let_in_by_the_link_that_is_printed(tmp_path: Path) -> None:
    ran = run("add", " Ada@Lab.example", "--admin", home=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "ada@lab.example is admin number 1.\n")
    link = re.fullmatch(LINK, ran.stdout)
    assert link is not None, "only the link is on standard output, so that a script can hand it on"
    with tidings.open(tmp_path) as catalog:
        reader = catalog.reader_of_session(catalog.sign_in(link[1], "Firefox"))
    assert reader is not None
    assert (reader.account.email, str(reader.account.role)) == (ADA, "admin")


def test_a_link_begins_with_the_address_that_readers_know(home: Path) -> None:
    assert re.fullmatch(LINK, done("link", ADA, home=home))
    link = done("link", ADA, home=home, public_url="https://papers.lab.example/", host="0.0.0.0")
    assert link.startswith("https://papers.lab.example/sign-in/link/")


def test_no_account_and_no_link_is_made_that_would_lead_nowhere(tmp_path: Path) -> None:
    ran = run("add", ADA, home=tmp_path, host="0.0.0.0")
    assert ran.returncode == 2
    assert "TIDINGS_PUBLIC_URL" in ran.stderr
    assert json.loads(done("list", "--json", home=tmp_path)) == {"accounts": [], "invited": []}


def test_people_are_listed_for_people_and_for_programs(home: Path) -> None:
    assert re.search(r"1 +Ada +ada@lab\.example +admin +never", done("list", home=home))
    [ada] = json.loads(done("list", "--json", home=home))["accounts"]
    assert (ada["name"], ada["email"], ada["role"], ada["disabled"]) == ("Ada", ADA, "admin", False)
    assert "password" not in json.dumps(ada).replace("has_password", "")


def test_roles_are_given_and_people_kept_out_let_in_and_deleted(home: Path) -> None:
    done("add", "bob@lab.example", home=home)
    assert done("role", "bob@lab.example", "curator", home=home) == "bob@lab.example is curator.\n"
    assert done("disable", "bob@lab.example", home=home) == "bob@lab.example is kept out.\n"
    assert "kept out" in done("list", home=home)
    assert run("link", "bob@lab.example", home=home).returncode == 8
    done("enable", "bob@lab.example", home=home)
    assert run("delete", "bob@lab.example", home=home, stdin="n\n").returncode == 1
    assert "bob@" in done("list", home=home)
    done("delete", "bob@lab.example", "--yes", home=home)
    assert "bob@" not in done("list", home=home)


def test_the_owner_of_a_machine_becomes_somebody_with_an_address(tmp_path: Path) -> None:
    with tidings.open(tmp_path) as catalog:
        owner = catalog.owner()
        catalog.make_shelf(owner, "Kernels")
    assert "tidings user adopt EMAIL" in run("add", "bob@lab.example", home=tmp_path).stderr
    ran = run("adopt", ADA, "--name", "Ada", home=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, f"{ADA} is admin number 1, and has all that was the owner's.\n")
    link = re.fullmatch(LINK, ran.stdout)
    assert link is not None
    with tidings.open(tmp_path) as catalog:
        reader = catalog.reader_of_session(catalog.sign_in(link[1], "Firefox"))
        assert [shelf.name for shelf in catalog.shelves(reader)[0]] == ["Kernels"]
    assert run("adopt", ADA, home=tmp_path).returncode == 3


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("add", ADA), 2, "has an account already"),
        (("add", "ada"), 2, "not an e-mail address"),
        (("add", "new@lab.example", "--role", "owner"), 2, "owner"),
        (("link", "nobody@lab.example"), 3, "has no account"),
        (("role", "nobody@lab.example", "admin"), 3, "has no account"),
        (("disable", "nobody@lab.example"), 3, "has no account"),
        (("delete", "nobody@lab.example", "--yes"), 3, "has no account"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_a_status(
    home: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    ran = run(*arguments, home=home)
    assert (ran.returncode, ran.stdout) == (status, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_last_administrator_stays_while_others_are_there(home: Path) -> None:
    done("add", "cora@lab.example", home=home)
    for arguments in (("role", ADA, "reader"), ("disable", ADA), ("delete", ADA, "--yes")):
        ran = run(*arguments, home=home)
        assert ran.returncode == 2
        assert "needs an administrator" in ran.stderr
    done("delete", "cora@lab.example", "--yes", home=home)


def test_names_of_others_do_not_control_the_terminal(home: Path) -> None:
    with tidings.open(settings=Settings(home=home)) as catalog:
        made = catalog.add_account("eve@lab.example", "Eve [red]\x1b[2J", catalog.members()[0][0].role)
    assert "\x1b" not in made.name
    assert "[red]" in done("list", home=home)
    done("delete", "eve@lab.example", "--yes", home=home)
