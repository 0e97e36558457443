"""How a digest puts things: texts without TeX, a paper's second line, what changed, and the account of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from tidings import moments
from tidings.places import is_linkable
from tidings.plain import collapse, plain
from tidings.types import FieldChange, Paper
from tidings.types.digests import Digest

LONGEST_TITLE = 300
LONGEST_LINE = 300
_LONGEST_NAME = 80
_LONGEST_VENUE = 40
_AUTHORS = 3
_NEW_SENTENCES = 2
_DAYS_NAMED = 5

_DOLLARS = re.compile(r"(?<!\\)(\$+)")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}]{1,12})\}|([A-Za-z0-9+\-]))")
_RAISED = dict(zip("0123456789+-=()nijk", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱʲᵏ", strict=True))
_LOWERED = dict(zip("0123456789+-=()ijknt", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ᵢⱼₖₙₜ", strict=True))
_END = re.compile(r"(?<=[.!?])[\"”')\]]*\s+(?=[\"“(\[]*[A-Z0-9À-ÞΑ-Ω])")
_NOT_AN_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|resp|approx|Fig|Figs|Eq|Eqs|Sec|Tab|Ref|Refs|No|Dr|Prof|St|Mr|Ms|Mrs)\.|\b[A-Z]\.)"
    r"[\"”')\]]*$"
)


# --- texts ---


def printed(text: str) -> str:
    """Return a text of a source as one line without TeX and markup; x² keeps its exponent where Unicode has one."""
    if "$" in text:
        parts = _DOLLARS.split(text)
        if len(parts) % 4 == 1:  # text, dollars, formula, dollars, text
            parts[2::4] = [_SCRIPT.sub(_script, part) for part in parts[2::4]]
        text = "".join(parts)
    return collapse(plain(text))


def _script(match: re.Match[str]) -> str:
    letters, known = match[2] or match[3], _RAISED if match[1] == "^" else _LOWERED
    return "".join(known[letter] for letter in letters) if all(letter in known for letter in letters) else match[0]


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text without TeX, in order."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if not _NOT_AN_END.search(text, start, match.start()):
            found.append(text[start : match.start()] + match[0].rstrip())
            start = match.end()
    last = text[start:].strip()
    return (*found, last) if last else tuple(found)


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut at a word with "…" where it is longer."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    return (cut[: cut.rfind(" ")] if cut.rfind(" ") > most // 2 else cut).rstrip(" ,;:.–-") + "…"


def counted(count: int, noun: str) -> str:
    """Return a number of things: 1 paper, 1,214 papers."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


# --- a paper ---


def title_of(paper: Paper) -> str:
    """Return the title of a paper in plain text."""
    return shortened(printed(paper.title), LONGEST_TITLE) or "Without a title"


def byline(paper: Paper) -> str:
    """Return the second line of a paper: authors in full, when, where."""
    year = str(paper.year) if paper.year and not paper.date and str(paper.year) not in (paper.venue or "") else ""
    when = moments.in_words(paper.date) if paper.date else year
    category = paper.categories[0] if paper.categories else ""
    venue = shortened(printed(paper.venue or ""), _LONGEST_VENUE)
    return " · ".join(filter(None, (_authors(paper), _unbroken(when), category, _unbroken(venue))))


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _authors(paper: Paper) -> str:
    names = ", ".join(shortened(printed(name), _LONGEST_NAME) for name in paper.authors[:_AUTHORS])
    more = len(paper.authors) - _AUTHORS
    return f"{names} + {more:,}" if more > 0 else names


def code_of(paper: Paper) -> str | None:
    """Return the address of a paper's code."""
    url = paper.link("code")
    return url if url and is_linkable(url) else None


def changed(changes: tuple[FieldChange, ...]) -> Iterator[str]:
    """Yield what a new version changed, a sentence for each field."""
    for change in changes:
        before, after = printed(change.before), printed(change.after)
        if change.field == "abstract":
            yield _new_sentences(before, after)
        elif before and after:
            yield shortened(f"{change.field.capitalize()}: {after} (was: {before})", LONGEST_LINE)
        else:
            said = f"now {after}" if after else f"no longer {before}"
            yield shortened(f"{change.field.capitalize()}: {said}", LONGEST_LINE)


def _new_sentences(before: str, after: str) -> str:
    known = set(sentences(before))
    new = [sentence for sentence in sentences(after) if sentence not in known]
    if not new:
        return "The abstract is shorter."
    more = f" And {counted(len(new) - _NEW_SENTENCES, 'more sentence')}." if len(new) > _NEW_SENTENCES else ""
    return f"New in the abstract: {shortened(' '.join(new[:_NEW_SENTENCES]), LONGEST_LINE)}{more}"


# --- a digest ---


def heading(digest: Digest) -> str:
    """Return what a digest is called: what it is of, without marks that could disguise it."""
    return shortened(collapse(digest.subscription.name), _LONGEST_NAME) or "Tidings"


def day_of(digest: Digest) -> date | None:
    """Return the day that an edition is named after."""
    try:
        return date.fromisoformat(digest.name)
    except ValueError:
        return None


def subject(digest: Digest) -> str:
    """Return the subject: what it is of, the day, the first title and how many more."""
    day = day_of(digest)
    name = f"{heading(digest)}, {moments.in_words(day)}" if day else heading(digest)
    if not digest.stories:
        return f"{name}: nothing new"
    more = len(digest.stories) - 1
    first = shortened(title_of(digest.stories[0].paper), 90)
    return f"{name}: {first}" + (f" + {more} more" if more else "")


def account(digest: Digest) -> str:
    """Return the sentence in which a digest accounts for itself."""
    parts = [
        f"covers {_days(digest.covers)}" if digest.covers else "",
        f"{counted(digest.considered, 'paper')} read for you",
        f"{len(digest.stories):,} chosen",
        f"{digest.left_over:,} more passed and had no place" if digest.left_over else "",
        f"{counted(digest.merged, 'paper')} merged with ones you already had" if digest.merged else "",
    ]
    said = "; ".join(filter(None, parts))
    return f"{said[:1].upper()}{said[1:]}."


def _days(covers: tuple[date, ...]) -> str:
    """Return days of announcement in words: Tue 18 and Wed 19 Mar 2025; many by their first and last."""
    days = sorted(set(covers))
    if len(days) == 1:
        return f"the announcements of {_day(days[0])}"
    if len(days) > _DAYS_NAMED:
        return f"{len(days)} days of announcements, {_day(days[0])} to {_day(days[-1])}"
    last_year = [day for day in days[:-1] if day.year != days[-1].year]
    named = [_day(day) if day in last_year else _day(day).rpartition(" ")[0] for day in days[:-1]]
    return f"the announcements of {', '.join(named)} and {_day(days[-1])}"


def _day(day: date) -> str:
    return f"{moments.weekday(day)[:3]} {moments.in_words(day)}"
