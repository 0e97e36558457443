"""Interests and feeds on the command line: what a script and a person see."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest

from tests.interest_help import archive, key, keys
from tests.scripted import Clock
from tests.test_cli_people import Ran
from tidings import catalog as catalogs
from tidings.cli import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archive of four themes, on the day of its newest papers."""
    with archive(tmp_path, Clock()):
        pass
    usual = catalogs.Catalog.__init__

    def opened_then(self: catalogs.Catalog, *arguments: object, **options: object) -> None:
        usual(self, *arguments, **{"clock": Clock(), **options})  # type: ignore[arg-type]

    monkeypatch.setattr(catalogs.Catalog, "__init__", opened_then)
    return tmp_path


def run(home: Path, *arguments: str, stdin: str = "") -> Ran:
    stdout, stderr = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        patch.setattr(sys, "argv", ["tidings", *arguments])
        patch.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin.encode())))
        patch.setenv("TIDINGS_HOME", str(home))
        patch.setenv("COLUMNS", "160")
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return Ran(code if isinstance(code, int) else 0, stdout.getvalue(), stderr.getvalue())


def done(home: Path, *arguments: str, stdin: str = "") -> str:
    """Run a command that must succeed; return what it printed."""
    ran = run(home, *arguments, stdin=stdin)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_an_interest_is_made_and_read(home: Path) -> None:
    made = done(home, "interest", "new", "Graphs", "--words", "graph networks", "--like", key("graphs", 0))
    assert made == "'Graphs' is interest number 1, with 1 paper liked.\n"
    feed = done(home, "feed", "--since", "2w")
    assert "because you liked “" in feed
    assert "outside your usual: drawn by lot, 1 in " in feed
    assert "outside your usual" not in done(home, "feed", "--since", "2w", "--no-outside")
    assert all(hit["chance"] is None for hit in json.loads(done(home, "feed", "--json"))["hits"])
    assert "Graphs: " in feed
    assert "of 160 papers from 2026-02-17 to 2026-03-02" in feed
    found = json.loads(done(home, "feed", "Graphs", "--since", "8d", "--json"))
    assert found["hits"][0]["reason"]["likes"][0]["id"] == key("graphs", 0)
    assert found["hits"][0]["paper"]["id"].startswith("arxiv:2603.0")
    assert found["hits"][0]["is_strong"]


def test_likes_and_what_takes_them_back(home: Path) -> None:
    assert done(home, "interest", "like", *keys("graphs", 0, 1)) == "".join(
        f"liked in 'My papers': {paper}\n" for paper in keys("graphs", 0, 1)
    )
    assert done(home, "interest", "dismiss", key("speech", 0), "--interest", "My papers").startswith("dismissed in")
    assert done(home, "interest", "undo", "My papers") == f"no longer dismissed: {key('speech', 0)}\n"
    shown = json.loads(done(home, "interest", "show", "My papers", "--json"))
    assert [(e["paper"]["id"], e["verdict"]) for e in shown["examples"]] == [
        (key("graphs", 1), "liked"),
        (key("graphs", 0), "liked"),
    ]
    assert "2 of 2 papers" in done(home, "interest", "show", "My papers")
    assert done(home, "interest", "reset", "My papers", "--to", "2026-03-01").splitlines() == [
        f"not judged again: {paper}" for paper in keys("graphs", 0, 1)
    ]
    assert done(home, "interest", "remove", "My papers", "--yes") == "'My papers' is removed.\n"
    assert "No interest yet" in done(home, "interest", "list")


def test_an_interest_of_a_file_and_of_an_author(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "refs.bib"
    number = key("graphs", 2).partition(":")[2]
    file.write_text(
        f"@misc{{a, title={{A}}, eprint={{{number}}}, archivePrefix={{arXiv}}}} @misc{{b, title={{Not here}}}}"
    )
    ran = run(home, "interest", "new", "Mine", "--from-file", str(file))
    assert ran.stdout == "'Mine' is interest number 1, with 1 paper liked.\n"
    assert ran.stderr == "1 paper not in the archive:\n  Not here\n"
    assert "32 papers liked" in done(home, "interest", "new", "Hers", "--author", "Ada Lovelace")
    assert run(home, "interest", "new", "Library", "--library").returncode == 3


def test_an_export_is_imported(home: Path) -> None:
    done(home, "interest", "new", "Graphs", "--like", key("graphs", 0), "--lab")
    exported = done(home, "interest", "export", "Graphs")
    assert run(home, "interest", "import", "-", stdin=exported).returncode == 2  # the name is taken
    data = json.loads(exported)
    data["examples"][0]["paper"] = "arxiv:2603.88888"
    ran = run(home, "interest", "import", "-", "--name", "Again", stdin=json.dumps(data))
    assert ran.stdout == "'Again' is interest number 2, with 0 papers liked.\n"
    assert ran.stderr == "1 paper not in the archive:\n  arxiv:2603.88888\n"
    assert "0 papers liked" in done(home, "interest", "look-again", "Again")
    listed = json.loads(done(home, "interest", "list", "--json"))
    assert [(each["name"], each["visibility"]) for each in listed] == [("Again", "private"), ("Graphs", "lab")]
    for broken in ("", "[]", "{}", "\x00"):
        assert run(home, "interest", "import", "-", stdin=broken).returncode == 2


def test_why_not_says_it_in_sentences(home: Path) -> None:
    assert run(home, "why-not", key("graphs", 1)).returncode == 2
    done(home, "interest", "new", "Graphs", "--like", key("graphs", 0))
    assert "You like it already." in done(home, "why-not", key("graphs", 0), "--since", "9d")
    assert "this feed looks at" in done(home, "why-not", key("graphs", 7))
    answer = json.loads(done(home, "why-not", key("speech", 0), "--json"))
    assert not answer["is_listed"]
    assert answer["short"] > 0
    assert run(home, "why-not", "arxiv:9999.99999").returncode == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("feed", "--since", "soon"),
        ("feed", "--since", "9999d"),
        ("feed", "--since", "0d"),
        ("feed", "--breadth", "2"),
        ("interest", "new", " "),
        ("interest", "new", "x", "--query", "year:soon"),
        ("interest", "reset", "x", "--to", "soon"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(home: Path, arguments: tuple[str, ...]) -> None:
    assert run(home, *arguments).returncode == 2


def test_an_installation_for_several_people_has_no_owner_to_ask(home: Path) -> None:
    done(home, "user", "add", "ada@lab.example")
    ran = run(home, "feed")
    assert (ran.returncode, "for several people" in ran.stderr) == (8, True)
