"""Which words are marked, and what counts as a formula."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rank.marks import formulas, marks


def stem(word: str) -> str:
    return word.casefold().removesuffix("s").removesuffix("ing")


def marked(text: str, *stems: str) -> list[str]:
    return [text[start:end] for start, end in marks(text, frozenset(stems), stem)]


def test_every_form_of_a_word_is_marked() -> None:
    assert marked("Models rank; a MODEL ranks. Remodel it.", "model", "rank") == ["Models rank", "MODEL ranks"]


def test_words_with_a_blank_or_hyphen_between_them_make_one_range() -> None:
    assert marked("low-rank  low rank, low", "low", "rank") == ["low-rank", "low rank", "low"]


def test_words_inside_formulas_are_left_alone() -> None:
    assert marked(r"rank $rank$ \(rank\) $$rank$$ \[rank\] rank", "rank") == ["rank", "rank"]


def test_words_between_amounts_of_money_are_marked() -> None:
    assert marked("from $5 rank to $10 rank", "rank") == ["rank", "rank"]


def test_nothing_is_marked_without_stems() -> None:
    assert marked("rank") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("costs $5 and $10", []),
        ("from $5-$10 or $1.5 million to $2 million", []),
        ("A 100$ price and 5$ more", []),
        ("$10 against $k$ ways", ["$k$"]),
        ("$x$$y$", ["$x$", "$y$"]),
        ("$$x$$ $$ y", ["$$x$$"]),
        ("$ x $ and $ a_1 $", ["$ x $", "$ a_1 $"]),
        (r"\$5 and \$6", []),
        (r"\(a\) \[b\] \( c", [r"\(a\)", r"\[b\]"]),
        (r"$a\$b$", [r"$a\$b$"]),
        (r"\\(a\\)", []),
        ("$", []),
        ("$3$-manifolds", ["$3$"]),
    ],
)
def test_formulas_are_told_from_money(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in formulas(text)] == found


TEXTS = st.lists(
    st.sampled_from(["$", "$$", r"\(", r"\)", r"\[", r"\]", "\\", "rank", " ", "-", "5", "x_1", "ä"]), max_size=25
).map("".join)


@given(TEXTS)
def test_ranges_are_in_order_apart_and_outside_formulas(text: str) -> None:
    found = marks(text, {"rank", "x"}, stem)
    everything = sorted([*found, *formulas(text)])
    assert all(0 <= start < end <= len(text) for start, end in everything)
    assert all(one[1] <= other[0] for one, other in pairwise(everything))


@pytest.mark.parametrize("piece", ["$", "$$", r"\(", r"\(\)", "$ a", "rank ", "rank-", "$a$ rank ", "\\"])
def test_the_longest_hostile_text_is_read(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    found = marks(text, {"rank"}, stem)
    assert bool(found) == ("rank" in piece)
