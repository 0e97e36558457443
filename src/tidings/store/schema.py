"""Bring a database to this program's schema, or say why not."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from tidings.errors import StoreError
from tidings.store.engine import translated, writing

HEAD = "0008"  # the newest revision under migrations/versions; a test compares
KNOWN = frozenset(f"{number:04}" for number in range(1, int(HEAD) + 1))


def ensure_schema(engine: sa.Engine) -> None:
    """Create or upgrade the tables.

    Raises:
        StoreError: the database was made by a newer version of Tidings.
    """
    current = _revision(engine)
    if current == HEAD:
        return
    if current is not None and current not in KNOWN:
        raise StoreError(f"this archive was made by a newer version of Tidings (schema {current}, known {HEAD})")
    _upgrade(engine)


def _revision(engine: sa.Engine) -> str | None:
    with translated(), engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(sa.text("select version_num from alembic_version"))
        return found


def _upgrade(engine: sa.Engine) -> None:
    from alembic import command  # a third of a second to import, needed once in a version's life
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with writing(engine) as connection:  # two first starts at once: the second waits, then finds nothing to do
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
