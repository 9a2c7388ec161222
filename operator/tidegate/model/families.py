"""Pushed metric families: the same types for the text format and for protobuf.

The types follow the Prometheus client data model (``io.prometheus.client.MetricFamily``): a family has a name, a type,
a help text and metrics; a metric is one label set with its value, and a histogram or a summary is *one* metric whose
value has several numbers.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class MetricType(enum.Enum):
    """The type of a family; the value is the word of a ``# TYPE`` line.

    The text format has no gauge histograms (their counts may go down); it has them as histograms.
    """

    COUNTER = "counter"
    GAUGE = "gauge"
    SUMMARY = "summary"
    UNTYPED = "untyped"
    HISTOGRAM = "histogram"
    GAUGE_HISTOGRAM = "gaugehistogram"


HISTOGRAMS = frozenset({MetricType.HISTOGRAM, MetricType.GAUGE_HISTOGRAM})

WORDS = {
    MetricType.COUNTER: "a counter",
    MetricType.GAUGE: "a gauge",
    MetricType.SUMMARY: "a summary",
    MetricType.UNTYPED: "untyped",
    MetricType.HISTOGRAM: "a histogram",
    MetricType.GAUGE_HISTOGRAM: "a gauge histogram",
}
"""The types with their articles, for error messages."""

DISTRIBUTIONS = HISTOGRAMS | {MetricType.SUMMARY}
"""The types with several lines for each metric."""


Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Label names and values, sorted by name, without duplicate names."""


class Quantile(NamedTuple):
    """One quantile of a summary, such as 0.99, with its value."""

    quantile: float
    value: float


class Bucket(NamedTuple):
    """One bucket of a classic histogram: the number of observations up to and including ``upper_bound``."""

    upper_bound: float
    cumulative_count: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The value of a summary. Fields that the push does not have are ``None``."""

    count: float | None = None
    sum: float | None = None
    quantiles: tuple[Quantile, ...] = ()


@dataclass(frozen=True, slots=True)
class Histogram:
    """The value of a classic histogram. Fields that the push does not have are ``None``."""

    count: float | None = None
    sum: float | None = None
    buckets: tuple[Bucket, ...] = ()


Value: TypeAlias = float | Summary | Histogram


class Metric(NamedTuple):
    """One label set of a family with its value.

    :param labels: without ``le`` and ``quantile``, which are in the value.
    :param timestamp_ms: used only to reject pushes with timestamps.
    :param original: the value as it was pushed in protobuf (a serialized counter, summary or histogram), if it has
        more than ``value``: native buckets, exemplars, a created timestamp; otherwise empty.
    """

    labels: Labels
    value: Value
    timestamp_ms: int | None = None
    original: bytes = b""


@dataclass(slots=True)
class Family:
    """A family of one push: all metrics of one name.

    :param help: ``None`` without a help text.
    :param fault: why the family cannot be stored, although its body could be parsed; such a push counts as a failed
        push of its group, as in Pushgateway.
    :param quoted: whether its name or a label name must be written in quotes.
    :param unit: ``None`` without a unit, which only protobuf can have.
    """

    name: str
    type: MetricType = MetricType.UNTYPED
    help: str | None = None
    metrics: list[Metric] = field(default_factory=list)
    fault: str = ""
    quoted: bool = False
    unit: str | None = None
