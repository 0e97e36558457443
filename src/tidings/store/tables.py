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
    sa.Column("listed", sa.Date),  # when readers first put it forward
    sa.Column("data", sa.LargeBinary, nullable=False),  # JSON of types.Paper
    sa.Index("paper_day", "day", "id"),
    sa.Index("paper_updated", "updated", "id"),
    sa.Index("paper_listed", "listed", "id"),
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

# --- people ---
# Numbers that people see or that a log keeps are never given out twice, even when what had them is gone: hence
# sqlite_autoincrement (https://www.sqlite.org/autoinc.html).

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),  # lower case
    sa.Column("subject", sa.Text),  # who it is at the identity provider: issuer, blank, subject
    sa.Column("password", sa.Text),  # an Argon2 hash
    sa.Column("role", sa.Integer, nullable=False),
    sa.Column("is_named", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("seen", sa.DateTime(timezone=True)),
    sa.UniqueConstraint("email", name="account_email"),
    sa.UniqueConstraint("subject", name="account_subject"),
    sqlite_autoincrement=True,
)

# Secrets are kept as hashes: whoever reads the database cannot sign in with what stands there.
session = sa.Table(
    "session",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Integer, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
    sa.Index("session_account", "account_id"),
)

token = sa.Table(
    "token",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("account_id", sa.Integer, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),  # separated by blanks
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used", sa.DateTime(timezone=True)),
    sa.Column("expires", sa.DateTime(timezone=True)),
    sa.UniqueConstraint("digest", name="token_digest"),
    sa.Index("token_account", "account_id"),
    sqlite_autoincrement=True,
)

# A link in a mail that lets its reader in, once: to sign in, or to take up an invitation.
link = sa.Table(
    "link",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # sign-in or invitation; "nobody" lets nobody in
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("role", sa.Integer, nullable=False),  # of the account that it makes where there is none
    sa.Column("account_id", sa.Integer),  # who invites
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("digest", name="link_digest"),
    sqlite_autoincrement=True,
)

# How often somebody tried something lately, by a name such as "link from 192.0.2.7". Forgotten after a day.
attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("tried", sa.Integer, nullable=False),
)

vote = sa.Table(
    "vote",
    metadata,
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("account_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("vote_account", "account_id", "at"),
    sa.Index("vote_at", "at"),
    sqlite_with_rowid=False,
)

submission = sa.Table(
    "submission",
    metadata,
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("account_id", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("submission_at", "at"),
)

# A curator's pick of a day. Here and in hidden, the account 0 stands for one that was deleted.
pick = sa.Table(
    "pick",
    metadata,
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("account_id", sa.Integer, nullable=False),
    sa.Index("pick_day", "day"),
)

# Papers that a curator hid from the lists: spam.
hidden = sa.Table(
    "hidden",
    metadata,
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("account_id", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)

shelf = sa.Table(
    "shelf",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("key", sa.Text),  # of its address, while its visibility is link
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("account_id", "name", name="shelf_name"),
    sa.UniqueConstraint("key", name="shelf_key"),
    sqlite_autoincrement=True,
)

shelf_entry = sa.Table(
    "shelf_entry",
    metadata,
    sa.Column("shelf_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("shelf_entry_paper", "paper_id"),
)

# Who did what to what, for ever: every act of a curator, each of which can be undone, and of an administrator.
act = sa.Table(
    "act",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("account_id", sa.Integer),  # none when the installation itself did it, or its account is gone
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # what it became
    sa.Column("was", sa.Text, nullable=False),  # what it had been: undoing brings that back
    sa.Column("undone", sa.Integer),  # the line that took it back
)

# --- interests ---

# Words, perhaps a filter, and examples: what ranks a feed.
interest = sa.Table(
    "interest",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),  # a filter in the search language; "" lets everything through
    sa.Column("visibility", sa.Text, nullable=False),  # private or lab
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("changed", sa.DateTime(timezone=True), nullable=False),  # its words or examples: what is learnt is stale
    sa.Column("state", sa.LargeBinary),  # JSON of what it learnt beside its examples
    sa.UniqueConstraint("account_id", "name", name="interest_name"),
    sqlite_autoincrement=True,
)

# What its reader said of papers, every time: the newest line of a paper counts, so that each can be undone.
example = sa.Table(
    "example",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("interest_id", sa.Integer, nullable=False),
    sa.Column("paper_id", sa.Integer, nullable=False),
    sa.Column("verdict", sa.Integer, nullable=False),  # 1 liked, -1 dismissed, 0 taken back
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),  # what was said at once, and is undone at once
    sa.Column("height", sa.Float),  # how rare its score was before it was liked: what the line is learnt from
    sa.Index("example_interest", "interest_id", "paper_id", "id"),
    sa.Index("example_paper", "paper_id"),
    sqlite_autoincrement=True,
)

# What a reader's feeds showed, at which place for the first time, and whether it was opened; what was known of it then.
shown = sa.Table(
    "shown",
    metadata,
    sa.Column("account_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("opened", sa.DateTime(timezone=True)),
    sa.Column("chance", sa.Float),  # of the draw by which it was there; none where it was not drawn
    sa.Column("interest_id", sa.Integer),  # that spoke for it
    sa.Column("features", sa.LargeBinary),  # float32, one for each of learn.second.FEATURES
    sa.Index("shown_paper", "paper_id"),
    sqlite_with_rowid=False,
)

# What a reader said of words and authors, whatever the interest: muted or followed.
rule = sa.Table(
    "rule",
    metadata,
    sa.Column("account_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),  # mute-word, mute-author, follow-author
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sqlite_with_rowid=False,
)

# What is learnt of everybody's feeds together, at night: how likely a paper would be liked, and the second stage.
model = sa.Table(
    "model",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),  # likely or ranker
    sa.Column("made", sa.DateTime(timezone=True), nullable=False),
    sa.Column("data", sa.LargeBinary),  # what is served; none where nothing is
    sa.Column("report", sa.LargeBinary, nullable=False),  # JSON of how it came about
    sqlite_with_rowid=False,
)

# --- digests ---

# Who is told what, where and when. Strangers have an address and no account.
subscription = sa.Table(
    "subscription",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.Integer),
    sa.Column("channel", sa.Text, nullable=False),  # mail or webhook
    sa.Column("address", sa.Text, nullable=False),  # of mail in lower case, or of the hook
    sa.Column("secret", sa.Text),  # what a hook's calls are signed with
    sa.Column("kind", sa.Text, nullable=False),  # trending, search, interest, feed, shelf, topic
    sa.Column("subject", sa.Text, nullable=False),  # the query, the number of the interest or shelf …
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("cadence", sa.Text, nullable=False),  # daily or weekly
    sa.Column("weekday", sa.Integer),  # of a weekly one, Monday 0
    sa.Column("hour", sa.Integer, nullable=False),  # in its zone
    sa.Column("zone", sa.Text, nullable=False),  # as Europe/Paris
    sa.Column("most", sa.Integer, nullable=False),  # papers in an edition
    sa.Column("minutes", sa.Integer),  # or what can be read in so many
    sa.Column("when_empty", sa.Text, nullable=False),  # skip or say
    sa.Column("state", sa.Text, nullable=False),  # waiting, active, paused, left, stopped
    sa.Column("note", sa.Text),  # why it stopped
    sa.Column("resumes", sa.DateTime(timezone=True)),  # when a pause ends by itself
    sa.Column("covered", sa.DateTime(timezone=True), nullable=False),  # what came until then was told of
    sa.Column("newest", sa.Integer),  # the newest paper that was held then: a later one is news, whatever its day
    sa.Column("newest_record", sa.Integer),  # and the newest record: a later one may have joined a paper that was told
    sa.Column("due", sa.DateTime(timezone=True)),  # the next edition
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("confirmed", sa.DateTime(timezone=True)),
    sa.Index("subscription_due", "due"),
    sa.Index("subscription_address", "address"),
    sa.Index("subscription_account", "account_id"),
    sqlite_autoincrement=True,
)

# The outbox and its memory: an edition is here before it leaves, and never twice.
edition = sa.Table(
    "edition",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subscription_id", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # the local day it was due, as 2025-03-20
    sa.Column("state", sa.Text, nullable=False),  # waiting, sending, sent, empty, failed, unknown
    sa.Column("due", sa.DateTime(timezone=True), nullable=False),
    sa.Column("made", sa.DateTime(timezone=True), nullable=False),
    sa.Column("next_try", sa.DateTime(timezone=True)),
    sa.Column("tried", sa.Integer, nullable=False, server_default="0"),
    sa.Column("holder", sa.Text),  # who sends it now, or did when it was killed
    sa.Column("sent", sa.DateTime(timezone=True)),
    sa.Column("answer", sa.Text),  # the server's
    sa.Column("data", sa.LargeBinary),  # zlib of JSON of what it tells
    sa.UniqueConstraint("subscription_id", "name", name="edition_name"),
    sa.Index("edition_next", "state", "next_try"),
    sqlite_autoincrement=True,
)

# What an address was told of, so that it never is again.
told = sa.Table(
    "told",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("edition_id", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("told_paper", "paper_id"),
    sqlite_with_rowid=False,
)

# What came back: a mailbox that is gone or full, a complaint.
bounce = sa.Table(
    "bounce",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # hard, soft, complaint
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("bounce_address", "address", "at"),
)

# Addresses that get no mail, whoever subscribes them.
suppression = sa.Table(
    "suppression",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)

# --- topics ---

# What the archive found in itself. A row is never removed, and its number never given to another: it is gone.
topic = sa.Table(
    "topic",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("parent_id", sa.Integer),  # the area of a leaf
    sa.Column("level", sa.Integer, nullable=False),  # 0 an area, 1 a leaf
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),  # JSON list of phrases
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("centre", sa.LargeBinary),  # float16: the mean vector of its papers, from which a lost fit starts again
    sa.Column("born", sa.DateTime(timezone=True), nullable=False),
    sa.Column("announced", sa.DateTime(timezone=True)),  # of a birth; none of what a full fit or a split made
    sa.Column("born_between", sa.Text, nullable=False),  # JSON list of topics
    sa.Column("sure", sa.Float),
    sa.Column("renamed", sa.Boolean, nullable=False, server_default=sa.false()),  # a curator gave its name
    sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()),  # a curator wants it to stay
    sa.Column("gone", sa.DateTime(timezone=True)),
    sa.Column("merged_into", sa.Integer),
    sa.Index("topic_parent", "parent_id"),
)

# One row: which folder of files holds the topic of each paper. Changed in the transaction that changes the topics.
topic_fit = sa.Table(
    "topic_fit",
    metadata,
    sa.Column("generation", sa.Text, primary_key=True),
    sa.Column("fitted", sa.DateTime(timezone=True), nullable=False),
    sa.Column("encoder", sa.Text, nullable=False),
    sa.Column("papers", sa.Integer, nullable=False),
    sa.Column("full_papers", sa.Integer, nullable=False),  # how many there were at the last full fit
)

# --- tags ---

# What curators describe in a line, and papers get by it.
tag = sa.Table(
    "tag",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("changed", sa.DateTime(timezone=True), nullable=False),  # its words or examples: what is learnt is stale
    sqlite_autoincrement=True,
)

# Papers that curators gave a tag, or that it does not fit.
tag_example = sa.Table(
    "tag_example",
    metadata,
    sa.Column("tag_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("paper_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("verdict", sa.Integer, nullable=False),  # 1 it fits, -1 it does not
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("tag_example_paper", "paper_id"),
    sqlite_with_rowid=False,
)

# What people attached to a paper follows it when it is merged into another.
FOLLOWING = (vote, submission, pick, hidden, shelf_entry, example, shown, told, tag_example)
