"""The search language: pasted text, terms that come and go, and whatever else is typed."""

from __future__ import annotations

import json
import lzma
import re
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.test_query import ABSTRACT, PAPERS, matches, required, tokens
from tidings.errors import QueryError
from tidings.rank.query import (
    FIELDS,
    HAS,
    MAX_LENGTH,
    MAX_TERMS,
    MAX_WORDS,
    field_term,
    has_term,
    parse,
    render,
    with_term,
    without_term,
)
from tidings.types import And, Between, Has, Not, Or, Query, Term

# --- pasted text ---------------------------------------------------------------------------------


def test_a_pasted_abstract_is_plain_words() -> None:
    assert parse(ABSTRACT) == Query(ABSTRACT, ABSTRACT, None)


def test_a_pasted_title_with_a_line_break_is_plain_words() -> None:
    query = parse('Title:\n"A (broken\r\n title')
    assert (query.words, query.required) == ('Title: "A (broken title', None)


def test_a_pasted_abstract_can_be_narrowed_at_either_end() -> None:
    query = parse(f'has:code {ABSTRACT} -venue:"some workshop" year:2024..')
    assert query.words == ABSTRACT
    assert query.required == And((Has("code"), Not(Term("some workshop", "venue", True)), Between("year", 2024, None)))


def test_a_mistake_at_the_end_of_pasted_text_is_text() -> None:
    for mistake in ("year:soon", "source:word"):
        text = f"{ABSTRACT} {mistake}"
        assert (parse(text).words, parse(text).required) == (text, None)


def test_a_long_deliberate_query_is_read_as_one() -> None:
    choices = " OR ".join(f'"low rank {number}"' for number in range(40))
    query = parse(f"lora ({choices}) year:2024")
    assert isinstance(query.required, And)
    assert isinstance(query.required.of[0], Or)
    assert len(query.required.of[0].of) == 40


def test_a_deliberate_query_may_have_line_breaks() -> None:
    assert required("title:lora OR\ntitle:adapter\n\nyear:2024") == required("title:lora OR title:adapter year:2024")


def test_a_choice_beyond_the_limit_is_read_as_text_and_never_as_everything() -> None:
    query = parse(" OR ".join(f"w{number}" for number in range(MAX_TERMS + 1)))
    assert query.required is None
    assert "w500" in query.words


@pytest.mark.parametrize(
    "piece", ["(", ")", '"', "a(", "-", "- ", "OR ", "year:1 ", ':"', 'title:"', '" ', "a\n", "x:("]
)
def test_the_longest_hostile_text_takes_no_more_than_linear_time(piece: str) -> None:
    text = (piece * MAX_LENGTH)[:MAX_LENGTH]
    try:
        parse(text)
    except QueryError as error:
        assert 0 <= error.position < len(text)


@pytest.mark.parametrize("name", ["arxiv_math", "arxiv_cs", "conference_papers"])
def test_real_titles_and_abstracts_can_be_pasted(shared_data: Path, name: str) -> None:
    with lzma.open(shared_data / "papers" / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        papers = [json.loads(line) for line in islice(lines, 2_000)]
    refused = 0
    for paper in papers:
        try:
            parse(" ".join(paper["title"].split()))
        except QueryError:
            refused += 1
        abstract = paper.get("abstract") or ""
        if len(abstract.split()) > MAX_WORDS:
            assert parse(abstract).required is None
    assert refused <= 0.002 * len(papers)


# --- text again ----------------------------------------------------------------------------------


def test_a_term_is_added_once_and_taken_away_again() -> None:
    assert with_term("lora", "year:2024") == "lora year:2024"
    assert with_term("lora year:2024", "year:2024") == "lora year:2024"
    assert without_term("lora year:2024 rank", "year:2024") == "lora rank"
    assert with_term("", "source:acl") == "source:acl"
    assert without_term("source:acl", "source:acl") == ""


def test_a_range_replaces_the_one_before_it_and_other_terms_gather() -> None:
    assert with_term("lora year:2023 x", "year:2024") == "lora x year:2024"
    assert with_term("category:cs.CL", "category:cs.LG") == "category:cs.CL category:cs.LG"


def test_a_term_inside_a_choice_stays_where_it_is() -> None:
    assert without_term("a OR year:2024", "year:2024") == "a OR year:2024"


def test_narrowing_pasted_text_leaves_it_pasted() -> None:
    narrowed = with_term(ABSTRACT, "year:2024")
    assert parse(narrowed).words == ABSTRACT
    assert has_term(narrowed, "year:2024")
    assert without_term(narrowed, "year:2024") == ABSTRACT


def test_only_a_single_term_can_be_added() -> None:
    for term in ("lora", "year:2024 x:y", "", "year:2024 year:2025"):
        with pytest.raises(QueryError):
            with_term("lora", term)


@pytest.mark.parametrize("value", ['ICLR "2022"', "cs.CL", "a(b", "O'Brien", "-x", "OR", "Vision and Language", "ä"])
def test_any_value_with_letters_can_be_written_as_a_term(value: str) -> None:
    for field in ("venue", "author", "title", "category"):
        found = required(field_term(field, value))
        assert isinstance(found, Term)
        assert tokens(found.text) == tokens(value)
        assert found.field == field


# --- whatever comes ------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["lora", "SE(3)", "OR", "AND", "NOT", "-", "−", "(", ")", '"', "“", " ", "  ", "\n", ":", "..", "2024", "&", "C++"]
    + [f"{field}:" for field in sorted(FIELDS)]
    + ["auther:", "foo:", "arxiv:2106.09685", "cs.CL", "2025-03", "code", "low-rank", "a(b", "é", "word " * 31]
)
TEXTS = st.one_of(
    st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join), st.lists(PIECES, max_size=12).map(" ".join)
)

WORDS = st.sampled_from(["adaptation", "weights", "language", "low-rank", "survey", "edward"])
VALUES = st.one_of(
    WORDS,
    WORDS.map(lambda word: f'"{word} of"'),
    st.tuples(st.sampled_from(["title", "abstract", "author", "venue"]), WORDS).map(":".join),
    st.sampled_from(["year:2021", "year:..2010", "date:2021-06", "category:cs", "source:arxiv", "id:2106.09685"]),
    st.sampled_from(HAS).map("has:{}".format),
)
QUERIES = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        inner.map("-({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: f"({' OR '.join(f'({one})' for one in items)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: f"({' '.join(items)})"),
    ),
    max_leaves=6,
)


def strict(text: str) -> str:
    """Make bare words required: inside two minuses they are."""
    return f"-(-({text}))"


@settings(max_examples=500)
@given(TEXTS)
@example('title:"')
@example("(-)")
@example("x OR -(")
def test_whatever_is_typed_gives_a_query_or_a_query_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        assert 0 <= error.position < max(len(text), 1)
        if error.suggestion is not None:
            parse(error.suggestion)
        return
    assert query.text == text
    assert query.required is not None or not query.is_empty or not re.search(r"[^\W_]", re.sub("AND", "", text))


@settings(max_examples=500)
@given(st.one_of(TEXTS, QUERIES))
def test_a_filter_survives_being_written_and_read_again(text: str) -> None:
    try:
        found = required(text)
    except QueryError:
        return
    assert required(render(found)) == found


@given(QUERIES, QUERIES)
def test_filters_obey_logic_on_real_papers(one: str, other: str) -> None:
    for paper in PAPERS:
        first, second = (matches(required(strict(text)), paper) for text in (one, other))
        assert matches(required(f"-({one})"), paper) is not first
        assert matches(required(f"({one}) OR ({other})"), paper) is (first or second)
        assert matches(required(f"{strict(one)} {strict(other)}"), paper) is (first and second)


@given(TEXTS, st.sampled_from(["year:2024", "source:acl", 'venue:"some where"', "-has:code"]))
def test_a_facet_narrows_and_is_taken_away_again(text: str, term: str) -> None:
    try:
        before = parse(text)
        narrowed = with_term(text, term)
    except QueryError:
        return
    assert has_term(narrowed, term)
    assert not has_term(without_term(narrowed, term), term)
    if before.required is None:
        assert parse(narrowed).required == required(term)
