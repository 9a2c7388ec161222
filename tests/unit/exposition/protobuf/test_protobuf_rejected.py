"""Invalid protobuf is rejected with the byte of the error; families that cannot be stored have a fault."""

from __future__ import annotations

import pytest

from tests.support.formats import delimited_protobuf
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.model import errors

GAUGE = pb.Metric(gauge=pb.Gauge(value=1))
GOOD = delimited_protobuf.families(pb.MetricFamily(name=b"m", type=1, metric=[GAUGE]))


def native(**more: object) -> bytes:
    """A body of one native histogram, sound but for ``more``."""
    fields: dict[str, object] = {
        "schema": 3,
        "zero_count": 1,
        "positive_span": [pb.BucketSpan(offset=0, length=2)],
        "positive_delta": [1, 1],
        "sample_count": 4,
    }
    histogram = pb.Histogram(**{**fields, **more})  # type: ignore[arg-type]
    return delimited_protobuf.families(pb.MetricFamily(name=b"m", type=4, metric=[pb.Metric(histogram=histogram)]))


def labelled(*labels: pb.LabelPair) -> bytes:
    metric = pb.Metric(label=labels, gauge=pb.Gauge(value=1))
    return delimited_protobuf.families(pb.MetricFamily(name=b"m", type=1, metric=[metric]))


@pytest.mark.parametrize(
    ("body", "at", "reason"),
    [
        pytest.param(GOOD + GOOD[:-1], len(GOOD) + 1, "ends within a family", id="cut"),
        pytest.param(GOOD + b"\x80", len(GOOD) + 1, "does not end", id="cut in a length"),
        pytest.param(b"\xff" * 11, 1, "does not end", id="a length without an end"),
        pytest.param(b"\xff\xff\xff\xff\x7f", 1, "ends within a family of", id="a length beyond everything"),
        pytest.param(GOOD + delimited_protobuf.framed(b"\x0a\xff"), len(GOOD) + 1, "parsing error", id="no message"),
        pytest.param(
            delimited_protobuf.families(pb.MetricFamily(name=b"m", type=6)), 1, "unknown metric type 6", id="type"
        ),
        pytest.param(delimited_protobuf.families(pb.MetricFamily(type=1)), 1, "invalid metric name", id="no name"),
        pytest.param(
            delimited_protobuf.families(pb.MetricFamily(name=b"a b")), 1, 'name "a b"', id="a name that is none"
        ),
        pytest.param(delimited_protobuf.families(pb.MetricFamily(name=b"\xff")), 1, "not UTF-8", id="a name not UTF-8"),
    ],
)
def test_invalid_protobuf_is_rejected_with_its_place(body: bytes, at: int, reason: str) -> None:
    with pytest.raises(errors.BadExpositionError, match=reason) as caught:
        decoder.parse(body)
    assert (caught.value.line, caught.value.column) == (0, at)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            labelled(delimited_protobuf.label("a", "1"), delimited_protobuf.label("a", "2")),
            "two labels a",
            id="a label twice",
        ),
        pytest.param(labelled(delimited_protobuf.label("a b", "1")), "invalid name", id="a label name that is none"),
        pytest.param(labelled(pb.LabelPair(name=b"a", value=b"\xff")), "not UTF-8", id="a value not UTF-8"),
        pytest.param(
            delimited_protobuf.families(pb.MetricFamily(name=b"m", type=0, metric=[GAUGE])),
            "is a counter",
            id="another value",
        ),
        pytest.param(native(sample_count=5), "counts 5 observations, but its buckets 4", id="count"),
        pytest.param(native(positive_delta=[1]), "1 buckets in spans for 2", id="too few buckets"),
        pytest.param(native(positive_delta=[1, -2]), "count of -1", id="a negative bucket"),
        pytest.param(native(schema=9), "schema 9", id="schema"),
        pytest.param(native(zero_threshold=-1.0, zero_count=1), "zero bucket up to -1", id="zero bucket"),
        pytest.param(
            native(positive_span=[pb.BucketSpan(offset=0, length=1), pb.BucketSpan(offset=-1, length=1)]),
            "goes back by 1",
            id="a span that goes back",
        ),
        pytest.param(native(positive_span=[pb.BucketSpan(offset=2**31 - 1, length=2)]), "up to the bucket", id="index"),
        pytest.param(native(sample_count_float=4.0), "0 buckets in spans for 2", id="floats without buckets"),
        pytest.param(
            native(sample_count_float=4.0, positive_count=[1.0, -1.0]), "count of -1", id="a negative float bucket"
        ),
    ],
)
def test_family_that_cannot_be_stored_has_a_fault(body: bytes, reason: str) -> None:
    assert reason in decoder.parse(body)["m"].fault


def test_valid_native_histogram_is_stored_unchanged() -> None:
    family = decoder.parse(native())["m"]
    assert family.fault == ""
    assert pb.Histogram.FromString(family.metrics[0].original).positive_delta == [1, 1]
