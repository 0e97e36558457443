"""What is common in an archive: the yardstick by which an interest's words and likes are told from everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tidings.learn.layout import Recent, by_column, normalised, owners_of, spans
from tidings.types import TERM_BITS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tidings.learn.papers import Papers
    from tidings.types import Terms

BACKGROUND = 2048
"""Papers that stand for the archive: among them neighbours are found, and by them a score is put on its scale."""
WHITENING = 0.2
"""The power of the covariance that vectors are divided by: 0 leaves them, 0.5 makes all directions alike. While likes
are few, the main directions of the archive are still what tells most (benchmarks/results/feeds.md)."""
KEPT = 192
"""The main directions that are kept: the rest of 384 costs as much again and finds nothing more."""
FLOOR = 0.1
"""What is added to each variance, as a share of the mean one, so that directions of noise are not blown up."""
COMMON = 0.15
"""Words in more than this share of papers say little, and looking them up would cost the most."""
SATURATION = 2.0
LENGTH_SHARE = 0.4
"""BM25's k1 and b (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009)."""


class Corpus(NamedTuple):
    """What papers in general are like, from a sample of them. Their vectors have D dimensions, laid out d.

    ``mean`` float32 (D,); ``whitening`` and ``unwhitening`` float32 (D, d), on the main axes of the archive; ``rarity``
    float32 (2 ** TERM_BITS,), what a word is worth by how few papers have it; ``length`` the words of a usual paper;
    ``background`` some papers laid out, whose words are by paper too: those of paper i are ``near_terms`` (uint32) and
    ``near_values`` (float32) from ``near_starts[i]`` to ``near_starts[i + 1]``; ``usual`` float32 (d,) and ``spread``
    float32 (d, d) mean and covariance of their laid-out vectors.
    """

    mean: NDArray[np.float32]
    whitening: NDArray[np.float32]
    unwhitening: NDArray[np.float32]
    rarity: NDArray[np.float32]
    length: float
    usual: NDArray[np.float32]
    spread: NDArray[np.float32]
    background: Recent
    near_starts: NDArray[np.int64]
    near_terms: NDArray[np.uint32]
    near_values: NDArray[np.float32]


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
    rarity[frequency > max(COMMON * count, _FEW)] = 0
    length = float(papers.terms.counts.sum(dtype=np.int64) / max(1, count)) or 1.0
    whitening, unwhitening = _whitening(known - mean)
    chosen = take(papers, np.unique(np.linspace(0, max(0, count - 1), min(count, BACKGROUND)).astype(np.int64)))
    by_paper = chosen.terms.starts, chosen.terms.terms, np.zeros(0, np.float32)
    bare = Corpus(mean, whitening, unwhitening, rarity, length, mean, whitening, _NOTHING, *by_paper)
    background = prepare(bare, chosen)
    usual, spread = _moments(background.vectors)
    return bare._replace(background=background, usual=usual, spread=spread, near_values=worth(bare, chosen.terms))


def prepare(corpus: Corpus, papers: Papers) -> Recent:
    """Return candidates laid out for scoring; 30,000 of them take a second, so keep it while they stay the same."""
    return by_column(whitened(corpus, papers.vectors), papers.terms, worth(corpus, papers.terms))


def whitened(corpus: Corpus, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors less the mean, partly whitened, of length 1; a paper without a vector stays 0, like any other."""
    less = np.where(vectors.any(axis=1, keepdims=True), vectors - corpus.mean, np.float32(0))
    return normalised(less @ corpus.whitening)


def asked(corpus: Corpus, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors of interests' own words so that a product with a whitened paper is near their plain cosine.

    A few words lie elsewhere than papers do. Whitened and less the papers' mean as a paper is, they find a tenth less.
    """
    return normalised(vectors @ corpus.unwhitening)


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
        common = {name: arrays[name] for name in Corpus._fields if name not in {"length", "background"}}
        return Corpus(**common, length=float(arrays["length"]), background=background)


def _whitening(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the main axes over and times their deviations to 2 ``WHITENING``, evened the more the fewer the vectors.

    One shared covariance for all interests is what makes a mean enough (Wang et al., A Hard-to-Beat Baseline for
    Training-free CLIP-based Adaptation, 2024).
    """
    dimensions = vectors.shape[1]
    if not vectors.any():
        axes = np.eye(dimensions, min(dimensions, KEPT), dtype=np.float32)
        return axes, axes
    variances, axes = np.linalg.eigh((vectors.T @ vectors / len(vectors)).astype(np.float64))
    variances = np.maximum(variances, 0) / variances.mean() + FLOOR + dimensions / len(vectors)
    axes, variances = axes[:, -KEPT:], variances[-KEPT:]
    down, up = axes * variances**-WHITENING, axes * variances**WHITENING
    return down.astype(np.float32), up.astype(np.float32)


def _moments(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    dimensions = vectors.shape[1]
    if not len(vectors):
        return np.zeros(dimensions, np.float32), np.zeros((dimensions, dimensions), np.float32)
    usual = vectors.mean(axis=0)
    return usual, (vectors.T @ vectors / len(vectors) - np.outer(usual, usual)).astype(np.float32)


_FEW = 20  # papers; in so small an archive a word in a tenth of them is none that all papers have
_NOTHING = Recent(
    np.zeros((0, 0), np.float32),
    np.zeros(0, np.uint32),
    np.zeros(1, np.int64),
    np.zeros(0, np.int64),
    np.zeros(0, np.float32),
)
