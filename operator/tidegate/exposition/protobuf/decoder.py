"""The decoder of the protobuf format: a sequence of families, each with its length before it.

The fields are those of ``io.prometheus.client.MetricFamily`` (``metrics.proto``). Errors that Pushgateway reports only
when it checks a push against its store are in :attr:`families.Family.fault`, so that they count as a failed push, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from google.protobuf import message

from tidegate.exposition import name_escaping
from tidegate.exposition.protobuf import metrics_pb2, native_histograms
from tidegate.exposition.text import line_parser, numbers
from tidegate.model import errors, families

TYPES = (
    families.MetricType.COUNTER,
    families.MetricType.GAUGE,
    families.MetricType.SUMMARY,
    families.MetricType.UNTYPED,
    families.MetricType.HISTOGRAM,
    families.MetricType.GAUGE_HISTOGRAM,
)
"""The types in the order of their numbers on the wire."""

FIELDS = {
    families.MetricType.COUNTER: "counter",
    families.MetricType.GAUGE: "gauge",
    families.MetricType.SUMMARY: "summary",
    families.MetricType.UNTYPED: "untyped",
    families.MetricType.HISTOGRAM: "histogram",
    families.MetricType.GAUGE_HISTOGRAM: "histogram",
}
"""The field of the value of a metric, by type."""

_MAX_LENGTH_BYTES = 10


def parse(body: bytes, *, utf8_names: bool = False) -> dict[str, families.Family]:
    """Parse a body into families by name, in order of first appearance; families without metrics are left out.

    If two families have the same name, the later one counts, as in Pushgateway.

    :param utf8_names: whether names may be any UTF-8.
    :raises errors.BadExpositionError: the body is not valid; with the byte where the family begins.
    """
    all_families: dict[str, families.Family] = {}
    for at, encoded in messages(body):
        try:
            received = metrics_pb2.MetricFamily.FromString(encoded)
        except message.DecodeError as error:
            raise _error(f"protobuf parsing error: {error}", at) from error
        family = _family(received, at, utf8_names=utf8_names)
        all_families[family.name] = family
    return {name: family for name, family in all_families.items() if family.metrics}


def messages(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the offset and the bytes of each family."""
    at = 0
    while at < len(body):
        length, start = _length(body, at)
        if start + length > len(body):
            raise _error(f"the body ends within a family of {length} bytes", at)
        yield at, body[start : start + length]
        at = start + length


def _length(body: bytes, at: int) -> tuple[int, int]:
    """Return the varint that starts here, and the offset after it."""
    length = 0
    for place, byte in enumerate(body[at : at + _MAX_LENGTH_BYTES]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return length, at + place + 1
    raise _error("protobuf parsing error: the length of a family does not end", at)


def _error(reason: str, at: int) -> errors.BadExpositionError:
    return errors.BadExpositionError(reason, line=0, column=at + 1)


def _family(received: metrics_pb2.MetricFamily, at: int, *, utf8_names: bool) -> families.Family:
    try:
        name = received.name.decode()
    except UnicodeDecodeError:
        raise _error(f"invalid metric name {received.name!r}: not UTF-8", at) from None
    if not name or not (utf8_names or name_escaping.is_plain(name)):
        raise _error(f"invalid metric name {line_parser.shown(name)}{line_parser.NAMES_HINT if name else ''}", at)
    if not 0 <= received.type < len(TYPES):
        raise _error(f"unknown metric type {received.type} of {line_parser.shown(name)}", at)
    # SECURITY: one help text that is not UTF-8 fails the whole scrape in Prometheus.
    help_text = received.help.decode("utf-8", "replace") if received.HasField("help") else None
    unit = received.unit.decode("utf-8", "replace") if received.HasField("unit") else None
    family = families.Family(name, TYPES[received.type], help_text, quoted=not name_escaping.is_plain(name), unit=unit)
    for metric in received.metric:
        try:
            family.metrics.append(_metric(family, metric, utf8_names=utf8_names))
        except _FaultError as fault:
            family.fault = family.fault or str(fault)
            family.metrics.append(families.Metric((), 0.0))
    return family


class _FaultError(Exception):
    """An error in a metric that could be decoded."""


def _metric(family: families.Family, metric: metrics_pb2.Metric, *, utf8_names: bool) -> families.Metric:
    timestamp_ms = metric.timestamp_ms if metric.HasField("timestamp_ms") else None
    labels = _labels(family, metric.label, utf8_names=utf8_names)
    if not metric.HasField(FIELDS[family.type]):
        raise _FaultError(f"{family.name} is a {family.type.value}, but one of its metrics has no such value")
    match family.type:
        case families.MetricType.COUNTER:
            counter = metric.counter
            has_more = counter.HasField("exemplar") or counter.HasField("created_timestamp")
            _check_exemplars(family, [counter.exemplar])
            return families.Metric(labels, counter.value, timestamp_ms, _original(counter, has_more=has_more))
        case families.MetricType.GAUGE:
            return families.Metric(labels, metric.gauge.value, timestamp_ms)
        case families.MetricType.UNTYPED:
            return families.Metric(labels, metric.untyped.value, timestamp_ms)
        case families.MetricType.SUMMARY:
            summary = metric.summary
            has_more = summary.HasField("created_timestamp") or summary.sample_count > numbers.EXACT
            return families.Metric(labels, _summary(summary), timestamp_ms, _original(summary, has_more=has_more))
        case _:
            histogram = metric.histogram
            fault = native_histograms.fault(histogram)
            if fault:
                raise _FaultError(f"{family.name} has a native histogram that {fault}")
            _check_exemplars(family, [*histogram.exemplars, *(bucket.exemplar for bucket in histogram.bucket)])
            has_more = native_histograms.has_more(histogram)
            return families.Metric(labels, _histogram(histogram), timestamp_ms, _original(histogram, has_more=has_more))


def _labels(family: families.Family, received: Sequence[metrics_pb2.LabelPair], *, utf8_names: bool) -> families.Labels:
    labels: dict[str, str] = {}
    for pair in received:
        try:
            name, value = pair.name.decode(), pair.value.decode()
        except UnicodeDecodeError:
            raise _FaultError(f"{family.name} has the label {pair.name!r}={pair.value!r}, which is not UTF-8") from None
        if name in labels:
            raise _FaultError(f"{family.name} has two labels {name}")
        if not name_escaping.is_plain_label(name):
            if not name or not utf8_names:
                hint = line_parser.NAMES_HINT if name and not utf8_names else ""
                raise _FaultError(f"{family.name} has a label with the invalid name {line_parser.shown(name)}{hint}")
            family.quoted = True
        labels[name] = value
    return tuple(sorted(labels.items()))


def _summary(received: metrics_pb2.Summary) -> families.Summary:
    return families.Summary(
        count=float(received.sample_count),
        sum=received.sample_sum,
        quantiles=tuple(families.Quantile(point.quantile, point.value) for point in received.quantile),
    )


def _histogram(received: metrics_pb2.Histogram) -> families.Histogram:
    return families.Histogram(
        count=received.sample_count_float or float(received.sample_count),
        sum=received.sample_sum,
        buckets=tuple(
            families.Bucket(bucket.upper_bound, bucket.cumulative_count_float or float(bucket.cumulative_count))
            for bucket in received.bucket
        ),
    )


def _check_exemplars(family: families.Family, exemplars: Sequence[metrics_pb2.Exemplar]) -> None:
    for exemplar in exemplars:
        _labels(family, exemplar.label, utf8_names=False)


def _original(value: message.Message, *, has_more: bool) -> bytes:
    return value.SerializeToString() if has_more else b""
