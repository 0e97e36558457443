"""What a source changed in a paper, word by word, as the paper's page shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from itertools import groupby

from markupsafe import Markup

from tidings.rank.marks import formulas
from tidings.types import FieldChange, Revision
from tidings.web.entries import set_text

KEPT, GONE, ADDED = "kept", "gone", "added"

_WORD = re.compile(r"\S+")
_LISTS = frozenset(("authors", "categories"))
_AROUND = 6
"""Words before and after a change that show where it stands."""
_ISLAND = 2
"""So few unchanged words between two changes would only tear apart what reads as one."""

Words = Sequence[str]
Run = tuple[str, list[str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a text: ``kept``, ``gone`` or ``added``."""

    kind: str
    text: Markup


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one field; ``glue`` stands between the pieces."""

    field: str
    pieces: tuple[Piece, ...]
    glue: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What one source changed at one time; ``version`` is the number that brought it, where one is known."""

    source: str
    seen: date
    version: int | None
    differences: tuple[Difference, ...]


def changed(revisions: Sequence[Revision]) -> tuple[Changed, ...]:
    """Return the revisions as they are shown, in their order."""
    return tuple(
        Changed(each.source, each.seen.date(), each.version, tuple(map(_difference, each.changes)))
        for each in revisions
    )


def _difference(change: FieldChange) -> Difference:
    is_list = change.field in _LISTS
    split, glue = (_items, ", ") if is_list else (_words, " ")
    runs = _joined(_runs(split(change.before), split(change.after)))
    pieces = (Piece(kind, set_text(glue.join(words))) for kind, words in _shortened(list(runs)))
    return Difference(change.field, tuple(pieces), glue)


def _words(text: str) -> list[str]:
    """Return the words of a text; a formula is one word, with what touches it."""
    inside = formulas(text)
    words: list[str] = []
    for match in _WORD.finditer(text):
        if words and any(start < match.start() < end for start, end in inside):
            words[-1] += f" {match[0]}"
        else:
            words.append(match[0])
    return words


def _items(text: str) -> list[str]:
    return [item for item in text.split("; ") if item]


def _runs(before: Words, after: Words) -> Iterator[Run]:
    """Yield what was kept, went and came, in reading order; what came stands behind what went in its place."""
    for tag, start, end, low, high in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            yield KEPT, list(before[start:end])
            continue
        if end > start:
            yield GONE, list(before[start:end])
        if high > low:
            yield ADDED, list(after[low:high])


def _joined(runs: Iterator[Run]) -> Iterator[Run]:
    """Yield the runs with changes joined that lie but a word or two apart."""
    listed = list(runs)
    last = len(listed) - 1
    for is_kept, group in groupby(enumerate(listed), lambda run: _stays(run[0], run[1], last)):
        if is_kept:
            yield from (run for _, run in group)
            continue
        gone, added = list[str](), list[str]()
        for _, (kind, words) in group:
            gone += words if kind != ADDED else []
            added += words if kind != GONE else []
        yield from ((kind, words) for kind, words in ((GONE, gone), (ADDED, added)) if words)


def _stays(number: int, run: Run, last: int) -> bool:
    return run[0] == KEPT and (len(run[1]) > _ISLAND or number in (0, last))


def _shortened(runs: list[Run]) -> Iterator[Run]:
    """Yield the runs with an ellipsis for the middle of what was kept."""
    last = len(runs) - 1
    for number, (kind, words) in enumerate(runs):
        before = _AROUND if number > 0 else 0
        after = _AROUND if number < last else 0
        if kind != KEPT or len(words) <= before + after + 1:
            yield kind, words
        else:
            yield kind, [*words[:before], "…", *(words[-after:] if after else ())]
