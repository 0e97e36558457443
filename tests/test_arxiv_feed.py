"""The day's feed: asked for once, explained when there is none, and never the end of a run."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from tests.arxiv_help import announced, listed, new_york, paper, settled, stand
from tests.arxiv_server import FEED_HOST
from tests.source_help import DATA, records
from tidings.errors import FetchError, InputError, SourceError
from tidings.types import Version

THURSDAY = new_york(2026, 3, 5)


def test_the_feed_of_all_categories_is_one_request_and_the_next_one_only_asks_for_a_change(tmp_path: Path) -> None:
    with stand(tmp_path, listed("2026-03-05"), THURSDAY, categories=["cs.LG", "stat.ML", "hep-th"]) as arxiv:
        first, *_ = arxiv.run()
        (request,) = arxiv.feeds()
        assert str(request.url) == "https://rss.arxiv.org/atom/cs.LG+stat.ML+hep-th"
        assert "if-none-match" not in request.headers
        assert [record.key for record in records([first])] == ["2603.00001"]
        assert first.newest == date(2026, 3, 5)
        (last,) = arxiv.run()
        (request,) = arxiv.feeds()
        assert request.headers["if-none-match"] == '"atom-cs.LG+stat.ML+hep-th-2026-03-05"'
    assert last.items == () and last.newest == date(2026, 3, 5)


def test_a_change_is_not_asked_for_of_another_set_of_categories(tmp_path: Path) -> None:
    with stand(tmp_path, listed("2026-03-05"), THURSDAY) as arxiv:
        arxiv.run()
        cursor = arxiv.cursor
    with stand(tmp_path, listed("2026-03-05"), THURSDAY, categories=["cs.LG", "hep-th"]) as arxiv:
        arxiv.cursor = cursor
        arxiv.run()
        assert "if-none-match" not in arxiv.feeds()[0].headers


def test_new_and_cross_listed_papers_are_first_listed_that_day_and_replaced_ones_are_not(tmp_path: Path) -> None:
    papers = [
        paper("2603.00001", "2026-03-05"),
        paper("2603.00002", "2026-03-05", None, "math.NA", "cs.LG"),  # its primary is outside of the set
        paper("2602.00003", "2026-02-10", "2026-03-05"),
        paper("2602.00004", "2026-02-11", "2026-03-05", "hep-th", "cs.LG"),
    ]
    with stand(tmp_path, papers, THURSDAY) as arxiv:
        first, *_ = arxiv.run()
    said = {record.key: (record.announced, record.updated, record.versions) for record in records([first])}
    day = date(2026, 3, 5)
    assert said == {
        "2603.00001": (day, None, (Version(1),)),
        "2603.00002": (day, None, (Version(1),)),
        "2602.00003": (None, day, (Version(2),)),
        "2602.00004": (None, day, (Version(2),)),
    }


def test_the_feed_gives_the_day_and_the_history_the_versions(tmp_path: Path) -> None:
    papers = [paper("2603.00001", "2026-03-05", comment="12 pages")]
    with stand(tmp_path, papers, THURSDAY) as arxiv:
        record = settled(arxiv.run())["2603.00001"]
    assert (record.announced, record.submitted, record.comment) == (date(2026, 3, 5), date(2026, 3, 4), "12 pages")
    assert record.versions == (Version(1, date(2026, 3, 4)),)


@pytest.mark.parametrize(
    ("now", "note"),
    [
        (
            new_york(2026, 11, 21),
            "no announcement on Saturday, 21 November 2026; "
            "the next is expected on Monday, 23 November 2026, 00:00 New York time",
        ),
        (
            new_york(2026, 11, 22, 23),
            "no announcement on Sunday, 22 November 2026; "
            "the next is expected on Monday, 23 November 2026, 00:00 New York time",
        ),
        (
            new_york(2026, 11, 27),  # the day after Thanksgiving
            "no announcement on Friday, 27 November 2026; "
            "the next is expected on Monday, 30 November 2026, 00:00 New York time",
        ),
        (new_york(2026, 11, 24), "the announcement of Tuesday, 24 November 2026 is not out yet"),
    ],
)
def test_an_empty_feed_is_explained(tmp_path: Path, now: datetime, note: str) -> None:
    with stand(tmp_path, [], now) as arxiv:
        assert arxiv.run()[-1].note == note


def test_a_feed_is_taken_whatever_the_calendar_says(tmp_path: Path) -> None:
    with stand(tmp_path, listed("2026-11-21"), new_york(2026, 11, 21)) as arxiv:  # a Saturday
        batches = arxiv.run()
    assert announced(batches) == {"2611.00001": date(2026, 11, 21)}
    assert batches[0].newest == batches[-1].newest == date(2026, 11, 21)


def test_while_the_feed_is_late_it_is_due_again_soon_and_the_history_is_left_alone(tmp_path: Path) -> None:
    """Tuesday's feed is empty at first, and then it is there."""
    monday, tuesday = new_york(2026, 3, 2), new_york(2026, 3, 3, 0, 30)
    with stand(tmp_path, listed("2026-03-02", "2026-03-03"), monday) as arxiv:
        arxiv.run()
        source = arxiv.source
        empty = _empty_feed("2026-03-03T05:00:20+00:00")
        arxiv.answers[FEED_HOST] = [empty, empty]
        arxiv.stage.clock.at = tuesday
        *_, last = source.fetch(arxiv.cursor)
        now = arxiv.stage.clock()
        assert source.due(now) == now + timedelta(minutes=30)
        assert last.newest == date(2026, 3, 2)  # nobody knows whether the history has it
        arxiv.cursor = last.cursor
        arxiv.run(source.due(now))
        assert arxiv.feeds() and not arxiv.history()
        batches = arxiv.run(tuesday + timedelta(hours=1))
        assert batches[-1].newest == date(2026, 3, 3) and batches[-1].note is None
        assert source.due(tuesday + timedelta(hours=1)) > tuesday


def test_while_an_announcement_is_overdue_the_history_is_asked_for_it_every_six_hours(tmp_path: Path) -> None:
    with stand(tmp_path, [], new_york(2026, 3, 3, 0, 30)) as arxiv:
        asked = [(hour, len(arxiv.run(new_york(2026, 3, 3, hour)) and arxiv.history())) for hour in range(1, 20)]
    assert [hour for hour, requests in asked if requests] == [1, 7, 13, 19]


def test_a_feed_that_is_cut_is_completed_by_the_history(tmp_path: Path) -> None:
    new = [paper(f"2603.{number:05}", "2026-03-05") for number in range(1_990)]
    replaced = [paper(f"2602.{number:05}", "2026-02-10", "2026-03-05") for number in range(30)]
    with stand(tmp_path, new + replaced, THURSDAY) as arxiv:
        batches = arxiv.run()
    first, *_, last = batches
    assert len(first.items) == 2_000 and first.newest is None
    assert first.note == last.note == "the feed was cut at 2,000 entries; the history completes it"
    assert last.newest == date(2026, 3, 5)
    assert len(settled(batches)) == 2_020
    estimated = [record for batch in batches[1:] for record in records([batch]) if record.announced]
    assert {record.key[:4] for record in estimated} == {"2602"}  # all that is new was named in spite of the cut


def test_a_feed_that_is_cut_before_all_that_is_new_counts_as_missed(tmp_path: Path) -> None:
    new = [paper(f"2603.{number:05}", "2026-03-05") for number in range(2_010)]
    with stand(tmp_path, new, THURSDAY) as arxiv:
        days = announced(arxiv.run())
    assert len(days) == 2_010 and set(days.values()) == {date(2026, 3, 5)}


def test_an_unknown_category_is_named_and_nothing_more_is_asked(tmp_path: Path) -> None:
    error = (DATA / "arxiv" / "feed_error_written.xml").read_bytes()
    with stand(tmp_path, [], THURSDAY, categories=["cs.XX", "cs.LG"]) as arxiv:
        for status in (400, 200):
            arxiv.answers[FEED_HOST] = [httpx2.Response(status, content=error)]
            with pytest.raises(SourceError, match=r"TIDINGS_ARXIV_CATEGORIES \(cs.XX, cs.LG\)"):
                arxiv.run()
            assert not arxiv.history()


@pytest.mark.parametrize("categories", [["cs.LG", "nonsense"], ["cs.ML5"], ["68T05"], ["cs."], []])
def test_what_is_no_category_is_refused_before_anybody_is_asked(tmp_path: Path, categories: list[str]) -> None:
    with stand(tmp_path, [], THURSDAY, categories=categories) as arxiv:
        with pytest.raises(InputError, match=categories[-1] if categories else "names no category"):
            _ = arxiv.source
        assert not arxiv.stage.asked


@pytest.mark.parametrize("body", [b"<html><body>Rate exceeded</body></html>", b"", b"<feed", b"503 Backend"])
def test_a_feed_that_cannot_be_had_keeps_nobody_from_reading_the_history(tmp_path: Path, body: bytes) -> None:
    with stand(tmp_path, listed("2026-03-05"), THURSDAY) as arxiv:
        arxiv.answers[FEED_HOST] = [httpx2.Response(200, content=body)]
        batches = []
        with pytest.raises(SourceError, match=r"rss\.arxiv\.org"):
            for batch in arxiv.source.fetch(None):
                batches.append(batch)
        assert announced(batches) == {"2603.00001": date(2026, 3, 5)}
        assert batches[-1].newest == date(2026, 3, 4)
        arxiv.cursor = batches[-1].cursor
        assert arxiv.run()[-1].newest == date(2026, 3, 5)  # the feed is there again


def test_a_feed_host_that_is_down_is_an_error_after_the_history(tmp_path: Path) -> None:
    with stand(tmp_path, listed("2026-03-05"), THURSDAY) as arxiv:
        arxiv.answers[FEED_HOST] = [httpx2.Response(503)] * 4
        with pytest.raises(FetchError) as caught:
            arxiv.run()
        assert caught.value.status == 503 and len(arxiv.history()) == 1


@pytest.mark.parametrize("wait", ["3600", "Thu, 05 Mar 2026 09:00:00 GMT"])
def test_when_arxiv_asks_to_be_left_alone_nothing_more_is_asked(tmp_path: Path, wait: str) -> None:
    with stand(tmp_path, listed("2026-03-05"), THURSDAY) as arxiv:
        arxiv.answers[FEED_HOST] = [httpx2.Response(429, headers={"Retry-After": wait})]
        with pytest.raises(FetchError) as caught:
            arxiv.run()
        assert caught.value.retry_at is not None and caught.value.retry_at > arxiv.stage.clock()
        assert not arxiv.history()


def test_when_arxiv_refuses_nothing_more_is_asked(tmp_path: Path) -> None:
    with stand(tmp_path, listed("2026-03-05"), THURSDAY) as arxiv:
        arxiv.answers[FEED_HOST] = [httpx2.Response(403, text="access denied")]
        with pytest.raises(FetchError, match="access denied"):
            arxiv.run()
        assert not arxiv.history()


def _empty_feed(updated: str) -> httpx2.Response:
    text = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>cs.LG</title><updated>{updated}</updated></feed>'
    return httpx2.Response(200, content=text.encode())
