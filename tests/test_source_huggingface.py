"""Daily Papers: which days are asked for, when votes are counted again, and answers that are not what they should be."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.source_cases.huggingface import DAYS, DailyPapers, build, day
from tests.source_help import Case, Stage, at, keys, records, refusals, staged
from tidings.errors import FetchError, SourceError
from tidings.types import Count, Link, Record


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, "huggingface", build(tmp_path, damaged=False)) as staged_source:
        yield staged_source


def world(folder: Path, api: DailyPapers, **settings: Any) -> Any:
    case = Case(settings={"history": 3, "follow": 3, **settings}, start=at(2026, 3, 5, 18), answer=api.answer)
    return staged(folder, "huggingface", case)


def days_asked(stage: Stage) -> list[str]:
    return [asked.params["date"] for asked in stage.asked if "date" in asked.params]


def item(number: int, **paper: Any) -> dict[str, Any]:
    return {"paper": {"id": f"2603.{number:05}", "title": f"Paper {number}", **paper}, "numComments": 0}


# --- what a record says ---


def test_a_paper_is_what_the_list_says_with_votes_dated_by_the_answer(stage: Stage) -> None:
    found = next(record for record in records(stage.run()) if record.key == "2603.04379")
    seen = found.counts[0].at
    assert seen is not None and seen >= stage.case.start
    assert found == Record(
        source="huggingface",
        key="2603.04379",
        title="Helios: Real Real-Time Long Video Generation Model",
        abstract=found.abstract,
        authors=("Shenghai Yuan", "Yuanyang Yin", "Zongjian Li"),
        ids=("arxiv:2603.04379",),
        keywords=("autoregressive diffusion model", "video generation", "long-video drifting"),
        submitted=date(2026, 3, 4),
        listed=date(2026, 3, 5),
        links=(
            Link("pdf", "https://arxiv.org/pdf/2603.04379"),
            Link("discussion", "https://huggingface.co/papers/2603.04379"),
        ),
        counts=(Count("upvotes", 44, seen), Count("comments", 2, seen)),
    )
    assert found.abstract.startswith("We introduce Helios")


def test_no_name_of_whoever_submitted_a_paper_is_kept(stage: Stage) -> None:
    assert "made-up" not in str(stage.run()).lower().replace(" ", "-")


# --- which days ---


def test_the_first_run_takes_the_history_day_by_day_and_then_what_is_trending(stage: Stage) -> None:
    batches = stage.run()
    assert days_asked(stage) == ["2026-03-02", *DAYS]
    assert stage.asked[-1].params == {"sort": "trending", "limit": "100"}
    assert [batch.newest for batch in batches] == [*map(date.fromisoformat, DAYS), None]


def test_a_list_that_did_not_change_is_not_sent_again(stage: Stage) -> None:
    first = stage.run()
    stage.asked.clear()
    second = stage.run(first[-1].cursor)
    assert days_asked(stage) == list(DAYS)
    assert all("if-none-match" in asked.request.headers for asked in stage.asked[:-1])
    assert len(second) == 1  # what is trending


def test_votes_are_counted_again_as_long_as_a_list_is_followed(tmp_path: Path) -> None:
    days = {name: day(name) for name in DAYS}
    with world(tmp_path, DailyPapers(days)) as stage:
        first = stage.run()
        days[DAYS[1]][2]["paper"]["upvotes"] = 500
        stage.clock.sleep(3600)
        again = [record for record in records(stage.run(first[-1].cursor)) if record.key == "2603.03194"]
    assert [(count.value, count.at >= at(2026, 3, 5, 19)) for count in again[0].counts[:1] if count.at] == [(500, True)]


def test_days_that_were_missed_are_caught_up(stage: Stage) -> None:
    first = stage.run()
    stage.asked.clear()
    stage.clock.sleep(timedelta(days=6).total_seconds())
    stage.run(first[-1].cursor)
    assert days_asked(stage)[0] == "2026-03-05" and days_asked(stage)[-1] == "2026-03-11"


def test_a_list_is_never_followed_to_before_the_history(tmp_path: Path) -> None:
    with world(tmp_path, DailyPapers({name: day(name) for name in DAYS}), history=0, follow=30) as stage:
        cursor = stage.run()[-1].cursor
        stage.run(cursor)
    assert days_asked(stage) == ["2026-03-05", "2026-03-05"]


def test_going_back_to_a_day_reads_every_list_from_it_anew(stage: Stage) -> None:
    cursor = stage.run()[-1].cursor
    stage.asked.clear()
    stage.run(stage.source().rewind(cursor, date(2026, 2, 27)))
    assert days_asked(stage)[0] == "2026-02-27" and days_asked(stage)[-1] == "2026-03-05"
    assert not any("if-none-match" in asked.request.headers for asked in stage.asked)


def test_going_back_passes_no_day_that_was_not_reached_yet(stage: Stage) -> None:
    begun = stage.run(pages=1)
    stage.asked.clear()
    stage.run(stage.source().rewind(begun[-1].cursor, date(2026, 3, 5)))
    assert days_asked(stage)[0] == "2026-03-04"


# --- pages ---


@pytest.mark.parametrize(
    ("papers", "granted", "pages"), [(49, 100, 1), (50, 100, 2), (120, 100, 2), (120, 50, 3), (0, 100, 1)]
)
def test_a_short_page_is_the_last_even_where_less_is_granted_than_asked(
    tmp_path: Path, papers: int, granted: int, pages: int
) -> None:
    api = DailyPapers({"2026-03-05": [item(number) for number in range(1, papers + 1)]}, most=granted)
    with world(tmp_path, api, history=0) as stage:
        assert len(keys(stage.run())) == papers
        assert len(days_asked(stage)) == pages


def test_a_host_that_answers_every_page_with_the_first_is_not_asked_for_ever(tmp_path: Path) -> None:
    page = [item(number) for number in range(1, 101)]
    case = Case({"history": 0}, at(2026, 3, 5), lambda _: httpx2.Response(200, json=page))
    with staged(tmp_path, "huggingface", case) as stage:
        assert len(keys(stage.run())) == 100
        assert len(days_asked(stage)) == 2


# --- answers that are not what they should be ---


@pytest.mark.parametrize("status", [400, 404])
def test_a_day_without_a_list_is_no_error(tmp_path: Path, status: int) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        missing = request.url.params.get("date") == "2026-03-05"
        return httpx2.Response(status, text="no such day") if missing else httpx2.Response(200, json=[item(1)])

    with staged(tmp_path, "huggingface", Case({"history": 1}, at(2026, 3, 5), answer)) as stage:
        assert len(keys(stage.run())) == 1


def test_an_address_where_nothing_is_is_an_error(tmp_path: Path) -> None:
    case = Case({"url": "https://huggingface.co/old"}, at(2026, 3, 5), lambda _: httpx2.Response(404))
    with staged(tmp_path, "huggingface", case) as stage, pytest.raises(FetchError, match="404"):
        stage.run()


def test_a_web_page_instead_of_a_list_is_an_error_and_the_day_is_asked_for_again(tmp_path: Path) -> None:
    case = Case({"history": 0}, at(2026, 3, 5), lambda _: httpx2.Response(200, text="<html>be right back</html>"))
    with staged(tmp_path, "huggingface", case) as stage, pytest.raises(SourceError, match="JSON"):
        stage.run()


def test_items_that_python_printed_and_lists_inside_objects_are_read(tmp_path: Path) -> None:
    lists = {"2026-03-04": [str(item(1))], "2026-03-05": {"data": [item(2)]}}
    case = Case(
        {"history": 1},
        at(2026, 3, 5),
        lambda asked: httpx2.Response(200, json=lists.get(asked.url.params.get("date"), [])),
    )
    with staged(tmp_path, "huggingface", case) as stage:
        assert {key for _, key in keys(stage.run())} == {"2603.00001", "2603.00002"}


@pytest.mark.parametrize(
    "damage",
    [
        {"paper": {"id": "not an id", "title": "x"}},
        {"paper": {"id": "2603.00009"}},
        {"paper": {"id": "2603.00009", "title": "x", "authors": 7}},
        {"source": "arxiv", "key": "2603.00009", "title": "Another's record"},
        "a text",
        None,
        7,
    ],
)
def test_an_item_that_is_no_paper_is_refused_with_its_text_and_the_others_are_kept(tmp_path: Path, damage: Any) -> None:
    case = Case({"history": 0}, at(2026, 3, 5), lambda _: httpx2.Response(200, json=[item(1), damage, item(2)]))
    with staged(tmp_path, "huggingface", case) as stage:
        batches = stage.run(pages=1)
    (refused,) = refusals(batches)
    assert refused.source == "huggingface" and refused.where == "2026-03-05[0][1]"
    assert refused.raw
    assert len(records(batches)) == 2


def test_a_token_is_sent_where_a_key_file_is_given(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("hf_made_up\n")
    with world(tmp_path, DailyPapers({}), history=0, key_file=file) as stage:
        stage.run(pages=1)
    assert {asked.request.headers["authorization"] for asked in stage.asked} == {"Bearer hf_made_up"}


def test_without_a_key_file_no_token_is_sent(stage: Stage) -> None:
    stage.run()
    assert not any("authorization" in asked.request.headers for asked in stage.asked)


# --- the calendar ---


@pytest.mark.parametrize(
    ("newest", "now", "behind"),
    [
        (date(2026, 3, 5), at(2026, 3, 6, 11), 0),  # Thursday's list is there, Friday's is not due
        (date(2026, 3, 5), at(2026, 3, 7, 11), 0),
        (date(2026, 3, 5), at(2026, 3, 7, 13), 1),  # Friday's was due by Saturday noon
        (date(2026, 3, 5), at(2026, 3, 9, 13), 1),  # nothing is missed at the weekend
        (date(2026, 3, 5), at(2026, 3, 11, 13), 3),
        (date(2026, 3, 8), at(2026, 3, 9, 13), 0),  # a list of a Sunday is welcome
        (None, at(2026, 3, 6, 13), 3),  # as much as the history that the first run takes
    ],
)
def test_a_list_of_a_weekday_is_late_half_a_day_after_its_end(
    stage: Stage, newest: date | None, now: Any, behind: int
) -> None:
    assert stage.source().behind(newest, now) == behind


def test_a_saturday_that_is_answered_with_friday_does_not_count_as_held(tmp_path: Path) -> None:
    friday = [item(1, submittedOnDailyAt="2026-03-06T02:00:00.000Z")]
    case = Case({"history": 0}, at(2026, 3, 7), lambda _: httpx2.Response(200, json=friday))
    with staged(tmp_path, "huggingface", case) as stage:
        assert [batch.newest for batch in stage.run()] == [date(2026, 3, 6), None]


def test_the_damaged_december_of_the_real_lists_is_read_whole(tmp_path: Path, shared_data: Path) -> None:
    with tarfile.open(shared_data / "papers" / "huggingface_daily.tar.xz") as archive:
        files = (member for member in archive if "/2024-12-" in member.name)
        contents = ((member.name, archive.extractfile(member)) for member in files)
        lists = {name[-15:-5]: json.loads(content.read()) for name, content in contents if content}
    assert any(isinstance(listed[0], str) for listed in lists.values() if listed)
    case = Case({"history": 30}, at(2024, 12, 31), DailyPapers(lists).answer)
    with staged(tmp_path, "huggingface", case) as stage:
        batches = stage.run()
    listed = {_id(each) for items in lists.values() for each in items}
    assert not refusals(batches)
    assert {key for _, key in keys(batches)} == listed


def _id(listed: Any) -> str:
    text = listed if isinstance(listed, str) else json.dumps(listed)
    return text.partition("'id': '" if isinstance(listed, str) else '"id": "')[2][:10]
