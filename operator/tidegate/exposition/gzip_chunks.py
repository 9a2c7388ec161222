"""The body of a response in chunks, and gzip of it: each chunk is compressed once, and responses reuse the result.

A gzip stream is a header, deflate blocks, and a trailer with a checksum (RFC 1952). Blocks that end on a byte boundary
can be concatenated, and the checksum of the whole follows from the checksums of the chunks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from isal import isal_zlib

_LEVEL = 1
"""Compresses as well as level 1 of zlib, in less than half of its time."""

_RAW_DEFLATE = -15
"""Deflate without header and trailer, with the widest window."""

_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\x04\xff"
_LAST_BLOCK = b"\x03\0"
_TRAILER = struct.Struct("<II")


class CompressedChunk(NamedTuple):
    """A chunk as deflate blocks, none of them the last block.

    :param checksum: CRC-32 of the chunk itself.
    :param size: bytes of the chunk itself.
    """

    blocks: bytes
    checksum: int
    size: int


@dataclass(slots=True)
class Chunk:
    """A part of the body of a response. Immutable, but it caches its compressed form."""

    data: bytes
    _compressed: CompressedChunk | None = None

    def compressed(self) -> CompressedChunk:
        """Return the compressed chunk."""
        if self._compressed is None:
            compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW_DEFLATE)
            blocks = compressor.compress(self.data) + compressor.flush(isal_zlib.Z_SYNC_FLUSH)
            self._compressed = CompressedChunk(blocks, isal_zlib.crc32(self.data), len(self.data))
        return self._compressed


def gzip_stream(chunks: Iterable[CompressedChunk]) -> list[bytes]:
    """Return a gzip stream of these chunks, in parts."""
    parts, checksum, size = [_HEADER], 0, 0
    for chunk in chunks:
        parts.append(chunk.blocks)
        checksum = isal_zlib.crc32_combine(checksum, chunk.checksum, chunk.size)
        size += chunk.size
    parts.append(_LAST_BLOCK + _TRAILER.pack(checksum, size & 0xFFFFFFFF))
    return parts
