"""Single papers by their ids."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.arxiv_help import listed, new_york, paper, stand
from tests.arxiv_server import QUERY_HOST
from tests.source_help import DATA
from tidings.errors import FetchError, SourceError
from tidings.types import Record, Refusal

NOW = new_york(2026, 3, 5)


def recorded(name: str, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, content=(DATA / "arxiv" / name).read_bytes())


def test_papers_come_in_the_order_of_the_ids_each_once_with_their_latest_version(tmp_path: Path) -> None:
    papers = [*listed("2026-03-03", "2026-03-04"), paper("hep-th/9901001", "2026-02-02", "2026-03-04", "hep-th")]
    with stand(tmp_path, papers, NOW) as arxiv:
        asked = ["2603.00002v7", "https://arxiv.org/abs/hep-th/9901001", "arXiv:2603.00001", "2603.00002"]
        found = list(arxiv.source.papers(asked))
        (request,) = arxiv.asked(QUERY_HOST)
    assert [outcome.key for outcome in found if isinstance(outcome, Record)] == [
        "2603.00002",
        "hep-th/9901001",
        "2603.00001",
    ]
    assert request.url.params["id_list"] == "2603.00002,hep-th/9901001,2603.00001"
    assert request.url.params["max_results"] == "3"
    assert isinstance(found[1], Record) and [version.number for version in found[1].versions] == [1, 2]


def test_a_hundred_ids_go_into_a_request_and_all_of_them_are_answered(tmp_path: Path) -> None:
    """Ten is what the API answers with where nothing is said, also for a list of ids."""
    papers = [paper(f"2603.{number:05}", "2026-03-03") for number in range(230)]
    with stand(tmp_path, papers, NOW) as arxiv:
        found = list(arxiv.source.papers(each["id"] for each in papers))
        sizes = [request.url.params["max_results"] for request in arxiv.asked(QUERY_HOST)]
    assert [outcome.key for outcome in found if isinstance(outcome, Record)] == [each["id"] for each in papers]
    assert sizes == ["100", "100", "30"]


def test_an_id_that_arxiv_does_not_have_is_reported_and_the_others_come(tmp_path: Path) -> None:
    with stand(tmp_path, listed("2026-03-03"), NOW) as arxiv:
        found = list(arxiv.source.papers(["2603.99999", "2603.00001", "nonsense"]))
    assert {(outcome.where, outcome.reason) for outcome in found if isinstance(outcome, Refusal)} == {
        ("api 2603.99999", "arXiv has no such paper"),
        ("api nonsense", "not an arXiv id: 'nonsense'"),
    }
    assert [outcome.key for outcome in found if isinstance(outcome, Record)] == ["2603.00001"]


def test_the_recorded_answer_of_an_unknown_id_is_no_fault(tmp_path: Path) -> None:
    with stand(tmp_path, [], NOW) as arxiv:
        arxiv.answers[QUERY_HOST] = [recorded("query_nothing_recorded.xml")]
        (refused,) = arxiv.source.papers(["0808.0539"])
        assert isinstance(refused, Refusal) and len(arxiv.asked(QUERY_HOST)) == 1


def test_an_error_that_looks_like_a_paper_is_never_one(tmp_path: Path) -> None:
    with stand(tmp_path, [], NOW) as arxiv:
        arxiv.answers[QUERY_HOST] = [recorded("query_error_recorded.xml")]
        with pytest.raises(SourceError, match="arXiv says: incorrect id format for abc"):
            list(arxiv.source.papers(["2603.00001"]))


def test_an_id_that_spoils_the_answer_for_all_is_found_and_refused(tmp_path: Path) -> None:
    papers = listed(*["2026-03-03"] * 4)
    with stand(tmp_path, papers, NOW) as arxiv:

        def answer(request: httpx2.Request) -> httpx2.Response:
            if "2603.00003" in request.url.params["id_list"]:
                return recorded("query_error_recorded.xml", 400)
            return arxiv.played(request)

        object.__setattr__(arxiv.stage.case, "answer", answer)
        found = list(arxiv.source.papers(each["id"] for each in papers))
    assert [type(outcome) for outcome in found] == [Record, Record, Refusal, Record]


def test_a_page_with_fewer_papers_than_it_counts_is_asked_for_again(tmp_path: Path) -> None:
    empty = (
        (DATA / "arxiv" / "query_nothing_recorded.xml")
        .read_bytes()
        .replace(b">0</opensearch:total", b">1</opensearch:total")
    )
    assert b">1</opensearch:total" in empty
    with stand(tmp_path, listed("2026-03-03"), NOW) as arxiv:
        arxiv.answers[QUERY_HOST] = [httpx2.Response(200, content=empty)]
        (found,) = arxiv.source.papers(["2603.00001"])
        assert isinstance(found, Record) and len(arxiv.asked(QUERY_HOST)) == 2
        arxiv.answers[QUERY_HOST] = [httpx2.Response(200, content=empty)] * 9
        with pytest.raises(FetchError, match="fewer papers than it counts"):
            list(arxiv.source.papers(["2603.00001"]))


def test_an_entry_that_cannot_be_understood_is_refused_by_its_id(tmp_path: Path) -> None:
    with stand(tmp_path, [*listed("2026-03-03"), paper("2603.00009", "2026-03-03", title=" ")], NOW) as arxiv:
        bad, good = arxiv.source.papers(["2603.00009", "2603.00001"])
    assert isinstance(good, Record)
    assert isinstance(bad, Refusal) and bad.reason == "no title" and b"2603.00009" in bad.raw


def test_nobody_is_asked_for_nothing(tmp_path: Path) -> None:
    with stand(tmp_path, [], NOW) as arxiv:
        assert list(arxiv.source.papers([])) == [] and not arxiv.stage.asked
