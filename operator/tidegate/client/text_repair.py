"""What ``tidegate push`` corrects in a file of the text format before it sends it. Pure."""

from __future__ import annotations

from typing import NamedTuple

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Corrected(NamedTuple):
    """The text, and what was wrong with it."""

    body: bytes
    corrections: tuple[str, ...]


def corrected(body: bytes) -> Corrected:
    """The same metrics without a byte order mark, with line ends of LF alone, and one behind the last line.

    Editors and other systems write the first two, ``printf`` leaves the last out, and the text format has none of them.
    """
    found = []
    if body.startswith(_BYTE_ORDER_MARK):
        body = body.removeprefix(_BYTE_ORDER_MARK)
        found.append("removed a byte order mark")
    if not body.endswith(b"\n"):
        body += b"\n"
        found.append("added the missing line feed at the end")
    if count := body.count(b"\r\n"):
        # Not within a value either: a line feed there is escaped.
        body = body.replace(b"\r\n", b"\n")
        found.append(f"replaced CRLF with LF on {count} line{'s' if count > 1 else ''}")
    return Corrected(body, tuple(found))
