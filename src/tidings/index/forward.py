"""The words of each paper by its id, for learning: which it has, and how often. Two mapped files.

``words`` is only appended to: an item is ``term << 8 | count``, a paper's are one after another, ascending. ``places``
has an item for each row, ``start << 24 | length``: one aligned number, so that no reader ever sees half of one. Item 0
of ``words`` is no paper's, so a place of 0 is a row without a paper, and a paper without a word has another place.

What a rewritten or removed row had stays behind as dead space until the files are copied without it.
"""

from __future__ import annotations

import shutil
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from tidings.hashing import bucket
from tidings.index.manifest import sync_folder
from tidings.index.mapped import MappedArray
from tidings.index.words import tokens
from tidings.types.arrays import TERM_BITS, Terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_STEP = 32_768
_WORDS_STEP = 262_144
_LENGTH_BITS = 24
_LENGTH = (1 << _LENGTH_BITS) - 1
_COUNT_BITS = 8
_COUNT = (1 << _COUNT_BITS) - 1
_NO_TERM = 1 << TERM_BITS  # what no word of a text is: too long to be one
_REMEMBERED = 100_000  # words; about 15 MB
_CHUNK = 8_192
# The words of a plain ASCII text are found by this table and a split, three times as fast as by the analyzer.
_ASCII = bytes(ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else 32 for code in range(256))


class _Stems(dict[bytes, int]):
    """The term of a lower-case ASCII word, worked out once."""

    def __missing__(self, word: bytes) -> int:
        if len(self) >= _REMEMBERED:
            self.clear()
        stems = tokens(word.decode())
        term = self[word] = bucket(stems[0], TERM_BITS) if stems else _NO_TERM
        return term


class _Buckets(dict[str, int]):
    """The term of a stemmed word, worked out once."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _REMEMBERED:
            self.clear()
        term = self[word] = bucket(word, TERM_BITS)
        return term


_term_of_ascii = _Stems()
_term_of_stem = _Buckets()


def terms_of(texts: Sequence[str]) -> Terms:
    """Return the words of texts: the same as ``words.tokens`` finds."""
    words = [_terms_in(text) for text in texts]
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    numbers = np.fromiter(chain.from_iterable(words), np.int64, int(lengths.sum()))
    pairs = (np.repeat(np.arange(len(words)), lengths) << (TERM_BITS + 1)) | numbers
    pairs.sort()
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    counts = np.minimum(np.diff(first, append=len(pairs)), _COUNT)
    owners, terms = pairs[first] >> (TERM_BITS + 1), pairs[first] & (2 * _NO_TERM - 1)
    real = terms != _NO_TERM
    return Terms(
        _starts(np.bincount(owners[real], minlength=len(words))),
        terms[real].astype(np.uint32),
        counts[real].astype(np.uint8),
    )


def learnt_text(title: str, abstract: str) -> str:
    """Return what is kept of a paper's words: those of the title count twice, as in ``words.document``."""
    return f"{title} {title} {abstract}"


def forward_folder(index: Path, number: int) -> Path:
    """Return the folder of that number, see ``Manifest.forward``."""
    return index / f"forward-{number}"


def drop_forward_folders(index: Path, *, but: int | None = None) -> None:
    """Remove the folders that a crash or a copy left behind, or all."""
    kept = None if but is None else forward_folder(index, but)
    for folder in index.glob("forward-*"):
        if folder != kept:
            shutil.rmtree(folder, ignore_errors=True)


class Forward:
    """The words of papers by row number."""

    def __init__(self, folder: Path, *, write: bool) -> None:
        self._places = MappedArray(folder / "places", np.int64, step=_STEP, write=write)
        self._words = MappedArray(folder / "words", np.uint32, step=_WORDS_STEP, write=write)
        self._end = self._found_end() if write else 0

    @property
    def capacity(self) -> int:
        return len(self._places.items)

    @property
    def are_whole(self) -> bool:
        """Whether no file was cut."""
        return self._places.is_whole and self._words.is_whole

    @property
    def is_mostly_dead(self) -> bool:
        """Whether more than half of a file of some size is of rows that were written again since."""
        alive = int((self._places.items & _LENGTH).sum())
        return self._end > _WORDS_STEP and alive < self._end // 2

    def reserve(self, rows: int) -> None:
        """Make room for that many rows; raise OSError when the disk is full."""
        self._places.reserve(rows)

    def write(self, rows: NDArray[np.int64], terms: Terms) -> int:
        """Write the words of rows that have others, and return how many those were; raise OSError on a full disk."""
        packed, starts, lengths = terms.terms << _COUNT_BITS | terms.counts, terms.starts, np.diff(terms.starts)
        known = self._places.items[rows] != 0
        fresh = ~known
        for number in np.flatnonzero(known).tolist():
            piece = packed[starts[number] : starts[number + 1]]
            fresh[number] = not np.array_equal(self._piece(int(rows[number])), piece)
        self._append(rows[fresh], lengths[fresh], packed[np.repeat(fresh, lengths)])
        return int(np.count_nonzero(fresh))

    def remove(self, rows: NDArray[np.int64]) -> None:
        """Forget the words of rows."""
        self._places.items[rows] = 0

    def read(self, rows: NDArray[np.int64]) -> Terms:
        """Return the words of rows; none of a row that has none, or whose place cannot be true."""
        starts, packed = self._read(rows)
        return Terms(starts, packed >> np.uint32(_COUNT_BITS), (packed & _COUNT).astype(np.uint8))

    def broken(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those rows that cannot be true: no place, one outside the file, or terms that do not ascend."""
        places = self._places.items[rows]
        starts, packed = self._read(rows)
        lost = (places == 0) | (np.diff(starts) != places & _LENGTH)
        terms = packed.astype(np.int64) >> _COUNT_BITS
        ascends = np.diff(terms, prepend=-1) > 0
        ascends[starts[:-1][starts[:-1] < len(ascends)]] = True
        unsound = ~ascends | (packed & _COUNT == 0) | (terms >= _NO_TERM)
        lost[np.repeat(np.arange(len(rows)), np.diff(starts))[unsound]] = True
        wrong: NDArray[np.int64] = rows[lost]
        return wrong

    def flush(self) -> None:
        """Put what was written on the disk; a place never gets there before what it points to."""
        self._words.flush()
        self._places.flush()

    def copy(self, folder: Path) -> None:
        """Write the same words into another folder, without dead space; raise OSError on a full disk."""
        fresh = Forward(folder, write=True)
        fresh.reserve(self.capacity)
        rows = np.flatnonzero(self._places.items)
        for begin in range(0, len(rows), _CHUNK):
            chunk = rows[begin : begin + _CHUNK]
            starts, packed = self._read(chunk)
            fresh._append(chunk, np.diff(starts), packed)
        fresh.flush()
        sync_folder(folder)

    def _found_end(self) -> int:
        """Return where to append: behind all that a place points to, as far as there is a file."""
        ends = _ends(self._places.items)
        return max(1, int(ends[ends <= len(self._words.items)].max(initial=0)))

    def _append(self, rows: NDArray[np.int64], lengths: NDArray[np.int64], packed: NDArray[np.uint32]) -> None:
        self._words.reserve(self._end + len(packed))
        self._words.items[self._end : self._end + len(packed)] = packed
        places = (self._end + _starts(lengths)[:-1]) << _LENGTH_BITS | lengths
        self._places.items[rows] = places  # last: a place must not point to what is not there
        self._end += len(packed)

    def _piece(self, row: int) -> NDArray[np.uint32]:
        place = int(self._places.items[row])
        start = place >> _LENGTH_BITS
        piece: NDArray[np.uint32] = self._words.items[start : start + (place & _LENGTH)]
        return piece

    def _read(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        places = self._places.items[rows]
        begins, lengths, ends = places >> _LENGTH_BITS, places & _LENGTH, _ends(places)
        words = self._words.through(int(ends.max(initial=0)))
        lengths[(begins < 1) | (ends > len(words))] = 0
        starts = _starts(lengths)
        at = np.arange(starts[-1]) + np.repeat(begins - starts[:-1], lengths)
        return starts, words[at]


def _ends(places: NDArray[np.int64]) -> NDArray[np.int64]:
    return (places >> _LENGTH_BITS) + (places & _LENGTH)


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _terms_in(text: str) -> list[int]:
    """Return the term of each word of a text, in any order."""
    if text.isascii():
        return list(map(_term_of_ascii.__getitem__, text.encode().translate(_ASCII).split()))
    chunks = text.split()
    other = tokens(" ".join([chunk for chunk in chunks if not chunk.isascii()]))
    return [*_terms_in(" ".join(filter(str.isascii, chunks))), *map(_term_of_stem.__getitem__, other)]
