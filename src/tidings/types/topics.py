"""What flows about topics: groups of papers that the archive found in itself, and that keep their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tidings.types.papers import Paper
from tidings.types.queries import Page

AREA, LEAF = 0, 1
"""Levels of the tree: areas hold leaves, and leaves hold papers."""
TOPIC_SORTS = ("newest", "voted", "central")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the store keeps it. ``level`` is AREA or LEAF; a leaf's ``parent_id`` is its area.

    ``words`` are phrases, the most telling first. ``between`` are the leaves that it was born between, and ``sure``
    (0 to 1) how sure that birth is; both are empty for what a full fit found. ``renamed``: a curator gave the name.
    ``pinned``: nothing takes it away. ``gone`` is when it was taken out, ``merged_into`` what took it in.
    """

    id: int
    name: str
    level: int
    parent_id: int | None
    words: tuple[str, ...]
    size: int
    born: datetime
    announced: datetime | None = None
    between: tuple[int, ...] = ()
    sure: float | None = None
    renamed: bool = False
    pinned: bool = False
    gone: datetime | None = None
    merged_into: int | None = None


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A topic in a list.

    ``size`` counts its papers, ``weeks`` those of each of the last 26 weeks, the oldest first. ``growth`` is how its
    share of the archive in the last 8 weeks compares to its share in the year before: 1 is as before, 2 is twice.
    ``half_life`` is the age in days that half of its papers have at most; None where no paper has a day. ``papers``
    stand for it: its most central ones.
    """

    topic: Topic
    size: int
    weeks: tuple[int, ...]
    growth: float
    half_life: int | None
    papers: tuple[Paper, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """An area and its leaves, the largest first."""

    line: TopicLine
    leaves: tuple[TopicLine, ...]


@dataclass(frozen=True, slots=True)
class TopicDetail:
    """All that a topic's page tells. ``area`` is None for an area, ``leaves`` are empty for a leaf.

    ``authors`` and ``venues`` are names with numbers of papers, the most frequent first, among its newest 1,000
    papers; ``years`` how many papers each year has. ``neighbours`` are the nearest topics of its level.
    """

    line: TopicLine
    area: Topic | None
    leaves: tuple[TopicLine, ...]
    neighbours: tuple[Topic, ...]
    first: Paper | None
    newest: Page
    voted: Page
    authors: tuple[tuple[str, int], ...]
    venues: tuple[tuple[str, int], ...]
    years: Mapping[int, int]


class NameOffer(NamedTuple):
    """A name that a language model offers for a topic."""

    topic: Topic
    name: str


@dataclass(frozen=True, slots=True)
class Birth:
    """A topic that was born lately, between two that were there (fewer where there were fewer), and its first papers.

    ``sure`` is 0 to 1.
    """

    line: TopicLine
    area: Topic | None
    between: tuple[Topic, ...]
    first: tuple[Paper, ...]
    sure: float
    at: datetime


@dataclass(frozen=True, slots=True)
class PaperTopic:
    """The topic of a paper, its area, and how sure that is, 0 to 1."""

    topic: Topic
    area: Topic | None
    confidence: float


@dataclass(frozen=True, slots=True)
class RefitReport:
    """What a refit did; topics by number. ``moved`` counts papers that have another topic than before."""

    full: bool
    papers: int
    leaves: int
    areas: int
    placed: int
    moved: int
    born: tuple[int, ...]
    split: tuple[int, ...]
    retired: tuple[int, ...]
    renamed: tuple[int, ...]
    generation: str
    seconds: float


@dataclass(frozen=True, slots=True)
class TopicsState:
    """How topics are: when they were fitted last and what that covered. ``fitted`` is None where they never were."""

    fitted: datetime | None
    papers: int
    leaves: int
    areas: int
