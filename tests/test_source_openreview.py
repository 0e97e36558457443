"""OpenReview: notes into records, which of them are asked for when, and how a refusal is taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.source_cases.openreview import VENUE, Api, build, notes
from tests.source_help import DATA, Case, Stage, at, keys, records, refusals, staged
from tidings.errors import FetchError, InputError, SourceError
from tidings.types import Link, Record

START = at(2026, 3, 5, 18)
OUT = f"{VENUE}/Withdrawn_Submission"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, "openreview", build(tmp_path, damaged=False)) as staged_source:
        yield staged_source


def world(folder: Path, api: Any, **settings: Any) -> AbstractContextManager[Stage]:
    return staged(folder, "openreview", Case(settings={"venues": [VENUE], **settings}, start=START, answer=api))


def submission(number: int, changed: datetime = START - timedelta(days=30), venue: str = VENUE) -> dict[str, Any]:
    content = {"title": {"value": f"Submission {number}"}, "venueid": {"value": venue}}
    return {"id": f"note{number:05}", "content": content, "tmdate": int(changed.timestamp() * 1000)}


def titles(stage: Stage, cursor: str | None = None) -> dict[str, Record]:
    return {record.title: record for record in records(stage.run(cursor))}


def key_file(folder: Path) -> Path:
    file = folder / "password"
    file.write_text("correct horse\n")
    return file


# --- notes into records ---


def test_a_submission_is_what_its_note_says(stage: Stage) -> None:
    assert titles(stage)["Written from the Documentation"] == Record(
        source="openreview",
        key="bC4eF6gH8i",
        title="Written from the Documentation",
        abstract="We make up a result and its proof.",
        authors=("Cleo Test",),
        ids=("openreview:bC4eF6gH8i",),
        keywords=("made up", "fixtures"),
        venue="ICLR 2026 Oral",
        year=2026,
        submitted=date(2025, 9, 20),
        updated=date(2026, 2, 1),
        announced=date(2025, 10, 8),
        links=(
            Link("pdf", "https://openreview.net/pdf?id=bC4eF6gH8i"),
            Link("code", "https://github.com/example/fixture"),
            Link("discussion", "https://openreview.net/forum?id=bC4eF6gH8i"),
        ),
    )


def test_a_double_blind_submission_has_no_authors(stage: Stage) -> None:
    assert titles(stage)["Under Review Without Names"].authors == ()


def test_authors_may_be_described_by_more_than_a_name(stage: Stage) -> None:
    assert titles(stage)["Authors as Objects"].authors == ("Dora Example", "Emil Sample")


def test_values_that_are_not_wrapped_are_read_too(stage: Stage) -> None:
    unwrapped = titles(stage)["Values Without a Wrapping"]
    assert (unwrapped.authors, unwrapped.keywords, unwrapped.abstract) == (("Finn Test",), ("old",), "An older note.")


def test_a_review_is_no_paper(stage: Stage) -> None:
    batches = stage.run()
    assert not refusals(batches)
    assert len(keys(batches)) == 5


@pytest.mark.parametrize("out", [OUT, f"{VENUE}/Desk_Rejected_Submission"])
def test_what_was_withdrawn_or_rejected_at_once_is_flagged(tmp_path: Path, out: str) -> None:
    with world(tmp_path, Api([submission(1, venue=out), submission(2)]).answer, venues=[VENUE, out]) as stage:
        assert {title: record.withdrawn for title, record in titles(stage).items()} == {
            "Submission 1": True,
            "Submission 2": False,
        }


@pytest.mark.parametrize(
    "damage",
    [{"content": {"title": {"value": ""}}}, {"content": 7}, {"cdate": "yesterday"}, {"id": "a b"}, {"forum": 7}],
)
def test_a_note_that_is_damaged_is_refused_with_its_text(tmp_path: Path, damage: dict[str, Any]) -> None:
    page = [submission(1), {**submission(2), **damage}, submission(3)]
    answers = iter([page, []])
    with world(tmp_path, lambda _: httpx2.Response(200, json={"notes": next(answers)})) as stage:
        batches = stage.run()
    (refused,) = refusals(batches)
    assert refused.source == "openreview" and refused.where.startswith(f"{VENUE}#")
    assert json.loads(refused.raw) == page[1]
    assert len(records(batches)) == 2


def test_impossible_times_leave_their_dates_out(tmp_path: Path) -> None:
    strange = {**submission(1), "cdate": 10**17, "mdate": -(10**17), "odate": -1}
    with world(tmp_path, Api([strange]).answer) as stage:
        (record,) = records(stage.run())
    assert (record.submitted, record.announced) == (None, date(1969, 12, 31))


# --- which notes, when ---


def test_a_venue_is_first_read_whole_in_the_order_of_ids(stage: Stage) -> None:
    stage.run()
    assert [asked.params.get("after") for asked in stage.asked] == [None, "cD5fG7hI9j", "gH9jK1lM3n"]
    assert {asked.params["content.venueid"] for asked in stage.asked} == {VENUE}
    assert {asked.params["limit"] for asked in stage.asked} == {"1000"}


def test_afterwards_only_what_changed_is_asked_for(tmp_path: Path) -> None:
    api = Api([submission(number) for number in range(10)], most=5)
    with world(tmp_path, api.answer) as stage:
        cursor = stage.run()[-1].cursor
        stage.asked.clear()
        stage.clock.sleep(12 * 3600)
        quiet = stage.run(cursor)
        assert not records(quiet)
        api.notes[3] = {**submission(3, START + timedelta(hours=13)), "content": {**api.notes[3]["content"]}}
        api.notes[3]["content"]["venue"] = {"value": "ICLR 2026 Oral"}
        stage.clock.sleep(12 * 3600)
        (decided,) = records(stage.run(quiet[-1].cursor))
    assert (decided.key, decided.venue) == ("note00003", "ICLR 2026 Oral")
    assert [asked.params["sort"] for asked in stage.asked] == ["tmdate:desc", "tmdate:desc"]


def test_changes_of_many_notes_are_followed_over_pages_and_may_be_stopped(tmp_path: Path) -> None:
    api = Api([submission(number) for number in range(10)], most=3)
    with world(tmp_path, api.answer) as stage:
        cursor = stage.run()[-1].cursor
        api.notes = [submission(number, START + timedelta(hours=1, minutes=number)) for number in range(10)]
        stage.clock.sleep(12 * 3600)
        stage.asked.clear()
        begun = stage.run(cursor, pages=2)
        rest = stage.run(begun[-1].cursor)
    assert len(keys(begun + rest)) == len(records(begun + rest)) == 10
    assert [asked.params["offset"] for asked in stage.asked] == ["0", "3", "6", "9", "10"]


def test_once_a_week_a_venue_is_read_whole_again(tmp_path: Path) -> None:
    api = Api([submission(1)])
    with world(tmp_path, api.answer) as stage:
        cursor = stage.run()[-1].cursor
        api.notes.append(submission(2, START - timedelta(days=300)))  # a change that shows in no time
        stage.clock.sleep(timedelta(days=6).total_seconds())
        later = stage.run(cursor)
        assert not records(later)
        stage.clock.sleep(timedelta(days=1).total_seconds())
        assert "Submission 2" in titles(stage, later[-1].cursor)


def test_what_changed_while_a_venue_was_read_is_seen_by_the_next_look(tmp_path: Path) -> None:
    api = Api([submission(number) for number in range(6)])
    with world(tmp_path, api.answer) as stage:
        begun = stage.run(pages=1)
        api.notes[0] = submission(0, START + timedelta(seconds=1))
        stage.clock.sleep(3600)
        cursor = stage.run(begun[-1].cursor)[-1].cursor
        assert keys(stage.run(cursor)) == {("openreview", "note00000")}


def test_a_run_over_several_venues_goes_on_with_the_one_it_was_at(tmp_path: Path) -> None:
    api = Api([submission(1), submission(2, venue="TMLR"), submission(3, venue="COLM")])
    with world(tmp_path, api.answer, venues=[VENUE, "TMLR", "COLM"]) as stage:
        begun = stage.run(pages=3)
        stage.asked.clear()
        stage.run(begun[-1].cursor)
    assert list(dict.fromkeys(asked.params["content.venueid"] for asked in stage.asked)) == ["TMLR", "COLM"]


def test_a_venue_that_is_added_is_read_whole_and_one_that_is_taken_away_is_forgotten(tmp_path: Path) -> None:
    api = Api([submission(1), submission(2, venue="TMLR")])
    with world(tmp_path / "one", api.answer) as stage:
        cursor = stage.run()[-1].cursor
    with world(tmp_path / "other", api.answer, venues=["TMLR"]) as stage:
        batches = stage.run(cursor)
    assert [record.title for record in records(batches)] == ["Submission 2"]
    assert VENUE not in batches[-1].cursor


def test_going_back_looks_at_what_changed_since_that_day(tmp_path: Path) -> None:
    api = Api([submission(1, at(2026, 2, 10)), submission(2, at(2026, 2, 20))])
    with world(tmp_path, api.answer) as stage:
        cursor = stage.run()[-1].cursor
        back = stage.source().rewind(cursor, date(2026, 2, 15))
        assert list(titles(stage, back)) == ["Submission 2"]


def test_a_venue_that_nobody_submitted_to_is_doubted_in_words(tmp_path: Path) -> None:
    with world(tmp_path, Api([]).answer) as stage:
        (batch,) = stage.run()
    assert batch.note == f"OpenReview shows no submissions to {VENUE}; is that its id?"


def test_a_host_that_ignores_where_to_go_on_is_an_error_and_not_asked_for_ever(tmp_path: Path) -> None:
    with world(tmp_path, lambda _: httpx2.Response(200, json={"notes": [submission(1)]})) as stage:
        with pytest.raises(SourceError, match="the same page"):
            stage.run()
        assert len(stage.asked) == 2


# --- refusals ---


def test_anonymous_access_that_is_refused_says_what_to_do_and_comes_back_a_day_later(tmp_path: Path) -> None:
    with world(tmp_path, Api(notes(), password="correct horse").answer) as stage:
        with pytest.raises(FetchError, match="TIDINGS_OPENREVIEW_USER and TIDINGS_OPENREVIEW_KEY_FILE") as caught:
            stage.run()
        assert len(stage.asked) == 1
        assert caught.value.status == 403
        assert caught.value.retry_at == stage.clock() + timedelta(hours=24)


def test_a_browser_check_in_the_place_of_notes_is_a_refusal(tmp_path: Path) -> None:
    page = "<!DOCTYPE html><title>Just a moment...</title>"
    with world(tmp_path, lambda _: httpx2.Response(200, html=page)) as stage:
        with pytest.raises(FetchError, match="refuses anonymous access") as caught:
            stage.run()
        assert caught.value.retry_at == stage.clock() + timedelta(hours=24)


def test_a_login_opens_what_is_closed_and_is_kept_nowhere(tmp_path: Path) -> None:
    api = Api(notes(), password="correct horse")
    with world(tmp_path, api.answer, user="reader@example.org", key_file=key_file(tmp_path)) as stage:
        batches = stage.run()
    login = stage.asked[0].request
    assert (login.method, login.url.path) == ("POST", "/login")
    assert json.loads(login.content) == {"id": "reader@example.org", "password": "correct horse"}
    assert len(keys(batches)) == 5
    assert sum(asked.request.url.path == "/login" for asked in stage.asked) == 1
    assert not any("token" in batch.cursor or "horse" in batch.cursor for batch in batches)


def test_a_token_that_lapses_in_the_middle_of_a_run_is_renewed(tmp_path: Path) -> None:
    api = Api(notes(), password="correct horse")
    with world(tmp_path, api.answer, user="reader@example.org", key_file=key_file(tmp_path)) as stage:
        pages = stage.source().fetch(None)
        next(pages)
        api.tokens += 1  # the host knows none but the newest
        assert len(list(pages)) == 2


def test_a_login_that_is_not_accepted_says_whose_and_not_with_what(tmp_path: Path) -> None:
    api = Api(notes(), password="another")
    with world(tmp_path, api.answer, user="reader@example.org", key_file=key_file(tmp_path)) as stage:
        with pytest.raises(FetchError, match=r"does not accept the login of reader@example\.org") as caught:
            stage.run()
        assert caught.value.retry_at == stage.clock() + timedelta(hours=24)
    assert "horse" not in str(caught.value)


def test_a_reader_who_may_not_see_a_venue_is_told_so(tmp_path: Path) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"token": "x"}) if request.method == "POST" else httpx2.Response(403)

    with (
        world(tmp_path, answer, user="reader@example.org", key_file=key_file(tmp_path)) as stage,
        pytest.raises(FetchError, match=r"refuses what reader@example\.org asks for"),
    ):
        stage.run()


def test_too_many_requests_wait_until_the_time_that_is_said(tmp_path: Path) -> None:
    wait = (DATA / "openreview" / "wait.json").read_text()
    answer = httpx2.Response(429, text=wait, headers={"Content-Type": "application/json"})
    with world(tmp_path, lambda _: answer) as stage, pytest.raises(FetchError, match="too many requests") as caught:
        stage.run()
    assert caught.value.retry_at == datetime(2026, 3, 5, 18, 47, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1772736450000", 2850),
        ('"2026-03-05T18:47:30+00:00"', 2850),
        ('"9999-01-01T00:00:00Z"', None),
        ('"soon"', None),
    ],
)
def test_the_time_to_wait_until_is_a_text_or_a_number_or_not_understood(
    tmp_path: Path, said: str, seconds: int | None
) -> None:
    body = f'{{"details":{{"resetTime":{said}}}}}'
    answer = httpx2.Response(429, text=body, headers={"Content-Type": "application/json"})
    with world(tmp_path, lambda _: answer) as stage, pytest.raises(FetchError) as caught:
        stage.run()
    assert caught.value.retry_at == (START + timedelta(seconds=seconds) if seconds else None)


def test_a_source_without_venues_names_the_setting(tmp_path: Path) -> None:
    with (
        world(tmp_path, Api([]).answer, venues=[]) as stage,
        pytest.raises(InputError, match="TIDINGS_OPENREVIEW_VENUES"),
    ):
        stage.source()


def test_half_a_login_names_both_settings(tmp_path: Path) -> None:
    with (
        world(tmp_path, Api([]).answer, user="reader@example.org") as stage,
        pytest.raises(InputError, match="TIDINGS_OPENREVIEW_KEY_FILE"),
    ):
        stage.source()


def test_a_cursor_of_something_else_is_an_error_in_words(stage: Stage) -> None:
    with pytest.raises(SourceError, match="where the last run stopped"):
        stage.run("[1]")
