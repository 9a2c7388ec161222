"""Compressed chunks: every gzip decoder returns the chunks in order."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.exposition import gzip_chunks


@given(st.lists(st.binary(max_size=2_000) | st.binary(max_size=20).map(lambda part: part * 1_000), max_size=20))
def test_decompressed_stream_is_the_chunks_in_order(data: list[bytes]) -> None:
    packed = b"".join(gzip_chunks.gzip_stream(gzip_chunks.Chunk(one).compressed() for one in data))
    assert gzip.decompress(packed) == b"".join(data)
    # One member, so that readers that stop after the first have all.
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reader.decompress(packed) == b"".join(data)
    assert reader.eof
    assert reader.unused_data == b""


def test_chunk_is_compressed_once() -> None:
    piece = gzip_chunks.Chunk(b"text " * 100)
    assert piece.compressed() is piece.compressed()


def test_chunk_of_two_responses_is_right_in_both() -> None:
    piece = gzip_chunks.Chunk(b"shared\n")
    for before in (b"", b"one\n", b"another one\n"):
        packed = b"".join(gzip_chunks.gzip_stream([gzip_chunks.Chunk(before).compressed(), piece.compressed()]))
        assert gzip.decompress(packed) == before + b"shared\n"


@pytest.mark.parametrize("place", [0, 5, -1], ids=["head", "blocks", "checksum"])
def test_damaged_stream_is_detected(place: int) -> None:
    packed = bytearray(b"".join(gzip_chunks.gzip_stream([gzip_chunks.Chunk(b"text\n" * 10).compressed()])))
    packed[place if place != 5 else 14] ^= 0xFF
    with pytest.raises((OSError, zlib.error, EOFError)):
        gzip.decompress(bytes(packed))
