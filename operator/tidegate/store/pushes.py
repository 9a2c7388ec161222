"""From what a client sent to what a group keeps: pure, so that a large push can be prepared off the event loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tidegate.exposition import names, order, render, specials
from tidegate.model import errors, families, groups
from tidegate.store import interface

_RESERVED_PREFIX = "__"


class PreparedFamily(NamedTuple):
    """A family with its grouping labels in place: its series by key, each rendered, and its special metrics."""

    type: families.MetricType
    help: str | None
    series: Mapping[str, bytes]
    specials: Mapping[str, families.Metric]


def prepare(key: groups.GroupingKey, pushed: Mapping[str, families.Family]) -> dict[str, PreparedFamily]:
    """Check a push against itself, put the grouping labels on every series and render them.

    Families that the store adds itself (:data:`interface.TIMES`) are left out.

    The grouping labels overwrite whatever the client wrote under their names, and a series without ``instance`` gets
    an empty one, as in Pushgateway (so that Prometheus does not attach the gateway's own address).

    :raises errors.InconsistentPushError: a fault, a timestamp, a series twice, or a label with a reserved name.
    """
    for family in pushed.values():
        if family.fault:
            raise errors.InconsistentPushError(family.fault)
        for metric in family.metrics:
            if metric.timestamp_ms is not None:
                raise errors.InconsistentPushError(
                    f"pushed metrics must not have timestamps: {family.name} has {metric.timestamp_ms}"
                )
    return {name: _prepare_family(key, family) for name, family in pushed.items() if name not in interface.TIMES}


def with_grouping_labels(key: groups.GroupingKey, labels: families.Labels) -> families.Labels:
    """The labels of a series once it is part of a group."""
    merged = {"instance": "", **dict(labels), **dict(key)}
    return tuple(sorted(merged.items()))


def prepare_times(
    key: groups.GroupingKey, times: Mapping[str, float], *, helps: Mapping[str, str]
) -> Iterator[tuple[str, PreparedFamily]]:
    """The families of one gauge each that the store adds to a group, by their names."""
    labels = with_grouping_labels(key, ())
    series_key = order.series_key(labels)
    quoted = _has_quoted(key)
    for name, value in times.items():
        if quoted:
            metric = families.Metric(labels, value)
            lines, known = specials.lines(name, metric, type=families.MetricType.GAUGE), {series_key: metric}
        else:
            lines, known = render.metric(name, type=families.MetricType.GAUGE, labels=labels, value=value), {}
        yield name, PreparedFamily(families.MetricType.GAUGE, helps[name], {series_key: lines}, known)


def _prepare_family(key: groups.GroupingKey, family: families.Family) -> PreparedFamily:
    series: dict[str, bytes] = {}
    known: dict[str, families.Metric] = {}
    quoted = family.quoted or _has_quoted(key)
    for metric in family.metrics:
        labels = with_grouping_labels(key, metric.labels)
        _check_label_names(family, labels, quoted=quoted)
        series_key = order.series_key(labels)
        if series_key in series:
            raise errors.InconsistentPushError(
                f"the push has {family.name}{groups.describe(groups.GroupingKey(labels))} more than once"
            )
        if quoted or metric.original:
            known[series_key] = special = metric._replace(labels=labels)
            series[series_key] = specials.lines(family.name, special, type=family.type)
        else:
            series[series_key] = render.metric(family.name, type=family.type, labels=labels, value=metric.value)
    return PreparedFamily(family.type, family.help, series, known)


def _has_quoted(key: groups.GroupingKey) -> bool:
    return not all(names.is_plain_label(name) for name, _ in key)


def _check_label_names(family: families.Family, labels: families.Labels, *, quoted: bool) -> None:
    for name, _ in labels:
        if name.startswith(_RESERVED_PREFIX):
            raise errors.InconsistentPushError(f"{family.name} has the label {name}: such names are reserved")
        if name == "quantile" and family.type is families.MetricType.SUMMARY:
            raise errors.InconsistentPushError(f"the summary {family.name} has a label quantile beside its quantiles")
    twice = names.clash(name for name, _ in labels) if quoted else None
    if twice is not None:
        raise errors.InconsistentPushError(f"{family.name} has two labels that are both {twice} to some readers")
