"""A body over a limit is rejected before it is parsed."""

import pytest

from tests.support.formats import delimited_protobuf
from tidegate import settings
from tidegate.exposition import size_estimate
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.model import errors, limits

SETTINGS = settings.LimitSettings(push_series=100, labels=3, name_length=20, value_length=50)
MOST = SETTINGS.push_series

TEXTS = {
    "nothing": b"",
    "as many series as there may be": b"m{a=\"x\"} 1\n" * MOST,
    "all with notes": b"".join(b"# HELP m%d x\n# TYPE m%d gauge\nm%d 1\n" % (n, n, n) for n in range(MOST)),
    "many comments": b"# a comment\n\n" * 10 * MOST + b"m 1\n",
    "no line feed at the end": b"m 1\n" * (MOST - 1) + b"m 1",
    "long values": b"m{%s} 1\n" % b",".join(b'label%d="%s"' % (n, "ä".encode() * 50) for n in range(3)),
}  # fmt: skip
TOO_MUCH = {
    "one series more": (b"m 1\n" * (MOST + 1), limits.Limit.PUSH_SERIES),
    "one more without a line feed": (b"m 1\n" * MOST + b"m 1", limits.Limit.PUSH_SERIES),
    "series after blanks": (b" \tm 1\n" * (MOST + 1), limits.Limit.PUSH_SERIES),
    "series between comments": (b"# c\nm 1\n\n" * (MOST + 1), limits.Limit.PUSH_SERIES),
    "notes on families without series": (b"# TYPE m gauge\n" * (2 * MOST + 1), limits.Limit.PUSH_SERIES),
    "a line of a thousand labels": (b"m{" + b'a="",' * 1_000 + b"} 1\n", limits.Limit.LABELS),
}


@pytest.mark.parametrize("body", TEXTS.values(), ids=TEXTS)
def test_body_up_to_the_limits_passes(body: bytes) -> None:
    size_estimate.check_text(body, limit_settings=SETTINGS)


@pytest.mark.parametrize(("body", "limit"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_body_over_a_limit_is_rejected_with_its_name(body: bytes, limit: limits.Limit) -> None:
    with pytest.raises(errors.LimitError, match=r"--limit\.") as refusal:
        size_estimate.check_text(body, limit_settings=SETTINGS)
    assert refusal.value.limit is limit


def _metric(labels: int = 0, buckets: int = 0) -> pb.Metric:
    pairs = [pb.LabelPair(name=b"a", value=b"b")] * labels
    histogram = pb.Histogram(bucket=[pb.Bucket(upper_bound=1.0, exemplar=pb.Exemplar(value=1.0))] * buckets)
    return pb.Metric(label=pairs, histogram=histogram, timestamp_ms=1)


def _family(*metrics: pb.Metric) -> bytes:
    return delimited_protobuf.families(pb.MetricFamily(name=b"m", help=b"h", type=4, metric=metrics))


FULL = _family(*[_metric(labels=3)] * MOST)
BOMBS = {
    "empty metrics": delimited_protobuf.framed(b"\x22\x00" * 10_000),
    "empty labels": delimited_protobuf.framed(b"\x22\xa0\x9c\x01" + b"\x0a\x00" * 10_000),
    "empty buckets": delimited_protobuf.framed(b"\x22\xa4\x9c\x01\x3a\xa0\x9c\x01" + b"\x1a\x00" * 10_000),
    "families": b"\x02\x0a\x00" * 10_000,
    "metrics": _family(*[_metric(labels=3)] * 10 * MOST),
    "buckets": _family(_metric(buckets=10 * MOST)),
}


def test_protobuf_up_to_the_limit_of_series_passes() -> None:
    size_estimate.check_protobuf(FULL, limit_settings=SETTINGS)
    assert len(decoder.parse(FULL)["m"].metrics) == MOST


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_protobuf_with_more_messages_than_series_need_is_rejected(body: bytes) -> None:
    with pytest.raises(errors.LimitError) as refusal:
        size_estimate.check_protobuf(body, limit_settings=SETTINGS)
    assert refusal.value.limit is limits.Limit.PUSH_SERIES


@pytest.mark.parametrize("cut", range(1, 40))
def test_damaged_protobuf_is_left_to_the_decoder(cut: int) -> None:
    damaged = delimited_protobuf.framed(b"\x22\xff" + FULL[:-cut] + b"\x0b" * cut) + b"\xff" * 400
    with pytest.raises((errors.BadExpositionError, errors.LimitError)):
        _read(damaged)


def _read(body: bytes) -> None:
    size_estimate.check_protobuf(body, limit_settings=SETTINGS)
    decoder.parse(body)
