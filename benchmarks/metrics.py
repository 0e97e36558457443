"""How good a ranking is, and how sure that is. Every function takes one query; means are taken over queries."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Ranked = Sequence[int]


def discounted_gain(grades: Sequence[float], k: int, *, exponential: bool = False) -> float:
    """Return the discounted cumulative gain of grades in ranked order, cut at k."""
    gains = np.asarray(grades[:k], dtype=float)
    gains = 2**gains - 1 if exponential else gains
    return float((gains / np.log2(np.arange(2, len(gains) + 2))).sum())


def ndcg(ranked: Ranked, grades: Mapping[int, float], k: int, *, exponential: bool = False) -> float:
    """Return DCG@k over the best DCG@k possible; 0 for a query without a relevant paper."""
    best = discounted_gain(sorted(grades.values(), reverse=True), k, exponential=exponential)
    found = discounted_gain([grades.get(paper, 0.0) for paper in ranked[:k]], k, exponential=exponential)
    return found / best if best else 0.0


def ndcg_share(ranked: Ranked, grades: Mapping[int, float], share: float = 0.2) -> float:
    """Return nDCG cut at a share of the ranked candidates, CSFCube's NDCG%20 (https://arxiv.org/abs/2103.12906)."""
    return ndcg(ranked, grades, max(1, int(np.ceil(len(ranked) * share))))


def reciprocal_rank(ranked: Ranked, relevant: set[int]) -> float:
    """Return one over the place of the first relevant paper, 0 where none is ranked."""
    return next((1 / place for place, paper in enumerate(ranked, 1) if paper in relevant), 0.0)


def recall(ranked: Ranked, relevant: set[int], k: int) -> float:
    """Return the share of the relevant papers among the first k."""
    return len(relevant.intersection(ranked[:k])) / len(relevant)


def mean_interval(values: Sequence[float], *, draws: int = 2000, seed: int = 0) -> tuple[float, float, float]:
    """Return the mean over queries and its 95% interval by resampling queries."""
    observed = np.asarray(values, dtype=float)
    means = _resampled_means(observed, draws, seed)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(observed.mean()), float(low), float(high)


def difference_interval(
    ours: Sequence[float], theirs: Sequence[float], *, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean difference on the same queries and its 95% interval."""
    return mean_interval(np.asarray(ours) - np.asarray(theirs), draws=draws, seed=seed)


def _resampled_means(values: NDArray[np.float64], draws: int, seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    return values[random.integers(0, len(values), size=(draws, len(values)))].mean(axis=1)


Metric = Callable[[Ranked, Mapping[int, float]], float]

METRICS: dict[str, Metric] = {
    "ndcg@10": lambda ranked, grades: ndcg(ranked, grades, 10),
    "ndcg%20": ndcg_share,
    "mrr": lambda ranked, grades: reciprocal_rank(ranked, {paper for paper, grade in grades.items() if grade > 0}),
    "recall@10": lambda ranked, grades: recall(ranked, {paper for paper, grade in grades.items() if grade > 0}, 10),
    "recall@100": lambda ranked, grades: recall(ranked, {paper for paper, grade in grades.items() if grade > 0}, 100),
}
