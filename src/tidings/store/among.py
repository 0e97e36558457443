"""That a column has one of many values, as one parameter.

A list of parameters is written into the statement value by value: naming thousands took a tenth of the time of an add.
Both databases read a list from JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

Value = TypeVar("Value", int, str)


class _Each(FunctionElement[Any]):
    """The elements of a JSON list, as rows with a column ``value``."""

    name = "each"
    inherit_cache = True


@compiles(_Each, "sqlite")
def _sqlite(element: _Each, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Each, "postgresql")
def _postgresql(element: _Each, compiler: Any, **options: Any) -> str:
    return f"json_array_elements_text(cast({compiler.process(element.clauses, **options)} as json))"


def among(column: sa.Column[Value], values: Iterable[Value]) -> sa.ColumnElement[bool]:
    """Return that a column has one of the values; none of an empty list."""
    listed = sa.bindparam(None, msgspec.json.encode(list(values)).decode(), sa.Text)
    rows = _Each(listed).table_valued("value")
    return column.in_(sa.select(sa.cast(rows.c.value, column.type)))
