"""Any protobuf body yields families or an error with its place, and families are encoded unchanged."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies

from tests.support.formats import delimited_protobuf
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.model import errors

_DOUBLES = strategies.floats()
_BYTES = strategies.sampled_from([b"", b"a", b"m", b"le", b"a.b", b"\xff", "é".encode()])
_LABELS = strategies.lists(strategies.builds(pb.LabelPair, name=_BYTES, value=_BYTES), max_size=2)
_EXEMPLARS = strategies.none() | strategies.builds(pb.Exemplar, label=_LABELS, value=_DOUBLES)
_BUCKETS = strategies.lists(
    strategies.builds(
        pb.Bucket,
        upper_bound=_DOUBLES,
        cumulative_count=strategies.integers(0, 2**64 - 1),
        cumulative_count_float=_DOUBLES,
        exemplar=_EXEMPLARS,
    ),
    max_size=2,
)
_SPANS = strategies.lists(
    strategies.builds(pb.BucketSpan, offset=strategies.integers(-(2**31), 2**31 - 1), length=strategies.integers(0, 3)),
    max_size=2,
)
_HISTOGRAMS = strategies.builds(
    pb.Histogram,
    sample_count=strategies.integers(0, 2**64 - 1),
    sample_count_float=_DOUBLES,
    schema=strategies.integers(-9, 9),
    zero_threshold=_DOUBLES,
    zero_count=strategies.integers(0, 9),
    positive_span=_SPANS,
    positive_delta=strategies.lists(strategies.integers(-(2**63), 2**63 - 1), max_size=3),
    positive_count=strategies.lists(_DOUBLES, max_size=3),
    bucket=_BUCKETS,
)
_METRICS = strategies.builds(
    pb.Metric,
    label=_LABELS,
    gauge=strategies.none() | strategies.builds(pb.Gauge, value=_DOUBLES),
    counter=strategies.none() | strategies.builds(pb.Counter, value=_DOUBLES, exemplar=_EXEMPLARS),
    histogram=strategies.none() | _HISTOGRAMS,
)
_FAMILIES = strategies.builds(
    pb.MetricFamily,
    name=_BYTES,
    help=strategies.none() | _BYTES,
    type=strategies.integers(-1, 6),
    metric=strategies.lists(_METRICS, max_size=2),
)
_MESSAGES = _FAMILIES.map(lambda family: family.SerializeToString()) | strategies.binary(max_size=40)
_WHOLE = strategies.lists(_MESSAGES.map(delimited_protobuf.framed), max_size=3).map(b"".join) | strategies.binary(
    max_size=40
)

_BODIES = _WHOLE | strategies.builds(lambda body, length: body[:length], _WHOLE, strategies.integers(0, 200))


@hypothesis.given(_BODIES, strategies.booleans())
def test_any_bytes_give_families_or_a_located_error(body: bytes, utf8_names: bool) -> None:
    try:
        found = decoder.parse(body, utf8_names=utf8_names)
    except errors.BadExpositionError as error:
        place = error.column
    else:
        place = 1
        assert all(family.metrics and family.name == name for name, family in found.items())
    assert 1 <= place <= len(body) + 1
