"""The search language: what it reads, what it refuses, and what its filters mean."""

from __future__ import annotations

import json
import lzma
import re
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidings.errors import QueryError
from tidings.rank.query import (
    FIELDS,
    HAS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    MAX_WORDS,
    SOURCES,
    field_term,
    has_term,
    parse,
    render,
    with_term,
    without_term,
)
from tidings.types import And, Between, Filter, Has, Link, Not, Or, Paper, Query, Term

ABSTRACT = (
    'Results: we show (a) that "large models (trained once" adapt - cheaply; see http://x.org/a:b and OR = 2.3 '
    "at 95% confidence. Methods: low-rank updates, -0.3 points lower, f(x) = Wx + BAx :) without any latency, "
    "measured on source code and on title pages of many documents."
)


def required(text: str) -> Filter | None:
    return parse(text).required


def refusal(text: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse(text)
    return caught.value


# --- what a filter means, by brute force --------------------------------------------------------


def tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def holds(term: Term, text: str) -> bool:
    wanted, found = tokens(term.text), tokens(text)
    if not term.phrase:
        return set(wanted) <= set(found)
    return any(found[at : at + len(wanted)] == wanted for at in range(len(found)))


def matches_term(term: Term, paper: Paper) -> bool:
    if term.field == "category":
        return any(one == term.text or one.startswith(f"{term.text}.") for one in paper.categories)
    if term.field == "source":
        return term.text in paper.sources
    if term.field == "id":
        return term.text in paper.ids
    texts = {
        None: (paper.title, paper.abstract),
        "title": (paper.title,),
        "abstract": (paper.abstract,),
        "author": paper.authors,
        "venue": (paper.venue or "",),
    }[term.field]
    return any(holds(term, text) for text in texts)


def matches(required: Filter | None, paper: Paper) -> bool:
    """Return whether the paper may appear; the slow reference that an index is held against."""
    match required:
        case None:
            return True
        case Term():
            return matches_term(required, paper)
        case Between(field, low, high):
            day = paper.date.toordinal() if paper.date else None
            value = paper.year if field == "year" else day
            return value is not None and (low is None or low <= value) and (high is None or value <= high)
        case Has(what):
            found = {
                "abstract": paper.abstract,
                "venue": paper.venue,
                "doi": any(one.startswith("doi:") for one in paper.ids),
                "code": paper.link("code"),
                "pdf": paper.link("pdf"),
            }
            return bool(found[what])
        case Not(of):
            return not matches(of, paper)
        case And(of):
            return all(matches(one, paper) for one in of)
        case Or(of):
            return any(matches(one, paper) for one in of)


LORA = Paper(
    1,
    "arxiv:2106.09685",
    "LoRA: Low-Rank Adaptation of Large Language Models",
    "We propose Low-Rank Adaptation, which freezes the weights.",
    ("Edward J. Hu", "Yelong Shen"),
    ("arxiv:2106.09685", "doi:10.48550/arxiv.2106.09685"),
    ("cs.CL", "cs.AI"),
    venue="ICLR 2022",
    year=2021,
    submitted=date(2021, 6, 17),
    links=(Link("code", "https://example.org/lora"),),
    sources=("arxiv", "huggingface"),
)
PAPERS = (
    LORA,
    Paper(2, "arxiv:math/0309136", "A Survey of Adaptation", categories=("math.GT",), year=2003, sources=("arxiv",)),
    Paper(3, "acl:P18-1001", "Weights that Matter", "On language.", ("Edward Shen",), venue="ACL", year=2022),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"low rank adaptation"', {1}),
        ('"rank low"', set()),
        ("title:adaptation", {1, 2}),
        ("title:low-rank", {1}),
        ("title:rank-low", set()),
        ("abstract:weights", {1}),
        ("author:shen", {1, 3}),
        ('author:"edward hu"', set()),
        ('author:"Edward J. Hu"', {1}),
        ("author:(edward shen)", {1, 3}),
        ("category:cs", {1}),
        ("category:CS.cl", {1}),
        ("category:c", set()),
        ("category:cs.*", {1}),
        ("venue:iclr", {1}),
        ("-venue:iclr", {2, 3}),
        ("source:arxiv", {1, 2}),
        ("year:2021..2022", {1, 3}),
        ("year:..2021", {1, 2}),
        ("year:2004..", {1, 3}),
        ("date:2021-06", {1}),
        ("date:2021-06-18..", set()),
        ("has:code", {1}),
        ("has:doi -has:venue", set()),
        ("has:abstract", {1, 3}),
        ("id:2106.09685v3", {1}),
        ("survey OR weights", {1, 2, 3}),
        ("(survey adaptation) OR (language matter)", {2, 3}),
        ("title:(survey OR matter) -source:arxiv", {3}),
        ("-survey", {1, 3}),
        ("-(survey OR matter)", {1}),
        ("-survey AND adaptation", {1, 3}),
        ("nothing of this is required", {1, 2, 3}),
    ],
)
def test_a_query_lets_the_right_papers_appear(text: str, found: set[int]) -> None:
    assert {paper.id for paper in PAPERS if matches(required(text), paper)} == found


# --- what ranks and what is required -------------------------------------------------------------


def test_bare_words_rank_and_none_is_required() -> None:
    assert parse("low rank  adaptation") == Query("low rank  adaptation", "low rank adaptation", None)


def test_words_of_phrases_choices_titles_and_abstracts_rank_too() -> None:
    query = parse(
        'tuning "low rank" (lora OR adapter) title:weights abstract:"frozen layers" author:hu venue:iclr year:2021'
    )
    assert query.words == "tuning low rank lora adapter weights frozen layers"


def test_words_that_are_left_out_never_rank() -> None:
    assert parse('lora -survey -"large model" -(a OR b) -title:review').words == "lora"


def test_or_joins_only_its_neighbours() -> None:
    assert parse("deep a OR b learning") == Query(
        "deep a OR b learning", "deep a b learning", Or((Term("a"), Term("b")))
    )


def test_parentheses_without_or_change_nothing_for_bare_words() -> None:
    assert parse("(deep learning) (on graphs)") == Query("(deep learning) (on graphs)", "deep learning on graphs", None)


def test_and_between_words_changes_nothing() -> None:
    assert parse("lora AND adapters").words == "lora adapters"
    assert required("lora AND adapters") is None


@pytest.mark.parametrize("text", ["", "  \n\t ", "...", "-- --", "\0"])
def test_a_query_that_says_nothing_is_empty_and_not_everything(text: str) -> None:
    assert parse(text).is_empty


def test_a_query_of_filters_alone_has_no_words() -> None:
    assert parse("-survey year:2024") == Query(
        "-survey year:2024", "", And((Not(Term("survey")), Between("year", 2024, 2024)))
    )


@pytest.mark.parametrize(
    "text",
    [
        "SE(3) equivariant networks",
        "sorting in O(n log n) time",
        "BERT: pre-training of transformers",
        "LoRA - low rank adaptation",
        "a -- b — c",
        "std::vector 3:1 ratio",
        "TruthLens:A training-free paradigm",
        "Addendum to the paper: some estimates",
        'nonlinear Schr\\"odinger equations on a 5" display with a Maxwell-Schr"odinger system',
        "state-of-the-art C++ code",
        "https://example.org/a?b=c notes",
    ],
)
def test_ordinary_text_is_not_mistaken_for_operators(text: str) -> None:
    assert required(text) is None
    assert tokens(parse(text).words) == tokens(text)


def test_typographic_quotes_and_minus_work() -> None:
    assert required("“low rank” −survey «frozen weights»") == required('"low rank" -survey "frozen weights"')


def test_field_names_may_be_written_in_any_case() -> None:
    assert required("Title:lora YEAR:2021") == required("title:lora year:2021")


@pytest.mark.parametrize(
    "text", ["arxiv:2106.09685", "2106.09685v2", "id:2106.09685", "https://arxiv.org/abs/2106.09685"]
)
def test_an_id_or_address_alone_finds_that_paper(text: str) -> None:
    assert parse(text) == Query(text, "", Term("arxiv:2106.09685", "id"))


def test_a_doi_with_parentheses_is_one_value() -> None:
    assert required("id:10.1016/s0140-6736(05)67889-0 x") == Term("doi:10.1016/s0140-6736(05)67889-0", "id")


def test_a_month_and_a_year_stand_for_all_their_days() -> None:
    assert required("date:2024-02") == Between("date", date(2024, 2, 1).toordinal(), date(2024, 2, 29).toordinal())
    assert required("date:2023..2024-02-03") == Between(
        "date", date(2023, 1, 1).toordinal(), date(2024, 2, 3).toordinal()
    )


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "position", "suggestion"),
    [
        ("auther:hu lora", 0, "author:hu lora"),
        ("lora yaer:2024", 5, "lora year:2024"),
        ("foo:bar baz", 0, '"foo:bar" baz'),
        ("title: lora", 0, "title:lora"),
        ("lora title:", 5, "lora"),
        ("title:-lora", 0, "-title:lora"),
        ('lora "low rank', 5, 'lora "low rank"'),
        ('lora ""', 5, "lora"),
        ("lora (a OR b", 5, "lora (a OR b)"),
        ("lora a)", 6, "lora a"),
        ("lora ()", 5, "lora"),
        ("lora OR", 5, "lora"),
        ("OR lora", 0, "lora"),
        ("lora OR OR b", 5, "lora OR b"),
        ("lora -", 5, "lora"),
        ("(lora -)", 6, "(lora )"),
        ("lora -OR b", 5, "lora OR b"),
        ("lora NOT b", 5, "lora -b"),
        ("lora NOT", 5, "lora"),
        ("Auther:hu", 0, "author:hu"),
        ("x title:(author:hu)", 9, "x title:( hu)"),
        ("year:2025..2023", 5, "year:2023..2025"),
        ("year:2023-2025", 5, "year:2023..2025"),
        ("year:last", 5, None),
        ("date:2025-03-20..2025-03-19", 5, "date:2025-03-19..2025-03-20"),
        ("date:2025-02-30", 5, None),
        ("date:2025-13", 5, None),
        ("date:0000", 5, None),
        ("year:..", 5, None),
        ("has:cod", 4, "has:code"),
        ("has:everything", 4, None),
        ("source:arxv", 7, "source:arxiv"),
        ("id:nonsense", 3, None),
        ("category:...", 9, None),
        ("-...", 1, None),
        ("a OR &", 5, "a"),
    ],
)
def test_a_mistake_is_refused_at_its_place_with_a_query_that_works(
    text: str, position: int, suggestion: str | None
) -> None:
    error = refusal(text)
    assert (error.position, error.suggestion) == (position, suggestion)


def test_a_source_of_the_archive_alone_is_known_where_it_is_named() -> None:
    with pytest.raises(QueryError):
        parse("source:lab")
    assert parse("source:Lab", sources={"lab"}).required == Term("lab", "source")
    assert with_term("lora", "source:lab") == "lora source:lab"


def test_every_source_that_a_reader_names_is_known() -> None:
    folder = Path(__file__).resolve().parent.parent / "src" / "tidings" / "sources"
    named = {name for file in folder.rglob("*.py") for name in re.findall(r'\bsource="(\w+)"', file.read_text())}
    assert "arxiv" in named
    assert named <= SOURCES


def test_an_unknown_field_names_the_one_that_was_meant() -> None:
    assert "unknown field 'auther', did you mean author:?" in str(refusal("auther:hu"))


def test_a_suggestion_mends_every_mistake_or_is_not_made() -> None:
    assert refusal('auther:hu (a OR "b').suggestion == 'author:hu (a OR "b")'
    assert refusal("auther:hu year:someday").suggestion is None


@pytest.mark.parametrize("opening", ["(", "-(", "title:(("])
def test_parentheses_too_deep_are_refused(opening: str) -> None:
    assert "levels" in str(refusal(opening * 25 if ":" not in opening else opening + "(" * 25))
    assert required("(" * MAX_DEPTH + "a OR b" + ")" * MAX_DEPTH) == Or((Term("a"), Term("b")))


def test_a_chain_of_minuses_is_refused_and_not_followed_for_ever() -> None:
    assert "levels" in str(refusal("-(" * 28 + "x"))


def test_text_that_is_too_long_is_refused() -> None:
    error = refusal("a" * (MAX_LENGTH + 1))
    assert (error.position, error.suggestion) == (MAX_LENGTH, None)
    assert parse("a" * MAX_LENGTH).words == "a" * MAX_LENGTH


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
    text = f"{ABSTRACT} year:soon"
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
