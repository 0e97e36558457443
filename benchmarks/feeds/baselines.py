"""What others do with the same likes: the newest, the usual, TF-IDF, arxiv-sanity-lite's own method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from benchmarks.feeds.curated import Task
from benchmarks.feeds.readers import Pool, Reader
from tidings.embed import load_default
from tidings.index.local import LocalIndex
from tidings.rank import fuse
from tidings.types import Paper


class Blind:
    """Orders that know nothing of the likes."""

    def __init__(self, pool: Pool, readers: list[Reader]) -> None:
        self._pool, self._readers = pool, readers

    def random(self, task: Task, liked: NDArray[np.int64]) -> NDArray[Any]:
        """Return chance."""
        return np.random.default_rng(task.number + len(liked)).random(len(task.candidates))

    def recency(self, task: Task, liked: NDArray[np.int64]) -> NDArray[Any]:
        """Return the newest first, those of a day by chance."""
        return self._pool.days[task.candidates] + self.random(task, liked)

    def popularity(self, task: Task, liked: NDArray[np.int64]) -> NDArray[Any]:
        """Return how many other lists have the paper, ever: more than anybody could know on the day."""
        others = [reader.likes for reader in self._readers if reader is not task.reader]
        counts = np.bincount(np.concatenate(others), minlength=len(self._pool.days))
        return counts[task.candidates] + self.random(task, liked) / 2


class ArxivSanity:
    """TF-IDF and a linear support vector machine as karpathy/arxiv-sanity-lite has them: features of compute.py
    (authors among them), the classifier of serve.py, trained with every other paper as a negative.
    """

    def __init__(self, pool: Pool) -> None:
        vectorizer = TfidfVectorizer(
            strip_accents="unicode",
            stop_words="english",
            token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
            ngram_range=(1, 2),
            max_features=20_000,
            sublinear_tf=True,
            max_df=0.1,
            min_df=5,
        )
        pairs = zip(pool.texts, pool.authors, strict=True)
        made = vectorizer.fit_transform([f"{title} {abstract} {authors}" for (title, abstract), authors in pairs])
        self._features = made.astype(np.float32).tocsr()
        self._vectorizer = vectorizer

    def words(self, task: Task, _: NDArray[np.int64]) -> NDArray[Any]:
        """Return the cosine to the list's name: search by the same words."""
        asked = self._vectorizer.transform([task.reader.words]).toarray().ravel()
        return self._features[task.candidates] @ asked

    def centroid(self, task: Task, liked: NDArray[np.int64]) -> NDArray[Any]:
        """Return the cosine to the mean of the likes."""
        return self._features[task.candidates] @ np.asarray(self._features[liked].mean(axis=0)).ravel()

    def machine(self, task: Task, liked: NDArray[np.int64]) -> NDArray[Any]:
        """Return the distance from the plane."""
        is_liked = np.zeros(self._features.shape[0])
        is_liked[liked] = 1
        model = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01)
        return model.fit(self._features, is_liked).decision_function(self._features[task.candidates])


class Search:
    """The product's own search by the list's name, through the real index and ranking."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self._encoder = load_default()
        self._index = LocalIndex(folder, self._encoder)
        with self._index.writer() as writer:
            for start in range(0, len(pool.texts), 10_000):
                batch = pool.texts[start : start + 10_000]
                papers = [Paper(n, f"paper:{n}", t, a) for n, (t, a) in enumerate(batch, start + 1)]
                writer.apply(papers, [], start + len(batch))

    def fused(self, task: Task, _: NDArray[np.int64]) -> NDArray[Any]:
        """Return the score of each candidate, all of the pool being looked at; 0 for those that search leaves out."""
        text = task.reader.words
        count = int(task.candidates.max()) + 1
        found = self._index.candidates(text, self._encoder.encode([text])[0], None, depth=self._index.count(None))
        scores = np.zeros(max(count, int(found.ids.max(initial=0))) + 1)
        spread = found.bm25_bound, found.cosine, found.cosine_mean, found.cosine_deviation
        scores[found.ids - 1] = fuse.fuse(found.bm25, *spread).score
        return scores[task.candidates]
