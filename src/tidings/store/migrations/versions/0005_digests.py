"""Subscriptions, the outbox, what was told, what came back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _subscriptions()
    _editions()
    _bounces()


def _subscriptions() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("secret", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("cadence", sa.Text, nullable=False),
        sa.Column("weekday", sa.Integer),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("most", sa.Integer, nullable=False),
        sa.Column("minutes", sa.Integer),
        sa.Column("when_empty", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("resumes", sa.DateTime(timezone=True)),
        sa.Column("covered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newest", sa.Integer),
        sa.Column("newest_record", sa.Integer),
        sa.Column("due", sa.DateTime(timezone=True)),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed", sa.DateTime(timezone=True)),
        sqlite_autoincrement=True,
    )
    op.create_index("subscription_due", "subscription", ["due"])
    op.create_index("subscription_address", "subscription", ["address"])
    op.create_index("subscription_account", "subscription", ["account_id"])


def _editions() -> None:
    op.create_table(
        "edition",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subscription_id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try", sa.DateTime(timezone=True)),
        sa.Column("tried", sa.Integer, nullable=False, server_default="0"),
        sa.Column("holder", sa.Text),
        sa.Column("sent", sa.DateTime(timezone=True)),
        sa.Column("answer", sa.Text),
        sa.Column("data", sa.LargeBinary),
        sa.UniqueConstraint("subscription_id", "name", name="edition_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("edition_next", "edition", ["state", "next_try"])
    op.create_table(
        "told",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("edition_id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("told_paper", "told", ["paper_id"])


def _bounces() -> None:
    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("bounce_address", "bounce", ["address", "at"])
    op.create_table(
        "suppression",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
