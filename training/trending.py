"""Train the forecast of final votes (`src/tidings/rank/trending/data/forecast.safetensors`).

    python -m training.trending

Reads votes, daily lists and arXiv listings of the shared data; about a minute on one core. Whatever was seen from END
on is not learnt from: ``benchmarks/trending.py`` measures the packaged file on it, and the recipe on earlier ends.

What was tried for the order at the first look (pairs apart then, 84,801 pairs since 2025-04; the count has .897):
ridge on forty hand-made features .899, pairwise logistic regression on the same .900, this net .901, boosted trees
.901. With what a record of Tidings does not hold (submitter, followers, organisation, media, earlier papers of
authors and submitters) boosted trees have .902, and two kinds of them together .9035. Simulated scores that know a
part of what the trees leave open pass .92 only when they know 45 % of its variance. Seven hours later the count alone
has .939.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tidings.embed import load_default
from tidings.rank.trending import Forecaster, forecast
from tidings.rank.trending.arrays import DAY
from tidings.rank.trending.known import features
from training.votes import Floats, States, announced, epoch, followed, paper_vectors, states

END = date(2026, 1, 1)
SEED = 11
RIDGE = 10.0
AUTHORS_SCALE = 0.3  # of the column beside vectors of length 1, so that the ridge does not shrink it away
FOLDS = 5
FEWEST_ANNOUNCED = 1_000
ERAS = (date(2024, 11, 20), date(2025, 4, 25))
"""Votes were counted last after months, then after hours, and from the last of these days on after a week for most and
a month for the best. The net reads which era a paper is of, so that it need not take one for the other."""
HALF_LIFE = 200.0  # days after which a paper counts half in training: the lists grow
LOOKS_COUNT = (0.3, 1.0, 0.5)  # what a row counts before the first look, at it, and later
CALIBRATION = 61.0  # days


def fit(until: date) -> Forecaster:
    """Return the model learnt from what was seen before a day; its shapes from the last CALIBRATION days of that."""
    earlier = datetime.fromtimestamp(epoch(until) - CALIBRATION * DAY, UTC).date()
    shapes = renewed(_fitted(earlier), earlier, until).shapes
    return replace(_fitted(until), shapes=shapes)


def renewed(model: Forecaster, since: date, until: date) -> Forecaster:
    """Return the model with shapes from papers listed since a day, as they were seen before another."""
    seen = states(until)
    seen = seen.at(np.array([followed()[place].day for place in seen.paper]) >= epoch(since))
    return model.recalibrated(seen.known, seen.final, paper_vectors()[seen.paper])


def _fitted(until: date) -> Forecaster:
    """Return everything but the shapes."""
    seen, vectors = states(until), paper_vectors()
    read = features(seen.known)
    mean, scale = read.mean(axis=0), read.std(axis=0) + 0.05
    read = np.column_stack(((read - mean) / scale, _eras(seen)))
    heads = _heads(seen, read)
    noticed, offset, line = _noticed(until)
    said = np.column_stack([head[2] for head in heads])[seen.paper]
    empty = ~vectors[seen.paper].any(axis=1)
    said[empty] = 0.0
    spread = said[~empty].std(axis=0)
    inputs = np.column_stack((read, said / spread, empty))
    target = np.log1p(seen.final) - np.log1p(seen.known.upvotes)
    hidden, hidden_bias, output, output_bias = _net(inputs, target, _importance(seen, until))
    hidden = np.delete(hidden, slice(len(mean), len(mean) + len(ERAS)), axis=0)  # 0 today
    hidden = hidden / np.concatenate((scale, spread, [1.0]))[:, None]  # the net then reads features as they are
    hidden_bias = hidden_bias - mean @ hidden[: len(mean)]
    parameters = (
        np.column_stack((noticed, *(head[0] for head in heads))),
        np.array([offset, *(head[1] for head in heads)]),
        line,
        hidden,
        hidden_bias,
        output,
        output_bias,
        np.zeros((forecast.STAGES, len(forecast.STEPS))),
    )
    return Forecaster(load_default().name, *(np.asarray(part, np.float32) for part in parameters))


def ridge(rows: Floats, target: Floats, strength: float) -> tuple[Floats, float]:
    """Return the weights and the offset of a linear fit."""
    mean = rows.mean(axis=0)
    centred = rows - mean
    square = centred.T @ centred + strength * np.eye(rows.shape[1])
    weights = np.linalg.solve(square, centred.T @ (target - target.mean()))
    return weights, float(target.mean() - mean @ weights)


def crossed(rows: Floats, target: Floats) -> tuple[Floats, float, Floats]:
    """Return the weights and the offset of a linear fit, and what fits without a row say of it; a NaN is not learnt."""
    known, fold = np.isfinite(target), np.arange(len(rows)) * 7919 % FOLDS
    said = np.zeros(len(rows))
    for number in range(FOLDS):
        learnt = known & (fold != number)
        weights, offset = ridge(rows[learnt], target[learnt], RIDGE)
        said[fold == number] = rows[fold == number] @ weights + offset
    return *ridge(rows[known], target[known], RIDGE), said


def _heads(seen: States, read: Floats) -> tuple[tuple[Floats, float, Floats], ...]:
    """Return the heads of level and growth: weights, offset, and what each says of the papers of ``followed()``."""
    vectors = paper_vectors().astype(np.float64)
    first, before = seen.look == 0, seen.look == -1
    target = np.log1p(seen.final[first]) - np.log1p(seen.known.upvotes[first])
    weights, offset = ridge(read[first], target, 30.0)
    level, growth = np.full((2, len(vectors)), np.nan)
    level[seen.paper[before]] = _above_its_day(seen.at(before))
    growth[seen.paper[first]] = target - read[first] @ weights - offset
    empty = ~vectors.any(axis=1)
    level[empty] = growth[empty] = np.nan
    return crossed(vectors, level), crossed(vectors, growth)


def _above_its_day(seen: States) -> Floats:
    votes = np.log1p(seen.final)
    _, day = np.unique(np.floor(seen.known.listed / DAY), return_inverse=True)
    above: Floats = votes - (np.bincount(day, votes) / np.bincount(day))[day]
    return above


def _noticed(until: date) -> tuple[Floats, float, Floats]:
    """Return the head for votes among all that arXiv announced, its offset, and the line that makes it doublings.

    Zeros before there were listings to learn from (2025-03).
    """
    pool, end = announced(), epoch(until)
    rows = np.flatnonzero(pool.day < end - 5 * DAY)
    if len(rows) < FEWEST_ANNOUNCED:
        return np.zeros(pool.vectors.shape[1]), 0.0, np.zeros(4)
    final, authors = pool.final(end)[rows], np.log1p(pool.authors[rows])
    usual = float(np.nanmean(authors))
    many = np.nan_to_num(authors - usual, nan=0.0)
    beside = np.column_stack((pool.vectors[rows], AUTHORS_SCALE * many)).astype(np.float64)
    weights, offset, said = crossed(beside, np.log1p(final))
    groups = np.array_split(np.argsort(said), 20)
    doublings = [np.log2(final[group].mean() + 0.05) for group in groups]
    slope = np.polyfit([said[group].mean() for group in groups], doublings, 1)[0]
    mean = float((pool.vectors[rows] @ weights[:-1]).mean()) + offset
    return weights[:-1], offset, np.array([slope, mean, slope * AUTHORS_SCALE * weights[-1], usual])


def _eras(seen: States) -> Floats:
    """Return which of ERAS each row is of, shape (n, eras); all 0 today."""
    starts = [epoch(start) for start in (date(1970, 1, 1), *ERAS)]
    return np.column_stack([(seen.known.listed >= a) & (seen.known.listed < b) for a, b in pairwise(starts)])


def _importance(seen: States, until: date) -> Floats:
    age = (epoch(until) - seen.known.listed) / DAY
    importance: Floats = np.asarray(LOOKS_COUNT)[np.minimum(seen.look + 1, 2)] * np.exp2(-age / HALF_LIFE)
    return importance / importance.mean()


def _net(inputs: Floats, target: Floats, importance: Floats, *, nets: int = 4, size: int = 24) -> tuple[Floats, ...]:
    """Return the weights of one wide net that is the mean of several, each trained from a start of its own."""
    trained = [_one_net(inputs, target, importance, size, np.random.default_rng(SEED + n)) for n in range(nets)]
    hidden, hidden_bias, output, output_bias = zip(*trained, strict=True)
    return (
        np.concatenate(hidden, axis=1),
        np.concatenate(hidden_bias),
        np.concatenate(output) / nets,
        np.mean(output_bias, axis=0),
    )


def _one_net(
    inputs: Floats, target: Floats, importance: Floats, size: int, random: np.random.Generator, epochs: int = 20
) -> list[Floats]:
    """Return hidden weights, their bias, output weights and their bias: Adam on the likelihood of centre and width.

    The likelihood is weighted by the width (Seitzer et al., On the Pitfalls of Heteroscedastic Uncertainty Estimation
    with Probabilistic Neural Networks, 2022), so that papers that are hard to tell are not given up.
    """
    count, batch, rate, decay = inputs.shape[1], 256, 4e-3, 2e-4
    parameters = [
        random.normal(0, count**-0.5, (count, size)),
        np.zeros(size),
        random.normal(0, 0.1 * size**-0.5, (size, 2)),
        np.array([target.mean(), np.log(target.std())]),
    ]
    first, second = ([np.zeros_like(part) for part in parameters] for _ in range(2))
    steps = [rows for _ in range(epochs) for rows in _batches(random.permutation(len(inputs)), batch)]
    for step, rows in enumerate(steps, 1):
        slopes = _slopes(parameters, inputs[rows], target[rows], importance[rows])
        speed = rate * (1 - step / len(steps))
        for place, slope in enumerate(slopes):
            first[place] = 0.9 * first[place] + 0.1 * slope
            second[place] = 0.999 * second[place] + 0.001 * slope**2
            move = (first[place] / (1 - 0.9**step)) / (np.sqrt(second[place] / (1 - 0.999**step)) + 1e-8)
            parameters[place] = parameters[place] - speed * (move + (place in (0, 2)) * decay * parameters[place])
    return parameters


def _batches(order: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [order[start : start + size] for start in range(0, len(order) - size + 1, size)]


def _slopes(parameters: list[Floats], inputs: Floats, target: Floats, importance: Floats) -> list[Floats]:
    hidden, hidden_bias, output, output_bias = parameters
    active = np.tanh(inputs @ hidden + hidden_bias)
    both = active @ output + output_bias
    width = np.exp(np.clip(both[:, 1], *forecast.WIDTHS))
    error = (both[:, 0] - target) / width
    back = np.column_stack((error, width * (1 - error**2))) * (importance / len(target))[:, None]
    inside = back @ output.T * (1 - active**2)
    return [inputs.T @ inside, inside.sum(axis=0), active.T @ back, back.sum(axis=0)]


def save(model: Forecaster, path: Path, until: date) -> None:
    """Write the model where Tidings reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parameters = {name: np.ascontiguousarray(getattr(model, name)) for name in forecast.PARAMETERS}
    save_file(parameters, path, metadata={"encoder": model.encoder, "seen_before": until.isoformat()})


def main() -> None:
    """Train on what was seen before END, and package the result."""
    save(fit(END), forecast.DATA, END)
    print(f"{forecast.DATA}: {forecast.DATA.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
