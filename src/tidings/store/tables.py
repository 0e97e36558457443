"""The tables: one SQLAlchemy Core text for SQLite and PostgreSQL. migrations/ makes the same; a test compares."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

# A paper is derived from its records (merge.fold) and kept whole, so that a page of papers is one query.
paper = sa.Table(
    "paper",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date),  # when a reader could first know of it
    sa.Column("updated", sa.Date),
    sa.Column("data", sa.LargeBinary, nullable=False),  # JSON of types.Paper
    sa.Index("paper_day", "day", "id"),
    sa.Index("paper_updated", "updated", "id"),
)

# What each source says, for ever: the reason and the way back of every merge.
record = sa.Table(
    "record",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("paper_id", sa.Integer, nullable=False),
    sa.Column("digest", sa.BigInteger, nullable=False),  # of the payload: equal means unchanged
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
    sa.Column("earlier", sa.LargeBinary),  # digests of what it said before: an old file never overrules
    sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),  # a person said: not that paper
    sa.Column("counted", sa.DateTime(timezone=True)),  # when the newest of its dated counts was taken
    sa.Column("data", sa.LargeBinary, nullable=False),  # zlib of JSON of types.Record
    sa.UniqueConstraint("source", "key", name="record_source_key"),
    sa.Index("record_paper", "paper_id"),
)

# External ids, each of exactly one paper.
identifier = sa.Table(
    "identifier",
    metadata,
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Integer, nullable=False),
    sa.Index("identifier_paper", "paper_id"),
    sqlite_with_rowid=False,
)

# Hashes by which records without a common id are proposed as the same paper (merge.fingerprints).
fingerprint = sa.Table(
    "fingerprint",
    metadata,
    sa.Column("hash", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Index("fingerprint_paper", "paper_id"),
    sqlite_with_rowid=False,
)

# The change log, compacted: a paper's last change only, since whoever follows wants the present state.
change = sa.Table(
    "change",
    metadata,
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("position", name="change_position"),
)

# A paper that was merged into another: old addresses keep working.
alias = sa.Table(
    "alias",
    metadata,
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("survivor_id", sa.Integer, nullable=False),
    sa.Index("alias_survivor", "survivor_id"),
)

# One row: the name that the index knows this store by, so that it never answers for another one.
archive = sa.Table("archive", metadata, sa.Column("id", sa.Text, primary_key=True))

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.BigInteger, nullable=False),  # the same refusal twice is one row
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("digest", name="quarantine_digest"),
)

# What was counted of a paper at a time: votes, comments, stars, citations. Kept for ever, for trending.
observation = sa.Table(
    "observation",
    metadata,
    sa.Column("record_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
    sa.Index("observation_at", "at"),
    sqlite_with_rowid=False,
)

# What a source changed in a record, field by field: a new version, a withdrawal, a corrected title.
revision = sa.Table(
    "revision",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("record_id", sa.Integer, nullable=False),
    sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),  # JSON of types.Revision
    sa.Index("revision_record", "record_id"),
)

# What a private source (a reader's library) holds: never part of the archive.
holding = sa.Table(
    "holding",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),  # zlib of JSON of types.Record
    sqlite_with_rowid=False,
)

# How far each source was read, and how its last run went.
source = sa.Table(
    "source",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("cursor", sa.Text),
    sa.Column("newest", sa.Date),  # the newest announcement held
    sa.Column("started", sa.DateTime(timezone=True)),
    sa.Column("succeeded", sa.DateTime(timezone=True)),
    sa.Column("failed", sa.DateTime(timezone=True)),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),  # since the last success
    sa.Column("error", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("read", sa.Integer, nullable=False, server_default="0"),  # in the last run
    sa.Column("new", sa.Integer, nullable=False, server_default="0"),
)

# Work that comes due. Whoever changes locked_until by its one update has it; the holder is named, so that one
# whose time ran out cannot write over its successor.
job = sa.Table(
    "job",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("locked_until", sa.DateTime(timezone=True)),
    sa.Column("holder", sa.Text),
)

# One row for each host or family of hosts: when any process may ask it again.
gate = sa.Table(
    "gate",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("held_until", sa.DateTime(timezone=True)),
    sa.Column("holder", sa.Text),
    sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
)
