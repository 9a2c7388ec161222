"""What a pushed body was before it was packed."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

import cramjam

from tidegate.model import errors

_STEP = 1024 * 1024
"""Bytes that are unpacked at once."""

_SNAPPY_COMPRESSED = 0x00
_SNAPPY_PLAIN = 0x01
_SNAPPY_CHECKSUM_BYTES = 4


class Unpacking(Protocol):
    """A packed body on the way to what it was.

    :ivar size: bytes of what is unpacked so far, or will be after the next step.
    :ivar is_done: whether no step is left.
    """

    size: int
    is_done: bool

    def step(self) -> bytes:
        """The next part; it may be empty.

        :raises errors.BadRequestError: the packed body is damaged or cut.
        """
        ...


def unpacking(coding: str, packed: bytes) -> Unpacking | None:
    """What undoes this ``Content-Encoding``; ``None`` where nothing is to be undone, as Pushgateway has it."""
    known = UNPACKINGS.get(coding.lower())
    return known(packed) if known is not None else None


class _Gzip:
    def __init__(self, packed: bytes) -> None:
        if not packed:
            raise errors.BadRequestError("the body is empty, and that is no gzip")
        self._file = gzip.GzipFile(fileobj=io.BytesIO(packed))
        self.size = 0
        self.is_done = False

    def step(self) -> bytes:
        try:
            part = self._file.read(_STEP)
        except (OSError, EOFError, zlib.error) as error:
            raise errors.BadRequestError(f"the body cannot be read: {error}") from error
        self.size += len(part)
        self.is_done = len(part) < _STEP
        return part


class _Snappy:
    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._is_measured = False
        self.size = 0
        self.is_done = not packed

    def step(self) -> bytes:
        # SECURITY: the library unpacks to the end, so what will come out is counted before, in a step of its own.
        if not self._is_measured:
            self.size = sum(_unpacked_size(self._packed, chunk) for chunk in _snappy_chunks(self._packed))
            self._is_measured = True
            if self.size > _STEP:
                return b""
        try:
            body = bytes(cramjam.snappy.decompress(self._packed))
        except cramjam.DecompressionError as error:
            raise errors.BadRequestError(f"the body cannot be read: {error}") from error
        self.is_done = True
        return body


class _Chunk(NamedTuple):
    kind: int
    start: int
    end: int


def _snappy_chunks(packed: bytes) -> Iterator[_Chunk]:
    """Where the chunks of the framing format are: a byte that says its kind, its length in three, and then itself."""
    at = 0
    while at < len(packed):
        start = at + 4
        chunk = _Chunk(packed[at], start, start + int.from_bytes(packed[at + 1 : start], "little"))
        if chunk.end > len(packed):
            raise errors.BadRequestError(f"the body cannot be read: it ends within the snappy chunk at byte {at}")
        yield chunk
        at = chunk.end


def _unpacked_size(packed: bytes, chunk: _Chunk) -> int:
    """How many bytes the chunk will unpack to, by its own word, which the library holds it to."""
    data = chunk.start + _SNAPPY_CHECKSUM_BYTES
    if chunk.kind == _SNAPPY_PLAIN:
        return max(0, chunk.end - data)
    if chunk.kind != _SNAPPY_COMPRESSED:
        return 0
    size = 0
    for place, byte in enumerate(packed[data : min(data + 5, chunk.end)]):
        size |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    return size


UNPACKINGS: Mapping[str, Callable[[bytes], Unpacking]] = {"gzip": _Gzip, "snappy": _Snappy}
