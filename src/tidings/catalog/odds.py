"""Shares as people say them."""

from __future__ import annotations

from math import log

_SHARES = (
    *((1 / count, f"1 in {count}") for count in (100, 50, 30, 20, 15, 10, 8, 6, 5, 4, 3, 2)),
    *((1 - 1 / count, f"{count - 1} in {count}") for count in (3, 4, 5, 10)),
)


def in_words(share: float) -> str:
    """Return a share from 0 to 1 in words: about 1 in 4."""
    if share < 0.005:
        return "fewer than 1 in 100"
    odds = _log_odds(min(share, 0.99))
    return f"about {min(_SHARES, key=lambda said: abs(_log_odds(said[0]) - odds))[1]}"


def _log_odds(share: float) -> float:
    return log(share / (1 - share))
