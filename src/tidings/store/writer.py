"""Writing the store, inside one transaction of the one writer. Nothing here decides; sync and merge do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tidings.hashing import digest
from tidings.store.among import among
from tidings.store.codec import encode_paper, encode_record, encode_revision, pack
from tidings.store.engine import utc
from tidings.store.jobs import Claim, hold
from tidings.store.progress import Progress, load, save
from tidings.store.reader import load_papers, load_records
from tidings.store.tables import (
    FOLLOWING,
    alias,
    change,
    fingerprint,
    holding,
    identifier,
    observation,
    paper,
    quarantine,
    record,
    revision,
    shelf_entry,
)
from tidings.store.upsert import Row, upsert
from tidings.types import Count, HeldRecord, Paper, Record, Refusal, Revision


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """What is needed to see whether a record is news: its row, its paper, and the digests of all it ever said."""

    id: int
    paper_id: int
    digest: int
    earlier: frozenset[int]
    reason: str
    alone: bool
    counted: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record to write; ``data`` is its JSON."""

    id: int
    paper_id: int
    source: str
    key: str
    digest: int
    earlier: frozenset[int]
    reason: str
    alone: bool
    counted: datetime | None
    data: bytes


class StoreWriter:
    """One transaction. Ids and positions are handed out here, which is safe because there is one writer."""

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now
        self._next: dict[str, int] = {}

    # --- reading inside the transaction ---

    def known_records(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], KnownRecord]:
        """Return what is known of the records with these (source, key) pairs."""
        by_source: dict[str, list[str]] = defaultdict(list)
        for source, key in keys:
            by_source[source].append(key)
        known = {}
        c = record.c
        columns = (c.id, c.key, c.paper_id, c.digest, c.earlier, c.reason, c.alone, c.counted)
        for source, wanted in by_source.items():
            query = sa.select(*columns).where(record.c.source == source, among(record.c.key, wanted))
            for row in self._connection.execute(query):
                earlier = _unpack_digests(row.earlier)
                counted = utc(row.counted) if row.counted else None
                known[source, row.key] = KnownRecord(
                    row.id, row.paper_id, row.digest, earlier, row.reason, row.alone, counted
                )
        return known

    def papers_by_identifier(self, values: Iterable[str]) -> dict[str, int]:
        """Return the paper of each external id that is known."""
        query = sa.select(identifier.c.value, identifier.c.paper_id).where(among(identifier.c.value, values))
        return {row.value: row.paper_id for row in self._connection.execute(query)}

    def papers_by_fingerprint(self, hashes: Iterable[int]) -> dict[int, list[int]]:
        """Return the papers that have each fingerprint, oldest first."""
        query = sa.select(fingerprint.c.hash, fingerprint.c.paper_id).where(among(fingerprint.c.hash, hashes))
        found: dict[int, list[int]] = defaultdict(list)
        for row in self._connection.execute(query.order_by(fingerprint.c.hash, fingerprint.c.paper_id)):
            found[row.hash].append(row.paper_id)
        return found

    def papers(self, ids: Iterable[int]) -> dict[int, Paper]:
        """Return the papers that exist among the ids."""
        return load_papers(self._connection, ids)

    def records(self, paper_ids: Iterable[int]) -> list[HeldRecord]:
        """Return the records of the papers, oldest first."""
        return load_records(self._connection, paper_ids)

    # --- handing out numbers ---

    def next_paper_id(self) -> int:
        """Return a number that no paper has or had."""
        return self._take("paper", change.c.paper_id)

    def next_record_id(self) -> int:
        """Return a number that no record has."""
        return self._take("record", record.c.id)

    def _take(self, name: str, column: sa.Column[int]) -> int:
        if name not in self._next:
            self._next[name] = self._connection.scalar(sa.select(sa.func.max(column))) or 0
        self._next[name] += 1
        return self._next[name]

    # --- writing ---

    def write_papers(self, papers: Sequence[Paper]) -> None:
        """Insert or replace papers and log the changes."""
        rows: list[Row] = [
            {"id": p.id, "day": p.date, "updated": p.updated, "listed": p.listed, "data": encode_paper(p)}
            for p in papers
        ]
        upsert(self._connection, paper, rows)
        self._log((p.id, False) for p in papers)

    def remove_papers(self, survivors: dict[int, int]) -> None:
        """Remove papers that were merged: ``survivors`` maps each to the paper that lives on."""
        if not survivors:
            return
        removed = list(survivors)
        self._connection.execute(sa.delete(paper).where(among(paper.c.id, removed)))
        for table in (identifier, fingerprint):
            self._connection.execute(sa.delete(table).where(among(table.c.paper_id, removed)))
        for old, survivor in survivors.items():
            move = sa.update(record).where(record.c.paper_id == old).values(paper_id=survivor)
            self._connection.execute(move)
            self._bring_along(old, survivor)
            lead_on = sa.update(alias).where(alias.c.survivor_id == old).values(survivor_id=survivor)
            self._connection.execute(lead_on)
        upsert(self._connection, alias, [{"paper_id": old, "survivor_id": new} for old, new in survivors.items()])
        self._log((old, True) for old in removed)

    def _bring_along(self, old: int, survivor: int) -> None:
        """Give what people attached to a paper to the one that it was merged into; what that one has, it keeps."""
        self._join_notes(old, survivor)
        for table in FOLLOWING:
            rest = [column for column in table.primary_key if column.name != "paper_id"]
            taken = table.alias()
            same = sa.and_(taken.c.paper_id == survivor, *(taken.c[column.name] == column for column in rest))
            doubled = sa.and_(table.c.paper_id == old, sa.exists().where(same))
            self._connection.execute(sa.delete(table).where(doubled))
            self._connection.execute(sa.update(table).where(table.c.paper_id == old).values(paper_id=survivor))

    def _join_notes(self, old: int, survivor: int) -> None:
        """Keep the notes of a shelf that has both papers: they are somebody's own words."""
        other = shelf_entry.alias()
        same = sa.and_(other.c.paper_id == old, other.c.shelf_id == shelf_entry.c.shelf_id)
        same = sa.and_(same, other.c.note.not_in(["", shelf_entry.c.note]))
        note = sa.select(other.c.note).where(same).scalar_subquery()
        kept = sa.case((shelf_entry.c.note == "", note), else_=shelf_entry.c.note + "; " + note)
        doubled = sa.and_(shelf_entry.c.paper_id == survivor, sa.exists().where(same))
        self._connection.execute(sa.update(shelf_entry).where(doubled).values(note=kept))

    def write_records(self, rows: Sequence[RecordRow]) -> None:
        """Insert or replace records."""
        upsert(self._connection, record, [self._record_row(row) for row in rows])

    def _record_row(self, row: RecordRow) -> Row:
        return {
            "id": row.id,
            "source": row.source,
            "key": row.key,
            "paper_id": row.paper_id,
            "digest": row.digest,
            "earlier": _pack_digests(row.earlier),
            "reason": row.reason,
            "seen": self.now,
            "alone": row.alone,
            "counted": row.counted,
            "data": pack(row.data),
        }

    def write_observations(self, rows: Iterable[tuple[int, Count]]) -> None:
        """Keep what was counted of a record at a time; the same time again says the same."""
        values: list[Row] = [{"record_id": n, "kind": c.kind, "at": c.at, "value": c.value} for n, c in rows]
        upsert(self._connection, observation, values)

    def write_revisions(self, rows: Iterable[tuple[int, Revision]]) -> None:
        """Keep what a source changed in its records."""
        values = [{"record_id": number, "seen": r.seen, "data": encode_revision(r)} for number, r in rows]
        if values:
            self._connection.execute(sa.insert(revision), values)

    def write_holdings(self, records: Sequence[Record]) -> None:
        """Keep records of a private source; nothing of them enters the archive."""
        rows: list[Row] = [{"source": r.source, "key": r.key, "data": pack(encode_record(r))} for r in records]
        upsert(self._connection, holding, rows)

    def remove_holdings(self, source: str, keys: Sequence[str]) -> None:
        """Forget records of a private source."""
        self._connection.execute(sa.delete(holding).where(holding.c.source == source, among(holding.c.key, keys)))

    def progress(self, name: str) -> Progress:
        """Return how far a source was read, as this transaction sees it."""
        return load(self._connection, name)

    def advance(self, claim: Claim | None, name: str, **values: object) -> None:
        """Keep how far a source was read, with what was read: both or neither.

        Raises:
            BusyError: another process has taken the work over; nothing of this transaction is stored.
        """
        if claim is not None:
            hold(self._connection, claim, self.now)
        save(self._connection, name, **values)

    def siblings(self, record_id: int) -> list[HeldRecord]:
        """Return all records of the paper that a record belongs to, itself included."""
        paper_id = self._connection.scalar(sa.select(record.c.paper_id).where(record.c.id == record_id))
        return [] if paper_id is None else self.records([paper_id])

    def move_record(self, record_id: int, paper_id: int, reason: str) -> None:
        """Give a record to another paper, where it stays whatever its ids say."""
        values = {"paper_id": paper_id, "reason": reason, "alone": True}
        self._connection.execute(sa.update(record).where(record.c.id == record_id).values(**values))

    def write_identifiers(self, pairs: Iterable[tuple[str, int]]) -> None:
        """Say whose each external id is; an id that has an owner keeps it."""
        rows: list[Row] = [{"value": value, "paper_id": owner} for value, owner in pairs]
        upsert(self._connection, identifier, rows, ["value"])

    def write_fingerprints(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Add (hash, paper) pairs; those already there are left alone."""
        upsert(self._connection, fingerprint, [{"hash": value, "paper_id": owner} for value, owner in pairs])

    def clear_identity(self, paper_id: int) -> None:
        """Forget the ids and fingerprints of a paper, before they are written anew."""
        self._connection.execute(sa.delete(identifier).where(identifier.c.paper_id == paper_id))
        self._connection.execute(sa.delete(fingerprint).where(fingerprint.c.paper_id == paper_id))

    def quarantine(self, refusals: Sequence[Refusal]) -> int:
        """Keep refusals; the same one twice is kept once. Return how many were new."""
        rows: list[Row] = [
            {
                "digest": _refusal_digest(refusal),
                "source": refusal.source,
                "place": refusal.where,
                "reason": refusal.reason,
                "raw": refusal.raw,
                "seen": self.now,
            }
            for refusal in refusals
        ]
        before = self._connection.scalar(sa.select(sa.func.count()).select_from(quarantine)) or 0
        upsert(self._connection, quarantine, rows, ["digest"])
        return (self._connection.scalar(sa.select(sa.func.count()).select_from(quarantine)) or 0) - before

    def release(self, quarantine_ids: Sequence[int]) -> None:
        """Take refusals out of the quarantine."""
        self._connection.execute(sa.delete(quarantine).where(among(quarantine.c.id, quarantine_ids)))

    def _log(self, changes: Iterable[tuple[int, bool]]) -> None:
        rows: list[Row] = [
            {"paper_id": paper_id, "position": self._take("change", change.c.position), "removed": removed}
            for paper_id, removed in changes
        ]
        upsert(self._connection, change, rows)


def _refusal_digest(refusal: Refusal) -> int:
    text = b"\0".join((refusal.source.encode(), refusal.where.encode(), refusal.reason.encode(), refusal.raw))
    return digest(text)


def _pack_digests(digests: frozenset[int]) -> bytes | None:
    return b"".join(value.to_bytes(8, "little", signed=True) for value in sorted(digests)) or None


def _unpack_digests(data: bytes | None) -> frozenset[int]:
    if not data:
        return frozenset()
    return frozenset(int.from_bytes(data[i : i + 8], "little", signed=True) for i in range(0, len(data), 8))
