"""The gist of a paper: the sentence of its abstract that would find it again among the papers of its day."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tidings.digest.wording import printed, sentences, shortened
from tidings.types import Paper

Vectors = NDArray[np.float32]

COMMON = 0.5
"""What likeness to the average of the day costs, against likeness to the paper.

Of 2,000 papers of arXiv, the gist finds its own among all of them first for 99.5 %, the first sentence for 92.0 %; with
less the gists grow longer and find no more, with more they find fewer (benchmarks/gists.py).
"""
LONGEST = 320
"""Characters of a gist; a sentence that is longer is cut at a word."""
_SHORTEST = 40  # "Code is available." finds nothing
_ADDRESS = re.compile(r"https?://|www\.|\bgithub\b", re.IGNORECASE)


def best(candidates: Vectors, paper: Vectors, average: Vectors) -> int:
    """Return which sentence best retrieves its own paper: like the paper, unlike the average of the day.

    ``candidates`` has shape (n, d), n at least 1; ``paper`` and ``average`` have shape (d,). All but the average are
    L2-normalised, or zero.
    """
    length = float(np.linalg.norm(average))
    common = average / length if length else average
    return int(np.argmax(candidates @ (paper - COMMON * common)))


def first_sentences(abstract: str) -> str:
    """Return as many of the first sentences as fit, at least the first one, cut at a word if need be."""
    kept = ""
    for sentence in sentences(printed(abstract)):
        if kept and len(kept) + 1 + len(sentence) > LONGEST:
            break
        kept = f"{kept} {sentence}".strip()
    return shortened(kept, LONGEST)


def gists(
    papers: Sequence[Paper], vectors: Vectors, average: Vectors, encode: Callable[[Sequence[str]], Vectors]
) -> list[str]:
    """Return the gist of each paper, "" where it has no abstract.

    ``vectors`` has shape (n, d), a row for each paper, zero where it has none; ``average`` has shape (d,) and is the
    mean of the day's; ``encode`` returns one normalised row for each text.
    """
    telling = [[text for text in sentences(printed(paper.abstract)) if _may_stand_alone(text)] for paper in papers]
    rows = encode([text for texts in telling for text in texts])
    found, start = [], 0
    for paper, vector, texts in zip(papers, vectors, telling, strict=True):
        own = rows[start : start + len(texts)]
        start += len(texts)
        is_known = len(texts) > 1 and bool(vector.any())
        found.append(texts[best(own, vector, average)] if is_known else first_sentences(paper.abstract))
    return [shortened(text, LONGEST) for text in found]


def _may_stand_alone(sentence: str) -> bool:
    return _SHORTEST <= len(sentence) <= LONGEST and not _ADDRESS.search(sentence)
