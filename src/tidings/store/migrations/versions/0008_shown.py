"""What was known of a paper when a feed showed it, and what is learnt from that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("shown", sa.Column("chance", sa.Float))
    op.add_column("shown", sa.Column("interest_id", sa.Integer))
    op.add_column("shown", sa.Column("features", sa.LargeBinary))
    op.create_table(
        "model",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.LargeBinary),
        sa.Column("report", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
