"""The façade on a real store and a real index: what a person can do, in Python."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

import tidings
from tidings.catalog import Catalog
from tidings.errors import InputError, NotFoundError, QueryError
from tidings.sources import sample_path

LISTED = [
    {
        "id": "2503.00001",
        "title": "Sparse attention for long texts",
        "listed_first": "2025-03-18",
        "listed_last": "2025-03-18",
    },
    {
        "id": "2503.00002",
        "title": "A robot that folds shirts",
        "listed_first": "2025-03-20",
        "listed_last": "2025-03-20",
    },
    {
        "id": "2503.00003",
        "title": "Gradient flows on graphs",
        "listed_first": "2025-03-20",
        "listed_last": "2025-03-20",
    },
]


def lines(*rows: Mapping[str, object]) -> io.BytesIO:
    common: Mapping[str, object] = {
        "authors": ["Ada Lovelace"],
        "categories": ["cs.LG"],
        "comment": None,
        "abstract": "",
        "src": "x",
    }
    return io.BytesIO(b"".join(json.dumps({**common, **row}).encode() + b"\n" for row in rows))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with tidings.open(tmp_path_factory.mktemp("sample")) as catalog:
        catalog.add([sample_path()])
        yield catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with tidings.open(tmp_path) as opened:
        yield opened


def test_every_sample_paper_is_found_by_its_own_summary(sample: Catalog) -> None:
    papers = [hit.paper for hit in sample.newest(limit=1000).hits if hit.paper.abstract]
    assert len(papers) > 300
    first = sum(sample.search(paper.abstract, limit=1).hits[0].paper.id == paper.id for paper in papers)
    assert first / len(papers) > 0.98


def test_a_hit_carries_its_score_and_the_parts_it_is_made_of(sample: Catalog) -> None:
    hits = sample.search("variational inference for bayesian neural networks").hits
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert hit.parts.words + hit.parts.meaning == pytest.approx(hit.score)


def test_similar_papers_leave_out_the_paper_itself(sample: Catalog) -> None:
    paper = sample.search("gaussian process", limit=1).hits[0].paper
    page = sample.similar([paper.key])
    assert page.hits
    assert paper.id not in [hit.paper.id for hit in page.hits]


def test_similar_to_a_text_finds_what_search_by_the_text_finds(sample: Catalog) -> None:
    text = "sampling from an unnormalised density with stochastic gradient Langevin dynamics"
    assert sample.similar(text=text).hits[0].paper.id == sample.search(text).hits[0].paper.id


def test_paging_shows_every_hit_once(sample: Catalog) -> None:
    for query, sort in (
        ("bayesian inference", "relevance"),
        ("bayesian inference", "newest"),
        ("source:sample", "relevance"),
    ):
        first = sample.search(query, limit=7, sort=sort)
        ids = [hit.paper.id for hit in first.hits]
        page = first
        while page.cursor:
            page = sample.search(query, limit=7, cursor=page.cursor, sort=sort)
            ids += [hit.paper.id for hit in page.hits]
        assert len(ids) == len(set(ids)) == first.total


def test_a_filter_that_matches_nothing_finds_nothing(sample: Catalog) -> None:
    assert sample.search("inference year:1905").hits == ()
    assert sample.search("author:nobodyatall inference").total == 0
    assert sample.search("").hits == ()


def test_a_mistake_is_an_error_and_not_everything(sample: Catalog) -> None:
    with pytest.raises(QueryError):
        sample.search("auther:hinton")
    with pytest.raises(InputError):
        sample.search("inference", sort="best")
    with pytest.raises(InputError):
        sample.search("inference", cursor="garbage")
    with pytest.raises(InputError):
        sample.similar()
    with pytest.raises(NotFoundError):
        sample.paper("arxiv:9912.99999")
    with pytest.raises(NotFoundError):
        sample.paper("not an id at all")


def test_a_misspelt_word_is_corrected_and_the_answer_says_so(sample: Catalog) -> None:
    page = sample.search("varational")
    assert page.hits
    assert page.note
    assert "variational" in page.note


def test_newest_goes_backwards_in_time(catalog: Catalog) -> None:
    catalog.add([lines(*LISTED)])
    page = catalog.newest(limit=2)
    rest = catalog.newest(limit=2, cursor=page.cursor)
    keys = [hit.paper.key for hit in page.hits + rest.hits]
    assert keys == ["arxiv:2503.00003", "arxiv:2503.00002", "arxiv:2503.00001"]
    assert rest.cursor is None


def test_a_day_marks_what_is_new_and_knows_its_neighbours(catalog: Catalog) -> None:
    catalog.add([lines(*LISTED)])
    day = catalog.day(date(2025, 3, 20))
    assert [hit.is_new for hit in day.page.hits] == [True, True]
    assert (day.previous, day.next) == (date(2025, 3, 18), None)
    empty = catalog.day(date(2025, 3, 19))
    assert (empty.page.hits, empty.previous, empty.next) == ((), date(2025, 3, 18), date(2025, 3, 20))


def test_adding_twice_changes_nothing(catalog: Catalog) -> None:
    first = catalog.add([lines(*LISTED)])
    version = catalog.version
    again = catalog.add([lines(*LISTED)])
    assert (first.new, again.unchanged, again.new) == (3, 3, 0)
    assert catalog.version == version


def test_a_file_that_is_not_understood_does_not_stop_the_others(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "odd.bin").write_bytes(bytes(range(256)))
    report = catalog.add([tmp_path / "odd.bin", tmp_path / "not there", lines(*LISTED)])
    assert report.new == 3
    assert len(report.failed) == 2


def test_a_refused_record_can_be_shown_and_retried(catalog: Catalog) -> None:
    report = catalog.add([lines(*LISTED, {"id": "2503.00009", "title": ""})])
    assert (report.new, report.quarantined) == (3, 1)
    refusal = catalog.quarantine()[0]
    assert b"2503.00009" in catalog.refused(refusal.id).raw
    assert catalog.retry([refusal.id]).quarantined == 1
    assert len(catalog.quarantine()) == 1
    with pytest.raises(NotFoundError):
        catalog.refused(99)


def test_what_is_understood_at_a_retry_leaves_the_quarantine(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    good = lines({"id": "2503.00009", "title": "A title after all"}).getvalue()
    catalog.add([lines({"id": "2503.00009", "title": ""})])
    from tidings import sources

    retry = sources.retry
    monkeypatch.setattr(sources, "retry", lambda raw, source: retry(good, source))
    assert catalog.retry().new == 1
    assert catalog.quarantine() == []
    assert catalog.paper("2503.00009").title == "A title after all"


def test_a_merge_that_is_undone_is_searchable_as_two(catalog: Catalog) -> None:
    title = "A rather long title about sparse attention"
    bib = f"@article{{x, title={{{title}}}, author={{Lovelace, Ada}}, year={{2025}}, eprint={{}} }}".encode()
    catalog.add(
        [lines({"id": "2503.00001", "title": title, "listed_first": "2025-03-18", "listed_last": "2025-03-18"})]
    )
    assert catalog.add([io.BytesIO(bib)]).merged == 1
    record = next(held for held in catalog.records("2503.00001") if held.record.source == "bibtex")
    paper = catalog.split(record.id)
    assert {hit.paper.id for hit in catalog.search(title).hits} == {1, paper.id}


def test_an_index_that_was_deleted_comes_back(catalog: Catalog, tmp_path: Path) -> None:
    import shutil

    catalog.add([lines(*LISTED)])
    shutil.rmtree(tmp_path / "index")
    assert not all(check.ok for check in catalog.doctor())
    catalog.catch_up()
    assert catalog.search("robot").hits[0].paper.key == "arxiv:2503.00002"
    assert all(check.ok for check in catalog.doctor(thorough=True))


def test_an_index_of_another_store_is_made_again(catalog: Catalog, tmp_path: Path) -> None:
    catalog.add([lines(*LISTED)])
    catalog.close()
    for file in tmp_path.glob("tidings.db*"):
        file.unlink()
    with tidings.open(tmp_path) as restored:
        restored.add([lines(LISTED[0])])
        assert [hit.paper.key for hit in restored.search("robot sparse attention").hits] == ["arxiv:2503.00001"]
        assert all(check.ok for check in restored.doctor(thorough=True))


def test_stats_count_what_is_there(sample: Catalog) -> None:
    stats = sample.stats()
    assert stats.papers == sample.newest(limit=1).total
    assert stats.records == sum(stats.by_source.values())
    assert stats.bytes_store > 0
    assert stats.bytes_index > 0


def test_facets_of_a_filter_stay_the_same_from_page_to_page(sample: Catalog) -> None:
    first = sample.search("source:sample", limit=5)
    assert sum(facet.count for facet in first.facets["source"]) == first.total
    assert sample.search("source:sample", limit=5, cursor=first.cursor).facets == first.facets
