"""Identifiers: what people paste, and the one form it is kept in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings import identifiers
from tidings.errors import SourceError
from tidings.identifiers import address, arxiv_date_hint, is_arxiv_category, parse, parse_arxiv_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2106.09685", ("2106.09685", None)),
        ("2106.09685v12", ("2106.09685", 12)),
        ("0704.0001", ("0704.0001", None)),
        ("1412.6980v9", ("1412.6980", 9)),
        ("1501.00001", ("1501.00001", None)),
        ("hep-th/9901001", ("hep-th/9901001", None)),
        ("hep-th/9901001v3", ("hep-th/9901001", 3)),
        ("math.GT/0309136", ("math/0309136", None)),
        ("arXiv:2106.09685v2", ("2106.09685", 2)),
        ("arXiv: 2106.09685", ("2106.09685", None)),
        ("https://arxiv.org/abs/2106.09685v2", ("2106.09685", 2)),
        ("http://arxiv.org/abs/math.GT/0309136v1", ("math/0309136", 1)),
        ("https://www.arxiv.org/pdf/2106.09685.pdf", ("2106.09685", None)),
        ("https://arxiv.org/pdf/hep-th/9901001v2", ("hep-th/9901001", 2)),
        ("export.arxiv.org/html/2106.09685v1/", ("2106.09685", 1)),
        ("https://huggingface.co/papers/2106.09685", ("2106.09685", None)),
    ],
)
def test_an_arxiv_id_is_split_into_id_and_version(text: str, expected: tuple[str, int | None]) -> None:
    assert parse_arxiv_id(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "1501.0001", "1412.12345", "0703.0001", "2113.00001", "2100.00001", "foo/9901001", "hep-th/9913001", "2106.09685v0",
     "2106.09685 and more", "https://arxiv.org/list/cs.CL/recent", "https://example.org/abs/2106.09685", "http://["],
)  # fmt: skip
def test_what_is_no_arxiv_id_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="not an arXiv id"):
        parse_arxiv_id(text)


def test_the_archive_is_part_of_an_old_id_and_the_subject_class_is_not() -> None:
    assert parse("hep-th/9901001") != parse("math/9901001")
    assert parse("math.GT/0309136") == parse("math/0309136")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2106.09685", "arxiv:2106.09685"),
        ("ARXIV:2106.09685v2", "arxiv:2106.09685"),
        ("https://huggingface.co/papers/2106.09685", "arxiv:2106.09685"),
        ("https://www.alphaxiv.org/abs/2106.09685v1", "arxiv:2106.09685"),
        ("10.18653/v1/P19-1001", "doi:10.18653/v1/p19-1001"),
        ("DOI: 10.18653/V1/P19-1001", "doi:10.18653/v1/p19-1001"),
        ("https://doi.org/10.18653/v1/P19-1001", "doi:10.18653/v1/p19-1001"),
        ("http://dx.doi.org/10.1016%2Fj.ejor.2020.08.036.", "doi:10.1016/j.ejor.2020.08.036"),
        ("doi:10.48550/arXiv.2106.09685", "arxiv:2106.09685"),
        ("https://doi.org/10.48550/ARXIV.2106.09685v2", "arxiv:2106.09685"),
        ("https://link.springer.com/chapter/10.1007/978-3-031-20083-0_1", "doi:10.1007/978-3-031-20083-0_1"),
        ("https://dl.acm.org/doi/pdf/10.1145/3292500.3330701?download=true", "doi:10.1145/3292500.3330701"),
        ("https://www.biorxiv.org/content/10.1101/2020.01.01.123456v2.full.pdf", "doi:10.1101/2020.01.01.123456"),
        ("10.1002/(SICI)1097-4571(1999)41:6<391::AID-ASI1>3.0.CO;2-9", "doi:10.1002/(sici)1097-4571(1999)41:6<391::aid-asi1>3.0.co;2-9"),
        ("https://openreview.net/forum?id=B12Js_yRb&noteId=x", "openreview:B12Js_yRb"),
        ("https://openreview.net/pdf?id=B12Js_yRb", "openreview:B12Js_yRb"),
        ("openreview:B12Js_yRb", "openreview:B12Js_yRb"),
        ("https://aclanthology.org/2023.acl-long.1/", "acl:2023.acl-long.1"),
        ("https://aclanthology.org/2023.acl-long.1.pdf", "acl:2023.acl-long.1"),
        ("https://www.aclweb.org/anthology/P99-1001", "acl:P99-1001"),
        ("acl:p99-1001", "acl:P99-1001"),
        ("P99-1001", "acl:P99-1001"),
        ("paper:123", "paper:123"),
    ],
)  # fmt: skip
def test_everything_people_paste_has_one_normal_form(text: str, expected: str) -> None:
    assert parse(text) == expected
    assert parse(f"  {text}\n") == expected


@pytest.mark.parametrize(
    "text",
    ["", "paper:", "paper:0", "paper:-1", "paper:x", "arxiv:", "doi:10.5/x", "doi:", "attention is all you need", "123",
     "https://openreview.net/group?id=ICLR.cc/2018", "https://example.org", "https://aclanthology.org/", "acl:foo", "a:b:c", "://"],
)  # fmt: skip
def test_what_names_no_paper_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SourceError, match=r"arxiv:2106\.09685"):
        parse(text)


def test_a_doi_alone_is_read_however_it_is_prefixed_and_nothing_else_is() -> None:
    assert identifiers.doi("doi:10.1000/182") == identifiers.doi("https://doi.org/10.1000/182") == "doi:10.1000/182"
    with pytest.raises(SourceError):
        identifiers.doi("2106.09685")


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("arxiv:math/0309136", "https://arxiv.org/abs/math/0309136"),
        ("doi:10.1000/182", "https://doi.org/10.1000/182"),
        ("openreview:B12Js_yRb", "https://openreview.net/forum?id=B12Js_yRb"),
        ("acl:P99-1001", "https://aclanthology.org/P99-1001/"),
        ("paper:1", None),
        ("nothing", None),
    ],
)
def test_an_id_has_the_address_of_its_page(identifier: str, expected: str | None) -> None:
    assert address(identifier) == expected


def test_an_address_parses_back_to_its_id() -> None:
    for identifier in (
        "arxiv:2106.09685",
        "arxiv:hep-th/9901001",
        "doi:10.1000/182",
        "openreview:B12Js_yRb",
        "acl:2023.acl-long.1",
    ):
        assert parse(address(identifier) or "") == identifier


def test_an_arxiv_id_hints_at_its_month() -> None:
    assert arxiv_date_hint("2106.09685") == (2021, 6)
    assert arxiv_date_hint("hep-th/9901001") == (1999, 1)
    assert arxiv_date_hint("math/0309136") == (2003, 9)


@pytest.mark.parametrize(
    "term",
    [
        *("cs.CL", "hep-th", "math-ph", "math.AP", "cond-mat.mes-hall", "q-bio.NC", "physics.data-an"),
        *("cond-mat.soft", "cond-mat.other", "physics.optics"),
    ],
)
def test_a_category_is_one(term: str) -> None:
    assert is_arxiv_category(term)


@pytest.mark.parametrize("term", ["I.2.7", "68T50", "", "cs.", "cs.CLX", "cs.soft", "foo.BA", "CS.CL", "68T07; I.2"])
def test_a_code_of_acm_or_msc_is_no_category(term: str) -> None:
    assert not is_arxiv_category(term)


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser_and_what_it_returns_it_reads_back(text: str) -> None:
    try:
        identifier = parse(text)
    except SourceError:
        return
    assert parse(identifier) == identifier
