"""The history by OAI-PMH: windows, tokens that expire, answers that are none, and what comes back twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest

from tests.arxiv_help import Stand, announced, listed, new_york, paper, settled, stand
from tests.arxiv_server import FEED_HOST, HISTORY_HOST
from tests.source_help import keys, records, refusals
from tidings.errors import FetchError, InputError, SourceError
from tidings.sources import Batch
from tidings.types import Version

THURSDAY = new_york(2026, 3, 5)
DAYS = ("2026-02-24", "2026-02-25", "2026-02-26", "2026-02-27", "2026-03-02", "2026-03-03", "2026-03-04")

_PAGE = """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>{at}</responseDate>{body}</OAI-PMH>"""


def answer(body: str, at: str = "2026-03-05T06:00:00Z") -> httpx2.Response:
    return httpx2.Response(200, content=_PAGE.format(at=at, body=body).encode())


def failure(code: str) -> httpx2.Response:
    return answer(f'<error code="{code}">in so many words</error>')


def test_the_first_run_takes_some_days_of_each_category_and_the_next_goes_on_from_the_last_answer(
    tmp_path: Path,
) -> None:
    with stand(tmp_path, listed(*DAYS), THURSDAY, categories=["cs.LG", "hep-th"], history=7) as arxiv:
        assert len(settled(arxiv.run())) == 5
        first = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "from": "2026-02-26"}
        assert [dict(asked) for asked in arxiv.history()] == [
            first | {"set": "cs:cs:LG"},
            first | {"set": "physics:hep-th"},
        ]
        arxiv.run(new_york(2026, 3, 6))
        assert [asked["from"] for asked in arxiv.history()] == ["2026-03-05", "2026-03-05"]


def test_records_of_the_boundary_day_come_again_and_say_the_same(tmp_path: Path) -> None:
    with stand(tmp_path, [*listed("2026-03-05"), paper("2603.00009", "2026-03-06")], THURSDAY) as arxiv:
        first = settled(arxiv.run())
        again = arxiv.run(new_york(2026, 3, 6))
    assert {record.key for record in records(again)} == {"2603.00001", "2603.00009"}
    (repeated,) = (record for record in records(again) if record.key == "2603.00001")
    assert repeated.versions == first["2603.00001"].versions


def test_the_history_is_asked_once_for_an_announcement_and_not_on_a_weekend(tmp_path: Path) -> None:
    with stand(tmp_path, listed("2026-03-05", "2026-03-06"), THURSDAY) as arxiv:
        asked = []
        for day, hour in ((5, 1), (5, 9), (5, 23), (6, 1), (7, 1), (8, 1), (8, 23), (9, 1)):
            arxiv.run(new_york(2026, 3, day, hour))
            asked.append(len(arxiv.history()))
    assert asked == [1, 0, 0, 1, 0, 0, 0, 1]


def test_pages_are_followed_and_each_has_a_cursor_to_go_on_from(tmp_path: Path) -> None:
    with stand(tmp_path, listed(*DAYS), THURSDAY, page_size=3) as arxiv:
        whole = arxiv.run()
        assert [len(batch.items) for batch in whole] == [3, 3, 1, 0]
        assert [set(asked) for asked in arxiv.history()[1:]] == [{"verb", "resumptionToken"}] * 2
        arxiv.cursor = None
        begun = arxiv.run(pages=2)
        rest = arxiv.run()
        assert [len(batch.items) for batch in rest] == [1, 0]  # and not from the beginning
    assert keys(begun + rest) == keys(whole)


def test_a_token_of_yesterday_is_not_sent_and_the_window_goes_on_from_the_day_it_had_come_to(tmp_path: Path) -> None:
    with stand(tmp_path, listed(*DAYS), THURSDAY, page_size=3) as arxiv:
        begun = arxiv.run(pages=2)
        rest = arxiv.run(THURSDAY + timedelta(days=1))
        assert dict(arxiv.history()[0])["from"] == "2026-03-03"  # the last day of the second page
    assert len(keys(begun)) == 6 and len(keys(begun + rest)) == 7


def test_a_token_that_expired_restarts_the_window_once(tmp_path: Path) -> None:
    with stand(tmp_path, listed(*DAYS), THURSDAY, page_size=3) as arxiv:
        arxiv.run(pages=1)
        arxiv.answers[HISTORY_HOST] = [failure("badResumptionToken")]
        batches = arxiv.run()
        assert [asked.get("from") for asked in arxiv.history()] == [None, "2026-02-26", None]
        assert len(keys(batches)) == 5  # the day that was begun comes again
        arxiv.cursor = None
        begun = arxiv.run(pages=1)
        arxiv.answers[HISTORY_HOST] = [failure("badResumptionToken")] * 2
        with pytest.raises(SourceError, match=r"cs\.LG: arXiv no longer knows the token"):
            arxiv.run()
        arxiv.cursor = begun[-1].cursor
        assert len(keys(begun + arxiv.run())) == 7


def test_records_that_do_not_come_by_the_day_of_their_change_are_read_from_the_beginning_again(
    tmp_path: Path,
) -> None:
    with stand(tmp_path, [], THURSDAY) as arxiv:
        page = (
            f"<ListRecords>{_record('2603.00002', '2026-03-04')}{_record('2603.00001', '2026-03-02')}{{}}</ListRecords>"
        )
        arxiv.answers[HISTORY_HOST] = [answer(page.format("<resumptionToken>t</resumptionToken>"))]
        arxiv.run(pages=1)
        arxiv.run(THURSDAY + timedelta(days=1))
        assert dict(arxiv.history()[0])["from"] == "2026-02-23"


def test_a_window_without_records_is_no_failure(tmp_path: Path) -> None:
    with stand(tmp_path, [], THURSDAY) as arxiv:
        (page, last) = arxiv.run()
        assert (page.items, last.items) == ((), ())
        arxiv.run(THURSDAY + timedelta(days=1))
        assert dict(arxiv.history()[0])["from"] == "2026-03-05"


def test_an_empty_page_with_a_token_is_gone_on_from(tmp_path: Path) -> None:
    with stand(tmp_path, [], THURSDAY) as arxiv:
        arxiv.answers[HISTORY_HOST] = [
            answer("<ListRecords><resumptionToken>one</resumptionToken></ListRecords>"),
            answer("<ListRecords><resumptionToken>two</resumptionToken></ListRecords>"),
            answer(f"<ListRecords>{_record('2603.00001', '2026-03-04')}<resumptionToken/></ListRecords>"),
        ]
        assert {key for _, key in keys(arxiv.run())} == {"2603.00001"}
        assert [asked.get("resumptionToken") for asked in arxiv.history()] == [None, "one", "two"]


def test_a_circle_of_tokens_ends_with_an_error(tmp_path: Path) -> None:
    with stand(tmp_path, [], THURSDAY) as arxiv:
        tokens = ("one", "two", "one", "two", "one")
        arxiv.answers[HISTORY_HOST] = [
            answer(f"<ListRecords><resumptionToken>{token}</resumptionToken></ListRecords>") for token in tokens
        ]
        with pytest.raises(SourceError, match="leads back to a page"):
            arxiv.run()
        assert len(arxiv.history()) == 3


@pytest.mark.parametrize("code", ["badArgument", "cannotDisseminateFormat", "badVerb", "strange"])
def test_another_error_is_told_with_its_code_and_words(tmp_path: Path, code: str) -> None:
    with stand(tmp_path, [], THURSDAY) as arxiv:
        arxiv.answers[HISTORY_HOST] = [failure(code)]
        with pytest.raises(SourceError, match=f"cs.LG.*{code}: in so many words"):
            arxiv.run()


def _cut(arxiv: Stand) -> httpx2.Response:
    whole = arxiv.played(httpx2.Request("GET", f"https://{HISTORY_HOST}/oai", params=arxiv.history()[0])).content
    return httpx2.Response(200, content=whole[: len(whole) // 2])


@pytest.mark.parametrize(
    "broken",
    [
        _cut,
        lambda _: httpx2.Response(200, content=b""),
        lambda _: httpx2.Response(200, content=b"<html><body>Backend fetch failed</body></html>"),
        lambda _: answer(""),
    ],
)
def test_an_answer_that_is_none_stores_nothing_and_is_asked_for_again(
    tmp_path: Path, broken: Callable[[Stand], httpx2.Response]
) -> None:
    with stand(tmp_path, listed(*DAYS), THURSDAY) as arxiv:
        arxiv.run()
        arxiv.answers[HISTORY_HOST] = [broken(arxiv)]
        arxiv.cursor = None
        batches: list[Batch] = []
        with pytest.raises(SourceError, match=r"cs\.LG, https://oaipmh\.arxiv\.org"):
            for batch in arxiv.source.fetch(None):
                batches.append(batch)
        assert not keys(batches)
        assert len(keys(arxiv.run())) == 7


def test_a_busy_history_is_an_error_with_its_time_and_the_pages_before_stand(tmp_path: Path) -> None:
    with stand(tmp_path, listed(*DAYS), THURSDAY, page_size=3) as arxiv:
        begun = arxiv.run(pages=1)
        arxiv.answers[HISTORY_HOST] = [httpx2.Response(503, headers={"Retry-After": "5"})]
        rest = arxiv.run()  # five seconds are sat out
        assert len(keys(begun + rest)) == 7
        arxiv.cursor = begun[-1].cursor
        arxiv.answers[HISTORY_HOST] = [httpx2.Response(503, headers={"Retry-After": "7200"})]
        with pytest.raises(FetchError) as caught:
            arxiv.run()
        assert caught.value.retry_at is not None
        assert caught.value.retry_at - arxiv.stage.clock() >= timedelta(minutes=119)


def test_a_bad_record_is_refused_and_the_rest_of_the_page_is_kept(tmp_path: Path) -> None:
    papers = [*listed("2026-03-03", "2026-03-04"), paper("2603.00007", "2026-03-04", title="")]
    with stand(tmp_path, papers, THURSDAY) as arxiv:
        batches = arxiv.run()
    (refused,) = refusals(batches)
    assert (refused.where, refused.reason) == ("oai 2603.00007", "no title")
    assert len(keys(batches)) == 2


def test_deleted_records_are_counted_in_words(tmp_path: Path) -> None:
    gone = '<record><header status="deleted"><identifier>oai:arXiv.org:2603.00002</identifier></header></record>'
    with stand(tmp_path, [], THURSDAY) as arxiv:
        arxiv.answers[HISTORY_HOST] = [answer(f"<ListRecords>{gone}</ListRecords>")]
        last = arxiv.run()[-1]
    assert last.note is not None and last.note.startswith("of cs.LG, 1 are no more at arXiv")


def test_a_withdrawn_paper_is_known_as_such(tmp_path: Path) -> None:
    papers = [paper("2602.00001", "2026-02-10", "2026-03-04", withdrawn=True)]
    with stand(tmp_path, papers, THURSDAY) as arxiv:
        record = settled(arxiv.run())["2602.00001"]
    assert record.withdrawn
    assert record.versions == (Version(1, date(2026, 2, 9)), Version(2, date(2026, 3, 3)))


# --- going back, and other categories ---


def test_going_back_reads_the_history_from_that_day_and_keeps_what_is_known_of_feeds(tmp_path: Path) -> None:
    with stand(tmp_path, listed("2026-01-20", *DAYS, "2026-03-05"), THURSDAY, history=2) as arxiv:
        arxiv.run()
        arxiv.cursor = arxiv.source.rewind(arxiv.cursor, date(2026, 1, 1))
        batches = arxiv.run()
        assert dict(arxiv.history()[0])["from"] == "2026-01-01"
        assert arxiv.feeds()[0].headers["if-none-match"]
        days = announced(batches)
        assert days.pop("2603.00009") is None  # its feed was taken
        assert all(days.values()) and len(days) == 8
        with pytest.raises(InputError, match="still to come"):
            arxiv.source.rewind(arxiv.cursor, date(2026, 3, 9))


def test_going_back_before_there_was_anything_asks_for_what_there_is(tmp_path: Path) -> None:
    with stand(tmp_path, [], THURSDAY) as arxiv:
        arxiv.cursor = arxiv.source.rewind(None, date(1991, 8, 1))
        arxiv.run()
        assert dict(arxiv.history()[0])["from"] == "2005-09-16"


def test_a_category_added_later_begins_with_its_own_history_and_its_papers_have_their_day(tmp_path: Path) -> None:
    papers = [*listed("2026-03-03"), paper("2603.00008", "2026-03-03", None, "hep-th")]
    with stand(tmp_path, papers, new_york(2026, 3, 3)) as arxiv:
        arxiv.run()
        cursor = arxiv.cursor
    with stand(tmp_path, papers, new_york(2026, 3, 4), categories=["hep-th", "cs.LG"]) as arxiv:
        arxiv.cursor = cursor
        batches = arxiv.run()
        assert [(asked["set"], asked["from"]) for asked in arxiv.history()] == [
            ("physics:hep-th", "2026-02-22"),
            ("cs:cs:LG", "2026-03-03"),
        ]
    assert announced(batches) == {"2603.00001": None, "2603.00008": date(2026, 3, 3)}


def test_a_run_of_one_category_loses_nothing_of_the_others(tmp_path: Path) -> None:
    """The others are asked for again two weeks later, and their papers have the days of their listing."""
    papers = [*listed(*DAYS), paper("2603.00008", "2026-03-03", None, "hep-th")]
    both = ["cs.LG", "hep-th"]
    with stand(tmp_path, papers, new_york(2026, 2, 20), categories=both, history=1) as arxiv:
        batches = arxiv.run()
        cursor = arxiv.cursor
    with stand(tmp_path, papers, new_york(2026, 3, 3), categories=["hep-th"], history=1) as arxiv:
        arxiv.cursor = arxiv.source.rewind(cursor, date(2026, 3, 1))
        batches += arxiv.run()
        assert [(asked["set"], asked["from"]) for asked in arxiv.history()] == [("physics:hep-th", "2026-02-20")]
        cursor = arxiv.cursor
    with stand(tmp_path, papers, new_york(2026, 3, 5), categories=both, history=1) as arxiv:
        arxiv.cursor = cursor
        batches += arxiv.run()
        assert [(asked["set"], asked["from"]) for asked in arxiv.history()] == [
            ("cs:cs:LG", "2026-02-20"),
            ("physics:hep-th", "2026-03-03"),
        ]
    days = announced(batches)
    assert {key: str(day) for key, day in days.items()} == {each["id"]: each["listed_first"] for each in papers}


def test_a_cursor_that_nobody_can_read_is_an_error(tmp_path: Path) -> None:
    with stand(tmp_path, [], THURSDAY) as arxiv:
        for cursor in ("", "{", '{"windows":{"cs.LG":{}}}'):
            with pytest.raises(SourceError, match="cannot be read"):
                next(arxiv.source.fetch(cursor))


def test_all_of_arxiv_is_one_gate(tmp_path: Path) -> None:
    with stand(tmp_path, listed("2026-03-05"), THURSDAY, categories=["cs.LG", "hep-th"]) as arxiv:
        arxiv.run()
        list(arxiv.source.papers(["2603.00001"]))
        times = [asked.at for asked in arxiv.stage.asked]
        hosts = [asked.request.url.host for asked in arxiv.stage.asked]
    assert hosts == [FEED_HOST, HISTORY_HOST, HISTORY_HOST, "export.arxiv.org"]
    assert all((after - before).total_seconds() >= 3 for before, after in pairwise(times))


def _record(key: str, stamp: str) -> str:
    return (
        f"<record><header><identifier>oai:arXiv.org:{key}</identifier><datestamp>{stamp}</datestamp></header><metadata>"
        f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{key}</id><title>The paper {key}</title>'
        "<authors>Ann Example</authors><categories>cs.LG</categories></arXivRaw></metadata></record>"
    )
