"""Plain text: TeX and markup made comparable, names and titles in normal form."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.plain import collapse, plain, surname, title_key
from tidings.tex import readable

_PIECES = [*r"""\${}<>&~`'"^_-#%; abeoiαé1,.[]()/""", "\\em ", "&amp;", "<b>", "\\alpha"]
_MARKS = st.lists(st.sampled_from(_PIECES), max_size=60).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clean text stays", "clean text stays"),
        (r"Schr\"odinger", "Schrödinger"),
        (r"Erd\H{o}s and Poincar\'e", "Erdős and Poincaré"),
        (r"{\'{\i}}, \c{c}, \v S, {\aa}", "í, ç, Š, å"),
        (r"\L{}ukasz, stra{\ss}e, \O re", "Łukasz, straße, Øre"),
        (r"{\em so} \textbf{bold~text}", "so bold text"),
        (r"40\% of $x^2$ and $x_{i}$", "40% of x2 and xi"),
        (r"$\mathcal{O}(n \log n)$", "O(n log n)"),
        (r"$\alpha$-stable on $\mathbb{R}^n$", "α-stable on Rn"),
        (r"$\frac{a}{b} \leq 4\times$", "a/b ≤ 4×"),
        (r"our \method{} wins \cite{smith2020}", "our method wins"),
        ("pages 1--2 --- ``quoted''", "pages 1–2 — “quoted”"),
        ("a &amp; b &lt; c", "a & b < c"),
        ("<b>bold</b> x<sub>2</sub>", "bold x2"),
        ('<jats:p>One.</jats:p><a href="https://x.org">two</a>', "One. two"),
        ("a < b and c > d", "a < b and c > d"),
        ("cost $5", "cost 5"),
        (r"\$5 and \$6", "5 and 6"),
    ],
)
def test_tex_and_markup_become_plain_text(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_text_without_marks_comes_back_as_it_is() -> None:
    text = "We propose R^2ec, a_b and 100% more. " * 40
    assert plain(text) is text


@given(st.one_of(st.text(), _MARKS))
def test_plain_twice_is_plain_once(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(_MARKS)
def test_plain_leaves_no_mark_of_tex(text: str) -> None:
    assert not set(plain(text)) & set("\\${}~")


def test_nested_markup_of_any_depth_ends() -> None:
    for text in (
        "&amp;" * 20_000,
        "<b" * 20_000 + ">" * 20_000,
        "{" * 50_000,
        "\\cite[" * 10_000,
        "$" * 50_001,
        "\\frac{" * 10_000,
    ):
        assert len(plain(text)) <= len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one line", "one line"),
        ("two\n  lines\r\n", "two lines"),
        (" \t a\u00a0b\u3000c ", "a b c"),
        ("a\x00b\x07c\x1b[0m", "abc[0m"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("right\u202eto left", "rightto left"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("", ""),
    ],
)
def test_blanks_collapse_and_what_cannot_be_shown_goes(text: str, expected: str) -> None:
    assert collapse(text) == expected


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_collapsed_text_is_one_line_that_can_be_stored(text: str) -> None:
    collapsed = collapse(text)
    assert collapse(collapsed) == collapsed
    assert "\n" not in collapsed
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in collapsed)
    collapsed.encode("utf-8")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("R^2ec: Towards Recommenders", r"$\text{R}^2\text{ec}$: Towards Recommenders"),
        (r"SAEs $\textit{Can}$ Improve", "SAEs Can Improve"),
        (r"$\alpha$-Divergences", "alpha divergences"),
        ("α-Divergences", "alpha divergences"),
        ("Search & Rescue", "Search and Rescue"),
        ("Search &amp; Rescue", r"Search \& Rescue"),
        ("Poincaré ResNet", r"Poincar\'e ResNet"),
        ("Łukasz on Straße", "Lukasz on strasse"),
        ("The {BERT} Model", "the bert model"),
        ("Deep  Learning:\n a Survey", "Deep Learning - A Survey"),
        ("2× faster", r"2$\times$ Faster"),
        ("ﬁnding", "finding"),
    ],
)
def test_spellings_of_one_title_have_one_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other) != ""


def test_titles_of_other_scripts_keep_their_letters() -> None:
    assert title_key("深度学习 综述") == "深度学习综述"
    assert title_key("हिन्दी") != title_key("हन्द")
    assert title_key("???") == ""


@given(st.one_of(st.text(), _MARKS))
def test_the_key_of_a_key_is_the_key(text: str) -> None:
    assert title_key(title_key(text)) == title_key(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Jane van der Berg", "berg"),
        ("Berg, Jane van der", "berg"),
        ("van der Berg, Jane", "berg"),
        ("J. Berg Jr.", "berg"),
        ("Berg, Jr., J.", "berg"),
        ("Berg J.", "berg"),
        ("Jane Berg III", "berg"),
        ("Jane Berg (Nowhere, Ltd.)", "berg"),
        ("Jane Berg 0001", "berg"),
        (r"Paul Erd\H{o}s", "erdos"),
        ("José García", "garcia"),
        ("Łukasz Żółty", "zolty"),
        ("Anne Smith-Jones", "smithjones"),
        ("O’Neil", "oneil"),
        ("Qwen", "qwen"),
        ("陈伟", "陈伟"),
        ("Jr.", "jr"),
        ("", ""),
        (" , ", ""),
    ],
)
def test_a_surname_is_the_same_however_the_name_is_written(name: str, expected: str) -> None:
    assert surname(name) == expected


@given(st.one_of(st.text(), _MARKS))
def test_any_name_has_a_surname_of_letters_or_none(name: str) -> None:
    assert all(character.isalpha() or unicodedata.category(character)[0] == "M" for character in surname(name))


def test_a_title_of_bibtex_is_readable_and_keeps_its_formulas() -> None:
    assert (
        readable(r"The {BERT} of {\"O}zg{\"u}r: $O(n^{2})$ \emph{and} more") == "The BERT of Özgür: $O(n^{2})$ and more"
    )
