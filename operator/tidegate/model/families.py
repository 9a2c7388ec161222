"""Metric families as they are pushed: one shape for the text format and for protobuf.

The shapes follow the Prometheus client data model (``io.prometheus.client.MetricFamily``): a family has a name, a type,
a help text and metrics; a metric is one label set with its value, and a histogram or a summary is *one* metric whose
value has several numbers.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class MetricType(enum.Enum):
    """The type of a family; the value is the word that stands in a ``# TYPE`` line.

    A gauge histogram (one whose counts may go down) is unknown to the text format: there it is written as a histogram.
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
"""The types as messages name them, with their article."""

DISTRIBUTIONS = HISTOGRAMS | {MetricType.SUMMARY}
"""The types whose metrics have several lines each."""


Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Label names and values, sorted by name, no name twice."""


class Quantile(NamedTuple):
    """One quantile of a summary, such as 0.99, with its value."""

    quantile: float
    value: float


class Bucket(NamedTuple):
    """One bucket of a classic histogram: how many observations were at most ``upper_bound``."""

    upper_bound: float
    cumulative_count: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The value of a summary. ``None`` where the push did not say."""

    count: float | None = None
    sum: float | None = None
    quantiles: tuple[Quantile, ...] = ()


@dataclass(frozen=True, slots=True)
class Histogram:
    """The value of a classic histogram. ``None`` where the push did not say."""

    count: float | None = None
    sum: float | None = None
    buckets: tuple[Bucket, ...] = ()


Value: TypeAlias = float | Summary | Histogram


class Metric(NamedTuple):
    """One label set of a family with its value.

    ``labels`` are without ``le`` and ``quantile`` (these are in the value). ``timestamp_ms`` is kept only so that the
    push that carries one can be refused. ``original`` is the value as it was pushed in protobuf (a serialized counter,
    summary or histogram) where that says more than ``value``: native buckets, exemplars, a created timestamp; or empty.
    """

    labels: Labels
    value: Value
    timestamp_ms: int | None = None
    original: bytes = b""


@dataclass(slots=True)
class Family:
    """A family of one push: all metrics of one name.

    ``help`` is ``None`` where no help text was given, and ``unit`` where no unit was, which only protobuf has.
    ``fault`` says why the family cannot be stored although its body could be read; such a push counts as a failed one
    of its group, as in Pushgateway. ``quoted`` says that its name or some label name has to stand in quotes.
    """

    name: str
    type: MetricType = MetricType.UNTYPED
    help: str | None = None
    metrics: list[Metric] = field(default_factory=list)
    fault: str = ""
    quoted: bool = False
    unit: str | None = None
