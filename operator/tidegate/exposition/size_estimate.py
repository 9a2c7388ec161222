"""Check the size of a push before its body is parsed.

A parsed body takes up to a hundred times the memory of its bytes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from tidegate import settings
from tidegate.exposition.protobuf import decoder
from tidegate.model import errors, limits

_SAMPLE = re.compile(rb"^[ \t]*+[^#\s]", re.MULTILINE)
_ABOUT_A_FAMILY = re.compile(rb"^[ \t]*+#[ \t]*+(?:HELP|TYPE)[ \t]", re.MULTILINE)
_COMMENT_LINES = 2
"""Lines of a family without samples: HELP and TYPE."""

_PUNCTUATION = len('="",')
_VALUE_BYTES = 64
"""For a number and a timestamp, with a margin."""

_UTF8_BYTES = 4
"""Bytes of a character, at most."""

_LENGTH_DELIMITED = 2
_FIXED_BYTES = {1: 8, 5: 4}
"""By the wire type of a field."""

_MESSAGES = 3
"""For each series in addition to its labels: a metric, its value, and a family."""

_METRIC = 4
"""Field number of the metrics of a family."""

_LABEL = 1
"""Field number of the labels of a metric and of an exemplar. Labels contain no further messages."""

_DEPTH = 4
"""A metric contains a histogram, which contains buckets, which contain exemplars with labels."""


def check_text(body: bytes, *, limit_settings: settings.LimitSettings) -> None:
    """Raise :class:`errors.LimitError` if a body in the text format has too many lines, or a line that is too long."""
    most = limit_settings.push_series
    lines = body.count(b"\n") + 1
    if lines > most and _has_more_than(_SAMPLE.finditer(body), most):
        raise _too_many(limit_settings)
    if lines > _COMMENT_LINES * most and _has_more_than(_ABOUT_A_FAMILY.finditer(body), _COMMENT_LINES * most):
        raise _too_many(limit_settings)
    pair = _PUNCTUATION + _UTF8_BYTES * (limit_settings.name_length + limit_settings.value_length)
    longest = _UTF8_BYTES * limit_settings.name_length + limit_settings.labels * pair + _VALUE_BYTES
    if len(body) > longest and re.search(b"[^\n]{%d}" % longest, body) is not None:
        raise errors.LimitError(
            f"a line has more than {longest} bytes, more than {limit_settings.labels} labels can need "
            f"({limits.Limit.LABELS.flag})",
            limit=limits.Limit.LABELS,
        )


def check_protobuf(body: bytes, *, limit_settings: settings.LimitSettings) -> None:
    """Raise :class:`errors.LimitError` if a body in protobuf has more messages than the allowed series can need.

    :raises errors.BadExpositionError: the body is not protobuf.
    """
    most = limit_settings.push_series * (limit_settings.labels + _MESSAGES)
    # A message has at least two bytes, so most bodies are small enough without a look at their messages.
    if len(body) > 2 * most and _has_more_than(_messages(body), most):
        raise _too_many(limit_settings)


def _too_many(limit_settings: settings.LimitSettings) -> errors.LimitError:
    limit = limits.Limit.PUSH_SERIES
    return errors.LimitError(f"the push has more than {limit_settings.push_series} series ({limit.flag})", limit=limit)


def _has_more_than(items: Iterator[object], most: int) -> bool:
    return next(itertools.islice(items, most, None), None) is not None


def _messages(body: bytes) -> Iterator[object]:
    """Yield an item for each message within a family, and for each field that may be one."""
    for _, family in decoder.messages(body):
        yield family
        for number, start, end in _fields(family, 0, len(family)):
            if number == _METRIC:
                yield from _within(family, start, end, depth=_DEPTH)


def _within(data: bytes, start: int, end: int, *, depth: int) -> Iterator[object]:
    yield start
    if depth:
        for number, inner_start, inner_end in _fields(data, start, end):
            inner_depth = 0 if number == _LABEL else depth - 1
            yield from _within(data, inner_start, inner_end, depth=inner_depth)


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of each length-delimited field. Stop at bytes that are not a field."""
    while at < end:
        key, at = _varint(data, at, end)
        kind = key & 7
        if kind == _LENGTH_DELIMITED:
            size, at = _varint(data, at, end)
            if at + size > end:
                return
            yield key >> 3, at, at + size
            at += size
        elif kind in _FIXED_BYTES:
            at += _FIXED_BYTES[kind]
        elif kind == 0:
            _, at = _varint(data, at, end)
        else:
            return


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return value, at
