"""Pushes in the bytes of an attacker: with any header lines, and with another push behind or within the first."""

from __future__ import annotations

import re

STATUS = re.compile(rb"HTTP/[0-9.]+ [0-9]{3} ")
SMUGGLED = b"PUT /metrics/job/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nm 1\n"
LENGTH = b"Content-Length: 4"
CHUNKED = b"Transfer-Encoding: chunked"
CHUNKS = b"4\r\nm 1\n\r\n0\r\n\r\n"
LAST = b"GET /-/last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""Requests the end of the connection, if the gateway still reads it as a request."""


def put(
    *lines: bytes, body: bytes = b"m 1\n", target: bytes = b"/metrics/job/x", version: bytes = b"1.1", host: bool = True
) -> bytes:
    head = [b"PUT %b HTTP/%b" % (target, version), *([b"Host: x"] if host else []), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def with_line_feeds(sent: bytes) -> bytes:
    """Replace each CRLF by a line feed."""
    return sent.replace(b"\r\n", b"\n")
