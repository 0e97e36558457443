"""What SQLite and PostgreSQL say alike, and SQLAlchemy imports from two places."""

from __future__ import annotations

from typing import Any


def insert_of(name: str) -> Any:
    """Return the dialect's insert, which knows what to do about conflicts; each dialect is slow to import."""
    if name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert
