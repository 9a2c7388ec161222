"""The text format 0.0.4, written: byte for byte as Pushgateway writes it."""

from __future__ import annotations

import math

from tidegate.exposition.text import numbers
from tidegate.model import families

_SUMMARY = families.MetricType.SUMMARY


def header(name: str, *, type: families.MetricType, help: str | None) -> bytes:
    """The HELP line, where there is a help text (an empty one too), and the TYPE line of a family."""
    # This format knows no gauge histogram; Pushgateway, too, writes it as a histogram.
    word = "histogram" if type in families.HISTOGRAMS else type.value
    type_line = f"# TYPE {name} {word}\n"
    if help is None:
        return type_line.encode()
    return f"# HELP {name} {_escape_help(help)}\n{type_line}".encode()


def metric(name: str, *, type: families.MetricType, labels: families.Labels, value: families.Value) -> bytes:
    """The lines of one metric: one for a plain number, several for a summary or a histogram.

    ``labels`` are written in the order given. A histogram without a bucket for ``+Inf`` gets one that holds its count.

    :raises TypeError: ``value`` is not of the shape that a family of this ``type`` has.
    """
    return lines(name, type=type, before=pairs(labels), value=value)


def lines(name: str, *, type: families.MetricType, before: str, value: families.Value) -> bytes:
    """As :func:`metric`, with the labels as :func:`pairs` spells them."""
    if type is _SUMMARY or type in families.HISTOGRAMS:
        several = [_line(name + suffix, _joined(before, pair), at) for suffix, pair, at in samples(type, value)]
        return "".join(several).encode()
    if isinstance(value, (families.Summary, families.Histogram)):
        raise TypeError(f"a {type.value} is a plain number, not {value!r}")
    return _line(name, before, value).encode()


def samples(type: families.MetricType, value: families.Value) -> list[tuple[str, str, float]]:
    """The samples that a value is written as: the suffix of the name, the label of their own if any, the number.

    :raises TypeError: as :func:`metric`.
    """
    if type is _SUMMARY and isinstance(value, families.Summary):
        points = [("", f'quantile="{numbers.format_float(at)}"', number) for at, number in value.quantiles]
    elif type in families.HISTOGRAMS and isinstance(value, families.Histogram):
        points = [("_bucket", f'le="{numbers.format_float(bound)}"', population) for bound, population in value.buckets]
        if all(bucket.upper_bound != math.inf for bucket in value.buckets):
            points.append(("_bucket", 'le="+Inf"', value.count or 0.0))
    elif isinstance(value, float) and type is not _SUMMARY and type not in families.HISTOGRAMS:
        return [("", "", value)]
    else:
        raise TypeError(f"a {type.value} is not {value!r}")
    return [*points, ("_sum", "", value.sum or 0.0), ("_count", "", value.count or 0.0)]


def pairs(labels: families.Labels) -> str:
    """Labels as they stand between the braces, their names being plain ones."""
    joined = ""
    for name, value in labels:
        joined += f',{name}="{value}"'
    if "\\" in joined or "\n" in joined or joined.count('"') > 2 * len(labels):
        return ",".join([f"{name}={quoted(value)}" for name, value in labels])
    return joined[1:]


def quoted(text: str) -> str:
    """A label value, or a name that is not plain, in its quotes."""
    return '"' + text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"') + '"'


def _joined(before: str, pair: str) -> str:
    return f"{before},{pair}" if before and pair else before or pair


def _line(name: str, pairs: str, value: float) -> str:
    number = numbers.format_float(value)
    return f"{name}{{{pairs}}} {number}\n" if pairs else f"{name} {number}\n"


def _escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
