"""Recognise bodies that are not UTF-8 text: compressed, in another encoding, or with a byte order mark.

Only bodies that could not be parsed are checked.
"""

from __future__ import annotations

import codecs

_CHECKED_BYTES = 64
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "push it with the header 'Content-Encoding: gzip', or uncompressed"),
    b"\xff\x06\x00\x00sNaPpY": (
        "snappy",
        "push it with the header 'Content-Encoding: snappy', or uncompressed",
    ),
    b"\x28\xb5\x2f\xfd": ("zstd", "push it uncompressed, or compressed with gzip or snappy"),
    b"PK\x03\x04": ("zip", "push it uncompressed, or compressed with gzip or snappy"),
}
_UTF16 = "the body is UTF-16; push it as UTF-8 without a byte order mark"


def reason(body: bytes) -> str | None:
    """Return the error of the whole body; ``None`` if the error is in a line."""
    for start, (name, remedy) in _COMPRESSED.items():
        if body.startswith(start):
            return f"the body is {name} data; {remedy}"
    if body.startswith(codecs.BOM_UTF8):
        return "the body begins with a byte order mark; push it as UTF-8 without one"
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_utf16(body[:_CHECKED_BYTES]):
        return _UTF16
    return None


def _is_utf16(start: bytes) -> bool:
    """Return whether exactly every second byte is zero, as in UTF-16 of ASCII."""
    even, odd = start[::2], start[1::2]
    return len(start) > 3 and ((not any(odd) and all(even)) or (not any(even) and all(odd)))
