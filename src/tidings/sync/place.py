"""Records into the store: what is news, which paper it belongs to, one transaction per batch.

The decisions are merge's; this module only brings together what they need and writes what they say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce

from tidings.errors import InputError, NotFoundError
from tidings.hashing import digest
from tidings.merge import conflicting, fingerprints, fold, same
from tidings.renew import differences, latest_version, newest_count, recounted, renewed, undated
from tidings.store import KnownRecord, RecordRow, Store, StoreWriter
from tidings.store.codec import encode_record
from tidings.types import Count, HeldRecord, Paper, Record, Refusal, Revision

# Large enough that a transaction's fixed cost vanishes, small enough that a reader of the disk's queue never waits.
BATCH = 2000
# A fingerprint that this many papers share is a phrase, not an identity.
_COMMON = 20

NEW = "new"


@dataclass(slots=True)
class Tally:
    """What happened to the records of a run."""

    read: int = 0
    new: int = 0
    updated: int = 0
    merged: int = 0
    unchanged: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count what another tally counted."""
        for name in ("read", "new", "updated", "merged", "unchanged", "quarantined"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.reasons.update(other.reasons)


def take(store: Store, items: Iterable[Record | Refusal], now: datetime, tally: Tally) -> Iterator[int]:
    """Store records batch by batch, and yield how many were read so far after each.

    A batch is one transaction: whoever stops between two yields loses nothing that was counted.
    """
    batch: list[Record | Refusal] = []
    for item in items:
        batch.append(item)
        if len(batch) >= BATCH:
            take_batch(store, batch, now, tally)
            batch.clear()
            yield tally.read
    if batch:
        take_batch(store, batch, now, tally)
        yield tally.read


def take_batch(
    store: Store, batch: Sequence[Record | Refusal], now: datetime, tally: Tally, *, releasing: int | None = None
) -> None:
    """Store one batch in one transaction; ``tally`` counts it only when it is stored.

    ``releasing`` is the number of a refusal that the batch was read from again: it leaves the quarantine with it.
    """
    counted = Tally()
    with store.writer(now) as writer:
        place(writer, batch, counted, releasing=releasing)
    tally.add(counted)


def place(
    writer: StoreWriter, batch: Sequence[Record | Refusal], tally: Tally, *, releasing: int | None = None
) -> None:
    """Write one batch inside a transaction, and count it."""
    refusals = [item for item in batch if isinstance(item, Refusal)]
    merger = _Merger(writer)
    outcomes = Counter(merger.place([item for item in batch if isinstance(item, Record)]))
    merger.write(writer.now)
    if releasing is not None and not refusals:
        writer.release([releasing])
    writer.quarantine(refusals if releasing is None else [])
    tally.read += len(batch)
    tally.new += outcomes[NEW]
    tally.updated += outcomes["updated"]
    tally.merged += outcomes["merged"]
    tally.unchanged += outcomes["unchanged"]
    tally.quarantined += len(refusals)
    tally.reasons.update(refusal.reason for refusal in refusals)


Pair = tuple[str, str]  # the source and the key of a record


@dataclass(slots=True)
class _Said:
    """What a batch says of one record: its row as it will be written, and everything said, in order."""

    row: RecordRow
    records: list[Record] = field(default_factory=list)
    recounts: list[Record] = field(default_factory=list)  # said before, but for their counts


@dataclass(slots=True)
class _Draft:
    """A paper while a batch is placed. ``old`` is None for one that this batch makes."""

    id: int
    face: Record | Paper  # what candidates are compared with
    old: Paper | None = None
    said: dict[Pair, _Said] = field(default_factory=dict)
    prints: set[int] = field(default_factory=set)


class _Merger:
    """Places the records of one batch. Everything it needs from the store is read in a handful of queries."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer
        self._known: dict[Pair, KnownRecord] = {}
        self._drafts: dict[int, _Draft] = {}
        self._owners: dict[str, int] = {}
        self._sharing: dict[int, list[int]] = {}
        self._merged: dict[int, int] = {}
        self._observed: list[tuple[int, Count]] = []
        self._revisions: list[tuple[int, Revision]] = []

    def place(self, records: Sequence[Record]) -> Iterator[str]:
        """Decide where each record belongs; yield new, merged, updated or unchanged for each."""
        self._known = self._writer.known_records({(record.source, record.key) for record in records})
        prepared = [(record, encode_record(undated(record))) for record in records]
        prints = {id(record): fingerprints(record) for record, data in prepared if self._is_news(record, digest(data))}
        self._load([r for r, _ in prepared if id(r) in prints or self._counts_are_news(r)], prints)
        for record, data in prepared:
            yield self._place(record, data, prints.get(id(record), ()))

    def _is_news(self, record: Record, value: int) -> bool:
        known = self._known.get((record.source, record.key))
        return known is None or (value != known.digest and value not in known.earlier)

    def _counts_are_news(self, record: Record) -> bool:
        counted, known = newest_count(record), self._known.get((record.source, record.key))
        return counted is not None and (known is None or known.counted is None or counted > known.counted)

    def _load(self, records: Sequence[Record], prints: dict[int, tuple[int, ...]]) -> None:
        """Read the papers that could matter to these records."""
        self._owners = self._writer.papers_by_identifier({value for record in records for value in record.ids})
        found = self._writer.papers_by_fingerprint(
            {value for record in records for value in prints.get(id(record), ())}
        )
        self._sharing = {value: papers for value, papers in found.items() if len(papers) <= _COMMON}
        wanted = set(self._owners.values()) | {paper for papers in self._sharing.values() for paper in papers}
        wanted |= {self._known[pair].paper_id for r in records if (pair := (r.source, r.key)) in self._known}
        for paper in self._writer.papers(wanted).values():
            self._drafts[paper.id] = _Draft(paper.id, face=paper, old=paper)

    def _place(self, record: Record, data: bytes, prints: tuple[int, ...]) -> str:
        value = digest(data)
        known = self._known.get((record.source, record.key))
        if known is None:
            return self._meet(record, data, value, prints)
        self._observe(known.id, record)
        if not self._is_news(record, value):
            if self._counts_are_news(record):
                self._say(known, record, data).recounts.append(record)
            return "unchanged"
        known = replace(known, digest=value, earlier=known.earlier | {known.digest})
        self._say(known, record, data).records.append(record)
        self._claim(record, self._drafts[self._survivor(known.paper_id)], prints, alone=known.alone)
        return "updated"

    def _meet(self, record: Record, data: bytes, value: int, prints: tuple[int, ...]) -> str:
        """Place a record that nobody spoke of before."""
        draft, reason = self._home(record, prints)
        known = KnownRecord(self._writer.next_record_id(), draft.id, value, frozenset(), reason, alone=False)
        self._observe(known.id, record)
        self._say(known, record, data).records.append(record)
        self._claim(record, draft, prints, alone=False)
        return NEW if reason == NEW else "merged"

    def _say(self, known: KnownRecord, record: Record, data: bytes) -> _Said:
        """Note that a record has something to say; return what this batch says of it."""
        pair = record.source, record.key
        counted = max(filter(None, (known.counted, newest_count(record))), default=None)
        self._known[pair] = known if counted == known.counted else replace(known, counted=counted)
        draft = self._drafts[self._survivor(known.paper_id)]
        row = RecordRow(
            known.id, draft.id, *pair, known.digest, known.earlier, known.reason, known.alone, counted, data
        )
        said = draft.said.setdefault(pair, _Said(row))
        said.row = row
        return said

    def _observe(self, record_id: int, record: Record) -> None:
        self._observed.extend((record_id, count) for count in record.counts if count.at is not None)

    def _home(self, record: Record, prints: tuple[int, ...]) -> tuple[_Draft, str]:
        """Return the paper that a new record belongs to, and why."""
        for value in record.ids:
            if value in self._owners:
                return self._drafts[self._survivor(self._owners[value])], f"id {value}"
        for candidate in self._candidates(prints):
            if reason := same(record, candidate.face):
                return candidate, reason
        paper_id = self._writer.next_paper_id()
        self._drafts[paper_id] = _Draft(paper_id, face=record)
        return self._drafts[paper_id], NEW

    def _candidates(self, prints: tuple[int, ...]) -> Iterator[_Draft]:
        ids = dict.fromkeys(self._survivor(paper) for value in prints for paper in self._sharing.get(value, ()))
        return (self._drafts[paper_id] for paper_id in ids)

    def _claim(self, record: Record, draft: _Draft, prints: tuple[int, ...], *, alone: bool) -> None:
        """Note that the record's ids and fingerprints lead to its paper, joining papers that turn out to be one."""
        for value in record.ids:
            owner = self._survivor(self._owners.setdefault(value, draft.id))
            other = self._drafts[owner]
            if owner != draft.id and not alone and not conflicting(_ids(other), _ids(draft)):
                draft = self._join(draft, other)
        draft.prints.update(prints)
        for hashed in prints:
            papers = self._sharing.setdefault(hashed, [])
            if draft.id not in papers and len(papers) < _COMMON:
                papers.append(draft.id)

    def _join(self, one: _Draft, other: _Draft) -> _Draft:
        survivor, goner = (one, other) if one.id < other.id else (other, one)
        survivor.said |= goner.said
        survivor.prints |= goner.prints
        self._merged[goner.id] = survivor.id
        return survivor

    def _survivor(self, paper_id: int) -> int:
        while paper_id in self._merged:
            paper_id = self._merged[paper_id]
        return paper_id

    # --- writing ---

    def write(self, now: datetime) -> None:
        """Write all that was placed."""
        touched = [d for d in self._drafts.values() if d.id not in self._merged and self._is_touched(d)]
        held = self._held(touched)
        folded = [self._fold(draft, held.get(draft.id, {}), now) for draft in touched]
        self._writer.write_papers([paper for draft, paper in zip(touched, folded, strict=True) if paper != draft.old])
        self._writer.remove_papers({old: self._survivor(old) for old in self._merged if self._drafts[old].old})
        self._writer.write_records([_settled(said.row, draft.id) for draft in touched for said in draft.said.values()])
        self._writer.write_identifiers((value, paper.id) for paper in folded for value in paper.ids)
        self._writer.write_fingerprints((value, draft.id) for draft in touched for value in sorted(draft.prints))
        self._writer.write_observations(self._observed)
        self._writer.write_revisions(self._revisions)

    def _is_touched(self, draft: _Draft) -> bool:
        return bool(draft.said) or draft.id in self._merged.values()

    def _held(self, touched: Sequence[_Draft]) -> dict[int, dict[Pair, HeldRecord]]:
        """Return the stored records of the touched papers, those of merged papers with their survivor."""
        wanted = {draft.id for draft in touched if draft.old} | {old for old in self._merged if self._drafts[old].old}
        held: dict[int, dict[Pair, HeldRecord]] = {}
        for found in self._writer.records(wanted) if wanted else ():
            pair = found.record.source, found.record.key
            held.setdefault(self._survivor(found.paper_id), {})[pair] = found
        return held

    def _fold(self, draft: _Draft, held: dict[Pair, HeldRecord], now: datetime) -> Paper:
        """Return the paper as all its records now describe it."""
        records = {pair: found.record for pair, found in held.items()}
        for found in held.values():
            if found.paper_id != draft.id:  # joined: what led to the removed paper leads here
                draft.prints.update(fingerprints(found.record))
        for pair, said in draft.said.items():
            before = records.get(pair)
            records[pair] = _settle(said, before)
            if before is not None and (changes := differences(before, records[pair])):
                revision = Revision(pair[0], now, latest_version(records[pair]), changes)
                self._revisions.append((said.row.id, revision))
        return fold(draft.id, list(records.values()))


def _settle(said: _Said, before: Record | None) -> Record:
    """Return the record after all that was said, and put it into its row."""
    if before is None and len(said.records) == 1 and not said.recounts and said.row.counted is None:
        return said.records[0]  # nearly every record of a first add; its row holds it already
    spoken = said.records if before else said.records[1:]
    state = reduce(renewed, spoken, before or said.records[0])
    state = reduce(recounted, said.recounts, state)
    said.row = replace(said.row, data=encode_record(state))
    return state


def _settled(row: RecordRow, paper_id: int) -> RecordRow:
    """Return the row with the paper it ended in, which a later record of the batch may have joined to another."""
    return row if row.paper_id == paper_id else replace(row, paper_id=paper_id)


def _ids(draft: _Draft) -> tuple[str, ...]:
    """Return every id that the draft's paper is known by so far."""
    return (*draft.face.ids, *(value for said in draft.said.values() for r in said.records for value in r.ids))


# --- undoing ---


def split(store: Store, record_id: int, now: datetime) -> int:
    """Take a record out of its paper and give it a paper of its own, for good. Return the new paper's id.

    Raises:
        NotFoundError: nothing has that record id.
        InputError: the record is the only one of its paper.
    """
    with store.writer(now) as writer:
        held = writer.siblings(record_id)
        if not held:
            raise NotFoundError(f"no record has the id {record_id}")
        rest = [h for h in held if h.id != record_id]
        if not rest:
            raise InputError(f"record {record_id} is the only one of its paper; there is nothing to undo")
        alone = next(h for h in held if h.id == record_id)
        paper_id = writer.next_paper_id()
        writer.move_record(record_id, paper_id, "split by hand")
        writer.clear_identity(alone.paper_id)
        for owner, records in ((alone.paper_id, [h.record for h in rest]), (paper_id, [alone.record])):
            paper = fold(owner, records)
            writer.write_papers([paper])
            writer.write_identifiers((value, owner) for value in paper.ids)
            writer.write_fingerprints((value, owner) for r in records for value in fingerprints(r))
        return paper_id
