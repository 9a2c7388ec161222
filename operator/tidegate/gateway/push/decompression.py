"""Decompression of pushed bodies (``Content-Encoding``), in steps, so that limits are checked on the way."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

import cramjam

from tidegate.model import errors

_STEP_BYTES = 1024 * 1024
"""Bytes that one step decompresses."""

_SNAPPY_COMPRESSED = 0x00
_SNAPPY_PLAIN = 0x01
_SNAPPY_CHECKSUM_BYTES = 4


class Decompressor(Protocol):
    """Decompresses one body.

    :ivar size: bytes that are decompressed so far, or will be after the next step.
    :ivar is_done: whether no step is left.
    """

    size: int
    is_done: bool

    def step(self) -> bytes:
        """The next part of the body; it may be empty.

        :raises errors.BadRequestError: the compressed body is damaged or truncated.
        """
        ...


def decompressor(coding: str, compressed: bytes) -> Decompressor | None:
    """The decompressor for this ``Content-Encoding``; ``None`` for an unknown one, which Pushgateway ignores."""
    new = DECOMPRESSORS.get(coding.lower())
    return new(compressed) if new is not None else None


class _Gzip:
    def __init__(self, compressed: bytes) -> None:
        if not compressed:
            raise errors.BadRequestError("the body is empty, which is not valid gzip")
        self._file = gzip.GzipFile(fileobj=io.BytesIO(compressed))
        self.size = 0
        self.is_done = False

    def step(self) -> bytes:
        try:
            part = self._file.read(_STEP_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise errors.BadRequestError(f"the body cannot be decompressed: {error}") from error
        self.size += len(part)
        self.is_done = len(part) < _STEP_BYTES
        return part


class _Snappy:
    def __init__(self, compressed: bytes) -> None:
        self._compressed = compressed
        self._is_measured = False
        self.size = 0
        self.is_done = not compressed

    def step(self) -> bytes:
        # SECURITY: the library decompresses everything at once, so the first step only adds up the stated sizes.
        if not self._is_measured:
            chunks = _snappy_chunks(self._compressed)
            self.size = sum(_decompressed_size(self._compressed, chunk) for chunk in chunks)
            self._is_measured = True
            if self.size > _STEP_BYTES:
                return b""
        try:
            body = bytes(cramjam.snappy.decompress(self._compressed))
        except cramjam.DecompressionError as error:
            raise errors.BadRequestError(f"the body cannot be decompressed: {error}") from error
        self.is_done = True
        return body


class _Chunk(NamedTuple):
    kind: int
    start: int
    end: int


def _snappy_chunks(compressed: bytes) -> Iterator[_Chunk]:
    """The chunks of the snappy framing format: one byte for the kind, three for the length, and the data."""
    at = 0
    while at < len(compressed):
        start = at + 4
        chunk = _Chunk(compressed[at], start, start + int.from_bytes(compressed[at + 1 : start], "little"))
        if chunk.end > len(compressed):
            raise errors.BadRequestError(
                f"the body cannot be decompressed: it ends within the snappy chunk at byte {at}"
            )
        yield chunk
        at = chunk.end


def _decompressed_size(compressed: bytes, chunk: _Chunk) -> int:
    """The decompressed size that the chunk states. The library rejects a chunk of another size."""
    data = chunk.start + _SNAPPY_CHECKSUM_BYTES
    if chunk.kind == _SNAPPY_PLAIN:
        return max(0, chunk.end - data)
    if chunk.kind != _SNAPPY_COMPRESSED:
        return 0
    size = 0
    for index, byte in enumerate(compressed[data : min(data + 5, chunk.end)]):
        size |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            break
    return size


DECOMPRESSORS: Mapping[str, Callable[[bytes], Decompressor]] = {"gzip": _Gzip, "snappy": _Snappy}
