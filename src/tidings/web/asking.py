"""What a reader asks for, as the address or the form says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import QueryParams

from tidings.errors import InputError
from tidings.rank.query import with_term, without_term
from tidings.web import addresses

LONGEST_QUERY = 100_000
LARGEST_LIMIT = 100
_TRAIL = 25
"""How many cursors of earlier pages an address remembers; "previous" leads to the first page beyond."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One page of one list. ``back`` holds the cursors of the pages before, oldest first.

    ``more`` are the parameters of one list only.
    """

    path: str
    query: str = ""
    ids: tuple[str, ...] = ()
    sort: str = "relevance"
    cursor: str | None = None
    back: tuple[str, ...] = ()
    number: int = 1
    explain: bool = False
    limit: int = 20
    usual: int = 20
    more: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> int:
        """The place of the page's first paper in the whole list."""
        return (self.number - 1) * self.limit + 1

    @property
    def is_long(self) -> bool:
        """Whether the query is too long for an address, so that every step is a form."""
        return len(self.query) > addresses.LONGEST_GET

    def afresh(self, query: str) -> Asking:
        """Return the first page of another query, asked the same way."""
        return replace(self, query=query, cursor=None, back=(), number=1)

    def following(self, cursor: str) -> Asking:
        """Return the next page."""
        back = (*self.back, self.cursor)[-_TRAIL:] if self.cursor else self.back
        return replace(self, cursor=cursor, back=tuple(filter(None, back)), number=self.number + 1)

    def preceding(self) -> Asking | None:
        """Return the previous page, the first one where the way back is not known, None on the first."""
        if self.cursor is None:
            return None
        if not self.back:
            return replace(self, cursor=None, number=1)
        return replace(self, cursor=self.back[-1], back=self.back[:-1], number=self.number - 1)

    def sorted_by(self, sort: str) -> Asking:
        """Return the first page in another order."""
        return replace(self, sort=sort, cursor=None, back=(), number=1)

    def explained(self, explain: bool) -> Asking:
        """Return this page with or without the parts of each score."""
        return replace(self, explain=explain)

    @property
    def href(self) -> str:
        """The address of this page."""
        return addresses.with_parameters(self.path, [("q", self.query), *self._turn()])

    @property
    def turn(self) -> str:
        """Everything but the text, to travel in a form beside it."""
        return urlencode([pair for pair in self._turn() if pair[1]])

    def _turn(self) -> list[tuple[str, str]]:
        return [
            *(("id", value) for value in self.ids),
            *self.more,
            ("sort", self.sort if self.sort != "relevance" else ""),
            ("limit", str(self.limit) if self.limit != self.usual else ""),
            ("explain", "1" if self.explain else ""),
            ("cursor", self.cursor or ""),
            *(("back", value) for value in self.back),
            ("page", str(self.number) if self.number > 1 else ""),
        ]


def from_address(path: str, parameters: QueryParams, page_size: int, more: Sequence[str] = ()) -> Asking:
    """Read an address. InputError on a limit, a page or a length that makes no sense.

    ``more`` names the parameters of this list only.
    """
    values = {name: parameters.getlist(name) for name in parameters}
    own = tuple((name, _one(values, name)) for name in more if _one(values, name))
    return replace(_read(path, values, page_size), more=own)


def from_form(path: str, body: bytes, page_size: int) -> Asking:
    """Read a posted form: ``q`` and ``sort``; perhaps ``turn`` (a page to turn to), ``add`` or ``drop`` (a term)."""
    fields: dict[str, list[str]] = {}
    text = body.decode("utf-8", "replace")
    for name, value in _pairs(text):
        fields.setdefault(name, []).append(value)
    turn: dict[str, list[str]] = {}
    for name, value in _pairs(_one(fields, "turn")):
        turn.setdefault(name, []).append(value)
    query = _one(fields, "q").strip()
    if term := _one(fields, "add"):
        query = with_term(query, term)
    if term := _one(fields, "drop"):
        query = without_term(query, term)
    return _read(path, {"sort": [_one(fields, "sort")], **turn, "q": [query]}, page_size)


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise InputError("This form has more fields than the page ever sends.") from error


def _read(path: str, values: Mapping[str, Sequence[str]], page_size: int) -> Asking:
    query = _one(values, "q").replace("\0", " ").strip()
    if len(query) > LONGEST_QUERY:
        raise InputError(f"A query may have {LONGEST_QUERY:,} characters; this one has {len(query):,}.")
    return Asking(
        path=path,
        query=query,
        ids=tuple(dict.fromkeys(value.strip() for value in values.get("id", ()) if value.strip())),
        sort=_one(values, "sort") or "relevance",
        cursor=_one(values, "cursor") or None,
        back=tuple(values.get("back", ()))[-_TRAIL:],
        number=number(_one(values, "page") or "1", "page", 100_000),
        explain=_one(values, "explain") == "1",
        limit=number(_one(values, "limit") or str(page_size), "limit", LARGEST_LIMIT),
        usual=page_size,
    )


def _one(values: Mapping[str, Sequence[str]], name: str) -> str:
    found = values.get(name)
    return found[-1] if found else ""


def number(text: str, name: str, largest: int) -> int:
    """Return a whole number from 1 to the largest. InputError on all else."""
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= largest):
        raise InputError(f"{name} must be a whole number from 1 to {largest:,}.")
    return int(text)
