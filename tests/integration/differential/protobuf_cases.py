"""Bodies in protobuf: every metric type, and every kind of error in one."""

import math

from tests.integration.differential import case_builders
from tests.support.formats import delimited_protobuf
from tests.support.pushgateway import comparisons
from tidegate.exposition.protobuf import metrics_pb2 as pb

_TYPE = case_builders.PROTOBUF
_COUNTER, _GAUGE, _SUMMARY, _UNTYPED, _HISTOGRAM, _GAUGE_HISTOGRAM = range(6)
_AT = pb.Timestamp(seconds=1_700_000_000, nanos=5)
_EXEMPLAR = pb.Exemplar(label=[delimited_protobuf.label("trace_id", "x")], value=0.5, timestamp=_AT)
_BUCKETS = [pb.Bucket(upper_bound=0.5, cumulative_count=1), pb.Bucket(upper_bound=1, cumulative_count=3)]
_SPANS = [pb.BucketSpan(offset=-1, length=2), pb.BucketSpan(offset=1, length=1)]
_NATIVE = {
    "schema": 3,
    "zero_threshold": 2.938735877055719e-39,
    "zero_count": 1,
    "positive_span": _SPANS,
    "positive_delta": [1, 1, -1],
    "sample_count": 5,
    "sample_sum": 4.5,
}
_FLOAT_NATIVE = {
    "schema": 0,
    "zero_count_float": 0.5,
    "positive_span": _SPANS,
    "positive_count": [1, 0.5, 2],
    "sample_count_float": 4,
    "sample_sum": 4.5,
}


def _gauge(*labels: pb.LabelPair, value: float = 1) -> pb.Metric:
    return pb.Metric(label=labels, gauge=pb.Gauge(value=value))


def _histogram(**fields: object) -> pb.Metric:
    return pb.Metric(histogram=pb.Histogram(**fields))  # type: ignore[arg-type]


def _one(metric: pb.Metric, *, type: int = _GAUGE, name: bytes = b"m", **more: bytes) -> bytes:
    return delimited_protobuf.families(pb.MetricFamily(name=name, type=type, metric=[metric], **more))


_GOOD = _one(_gauge())
_LABEL = delimited_protobuf.label
BODIES = {
    "gauge": _GOOD,
    "gauge-with-labels": _one(_gauge(_LABEL("b", "x"), _LABEL("a", 'y"\\\n'))),
    "gauge-without-a-number": _one(pb.Metric(gauge=pb.Gauge())),
    "gauge-nan": _one(_gauge(value=math.nan)),
    "counter": _one(pb.Metric(counter=pb.Counter(value=3)), type=_COUNTER),
    "counter-negative": _one(pb.Metric(counter=pb.Counter(value=-3)), type=_COUNTER),
    "counter-with-an-exemplar": _one(pb.Metric(counter=pb.Counter(value=3, exemplar=_EXEMPLAR)), type=_COUNTER),
    "counter-created": _one(pb.Metric(counter=pb.Counter(value=3, created_timestamp=_AT)), type=_COUNTER),
    "untyped": _one(pb.Metric(untyped=pb.Untyped(value=2.5)), type=_UNTYPED),
    "summary": _one(
        pb.Metric(summary=pb.Summary(sample_count=7, sample_sum=1.5, quantile=[pb.Quantile(quantile=0.5, value=2)])),
        type=_SUMMARY,
    ),
    "summary-empty": _one(pb.Metric(summary=pb.Summary()), type=_SUMMARY),
    "summary-with-a-label-quantile": _one(
        pb.Metric(label=[_LABEL("quantile", "0.5")], summary=pb.Summary()), type=_SUMMARY
    ),
    "summary-count-beyond-a-double": _one(pb.Metric(summary=pb.Summary(sample_count=2**63 + 1)), type=_SUMMARY),
    "histogram": _one(_histogram(sample_count=4, sample_sum=2.5, bucket=_BUCKETS), type=_HISTOGRAM),
    "histogram-empty": _one(_histogram(), type=_HISTOGRAM),
    "histogram-with-infinity": _one(
        _histogram(sample_count=4, bucket=[*_BUCKETS, pb.Bucket(upper_bound=math.inf, cumulative_count=4)]),
        type=_HISTOGRAM,
    ),
    "histogram-with-exemplars": _one(
        _histogram(sample_count=1, bucket=[pb.Bucket(upper_bound=1, cumulative_count=1, exemplar=_EXEMPLAR)]),
        type=_HISTOGRAM,
    ),
    "histogram-of-floats": _one(
        _histogram(sample_count_float=2.5, bucket=[pb.Bucket(upper_bound=1, cumulative_count_float=1.5)]),
        type=_HISTOGRAM,
    ),
    "gauge-histogram": _one(_histogram(sample_count=4, bucket=_BUCKETS), type=_GAUGE_HISTOGRAM),
    "native": _one(_histogram(**_NATIVE), type=_HISTOGRAM),
    "native-of-floats": _one(_histogram(**_FLOAT_NATIVE), type=_HISTOGRAM),
    "native-and-classic": _one(_histogram(bucket=_BUCKETS, **_NATIVE), type=_HISTOGRAM),
    "native-of-nothing": _one(_histogram(schema=0, zero_threshold=1), type=_HISTOGRAM),
    "native-with-a-count-that-is-none": _one(_histogram(**{**_NATIVE, "sample_count": 6}), type=_HISTOGRAM),
    "native-with-buckets-beyond-its-spans": _one(
        _histogram(**{**_NATIVE, "positive_delta": [1, 1, -1, 0]}), type=_HISTOGRAM
    ),
    "native-with-a-negative-bucket": _one(_histogram(**{**_NATIVE, "positive_delta": [1, -3, 5]}), type=_HISTOGRAM),
    "help": _one(_gauge(), help=b"What it \\ is\nabout."),
    "help-empty": _one(_gauge(), help=b""),
    "help-not-utf8": _one(_gauge(), help=b"a\xffb"),
    "unit": _one(_gauge(), unit=b"seconds"),
    "several": delimited_protobuf.families(
        pb.MetricFamily(name=b"n", type=_GAUGE, metric=[_gauge(_LABEL("a", "1")), _gauge(_LABEL("a", "2"))]),
        pb.MetricFamily(name=b"m", type=_GAUGE, metric=[_gauge()]),
    ),
    "a-name-twice": delimited_protobuf.families(
        pb.MetricFamily(name=b"m", type=_GAUGE, metric=[_gauge(_LABEL("a", "1"))]),
        pb.MetricFamily(name=b"m", type=_GAUGE, metric=[_gauge(_LABEL("a", "2"))]),
    ),
    "a-series-twice": delimited_protobuf.families(pb.MetricFamily(name=b"m", type=_GAUGE, metric=[_gauge(), _gauge()])),
    "a-label-twice": _one(_gauge(_LABEL("a", "1"), _LABEL("a", "2"))),
    "a-label-twice-apart": _one(_gauge(_LABEL("a", "1"), _LABEL("b", "1"), _LABEL("a", "2"))),
    "a-grouping-label": _one(_gauge(_LABEL("job", "other"))),
    "instance": _one(_gauge(_LABEL("instance", "i"))),
    "a-label-without-a-name": _one(_gauge(_LABEL("", "1"))),
    "a-reserved-label": _one(_gauge(_LABEL("__a", "1"))),
    "a-label-not-utf8": _one(_gauge(pb.LabelPair(name=b"a", value=b"x\xff"))),
    "another-type": _one(_gauge(), type=_COUNTER),
    "no-value": _one(pb.Metric(), type=_GAUGE),
    "two-values": _one(pb.Metric(gauge=pb.Gauge(value=1), counter=pb.Counter(value=2)), type=_GAUGE),
    "a-timestamp": _one(pb.Metric(gauge=pb.Gauge(value=1), timestamp_ms=1)),
    "a-timestamp-of-0": _one(pb.Metric(gauge=pb.Gauge(value=1), timestamp_ms=0)),
    "no-type": delimited_protobuf.families(pb.MetricFamily(name=b"m", metric=[pb.Metric(counter=pb.Counter(value=1))])),
    "an-unknown-type": _one(_gauge(), type=17),
    "an-unknown-field": delimited_protobuf.framed(_GOOD[1:] + b"\x7a\x01x"),
    "no-metrics": delimited_protobuf.families(pb.MetricFamily(name=b"m", type=_GAUGE)),
    "no-name": delimited_protobuf.families(pb.MetricFamily(type=_GAUGE, metric=[_gauge()])),
    "a-name-with-a-blank": _one(_gauge(), name=b"a b"),
    "a-name-not-utf8": _one(_gauge(), name=b"a\xff"),
    "the-times-of-pushes": _one(_gauge(), name=b"push_time_seconds"),
    "nothing": b"",
    "an-empty-message": b"\0",
    "cut": _GOOD[:-1],
    "cut-in-a-length": _GOOD + b"\x80",
    "a-length-without-an-end": b"\xff" * 11,
    "rubbish": delimited_protobuf.framed(b"\x0a\xff"),
    "text": b"m 1\n",
}
_TYPES = {
    "spaced-otherwise": "application/vnd.google.protobuf;encoding=delimited;proto=io.prometheus.client.MetricFamily",
    "in-upper-case": _TYPE.replace("application", "Application").replace("proto=", "PROTO="),
    "quoted": _TYPE.replace("delimited", '"delimited"'),
    "of-another-encoding": _TYPE.replace("delimited", "text"),
    "of-another-message": _TYPE.replace("MetricFamily", "Metric"),
    "without-parameters": "application/vnd.google.protobuf",
    "with-a-charset": f"{_TYPE}; charset=utf-8",
}

CASES = [
    *(
        comparisons.Case(f"protobuf-{name}", [case_builders.put("job/x", body, {"Content-Type": _TYPE})])
        for name, body in BODIES.items()
    ),
    *(
        comparisons.Case(f"protobuf-type-{name}", [case_builders.put("job/x", _GOOD, {"Content-Type": type_})])
        for name, type_ in _TYPES.items()
    ),
    comparisons.Case(
        "protobuf-beside-text-of-another-type",
        [
            case_builders.put("job/x", b"# TYPE m counter\nm 1\n"),
            case_builders.put("job/y", _GOOD, {"Content-Type": _TYPE}),
        ],
    ),
    comparisons.Case(
        "protobuf-posted-over-text",
        [
            case_builders.put("job/x", b"# TYPE m gauge\nm 7\nn 1\n"),
            case_builders.post("job/x", _GOOD, {"Content-Type": _TYPE}),
        ],
    ),
]
