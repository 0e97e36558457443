"""Heads of many interests in one file, so that any process scores with what another one learnt.

Row number n, ``ROW`` bytes, is of the interest with id n: a checksum, a stamp and the head. The file has holes where
there is no interest or a head is small: 100,000 interests take less than a gigabyte, and only what is asked for is
read. Rows are read and written whole by offset rather than mapped: a write into a mapped hole on a full disk would
kill the process, and a reader's arrays must not change under it. Writers need no lock. Whoever reads a row that
another process is writing, that a crash tore or a disk spoilt sees it by the checksum, and learns the head anew.
"""

from __future__ import annotations

import os
import struct
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from tidings.errors import InputError
from tidings.hashing import digest
from tidings.learn.heads import Head

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

ROW = 8192
_HEADER = struct.Struct("<qqi")  # checksum, stamp, bytes of the head
_FIELDS = tuple(field.name for field in fields(Head))
_SEED = " ".join(_FIELDS).encode()  # rows of another version's heads fail their checksum

_Packed = float | tuple[str, tuple[int, ...], bytes]
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Packed])


def stamp_of(*parts: object) -> int:
    """Return a stamp of all that a head is learnt from: when the interest changed, and which corpus it was."""
    return digest("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"))


class HeadPool:
    """The file of heads. It holds what readers like, so nobody else on the machine may read it.

    Opening raises OSError where the file can neither be read nor made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def get(self, interest_id: int, stamp: int) -> Head | None:
        """Return the head of an interest as of a stamp; None where it has to be learnt (anew)."""
        row = os.pread(self._file, ROW, _offset(interest_id))
        if len(row) < _HEADER.size:
            return None
        checksum, written, length = _HEADER.unpack_from(row)
        data = row[_HEADER.size : _HEADER.size + length]
        if written != stamp or len(data) != length or checksum != _checksum(interest_id, stamp, data):
            return None
        return _unpacked(data)

    def get_many(self, interest_ids: Sequence[int], stamps: Sequence[int]) -> list[Head | None]:
        """Return ``get`` of each."""
        return [self.get(number, stamp) for number, stamp in zip(interest_ids, stamps, strict=True)]

    def put(self, interest_id: int, stamp: int, head: Head) -> bool:
        """Keep the head of an interest, and say whether it was: one that does not fit a row is not.

        Raises OSError on a full disk; what was kept before is then lost or still there, never half of each.
        """
        data = _packed(head)
        if _HEADER.size + len(data) > ROW:
            return False
        row = _HEADER.pack(_checksum(interest_id, stamp, data), stamp, len(data)) + data
        os.pwrite(self._file, row, _offset(interest_id))
        return True

    def drop(self, interest_id: int) -> None:
        """Leave nothing of an interest that was deleted."""
        offset = _offset(interest_id)
        left = min(ROW, os.fstat(self._file).st_size - offset)
        if left > 0:
            os.pwrite(self._file, bytes(left), offset)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _offset(interest_id: int) -> int:
    if interest_id < 1:
        raise InputError(f"an interest has a number from 1, not {interest_id}")
    return interest_id * ROW


def _checksum(interest_id: int, stamp: int, data: bytes) -> int:
    return digest(_SEED + struct.pack("<qq", interest_id, stamp) + data)


def _packed(head: Head) -> bytes:
    return _encoder.encode([_field(getattr(head, name)) for name in _FIELDS])


def _field(value: NDArray[np.generic] | float) -> _Packed:
    return (value.dtype.str, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value


def _unpacked(data: bytes) -> Head:
    return Head(**dict(zip(_FIELDS, map(_value, _decoder.decode(data)), strict=True)))


def _value(field: _Packed) -> Any:
    if isinstance(field, float):
        return field
    kind, shape, data = field
    return np.frombuffer(data, kind).reshape(shape)
