"""Topics: what the archive found in itself, and what curators made of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "topic",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("parent_id", sa.Integer),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("centre", sa.LargeBinary),
        sa.Column("born", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced", sa.DateTime(timezone=True)),
        sa.Column("born_between", sa.Text, nullable=False),
        sa.Column("sure", sa.Float),
        sa.Column("renamed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("gone", sa.DateTime(timezone=True)),
        sa.Column("merged_into", sa.Integer),
    )
    op.create_index("topic_parent", "topic", ["parent_id"])
    op.create_table(
        "topic_fit",
        sa.Column("generation", sa.Text, primary_key=True),
        sa.Column("fitted", sa.DateTime(timezone=True), nullable=False),
        sa.Column("encoder", sa.Text, nullable=False),
        sa.Column("papers", sa.Integer, nullable=False),
        sa.Column("full_papers", sa.Integer, nullable=False),
    )
