"""Learning from few likes: an interest is words and examples, and scores any paper from its stored vector and words."""

from __future__ import annotations

from tidings.learn.corpus import Corpus, corpus_of, load, prepare, save
from tidings.learn.heads import Head, learn
from tidings.learn.layout import Recent
from tidings.learn.papers import Papers
from tidings.learn.reasons import Contributions, contributions, sentences
from tidings.learn.scoring import score, score_many

__all__ = [
    "Contributions",
    "Corpus",
    "Head",
    "Papers",
    "Recent",
    "contributions",
    "corpus_of",
    "learn",
    "load",
    "prepare",
    "save",
    "score",
    "score_many",
    "sentences",
]
