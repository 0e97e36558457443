"""Texts as learning sees them: vectors of the bundled encoder, and words as terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from tidings.embed import load_default
from tidings.hashing import bucket
from tidings.index.words import paper_text, tokens
from tidings.learn import Papers
from tidings.plain import plain
from tidings.types import TERM_BITS, Terms


@lru_cache(1_000_000)
def _term(word: str) -> int:
    return bucket(word, TERM_BITS)


def papers_of(texts: Sequence[tuple[str, str]]) -> Papers:
    """Return (title, abstract) pairs as papers; the words of a title count twice, as in the index."""
    made = [(plain(title), plain(abstract)) for title, abstract in texts]
    vectors = load_default().encode([paper_text(title, abstract) for title, abstract in made])
    counted = (Counter(map(_term, tokens(f"{title} {title} {abstract}"))) for title, abstract in made)
    return Papers(vectors, terms_of(counted))


def terms_of(counted: Iterable[dict[int, int]]) -> Terms:
    """Return bags of words, each from term to count, as arrays."""
    starts, terms, counts = [0], [], []
    for bag in counted:
        held = sorted(bag)
        terms.append(np.array(held, np.uint32))
        counts.append(np.array([min(255, bag[term]) for term in held], np.uint8))
        starts.append(starts[-1] + len(held))
    nothing = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint8)]
    return Terms(np.array(starts, np.int64), np.concatenate(terms or nothing[0]), np.concatenate(counts or nothing[1]))
