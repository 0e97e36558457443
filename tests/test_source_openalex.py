"""OpenAlex: works found by their DOI, and an allowance that ends with the day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.enrichment_help import holding, numbered, paper
from tests.source_cases.openalex import KEY, KNOWN, RECORDED, build
from tests.source_help import Stage, records, refusals, staged
from tidings.errors import FetchError, InputError
from tidings.types import Link, Paper

Answer = Callable[[httpx2.Request], httpx2.Response]


@contextmanager
def asking(folder: Path, papers: Sequence[Paper], play: Answer | None = None) -> Iterator[Stage]:
    """Set up the source in front of held papers."""
    case = replace(build(folder, damaged=False), held=holding(papers))
    with staged(folder, "openalex", replace(case, answer=play) if play else case) as stage:
        yield stage


def works(*results: dict[str, Any]) -> Answer:
    """Answer with these works, whatever is asked."""
    named = [{"id": f"https://openalex.org/W{n}", "title": "On it", **work} for n, work in enumerate(results, 1)]
    return lambda _: httpx2.Response(200, json={"meta": {"count": len(named)}, "results": named})


def refusing(status: int, **headers: str) -> Answer:
    said = {"error": "Rate limit exceeded", "message": "Insufficient budget."}
    return lambda _: httpx2.Response(status, json=said, headers=headers)


def test_without_a_key_it_says_which_setting_is_missing(tmp_path: Path) -> None:
    case = replace(build(tmp_path, damaged=False), settings={})
    with staged(tmp_path, "openalex", case) as stage, pytest.raises(InputError) as caught:
        stage.source()
    assert "TIDINGS_OPENALEX_KEY_FILE" in str(caught.value)


def test_papers_are_asked_for_by_a_publishers_doi_else_by_that_of_arxiv(tmp_path: Path) -> None:
    papers = [
        paper(1, "arxiv:2304.05376", "doi:10.1038/s42256-024-00832-8"),
        paper(2, "arxiv:hep-th/9901001"),
        paper(3, "acl:P19-1001"),
        paper(4, "doi:10.1000/with,comma", "doi:10.1000/with|bar"),
        paper(5, "doi:10.1000/a,b", "arxiv:2601.00001"),
    ]
    with asking(tmp_path, papers) as stage:
        stage.run()
    (asked,) = stage.asked
    expected = "10.1038/s42256-024-00832-8|10.48550/arxiv.hep-th/9901001|10.48550/arxiv.2601.00001"
    assert asked.params["filter"] == f"doi:{expected}"
    assert asked.params["api_key"] == KEY


def test_a_hundred_papers_are_asked_for_at_once(tmp_path: Path) -> None:
    with asking(tmp_path, numbered(f"doi:10.1000/{number}" for number in range(250))) as stage:
        batches = stage.run()
    assert [asked.params["filter"].count("|") + 1 for asked in stage.asked] == [100, 100, 50]
    assert batches[-1].note == "0 of 250 papers known"


def test_works_are_told_apart_by_their_doi_whatever_their_order(tmp_path: Path) -> None:
    with asking(tmp_path, numbered((KNOWN[2], "doi:10.1000/nothing", KNOWN[0]))) as stage:
        (batch,) = stage.run()
    assert {record.key: record.ids for record in records([batch])} == {
        "W4396723768": ("doi:10.1038/s42256-024-00832-8",),
        "W1554322594": ("doi:10.1023/a:1007154515475",),
    }
    assert batch.note == "2 of 3 papers known"


def test_a_published_work_has_its_venue_year_topics_print_and_open_copy(tmp_path: Path) -> None:
    with asking(tmp_path, numbered(KNOWN[:1])) as stage:
        (record,) = records(stage.run())
    assert (record.source, record.title) == ("openalex", "Augmenting large language models with chemistry tools")
    assert (record.venue, record.year) == ("Nature Machine Intelligence", 2024)
    assert record.journal == "Nature Machine Intelligence 6(5), 525-535"
    assert record.keywords == (
        "Machine Learning in Materials Science",
        "Topic Modeling",
        "Software Engineering Research",
    )
    assert record.links == (Link("pdf", "https://www.nature.com/articles/s42256-024-00832-8.pdf"),)
    assert [(count.kind, count.value, count.at) for count in record.counts] == [("citations", 236, stage.clock())]
    assert (record.abstract, record.authors) == ("", ())


def test_a_preprint_is_found_by_arxivs_doi_and_its_archive_is_no_venue(tmp_path: Path) -> None:
    with asking(tmp_path, numbered(KNOWN[1:2])) as stage:
        (record,) = records(stage.run())
    assert (record.key, record.ids) == ("W4365597205", ("arxiv:2304.05376",))
    assert (record.venue, record.journal) == (None, None)


def test_the_arxiv_copy_of_a_published_work_ties_the_two_together(tmp_path: Path) -> None:
    copies = [
        {"landing_page_url": "https://doi.org/10.1000/one"},
        {"landing_page_url": "http://arxiv.org/abs/2601.00001"},
    ]
    play = works({"doi": "https://doi.org/10.1000/one", "locations": copies})
    with asking(tmp_path, [paper(1, "doi:10.1000/one")], play) as stage:
        (record,) = records(stage.run())
    assert record.ids == ("doi:10.1000/one", "arxiv:2601.00001")


def test_of_several_arxiv_copies_nobody_knows_which_is_the_paper(tmp_path: Path) -> None:
    copies = [{"landing_page_url": f"https://arxiv.org/abs/2601.0000{number}"} for number in (1, 2)]
    play = works({"doi": "https://doi.org/10.1000/one", "locations": copies})
    with asking(tmp_path, [paper(1, "doi:10.1000/one")], play) as stage:
        (record,) = records(stage.run())
    assert record.ids == ("doi:10.1000/one",)


def test_of_several_works_with_one_doi_the_most_cited_is_meant(tmp_path: Path) -> None:
    play = works(*({"doi": "https://doi.org/10.1000/ONE", "cited_by_count": count} for count in (3, 90, 7)))
    with asking(tmp_path, [paper(1, "doi:10.1000/one")], play) as stage:
        (record,) = records(stage.run())
    assert (record.key, record.counts[0].value) == ("W2", 90)


def test_a_work_that_nobody_asked_for_is_passed_over(tmp_path: Path) -> None:
    play = works({"doi": "https://doi.org/10.1000/two"}, {"doi": None})
    with asking(tmp_path, [paper(1, "doi:10.1000/one")], play) as stage:
        (batch,) = stage.run()
    assert (batch.items, batch.note) == ((), "0 of 1 papers known")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [({"title": None}, "no title"), ({"cited_by_count": "many"}, "cited_by_count"), ({"topics": [{}]}, "display_name")],
)
def test_a_damaged_work_is_refused_with_its_text(tmp_path: Path, damage: dict[str, Any], reason: str) -> None:
    with asking(tmp_path, [paper(1, "doi:10.1000/one")], works({"doi": "10.1000/one", **damage})) as stage:
        (refusal,) = refusals(stage.run())
    assert (refusal.source, refusal.where) == ("openalex", "https://openalex.org/W1")
    assert reason in refusal.reason and json.loads(refusal.raw)["doi"] == "10.1000/one"


@pytest.mark.parametrize("status", [403, 429])
def test_an_allowance_that_is_used_up_is_waited_for_until_midnight_utc(tmp_path: Path, status: int) -> None:
    with asking(tmp_path, numbered(KNOWN), refusing(status)) as stage, pytest.raises(FetchError) as caught:
        stage.run()
    assert (caught.value.status, caught.value.retry_at) == (status, datetime(2026, 3, 3, tzinfo=UTC))
    assert "midnight UTC" in str(caught.value) and "Insufficient budget" in str(caught.value)
    assert KEY not in str(caught.value)


def test_what_openalex_itself_asks_for_holds_where_it_is_later(tmp_path: Path) -> None:
    play = refusing(429, **{"Retry-After": str(18 * 3600)})
    with asking(tmp_path, numbered(KNOWN), play) as stage, pytest.raises(FetchError) as caught:
        stage.run()
    assert caught.value.retry_at == datetime(2026, 3, 3, 6, tzinfo=UTC)
    assert len(stage.asked) == 1


def test_a_key_that_is_refused_is_no_matter_of_the_day(tmp_path: Path) -> None:
    play = refusing(401)
    with asking(tmp_path, numbered(KNOWN), play) as stage, pytest.raises(FetchError) as caught:
        stage.run()
    assert (caught.value.status, caught.value.retry_at) == (401, None)


def test_the_free_allowance_is_never_exceeded(tmp_path: Path) -> None:
    with asking(tmp_path, []) as stage:
        limit = stage.source().limit
    assert (limit.most, limit.window) == (10_000, 86_400)


def test_only_fields_of_the_root_are_selected(tmp_path: Path) -> None:
    """Others are refused: https://developers.openalex.org/guides/selecting-fields."""
    with asking(tmp_path, numbered(KNOWN)) as stage:
        stage.run()
    assert set(stage.asked[0].params["select"].split(",")) <= RECORDED["results"][0].keys()
