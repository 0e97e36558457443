"""Interests as files: taken along to another installation, and brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from tidings.catalog.interests import Interests, name_of_interest
from tidings.errors import InputError
from tidings.learn.line import line_from
from tidings.people import Reader, require
from tidings.store import Store
from tidings.store.interests import Said
from tidings.types import DISMISSED, LIKED, Interest

MOST_EXAMPLES = 50_000
"""In one file; what is learnt from is bounded apart from it."""

_FORM: Literal["tidings interest 1"] = "tidings interest 1"
_Verdict = Literal["like", "dismiss"]
_VERDICTS: dict[_Verdict, int] = {"like": LIKED, "dismiss": DISMISSED}
_NAMES = {verdict: name for name, verdict in _VERDICTS.items()}
_Id = Annotated[str, msgspec.Meta(max_length=300)]


@dataclass(frozen=True, slots=True)
class _Said:
    """A line of the file: the paper by an external id, and its title for whoever reads the file."""

    paper: _Id
    verdict: _Verdict
    at: datetime
    title: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    """An interest as its file has it."""

    form: Literal["tidings interest 1"]
    name: str
    words: str = ""
    query: str = ""
    created: datetime | None = None
    examples: Annotated[list[_Said], msgspec.Meta(max_length=MOST_EXAMPLES)] = field(default_factory=list)
    line: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _State:
    """What is kept of an interest beside its examples: its line, and papers that were imported before they came."""

    line: dict[str, Any] | None = None
    waiting: list[_Said] = field(default_factory=list)


class Moving(Interests):
    """Exporting and importing; each method says who may."""

    def export_interest(self, reader: Reader | None, which: int | str) -> dict[str, Any]:
        """Return an interest of one's own as plain values for JSON: papers by their external ids.

        Raises:
            SignInError, ForbiddenError, NotFoundError: as ``change_interest``.
        """
        return exported(self._store, self._own_interest(reader, which))

    def import_interest(
        self, reader: Reader | None, data: Mapping[str, Any], *, name: str | None = None
    ) -> tuple[Interest, list[str]]:
        """Make an interest of what ``export_interest`` gave; return it, and the papers that the archive does not hold.

        Those wait in the interest: they leave with its next export, and ``look_again`` takes in what came since. What
        is imported is private, whatever it was.

        Raises:
            SignInError, ForbiddenError, QueryError, ConflictError: as for making one.
            InputError: it is no such export; nothing was made.
        """
        account, file = require(reader, "interests"), _read(data)
        said, waiting = self._sorted(file.examples)
        state = msgspec.json.encode(_State(file.line, waiting))
        name = name_of_interest(file.name if name is None else name)
        made = self._add_interest(account, name, words=file.words, query=file.query, said=said, state=state)
        return made, [one.paper for one in waiting]

    def look_again(self, reader: Reader | None, which: int | str) -> tuple[Interest, list[str]]:
        """Take in the papers that waited in an imported interest and came since; return it, and those still waiting.

        Raises:
            SignInError, ForbiddenError, NotFoundError: as ``change_interest``.
        """
        own = self._own_interest(reader, which)
        state = _state_of(self._store, own)
        said, waiting = self._sorted(state.waiting)
        left = msgspec.json.encode(_State(state.line, waiting))
        self._store.interests.say(own.id, said, self._clock(), left)
        return self._store.interests.get(own.id), [one.paper for one in waiting]

    def _sorted(self, lines: Sequence[_Said]) -> tuple[list[Said], list[_Said]]:
        """Return what can be said of papers that the archive holds, and the lines of the others."""
        held = self._store.interests.held([one.paper for one in lines])
        said = [Said(held[one.paper], _VERDICTS[one.verdict], one.at) for one in lines if one.paper in held]
        return said, [one for one in lines if one.paper not in held]


def exported(store: Store, own: Interest) -> dict[str, Any]:
    """Return an interest as plain values for JSON."""
    said = store.interests.examples(own.id)
    papers = {paper.id: paper for paper in store.papers([example.paper_id for example in said])}
    known = [(papers[e.paper_id], e) for e in said if e.paper_id in papers]
    state = _state_of(store, own)
    lines = [_Said(paper.key, _NAMES[e.verdict], e.at, paper.title) for paper, e in known]
    made = _File(_FORM, own.name, own.words, own.query, own.created, lines + state.waiting, state.line)
    values: dict[str, Any] = msgspec.to_builtins(made)
    return values


def _state_of(store: Store, own: Interest) -> _State:
    return msgspec.json.decode(store.interests.state(own.id) or b"{}", type=_State)


def _read(data: Mapping[str, Any]) -> _File:
    """Return an export that is sound.

    Raises:
        InputError: it is none.
    """
    try:
        file = msgspec.convert(data, _File)
        if file.line is not None:
            line_from(file.line)
    except (msgspec.ValidationError, InputError) as error:
        raise InputError(f"that is not an exported interest: {error}") from error
    lines = [replace(one, at=one.at if one.at.tzinfo else one.at.replace(tzinfo=UTC)) for one in file.examples]
    return replace(file, examples=sorted(lines, key=attrgetter("at")))
