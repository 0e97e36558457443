"""The first schema."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _papers()
    archive = op.create_table("archive", sa.Column("id", sa.Text, primary_key=True))
    op.bulk_insert(archive, [{"id": uuid4().hex}])
    _identity()
    op.create_table(
        "change",
        sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.UniqueConstraint("position", name="change_position"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("digest", name="quarantine_digest"),
    )


def _papers() -> None:
    op.create_table(
        "paper",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date),
        sa.Column("updated", sa.Date),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("paper_day", "paper", ["day", "id"])
    op.create_index("paper_updated", "paper", ["updated", "id"])
    op.create_table(
        "record",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("paper_id", sa.Integer, nullable=False),
        sa.Column("digest", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("earlier", sa.LargeBinary),
        sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("source", "key", name="record_source_key"),
    )
    op.create_index("record_paper", "record", ["paper_id"])


def _identity() -> None:
    op.create_table(
        "identifier",
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("paper_id", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("identifier_paper", "identifier", ["paper_id"])
    op.create_table(
        "fingerprint",
        sa.Column("hash", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("fingerprint_paper", "fingerprint", ["paper_id"])
    op.create_table(
        "alias",
        sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("survivor_id", sa.Integer, nullable=False),
    )
    op.create_index("alias_survivor", "alias", ["survivor_id"])
