"""A hash that is the same on every machine and run, and fits a column of the database."""

from __future__ import annotations

from hashlib import blake2b


def digest(data: bytes) -> int:
    """Return a signed 64-bit hash."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)
