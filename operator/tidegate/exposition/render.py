"""The text format 0.0.4, written: byte for byte as Pushgateway writes it."""

from __future__ import annotations

import math

from tidegate.exposition import numbers
from tidegate.model import families

_SUMMARY = families.MetricType.SUMMARY
_HISTOGRAM = families.MetricType.HISTOGRAM


def header(name: str, *, type: families.MetricType, help: str | None) -> bytes:
    """The HELP line, where there is a help text (an empty one too), and the TYPE line of a family."""
    type_line = f"# TYPE {name} {type.value}\n"
    if help is None:
        return type_line.encode()
    return f"# HELP {name} {_escape_help(help)}\n{type_line}".encode()


def metric(name: str, *, type: families.MetricType, labels: families.Labels, value: families.Value) -> bytes:
    """The lines of one metric: one for a plain number, several for a summary or a histogram.

    ``labels`` are written in the order given. A histogram without a bucket for ``+Inf`` gets one that holds its count.

    :raises TypeError: ``value`` is not of the shape that a family of this ``type`` has.
    """
    pairs = _pairs(labels) if labels else ""
    if type is _SUMMARY or type is _HISTOGRAM:
        return _several_lines(name, type, pairs, value).encode()
    if isinstance(value, (families.Summary, families.Histogram)):
        raise TypeError(f"a {type.value} is a plain number, not {value!r}")
    return _line(name, pairs, value).encode()


def _several_lines(name: str, type: families.MetricType, pairs: str, value: families.Value) -> str:
    if type is _SUMMARY and isinstance(value, families.Summary):
        return _summary(name, pairs, value)
    if type is _HISTOGRAM and isinstance(value, families.Histogram):
        return _histogram(name, pairs, value)
    raise TypeError(f"a {type.value} is not {value!r}")


def _pairs(labels: families.Labels) -> str:
    pairs = ""
    for name, value in labels:
        pairs += f',{name}="{value}"'
    if "\\" in pairs or "\n" in pairs or pairs.count('"') > 2 * len(labels):
        return ",".join([f'{name}="{_escape_label(value)}"' for name, value in labels])
    return pairs[1:]


def _summary(name: str, pairs: str, value: families.Summary) -> str:
    before = pairs + "," if pairs else ""
    rendered = [
        _line(name, f'{before}quantile="{numbers.format_float(point.quantile)}"', point.value)
        for point in value.quantiles
    ]
    rendered.append(_line(f"{name}_sum", pairs, value.sum or 0.0))
    rendered.append(_line(f"{name}_count", pairs, value.count or 0.0))
    return "".join(rendered)


def _histogram(name: str, pairs: str, value: families.Histogram) -> str:
    before = pairs + "," if pairs else ""
    buckets = value.buckets
    count = value.count or 0.0
    if all(bucket.upper_bound != math.inf for bucket in buckets):
        buckets += (families.Bucket(math.inf, count),)
    rendered = [
        _line(f"{name}_bucket", f'{before}le="{numbers.format_float(bucket.upper_bound)}"', bucket.cumulative_count)
        for bucket in buckets
    ]
    rendered.append(_line(f"{name}_sum", pairs, value.sum or 0.0))
    rendered.append(_line(f"{name}_count", pairs, count))
    return "".join(rendered)


def _line(name: str, pairs: str, value: float) -> str:
    number = numbers.format_float(value)
    return f"{name}{{{pairs}}} {number}\n" if pairs else f"{name} {number}\n"


def _escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _escape_label(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
