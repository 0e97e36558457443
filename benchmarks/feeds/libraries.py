"""Libraries: citeulike-t by bags of words, and people's own .bib files against the archive."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

from benchmarks.datasets import archive, shared, title_key
from benchmarks.feeds.curated import quality
from benchmarks.feeds.papers import papers_of
from benchmarks.feeds.readers import citeulike
from benchmarks.metrics import mean_interval
from benchmarks.tables import table
from tidings import learn
from tidings.learn.corpus import take
from tidings.sources.files import read
from tidings.types import Record

READERS = 1000  # of the 2,841 with ten papers or more
FEWEST = 20  # papers with an abstract, below which a .bib file is left out
EVERY = 4  # of the archive's papers one is a candidate
VECTORS = 300

_Pairs = list[tuple[float, float]]


def bags() -> str:
    """Return the table of citeulike-t: words alone, and with vectors of latent semantic analysis for the encoder's."""
    pool, readers = citeulike()
    kept = [reader.likes for reader in readers if len(reader.likes) >= 10]
    chosen = [kept[place] for place in np.random.default_rng(0).choice(len(kept), READERS, replace=False)]
    words = pool.papers
    terms = csr_matrix((words.terms.counts.astype(float), words.terms.terms.astype(int), words.terms.starts))
    weighed = TfidfTransformer(sublinear_tf=True).fit_transform(terms).tocsr()
    latent = TruncatedSVD(VECTORS, random_state=0).fit_transform(weighed).astype(np.float32)
    latent /= np.maximum(np.linalg.norm(latent, axis=1, keepdims=True), 1e-9)
    popular = np.bincount(np.concatenate([reader.likes for reader in readers]), minlength=len(latent))
    random = np.random.default_rng(1)
    scorers = {
        "random": lambda _: random.random(len(latent)),
        "in most libraries (its readers' own among them)": lambda _: popular + random.random(len(latent)) / 2,
        "TF-IDF, nearest centroid": lambda liked: weighed @ np.asarray(weighed[liked].mean(axis=0)).ravel(),
        "Tidings, words alone": _scorer(words),
        "Tidings, words and latent vectors": _scorer(words._replace(vectors=latent)),
    }
    rows = [_row(name, [_library(scorer, likes, chosen) for likes in (5, 10)]) for name, scorer in scorers.items()]
    return f"## citeulike-t\n\n{READERS} readers, {len(latent):,} papers as bags of words.\n\n" + table(
        ("method", "R@100, 5 likes", "AUC", "R@100, 10 likes", "AUC"), rows
    )


def _scorer(papers: learn.Papers) -> Any:
    corpus = learn.corpus_of(papers)
    recent, none = learn.prepare(corpus, papers), take(papers, np.zeros(0, np.int64))
    return lambda liked: learn.score(learn.learn(corpus, None, take(papers, liked), none), recent)


def _library(scorer: Any, likes: int, chosen: list[NDArray[np.int64]]) -> _Pairs:
    found = []
    for number, library in enumerate(chosen):
        liked = np.random.default_rng(number).choice(library, min(likes, len(library) - 1), replace=False)
        scores = np.asarray(scorer(liked))
        hidden = np.zeros(len(scores), np.bool_)
        hidden[library] = True
        rest = np.ones(len(scores), np.bool_)
        rest[liked] = False
        found.append(quality(scores[rest], hidden[rest]))
    return found


def _row(name: str, measured: list[_Pairs]) -> list[str]:
    parts = [[pair[part] for pair in pairs] for pairs in measured for part in (0, 1)]
    return [name, *("{:.3f} [{:.3f}, {:.3f}]".format(*mean_interval(values)) for values in parts)]


def own() -> str:
    """Return the table of people's own libraries: half is liked, half hidden among papers of the archive."""
    pool = archive().papers[::EVERY]
    titles = {title_key(title) for title, _ in pool}
    texts = [text for text in pool if text[1]]
    libraries = [[text for text in library if title_key(text[0]) not in titles] for library in _files()]
    papers = papers_of(texts)
    corpus = learn.corpus_of(papers)
    none = take(papers, np.zeros(0, np.int64))
    rows = []
    for number, library in enumerate(libraries):
        order = np.random.default_rng(number).permutation(len(library))
        half = len(order) // 2
        liked = papers_of([library[place] for place in order[:half]])
        candidates = papers_of([library[place] for place in order[half:]])
        head = learn.learn(corpus, None, liked, none)
        found = np.concatenate([learn.score(head, learn.prepare(corpus, each)) for each in (candidates, papers)])
        recall, area = quality(found, np.arange(len(found)) < len(order) - half)
        rows.append((number + 1, half, len(order) - half, len(head.directions), f"{recall:.3f}", f"{area:.3f}"))
    mean = [f"{np.mean([float(row[place]) for row in rows]):.3f}" for place in (4, 5)]
    return (
        f"## Own libraries\n\nHidden among {len(texts):,} papers of the archive, of all its fields. "
        "Easy where a library is of another field than the archive.\n\n"
        + table(("library", "liked", "hidden", "tastes", "R@100", "AUC"), [*rows, ("mean", "", "", "", *mean)])
    )


def _files() -> list[list[tuple[str, str]]]:
    """Return the largest .bib file of each person with enough papers that have an abstract."""
    largest: dict[str, list[tuple[str, str]]] = {}
    with tempfile.TemporaryDirectory() as folder, tarfile.open(shared("protocols", "samples.tar.xz"), "r:xz") as files:
        for member in files:
            parts = Path(member.name).parts
            if member.name.endswith(".bib") and len(parts) in {3, 4} and parts[0] == "bib_exports":
                path = Path(folder) / "one.bib"
                path.write_bytes(files.extractfile(member).read())  # type: ignore[union-attr]
                records = [found for found in read(path, name="bib") if isinstance(found, Record)]
                library = list({title_key(r.title): (r.title, r.abstract) for r in records if r.abstract}.values())
                if len(library) > len(largest.get(parts[1], [])):
                    largest[parts[1]] = library
    return [library for _, library in sorted(largest.items()) if len(library) >= FEWEST]
