"""Tokens to a query: which words rank, and what may appear at all.

sequence = element*                      AND between elements changes nothing
element  = factor ("OR" factor)*         OR joins only its neighbours
factor   = "-" factor | "(" sequence ")" | field ":" value | phrase | word
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tidings.errors import QueryError
from tidings.rank.query.tokens import ID_PREFIXES, Kind, Token, problem, tokenize
from tidings.rank.query.values import ValueProblemError, field_filter, word
from tidings.types import And, Filter, Not, Or

MAX_DEPTH = 20
MAX_TERMS = 500

_ID_STARTS = tuple(f"{prefix}:" for prefix in ID_PREFIXES)
_RANKED_FIELDS = frozenset({None, "title", "abstract"})


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: it ranks, and is required only inside a choice or a negation."""

    token: Token


@dataclass(frozen=True, slots=True)
class Leaf:
    """A phrase or a field's value: always required. ``words`` also rank."""

    filter: Filter
    words: str
    field: str | None


@dataclass(frozen=True, slots=True)
class Group:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    of: Node


Node = Word | Leaf | Group | Choice | Negation


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a query that stands alone between blanks, with its place in the text."""

    node: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parsed:
    words: str
    required: Filter | None
    pieces: tuple[Piece, ...]
    bare_words: int
    has_operators: bool  # a field or an OR


def parse_terms(text: str, sources: Collection[str] | None = None) -> Parsed:
    """Parse ``text`` by the grammar; any source will do where ``sources`` is None.

    Raises QueryError with the place of the mistake and a mended query.
    """
    tokens = tokenize(text)
    pieces = _Parser(text, tokens, sources).pieces()
    root = Group(tuple(piece.node for piece in pieces))
    return Parsed(
        words=words_of(root),
        required=required_of(text, root),
        pieces=pieces,
        bare_words=sum(len(piece.node.token.text.split()) for piece in pieces if isinstance(piece.node, Word)),
        has_operators=any(token.kind in (Kind.FIELD, Kind.OR) for token in tokens),
    )


def words_of(root: Group) -> str:
    """Return the words of a sequence that rank, in their order; never those of a negation."""
    return " ".join(_ranking(root))


def required_of(text: str, root: Group) -> Filter | None:
    """Return what a sequence demands of a paper; its bare words demand nothing."""
    return _required(text, root, strict=False)


def field_filter_of(node: Node) -> Filter | None:
    """Return the filter of a lone ``field:value`` or ``-field:value``; None for any other node."""
    if isinstance(node, Leaf) and node.field is not None:
        return node.filter
    if isinstance(node, Negation) and isinstance(node.of, Leaf) and node.of.field is not None:
        return Not(node.of.filter)
    return None


class _Parser:
    def __init__(self, text: str, tokens: list[Token], sources: Collection[str] | None) -> None:
        self.text = text
        self.sources = sources
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.field: Token | None = None  # whose parentheses we are in

    def pieces(self) -> tuple[Piece, ...]:
        pieces = tuple(self._sequence())
        if self.at < len(self.tokens):
            stray = self.tokens[self.at]
            raise self._problem("a closing parenthesis that nothing opens", stray, "")
        if sum(token.kind in (Kind.WORD, Kind.PHRASE) for token in self.tokens) > MAX_TERMS:
            raise self._problem(f"more than {MAX_TERMS} words and terms", self.tokens[-1], None)
        return pieces

    def _peek(self) -> Kind | None:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else None

    def _take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _problem(self, message: str, token: Token, instead: str | None) -> QueryError:
        return problem(self.text, message, token.start, token.end, instead)

    def _sequence(self) -> Iterator[Piece]:
        while self._peek() not in (None, Kind.CLOSE):
            if self._peek() is Kind.AND:
                self._take()
                continue
            start = self.tokens[self.at].start
            node = self._element()
            yield Piece(node, start, self.tokens[self.at - 1].end)

    def _element(self) -> Node:
        if self._peek() is Kind.OR:
            raise self._problem("OR with nothing before it", self._take(), "")
        items = [self._factor()]
        while self._peek() is Kind.OR:
            token = self._take()
            if self._peek() in (None, Kind.OR, Kind.AND, Kind.CLOSE):
                raise self._problem("OR with nothing after it", token, "")
            items.append(self._factor())
        return items[0] if len(items) == 1 else Choice(tuple(items))

    def _factor(self) -> Node:
        token = self._take()
        if token.kind is Kind.NOT:
            return self._negation(token)
        if token.kind is Kind.OPEN:
            return self._group(token)
        if token.kind is Kind.FIELD:
            return self._field(token)
        return self._leaf(token)

    def _negation(self, token: Token) -> Node:
        if self._peek() in (None, Kind.OR, Kind.AND, Kind.CLOSE):
            raise self._problem("a minus with nothing to leave out", token, "")
        self._deeper(token)
        node = Negation(self._factor())
        self.depth -= 1
        return node

    def _deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._problem(f"more than {MAX_DEPTH} levels of parentheses", token, None)

    def _group(self, token: Token) -> Node:
        self._deeper(token)
        items = tuple(piece.node for piece in self._sequence())
        if self._peek() is None:
            raise problem(
                self.text, "a parenthesis that is never closed", token.start, len(self.text), self._closed(token)
            )
        closing = self._take()
        if not items:
            raise problem(self.text, "nothing between the parentheses", token.start, closing.end, "")
        self.depth -= 1
        return items[0] if len(items) == 1 else Group(items)

    def _closed(self, token: Token) -> str:
        return self.text[token.start :].rstrip() + ")"

    def _field(self, token: Token) -> Node:
        if self.field is not None:
            raise self._problem(f"{token.text}: inside the parentheses of {self.field.text}:", token, "")
        self.field = token
        node = self._factor()
        self.field = None
        return node

    def _leaf(self, token: Token) -> Node:
        quoted = token.kind is Kind.PHRASE
        if self.field is not None:
            return self._value(self.field, token, quoted)
        if quoted:
            return Leaf(word(token.text, None, quoted=True), token.text, None)
        if token.text.lower().startswith(_ID_STARTS) and not token.text.endswith(":"):
            return self._value(Token(Kind.FIELD, "id", token.start, token.start), token, False)
        return Word(token)

    def _value(self, field: Token, token: Token, quoted: bool) -> Node:
        try:
            found = field_filter(field.text, token.text, quoted, self.sources)
        except ValueProblemError as error:
            raise self._problem(str(error), token, error.instead) from error
        return Leaf(found, token.text if field.text in _RANKED_FIELDS else "", field.text)


def _ranking(node: Node) -> Iterator[str]:
    if isinstance(node, Word):
        yield node.token.text
    elif isinstance(node, Leaf) and node.words:
        yield node.words
    elif isinstance(node, Group | Choice):
        for item in node.items:
            yield from _ranking(item)


def _required(text: str, node: Node, strict: bool) -> Filter | None:
    """Return what the node demands of a paper; bare words demand something only where ``strict``."""
    match node:
        case Word(token):
            return _required_word(text, token) if strict else None
        case Leaf(found, _, _):
            return found
        case Negation(of):
            inner = _required(text, of, strict=True)
            return Not(inner) if inner else None
        case Choice(items):
            return _joined(Or, [_required(text, item, strict=True) for item in items])
        case Group(items):
            return _joined(And, [_required(text, item, strict) for item in items])


def _required_word(text: str, token: Token) -> Filter:
    try:
        return word(token.text, None, quoted=False)
    except ValueProblemError as error:
        raise problem(text, str(error), token.start, token.end, "") from error


def _joined(kind: type[And] | type[Or], filters: list[Filter | None]) -> Filter | None:
    """Return the filters as one, those of the same kind made flat."""
    flat: list[Filter] = []
    for one in filters:
        if isinstance(one, kind):
            flat.extend(one.of)
        elif one is not None:
            flat.append(one)
    if not flat:
        return None
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
