"""BibTeX that a BibTeX library reads, RIS, and the shape of JSON."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import bibtexparser
import msgspec
import pytest
from bibtexparser.bparser import BibTexParser
from bibtexparser.latexenc import latex_to_unicode
from hypothesis import given
from hypothesis import strategies as st

from tidings.export import bibtex, citation_key, ris, to_json
from tidings.types import Count, Facet, Hit, Link, Page, Paper, Parts, Version

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the library's, about its own parser

LORA = Paper(
    7,
    "arxiv:2106.09685",
    "LoRA: Low-Rank Adaptation of Large Language Models",
    "We propose <b> & 5% of $x^2$.",
    ("Edward J. Hu", "Shen, Yelong"),
    ("arxiv:2106.09685", "doi:10.1000/a_b%c"),
    ("cs.CL", "cs.AI"),
    venue="ICLR 2022",
    year=2022,
    submitted=date(2021, 6, 17),
    links=(Link("pdf", "https://arxiv.org/pdf/2106.09685"),),
    versions=(Version(1, date(2021, 6, 17)),),
    counts=(Count("upvotes", 3, datetime(2025, 1, 2, tzinfo=UTC)),),
    sources=("arxiv",),
)


def read(text: str) -> list[dict[str, str]]:
    return list(bibtexparser.loads(text, BibTexParser(ignore_nonstandard_types=False)).entries)


def decoded(text: str) -> str:
    return re.sub(r"[{}]", "", latex_to_unicode(text))


def test_an_entry_is_read_again_as_it_was() -> None:
    (entry,) = read(bibtex([LORA]))
    assert {name: decoded(value) for name, value in entry.items() if name not in {"doi", "url"}} == {
        "ENTRYTYPE": "inproceedings",
        "ID": "hu2022lora",
        "title": LORA.title,
        "author": "Edward J. Hu and Shen, Yelong",
        "booktitle": "ICLR 2022",
        "year": "2022",
        "eprint": "2106.09685",
        "archiveprefix": "arXiv",
        "primaryclass": "cs.CL",
    }
    assert (entry["doi"], entry["url"]) == ("10.1000/a_b%c", "https://arxiv.org/abs/2106.09685")


def test_words_with_capitals_are_kept_from_lowering() -> None:
    assert "title = {{LoRA}: {Low-Rank} Adaptation of Large Language Models}" in bibtex([LORA])


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("A & B: 5% of #1 a_b", r"A \& B: 5\% of \#1 a\_b"),
        (r"already \& escaped \"o", r"already \& escaped \"o"),
        ("about ~5 and x^2", r"about \textasciitilde{}5 and x\textasciicircum{}2"),
        (r"the $L_2$-norm", r"{the $L_2$-norm}"),
        ("a } b { c", "{a b c}"),
        ("cost $5", "{cost 5}"),
        ("line\nbreak\\", "line break"),
    ],
)
def test_special_characters_are_escaped_once(title: str, written: str) -> None:
    assert f"title = {{{written}}}," in bibtex([Paper(1, "paper:1", title)])


def test_the_kind_of_entry_follows_from_where_the_paper_appeared() -> None:
    kinds = [
        (Paper(1, "arxiv:2106.09685", "T"), "misc"),
        (Paper(1, "doi:10.1/x", "T", journal="Phys. Rev. D 76 (2007)"), "article"),
        (Paper(1, "doi:10.1/x", "T", venue="Transactions of the ACL"), "article"),
        (Paper(1, "acl:P18-1001", "T", venue="ACL"), "inproceedings"),
    ]
    assert [read(bibtex([paper]))[0]["ENTRYTYPE"] for paper, _ in kinds] == [kind for _, kind in kinds]


def test_keys_are_unique_and_do_not_depend_on_the_order() -> None:
    papers = [
        Paper(n, f"arxiv:2101.0000{n}", "The Attention", authors=("Ünal Müller",), year=2021) for n in range(1, 4)
    ]
    forward, backward = (
        {entry["eprint"]: entry["ID"] for entry in read(bibtex(order))} for order in (papers, papers[::-1])
    )
    assert forward == backward
    assert sorted(forward.values()) == ["muller2021attention", "muller2021attention-2", "muller2021attention-3"]


def test_a_paper_that_comes_twice_is_written_once() -> None:
    assert bibtex([LORA, LORA]) == bibtex([LORA])
    assert bibtex([]) == ""


@pytest.mark.parametrize(
    ("paper", "key"),
    [
        (Paper(1, "a:1", "On the Way"), "anonymousway"),
        (Paper(1, "a:1", "深度学习", authors=("李明",), year=2020), "anonymous2020"),
        (
            Paper(1, "a:1", "$\\alpha$-Nets", authors=("Jane van der Berg",), submitted=date(2020, 1, 1)),
            "berg2020alpha",
        ),
    ],
)
def test_a_key_holds_letters_and_digits_only(paper: Paper, key: str) -> None:
    assert citation_key(paper) == key


def test_an_author_with_and_in_the_name_stays_one() -> None:
    assert "author = {{Barnes and Noble} and Jane Doe}" in bibtex(
        [Paper(1, "a:1", "T", authors=("Barnes and Noble", "Jane Doe"))]
    )


@given(st.text(max_size=40), st.lists(st.text(max_size=15), max_size=3), st.text(max_size=20))
def test_whatever_a_record_says_the_entry_is_read_as_one(title: str, authors: list[str], venue: str) -> None:
    paper = Paper(1, "doi:10.1/{x}", f"Title {title}", authors=tuple(authors), venue=venue or None, year=2020)
    text = bibtex([paper, LORA])
    assert text.count("{") == text.count("}")
    assert [entry["ID"] for entry in read(text)][1:] == ["hu2022lora"]
    assert len(read(text)) == 2


def test_ris_is_plain_and_in_order() -> None:
    assert ris([LORA]) == (
        "TY  - CPAPER\nTI  - LoRA: Low-Rank Adaptation of Large Language Models\nAU  - Hu, Edward J.\nAU  - Shen, Yelong\n"
        "PY  - 2022\nDA  - 2021/06/17\nT2  - ICLR 2022\nAB  - We propose & 5% of x2.\nDO  - 10.1000/a_b%c\n"
        "UR  - https://arxiv.org/abs/2106.09685\nL1  - https://arxiv.org/pdf/2106.09685\nER  - \n"
    )


def test_a_line_break_cannot_begin_a_tag() -> None:
    assert ris([Paper(1, "a:1", "T\nER  - \nTY  - JOUR", keywords=("a\nb",))]).count("\n") == 4


def test_a_page_has_one_shape_in_json() -> None:
    facets = {"year": (Facet("2022", 3, "year:2022"),)}
    page = Page((Hit(LORA, 0.5, Parts(0.3, 0.2)),), 1, "next", facets, frozenset({"rank"}), None, 1.2345)
    found = to_json(page)
    assert {name: value for name, value in found.items() if name != "hits"} == {
        "total": 1,
        "cursor": "next",
        "facets": {"year": [{"value": "2022", "count": 3, "query": "year:2022"}]},
        "note": None,
        "milliseconds": 1.23,
    }
    (hit,) = found["hits"]
    assert (hit["score"], hit["parts"], hit["is_new"]) == (0.5, {"words": 0.3, "meaning": 0.2}, False)
    assert hit["paper"] == to_json(LORA)
    assert msgspec.json.decode(msgspec.json.encode(found)) == found


def test_a_paper_shows_its_external_id_and_iso_dates() -> None:
    found = to_json(LORA)
    assert (found["id"], found["submitted"], found["announced"]) == ("arxiv:2106.09685", "2021-06-17", None)
    assert found["links"] == [{"kind": "pdf", "url": "https://arxiv.org/pdf/2106.09685"}]
    assert found["counts"] == [{"kind": "upvotes", "value": 3, "at": "2025-01-02T00:00:00Z"}]
    assert "key" not in found


def test_anything_else_has_no_shape() -> None:
    with pytest.raises(TypeError):
        to_json("paper")  # type: ignore[arg-type]
