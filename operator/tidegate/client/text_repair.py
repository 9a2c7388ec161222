"""Corrections that ``tidegate push`` makes in a file of the text format before it sends it. Pure."""

from __future__ import annotations

from typing import NamedTuple

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Corrected(NamedTuple):
    """The corrected text, and a description of each correction."""

    body: bytes
    corrections: tuple[str, ...]


def corrected(body: bytes) -> Corrected:
    """Remove a byte order mark, replace CRLF with LF, and end the last line with LF.

    Some editors write the first two, and ``printf`` omits the last LF. The text format accepts none of these.
    """
    corrections = []
    if body.startswith(_BYTE_ORDER_MARK):
        body = body.removeprefix(_BYTE_ORDER_MARK)
        corrections.append("removed a byte order mark")
    if not body.endswith(b"\n"):
        body += b"\n"
        corrections.append("added the missing line feed at the end")
    if count := body.count(b"\r\n"):
        # A value contains no CRLF: a line feed in a value is escaped.
        body = body.replace(b"\r\n", b"\n")
        corrections.append(f"replaced CRLF with LF on {count} line{'s' if count > 1 else ''}")
    return Corrected(body, tuple(corrections))
