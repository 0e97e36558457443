"""Text to units: the words, word pieces and word pairs that own a row of the static table."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

LONGEST_TEXT = 100_000  # characters read; a book pasted into the search field costs no more than a chapter
LONGEST_WORD = 40  # characters; what is longer is a hash or an address, not a word
MOST_REMEMBERED = 200_000  # words whose pieces are kept; the rest is cut again when met

_WORD = re.compile(r"[^\W_]+")
_MARK = re.compile("[\u0300-\u036f]+")


def words_of(text: str) -> list[str]:
    """Return the lower-cased runs of letters and digits, accents removed, of the first 100,000 characters."""
    text = text[:LONGEST_TEXT]
    if not text.isascii():
        text = _MARK.sub("", unicodedata.normalize("NFKD", text))
    return _WORD.findall(text.lower())


class PieceMemory(dict[str, tuple[int, ...]]):
    """From a word to its pieces' rows; a word not seen before is cut by the tokenizer once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        vocabulary = tokenizer.get_vocab(with_added_tokens=False)
        self._tokenizer = tokenizer
        self._unknown = vocabulary.get("[UNK]", -1)
        self._known = {word: (row,) for word, row in vocabulary.items() if row != self._unknown and word[:2] != "##"}
        super().__init__(self._known)

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(word) > LONGEST_WORD:
            return ()
        pieces = tuple(row for row in self._tokenizer.encode(word).ids if row != self._unknown)
        if len(self) > MOST_REMEMBERED:
            self.clear()
            self.update(self._known)
        self[word] = pieces
        return pieces


class Units:
    """Cut texts into rows of the table: pieces first, then the pairs of neighbouring pieces that are units.

    ``pairs`` has shape (p, 2): the two pieces of each pair, whose own row is ``first_pair`` plus its place.
    ``size`` is the number of rows a table for these units has.
    """

    def __init__(self, tokenizer: Tokenizer, pairs: NDArray[np.integer], first_pair: int) -> None:
        self._pieces = PieceMemory(tokenizer)
        self.first_pair = first_pair
        keys = pairs[:, 0].astype(np.int64) * first_pair + pairs[:, 1] if len(pairs) else np.zeros(0, dtype=np.int64)
        self._pair_order = np.argsort(keys)
        self._pair_keys = keys[self._pair_order]
        self.size = first_pair + len(pairs)

    def pieces(self, text: str) -> list[int]:
        """Return the rows of the text's pieces, in reading order; empty where nothing is known."""
        return list(chain.from_iterable(map(self._pieces.__getitem__, words_of(text))))

    def batch(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (which text, which row) for every unit met, two arrays of equal length, repeats included."""
        cut = [self.pieces(text) for text in texts]
        lengths = [len(pieces) for pieces in cut]
        rows = np.fromiter(chain.from_iterable(cut), dtype=np.int64, count=sum(lengths))
        owners = np.repeat(np.arange(len(texts)), lengths)
        places, pair_rows = self.pairs(owners, rows)
        return np.concatenate((owners, owners[places])), np.concatenate((rows, pair_rows))

    def pairs(self, owners: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs among neighbouring pieces of one text, as (where the first piece stands, the pair's row)."""
        if len(self._pair_keys) == 0 or len(rows) < 2:
            return owners[:0], rows[:0]
        keys = rows[:-1] * self.first_pair + rows[1:]
        places = np.minimum(np.searchsorted(self._pair_keys, keys), len(self._pair_keys) - 1)
        found = np.flatnonzero((self._pair_keys[places] == keys) & (owners[:-1] == owners[1:]))
        return found, self._pair_order[places[found]] + self.first_pair
