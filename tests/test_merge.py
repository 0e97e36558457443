"""When two records are the same paper, and which field wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tidings.merge import conflicting, fingerprints, fold, same
from tidings.types import Count, Link, Record

ABSTRACT = (
    "We freeze the weights of a pretrained model and learn small matrices of low rank beside every layer, which cuts "
    "the number of trained values by four orders of magnitude and needs no extra time when the model answers."
)
PREPRINT = Record(
    source="arxiv",
    key="2106.09685",
    title="LoRA: Low-Rank Adaptation of Large Language Models",
    abstract=ABSTRACT,
    authors=("Edward J. Hu", "Yelong Shen", "Phillip Wallis"),
    ids=("arxiv:2106.09685",),
    categories=("cs.CL", "cs.AI"),
    submitted=date(2021, 6, 17),
)
PROCEEDINGS = Record(
    source="proceedings",
    key="iclr2022:nZeVKeeFYf9",
    title="LoRA: Low-rank adaptation of large language models",
    abstract=ABSTRACT.replace("four orders", "three orders"),
    authors=("Hu, Edward", "Shen, Yelong"),
    ids=("openreview:nZeVKeeFYf9",),
    venue="ICLR 2022",
    year=2022,
)


def test_a_preprint_and_its_proceedings_version_are_one_paper() -> None:
    assert same(PREPRINT, PROCEEDINGS) == "title and authors"
    assert set(fingerprints(PREPRINT)) & set(fingerprints(PROCEEDINGS))


def test_a_changed_title_is_seen_through_by_authors_and_abstract() -> None:
    renamed = replace(PROCEEDINGS, title="Adapting big models with matrices of low rank")
    assert same(PREPRINT, renamed) == "authors and abstract"
    assert set(fingerprints(PREPRINT)) & set(fingerprints(renamed))


def test_the_same_title_by_others_is_another_paper() -> None:
    assert same(PREPRINT, replace(PROCEEDINGS, authors=("Ada Lovelace",))) is None


def test_the_same_title_about_something_else_is_another_paper() -> None:
    other = " ".join(f"quasar{n} luminosity{n}" for n in range(40))
    assert same(PREPRINT, replace(PROCEEDINGS, abstract=other)) is None


def test_a_decade_between_them_makes_two_papers() -> None:
    assert same(PREPRINT, replace(PROCEEDINGS, year=2035)) is None


def test_two_arxiv_ids_are_two_papers_whatever_else_agrees() -> None:
    assert same(PREPRINT, replace(PREPRINT, key="2106.09686", ids=("arxiv:2106.09686",))) is None


def test_dois_of_one_publisher_conflict_and_of_two_do_not() -> None:
    assert conflicting(["doi:10.1109/a"], ["doi:10.1109/b"])
    assert not conflicting(["doi:10.1109/a"], ["doi:10.1145/b"])
    assert not conflicting(["doi:10.1109/a"], ["doi:10.1109/a", "arxiv:2106.09685"])


def test_parts_of_a_series_stay_apart() -> None:
    first = replace(PREPRINT, title="On low rank, Part I")
    second = replace(PROCEEDINGS, title="On low rank, Part II", abstract=PREPRINT.abstract)
    assert same(first, replace(second, title="On low rank, Part I")) == "title and authors"
    assert same(first, second) is None


def test_a_source_that_numbers_its_papers_lists_each_once() -> None:
    assert same(PREPRINT, replace(PREPRINT, key="another", ids=())) is None
    assert same(replace(PREPRINT, source="bibtex"), replace(PREPRINT, source="bibtex", key="another")) is not None


def test_a_telling_title_is_enough_where_nobody_names_authors() -> None:
    bare = Record(source="listing", key="x", title=PREPRINT.title)
    assert same(PREPRINT, bare) == "title"
    assert same(replace(PREPRINT, title="Preface"), replace(bare, title="Preface")) is None


def test_titles_of_signs_only_are_never_equal() -> None:
    assert same(Record("a", "1", "???", authors=("A B",)), Record("b", "2", "!!!", authors=("A B",))) is None


def test_the_venue_comes_from_the_publisher_and_the_text_from_the_authors() -> None:
    paper = fold(7, [PROCEEDINGS, PREPRINT])
    assert (paper.key, paper.title, paper.venue, paper.year) == ("arxiv:2106.09685", PREPRINT.title, "ICLR 2022", 2022)
    assert paper.ids == ("arxiv:2106.09685", "openreview:nZeVKeeFYf9")
    assert paper.sources == ("arxiv", "proceedings")
    assert paper.categories == ("cs.CL", "cs.AI")
    assert paper.submitted == date(2021, 6, 17)


def test_a_record_without_ids_gives_a_paper_one_can_still_name() -> None:
    assert fold(7, [Record("sample", "x", "A title")]).key == "paper:7"


def test_the_order_of_records_does_not_matter() -> None:
    third = Record(
        source="huggingface",
        key="2106.09685",
        title="LoRA",
        ids=("arxiv:2106.09685",),
        announced=date(2021, 6, 18),
        links=(Link("code", "https://github.com/microsoft/LoRA"),),
        counts=(Count("upvotes", 30),),
    )
    papers = {repr(fold(1, list(order))) for order in permutations((PREPRINT, PROCEEDINGS, third))}
    assert len(papers) == 1


titles = st.text(max_size=40)
records = st.builds(
    Record,
    source=st.sampled_from(["arxiv", "acl", "bibtex", "unheard of"]),
    key=st.text(max_size=5),
    title=titles,
    abstract=st.text(max_size=200),
    authors=st.lists(st.text(max_size=12), max_size=3).map(tuple),
    ids=st.lists(st.sampled_from(["arxiv:1", "arxiv:2", "doi:10.1/a", "doi:10.1/b"]), max_size=2, unique=True).map(
        tuple
    ),
    year=st.none() | st.integers(1900, 2030),
)


@given(records, records)
def test_sameness_has_no_direction(one: Record, other: Record) -> None:
    assert same(one, other) == same(other, one)


@given(st.lists(records, min_size=1, max_size=4))
def test_a_fold_loses_no_id(held: list[Record]) -> None:
    paper = fold(1, held)
    assert set(paper.ids) == {value for record in held for value in record.ids}


@given(records)
def test_one_record_folds_as_two_of_the_same_would(record: Record) -> None:
    assert fold(1, [record]) == fold(1, [record, record])
