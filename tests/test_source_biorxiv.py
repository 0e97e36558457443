"""bioRxiv and medRxiv: rows into records, pages of any size, windows of days, and answers that say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.source_cases.biorxiv import Api, build, rows
from tests.source_help import Case, Stage, at, keys, records, refusals, staged
from tidings.errors import InputError, SourceError
from tidings.renew import renewed
from tidings.types import Link, Record, Version

START = at(2026, 3, 5, 18)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, "biorxiv", build(tmp_path, damaged=False)) as staged_source:
        yield staged_source


def world(folder: Path, api: Any, **settings: Any) -> AbstractContextManager[Stage]:
    given = {"servers": ["biorxiv"], "history": 0, **settings}
    return staged(folder, "biorxiv", Case(settings=given, start=START, answer=api))


def row(number: int, day: str = "2026-03-05", **more: Any) -> dict[str, Any]:
    doi = f"10.1101/2026.03.05.{number:06}"
    return {"doi": doi, "title": f"Preprint {number}", "date": day, "version": "1", "category": "ecology", **more}


def answered(*given: dict[str, Any], status: str = "ok", **said: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"messages": [{"status": status, **said}], "collection": list(given)})


def asked(stage: Stage) -> list[str]:
    return [each.request.url.path.removeprefix("/details/").removesuffix("/json") for each in stage.asked]


def found(stage: Stage, version: int = 1) -> dict[str, Record]:
    return {record.key: record for record in records(stage.run()) if record.versions[0].number == version}


# --- rows into records ---


def test_a_first_version_is_a_record_with_the_day_it_was_posted(stage: Stage) -> None:
    assert found(stage)["10.1101/2026.02.27.600001"] == Record(
        source="biorxiv",
        key="10.1101/2026.02.27.600001",
        title="A made-up genome",
        abstract="We sequence a made-up organism.",
        authors=("A. Example", "B. C. Sample"),
        ids=("doi:10.1101/2026.02.27.600001",),
        keywords=("bioinformatics",),
        venue="bioRxiv",
        submitted=date(2026, 2, 27),
        updated=date(2026, 3, 1),
        announced=date(2026, 3, 1),
        links=(Link("pdf", "https://www.biorxiv.org/content/10.1101/2026.02.27.600001v1.full.pdf"),),
        versions=(Version(1, date(2026, 3, 1)),),
    )


def test_a_later_version_is_no_new_announcement_and_joins_the_first(stage: Stage) -> None:
    first, second = found(stage)["10.1101/2026.02.27.600001"], found(stage, 2)["10.1101/2026.02.27.600001"]
    assert second.announced is None and second.submitted == date(2026, 2, 27)
    for old, new in ((first, second), (second, first)):
        joined = renewed(old, new)
        assert joined.title == "A made-up genome, revised"
        assert joined.versions == (Version(1, date(2026, 3, 1)), Version(2, date(2026, 3, 3)))
        assert (joined.announced, joined.updated) == (date(2026, 3, 1), date(2026, 3, 3))


def test_a_preprint_that_a_journal_printed_has_both_dois(stage: Stage) -> None:
    printed = found(stage, 4)["10.1101/2020.05.05.079202"]
    assert printed.ids == ("doi:10.1101/2020.05.05.079202", "doi:10.7554/elife.00001")
    assert printed.submitted == date(2020, 5, 5)


@pytest.mark.parametrize("published", ["NA", "na", "", None])
def test_no_journal_is_no_id(tmp_path: Path, published: str | None) -> None:
    with world(tmp_path, Api({"biorxiv": [row(1, published=published)]}).answer) as stage:
        assert [record.ids for record in records(stage.run())] == [("doi:10.1101/2026.03.05.000001",)]


def test_a_preprint_that_was_withdrawn_is_flagged(stage: Stage) -> None:
    assert found(stage, 2)["10.1101/2026.03.01.600004"].withdrawn
    assert not any(record.withdrawn for record in found(stage).values())


def test_medrxiv_is_said_by_name_and_address(stage: Stage) -> None:
    trial = found(stage)["10.1101/2026.03.02.26300001"]
    assert trial.venue == "medRxiv"
    assert trial.links == (Link("pdf", "https://www.medrxiv.org/content/10.1101/2026.03.02.26300001v1.full.pdf"),)


@pytest.mark.parametrize(
    "damage",
    [
        {"doi": "NA"},
        {"doi": None},
        {"title": " "},
        {"date": "2026-02-30"},
        {"date": "soon"},
        {"version": "x"},
        {"version": 0},
    ],
)
def test_a_row_that_cannot_be_understood_is_refused_and_the_others_are_kept(
    tmp_path: Path, damage: dict[str, Any]
) -> None:
    given = [row(1), {**row(2), **damage}, row(3)]
    with world(tmp_path, lambda _: answered(*given, total=3)) as stage:
        batches = stage.run()
    (refused,) = refusals(batches)
    assert refused.source == "biorxiv" and refused.where == "biorxiv/2026-03-05[1]" and refused.raw
    assert len(records(batches)) == 2


# --- pages ---


@pytest.mark.parametrize("total", ["7", 7, 8, "1000", None, "many"])
@pytest.mark.parametrize("most", [3, 7, 100])
def test_pages_go_on_by_the_number_that_came_until_nothing_more_does(tmp_path: Path, most: int, total: Any) -> None:
    listed = [row(number) for number in range(7)]

    def answer(request: httpx2.Request) -> httpx2.Response:
        start = int(request.url.path.split("/")[-2])
        page = listed[start : start + most]
        return answered(*page, total=total) if page else answered(status="no posts found")

    with world(tmp_path, answer) as stage:
        assert len(keys(stage.run())) == len(records(stage.run())) == 7
    starts = [int(path.split("/")[-1]) for path in asked(stage)]
    assert starts[:2] == ([0, most] if most < 7 else starts[:2])


def test_a_page_that_is_stopped_is_gone_on_from(tmp_path: Path) -> None:
    with world(tmp_path, Api({"biorxiv": [row(number) for number in range(5)]}).answer) as stage:
        begun = stage.run(pages=1)
        stage.asked.clear()
        stage.run(begun[-1].cursor)
    assert asked(stage) == ["biorxiv/2026-03-05/2026-03-05/2", "biorxiv/2026-03-05/2026-03-05/4"]


def test_a_run_that_is_stopped_goes_on_with_the_server_it_was_at(stage: Stage) -> None:
    whole = stage.run()
    begun = whole[: next(n for n, batch in enumerate(whole) if "medrxiv" in batch.cursor) + 1]
    stage.asked.clear()
    stage.run(begun[-1].cursor)
    assert all(path.startswith("medrxiv") for path in asked(stage))


# --- windows of days ---


def test_history_is_read_a_few_days_at_a_time_oldest_first(tmp_path: Path) -> None:
    with world(tmp_path, Api(rows()).answer, history=7) as stage:
        stage.run()
    windows = list(dict.fromkeys(path.rpartition("/")[0] for path in asked(stage)))
    assert windows == [
        "biorxiv/2026-02-26/2026-02-28",
        "biorxiv/2026-03-01/2026-03-03",
        "biorxiv/2026-03-04/2026-03-05",
    ]


def test_the_newest_day_is_said_when_both_servers_were_read_to_it(stage: Stage) -> None:
    newest = [batch.newest for batch in stage.run()]
    assert newest[-1] == date(2026, 3, 4)
    assert not any(newest[:-2])


def test_days_that_were_not_over_are_read_again_and_none_is_missed(tmp_path: Path) -> None:
    listed = [row(number, f"2026-03-{number:02}") for number in range(1, 6)]
    with world(tmp_path, Api({"biorxiv": listed}).answer, history=4) as stage:
        cursor = stage.run()[-1].cursor
        listed += [row(90, "2026-03-05"), row(91, "2026-03-06"), row(92, "2026-03-09")]
        stage.clock.sleep(timedelta(days=4).total_seconds())
        stage.asked.clear()
        later = {record.title for record in records(stage.run(cursor))}
    assert {"Preprint 90", "Preprint 91", "Preprint 92"} <= later
    assert asked(stage)[0] == "biorxiv/2026-03-04/2026-03-06/0"


def test_days_for_which_the_host_said_nothing_are_asked_for_again(tmp_path: Path) -> None:
    api = Api({"biorxiv": [row(1, "2026-03-04")]})
    with world(tmp_path, api.answer, history=1) as stage:
        cursor = stage.run()[-1].cursor
        kept, api.rows["biorxiv"] = api.rows["biorxiv"], []
        stage.clock.sleep(timedelta(days=5).total_seconds())
        silent = stage.run(cursor)
        api.rows["biorxiv"] = [*kept, row(2, "2026-03-06")]
        stage.clock.sleep(timedelta(days=5).total_seconds())
        assert ("biorxiv", "10.1101/2026.03.05.000002") in keys(stage.run(silent[-1].cursor))


def test_going_back_begins_with_that_day_on_both_servers(stage: Stage) -> None:
    cursor = stage.run()[-1].cursor
    stage.asked.clear()
    stage.run(stage.source().rewind(cursor, date(2026, 2, 1)))
    assert [path for path in asked(stage) if "2026-02-01" in path] == [
        "biorxiv/2026-02-01/2026-02-03/0",
        "medrxiv/2026-02-01/2026-02-03/0",
    ]


# --- what is wanted, and what is said ---


def test_only_the_categories_of_the_settings_are_taken(tmp_path: Path) -> None:
    with world(tmp_path, Api(rows()).answer, history=5, categories=["Cell Biology", "neuroscience"]) as stage:
        assert {record.keywords for record in records(stage.run())} == {("cell biology",), ("neuroscience",)}


def test_a_category_that_does_not_exist_takes_nothing(tmp_path: Path) -> None:
    with world(tmp_path, Api(rows()).answer, history=5, categories=["celll biology"]) as stage:
        assert not records(stage.run())


@pytest.mark.parametrize("servers", [["chemrxiv"], ["biorxiv", "chemrxiv"], []])
def test_a_server_that_is_neither_of_the_two_is_refused(tmp_path: Path, servers: list[str]) -> None:
    with world(tmp_path, Api({}).answer, servers=servers) as stage, pytest.raises(InputError, match="BIORXIV_SERVERS"):
        stage.source()


def test_an_error_inside_of_an_answer_is_an_error(tmp_path: Path) -> None:
    with (
        world(tmp_path, lambda _: answered(status="Error: database is gone")) as stage,
        pytest.raises(SourceError, match="bioRxiv says: Error: database is gone"),
    ):
        stage.run()


@pytest.mark.parametrize("body", ["<html>", "[]", '{"messages": 7}', ""])
def test_an_answer_of_another_shape_is_an_error(tmp_path: Path, body: str) -> None:
    with world(tmp_path, lambda _: httpx2.Response(200, text=body)) as stage, pytest.raises(SourceError, match="JSON"):
        stage.run()
