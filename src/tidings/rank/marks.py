"""Which words of a text to mark, and which parts of it are formulas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set

Range = tuple[int, int]

_WORD = re.compile(r"[^\W_]+")
_GAP = re.compile(r"[\s-]?")
_DELIMITER = re.compile(r"\$|\\[()\[\]]|\\.", re.DOTALL)
_CLOSING = {r"\(": r"\)", r"\[": r"\]"}
_LOOKS_LIKE_MATHS = re.compile(r"[\\^_{}=]")
_MONEY = re.compile(r"\d[\d.,]*\s?[a-zA-Z]*[\s,;.-]+(?:[a-zA-Z]{2,}|\d)")


def marks(text: str, stems: Set[str], stem: Callable[[str], str]) -> tuple[Range, ...]:
    """Return the ranges of the words of ``text`` whose stem is among ``stems``, in their order and apart.

    ``stem`` takes a word as it stands in the text. Words with only a blank or a hyphen between them make one range;
    words inside formulas are left alone.
    """
    # a text has few different words, and few of those are looked for: only they are sought from place to place
    wanted = [word for word in set(_WORD.findall(text)) if stem(word) in stems] if stems else []
    if not wanted:
        return ()
    found = sorted(place for word in wanted for place in _places(text, word))
    return tuple(_joined(text, _outside(iter(found), formulas(text))))


def _places(text: str, word: str) -> Iterator[Range]:
    """Yield where the word stands as a whole word."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start, end
        start = text.find(word, end)


def formulas(text: str) -> tuple[Range, ...]:
    r"""Return the ranges of ``$…$``, ``$$…$$``, ``\(…\)`` and ``\[…\]`` with their delimiters, in their order.

    Amounts of money ("costs $5 and $10") are none: a formula neither begins nor ends with a blank unless it holds a
    sign of mathematics, no digit follows it, and it does not read as an amount with words behind it.
    """
    if "$" not in text and "\\" not in text:
        return ()
    return tuple(_formulas(text))


def _formulas(text: str) -> Iterator[Range]:
    delimiters = [match for match in _DELIMITER.finditer(text) if match[0] == "$" or match[0] in r"\(\)\[\]"]
    last = {match[0]: number for number, match in enumerate(delimiters)}
    at = 0
    while at < len(delimiters):
        closing = _closing(text, delimiters, at, last)
        if closing is None:
            at += 1
            continue
        yield delimiters[at].start(), delimiters[closing].end()
        at = closing + 1


def _closing(text: str, delimiters: list[re.Match[str]], at: int, last: dict[str, int]) -> int | None:
    """Return the number of the delimiter that closes the one ``at``; None where that one opens nothing."""
    opening = delimiters[at]
    if opening[0] != "$":
        wanted = _CLOSING.get(opening[0])
        if wanted is None or last.get(wanted, -1) < at:
            return None
        return next(number for number in range(at + 1, len(delimiters)) if delimiters[number][0] == wanted)
    if last["$"] == at:
        return None
    if _is_double(delimiters, at):
        return _double_closing(delimiters, at)
    following = next(number for number in range(at + 1, len(delimiters)) if delimiters[number][0] == "$")
    return following if _is_formula(text, opening.end(), delimiters[following].start()) else None


def _is_double(delimiters: list[re.Match[str]], at: int) -> bool:
    following = delimiters[at + 1] if at + 1 < len(delimiters) else None
    return following is not None and following[0] == "$" and following.start() == delimiters[at].end()


def _double_closing(delimiters: list[re.Match[str]], at: int) -> int | None:
    """Return the second dollar of the pair that closes; a formula in display holds no dollar of its own."""
    following = next((n for n in range(at + 2, len(delimiters)) if delimiters[n][0] == "$"), None)
    if following is None or not _is_double(delimiters, following):
        return None
    return following + 1


def _is_formula(text: str, start: int, end: int) -> bool:
    inner = text[start:end]
    if _LOOKS_LIKE_MATHS.search(inner) or (len(inner.strip()) == 1 and inner.strip().isalpha()):
        return True
    if inner != inner.strip() or text[end + 1 : end + 2].isdigit():
        return False
    return _MONEY.match(inner) is None


def _outside(ranges: Iterator[Range], avoided: tuple[Range, ...]) -> Iterator[Range]:
    """Yield the ranges that touch none of ``avoided``; both come in their order."""
    at = 0
    for start, end in ranges:
        while at < len(avoided) and avoided[at][1] <= start:
            at += 1
        if at == len(avoided) or end <= avoided[at][0]:
            yield start, end


def _joined(text: str, ranges: Iterator[Range]) -> Iterator[Range]:
    current: Range | None = None
    for start, end in ranges:
        if current is not None and _GAP.fullmatch(text, current[1], start):
            current = current[0], end
            continue
        if current is not None:
            yield current
        current = start, end
    if current is not None:
        yield current
