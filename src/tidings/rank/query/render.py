"""A filter as query text."""

from __future__ import annotations

import re
from datetime import date

from tidings.rank.query.tokens import EXACT_FIELDS
from tidings.types import And, Between, Filter, Has, Not, Or, Term

_BARE = re.compile(r"[\w+#]+")
_BARE_EXACT = re.compile(r"[\w+#.:/][\w+#.:/-]*")
_KEYWORDS = frozenset({"OR", "AND", "NOT"})


def render(required: Filter | None) -> str:
    """Return text that parses to ``required`` again; "" for None.

    A single word that stands alone comes back in quotation marks: bare, it would only rank.
    """
    if required is None:
        return ""
    if isinstance(required, And):
        return " ".join(_alone(one) for one in required.of)
    if isinstance(required, Or):
        return " OR ".join(_inside(one) for one in required.of)
    return _alone(required)


def field_term(field: str, value: str) -> str:
    """Return ``field:value`` as one types it, quoted where the value needs it."""
    value = " ".join(value.replace('"', " ").split())
    bare = _BARE_EXACT if field in EXACT_FIELDS | {"year", "date", "has"} else _BARE
    return f"{field}:{value}" if bare.fullmatch(value) else f'{field}:"{value}"'


def _alone(required: Filter) -> str:
    """Return one part of a sequence."""
    if isinstance(required, Term) and required.field is None and not required.phrase:
        return _quoted(required.text)
    return _inside(required)


def _inside(required: Filter) -> str:
    """Return one part of a choice or a negation."""
    match required:
        case Term():
            return _term(required)
        case Between():
            return f"{required.field}:{_range(required)}"
        case Has(what):
            return f"has:{what}"
        case Not(of):
            inner = _inside(of)
            return f"-({inner})" if isinstance(of, Not) else f"-{inner}"
        case And(of):
            return f"({' '.join(_inside(one) for one in of)})"
        case Or():
            return f"({render(required)})"


def _term(term: Term) -> str:
    if term.field in EXACT_FIELDS:
        return field_term(term.field, term.text)
    prefix = f"{term.field}:" if term.field else ""
    bare = not term.phrase and _BARE.fullmatch(term.text) and (prefix or term.text not in _KEYWORDS)
    return prefix + (term.text if bare else _quoted(term.text))


def _quoted(text: str) -> str:
    return f'"{text}"'


def _range(between: Between) -> str:
    low, high = _bound(between.field, between.low), _bound(between.field, between.high)
    return low if low == high else f"{low}..{high}"


def _bound(field: str, value: int | None) -> str:
    if value is None:
        return ""
    return date.fromordinal(value).isoformat() if field == "date" else f"{value:04d}"
