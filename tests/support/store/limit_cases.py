"""Pushes up to each limit of the store and over it, for every journal and every format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tests.support.formats import delimited_protobuf
from tidegate import settings
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.text import parser
from tidegate.model import families, limits

_Limit = limits.Limit

HTTP_LIMITS = frozenset(
    {
        _Limit.BODY,
        _Limit.UNPACKED_BODY,
        _Limit.BODIES,
        _Limit.REQUEST_HEAD,
        _Limit.HEAD_TIMEOUT,
        _Limit.BODY_TIMEOUT,
        _Limit.CONNECTIONS,
        _Limit.REQUESTS,
    }
)
"""Limits that only the HTTP layer knows; ``tests/unit/gateway/http`` tests them."""


class Push(NamedTuple):
    """A POST: the labels of the grouping key, and a body in the text format."""

    labels: Mapping[str, str]
    body: bytes


class Case(NamedTuple):
    """Pushes that are accepted, and one after them that is over the limit."""

    limit: limits.Limit
    chosen: settings.LimitSettings
    accepted: Sequence[Push]
    rejected: Push


class Format(NamedTuple):
    """How bodies are sent, and how they are read."""

    content_type: str
    encode: Callable[[bytes], bytes]
    parse: Callable[[bytes], Mapping[str, families.Family]]


FORMATS = {
    "text": Format("text/plain", lambda body: body, parser.parse),
    "protobuf": Format(
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
        delimited_protobuf.of_text,
        decoder.parse,
    ),
}


def _series(count: int, *, first: int = 0) -> bytes:
    return b"".join(b"m%d 1\n" % number for number in range(first, first + count))


def _histogram(buckets: int) -> bytes:
    lines = [b'h_bucket{le="%d"} 1\n' % number for number in range(buckets)]
    return b"# TYPE h histogram\n" + b"".join(lines) + b'h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n'


_A, _B, _C = {"job": "a"}, {"job": "b"}, {"job": "c"}
_NAME = settings.LimitSettings(name_length=20)
_VALUE = settings.LimitSettings(value_length=30)
_LABELS = settings.LimitSettings(labels=4)
_PUSH = settings.LimitSettings(push_series=5)
_SERIES = settings.LimitSettings(series=10)

CASES = {
    "groups": Case(
        _Limit.GROUPS,
        settings.LimitSettings(groups=2),
        [Push(_A, b"m 1\n"), Push(_B, b"m 1\n")],
        Push(_C, b"m 1\n"),
    ),
    "series, by a new group": Case(_Limit.SERIES, _SERIES, [Push(_A, _series(9))], Push(_B, _series(1))),
    "series, by a group that grows": Case(
        _Limit.SERIES,
        _SERIES,
        [Push(_A, _series(5)), Push(_B, _series(4)), Push(_A, _series(1, first=5))],
        Push(_A, _series(1, first=6)),
    ),
    "series of a group": Case(
        _Limit.GROUP_SERIES,
        settings.LimitSettings(group_series=5),
        [Push(_A, _series(3)), Push(_A, _series(2, first=3))],
        Push(_A, _series(1, first=5)),
    ),
    "series of a push": Case(_Limit.PUSH_SERIES, _PUSH, [Push(_A, _series(5))], Push(_A, _series(6))),
    "series of a push, in a new group": Case(_Limit.PUSH_SERIES, _PUSH, [], Push(_A, _series(7))),
    "buckets, sum and count of a push": Case(
        _Limit.PUSH_SERIES, _PUSH, [Push(_A, _histogram(2))], Push(_A, _histogram(3))
    ),
    "labels, job and instance among them": Case(
        _Limit.LABELS, _LABELS, [Push(_A, b'm{a="1",b="2"} 1\n')], Push(_A, b'm{a="1",b="2",c="3"} 1\n')
    ),
    "labels of a grouping key": Case(
        _Limit.LABELS,
        _LABELS,
        [Push({"job": "a", "x": "1", "y": "2", "z": "3"}, b"")],
        Push({"job": "a", "w": "0", "x": "1", "y": "2", "z": "3"}, b""),
    ),
    "name of a metric": Case(_Limit.NAME_LENGTH, _NAME, [Push(_A, b"m" * 20 + b" 1\n")], Push(_A, b"m" * 21 + b" 1\n")),
    "name of a label": Case(
        _Limit.NAME_LENGTH,
        _NAME,
        [Push(_A, b'm{%s="1"} 1\n' % (b"l" * 20))],
        Push(_A, b'm{%s="1"} 1\n' % (b"l" * 21)),
    ),
    "name of a label of a grouping key": Case(
        _Limit.NAME_LENGTH,
        _NAME,
        [Push({"job": "a", "l" * 20: "x"}, b"")],
        Push({"job": "a", "l" * 21: "x"}, b""),
    ),
    "value of a label": Case(
        _Limit.VALUE_LENGTH,
        _VALUE,
        [Push(_A, b'm{a="%s"} 1\n' % (b"v" * 30))],
        Push(_A, b'm{a="%s"} 1\n' % (b"v" * 31)),
    ),
    "help text": Case(
        _Limit.VALUE_LENGTH,
        _VALUE,
        [Push(_A, b"# HELP m %s\nm 1\n" % (b"h" * 30))],
        Push(_A, b"# HELP m %s\nm 1\n" % (b"h" * 31)),
    ),
    "value of a label of a grouping key": Case(
        _Limit.VALUE_LENGTH, _VALUE, [Push({"job": "j" * 30}, b"")], Push({"job": "j" * 31}, b"")
    ),
    "memory": Case(_Limit.MEMORY, settings.LimitSettings(memory=1), [], Push(_A, b"m 1\n")),
}
