"""Families out of lines: which family a line belongs to, and the several lines of one summary or histogram joined."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tidegate.exposition import lines, numbers
from tidegate.model import families

_TYPES = {type_.value: type_ for type_ in families.MetricType} | {
    # Both spellings of the gauge histogram are accepted; in the text format it is a histogram.
    "gauge_histogram": families.MetricType.HISTOGRAM,
    "gaugehistogram": families.MetricType.HISTOGRAM,
}
_DISTRIBUTIONS = (families.MetricType.SUMMARY, families.MetricType.HISTOGRAM)
_VALUE = -1
"""The part of a sample that is its value; see :class:`tidegate.exposition.lines.Fault`."""
_COUNT_BITS_HALF = 2.0**63


@dataclass(slots=True)
class _Distribution:
    """A summary or histogram while its lines come in; ``points`` are its quantiles or buckets."""

    family: families.Family
    index: int
    labels: families.Labels
    count: float | None = None
    sum: float | None = None
    points: list[tuple[float, float]] = field(default_factory=list)
    timestamp_ms: int | None = None

    def metric(self) -> families.Metric:
        value: families.Value
        if self.family.type is families.MetricType.SUMMARY:
            quantiles = tuple(families.Quantile(*point) for point in self.points)
            value = families.Summary(count=self.count, sum=self.sum, quantiles=quantiles)
        else:
            buckets = tuple(families.Bucket(*point) for point in self.points)
            value = families.Histogram(count=self.count, sum=self.sum, buckets=buckets)
        return families.Metric(self.labels, value, self.timestamp_ms)


class Assembler:
    """Takes lines one by one, in the order of the body; :meth:`finish` gives the families.

    Each method raises :class:`tidegate.exposition.lines.Fault` where the line cannot stand beside those before it.
    """

    def __init__(self) -> None:
        self._families: dict[str, families.Family] = {}
        self._typed: set[str] = set()
        self._distributions: dict[tuple[str, families.Labels], _Distribution] = {}

    def comment(self, keyword: str, name: str, text: str | None) -> None:
        """A HELP or TYPE line. One without text only makes the family known."""
        family, _ = self._find(name)
        if text is None:
            return
        if keyword == "HELP":
            if family.help is not None:
                raise lines.Fault(f"second HELP line for metric name {family.name!r}")
            family.help = text
            return
        if family.metrics or family.name in self._typed:
            raise lines.Fault(f"second TYPE line for metric name {family.name!r}, or TYPE reported after samples")
        # Pushgateway drops backslashes here and takes any mix of upper and lower case.
        type_ = _TYPES.get(text.replace("\\", "").lower())
        if type_ is None:
            raise lines.Fault(f"unknown metric type {lines.shown(text)}", part=1)
        family.type = type_
        self._typed.add(family.name)

    def sample(self, name: str, pairs: lines.Pairs, value: float, timestamp_ms: int | None) -> None:
        """A line with a value; ``pairs`` are its labels as they stand there."""
        family = self._families.get(name)
        suffix = ""
        if family is None:
            family, suffix = self._find(name)
        if family.type in _DISTRIBUTIONS:
            self._add_to_distribution(family, suffix, pairs, value, timestamp_ms)
        else:
            family.metrics.append(families.Metric(_labels(pairs, pairs, family.name), value, timestamp_ms))

    def finish(self) -> dict[str, families.Family]:
        """The families that have metrics, by name, in order of first appearance."""
        for distribution in self._distributions.values():
            distribution.family.metrics[distribution.index] = distribution.metric()
        return {name: family for name, family in self._families.items() if family.metrics}

    def _find(self, name: str) -> tuple[families.Family, str]:
        """The family that a line of this name belongs to, made if new, and the suffix that says what of it."""
        family = self._families.get(name)
        if family is not None:
            return family, ""
        for suffix in ("_count", "_sum", "_bucket"):
            if not name.endswith(suffix):
                continue
            family = self._families.get(name.removesuffix(suffix))
            if family is None or family.type not in _DISTRIBUTIONS:
                break
            if suffix == "_bucket" and family.type is families.MetricType.SUMMARY:
                break
            return family, suffix
        family = self._families[name] = families.Family(name)
        return family, ""

    def _add_to_distribution(
        self, family: families.Family, suffix: str, pairs: lines.Pairs, value: float, timestamp_ms: int | None
    ) -> None:
        is_summary = family.type is families.MetricType.SUMMARY
        bound_label = "quantile" if is_summary else "le"
        bound = _bound(pairs, bound_label)
        labels = _labels([pair for pair in pairs if pair[0] != bound_label], pairs, family.name)
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


def _labels(pairs: lines.Pairs, line_pairs: lines.Pairs, name: str) -> families.Labels:
    """The pairs as labels; no name may be there twice. ``line_pairs`` are all of the line: they locate the fault."""
    if len(pairs) > 1:
        if len(dict(pairs)) < len(pairs):
            raise _duplicate(pairs, line_pairs, name)
        pairs.sort()
    return tuple(pairs)


def _duplicate(pairs: lines.Pairs, line_pairs: lines.Pairs, name: str) -> lines.Fault:
    seen: set[str] = set()
    names = {label for label, _ in pairs}
    for part, (label, _) in enumerate(line_pairs, 1):
        if label in seen and label in names:
            return lines.Fault(f"duplicate label names for metric {name!r}: {label!r}", part=part)
        seen.add(label)
    raise AssertionError("no label name is there twice")


def _bound(pairs: lines.Pairs, bound_label: str) -> float:
    """What the ``le`` or ``quantile`` label says; not-a-number where there is none. The last one counts."""
    bound = math.nan
    for part, (label, text) in enumerate(pairs, 1):
        if label == bound_label:
            try:
                bound = numbers.parse_float(text)
            except ValueError:
                reason = f"expected float as value for {bound_label!r} label, got {lines.shown(text)}"
                raise lines.Fault(reason, part=part) from None
    return bound


def _population(value: float, what: str, name: str) -> float:
    if value < 0:
        raise lines.Fault(f"negative {what} for histogram {name!r}", part=_VALUE)
    return value


def _whole(value: float) -> float:
    """``value`` as the count of a summary, which is 64 bits without sign: cut, and what does not fit wraps as there."""
    if -_COUNT_BITS_HALF <= value < 2 * _COUNT_BITS_HALF:
        return float(int(value) % int(2 * _COUNT_BITS_HALF))
    return _COUNT_BITS_HALF
