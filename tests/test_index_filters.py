"""Filters: the words' side, the columns' side and plain Python over the papers agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.index_help import WordEncoder, make_paper, papers, required
from tidings.errors import QueryError
from tidings.index import filters
from tidings.index.columns import day_of, has_of, year_of
from tidings.index.local import LocalIndex
from tidings.index.words import archive_and_category, external_values, tokens
from tidings.types import And, Between, Filter, Has, Not, Or, Paper, Term


def passes(paper: Paper, required: Filter) -> bool:  # noqa: C901 - one case for each thing a filter can be
    """What a filter means, as plainly as it can be said."""
    match required:
        case And(of=parts):
            return bool(parts) and all(passes(paper, part) for part in parts)
        case Or(of=parts):
            return any(passes(paper, part) for part in parts)
        case Not(of=part):
            return not passes(paper, part)
        case Has(what=what):
            return what in has_of(paper)
        case Between(field=field, low=low, high=high):
            value = year_of(paper) if field == "year" else day_of(paper)
            return value > 0 and (low is None or value >= low) and (high is None or value <= high)
        case Term(text=text, field="category"):
            return any(text.lower() in archive_and_category(name) for name in paper.categories)
        case Term(text=text, field="source"):
            return text.lower() in [name.lower() for name in paper.sources]
        case Term(text=text, field="id"):
            return text.lower() in external_values(paper)
        case Term(text=text, field="author"):
            return any(in_a_row(name, text, stemmed=False) for name in paper.authors)
        case Term(text=text, field="venue"):
            return in_a_row(paper.venue or "", text, stemmed=False)
        case Term(text=text, field="title"):
            return in_a_row(paper.title, text)
        case Term(text=text, field="abstract"):
            return in_a_row(paper.abstract, text)
        case _:
            return in_a_row(paper.title, required.text) or in_a_row(paper.abstract, required.text)


def in_a_row(text: str, wanted: str, *, stemmed: bool = True) -> bool:
    have, want = tokens(text, stemmed=stemmed), tokens(wanted, stemmed=stemmed)
    return bool(want) and any(have[start : start + len(want)] == want for start in range(len(have)))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalIndex, list[Paper]]]:
    drawn: list[Paper] = []

    @settings(max_examples=1, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        drawn[:] = [data.draw(papers(number)) for number in range(1, 60)]

    draw()
    index = LocalIndex(tmp_path_factory.mktemp("archive"), WordEncoder())
    removed = [7, 8, 9]
    index.apply(drawn, [], 1)
    index.apply([], removed, 2)
    yield index, [paper for paper in drawn if paper.id not in removed]


@settings(max_examples=300, deadline=None)
@given(required=required())
def test_words_columns_and_plain_python_agree_on_any_filter(
    archive: tuple[LocalIndex, list[Paper]], required: Filter
) -> None:
    index, held = archive
    expected = {paper.id for paper in held if passes(paper, required)}
    snapshot = index._current()
    rows, _ = snapshot._scored(filters.tantivy_query(required), 1_000)
    surely, maybe = filters.surely_and_maybe(required, snapshot.columns, snapshot.rows)
    assert set(rows.tolist()) == expected
    assert set(np.flatnonzero(surely).tolist()) <= expected <= set(np.flatnonzero(maybe).tolist())
    if not filters.needs_words(required):
        assert set(np.flatnonzero(maybe).tolist()) == expected
    assert index.count(required) == len(expected)


@settings(max_examples=100, deadline=None)
@given(required=required(), exact_rows=st.sampled_from([1, 20_000]))
def test_nothing_outside_the_filter_is_ever_a_candidate(
    archive: tuple[LocalIndex, list[Paper]], required: Filter, exact_rows: int
) -> None:
    index, held = archive
    expected = {paper.id for paper in held if passes(paper, required)}
    vector = WordEncoder().encode(["attention graph"])[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tidings.index.snapshot.EXACT_ROWS", exact_rows)
        found = index.candidates("attention graph", vector, required)
    assert set(found.ids.tolist()) <= expected
    findable = {
        paper.id
        for paper in held
        if paper.id in expected and WordEncoder().encode([f"{paper.title}\n{paper.abstract}"]).any()
    }
    assert set(found.ids.tolist()) >= findable


@settings(max_examples=100, deadline=None)
@given(required=required(), limit=st.integers(1, 30))
def test_paging_by_date_visits_every_paper_once_in_order(
    archive: tuple[LocalIndex, list[Paper]], required: Filter, limit: int
) -> None:
    index, held = archive
    expected = sorted(((day_of(paper), paper.id) for paper in held if passes(paper, required)), reverse=True)
    seen: list[tuple[int, int]] = []
    while len(rows := index.newest(required, limit, seen[-1] if seen else None)):
        seen += zip(index.days(rows).tolist(), rows.tolist(), strict=True)
    assert seen == expected


@pytest.mark.parametrize(
    "wrong",
    [Term("x", "colour"), Has("wings"), Between("age", 1, 2), Not(Term("x", "colour")), And((Or((Has("x"),)),))],
)
def test_an_unknown_field_is_refused_wherever_it_stands(archive: tuple[LocalIndex, list[Paper]], wrong: Filter) -> None:
    index, _ = archive
    for ask in (
        index.count,
        lambda required: index.candidates("a", None, required),
        lambda required: index.newest(required, 5),
    ):
        with pytest.raises(QueryError, match="unknown"):
            ask(wrong)


@pytest.mark.parametrize("empty", [And(()), Or(()), Term("", "title"), Term("!!", None), Between("year", 2020, 2019)])
def test_an_empty_filter_finds_nothing(archive: tuple[LocalIndex, list[Paper]], empty: Filter) -> None:
    index, held = archive
    vector = WordEncoder().encode(["attention"])[0]
    assert len(index.candidates("attention", vector, empty).ids) == 0
    assert index.count(empty) == 0
    assert index.count(Not(empty)) == len(held)


def test_a_category_also_matches_as_an_archive(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    index.apply([make_paper(1, categories=("cs.CL",)), make_paper(2, categories=("math.AP",))], [], 1)
    assert index.newest(Term("cs", "category"), 9).tolist() == [1]
    assert index.newest(Term("cs.cl", "category"), 9).tolist() == [1]


def test_a_year_no_calendar_has_is_no_year(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, WordEncoder())
    index.apply([make_paper(1, year=0), make_paper(2, year=123456), make_paper(3, year=2999)], [], 1)
    assert index.newest(Between("year", None, None), 9).tolist() == [3]
