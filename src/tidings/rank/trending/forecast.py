"""How many votes a paper will have in the end, as a distribution: from its text, and from how it began.

A net of one hidden layer reads ``known.features`` and what linear heads say of the paper's vector, and gives the
logarithm of 1 + final votes a centre and a width, as NGBoost does (Duan et al., NGBoost: Natural Gradient Boosting for
Probabilistic Prediction, 2020). The shape between is what was seen on later papers than the net had learnt from, by how
much was known of them: split conformal prediction. Before there are any votes, the text decides (Brandfonbrener et al.,
CoLoR-Filter, and Shum et al., Predictive Data Selection, 2025, choose texts by as cheap a score).

Votes here are upvotes of Hugging Face's daily papers, the only ones with a recorded history; the recipe is
``training/trending.py``. Numpy alone, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import safe_open

from tidings.rank.trending.arrays import DAY, HOUR, Floats, Rows
from tidings.rank.trending.known import Early, features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Parameters = NDArray[np.float32]
    Vectors = NDArray[np.float32]

DATA = Path(__file__).parent / "data" / "forecast.safetensors"
STEPS = np.linspace(0.0, 1.0, 41)
"""The shares at which the shape of the distribution is kept."""
WIDTHS = (-3.0, 1.5)
"""The least and the largest logarithm of a width."""
PARAMETERS = ("heads", "offsets", "promise_line", "hidden", "hidden_bias", "output", "output_bias", "shapes")
_STAGE_HOURS = (12.0, 30.0, 100.0)
"""Hours into the day of listing that part what is known into early, a day, days, and more."""
STAGES = 2 + len(_STAGE_HOURS)
FEWEST = 100
"""Papers that a shape is taken from at least."""
NOTICED, LEVEL, GROWTH = range(3)
"""The linear heads: votes among everything that is published, votes among what is listed the same day, and votes still
to come beyond those of papers that began alike."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The final votes of n papers as distributions.

    ``upvotes`` (n,) are those they have; ``centre`` and ``width`` (n,) are of log(1 + final votes), and ``shape``
    (n, steps) holds how many widths from the centre the quantiles of STEPS lie.
    """

    upvotes: Floats
    centre: Floats
    width: Floats
    shape: Floats

    def __len__(self) -> int:
        return len(self.upvotes)

    def quantile(self, share: float) -> Floats:
        """Return the final votes that a paper stays below with this probability, shape (n,); never fewer than it has.

        Raises ValueError for a share outside 0 to 1.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"a quantile is a share of 0 to 1, not {share}")
        place = share * (len(STEPS) - 1)
        below, part = int(place), place - int(place)
        above = min(below + 1, len(STEPS) - 1)
        widths = (1 - part) * self.shape[:, below] + part * self.shape[:, above]
        return np.maximum(np.expm1(self.centre + self.width * widths), self.upvotes)

    def interval(self, share: float = 0.8) -> tuple[Floats, Floats]:
        """Return the least and the most final votes with this probability, both included, whole numbers, each (n,)."""
        low, high = self.quantile((1 - share) / 2), self.quantile((1 + share) / 2)
        return np.rint(low), np.rint(high)

    def rising(self, share: float = 0.8) -> Floats:
        """Return the votes still to come that a paper stays below with this probability, shape (n,): high is rising."""
        return self.quantile(share) - self.upvotes


@dataclass(frozen=True, slots=True)
class Forecaster:
    """The trained model: ``training/trending.py`` makes it, ``load_forecaster`` reads the packaged one.

    ``encoder`` names the encoder whose vectors ``heads`` (dimensions, 3) and ``offsets`` (3,) read; without rows,
    ``heads`` read no text. ``promise_line`` (4,) is the slope of doublings over the first head, the mean of that head,
    what many authors are worth on the scale of logarithms, and the mean of theirs. The net is ``hidden`` (inputs, h),
    ``hidden_bias`` (h,), ``output`` (h, 2) and ``output_bias`` (2,). ``shapes`` (stages, steps) are the distribution's,
    by how much is known.
    """

    encoder: str
    heads: Parameters
    offsets: Parameters
    promise_line: Parameters
    hidden: Parameters
    hidden_bias: Parameters
    output: Parameters
    output_bias: Parameters
    shapes: Parameters

    def forecast(self, known: Early, vectors: Vectors | None = None) -> Forecast:
        """Return the distribution of each paper's final votes.

        ``vectors`` (n, dimensions) are of the encoder that the model learnt from; a row of zeros is a paper without
        text, and None leaves the text of all out.
        """
        centre, width = self.net(self.inputs(known, vectors))
        shape = self.shapes[stages(known)].astype(np.float64)
        return Forecast(known.upvotes, centre + np.log1p(known.upvotes), width, shape)

    def promise(self, vectors: Vectors, authors: Floats | None = None) -> Floats:
        """Return how many doublings above the usual the votes of a new paper should be, by its text, shape (n,).

        ``vectors`` as in ``forecast``. ``authors`` is their number, NaN where unknown: papers of many get more.
        A row of zeros, which says nothing, promises the usual.
        """
        if len(self.heads) == 0:
            return np.zeros(len(vectors))
        slope, mean, by_authors, usual_authors = self.promise_line.tolist()
        said = vectors @ self.heads[:, NOTICED] + self.offsets[NOTICED] - mean
        many = 0.0 if authors is None else np.nan_to_num(np.log1p(authors) - usual_authors, nan=0.0)
        return np.where(vectors.any(axis=1), slope * said + by_authors * many, 0.0).astype(np.float64)

    def recalibrated(self, known: Early, final: Floats, vectors: Vectors | None = None) -> Forecaster:
        """Return the model with shapes from papers that it did not learn from and whose ``final`` votes (n,) are known.

        What the community does shifts by the month; the last two months of finished papers keep intervals honest.
        A stage with few papers takes the shape of all that were counted; with few in all, the model stays as it is.
        Votes are whole numbers and an interval includes its ends, so half a vote at either end would count twice:
        a low share is taken of votes a little higher, a high one of votes a little lower.
        """
        centre, width = self.net(self.inputs(known, vectors))
        centre = centre + np.log1p(known.upvotes)
        stage, shapes = stages(known), self.shapes.copy()
        for number in range(STAGES):
            rows = np.flatnonzero(stage == number)
            rows = rows if len(rows) >= FEWEST else np.flatnonzero(stage > 0)
            if len(rows) < FEWEST:
                continue
            ended = np.log1p(np.maximum(final[rows, None] + 0.5 - STEPS, -0.5))
            widths = (ended - centre[rows, None]) / width[rows, None]
            shapes[number] = [np.quantile(widths[:, place], share) for place, share in enumerate(STEPS)]
        return replace(self, shapes=np.maximum.accumulate(shapes, axis=1))

    def inputs(self, known: Early, vectors: Vectors | None) -> Floats:
        """Return what the net reads, shape (n, inputs): the features, what the heads say, whether there is no text."""
        said, empty = np.zeros((len(known), 2)), np.ones(len(known), bool)
        if vectors is not None and len(self.heads):
            empty = np.logical_not(vectors.any(axis=1))
            said[~empty] = (vectors @ self.heads + self.offsets)[~empty][:, [LEVEL, GROWTH]]
        return np.column_stack((features(known), said, empty)).astype(np.float64)

    def net(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Return centre and width of log(1 + final votes) less log(1 + votes), each shape (n,)."""
        both: NDArray[np.floating] = np.tanh(inputs @ self.hidden + self.hidden_bias) @ self.output + self.output_bias
        return both[:, 0].astype(np.float64), np.exp(np.clip(both[:, 1], *WIDTHS)).astype(np.float64)


def stages(known: Early) -> Rows:
    """Return how much is known of each paper, 0 (no count yet) to STAGES - 1: the shape of a forecast goes by it."""
    hours = (known.looked - np.floor(known.listed / DAY) * DAY) / HOUR
    found: Rows = np.where(known.seen, 1 + np.searchsorted(_STAGE_HOURS, hours), 0)
    return found


def load_forecaster(encoder: str) -> Forecaster:
    """Return the packaged model for the vectors of an encoder, by its name.

    For any other than the one it learnt from it has no heads: forecasts rest on counts alone, and no text promises more
    than another.
    """
    packaged = _packaged()
    if packaged.encoder == encoder:
        return packaged
    return replace(packaged, encoder=encoder, heads=packaged.heads[:0])


@cache
def _packaged() -> Forecaster:
    with safe_open(DATA, framework="np") as file:
        return Forecaster(file.metadata()["encoder"], *(file.get_tensor(name) for name in PARAMETERS))
