"""Titles and abstracts as HTML: nothing of the text becomes markup, and formulas become MathML."""

from __future__ import annotations

import html
import json
import lzma
import re
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tidings.rank.marks import formulas
from tidings.web.math import LONGEST_FORMULA, render

MATHML = frozenset(
    [
        "math",
        "mrow",
        "mi",
        "mn",
        "mo",
        "mtext",
        "mspace",
        "ms",
        "mfrac",
        "msqrt",
        "mroot",
        "mstyle",
        "merror",
        "mpadded",
        "mphantom",
        "mfenced",
        "menclose",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mmultiscripts",
        "mprescripts",
        "none",
        "mtable",
        "mtr",
        "mtd",
        "mlabeledtr",
    ]
)


def tree(markup: str) -> etree._Element:
    """Read the markup as XML, which refuses whatever is not well formed."""
    return etree.fromstring(f"<text>{html_free(markup)}</text>", etree.XMLParser(resolve_entities=False))


def html_free(markup: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", markup)


def assert_harmless(markup: str) -> None:
    for element in tree(markup).iterdescendants():
        name = etree.QName(element).localname
        assert name in MATHML | {"mark", "em", "strong", "code"}
        for attribute, value in element.attrib.items():
            assert attribute not in {"href", "style", "src", "id"}
            assert not str(attribute).startswith("on")
            assert "script:" not in str(value)


def seen(text: str) -> str:
    """Return what a reader of the page sees."""
    return "".join(str(part) for part in tree(str(render(text))).itertext())


def test_text_without_tex_is_only_escaped_and_marked() -> None:
    assert render("a <b> & 'c'") == "a &lt;b&gt; &amp; &#39;c&#39;"
    assert render("a <rank> b", ((3, 7),)) == "a &lt;<mark>rank</mark>&gt; b"


def test_marks_stand_beside_tex() -> None:
    assert render(r"rank \emph{low rank} $x$ rank", ((0, 4), (15, 19), (25, 29))) == (
        '<mark>rank</mark> <em>low <mark>rank</mark></em> <math xmlns="http://www.w3.org/1998/Math/MathML" '
        'display="inline"><mrow><mi>x</mi></mrow></math> <mark>rank</mark>'
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            r"Schr\"odinger, Erd\H{o}s, {\'e}t\'e, \v{S}ime\v cek, \o re, na\"{\i}ve",
            "Schrödinger, Erdős, été, Šimeček, øre, naïve",
        ),
        (r"R\&D at 5\% of \$3", "R&D at 5% of $3"),
        ("Fig.~3 at ~5 of http://x.org/~me", "Fig.\u00a03 at ~5 of http://x.org/~me"),
        ("a--b --- c and --flag ----", "a–b — c and --flag ----"),
        ("``quoted''", "“quoted”"),
        (r"\textbf{a \emph{b}} {\it c} {d}", "a b c {d}"),
        (r"\unknown{a} C:\temp", r"\unknown{a} C:\temp"),
        ("costs $5 and $10", "costs $5 and $10"),
        (r"\emph{never closed", "never closed"),
        (r"} {", "} {"),
    ],
)
def test_text_commands_of_tex_are_set(text: str, shown: str) -> None:
    assert seen(text) == shown


@pytest.mark.parametrize("text", [r"$\alpha$", r"\(\frac{a}{b}\)", r"$$\sum_{i=1}^n x_i$$", r"\[ \mathscr{L} \]"])
def test_formulas_become_mathml(text: str) -> None:
    markup = str(render(text))
    assert markup.startswith("<math ")
    assert ('display="block"' in markup) == (text[1] in "$[")


def test_styled_letters_are_letters_of_their_own() -> None:
    assert seen(r"$\mathscr{L}\bm{x}\mathfrak{C}\mathbb{R}$") == "ℒ𝒙ℭℝ"


@pytest.mark.parametrize(
    "text",
    [
        r"$\unknowncommand{x}$",
        r"$\frac{a$",
        "$_$",
        r"$\left( a$",
        "$" + "x" * (LONGEST_FORMULA + 1) + "$",
        "$" + "{" * 500 + "_$",
    ],
)
def test_a_formula_that_fails_shows_its_source(text: str) -> None:
    assert render(text) == f'<code class="tex">{html.escape(text)}</code>'


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        r"$\text{<script>alert(1)</script>}$",
        r"$\href{javascript:alert(1)}{x}$",
        r"$\style{background:url(//evil)}{x}$",
        r'$\color{red" onclick="alert(1)}{x}$',
        r"$\text{&#x0003C;script>}$ $\class{x}{y}$",
        r"\emph{<img src=x onerror=alert(1)>} {\bf <b>}",
        r"$</math><script>alert(1)</script>_1$",
        "$a$" * 30_000,
        r"\emph{" * 15_000,
        "$" * 100_000,
        "{}" * 50_000,
        r"\(" * 50_000,
        r"\"" * 50_000,
        "-" * 100_000,
    ],
)
def test_hostile_text_stays_text(text: str) -> None:
    assert_harmless(str(render(text, ((0, 1), (2, 5)))) if len(text) < 1_000 else str(render(text[:2_000])))
    assert render(text)


SIGNS = [
    "$",
    "$$",
    r"\(",
    r"\)",
    "{",
    "}",
    "<",
    "&",
    '"',
    r"\emph{",
    r"\'e",
    "^",
    "_",
    r"\frac",
    r"\text{",
    "--",
    "~",
    "rank",
    " ",
]


@given(st.lists(st.one_of(st.sampled_from(SIGNS), st.text(max_size=4)), max_size=15).map("".join), st.data())
def test_whatever_comes_the_markup_is_well_formed_and_harmless(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    marks = tuple(zip(cuts[::2], cuts[1::2], strict=False))
    assert_harmless(str(render(text, marks)))


@pytest.mark.parametrize(("name", "share"), [("arxiv_math", 0.08), ("arxiv_cs", 0.01)])
def test_formulas_of_real_abstracts_are_understood(shared_data: Path, name: str, share: float) -> None:
    """Mathematicians use commands of their own in abstracts, so some formulas must stay as they were written."""
    with lzma.open(shared_data / "papers" / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        abstracts = [json.loads(line).get("abstract") or "" for line in islice(lines, 1_000)]
    sources = [text[start:end] for text in abstracts for start, end in formulas(text)]
    failed = [source for source in sources if "<code" in render(source)]
    assert len(sources) > 50
    assert len(failed) <= share * len(sources), failed


@pytest.mark.parametrize("command", [r"\R", r"\RR", r"\bR", r"\IR"])
def test_the_commands_that_many_authors_share_are_known(command: str) -> None:
    assert seen(f"${command}^n$") == "ℝn"
