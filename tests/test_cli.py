"""The command line as a script sees it: output, errors and exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tidings.sources import sample_path


def run(*arguments: str, home: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TIDINGS_HOME": str(home), "COLUMNS": "120"}
    command = [sys.executable, "-m", "tidings", *arguments]
    return subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    done = run("add", str(sample_path()), home=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_help_shows_every_command_and_an_example(tmp_path: Path) -> None:
    done = run("--help", home=tmp_path)
    for command in (
        "add",
        "search",
        "similar",
        "show",
        "stats",
        "doctor",
        "quarantine",
        "split",
        "serve",
        "sync",
        "sources",
        "trending",
    ):
        assert f"\n  {command} " in done.stdout
    assert "tidings search low-rank adaptation" in done.stdout


def test_search_prints_a_table_for_people(home: Path) -> None:
    done = run("search", "variational", "inference", "-n", "3", home=home)
    assert done.returncode == 0
    assert "found in" in done.stdout
    assert done.stderr == ""


def test_search_prints_json_for_programs(home: Path) -> None:
    done = run("search", "--json", "variational inference", home=home)
    page = json.loads(done.stdout)
    assert page["hits"][0]["paper"]["title"]
    assert set(page["hits"][0]["parts"]) == {"words", "meaning"}


def test_search_prints_bibtex_for_reference_managers(home: Path) -> None:
    done = run("search", "--bibtex", "-n", "2", "variational inference", home=home)
    assert done.stdout.count("\n@") + done.stdout.startswith("@") == 2


def test_search_reads_standard_input(home: Path) -> None:
    done = run("search", "-", "--json", home=home, stdin="We study Gaussian processes\nwith inducing points: a survey.")
    assert json.loads(done.stdout)["hits"]


def test_a_query_with_a_mistake_exits_with_2_and_says_where(home: Path) -> None:
    done = run("search", "auther:hinton", home=home)
    assert done.returncode == 2
    assert "auther" in done.stderr
    assert "author:" in done.stderr
    assert done.stdout == ""


def test_an_unknown_paper_exits_with_3(home: Path) -> None:
    assert run("show", "arxiv:9912.99999", home=home).returncode == 3
    assert run("similar", "arxiv:9912.99999", home=home).returncode == 3


def test_a_file_that_is_not_there_exits_with_4_and_the_rest_is_added(home: Path, tmp_path: Path) -> None:
    done = run("add", str(tmp_path / "nothing"), str(sample_path()), home=tmp_path / "home")
    assert done.returncode == 4
    assert "nothing" in done.stderr
    assert "new" in done.stdout


def test_a_home_that_cannot_be_used_exits_with_5(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("stats", home=tmp_path / "file")
    assert done.returncode == 5
    assert "Traceback" not in done.stderr


def test_similar_takes_ids_or_a_text(home: Path, tmp_path: Path) -> None:
    found = json.loads(run("search", "--json", "-n", "1", "gaussian process", home=home).stdout)
    key = found["hits"][0]["paper"]["id"]
    assert json.loads(run("similar", "--json", key, home=home).stdout)["hits"]
    (tmp_path / "text").write_text("Gaussian processes with inducing points")
    assert json.loads(run("similar", "--json", "--text", str(tmp_path / "text"), home=home).stdout)["hits"]
    assert run("similar", home=home).returncode == 2


def test_show_names_the_sources_and_the_reason(home: Path) -> None:
    found = json.loads(run("search", "--json", "-n", "1", "gaussian process", home=home).stdout)
    key = found["hits"][0]["paper"]["id"]
    shown = json.loads(run("show", "--json", key, home=home).stdout)
    assert shown["records"][0]["reason"] == "new"
    assert "why it is this paper" in run("show", key, home=home).stdout


def test_stats_and_doctor_and_quarantine_answer(home: Path) -> None:
    assert json.loads(run("stats", "--json", home=home).stdout)["papers"] > 300
    done = run("doctor", home=home)
    assert done.returncode == 0
    assert "up to date" in done.stdout
    assert run("quarantine", "list", home=home).returncode == 0
    assert run("quarantine", "show", "99", home=home).returncode == 3


def test_a_pipe_that_closes_early_is_no_error(home: Path) -> None:
    command = f"{sys.executable} -m tidings search --json -n 300 inference --home {home} | head -c 10"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


def test_trending_lists_a_month_for_people_and_programs(home: Path) -> None:
    done = run("trending", "--month", "2026-03", "-n", "3", home=home)
    assert done.returncode == 0, done.stderr
    assert "102 papers from 2026-03-01 to 2026-03-31" in done.stdout
    body = json.loads(run("trending", "--month", "2026-03", "-n", "3", "--json", home=home).stdout)
    assert len(body["hits"]) == 3
    assert body["total"] == 102
    best = body["hits"][0]
    assert sum(best["parts"].values()) == pytest.approx(best["score"])
    assert best["counts"]["upvotes"] > 0


def test_trending_of_a_time_without_papers_names_the_nearest_day(home: Path) -> None:
    done = run("trending", "--week", "2024-W20", home=home)
    assert done.returncode == 0
    assert "Nothing from 2024-05-13 to 2024-05-19. The nearest day is 2026-03-06." in done.stdout


@pytest.mark.parametrize(
    "arguments", [("--week", "12"), ("--month", "March"), ("--day", "2026-03-01", "--month", "2026-03")]
)
def test_trending_of_what_is_no_time_is_wrong_usage(home: Path, arguments: tuple[str, ...]) -> None:
    assert run("trending", *arguments, home=home).returncode == 2
