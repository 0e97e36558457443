"""The bundled encoder: a table of vectors, one row per unit of text, summed and normalised.

No network runs at query time: a text's vector is the sum of the rows of its distinct units. How the table was
trained, from which papers, and what it scores is in `training/README.md`. The idea of a static table distilled
from a transformer is Model2Vec's (https://github.com/MinishLab/model2vec); a weight learnt per token and folded
into its row replaces the idf of SIF (Arora et al., A Simple but Tough-to-Beat Baseline for Sentence Embeddings).
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from tokenizers import Tokenizer

from tidings.embed.units import Units

DATA = Path(__file__).parent / "data"
CHUNK = 64  # texts cut at once: bounds the memory


class StaticEncoder:
    """Text to vectors by one table; safe to share between threads, and the same on every machine.

    ``rows`` is int8 of shape (units, dimensions) and ``scales`` float32 of shape (units,): unit u adds
    ``scales[u] * rows[u]`` once to a text that has it, however often it is there.
    """

    def __init__(self, name: str, units: Units, rows: NDArray[np.int8], scales: NDArray[np.float32]) -> None:
        if len(rows) != units.size or len(scales) != units.size:
            raise ValueError(f"{units.size} units need as many rows, not {len(rows)} with {len(scales)} scales")
        self.name = name
        self.dimensions = int(rows.shape[1])
        self._units = units
        self._rows = rows
        self._scales = scales

    @classmethod
    def load(cls, folder: Path) -> "StaticEncoder":
        """Return the encoder in `table.safetensors` and `tokenizer.json` of a folder."""
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        with safe_open(folder / "table.safetensors", framework="np") as table:
            rows, scales, pairs = (table.get_tensor(part) for part in ("rows", "scales", "pairs"))
            name = table.metadata()["name"]
        return cls(name, Units(tokenizer, pairs, len(rows) - len(pairs)), rows, scales)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one L2-normalised row per text, shape (n, dimensions); a zero row for a text without a known unit.

        No text is refused: blanks, control characters, lone surrogates and a megabyte are all text. A text's
        row does not depend on the texts beside it.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), CHUNK):
            chunk = vectors[start : start + CHUNK]
            self._write_sums(texts[start : start + CHUNK], chunk)
            norms = np.linalg.norm(chunk, axis=1, keepdims=True)
            np.divide(chunk, norms, out=chunk, where=norms > 0)
        return vectors

    def _write_sums(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Write the sum of each text's distinct units.

        One small product per text, not one large per chunk: a large one wakes the threads of the linear
        algebra library, which wait for each other wherever something else uses the processor.
        """
        owners, units = self._units.batch(texts)
        owners, units = np.divmod(np.unique(owners * self._units.size + units), self._units.size)
        ends = np.searchsorted(owners, np.arange(len(texts)), side="right")
        start = 0
        for vector, end in zip(vectors, ends, strict=True):
            distinct = units[start:end]
            np.dot(self._scales[distinct], self._rows.take(distinct, axis=0).astype(np.float32), out=vector)
            start = end


def paper_text(title: str, abstract: str) -> str:
    """Return a paper as every encoder of Tidings reads it."""
    return f"{title}\n{abstract}"


@cache
def load_default() -> StaticEncoder:
    """Return the bundled encoder, loaded once."""
    return StaticEncoder.load(DATA)
