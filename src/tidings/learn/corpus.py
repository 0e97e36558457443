"""What is common in an archive: the yardstick by which an interest's words and likes are told from everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.learn.layout import Recent, by_column, owners_of
from tidings.types import TERM_BITS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tidings.learn.papers import Papers
    from tidings.types import Terms

BACKGROUND = 4096
"""Papers that stand for the archive when a score is put on its scale."""
RIDGE = 0.3
"""How far the covariance is shrunk towards a multiple of the identity, 0 to 1."""
SATURATION = 1.2
LENGTH_SHARE = 0.4
"""BM25's k1 and b (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009)."""


class Corpus(NamedTuple):
    """What papers in general are like, from a sample of them; d dimensions.

    ``mean`` float32 (d,); ``precision`` float32 (d, d), the inverse of the shrunk covariance of the vectors;
    ``rarity`` float32 (2 ** TERM_BITS,), what a word is worth by how few papers have it; ``length`` the words of a
    usual paper; ``background`` some papers laid out, by which scores are put on one scale.
    """

    mean: NDArray[np.float32]
    precision: NDArray[np.float32]
    rarity: NDArray[np.float32]
    length: float
    background: Recent


def corpus_of(papers: Papers) -> Corpus:
    """Return what is common among papers, a sample of an archive spread evenly over it.

    Papers without vector or words count where they have something to say. An empty sample is an answer too: then
    nothing is known to be common.
    """
    known = papers.vectors[papers.vectors.any(axis=1)]
    mean = known.mean(axis=0) if len(known) else np.zeros(papers.vectors.shape[1], np.float32)
    count = len(papers.terms.starts) - 1
    frequency = np.bincount(papers.terms.terms, minlength=2**TERM_BITS)
    rarity = np.log((count + 1) / (frequency + 0.5)).astype(np.float32)
    length = float(papers.terms.counts.sum(dtype=np.int64) / max(1, count)) or 1.0
    bare = Corpus(mean, _precision(known - mean), rarity, length, _NOTHING)
    chosen = np.unique(np.linspace(0, max(0, count - 1), min(count, BACKGROUND)).astype(np.int64))
    return bare._replace(background=prepare(bare, take(papers, chosen)))


def prepare(corpus: Corpus, papers: Papers) -> Recent:
    """Return candidates laid out for scoring; 30,000 of them take a second, so keep it while they stay the same."""
    return by_column(centred(corpus, papers.vectors), papers.terms, worth(corpus, papers.terms))


def centred(corpus: Corpus, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors less the mean; a paper without a vector stays 0, which is like any other."""
    return np.where(vectors.any(axis=1, keepdims=True), vectors - corpus.mean, np.float32(0))


def worth(corpus: Corpus, terms: Terms) -> NDArray[np.float32]:
    """Return what each word weighs in its paper, shape of ``terms.terms``: BM25's saturation, rarity, length 1."""
    owners, count = owners_of(terms), len(terms.starts) - 1
    lengths = np.bincount(owners, terms.counts, count)
    damping = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * lengths / corpus.length)
    values = terms.counts / (terms.counts + damping[owners]) * corpus.rarity[terms.terms]
    norms = np.sqrt(np.bincount(owners, values**2, count))
    return (values / np.maximum(norms, 1e-9)[owners]).astype(np.float32)


def take(papers: Papers, places: NDArray[np.int64]) -> Papers:
    """Return the papers at those places."""
    from tidings.learn.layout import spans

    positions, lengths = spans(papers.terms.starts, places)
    starts = np.append(0, np.cumsum(lengths)).astype(np.int64)
    terms = papers.terms._replace(
        starts=starts, terms=papers.terms.terms[positions], counts=papers.terms.counts[positions]
    )
    return papers._replace(vectors=papers.vectors[places], terms=terms)


def save(corpus: Corpus, path: Path) -> None:
    """Write a corpus to a file."""
    common = {name: value for name, value in corpus._asdict().items() if name != "background"}
    with path.open("wb") as file:
        np.savez(file, **common, **{f"background_{name}": value for name, value in corpus.background._asdict().items()})


def load(path: Path) -> Corpus:
    """Return the corpus of a file; raise OSError, ValueError or KeyError for one that is damaged or of another form."""
    with np.load(path, allow_pickle=False) as arrays:
        background = Recent(*(arrays[f"background_{name}"] for name in Recent._fields))
        mean, precision, rarity = (arrays[name] for name in ("mean", "precision", "rarity"))
        return Corpus(mean, precision, rarity, float(arrays["length"]), background)


def _precision(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inverse of the covariance shrunk to the identity (Ledoit, Wolf 2004), the more the fewer vectors."""
    dimensions = vectors.shape[1]
    if not len(vectors):
        return np.eye(dimensions, dtype=np.float32)
    covariance = (vectors.T @ vectors / len(vectors)).astype(np.float64)
    usual = max(float(np.trace(covariance)) / dimensions, 1e-9)
    share = max(RIDGE, dimensions / (dimensions + len(vectors)))
    shrunk = (1 - share) * covariance + share * usual * np.eye(dimensions)
    return np.linalg.inv(shrunk).astype(np.float32)


_NOTHING = Recent(
    np.zeros((0, 0), np.float32),
    np.zeros(0, np.uint32),
    np.zeros(1, np.int64),
    np.zeros(0, np.int32),
    np.zeros(0, np.float32),
)
