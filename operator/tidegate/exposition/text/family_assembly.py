"""Assemble lines into families: find the family of each line, and join the lines of a summary or histogram."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tidegate.exposition import name_escaping
from tidegate.exposition.text import line_parser, numbers
from tidegate.model import families

_TYPES = {type_.value: type_ for type_ in families.MetricType} | {
    "gauge_histogram": families.MetricType.GAUGE_HISTOGRAM,
}
_TYPES_OF_OPENMETRICS = ("unknown", "info", "stateset")
_SUMMARY = families.MetricType.SUMMARY
_SUFFIXES = ("_count", "_sum", "_bucket")
_VALUE = -1
"""Index of the value among the parts of a sample; see :class:`tidegate.exposition.text.line_parser.LineError`."""
_COUNT_BITS_HALF = 2.0**63


@dataclass(slots=True)
class _Distribution:
    """A summary or histogram whose lines are being read; ``points`` are its quantiles or buckets."""

    family: families.Family
    index: int
    labels: families.Labels
    count: float | None = None
    sum: float | None = None
    points: list[tuple[float, float]] = field(default_factory=list)
    timestamp_ms: int | None = None

    def metric(self) -> families.Metric:
        value: families.Value
        if self.family.type is _SUMMARY:
            quantiles = tuple(families.Quantile(*point) for point in self.points)
            value = families.Summary(count=self.count, sum=self.sum, quantiles=quantiles)
        else:
            buckets = tuple(families.Bucket(*point) for point in self.points)
            value = families.Histogram(count=self.count, sum=self.sum, buckets=buckets)
        return families.Metric(self.labels, value, self.timestamp_ms)


class Assembler:
    """Assembles families from lines in the order of the body; :meth:`finish` returns them.

    Each method raises :class:`tidegate.exposition.text.line_parser.LineError` if the line contradicts an earlier one.
    """

    def __init__(self) -> None:
        self.simple: dict[str, list[families.Metric]] = {}
        """The metrics of the families with one line for each metric, by name, once the type of the family is final."""
        self._families: dict[str, families.Family] = {}
        self._distributions: dict[tuple[str, families.Labels], _Distribution] = {}

    def comment(self, keyword: str, name: str, text: str | None) -> None:
        """Add a HELP or TYPE line. Without text it only adds the family."""
        family = self._families.get(name) or self._find(name)[0]
        if text is None:
            return
        if keyword == "HELP":
            if family.help is not None:
                raise line_parser.LineError(f"second HELP line for metric name {line_parser.shown(family.name)}")
            family.help = text
            return
        if family.name in self.simple or family.type in families.DISTRIBUTIONS:
            raise line_parser.LineError(
                f"second TYPE line for metric name {line_parser.shown(family.name)}, or TYPE reported after samples"
            )
        # Pushgateway drops backslashes here and ignores case.
        type_ = _TYPES.get(text) or _TYPES.get(text.replace("\\", "").lower())
        if type_ is None:
            hint = f" of OpenMetrics; {line_parser.INSTEAD_OF_OPENMETRICS}" if text in _TYPES_OF_OPENMETRICS else ""
            raise line_parser.LineError(f"unknown metric type {line_parser.shown(text)}{hint}", part=1)
        family.type = type_
        if type_ not in families.DISTRIBUTIONS:
            self.simple[family.name] = family.metrics

    def sample(self, name: str, pairs: line_parser.Pairs, value: float, timestamp_ms: int | None) -> None:
        """Add a line with a value.

        :param pairs: its labels in the order of the line.
        """
        family, suffix = self._find(name)
        if family.type in families.DISTRIBUTIONS:
            self._add_to_distribution(family, suffix, pairs, value, timestamp_ms)
        else:
            self.simple[family.name] = family.metrics
            family.metrics.append(families.Metric(sorted_labels(pairs), value, timestamp_ms))

    def quote(self, name: str) -> None:
        """Record that a label name of a sample of this family must be written in quotes."""
        self._find(name)[0].quoted = True

    def finish(self) -> dict[str, families.Family]:
        """Return the families with metrics, by name, in order of first appearance."""
        for distribution in self._distributions.values():
            distribution.family.metrics[distribution.index] = distribution.metric()
        return {name: family for name, family in self._families.items() if family.metrics}

    def _find(self, name: str) -> tuple[families.Family, str]:
        """Return the family of a line with this name, created if it is new, and the suffix of the part."""
        family = self._families.get(name)
        if family is not None:
            return family, ""
        if name.endswith(_SUFFIXES):
            base, underscore, word = name.rpartition("_")
            family = self._families.get(base)
            has_parts = family is not None and family.type in families.DISTRIBUTIONS
            if family is not None and has_parts and (word != "bucket" or family.type is not _SUMMARY):
                return family, underscore + word
        family = self._families[name] = families.Family(name, quoted=not name_escaping.is_plain(name))
        return family, ""

    def _add_to_distribution(
        self, family: families.Family, suffix: str, pairs: line_parser.Pairs, value: float, timestamp_ms: int | None
    ) -> None:
        is_summary = family.type is _SUMMARY
        bound_label = "quantile" if is_summary else "le"
        bound = _bound(pairs, bound_label)
        labels = sorted_labels(pairs, apart=bound_label)
        distribution = self._distributions.get((family.name, labels))
        if distribution is None:
            distribution = _Distribution(family, len(family.metrics), labels)
            self._distributions[family.name, labels] = distribution
            family.metrics.append(families.Metric(labels, value))
        if timestamp_ms is not None:
            distribution.timestamp_ms = timestamp_ms
        if suffix == "_sum":
            distribution.sum = value
        elif suffix == "_count":
            distribution.count = _whole(value) if is_summary else _population(value, "count", family.name)
        elif not math.isnan(bound):
            population = value if is_summary else _population(value, "bucket population", family.name)
            distribution.points.append((bound, population))


def sorted_labels(pairs: line_parser.Pairs, *, apart: str | None = None) -> families.Labels:
    """Return the pairs as sorted labels.

    :param apart: a label name to leave out.
    :raises line_parser.LineError: a name occurs twice.
    """
    labels = pairs if apart is None else [pair for pair in pairs if pair[0] != apart]
    previous = ""
    for name, _ in labels:
        if name <= previous:
            break
        previous = name
    else:
        return tuple(labels)  # Already sorted, as most clients write them, so no name occurs twice.
    if len(dict(labels)) < len(labels):
        raise _duplicate(pairs, apart)
    return tuple(sorted(labels))


def _duplicate(pairs: line_parser.Pairs, apart: str | None) -> line_parser.LineError:
    seen = {apart}
    for part, (name, _) in enumerate(pairs, 1):
        if name in seen and name != apart:
            return line_parser.LineError(f"duplicate label name {line_parser.shown(name)}", part=part)
        seen.add(name)
    raise AssertionError("no label name occurs twice")


def _bound(pairs: line_parser.Pairs, bound_label: str) -> float:
    """Return the value of the ``le`` or ``quantile`` label; not-a-number if it is missing. The last one counts."""
    bound = math.nan
    for part, (label, text) in enumerate(pairs, 1):
        if label == bound_label:
            try:
                bound = numbers.parse_float(text)
            except ValueError:
                reason = f"expected float as value for '{bound_label}' label, got {line_parser.shown(text)}"
                raise line_parser.LineError(reason, part=part) from None
    return bound


def _population(value: float, what: str, name: str) -> float:
    if value < 0:
        raise line_parser.LineError(f"negative {what} for histogram {line_parser.shown(name)}", part=_VALUE)
    return value


def _whole(value: float) -> float:
    """Return ``value`` as the count of a summary: an unsigned 64-bit integer, truncated and wrapped as in Go."""
    if -_COUNT_BITS_HALF <= value < 2 * _COUNT_BITS_HALF:
        return float(int(value) % int(2 * _COUNT_BITS_HALF))
    return _COUNT_BITS_HALF
