"""Why a paper stands where it stands, in words and numbers that add up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tidings.types import Breakdown, Parts

_WORDS = {
    "own": "votes here",
    "outside": "votes elsewhere",
    "velocity": "votes of the last day",
    "novelty": "being new",
    "age": "the age of the votes",
    "field": "what is usual in its field",
}
"""The parts of a score in the order in which they are told."""

_COUNTED = {"upvotes": "upvote", "comments": "comment", "stars": "star", "citations": "citation"}


@dataclass(frozen=True, slots=True)
class Reasons:
    """A score, and the (number, words) of each of its parts; as they are written, they add up to it.

    ``outlook`` is a sentence about what is still to come, if that can be told.
    """

    score: str
    parts: tuple[tuple[str, str], ...]
    outlook: str = ""


def of_search(score: float, parts: Parts) -> Reasons:
    """Return why a paper answers a query."""
    return _reasons(score, {"words": parts.words, "meaning": parts.meaning}, digits=3)


def of_feed(score: float, parts: dict[str, float]) -> Reasons:
    """Return why a paper stands in a feed; points are standard deviations over the archive."""
    return _reasons(score, parts, digits=2)


def of_trend(score: float, why: Breakdown, category: str | None) -> Reasons:
    """Return why a paper trends. Parts that are nothing are left out."""
    words = dict(_WORDS)
    if category:
        words["field"] = f"what is usual in {category}"
    if votes := why.counts.get("votes", 0):
        words["own"] += f" ({_number(votes, 'vote')})"
    counted = [_number(why.counts[kind], noun) for kind, noun in _COUNTED.items() if why.counts.get(kind)]
    if counted:
        words["outside"] += f" ({', '.join(counted)})"
    told = _reasons(score, {said: why.parts.get(name, 0.0) for name, said in words.items()}, digits=2)
    return replace(told, outlook=_outlook(why.final, is_rising=why.is_rising))


def _outlook(final: tuple[int, int] | None, *, is_rising: bool) -> str:
    if final is None:
        return ""
    low, high = final
    many = f"{low:,} to {high:,} upvotes" if low < high else _number(high, "upvote")
    return f"{'Rising' if is_rising else 'In the end'}: {many} elsewhere{' in the end' if is_rising else ''}, at 80 %"


def _reasons(score: float, parts: dict[str, float], digits: int) -> Reasons:
    """Round a score and its parts so that what is written adds up: what rounding left goes to the largest part."""
    unit = 10**digits
    whole = round(score * unit)
    rounded = {name: round(value * unit) for name, value in parts.items()}
    if rounded:
        largest = max(rounded, key=lambda name: abs(rounded[name]))
        rounded[largest] += whole - sum(rounded.values())
    told = tuple((_signed(value / unit, digits), name) for name, value in rounded.items() if value)
    return Reasons(f"{whole / unit:.{digits}f}".replace("-", "−"), told)


def _signed(value: float, digits: int) -> str:
    return f"{'−' if value < 0 else '+'}{abs(value):.{digits}f}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
