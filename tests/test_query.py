"""The search language: what it reads, what it refuses, and what its filters mean."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tidings.errors import QueryError
from tidings.rank.query import (
    MAX_DEPTH,
    MAX_LENGTH,
    SOURCES,
    parse,
    with_term,
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
