"""What a night learns of everybody's feeds: how likely papers would be liked, and whether a second stage is better."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tidings.catalog.asking import Asking
from tidings.catalog.clicks import clicks_of, groups_of, read, weights_of
from tidings.catalog.feeds import VISIT
from tidings.catalog.learning import FARTHEST_DAYS
from tidings.catalog.served import LIKELY, RANKER
from tidings.errors import BusyError, InputError, TidingsError
from tidings.learn import second
from tidings.learn.likely import Likely, calibrated
from tidings.people import Reader, require
from tidings.store.lessons import Lesson, Model
from tidings.types import LessonReport

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Features = NDArray[np.float32]

JOB = "improve"
"""The job of learning: one process does it at a time."""
ENOUGH_SHOWN, ENOUGH_LIKED = 300, 30
"""Papers that were shown, and that were liked of those, from which on it is said how likely one would be liked."""

_NIGHTLY = timedelta(days=1)
_MOST_LESSONS = 200_000
_HEIGHT, _LIKES = second.FEATURES.index("height"), second.FEATURES.index("likes")


class Improving(Asking):
    """Learning from what feeds showed. Nothing of anybody is in what is learnt but sums."""

    def improve_due(self) -> bool:
        """Learn if a day went by since the last time and nobody else does; return whether it was done.

        Raises:
            StoreError: the disk is full, or refuses.
        """
        self._store.jobs.ensure([JOB], self._clock())
        if self._store.jobs.states()[JOB].next_run_at > self._clock():
            return False
        try:
            claim = self._store.jobs.claim(JOB, self._clock())
        except BusyError:
            return False
        try:
            self.improve()
        finally:
            self._store.jobs.release(claim, self._clock() + _NIGHTLY)
        return True

    def improve(self) -> dict[str, LessonReport]:
        """Learn from what was shown in the last year, up to the last visit; return what came of it, by name.

        The odds are served at once; a second stage if it beats what is served on the latest pages, which it did not
        learn from. One that was made for other features is dropped.

        Raises:
            StoreError: the disk is full, or refuses.
        """
        now = self._clock()
        since, until = now - timedelta(days=FARTHEST_DAYS), now - VISIT
        lessons, features = read(self._store.lessons.shown(since, until, _MOST_LESSONS))
        before = self._store.lessons.models().get(RANKER)
        learnt = {LIKELY: _odds(lessons, features, now), RANKER: _second(lessons, features, before, now)}
        for name, model in learnt.items():
            self._store.lessons.keep(name, model)
        return {name: model.report for name, model in learnt.items()}

    def lessons(self, reader: Reader | None) -> dict[str, LessonReport]:
        """Return what came of it the last time, by name.

        Raises:
            SignInError, ForbiddenError: the reader is no administrator: how much others like is not everybody's.
        """
        require(reader, "admin")
        return {name: model.report for name, model in self._store.lessons.models().items()}


def _odds(lessons: Sequence[Lesson], features: Features, now: datetime) -> Model:
    liked = np.array([lesson.liked for lesson in lessons], np.bool_)
    known = np.isfinite(features[:, _HEIGHT])  # a paper from outside may not even pass the query
    shown, likes = int(known.sum()), int(liked[known].sum())
    if shown < ENOUGH_SHOWN or not ENOUGH_LIKED <= likes < shown:
        lacking = f"{shown:,} papers shown and {likes:,} liked; it takes {ENOUGH_SHOWN} and {ENOUGH_LIKED}"
        return Model(None, LessonReport(now, f"not enough yet: {lacking}"))
    found: Likely = calibrated(
        features[known, _HEIGHT].astype(np.float64),
        liked[known],
        groups_of(features[known, _LIKES]),
        weights_of(lessons)[known],
    )
    note = f"of {shown:,} papers shown, {likes:,} were liked"
    return Model(msgspec.json.encode(found.state()), LessonReport(now, note, now))


def _second(lessons: Sequence[Lesson], features: Features, before: Model | None, now: datetime) -> Model:
    """Return the second stage to be served: a new one if it is better, else that of before if it can be."""
    clicks = clicks_of(lessons, features)
    try:
        served, since = _usable(before)
        if not second.enough(clicks):
            return Model(served, LessonReport(now, _lacking(clicks), since))
        decision = second.decide(clicks, served)
    except TidingsError as error:  # without the extra: what was promoted waits for it
        data, since = (before.data, before.report.promoted) if before else (None, None)
        return Model(data, LessonReport(now, str(error), since))
    if decision.promoted:
        return Model(decision.model, LessonReport(now, _told(decision), now))
    return Model(served, LessonReport(now, _told(decision), since))


def _lacking(clicks: second.Clicks) -> str:
    pages, made = len(np.unique(clicks.pages)), int((clicks.grades > 0).sum())
    wanted = f"it takes {second.ENOUGH_PAGES} and {second.ENOUGH_CLICKS}"
    return f"not enough yet: {pages:,} pages and {made:,} clicks; {wanted}"


def _told(decision: second.Decision) -> str:
    return (
        f"{'better' if decision.promoted else 'no better'} than what was served: "
        f"{decision.new:.3f} against {decision.served:.3f} on {decision.pages:,} pages held back, "
        f"a difference of {decision.low:+.3f} to {decision.high:+.3f}"
    )


def _usable(before: Model | None) -> tuple[bytes | None, datetime | None]:
    """Return the second stage that is served, and since when; none that was made for other features."""
    if before is None or before.data is None:
        return None, None
    try:
        second.scores(before.data, np.zeros((0, len(second.FEATURES)), np.float32), np.zeros(0))
    except InputError:
        return None, None
    return before.data, before.report.promoted
