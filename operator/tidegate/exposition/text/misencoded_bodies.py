"""Bodies that are not text as it is meant: packed, in another encoding, with a mark before it. What they are, and what
to do about it. Only a body that could not be read is looked at."""

from __future__ import annotations

import codecs

_LOOKED_AT = 64
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "send the header 'Content-Encoding: gzip' with it, or push it unpacked"),
    b"\xff\x06\x00\x00sNaPpY": ("snappy", "send the header 'Content-Encoding: snappy' with it, or push it unpacked"),
    b"\x28\xb5\x2f\xfd": ("zstd", "push it unpacked, or packed with gzip or snappy"),
    b"PK\x03\x04": ("zip", "push it unpacked, or packed with gzip or snappy"),
}
_UTF16 = "the body is UTF-16; push it as UTF-8 without a byte order mark"


def reason(body: bytes) -> str | None:
    """What is wrong with the whole body; ``None`` where the fault is in a line."""
    for start, (name, remedy) in _COMPRESSED.items():
        if body.startswith(start):
            return f"the body is {name} data; {remedy}"
    if body.startswith(codecs.BOM_UTF8):
        return "the body begins with a byte order mark; push it as UTF-8 without one"
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_utf16(body[:_LOOKED_AT]):
        return _UTF16
    return None


def _is_utf16(start: bytes) -> bool:
    """Whether every second byte is zero and no other is, as in UTF-16 of ASCII."""
    even, odd = start[::2], start[1::2]
    return len(start) > 3 and ((not any(odd) and all(even)) or (not any(even) and all(odd)))
