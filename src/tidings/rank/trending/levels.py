"""How many votes papers of a category usually get, so that a small field is not measured by a large one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tidings.rank.trending.arrays import Floats, Rows


def usual_levels(category: Rows, votes: Floats, categories: int) -> Floats:
    """Return the usual number of votes of each category, shape (categories,).

    ``votes`` are what papers had in the end (``scores.total_votes``), those without any included, of some months.
    Empirical Bayes on log(1 + votes), where one hit does not make a field loud: a category's mean is drawn to that of
    all papers by as much as chance could have moved it (Efron and Morris, Data Analysis Using Stein's Estimator,
    1975). A category without papers has the level of all.
    """
    if len(votes) == 0:
        return np.zeros(categories)
    logs = np.log1p(np.maximum(votes, 0.0))
    counts = np.bincount(category, minlength=categories)
    overall = float(logs.mean())
    means = np.bincount(category, logs, minlength=categories) / np.maximum(counts, 1)
    within = float(((logs - means[category]) ** 2).sum()) / max(len(logs) - int(np.count_nonzero(counts)), 1)
    evidence = _between(np.where(counts > 0, means - overall, 0.0), counts, within) * counts
    trusted = np.divide(evidence, evidence + within, out=np.zeros(categories), where=evidence > 0)
    levels: Floats = np.expm1(overall + trusted * (means - overall))
    return levels


def _between(deviations: Floats, counts: Rows, within: float) -> float:
    """Return the variance of true levels between categories, by moments; 0 where chance explains what is seen."""
    total = counts.sum()
    spread = float((counts * deviations**2).sum()) - (np.count_nonzero(counts) - 1) * within
    scale = total - float((counts**2).sum()) / total
    return max(spread / scale, 0.0) if scale > 0 else 0.0
