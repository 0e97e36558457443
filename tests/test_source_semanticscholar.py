"""Semantic Scholar, and the walk over held papers that it shares with OpenAlex and Crossref."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.enrichment_help import holding, numbered, paper
from tests.source_cases.semanticscholar import KEY, KNOWN, answer, build, library
from tests.source_help import Stage, at, records, refusals, staged
from tidings.errors import FetchError, InputError, SourceError
from tidings.store import open_store
from tidings.sync import Tally, run
from tidings.sync.place import place
from tidings.types import Count, Paper, Record

NOW = at(2026, 3, 2)
Answer = Callable[[httpx2.Request], httpx2.Response]


@contextmanager
def asking(folder: Path, papers: Sequence[Paper], play: Answer | None = None) -> Iterator[Stage]:
    """Set up the source in front of held papers."""
    case = replace(build(folder, damaged=False), held=holding(papers))
    with staged(folder, "semanticscholar", replace(case, answer=play) if play else case) as stage:
        yield stage


def names(stage: Stage) -> list[list[str]]:
    """Return what was asked for, request by request."""
    return [json.loads(asked.request.content)["ids"] for asked in stage.asked]


def known(**fields: Any) -> Answer:
    """Answer with one paper, whatever is asked."""
    item = {"paperId": "abc", "title": "On the question", "externalIds": {}, **fields}
    return lambda request: httpx2.Response(200, json=[item] * len(json.loads(request.content)["ids"]))


# --- what is asked ---


def test_without_a_key_it_says_which_setting_is_missing(tmp_path: Path) -> None:
    case = replace(build(tmp_path, damaged=False), settings={})
    with staged(tmp_path, "semanticscholar", case) as stage, pytest.raises(InputError) as caught:
        stage.source()
    assert "TIDINGS_SEMANTICSCHOLAR_KEY_FILE" in str(caught.value)


def test_papers_are_asked_for_by_the_best_id_they_have(tmp_path: Path) -> None:
    papers = [
        paper(1, "doi:10.1000/one", "arxiv:hep-th/9901001"),
        paper(2, "acl:N18-2074", "doi:10.18653/v1/n18-2074"),
        paper(3, "acl:P19-1001"),
        paper(4, "openreview:B1xsqj09Fm"),
        paper(5),
        paper(6, "arxiv:1706.03762"),
    ]
    with asking(tmp_path, papers) as stage:
        stage.run()
    assert names(stage) == [["ARXIV:hep-th/9901001", "DOI:10.18653/v1/n18-2074", "ACL:P19-1001", "ARXIV:1706.03762"]]
    (asked,) = stage.asked
    assert "abstract" not in asked.params["fields"] and "citationCount" in asked.params["fields"]
    assert asked.request.headers["x-api-key"] == KEY


def test_five_hundred_papers_are_asked_for_at_once(tmp_path: Path) -> None:
    papers = numbered([*(f"arxiv:2601.{number:05}" for number in range(1, 1201)), KNOWN[0]])
    with asking(tmp_path, papers) as stage:
        batches = stage.run()
    assert [len(asked) for asked in names(stage)] == [500, 500, 201]
    assert [json.loads(batch.cursor)["last"] for batch in batches] == [500, 1000, 1201]
    assert batches[-1].note == "1 of 1,201 papers known"


# --- what is answered ---


def test_a_record_says_what_semantic_scholar_knows_and_leaves_the_text_to_others(tmp_path: Path) -> None:
    with asking(tmp_path, [paper(1, "arxiv:2304.05376")]) as stage:
        (record,) = records(stage.run())
    assert record == Record(
        source="semanticscholar",
        key="354dcdebf3f8b5feeed5c62090e0bc1f0c28db06",
        title="Augmenting large language models with chemistry tools",
        ids=("arxiv:2304.05376", "doi:10.1038/s42256-024-00832-8"),
        venue="Nat. Mac. Intell.",
        year=2023,
        journal="Nature Machine Intelligence 6, 525 - 535",
        links=record.links,
        counts=(Count("citations", 488, record.counts[0].at),),
    )
    assert [(link.kind, link.url) for link in record.links] == [
        ("pdf", "https://www.nature.com/articles/s42256-024-00832-8.pdf")
    ]
    assert record.counts[0].at == stage.clock()


def test_fields_of_study_are_keywords_and_an_empty_venue_is_the_journal(tmp_path: Path) -> None:
    with asking(tmp_path, [paper(1, "doi:10.2139/ssrn.2250500")]) as stage:
        (record,) = records(stage.run())
    assert record.keywords == ("Business", "Economics", "Geography")
    assert record.venue == "ERN: Credit Risk (Topic)"


@pytest.mark.parametrize("server", ["arXiv.org", "ArXiv", "CoRR", "bioRxiv", "medRxiv", "SSRN Electronic Journal"])
def test_the_server_that_keeps_a_preprint_is_no_venue(tmp_path: Path, server: str) -> None:
    play = known(venue=server, journal={"name": "ArXiv", "volume": "abs/2106.09685"})
    with asking(tmp_path, [paper(1, "arxiv:2106.09685")], play) as stage:
        (record,) = records(stage.run())
    assert (record.venue, record.journal) == (None, None)


def test_papers_that_are_not_known_are_passed_over_and_counted(tmp_path: Path) -> None:
    papers = numbered((KNOWN[0], "arxiv:2601.00001", KNOWN[2], "doi:10.1000/nothing"))
    with asking(tmp_path, papers) as stage:
        (batch,) = stage.run()
    assert [record.ids[0] for record in records([batch])] == [KNOWN[0], KNOWN[2]]
    assert batch.note == "2 of 4 papers known"


def test_a_batch_of_which_none_is_known_is_no_failure(tmp_path: Path) -> None:
    with asking(tmp_path, numbered(("arxiv:2601.00001", "arxiv:2601.00002"))) as stage:
        (batch,) = stage.run()
    assert (batch.items, batch.note) == ((), "0 of 2 papers known")
    assert json.loads(batch.cursor)["last"] == 2


def test_another_refusal_is_a_failure_in_words(tmp_path: Path) -> None:
    said = {"error": "Unrecognized or unsupported fields: [journal]"}
    stage_of = asking(tmp_path, [paper(1, KNOWN[0])], lambda _: httpx2.Response(400, json=said))
    with stage_of as stage, pytest.raises(FetchError, match="unsupported fields"):
        stage.run()


def test_fewer_answers_than_papers_cannot_be_told_apart(tmp_path: Path) -> None:
    stage_of = asking(tmp_path, numbered(KNOWN[:2]), lambda _: httpx2.Response(200, json=[None]))
    with stage_of as stage, pytest.raises(SourceError, match="asked for 2 papers and answered 1"):
        stage.run()


def test_a_429_below_the_limit_is_waited_out(tmp_path: Path) -> None:
    papers, busy = library(), [httpx2.Response(429, json={"message": "Too Many Requests", "code": "429"})] * 2
    with asking(tmp_path, [paper(1, KNOWN[0])], lambda r: busy.pop() if busy else answer(r, papers)) as stage:
        assert len(records(stage.run())) == 1
    assert len(stage.asked) == 3


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"title": None}, "no title"),
        ({"title": ""}, "no title"),
        ({"citationCount": "many"}, "citationCount"),
        ({"externalIds": ["arXiv"]}, "externalIds"),
        ({"paperId": None}, "paperId"),
    ],
)
def test_a_damaged_paper_is_refused_with_its_text(tmp_path: Path, damage: dict[str, Any], reason: str) -> None:
    with asking(tmp_path, [paper(1, "arxiv:2601.00001")], known(**damage)) as stage:
        (refusal,) = refusals(stage.run())
    assert (refusal.source, refusal.where) == ("semanticscholar", "arxiv:2601.00001")
    assert reason in refusal.reason
    assert json.loads(refusal.raw) == {"paperId": "abc", "title": "On the question", "externalIds": {}} | damage


def test_an_answer_about_another_arxiv_paper_is_none_about_ours(tmp_path: Path) -> None:
    """Semantic Scholar merges papers: who asks for one may hear of the other."""
    play = known(externalIds={"ArXiv": "2601.00002"})
    with asking(tmp_path, [paper(1, "arxiv:2601.00001")], play) as stage:
        (batch,) = stage.run()
    assert (batch.items, batch.note) == ((), "0 of 1 papers known")


def test_ids_that_contradict_a_paper_are_left_out_where_the_one_asked_for_is_confirmed(tmp_path: Path) -> None:
    play = known(externalIds={"DOI": "10.1000/ONE", "ArXiv": "2601.00002", "ACL": "P19-1001"})
    held = replace(paper(1, "doi:10.1000/one"), ids=("doi:10.1000/one", "acl:P19-1002"))
    with asking(tmp_path, [held], play) as stage:
        (record,) = records(stage.run())
    assert record.ids == ("doi:10.1000/one", "arxiv:2601.00002")


@pytest.mark.parametrize("count", [-1, None])
def test_a_count_that_is_none_is_not_stored(tmp_path: Path, count: int | None) -> None:
    with asking(tmp_path, [paper(1, "arxiv:2601.00001")], known(citationCount=count)) as stage:
        (record,) = records(stage.run())
    assert record.counts == ()


# --- the walk ---


def walked(stage: Stage, cursor: str | None = None) -> tuple[list[int], str]:
    """Return the numbers of the papers that a run asked for, and where the next one goes on."""
    before = len(stage.asked)
    batches = stage.run(cursor)
    asked = [int(name.rpartition("/")[2]) for ids in names(stage)[before:] for name in ids]
    assert cursor is not None or batches
    return asked, batches[-1].cursor if batches else str(cursor)


def aged(number: int, day: date | None = None, year: int | None = None) -> Paper:
    return paper(number, f"doi:10.1000/{number}", announced=day, year=year)


def test_a_run_asks_for_what_was_added_since(tmp_path: Path) -> None:
    papers = [aged(number) for number in (1, 2, 5)]
    with asking(tmp_path, papers, known()) as stage:
        asked, cursor = walked(stage)
        assert asked == [1, 2, 5]
        assert walked(stage, cursor) == ([], cursor)
        papers += [aged(6), paper(7, "openreview:B1xsqj09Fm")]
        asked, cursor = walked(stage, cursor)
        assert asked == [6]
        assert json.loads(cursor)["last"] == 7


def test_an_archive_without_papers_is_not_asked_about(tmp_path: Path) -> None:
    with asking(tmp_path, []) as stage:
        assert stage.run() == []
    assert stage.asked == []


def test_citations_are_counted_again_after_the_days_that_are_set(tmp_path: Path) -> None:
    with asking(tmp_path, [aged(1, NOW.date())], known()) as stage:
        _, cursor = walked(stage)
        stage.clock.at += timedelta(days=29)
        assert walked(stage, cursor) == ([], cursor)
        stage.clock.at += timedelta(days=1)
        asked, cursor = walked(stage, cursor)
        assert asked == [1]
        assert walked(stage, cursor) == ([], cursor)


def test_a_round_asks_for_recent_papers_and_every_fourth_for_all(tmp_path: Path) -> None:
    day = NOW.date()
    papers = [
        aged(1, day - timedelta(days=800)),
        aged(2, day - timedelta(days=100)),
        aged(3, year=2026),
        aged(4, year=2019),
        aged(5),
        aged(6, day - timedelta(days=800), year=2026),
    ]
    rounds = []
    with asking(tmp_path, papers, known()) as stage:
        cursor = None
        for _ in range(6):
            asked, cursor = walked(stage, cursor)
            rounds.append(asked)
            stage.clock.at += timedelta(days=30)
    assert rounds == [[1, 2, 3, 4, 5, 6], [2, 3], [2, 3], [2, 3], [1, 2, 3, 4, 5, 6], [2, 3]]


def test_an_old_paper_that_is_new_to_us_is_asked_for_in_any_round(tmp_path: Path) -> None:
    papers = [aged(1, year=1999)]
    with asking(tmp_path, papers, known()) as stage:
        _, cursor = walked(stage)
        stage.clock.at += timedelta(days=31)
        papers.append(aged(2, year=1999))
        asked, cursor = walked(stage, cursor)  # what is left of the first round, then a second one
        assert asked == [2]
        papers.append(aged(3, year=1999))
        asked, cursor = walked(stage, cursor)
        assert asked == [3]
        stage.clock.at += timedelta(days=31)
        assert walked(stage, cursor)[0] == []


def test_a_round_that_took_longer_than_its_days_is_followed_by_the_next(tmp_path: Path) -> None:
    papers = [aged(number, NOW.date()) for number in range(1, 502)]
    with asking(tmp_path, papers, known()) as stage:
        (begun,) = stage.run(pages=1)
        stage.clock.at += timedelta(days=40)
        asked, _ = walked(stage, begun.cursor)
    assert asked == [501, *range(1, 502)]


def test_what_was_passed_over_is_not_walked_over_again(tmp_path: Path) -> None:
    papers = [paper(number, f"openreview:paper{number}") for number in range(1, 1200)]
    looked: list[int] = []

    def held(after: int, limit: int) -> list[Paper]:
        looked.append(after)
        return holding(papers)(after, limit)

    case = replace(build(tmp_path, damaged=False), held=held)
    with staged(tmp_path, "semanticscholar", case) as stage:
        (batch,) = stage.run()
        assert (batch.items, batch.note, stage.asked) == ((), None, [])
        looked.clear()
        assert stage.run(batch.cursor) == []
    assert looked == [1199]


def test_a_source_that_is_put_back_asks_for_everything_anew(tmp_path: Path) -> None:
    with asking(tmp_path, [aged(1, year=1999), aged(2, year=2026)], known()) as stage:
        _, cursor = walked(stage)
        assert walked(stage, stage.source().rewind(cursor, date(2026, 1, 1)))[0] == [1, 2]


def test_a_cursor_that_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    with asking(tmp_path, [aged(1)]) as stage, pytest.raises(SourceError, match="cannot be read"):
        stage.run('{"last": "the first"}')


# --- in the store ---


def test_a_paper_is_enriched_and_its_citations_become_a_history(tmp_path: Path) -> None:
    count, play = [100], library()

    def counting(request: httpx2.Request) -> httpx2.Response:
        play["ARXIV:1706.03762"]["citationCount"] = count[0]
        return answer(request, play)

    store = open_store(tmp_path / "archive")
    ours = Record(
        "arxiv",
        "1706.03762",
        "Attention Is All You Need",
        "We propose.",
        ("Ashish Vaswani",),
        ("arxiv:1706.03762",),
        announced=NOW.date(),
    )
    with store.writer(NOW) as writer:
        place(writer, [ours], Tally())
    case = replace(build(tmp_path, damaged=False), held=store.papers_after, answer=counting)
    with staged(tmp_path, "semanticscholar", case) as stage:
        for citations in (100, 140):
            count[0], tally = citations, Tally()
            for _ in run(store, stage.source(), None, stage.clock, tally):
                pass
            stage.clock.at += timedelta(days=31)
    (held,) = store.papers([1])
    assert (held.title, held.abstract, held.authors) == (ours.title, ours.abstract, ours.authors)
    assert (held.venue, held.year) == ("Neural Information Processing Systems", 2017)
    assert held.sources == ("arxiv", "semanticscholar")
    assert [observed.value for observed in store.observations(1)] == [100, 140]
    assert held.count("citations") == 140
    assert store.revisions(1) == ()
    assert (tally.unchanged, tally.updated) == (1, 0)
    store.close()
