"""Learning from few likes: an interest is words and examples, and scores any paper from its stored vector and words."""

from __future__ import annotations

from tidings.learn.papers import Papers

__all__ = ["Papers"]
