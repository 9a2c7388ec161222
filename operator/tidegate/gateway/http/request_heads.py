"""Normalization of request heads: what hand-written clients send, in the only form that the parser accepts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import http_exceptions

END = b"\r\n\r\n"
"""The end of a head in the form that the parser accepts."""

_ANY_END = re.compile(rb"\n\r?\n")
_OTHER_LINE_END = re.compile(rb"(?<!\r)\n")
_REQUEST_LINE = re.compile(rb"[A-Z]+ [^\r\n]+")
_HIDDEN_LENGTH = re.compile(rb"[^\n]*\r\n(?:.*[^\r])?\ncontent-length", re.DOTALL)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_EMPTY_LINES = b"\r\n"

_DUPLICATE = "Duplicate "
"""Start of the parser's message for a header that it rejects when it is repeated. The error has no type of its own."""

_KEEP_FIRST = (b"content-type", b"user-agent")
"""Headers that the parser rejects when they are repeated, although they do not affect where a request ends. The first
is kept."""

_REASONS: Mapping[type[Exception], str] = {
    http_exceptions.BadHttpMethod: "the request line does not begin with a method in capital letters, such as PUT",
    http_exceptions.BadStatusLine: (
        "the request line is not METHOD PATH HTTP/1.1 followed by CR LF; write a space in the path as %20"
    ),
    http_exceptions.InvalidURLError: (
        "the target in the request line is neither a path that begins with / nor a URL; write bytes that are not "
        "printable ASCII as %XX"
    ),
}
_TLS = "this is a TLS handshake, and the port speaks plain HTTP: use http://, or set --web.config.file for https://"


def end(received: bytes, *, searched: int = 0) -> int:
    """Length of the head at the start of these bytes, its empty line included; -1 if the head is incomplete.

    :param searched: bytes at the start that are known not to contain the end of a head.
    """
    leading = len(received) - len(received.lstrip(_EMPTY_LINES))
    # An end of three bytes may have begun in the last two that were searched.
    match = _ANY_END.search(received, max(leading, searched - 2))
    return match.end() if match is not None else -1


def may_be_normalized(received: bytes, error: http_exceptions.HttpProcessingError) -> bool:
    """Whether the parser might accept a head that it rejected with this error, once it is normalized.

    :param received: the head, or its beginning.
    """
    line = _REQUEST_LINE.match(received.lstrip(_EMPTY_LINES))
    if line is None:
        return False
    is_unusual = _OTHER_LINE_END.search(received) is not None or _BEYOND_ASCII.search(line[0]) is not None
    return is_unusual or error.message.startswith(_DUPLICATE)


def normalized(head: bytes) -> bytes | None:
    """Return a complete head in the spelling that aiohttp's parser accepts.

    Each line ends in CR LF, the target is ASCII, and ``Content-Type`` and ``User-Agent`` are not repeated.

    SECURITY: ``None`` if two parsers of the original might disagree on where the request ends: it has a
    ``Transfer-Encoding``, several ``Content-Length`` headers, or a carriage return inside a line; or its first line
    ends in CR LF and the one before ``Content-Length`` in LF alone, so that the length might be part of a value.
    Also ``None`` if there is nothing to normalize.
    """
    stripped = head.lstrip(_EMPTY_LINES)
    first, *lines = re.split(rb"\r?\n", stripped)
    lowered = stripped.lower()
    if _HIDDEN_LENGTH.match(lowered):
        return None
    if b"transfer-encoding" in lowered or lowered.count(b"content-length") > 1 or b"\r" in b"".join((first, *lines)):
        return None
    first = _BEYOND_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], first)
    seen = set()
    kept = [first]
    for line in lines:
        name = line.partition(b":")[0].lower()
        if name not in seen:
            kept.append(line)
        if name in _KEEP_FIRST:
            seen.add(name)
    result = b"\r\n".join(kept)
    return None if result == head else result


def size(message: Any) -> int:
    """Bytes of a parsed head as it was sent, without spaces around values."""
    line = len(message.method) + len(message.path) + len(" HTTP/1.1\r\n\r\n") + 1
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in message.raw_headers)


def reason(error: http_exceptions.HttpProcessingError) -> str:
    """The message for a head that the parser rejects: what is wrong, and what to do.

    SECURITY: it does not repeat bytes of the client. The parser does, after the first line of its message.
    """
    first = error.message.partition("\n")[0].rstrip(":")
    if "HTTPS" in first:
        return _TLS
    return _REASONS.get(type(error), f"malformed request: {first}")
