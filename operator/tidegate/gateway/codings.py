"""What a pushed body was before it was packed."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import cramjam

from tidegate.model import errors, limits

_Unpack = Callable[[bytes, int], bytes]

_SNAPPY_COMPRESSED = 0x00
_SNAPPY_PLAIN = 0x01
_SNAPPY_CHECKSUM_BYTES = 4


def unpacker(coding: str) -> _Unpack | None:
    """What undoes this ``Content-Encoding``; ``None`` where it is not one to be undone, as all others in Pushgateway.

    What is returned takes a packed body and the most bytes that the body may have; it unpacks no further than that.
    It raises :class:`errors.BadRequestError` where the packed body is damaged or cut, and :class:`errors.LimitError`
    where the body has more bytes.
    """
    return _UNPACKERS.get(coding.lower())


def _gunzip(packed: bytes, most: int) -> bytes:
    if not packed:
        raise errors.BadRequestError("the body is empty, and that is no gzip")
    try:
        body = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise errors.BadRequestError(f"the body cannot be read: {error}") from error
    if len(body) > most:
        raise _too_large(most)
    return body


def _unsnap(packed: bytes, most: int) -> bytes:
    if not packed:
        return b""
    # SECURITY: the library unpacks to the end, so what comes out is counted before.
    size = sum(_unpacked_size(packed, chunk) for chunk in _snappy_chunks(packed))
    if size > most:
        raise _too_large(most)
    try:
        return bytes(cramjam.snappy.decompress(packed))
    except cramjam.DecompressionError as error:
        raise errors.BadRequestError(f"the body cannot be read: {error}") from error


def _too_large(most: int) -> errors.LimitError:
    return errors.LimitError(f"the unpacked body has more than {most} bytes", limit=limits.Limit.UNPACKED_BODY)


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


_UNPACKERS: Mapping[str, _Unpack] = {"gzip": _gunzip, "snappy": _unsnap}
