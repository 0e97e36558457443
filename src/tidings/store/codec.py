"""Papers and records to bytes and back. JSON, so that a person with sqlite3 can read the truth without us."""

from __future__ import annotations

import zlib

import msgspec

from tidings.errors import StoreError
from tidings.types import Paper, Record, Revision

_encoder = msgspec.json.Encoder()
_papers = msgspec.json.Decoder(Paper)
_records = msgspec.json.Decoder(Record)
_revisions = msgspec.json.Decoder(Revision)


def encode_record(record: Record) -> bytes:
    """Return the JSON of a record; equal records give equal bytes."""
    return _encoder.encode(record)


def pack(data: bytes) -> bytes:
    """Compress; records are written once and seldom read."""
    return zlib.compress(data, 1)


def unpack_record(data: bytes) -> Record:
    """Return the record that was encoded and packed; refuse what a damaged disk made of it."""
    try:
        return _records.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(f"a record in the database is damaged; restore it from a backup ({error})") from error


def encode_paper(paper: Paper) -> bytes:
    """Return the JSON of a paper."""
    return _encoder.encode(paper)


def decode_paper(data: bytes) -> Paper:
    """Return the paper that was encoded; refuse what a damaged disk made of it."""
    try:
        return _papers.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(f"a paper in the database is damaged; restore it from a backup ({error})") from error


def encode_revision(revision: Revision) -> bytes:
    """Return the JSON of a revision."""
    return _encoder.encode(revision)


def decode_revision(data: bytes) -> Revision:
    """Return the revision that was encoded; refuse what a damaged disk made of it."""
    try:
        return _revisions.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(f"a revision in the database is damaged; restore it from a backup ({error})") from error
