"""Interests and their examples, what feeds showed, what is muted and followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _interests()
    _readers()


def _interests() -> None:
    op.create_table(
        "interest",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.LargeBinary),
        sa.UniqueConstraint("account_id", "name", name="interest_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "example",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("interest_id", sa.Integer, nullable=False),
        sa.Column("paper_id", sa.Integer, nullable=False),
        sa.Column("verdict", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("height", sa.Float),
        sqlite_autoincrement=True,
    )
    op.create_index("example_interest", "example", ["interest_id", "paper_id", "id"])
    op.create_index("example_paper", "example", ["paper_id"])


def _readers() -> None:
    op.create_table(
        "shown",
        sa.Column("account_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True)),
        sqlite_with_rowid=False,
    )
    op.create_index("shown_paper", "shown", ["paper_id"])
    op.create_table(
        "rule",
        sa.Column("account_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sqlite_with_rowid=False,
    )
