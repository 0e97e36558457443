"""Alembic's entry: migrations run on the connection that ``schema.ensure_schema`` opened."""

from __future__ import annotations

from alembic import context

from tidings.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
