"""The renderer of the text format 0.0.4; it writes the same bytes as Pushgateway."""

from __future__ import annotations

import math

from tidegate.exposition.text import numbers
from tidegate.model import families

_SUMMARY = families.MetricType.SUMMARY


def header(name: str, *, type: families.MetricType, help: str | None) -> bytes:
    """Return the HELP line, if there is a help text (even an empty one), and the TYPE line of a family."""
    # The format has no gauge histograms; Pushgateway writes them as histograms, too.
    word = "histogram" if type in families.HISTOGRAMS else type.value
    type_line = f"# TYPE {name} {word}\n"
    if help is None:
        return type_line.encode()
    return f"# HELP {name} {_escape_help(help)}\n{type_line}".encode()


def metric(name: str, *, type: families.MetricType, labels: families.Labels, value: families.Value) -> bytes:
    """Return the lines of one metric: one for a number, several for a summary or a histogram.

    ``labels`` are written in the given order. A histogram without a bucket for ``+Inf`` gets one with its count.

    :raises TypeError: ``value`` does not fit the ``type``.
    """
    return lines(name, type=type, before=pairs(labels), value=value)


def lines(name: str, *, type: families.MetricType, before: str, value: families.Value) -> bytes:
    """Return the lines of :func:`metric`, with the labels as :func:`pairs` writes them."""
    if type is _SUMMARY or type in families.HISTOGRAMS:
        several = [_line(name + suffix, _joined(before, pair), at) for suffix, pair, at in samples(type, value)]
        return "".join(several).encode()
    if isinstance(value, (families.Summary, families.Histogram)):
        raise TypeError(f"a {type.value} is a plain number, not {value!r}")
    return _line(name, before, value).encode()


def samples(type: families.MetricType, value: families.Value) -> list[tuple[str, str, float]]:
    """Return the samples of a value: the suffix of the name, the label of the sample if any, and the number.

    :raises TypeError: ``value`` does not fit the ``type``.
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
    """Return the text of labels between the braces. All names must be plain."""
    joined = ""
    for name, value in labels:
        joined += f',{name}="{value}"'
    if "\\" in joined or "\n" in joined or joined.count('"') > 2 * len(labels):
        return ",".join([f"{name}={quoted(value)}" for name, value in labels])
    return joined[1:]


def quoted(text: str) -> str:
    """Return a label value, or a name that is not plain, in quotes."""
    return '"' + text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"') + '"'


def _joined(before: str, pair: str) -> str:
    return f"{before},{pair}" if before and pair else before or pair


def _line(name: str, pairs: str, value: float) -> str:
    number = numbers.format_float(value)
    return f"{name}{{{pairs}}} {number}\n" if pairs else f"{name} {number}\n"


def _escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
