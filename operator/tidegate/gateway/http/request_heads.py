"""Heads of requests as hand-written clients spell them, and the one spelling that the parser takes; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import http_exceptions

END = b"\r\n\r\n"
"""The end of a head in the parser's spelling."""

_ANY_END = re.compile(rb"\n\r?\n")
_OTHER_LINE_END = re.compile(rb"(?<!\r)\n")
_REQUEST_LINE = re.compile(rb"[A-Z]+ [^\r\n]+")
_HIDDEN_LENGTH = re.compile(rb"[^\n]*\r\n(?:.*[^\r])?\ncontent-length", re.DOTALL)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_EMPTY_LINES = b"\r\n"

_TWICE = "Duplicate "
"""How the parser begins what it says of a header that it refuses twice; it has no type for this one."""

_FIRST_COUNTS = (b"content-type", b"user-agent")
"""Headers that the parser refuses twice, though they say nothing of where a request ends."""

_REASONS: Mapping[type[Exception], str] = {
    http_exceptions.BadHttpMethod: "the request line does not begin with a method in capital letters, such as PUT",
    http_exceptions.BadStatusLine: (
        "the request line is not METHOD PATH HTTP/1.1 followed by CR LF; write a blank in the path as %20"
    ),
    http_exceptions.InvalidURLError: (
        "the target in the request line is neither a path that begins with / nor a URL; write bytes that are not "
        "printable ASCII as %XX"
    ),
}
_TLS = "this is TLS, and the port speaks plain HTTP: use http://, or set --web.config.file for https://"


def end(received: bytes, *, searched: int = 0) -> int:
    """Bytes of the head that this begins with, its empty line included; -1 where the empty line is still to come.

    :param searched: so many bytes at the start are known to end no head.
    """
    leading = len(received) - len(received.lstrip(_EMPTY_LINES))
    # An end of three bytes may have begun in two that are known.
    found = _ANY_END.search(received, max(leading, searched - 2))
    return found.end() if found is not None else -1


def may_be_respelled(begun: bytes, error: http_exceptions.HttpProcessingError) -> bool:
    """Whether a head that begins like this, and that is refused for this, might be taken in another spelling."""
    line = _REQUEST_LINE.match(begun.lstrip(_EMPTY_LINES))
    if line is None:
        return False
    is_other = _OTHER_LINE_END.search(begun) is not None or _BEYOND_ASCII.search(line[0]) is not None
    return is_other or error.message.startswith(_TWICE)


def respelled(head: bytes) -> bytes | None:
    """A whole head with CR LF at the end of each line and only ASCII in its target; a header that says nothing of
    lengths, and comes twice, is there once.

    SECURITY: ``None`` where two readers of the original might not agree on where the request ends: it has a
    ``Transfer-Encoding``, more than one ``Content-Length``, or a carriage return that ends no line; or its first line
    ends in CR LF and the one before ``Content-Length`` in LF alone, so that the length might be part of a value.
    ``None``, too, where nothing is spelled differently.
    """
    sent = head.lstrip(_EMPTY_LINES)
    first, *lines = re.split(rb"\r?\n", sent)
    lowered = sent.lower()
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
        if name in _FIRST_COUNTS:
            seen.add(name)
    spelled = b"\r\n".join(kept)
    return None if spelled == head else spelled


def size(message: Any) -> int:
    """Bytes of a parsed head as it was sent, but for blanks before and after values."""
    line = len(message.method) + len(message.path) + len(" HTTP/1.1\r\n\r\n") + 1
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in message.raw_headers)


def reason(error: http_exceptions.HttpProcessingError) -> str:
    """What is wrong with a head that the parser refuses, and what to do, in one line.

    SECURITY: it does not repeat the client's bytes, as the parser does in what follows its own first line.
    """
    first = error.message.partition("\n")[0].rstrip(":")
    if "HTTPS" in first:
        return _TLS
    return _REASONS.get(type(error), f"the request cannot be read: {first}")
