"""Valid, damaged and partly damaged pushes, in any number; the same seed generates the same ones.

They go to a few groups only, so memory that grows with their number is a leak.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from typing import NamedTuple

import cramjam

from tests.support.formats import delimited_protobuf
from tidegate.exposition.protobuf import metrics_pb2 as pb

_TEXTS = (
    b'# TYPE c counter\n# HELP c Counted.\nc_total{a="b",c="d"} 3\nc_total 4\n',
    b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
    b'# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\n',
    b'g{a="\\"\\\\\\n\xc3\xa4"} -1.5e-300\ng NaN\ng2 +Inf\n',
    b'{"quoted.name","quoted.label"="x"} 0x1p-3\n',
    b"".join(b'm{n="%d"} 1\n' % number for number in range(50)),
)
_PROTOBUF = b"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
_COUNTER, _GAUGE, _SUMMARY, _UNTYPED, _HISTOGRAM = range(5)
_CHARACTERS = b'{}"\\,=#\n\r\t \0\xff01eE+-.NaInf_:'
_NAMES = ("a", "instance", "instance@base64", "__x", "le", "job", "", "x-y", "%ff", "U__a_2e_b")
_VALUES = ("1", "", "a%2Fb", "%00", "%0d%0aX:%20y", "YQ==", "=", "%", "..", "%ff", "<script>", "x" * 200)
_HEADERS = (
    b"Tidegate-TTL: 10m",
    b"Tidegate-TTL: \xff",
    b"Expect: 100-continue",
    b"Expect: \xff",
    b"X: \xff\xfe",
    b"Accept: ;q=,,\xff;=",
    b"Authorization: Basic \xff",
    b"X-Prometheus-Scrape-Timeout-Seconds: nan",
    b'Content-Type: "; ;=;proto=\xff',
    b"Content-Type: application/vnd.google.protobuf; proto=\xc3\xa4\xff",
    b"Content-Encoding: \xff",
    b"Connection: upgrade\r\nUpgrade: websocket",
)
_VERBS = (b"PUT", b"POST", b"PUT", b"POST", b"PUT", b"POST", b"DELETE", b"GET", b"PATCH", b"OPTIONS")
_JOBS = 20
_MUTATED = 0.7
"""Fraction of the bodies, and of the compressed bodies, that are mutated."""


class Push(NamedTuple):
    """One push.

    :param coding: content coding; empty for none.
    """

    job: int
    body: bytes
    coding: bytes
    is_protobuf: bool


class Request(NamedTuple):
    """A request as sent.

    :param is_framed: whether it gets exactly one response.
    """

    data: bytes
    is_framed: bool


def pushes(seed: int) -> Iterator[Push]:
    """Generate pushes without end."""
    dice = random.Random(seed)
    whole = _protobuf()
    while True:
        is_protobuf = dice.random() < 0.3
        body = whole if is_protobuf else dice.choice(_TEXTS)
        if dice.random() < _MUTATED:
            body = _mutated(dice, body)
        coding = dice.choice((b"", b"", b"gzip", b"snappy"))
        if coding:
            body = gzip.compress(body, 1) if coding == b"gzip" else bytes(cramjam.snappy.compress(body))
            if dice.random() < _MUTATED:
                body = _mutated(dice, body)
        yield Push(dice.randrange(_JOBS), body, coding, is_protobuf)


def requests(seed: int) -> Iterator[Request]:
    """Generate requests without end, most of them pushes."""
    dice = random.Random(seed)
    for push in pushes(seed):
        lines = [b"Host: x"]
        if push.is_protobuf:
            lines.append(b"Content-Type: " + _PROTOBUF)
        if push.coding:
            lines.append(b"Content-Encoding: " + push.coding)
        if dice.random() < 0.1:
            lines.append(dice.choice(_HEADERS))
        # All odd paths have the same job, so that there are only a few groups.
        target = f"/metrics/job/{push.job}" if dice.random() < 0.8 else f"/metrics/job/0{_odd_path(dice)}"
        head = [b"%b %b HTTP/1.1" % (dice.choice(_VERBS), target.encode()), *lines]
        data = b"\r\n".join([*head, b"Content-Length: %d" % len(push.body)]) + b"\r\n\r\n" + push.body
        is_framed = dice.random() >= 0.01
        yield Request(data if is_framed else _mutated(dice, data), is_framed)


def _odd_path(dice: random.Random) -> str:
    pair = f"/{dice.choice(_NAMES)}/{dice.choice(_VALUES)}" if dice.random() < 0.7 else ""
    return pair + dice.choice(("", "", "/", "/x", "//", "/..", "?ttl=1h", "?ttl=%ff", "?%00=%&a=b"))


def _mutated(dice: random.Random, data: bytes) -> bytes:
    """Return the data with some bytes changed, repeated, removed or inserted."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        at = dice.randrange(len(changed) + 1)
        until = min(len(changed), at + dice.choice((0, 1, 1, 2, 8, 100)))
        match dice.randrange(5):
            case 0:
                changed[at:until] = b""
            case 1:
                changed[at:at] = changed[at:until]
            case 2:
                changed[at:until] = dice.randbytes(until - at)
            case 3:
                changed[at:at] = bytes(dice.choices(_CHARACTERS, k=dice.choice((1, 2, 10))))
            case _:
                del changed[at:]
    return bytes(changed)


def _protobuf() -> bytes:
    """Return a body with a metric of each type."""
    labels = [delimited_protobuf.label("a", "b")]
    histogram = pb.Histogram(sample_count=3, sample_sum=4.5, bucket=[pb.Bucket(cumulative_count=1, upper_bound=1)])
    native = pb.Histogram(sample_count=2, sample_sum=1, schema=3, zero_threshold=1e-9, zero_count=0)
    native.positive_span.add(offset=1, length=2)
    native.positive_delta.extend([1, 0])
    summary = pb.Summary(sample_count=1, sample_sum=2, quantile=[pb.Quantile(quantile=0.5, value=1)])
    return delimited_protobuf.families(
        pb.MetricFamily(name=b"pc", type=_COUNTER, metric=[pb.Metric(label=labels, counter=pb.Counter(value=1))]),
        pb.MetricFamily(name=b"pg", type=_GAUGE, metric=[pb.Metric(label=labels, gauge=pb.Gauge(value=1))]),
        pb.MetricFamily(name=b"ps", type=_SUMMARY, metric=[pb.Metric(label=labels, summary=summary)]),
        pb.MetricFamily(name=b"ph", type=_HISTOGRAM, metric=[pb.Metric(label=labels, histogram=histogram)]),
        pb.MetricFamily(name=b"pn", type=_HISTOGRAM, metric=[pb.Metric(label=labels, histogram=native)]),
        pb.MetricFamily(name=b"pu", type=_UNTYPED, metric=[pb.Metric(label=labels, untyped=pb.Untyped(value=1))]),
    )
