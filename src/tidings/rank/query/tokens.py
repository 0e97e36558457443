"""Query text to tokens, each with its place, in one pass over the text."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from difflib import get_close_matches

from tidings.errors import QueryError

TEXT_FIELDS = frozenset({"title", "abstract", "author", "venue"})
EXACT_FIELDS = frozenset({"category", "source", "id"})
RANGE_FIELDS = frozenset({"year", "date"})
FIELDS = TEXT_FIELDS | EXACT_FIELDS | RANGE_FIELDS | {"has"}

# An external id is written with one of these in front; it is an id, not an unknown field.
ID_PREFIXES = frozenset({"arxiv", "doi", "openreview", "acl", "paper"})

MAX_MENDED = 2_000  # characters; a longer text with a mistake gets no suggestion

_FIELD = re.compile(r"([A-Za-z_]+):")
_NOT_A_DASH = re.compile(r"[-−](?![-−\s)])")
_DASHES = re.compile(r"[-−–—]+(?=[\s)]|$)")


class Kind(enum.Enum):
    WORD = "word"
    PHRASE = "phrase"
    FIELD = "field"
    NOT = "minus"
    OR = "OR"
    AND = "AND"
    OPEN = "("
    CLOSE = ")"


_KEYWORDS = {"OR": Kind.OR, "AND": Kind.AND}


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` is what a word or phrase says, or a field's name; ``start`` and ``end`` are its place."""

    kind: Kind
    text: str
    start: int
    end: int


def problem(text: str, message: str, start: int, end: int, instead: str | None) -> QueryError:
    """Return an error at ``start`` that suggests the query with ``start`` to ``end`` replaced by ``instead``."""
    suggestion = None
    if instead is not None and len(text) <= MAX_MENDED:
        before, after = (text[:start], text[end:]) if instead else (text[:start].rstrip(), text[end:].lstrip())
        suggestion = (before + (instead or " ") + after).strip()
    return QueryError(f"character {start + 1}: {message}", start, suggestion or None)


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a query. Refuses an unknown or empty field, an unbalanced quote and a lone minus."""
    return _Tokenizer(text).tokens()


class _Tokenizer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.closing = _parentheses(text)
        self.found: list[Token] = []

    def tokens(self) -> list[Token]:
        at = 0
        while at < len(self.text):
            at = at + 1 if self.text[at].isspace() else self._step(at)
        return self.found

    def _add(self, kind: Kind, text: str, start: int, end: int) -> int:
        self.found.append(Token(kind, text, start, end))
        return end

    def _step(self, at: int) -> int:
        """Read the token that begins at ``at`` and return where it ends."""
        character = self.text[at]
        if character == '"':
            return self._phrase(at)
        if character in "()":
            return self._add(Kind(character), character, at, at + 1)
        begins_a_term = at == 0 or self.text[at - 1].isspace() or self.text[at - 1] in "(-−"
        return self._term(at) if begins_a_term else self._word(at)

    def _term(self, at: int) -> int:
        dashes = _DASHES.match(self.text, at)
        if dashes:
            return self._dashes(at, dashes.end())
        if _NOT_A_DASH.match(self.text, at):
            return self._add(Kind.NOT, "-", at, at + 1)
        field = _FIELD.match(self.text, at)
        return self._field(at, field) if field else self._word(at)

    def _phrase(self, at: int) -> int:
        end = self.text.find('"', at + 1)
        if end < 0:
            raise problem(self.text, "a quotation mark is never closed", at, len(self.text), self._closed(at))
        phrase = self.text[at + 1 : end]
        if not has_letters(phrase):
            raise problem(self.text, "nothing to look for between the quotation marks", at, end + 1, "")
        return self._add(Kind.PHRASE, " ".join(phrase.split()), at, end + 1)

    def _closed(self, at: int) -> str:
        rest = self.text[at + 1 :].strip()
        return f'"{rest}"' if rest else ""

    def _dashes(self, at: int, end: int) -> int:
        """Skip a dash between words; a single minus with nothing after it wanted to exclude something."""
        following = self.text[end : end + 1]
        if end - at == 1 and self.text[at] in "-−" and (following == ")" or not self.text[end:].strip()):
            raise problem(self.text, "a minus with nothing to leave out", at, end, "")
        return end

    def _field(self, at: int, match: re.Match[str]) -> int:
        name, end = match[1].lower(), match.end()
        following = self.text[end : end + 1]
        if name not in FIELDS:
            return self._unknown(at, match[1], end, following)
        if not following or following.isspace() or following == ")":
            raise problem(self.text, f"nothing after {name}:", at, *self._joined(name, end))
        if following in "-−" and name not in RANGE_FIELDS:
            raise problem(self.text, f"the minus belongs before {name}:", at, end + 1, f"-{name}:")
        self._add(Kind.FIELD, name, at, end)
        return end if following in '"(' else self._value(end)

    def _unknown(self, at: int, name: str, end: int, following: str) -> int:
        """Read a colon in ordinary text ("Results: we", "std::vector", "LoRA:Low", "arxiv:1706.03762") as text."""
        if name.lower() in ID_PREFIXES or not (following.isalnum() or following in ('"', "(")):
            return self._word(at)
        near = get_close_matches(name.lower(), sorted(FIELDS), 1, 0.6 if name.islower() else 0.8)
        if not near and not name.islower():
            return self._word(at)
        if near:
            raise problem(self.text, f"unknown field {name!r}, did you mean {near[0]}:?", at, end, f"{near[0]}:")
        stop = self._word_end(end)
        literal = f'"{self.text[at:stop]}"' if stop > end else f"{name} "
        message = f"unknown field {name!r} (put quotation marks around it to look for it as text)"
        raise problem(self.text, message, at, max(stop, end), literal)

    def _joined(self, name: str, end: int) -> tuple[int, str]:
        """Return how to mend ``title: word``: take the next word as the value, or drop the field."""
        start = end + len(self.text[end:]) - len(self.text[end:].lstrip())
        stop = self._word_end(start)
        return (stop, f"{name}:{self.text[start:stop]}") if stop > start else (end, "")

    def _value(self, at: int) -> int:
        end = self._word_end(at)
        return self._add(Kind.WORD, self.text[at:end], at, end)

    def _word(self, at: int) -> int:
        end = max(self._word_end(at), at + 1)
        text = self.text[at:end]
        if text == "NOT":
            message = "NOT is no sign here, write a minus (or not in small letters)"
            raise problem(self.text, message, at, end + 1 if self.text[end:].strip() else end, "-")
        return self._add(_KEYWORDS.get(text, Kind.WORD), text, at, end)

    def _word_end(self, at: int) -> int:
        """Return where a word ends.

        Parentheses that open inside it are part of it, ``SE(3)``, ``O(n log n)``, and so are quotation marks: 5",
        ``Schr\\"odinger``.
        """
        start = at
        while at < len(self.text) and not self.text[at].isspace() and self.text[at] != ")":
            at = self.closing.get(at, at) + 1 if at > start else at + 1
        return at


def has_letters(text: str) -> bool:
    """Return whether there is anything a word index could hold."""
    return any(character.isalnum() for character in text)


def _parentheses(text: str) -> dict[int, int]:
    """Return for each opening parenthesis its closing one; none reaches across a quotation mark."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for at, character in enumerate(text):
        if character == "(":
            opened.append(at)
        elif character == ")" and opened:
            closing[opened.pop()] = at
        elif character == '"':
            opened.clear()
    return closing
