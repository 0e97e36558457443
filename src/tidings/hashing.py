"""A hash that is the same on every machine and run, and fits a column of the database."""

from __future__ import annotations

from hashlib import blake2b


def digest(data: bytes) -> int:
    """Return a signed 64-bit hash."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)


def bucket(word: str, bits: int) -> int:
    """Return the number of a word among 2 to the power of ``bits``; few share one while there are far fewer words."""
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "little") >> (
        32 - bits
    )
