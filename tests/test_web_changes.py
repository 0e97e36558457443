"""What changed in a text, as a page shows it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tidings.types import FieldChange, Revision
from tidings.web.changes import ADDED, GONE, KEPT, Difference, changed

SEEN = datetime(2026, 3, 2, 6, tzinfo=UTC)


def difference(before: str, after: str, field: str = "abstract") -> Difference:
    return changed([Revision("arxiv", SEEN, 2, (FieldChange(field, before, after),))])[0].differences[0]


def pieces(before: str, after: str, field: str = "abstract") -> list[tuple[str, str]]:
    return [(piece.kind, str(piece.text)) for piece in difference(before, after, field).pieces]


def test_a_word_that_came_and_one_that_went_are_told_apart() -> None:
    assert pieces("We count many zebras", "We count few striped zebras") == [
        (KEPT, "We count"),
        (GONE, "many"),
        (ADDED, "few striped"),
        (KEPT, "zebras"),
    ]


def test_the_middle_of_a_long_stretch_that_was_kept_is_left_out() -> None:
    words = " ".join(f"w{n}" for n in range(40))
    assert pieces(f"old {words} old", f"new {words} new") == [
        (GONE, "old"),
        (ADDED, "new"),
        (KEPT, "w0 w1 w2 w3 w4 w5 … w34 w35 w36 w37 w38 w39"),
        (GONE, "old"),
        (ADDED, "new"),
    ]
    assert pieces(f"{words} old", words)[0] == (KEPT, "… w34 w35 w36 w37 w38 w39")
    assert pieces(f"old {words}", words)[1] == (KEPT, "w0 w1 w2 w3 w4 w5 …")


def test_a_word_or_two_between_changes_do_not_tear_them_apart() -> None:
    assert pieces("a red and big house", "a blue and small house") == [
        (KEPT, "a"),
        (GONE, "red and big"),
        (ADDED, "blue and small"),
        (KEPT, "house"),
    ]


def test_a_formula_is_one_word_and_stays_whole() -> None:
    kept, gone, added, _ = pieces("It takes $O(n \\log n)$ steps", "It takes $O(n + m)$ steps")
    assert kept == (KEPT, "It takes")
    assert gone[1].startswith("<math")
    assert gone[1].endswith("</math>")
    assert added[1].count("<math") == 1


def test_people_are_compared_name_by_name() -> None:
    told = difference("Ada Lovelace; Charles Babbage", "Ada Lovelace; Alan Turing; Charles Babbage", "authors")
    assert [(piece.kind, str(piece.text)) for piece in told.pieces] == [
        (KEPT, "Ada Lovelace"),
        (ADDED, "Alan Turing"),
        (KEPT, "Charles Babbage"),
    ]
    assert told.glue == ", "


def test_markup_of_a_source_stays_text() -> None:
    assert pieces("<script>", "<b>")[0] == (GONE, "&lt;script&gt;")


def test_a_withdrawal_is_said() -> None:
    assert pieces("", "withdrawn", "withdrawn") == [(ADDED, "withdrawn")]


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
def test_both_texts_can_be_read_off_the_pieces(before: list[str], after: list[str]) -> None:
    shown = pieces("; ".join(before), "; ".join(after), "categories")
    if any("…" in text for _, text in shown):
        return
    for kind, text in ((GONE, before), (ADDED, after)):
        assert [item for k, t in shown if k in (KEPT, kind) for item in t.split(", ")] == text
